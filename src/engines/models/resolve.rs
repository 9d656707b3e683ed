//! Makes of a model's files what a worker needs: their checked paths, and one hash
//! over everything that an answer depends on.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::check;
use super::folders::ModelFolders;
use super::form::{Anchor, AnswerForm, ImageLayout, PAGE_SIDE};
use super::manifest::{ClipModel, ModelFile, OcrModel, ReaderModel, SearchTower};
use super::pinned::PinnedFiles;

/// Tokens of context of a model that settings name by its files. A page of
/// [`PAGE_SIDE`] takes up to 3,000 in models that split it finely.
const PAGE_CONTEXT: u32 = 8192;
/// Longest answer of such a model in tokens.
const PAGE_ANSWER: u32 = 2048;
/// Least lead (0 to 1) of the best type's probability over the second's, for a
/// CLIP that settings name by its folder: twice the default CLIP's, since nothing is
/// known of it.
const DEFAULT_MARGIN: f32 = 0.2;

/// A reader whose files were checked; sent to the worker that runs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedReader {
    /// Its name in the manifest, or the name of the text file that settings name.
    pub name: String,
    /// Absolute paths. `text` is the merged file where the manifest has one.
    pub text: PathBuf,
    pub mmproj: Option<PathBuf>,
    pub adapter: Option<PathBuf>,
    /// All files, as they were checked.
    pub files: PinnedFiles,
    pub spec: ReaderModel,
    /// BLAKE3 (hex) of the files and of the parts of `spec` that an answer depends
    /// on.
    pub hash: String,
}

/// A CLIP whose files were checked; sent to the worker that runs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedClip {
    /// Its name in the manifest, or the name of the folder that settings name.
    pub name: String,
    /// Absolute paths.
    pub config: PathBuf,
    pub preprocessor: PathBuf,
    pub tokenizer: PathBuf,
    pub weights: PathBuf,
    /// All four, as they were checked.
    pub files: PinnedFiles,
    pub search: Option<ResolvedSearchTower>,
    pub spec: ClipModel,
    /// BLAKE3 (hex) of the files and of the parts of `spec` that a routing depends
    /// on.
    pub hash: String,
}

/// The text tower of a CLIP for the queries of searches, whose files were checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedSearchTower {
    /// Absolute paths.
    pub config: PathBuf,
    pub tokenizer: PathBuf,
    pub weights: PathBuf,
    /// All three, as they were checked.
    pub files: PinnedFiles,
    /// Least cosine (-1 to 1) of a query and a page that looks as the query says.
    pub least_similarity: f32,
}

/// An OCR engine whose files were checked; sent to the worker that runs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedOcr {
    /// Its name in the manifest.
    pub name: String,
    /// Absolute paths.
    pub detection: PathBuf,
    pub recognition: PathBuf,
    pub dictionary: PathBuf,
    /// All three, as they were checked.
    pub files: PinnedFiles,
    /// BLAKE3 (hex) of the files.
    pub hash: String,
}

pub fn reader_of_manifest(
    folders: &ModelFolders,
    name: &str,
    spec: &ReaderModel,
) -> anyhow::Result<ResolvedReader> {
    let optional = |file: &Option<ModelFile>| -> anyhow::Result<Option<PathBuf>> {
        file.as_ref().map(|file| folders.path(file)).transpose()
    };
    let (text, adapter) = match &spec.merged {
        Some(merged) => (folders.pulled(merged)?, None),
        None => (folders.path(&spec.text)?, optional(&spec.adapter)?),
    };
    let mut reader = ResolvedReader {
        name: name.into(),
        text,
        mmproj: optional(&spec.mmproj)?,
        adapter,
        files: PinnedFiles::default(),
        spec: spec.clone(),
        hash: String::new(),
    };
    check::reader(
        &reader.text,
        reader.mmproj.as_deref(),
        reader.adapter.as_deref(),
    )?;
    reader.files = pin(reader.paths().into_iter().zip(spec.files()))?;
    reader.hash = reader_hash(&reader)?;
    Ok(reader)
}

impl ResolvedReader {
    /// In the order of [`ReaderModel::files`].
    pub fn paths(&self) -> Vec<&Path> {
        let optional = [&self.mmproj, &self.adapter].into_iter().flatten();
        std::iter::once(&self.text)
            .chain(optional)
            .map(PathBuf::as_path)
            .collect()
    }
}

