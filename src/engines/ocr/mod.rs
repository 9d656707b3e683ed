//! Optical character recognition: the words of a page image, each with its box
//! and the engine's confidence.

#[allow(dead_code)]
mod ppocr;
mod rten_ocr;

pub use rten_ocr::RtenOcr;

use crate::domain::{Failure, OcrText, PageImage};

/// The interface to OCR engines.
pub trait OcrEngine {
    /// The words of a page, which may be turned by quarter turns.
    fn read(&mut self, image: &PageImage) -> Result<OcrText, Failure>;
}
