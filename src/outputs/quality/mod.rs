//! Pages with their measures and findings, as one HTML page that needs nothing
//! else.

use minijinja::{Value, context};

use crate::documents::quality::{Measure, rounded};
use crate::domain::{Finding, PageQuality};
use crate::outputs::{markup, thumbnail};

const PAGE_TEMPLATE: &str = include_str!("quality.html");

/// A page of the contact sheet.
pub struct SheetPage {
    pub path: String,
    /// From 1.
    pub number: u32,
    pub quality: PageQuality,
    pub findings: Vec<Finding>,
    /// A JPEG file.
    pub thumbnail: Vec<u8>,
}

/// The contact sheet. `left_out`: pages that are not in `pages`; `flagged`: pages
/// with findings, those left out included.
pub fn html(pages: &[SheetPage], flagged: usize, left_out: usize) -> anyhow::Result<String> {
    let page = |page: &SheetPage| {
        let findings: Vec<Value> = page
            .findings
            .iter()
            .map(|finding| context! { code => finding.code.as_str(), message => &finding.message })
            .collect();
        context! {
            path => &page.path, number => page.number, measures => in_words(&page.quality), findings,
            image => thumbnail::embedded(&page.thumbnail),
        }
    };
    let pages: Vec<Value> = pages.iter().map(page).collect();
    let values = context! { pages, flagged, left_out };
    Ok(markup::environment().render_str(PAGE_TEMPLATE, values)?)
}

/// The measures that were taken, in few words.
pub fn in_words(quality: &PageQuality) -> String {
    const SHOWN: [(Measure, &str); 9] = [
        (Measure::Ink, "ink"),
        (Measure::Words, "words"),
        (Measure::TextHeight, "text height"),
        (Measure::Blur, "blur"),
        (Measure::RelativeBlur, "of the height"),
        (Measure::Contrast, "contrast"),
        (Measure::Lightest, "lightest"),
        (Measure::Skew, "skew"),
        (Measure::CutLines, "cut lines"),
    ];
    let shown = SHOWN.into_iter().filter_map(|(measure, name)| {
        let value = measure.of(quality)?;
        Some(format!("{name} {}", rounded(value)))
    });
    let shown: Vec<String> = shown.collect();
    let mut words = format!(
        "{} x {} px, {}",
        quality.width,
        quality.height,
        shown.join(", ")
    );
    if quality.turned > 0 {
        words.push_str(&format!(", turned {} degrees", quality.turned));
    }
    if quality.blocks > 1 {
        words.push_str(", two blocks");
    }
    if quality.text_layer {
        words.push_str(", has a text layer: not judged");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FindingCode, PageImage};

    fn page(path: &str, findings: Vec<Finding>) -> SheetPage {
        let image = PageImage::new(30, 40, vec![200; 30 * 40 * 3]).unwrap();
        SheetPage {
            path: path.to_owned(),
            number: 1,
            quality: PageQuality {
                width: 30,
                height: 40,
                ink: 0.0425,
                blur: Some(1.5),
                text_height: Some(20.0),
                turned: 90,
                ..PageQuality::default()
            },
            findings,
            thumbnail: thumbnail::jpeg(&image).unwrap(),
        }
    }

    #[test]
    fn the_sheet_shows_every_page_escaped_and_marks_those_with_findings() {
        let finding = Finding::new(FindingCode::TooBlurred, None, "scan <it> again");
        let pages = [
            page("/in/<a>.png", vec![finding]),
            page("/in/b.png", vec![]),
        ];
        let html = html(&pages, 1, 3).unwrap();
        assert_eq!(html.matches("<figure").count(), 2);
        assert_eq!(html.matches("<figure class=\"flagged\"").count(), 1);
        assert_eq!(html.matches("data:image/jpeg;base64,").count(), 2);
        for text in [
            "5 pages, 1 with findings",
            "The last 3 are not shown",
            "&lt;a&gt;.png",
            "too_blurred",
            "scan &lt;it&gt; again",
            "ink 0.0425",
            "of the height 0.075",
            "turned 90 degrees",
        ] {
            assert!(html.contains(text), "{text} is not in {html}");
        }
    }
}