/// A reader that settings name by its files: the whole page as one image, the
/// chat template of the GGUF, any field asked for.
pub fn reader_of_files(text: &Path, mmproj: &Path) -> anyhow::Result<ResolvedReader> {
    let (text, mmproj) = (absolute(text)?, absolute(mmproj)?);
    let trained = check::reader(&text, Some(&mmproj), None)?.context;
    let trained = trained
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(PAGE_CONTEXT);
    let context = trained.min(PAGE_CONTEXT);
    ensure!(
        context > 1,
        "{} says that it was trained with no context",
        text.display()
    );
    let files = PinnedFiles::pin(&[&text, &mmproj])?;
    let spec = ReaderModel {
        source: "named by its files".into(),
        licence: "not known".into(),
        notice: None,
        text: named(text.clone()),
        mmproj: Some(named(mmproj.clone())),
        adapter: None,
        merged: None,
        question_adapter: None,
        context,
        chat_template: None,
        prompt_variant: None,
        max_output_tokens: PAGE_ANSWER.min(context / 2),
        image_layout: ImageLayout::Page {
            max_side: PAGE_SIDE,
        },
        anchor: Anchor::None,
        answers: AnswerForm::Typed,
        supported_fields: Default::default(),
    };
    let mut reader = ResolvedReader {
        name: file_name(&text),
        text,
        mmproj: Some(mmproj),
        adapter: None,
        files,
        spec,
        hash: String::new(),
    };
    reader.hash = reader_hash(&reader)?;
    Ok(reader)
}

/// A file that settings name.
fn named(path: PathBuf) -> ModelFile {
    ModelFile {
        path,
        ..ModelFile::default()
    }
}

pub fn clip_of_manifest(
    folders: &ModelFolders,
    name: &str,
    spec: &ClipModel,
) -> anyhow::Result<ResolvedClip> {
    let mut clip = ResolvedClip {
        name: name.into(),
        config: folders.path(&spec.config)?,
        preprocessor: folders.path(&spec.preprocessor)?,
        tokenizer: folders.path(&spec.tokenizer)?,
        weights: folders.path(&spec.weights)?,
        files: PinnedFiles::default(),
        search: None,
        spec: spec.clone(),
        hash: String::new(),
    };
    check::clip(clip.paths())?;
    clip.files = pin(clip.paths().into_iter().zip(spec.files()))?;
    clip.hash = clip_hash(&clip)?;
    let search = spec.search.as_ref();
    let search = search.map(|search| search_tower(folders, search, &clip.config));
    clip.search = search.transpose()?;
    Ok(clip)
}

/// `of`: configuration of the CLIP.
fn search_tower(
    folders: &ModelFolders,
    spec: &SearchTower,
    of: &Path,
) -> anyhow::Result<ResolvedSearchTower> {
    let mut tower = ResolvedSearchTower {
        config: folders.path(&spec.config)?,
        tokenizer: folders.path(&spec.tokenizer)?,
        weights: folders.path(&spec.weights)?,
        files: PinnedFiles::default(),
        least_similarity: spec.least_similarity,
    };
    check::search_tower(tower.paths(), of)?;
    tower.files = pin(tower.paths().into_iter().zip(spec.files()))?;
    Ok(tower)
}

impl ResolvedSearchTower {
    /// In the order of [`SearchTower::files`].
    pub fn paths(&self) -> [&Path; 3] {
        [&self.config, &self.tokenizer, &self.weights]
    }
}

impl ResolvedClip {
    /// In the order of [`ClipModel::files`].
    pub fn paths(&self) -> [&Path; 4] {
        [
            &self.config,
            &self.preprocessor,
            &self.tokenizer,
            &self.weights,
        ]
    }
}

pub fn ocr_of_manifest(
    folders: &ModelFolders,
    name: &str,
    spec: &OcrModel,
) -> anyhow::Result<ResolvedOcr> {
    let mut ocr = ResolvedOcr {
        name: name.into(),
        detection: folders.path(&spec.detection)?,
        recognition: folders.path(&spec.recognition)?,
        dictionary: folders.path(&spec.dictionary)?,
        files: PinnedFiles::default(),
        hash: String::new(),
    };
    ocr.files = pin(ocr.paths().into_iter().zip(spec.files()))?;
    ocr.hash = hash(&ocr.files.sums(), "");
    Ok(ocr)
}

impl ResolvedOcr {
    /// In the order of [`OcrModel::files`].
    pub fn paths(&self) -> [&Path; 3] {
        [&self.detection, &self.recognition, &self.dictionary]
    }
}

/// A CLIP that settings name by its folder, with the file names of a Hugging Face
/// checkpoint. It gets the full page: the centre crop of its own processor would
/// remove the head and the total of a long receipt.
pub fn clip_of_folder(folder: &Path) -> anyhow::Result<ResolvedClip> {
    let folder = absolute(folder)?;
    let file = |name: &str| named(folder.join(name));
    let weights = file("model.safetensors");
    ensure!(
        weights.path.is_file() || !folder.join("pytorch_model.bin").is_file(),
        "{} holds pytorch_model.bin only; docmill reads model.safetensors (transformers writes it \
         with CLIPModel.from_pretrained(…).save_pretrained(…))",
        folder.display()
    );
    let spec = ClipModel {
        source: "named by its folder".into(),
        licence: "not known".into(),
        notice: None,
        config: file("config.json"),
        preprocessor: file("preprocessor_config.json"),
        tokenizer: file("tokenizer.json"),
        weights,
        pad_to_square: true,
        margin: DEFAULT_MARGIN,
        search: None,
    };
    // Joining an absolute path leaves it as it is.
    clip_of_manifest(&ModelFolders::of(&folder), &file_name(&folder), &spec)
}

