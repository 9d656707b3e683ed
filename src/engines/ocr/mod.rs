//! A second opinion on pages without a text layer: what an OCR engine reads is
//! compared with what the model read. It is only ever a witness, never the
//! reader.

mod tesseract;
mod tsv;

use std::future::Future;
use std::pin::Pin;

pub use tesseract::{Spec, Tesseract};

use crate::domain::{Failure, OcrWord, PageImage};

/// The seam to OCR engines.
pub trait OcrEngine: Send + Sync {
    /// The words of a page in reading order, each with its box and how sure
    /// the engine is of it. The page is taken over before the future runs.
    fn words(
        &self,
        image: &PageImage,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<OcrWord>, Failure>> + Send + '_>>;
}
