//! Finds the document type of pages: CLIP compares them with each type's labels
//! (zero-shot).

pub mod clip;
mod letterbox;
mod router;

pub use letterbox::letterbox;
pub use router::Router;

use crate::domain::{Embedding, PageImage};

/// The interface to the CLIP engine.
pub trait ClipEngine {
    /// Side in pixels of the square images that [`ClipEngine::embed_images`] takes.
    fn image_side(&self) -> u32;

    /// Whether a page is padded to a square rather than cropped; see [`letterbox`].
    fn pad_to_square(&self) -> bool;

    /// One L2-normalised embedding per image, in order. Images are
    /// `image_side` x `image_side`.
    fn embed_images(&self, images: &[PageImage]) -> anyhow::Result<Vec<Embedding>>;

    /// One L2-normalised embedding per text, in order.
    fn embed_texts(&self, texts: &[String]) -> anyhow::Result<Vec<Embedding>>;

    /// The L2-normalised embedding of a search's text, comparable with those of images.
    fn embed_query(&self, text: &str) -> anyhow::Result<Embedding>;

    /// The factor of cosines before the softmax (`exp(logit_scale)`).
    fn scale(&self) -> f32;
}