/// The files with their SHA-256. `Err` where the manifest has another one.
fn pin<'a>(
    files: impl IntoIterator<Item = (&'a Path, &'a ModelFile)>,
) -> anyhow::Result<PinnedFiles> {
    let (paths, files): (Vec<&Path>, Vec<&ModelFile>) = files.into_iter().unzip();
    let pinned = PinnedFiles::pin(&paths)?;
    for ((path, file), sum) in paths.iter().zip(files).zip(pinned.sums()) {
        if let Some(expected) = &file.sha256 {
            ensure!(
                sum.eq_ignore_ascii_case(expected),
                "{} is not the file that manifest.toml describes: its SHA-256 is {sum}, expected is \
                 {expected}; copy it again, or describe the new one in the manifest",
                path.display()
            );
        }
    }
    Ok(pinned)
}

pub fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("{} cannot be found", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Raised when the program makes another prompt or grammar of the same spec, so
/// that readings and calibrations from before are not taken for today's.
const READING_REVISION: u32 = 2;

/// BLAKE3 (hex) over the files' SHA-256, everything of a reader's spec that can
/// change an answer, and [`READING_REVISION`].
fn reader_hash(reader: &ResolvedReader) -> anyhow::Result<String> {
    let spec = ReaderModel {
        source: String::new(),
        licence: String::new(),
        notice: None,
        text: ModelFile::default(),
        // Only whether the file exists: its content is in the checksums.
        mmproj: reader.mmproj.as_ref().map(|_| ModelFile::default()),
        adapter: reader.adapter.as_ref().map(|_| ModelFile::default()),
        merged: None,
        // It decides no answer about a page.
        question_adapter: None,
        ..reader.spec.clone()
    };
    let spec = format!("{}{READING_REVISION}", serde_json::to_string(&spec)?);
    Ok(hash(&reader.files.sums(), &spec))
}

/// As [`reader_hash`], for CLIP. It includes the margin, on which a page's type
/// depends too.
fn clip_hash(clip: &ResolvedClip) -> anyhow::Result<String> {
    let spec = ClipModel {
        source: String::new(),
        licence: String::new(),
        notice: None,
        config: ModelFile::default(),
        preprocessor: ModelFile::default(),
        tokenizer: ModelFile::default(),
        weights: ModelFile::default(),
        // No routing and no embedding of a page depends on it.
        search: None,
        ..clip.spec.clone()
    };
    Ok(hash(&clip.files.sums(), &serde_json::to_string(&spec)?))
}

fn hash(sha256: &[String], spec: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in sha256 {
        hasher.update(file.as_bytes());
    }
    hasher.update(spec.as_bytes());
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Manifest;
    use super::*;

    #[test]
    fn embeddings_of_pages_stay_valid_when_the_tower_of_searches_changes() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let manifest = Manifest::load(&folder).unwrap();
        let folders = ModelFolders::of(&folder);
        let (name, spec) = manifest.clip.iter().next().unwrap();
        let with = clip_of_manifest(&folders, name, spec).unwrap();
        let tower = with.search.expect("the shipped CLIP has one");
        assert!(tower.least_similarity > 0.0);
        let without = ClipModel {
            search: None,
            ..spec.clone()
        };
        let without = clip_of_manifest(&folders, name, &without).unwrap();
        assert_eq!(with.hash, without.hash);
        let mut other = spec.clone();
        other.search.as_mut().unwrap().weights = spec.weights.clone();
        let message = format!(
            "{:#}",
            clip_of_manifest(&folders, name, &other).unwrap_err()
        );
        assert!(message.contains("belong to different models"), "{message}");
    }

    #[test]
    fn the_hash_follows_what_decides_an_answer_and_nothing_else() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let manifest = Manifest::load(&folder).unwrap();
        let folders = ModelFolders::of(&folder);
        let (name, spec) = manifest.reader.iter().next().unwrap();
        let hash = |spec: &ReaderModel| reader_of_manifest(&folders, name, spec).unwrap().hash;
        let described = ReaderModel {
            source: "elsewhere".into(),
            ..spec.clone()
        };
        let shorter = ReaderModel {
            max_output_tokens: 7,
            ..spec.clone()
        };
        assert_eq!(hash(spec), hash(&described));
        assert_ne!(hash(spec), hash(&shorter));
    }
}
