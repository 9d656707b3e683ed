//! A document's bytes become upright page images, one page at a time.
//!
//! pdfium (behind `pdf.rs`) is not thread-safe and crashes on hostile files,
//! so a [`Rasterizer`] is only ever run inside a worker process.

use serde::{Deserialize, Serialize};

use crate::domain::{DocumentInfo, Failure, RasterPage};

/// Bounds that keep a hostile file from taking the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a file.
    pub max_bytes: u64,
    /// Pages of a document.
    pub max_pages: u32,
    /// Pixels of an image file as it declares itself (width x height).
    pub max_pixels: u64,
    /// Pixels on the shorter side below which an image holds no document.
    pub min_side: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bytes: 100 << 20,
            max_pages: 2000,
            max_pixels: 120_000_000,
            min_side: 16,
        }
    }
}

/// How large a page is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RasterSpec {
    /// Wanted width in pixels of a drawn (PDF) page; raster images keep their
    /// size unless they are larger than `max_pixels`.
    pub width: u32,
    /// Most pixels of the result; larger pages are scaled down.
    pub max_pixels: u32,
}

/// The seam to pdfium and the image decoders: one open document at a time.
pub trait Rasterizer {
    /// Opens `bytes` (sniffed by content) and closes the document before it.
    fn open(&mut self, bytes: Vec<u8>, limits: &Limits) -> Result<DocumentInfo, Failure>;

    /// Draws page `index` (from 0) of the open document.
    fn page(&mut self, index: u32, spec: &RasterSpec) -> Result<RasterPage, Failure>;
}
