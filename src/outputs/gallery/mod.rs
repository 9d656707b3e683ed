//! An archive as one HTML page that needs no server: thumbnails beside it, and a search
//! that runs in the browser.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::{Value, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::outputs::markup;

const PAGE_TEMPLATE: &str = include_str!("gallery.html");
const SCRIPT: &str = include_str!("gallery.js");

/// A page of the gallery.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GalleryPage {
    /// Number of the record that the page belongs to.
    pub record: Option<i64>,
    /// Name of the file.
    pub name: String,
    /// From 1.
    pub page: u32,
    #[serde(rename = "type")]
    pub doc_type: Option<String>,
    pub status: Option<&'static str>,
    /// Lines that say whose document it is, of what day, over how much.
    pub values: Vec<String>,
    /// Codes of the record's findings.
    pub findings: Vec<&'static str>,
    /// What is searched: words and values, folded.
    pub text: String,
    /// Path of the thumbnail from the gallery's folder; `None`: it cannot be drawn.
    pub image: Option<String>,
    /// Whether it is an e-invoice without a PDF, which has no image.
    pub is_xml: bool,
    /// Places (from 0) of similar pages in the gallery, the most similar first.
    pub similar: Vec<usize>,
    /// Places (from 0) of other captures of the same document.
    pub captures: Vec<usize>,
}

/// The page. It runs no script but its own (a hash in its Content-Security-Policy), and
/// loads nothing but the thumbnails.
pub fn html(entries: &[GalleryPage]) -> anyhow::Result<String> {
    // In a script element only `<` could end the data.
    let data = serde_json::to_string(entries)?.replace('<', "\\u003c");
    let script_hash = BASE64_STANDARD.encode(Sha256::digest(SCRIPT));
    let values = context! {
        data => Value::from_safe_string(data),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        script_hash,
    };
    Ok(markup::environment().render_str(PAGE_TEMPLATE, values)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_documents_say_cannot_leave_the_data() {
        let entry = GalleryPage {
            name: "</script><script>alert(1)</script>".into(),
            ..GalleryPage::default()
        };
        let page = html(&[entry]).unwrap();
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(page.contains("\\u003c/script>\\u003cscript>alert"));
        let hash = BASE64_STANDARD.encode(Sha256::digest(SCRIPT));
        let page = page.replace("&#x2f;", "/");
        assert!(page.contains(&format!("'sha256-{hash}'")), "{page}");
        assert!(!SCRIPT.contains("</script"));
    }
}
