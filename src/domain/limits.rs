use serde::{Deserialize, Serialize};

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
            max_pixels: 100_000_000,
            min_side: 16,
        }
    }
}
