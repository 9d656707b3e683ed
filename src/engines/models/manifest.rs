use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::EndpointModel;

/// The whole of `manifest.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the reader that is used unless settings say otherwise.
    pub default_reader: String,
    pub default_clip: String,
    pub reader: BTreeMap<String, ReaderModel>,
    /// Servers that read; a page is sent to one only where settings name it.
    #[serde(default)]
    pub endpoint: BTreeMap<String, EndpointModel>,
    pub clip: BTreeMap<String, ClipModel>,
}

/// A file of a model. `path` is relative to the manifest's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl Manifest {
    /// File name of a manifest in its folder.
    pub const FILE: &str = "manifest.toml";

    /// Reads and checks `manifest.toml` of `folder`; the model files are not
    /// looked at.
    pub fn load(folder: &Path) -> anyhow::Result<Manifest> {
        let path = folder.join(Manifest::FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        Manifest::parse(&text).with_context(|| format!("{} is not right", path.display()))
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Manifest> {
        refuse_keys(text)?;
        let manifest: Manifest = toml::from_str(text)?;
        ensure!(
            manifest.reader.contains_key(&manifest.default_reader),
            "default_reader \"{}\" has no [reader.…] table",
            manifest.default_reader
        );
        ensure!(
            manifest.clip.contains_key(&manifest.default_clip),
            "default_clip \"{}\" has no [clip.…] table",
            manifest.default_clip
        );
        for (name, reader) in &manifest.reader {
            reader
                .check()
                .with_context(|| format!("in [reader.{name}]"))?;
        }
        for (name, endpoint) in &manifest.endpoint {
            ensure!(
                !manifest.reader.contains_key(name),
                "a reader and an endpoint are both named \"{name}\""
            );
            endpoint
                .check()
                .with_context(|| format!("in [endpoint.{name}]"))?;
        }
        for (name, clip) in &manifest.clip {
            clip.check().with_context(|| format!("in [clip.{name}]"))?;
        }
        Ok(manifest)
    }
}

/// A key that stands in the file is told before anything repeats its line.
fn refuse_keys(text: &str) -> anyhow::Result<()> {
    let has_key = |line: &str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        ["api_key", "key", "token", "apikey"].contains(&name)
    };
    ensure!(
        !text.lines().any(has_key),
        "it holds a key or token: put that into an environment variable and name the variable, \
         api_key_env = \"NAME\""
    );
    Ok(())
}

impl ModelFile {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.path.is_relative(),
            "path {} must be relative",
            self.path.display()
        );
        let is_hex = |sha: &String| sha.len() == 64 && sha.chars().all(|c| c.is_ascii_hexdigit());
        ensure!(
            self.sha256.as_ref().is_some_and(is_hex),
            "{} needs its sha256 (64 hexadecimal digits)",
            self.path.display()
        );
        Ok(())
    }
}

impl ReaderModel {
    fn check(&self) -> anyhow::Result<()> {
        self.text.check()?;
        self.mmproj.check()?;
        ensure!(
            0 < self.max_output_tokens && self.max_output_tokens < self.context,
            "max_output_tokens ({}) must leave room for the page in the context of {}",
            self.max_output_tokens,
            self.context
        );
        if let Some(template) = &self.chat_template {
            for name in ["images", "prompt"] {
                ensure!(
                    template.contains(name),
                    "chat_template does not place {{{{ {name} }}}}"
                );
            }
        }
        self.layout.check()
    }
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

impl ClipModel {
    fn check(&self) -> anyhow::Result<()> {
        for file in [
            &self.config,
            &self.preprocessor,
            &self.tokenizer,
            &self.weights,
        ] {
            file.check()?;
        }
        ensure!(
            (0.0..=1.0).contains(&self.margin),
            "margin must be from 0 to 1"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../models/manifest.toml");

    /// What the shipped manifest's parser says after one replacement.
    fn after(from: &str, to: &str) -> String {
        assert!(SHIPPED.contains(from), "{from}");
        format!(
            "{:#}",
            Manifest::parse(&SHIPPED.replacen(from, to, 1)).unwrap_err()
        )
    }

    #[test]
    fn the_shipped_manifest_is_right() {
        Manifest::parse(SHIPPED).unwrap();
    }

    #[test]
    fn a_key_in_the_manifest_is_refused_without_repeating_it() {
        let with = |line: &str| {
            let text = format!(
                "{SHIPPED}\n[endpoint.far]\nkind = 'openai'\nbase_url = 'https://e.example/v1'\nmodel = 'm'\n{line}\n"
            );
            Manifest::parse(&text).map_err(|error| format!("{error:#}"))
        };
        assert!(with("").is_ok());
        let told = with("api_key = 'sk-1234'").unwrap_err();
        assert!(
            told.contains("api_key_env") && !told.contains("sk-1234"),
            "{told}"
        );
        let twice = with(
            "[endpoint.docmill-nano]\nkind = 'openai'\nbase_url = 'https://e.example/v1'\nmodel = 'm'",
        );
        assert!(twice.unwrap_err().contains("both named"));
    }

    #[test]
    fn a_mistake_in_a_manifest_is_told_with_its_place() {
        let defaults = Manifest::parse(SHIPPED).unwrap();
        let reader = format!("default_reader = \"{}\"", defaults.default_reader);
        assert!(after(&reader, "default_reader = \"gone\"").contains("\"gone\""));
        assert!(after("{{ images }}", "").contains("images"));
        assert!(after("default = 1, ", "").contains("`default`"));
        assert!(after("sha256 = \"", "sha256 = \"zz").contains("64 hexadecimal"));
        assert!(after("path = \"", "path = \"/").contains("relative"));
        assert!(after("pad_to_square", "padded").contains("padded"));
        assert!(
            after("max_output_tokens = ", "max_output_tokens = 99").contains("max_output_tokens")
        );
    }
}
