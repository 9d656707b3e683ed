//! The form of a reader's input pages and output values.

use std::collections::BTreeMap;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

/// Longest side in pixels to which a page is reduced where the manifest states no
/// image layout: A4 at 130 dpi, at which body text is about 15 px high.
pub const PAGE_SIDE: u32 = 1536;

/// Whether a reader's prompt has the words of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// It has only the image.
    #[default]
    None,
    /// It has the page text too.
    Text,
}

/// The form of a reader's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerForm {
    /// In the schema's forms: ISO dates, plain decimals.
    #[default]
    Typed,
    /// Copied from the page letter by letter; docmill converts them.
    Verbatim,
}

/// How a page becomes the images of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ImageLayout {
    /// The whole page as one image; mtmd resizes and slices it.
    Page {
        /// Longest side in pixels to which docmill reduces the page before.
        max_side: u32,
    },
    /// The page cut into square tiles at reading size.
    Tiles {
        /// Side of a tile in pixels.
        tile: u32,
        /// Columns of tiles by document type; `default` for the others.
        columns: BTreeMap<String, u32>,
        /// At most this many tiles; a longer page is scaled down to fit.
        max_tiles: u32,
        /// Blank margins are cropped to this share (0 to 1) of the inked width;
        /// `None` keeps them.
        #[serde(default)]
        crop_margin: Option<f32>,
        /// Pixel offsets (x, y) at which the R, G and B channels sample the
        /// gray page; `None` keeps colour.
        #[serde(default)]
        channel_offsets: Option<[(i32, i32); 3]>,
        /// Text before each tile; `{n}` is the tile's number from 1.
        tile_prefix: String,
    },
}

impl ImageLayout {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        match self {
            ImageLayout::Page { max_side } => ensure!(*max_side > 0, "max_side is 0"),
            ImageLayout::Tiles {
                tile,
                columns,
                max_tiles,
                crop_margin,
                ..
            } => {
                ensure!(*tile > 0, "tile is 0");
                ensure!(columns.contains_key("default"), "columns lacks `default`");
                ensure!(
                    columns.values().all(|n| (1..=*max_tiles).contains(n)),
                    "columns must be from 1 to max_tiles ({max_tiles})"
                );
                ensure!(
                    crop_margin.is_none_or(|share| (0.0..=0.5).contains(&share)),
                    "crop_margin must be a share from 0 to 0.5"
                );
            }
        }
        Ok(())
    }
}
