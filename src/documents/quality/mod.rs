//! What a page looks like to whoever has to read it: measured from its pixels
//! and the places of its words, and judged by criteria that are data
//! (`schemas/quality.json`).
//!
//! Pure: the same pixels give the same measures. docs/quality.md explains them.

mod blur;
mod criteria;
mod ink;
mod plane;
mod skew;
#[cfg(test)]
mod test_data;
mod text_lines;

pub use criteria::{Criteria, Measure, rounded};

use crate::domain::{OcrText, PageImage, PageQuality};
use ink::Ink;
use plane::Plane;

/// Of the pixels, so many are at most as light as [`PageQuality::lightest`].
const LIGHTEST: f32 = 0.995;

/// The words of a page, as far as they are known before it is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageWords<'a> {
    /// Number of words of the text layer.
    pub layer: usize,
    /// The text layer has all of the page's words.
    pub layer_is_enough: bool,
    pub ocr: Option<&'a OcrText>,
}

/// Measures an upright page. The places of `words` are shares of its size.
pub fn measure(image: &PageImage, words: PageWords<'_>) -> PageQuality {
    let plane = Plane::gray(image);
    let ink = Ink::of(&plane);
    let lines = text_lines::TextLines::new(words.ocr, &plane);
    let tiles = blur::Tiles::of(&plane, &ink);
    let of_ocr = words.ocr.iter().flat_map(|ocr| &ocr.lines);
    let of_ocr: usize = of_ocr.map(|line| line.words.len()).sum();
    let count = match words.layer_is_enough {
        true => words.layer,
        false => words.layer.max(of_ocr),
    };
    PageQuality {
        width: image.width,
        height: image.height,
        turned: words.ocr.map_or(0, |ocr| 90 * u32::from(ocr.quarter_turns)),
        text_layer: words.layer_is_enough,
        words: u32::try_from(count).unwrap_or(u32::MAX),
        ink: ink.share(),
        blur: tiles.blur(),
        text_height: lines.height().or_else(|| ink.line_height()),
        lightest: plane.level(LIGHTEST),
        contrast: tiles.contrast(),
        clipped: plane.clipped(),
        skew: skew::degrees(&ink),
        cut_lines: lines.cut(&ink),
        blocks: lines.blocks(),
    }
}

#[cfg(test)]
mod tests;
