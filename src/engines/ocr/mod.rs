//! Optical character recognition: the words of a page image, each with its
//! box and how sure the engine is of it.

#[allow(dead_code)]
mod ppocr;
mod rten_ocr;

pub use rten_ocr::RtenOcr;

use crate::domain::{Failure, OcrText, PageImage};

/// The seam to OCR engines.
pub trait OcrEngine {
    /// The words of a page, whichever way it is turned.
    fn read(&mut self, image: &PageImage) -> Result<OcrText, Failure>;
}
