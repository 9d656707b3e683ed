//! A page's words, with their places.

use unicode_normalization::UnicodeNormalization;

/// Consecutive words, by their indices (from 0) on the page; `last` is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: usize,
    pub last: usize,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    pub value: T,
    pub span: Span,
}

pub struct EvidenceWord {
    /// As on the page.
    pub text: String,
    /// In compatibility form (NFKC), without soft hyphens: `fi` for a ligature.
    pub plain: String,
    /// As [`crate::domain::Word::bbox`].
    pub bbox: [f32; 4],
    /// Of OCR, 0 to 1; `None` for a word of a text layer.
    pub confidence: Option<f32>,
}

impl EvidenceWord {
    pub fn new(text: &str, bbox: [f32; 4], confidence: Option<f32>) -> EvidenceWord {
        let plain = text.nfkc().filter(|c| !is_invisible(*c)).collect();
        EvidenceWord {
            text: text.to_owned(),
            plain,
            bbox,
            confidence,
        }
    }

    /// Height as a share (0 to 1) of the page's height.
    pub fn height(&self) -> f32 {
        self.bbox[3] - self.bbox[1]
    }
}

/// Soft hyphens, zero-width blanks and joiners, byte order marks.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// Whether two boxes are on one line of text.
pub fn on_one_line(a: [f32; 4], b: [f32; 4]) -> bool {
    let overlap = a[3].min(b[3]) - a[1].max(b[1]);
    let lower = (a[3] - a[1]).min(b[3] - b[1]);
    overlap > 0.0 && overlap >= lower / 2.0
}
