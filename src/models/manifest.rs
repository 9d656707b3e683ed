use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The whole of `manifest.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the reader that is used unless settings say otherwise.
    pub default_reader: String,
    pub default_clip: String,
    pub reader: BTreeMap<String, ReaderModel>,
    pub clip: BTreeMap<String, ClipModel>,
}

/// A file of a model. `path` is relative to the manifest's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    pub path: PathBuf,
    /// Hex; `None` only for files named by flags.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// A LLaVA or any other model that llama.cpp's mtmd reads: two GGUF files.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderModel {
    pub source: String,
    pub licence: String,
    pub text: ModelFile,
    pub mmproj: ModelFile,
    /// Tokens of context for one page: image, prompt and answer.
    pub context: u32,
    /// minijinja template of one turn with `{{ images }}` and `{{ prompt }}`;
    /// `None`: the template inside the GGUF.
    #[serde(default)]
    pub chat_template: Option<String>,
    /// Prompt variant this model asks for: `short` takes
    /// `prompts/<type>.short.md` where there is one.
    #[serde(default)]
    pub prompt_variant: Option<String>,
    /// Longest answer, in tokens.
    pub max_output_tokens: u32,
    pub layout: ImageLayout,
    /// The fields of each type that it was taught, in the order in which it
    /// writes them (list fields as `items[description,quantity]`); other
    /// fields stay null, with a finding. A model without the table can be
    /// asked for any field.
    #[serde(default)]
    pub taught: BTreeMap<String, Vec<String>>,
}

/// How a page becomes the images of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ImageLayout {
    /// The whole page as one image; mtmd resizes and slices it.
    Page {
        /// Longest side in pixels that the page is reduced to before.
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
        /// Blank margins are cropped to this share of the inked width;
        /// `None` keeps them.
        #[serde(default)]
        crop_margin: Option<f32>,
        /// Pixel offsets (x, y) at which the R, G and B channels sample the
        /// gray page; `None` keeps colour.
        #[serde(default)]
        channel_offsets: Option<[(i32, i32); 3]>,
        /// Text before each tile; `{n}` is its number from 1.
        tile_prefix: String,
    },
}

/// A Hugging Face CLIP checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipModel {
    pub source: String,
    pub licence: String,
    pub config: ModelFile,
    pub preprocessor: ModelFile,
    pub tokenizer: ModelFile,
    pub weights: ModelFile,
    /// The page is padded with white to a square, not cropped.
    pub pad_to_square: bool,
    /// Least lead (difference of probabilities, 0 to 1) of the best type over
    /// the second; below it a page goes to review.
    pub margin: f32,
}
