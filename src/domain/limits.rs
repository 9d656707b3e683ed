use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest and smallest input that intake accepts. Other files are rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most bytes of a file.
    #[schemars(range(min = 1))]
    pub max_bytes: u64,
    /// Most pages of a document.
    #[schemars(range(min = 1))]
    pub max_pages: u32,
    /// Most pixels of an image file (width x height), by its header.
    #[schemars(range(min = 1))]
    pub max_pixels: u64,
    /// Fewest pixels on the shorter side of an image.
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
