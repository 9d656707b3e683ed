use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use serde::{Deserialize, Serialize};

use super::check;
use super::{ClipModel, ImageLayout, Manifest, ModelFile, PinnedFiles, ReaderModel};
use crate::config::{Settings, UsageError, blame};

/// Longest side in pixels to which a page is reduced for a model that settings
/// name: A4 at 130 dpi, where body text is about 15 px high.
pub(super) const PAGE_SIDE: u32 = 1536;
/// Context and answer for such a model, in tokens: a page of that size takes
/// up to 3,000 in the models that split it finely.
const PAGE_CONTEXT: u32 = 8192;
const PAGE_ANSWER: u32 = 2048;
/// See models/README.md for how it was chosen.
const DEFAULT_MARGIN: f32 = 0.2;

/// A models folder and its manifest, where there is one.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The manifest and its folder, or the folders that were searched.
    found: Result<(PathBuf, Manifest), Vec<PathBuf>>,
}

/// A reader whose files were checked; sent to the worker that runs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedReader {
    /// Its name in the manifest, or the text file's when settings name it.
    pub name: String,
    /// Absolute paths.
    pub text: PathBuf,
    pub mmproj: PathBuf,
    /// Both, as they were checked.
    pub files: PinnedFiles,
    pub spec: ReaderModel,
    /// BLAKE3 (hex) over the files and what of `spec` decides an answer.
    pub hash: String,
}

/// A CLIP whose files were checked; sent to the worker that runs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedClip {
    /// Its name in the manifest, or the folder's when settings name it.
    pub name: String,
    /// Absolute paths.
    pub config: PathBuf,
    pub preprocessor: PathBuf,
    pub tokenizer: PathBuf,
    pub weights: PathBuf,
    /// All four, as they were checked.
    pub files: PinnedFiles,
    pub spec: ClipModel,
    /// BLAKE3 (hex) over the files and what of `spec` decides a verdict.
    pub hash: String,
}

/// What [`Installation::verify`] found out about one model.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    /// `reader`, `endpoint` or `clip`.
    pub role: &'static str,
    pub name: String,
    /// Used unless settings name another.
    pub default: bool,
    pub files: Vec<PathBuf>,
    /// In words, with the remedy; `None`: the model can be used.
    pub problem: Option<String>,
}

impl Installation {
    /// Looks for `manifest.toml` in the folder that settings name, else beside
    /// the program, in `../share/docmill/models` from there, and in the source
    /// tree. That none is found is an error only where settings name a folder
    /// or a model is asked for that is not named by its files.
    pub fn find(settings: &Settings) -> anyhow::Result<Installation> {
        if let Some(folder) = &settings.models {
            let folder = blame(true, absolute(folder))?;
            let manifest = blame(true, Manifest::load(&folder))?;
            return Ok(Installation {
                found: Ok((folder, manifest)),
            });
        }
        let mut folders = Vec::new();
        if let Some(beside) = std::env::current_exe()
            .ok()
            .as_deref()
            .and_then(Path::parent)
        {
            folders.push(beside.join("models"));
            folders.push(beside.join("../share/docmill/models"));
        }
        folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
        let found = match folders
            .iter()
            .find(|folder| folder.join(Manifest::FILE).is_file())
        {
            Some(folder) => Ok((absolute(folder)?, Manifest::load(folder)?)),
            None => Err(folders),
        };
        Ok(Installation { found })
    }

    /// The folder of the manifest; `None` where no manifest was found.
    pub fn folder(&self) -> Option<&Path> {
        self.found.as_ref().ok().map(|(folder, _)| folder.as_path())
    }

    /// The reader that settings ask for, all its files checked by SHA-256.
    pub fn reader(&self, settings: &Settings) -> anyhow::Result<ResolvedReader> {
        match (&settings.text_gguf, &settings.mmproj_gguf) {
            (Some(text), Some(mmproj)) => blame(true, reader_of_files(text, mmproj)),
            (None, None) => {
                let (folder, manifest) = self.manifest()?;
                let name = settings.reader.as_ref().unwrap_or(&manifest.default_reader);
                let spec = manifest.reader.get(name).ok_or_else(|| {
                    let known = manifest.reader.keys().chain(manifest.endpoint.keys());
                    unknown("reader", name, folder, known)
                })?;
                reader_of_manifest(folder, name, spec)
            }
            _ => {
                let why = "--text-gguf and --mmproj-gguf belong together: name both or neither";
                Err(UsageError(why.to_owned()).into())
            }
        }
    }

    /// The CLIP that settings ask for, all its files checked by SHA-256.
    pub fn clip(&self, settings: &Settings) -> anyhow::Result<ResolvedClip> {
        if let Some(folder) = &settings.clip_dir {
            return blame(true, clip_of_folder(folder));
        }
        let (folder, manifest) = self.manifest()?;
        let name = settings.clip.as_ref().unwrap_or(&manifest.default_clip);
        let spec = manifest
            .clip
            .get(name)
            .ok_or_else(|| unknown("clip", name, folder, manifest.clip.keys()))?;
        clip_of_manifest(folder, name, spec)
    }

    /// Checks every model of the manifest; one that is not right does not keep
    /// the others from being checked.
    pub fn verify(&self) -> anyhow::Result<Vec<Verified>> {
        let (folder, manifest) = self.manifest()?;
        let problem = |error: anyhow::Error| format!("{error:#}");
        let readers = manifest.reader.iter().map(|(name, spec)| Verified {
            role: "reader",
            name: name.clone(),
            default: *name == manifest.default_reader,
            files: [&spec.text, &spec.mmproj]
                .map(|file| folder.join(&file.path))
                .into(),
            problem: reader_of_manifest(folder, name, spec).err().map(problem),
        });
        let clips = manifest.clip.iter().map(|(name, spec)| Verified {
            role: "clip",
            name: name.clone(),
            default: *name == manifest.default_clip,
            files: [
                &spec.config,
                &spec.preprocessor,
                &spec.tokenizer,
                &spec.weights,
            ]
            .map(|file| folder.join(&file.path))
            .into(),
            problem: clip_of_manifest(folder, name, spec).err().map(problem),
        });
        Ok(readers.chain(clips).collect())
    }

    /// The manifest and its folder.
    pub fn manifest(&self) -> anyhow::Result<(&Path, &Manifest)> {
        match &self.found {
            Ok((folder, manifest)) => Ok((folder, manifest)),
            Err(searched) => {
                let searched: Vec<_> = searched.iter().map(|p| p.display().to_string()).collect();
                Err(anyhow!(
                    "no models found (searched: {}); name the folder of manifest.toml with \
                     --models, or the files with --text-gguf, --mmproj-gguf and --clip-dir",
                    searched.join(", ")
                ))
            }
        }
    }
}

fn reader_of_manifest(
    folder: &Path,
    name: &str,
    spec: &ReaderModel,
) -> anyhow::Result<ResolvedReader> {
    let (text, mmproj) = (folder.join(&spec.text.path), folder.join(&spec.mmproj.path));
    check::reader(&text, &mmproj)?;
    let files = pin(&[(&text, &spec.text), (&mmproj, &spec.mmproj)])?;
    let mut reader = ResolvedReader {
        name: name.into(),
        text,
        mmproj,
        files,
        spec: spec.clone(),
        hash: String::new(),
    };
    reader.hash = check::reader_hash(&reader, &reader.files.sums())?;
    Ok(reader)
}

/// A reader that settings name by its files: the whole page as one image, the
/// chat template of the GGUF, any field asked for.
fn reader_of_files(text: &Path, mmproj: &Path) -> anyhow::Result<ResolvedReader> {
    let (text, mmproj) = (absolute(text)?, absolute(mmproj)?);
    let facts = check::reader(&text, &mmproj)?;
    let trained = facts
        .context
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(PAGE_CONTEXT);
    let context = trained.min(PAGE_CONTEXT);
    ensure!(
        context > 1,
        "{} says that it was trained with no context",
        text.display()
    );
    let files = PinnedFiles::pin(&[&text, &mmproj])?;
    let sums = files.sums();
    let spec = ReaderModel {
        source: "named by its files".into(),
        licence: "not known".into(),
        text: ModelFile {
            path: text.clone(),
            sha256: Some(sums[0].clone()),
        },
        mmproj: ModelFile {
            path: mmproj.clone(),
            sha256: Some(sums[1].clone()),
        },
        context,
        chat_template: None,
        prompt_variant: None,
        max_output_tokens: PAGE_ANSWER.min(context / 2),
        layout: ImageLayout::Page {
            max_side: PAGE_SIDE,
        },
        taught: Default::default(),
    };
    let mut reader = ResolvedReader {
        name: file_name(&text),
        text,
        mmproj,
        files,
        spec,
        hash: String::new(),
    };
    reader.hash = check::reader_hash(&reader, &sums)?;
    Ok(reader)
}

fn clip_of_manifest(folder: &Path, name: &str, spec: &ClipModel) -> anyhow::Result<ResolvedClip> {
    let files = [
        &spec.config,
        &spec.preprocessor,
        &spec.tokenizer,
        &spec.weights,
    ];
    let [config, preprocessor, tokenizer, weights] = files.map(|file| folder.join(&file.path));
    let mut clip = ResolvedClip {
        name: name.into(),
        config,
        preprocessor,
        tokenizer,
        weights,
        files: PinnedFiles::default(),
        spec: spec.clone(),
        hash: String::new(),
    };
    check::clip(&clip)?;
    let paths = [
        &clip.config,
        &clip.preprocessor,
        &clip.tokenizer,
        &clip.weights,
    ];
    let pairs: Vec<_> = paths.into_iter().map(PathBuf::as_path).zip(files).collect();
    clip.files = pin(&pairs)?;
    clip.hash = check::clip_hash(&clip, &clip.files.sums())?;
    Ok(clip)
}

/// A CLIP that settings name by its folder, under the names of a Hugging Face
/// checkpoint. A page is seen whole: the centre crop of its own processor would
/// take the head and the total off a long receipt.
fn clip_of_folder(folder: &Path) -> anyhow::Result<ResolvedClip> {
    let folder = absolute(folder)?;
    let file = |name: &str| ModelFile {
        path: folder.join(name),
        sha256: None,
    };
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
        config: file("config.json"),
        preprocessor: file("preprocessor_config.json"),
        tokenizer: file("tokenizer.json"),
        weights,
        pad_to_square: true,
        margin: DEFAULT_MARGIN,
    };
    // Joining an absolute path leaves it as it is.
    clip_of_manifest(&folder, &file_name(&folder), &spec)
}

/// The files with their SHA-256, compared with the manifest's where that has
/// one.
fn pin(files: &[(&Path, &ModelFile)]) -> anyhow::Result<PinnedFiles> {
    let paths: Vec<&Path> = files.iter().map(|(path, _)| *path).collect();
    let pinned = PinnedFiles::pin(&paths)?;
    for ((path, file), sum) in files.iter().zip(pinned.sums()) {
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

fn unknown<'a>(
    role: &str,
    name: &str,
    folder: &Path,
    known: impl Iterator<Item = &'a String>,
) -> UsageError {
    let known: Vec<&str> = known.map(String::as_str).collect();
    UsageError(format!(
        "{} has no {role} \"{name}\"; it has: {}",
        folder.join(Manifest::FILE).display(),
        known.join(", ")
    ))
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("{} cannot be found", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
    }

    /// A copy of the shipped models that a test may damage.
    fn copy() -> (tempfile::TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("clip")).unwrap();
        let (_, manifest) = shipped_manifest();
        let mut files = vec![PathBuf::from(Manifest::FILE)];
        for spec in manifest.reader.values() {
            files.extend([&spec.text, &spec.mmproj].map(|file| file.path.clone()));
        }
        for spec in manifest.clip.values() {
            let parts = [
                &spec.config,
                &spec.preprocessor,
                &spec.tokenizer,
                &spec.weights,
            ];
            files.extend(parts.map(|file| file.path.clone()));
        }
        for file in files {
            std::fs::copy(shipped().join(&file), folder.path().join(&file)).unwrap();
        }
        let settings = Settings {
            models: Some(folder.path().into()),
            ..Settings::default()
        };
        (folder, settings)
    }

    fn shipped_manifest() -> (PathBuf, Manifest) {
        (shipped(), Manifest::load(&shipped()).unwrap())
    }

    #[test]
    fn the_shipped_models_are_those_of_the_manifest() {
        let settings = Settings {
            models: Some(shipped()),
            ..Settings::default()
        };
        for verified in Installation::find(&settings).unwrap().verify().unwrap() {
            assert_eq!(verified.problem, None, "{}", verified.name);
            assert!(verified.default);
        }
    }

    #[test]
    fn a_changed_byte_is_told_by_its_file() {
        let (folder, settings) = copy();
        for (file, role) in [("text.gguf", "reader"), ("clip/model.safetensors", "clip")] {
            let path = folder.path().join(file);
            let mut bytes = std::fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&path, bytes).unwrap();
            let installation = Installation::find(&settings).unwrap();
            let error = match role {
                "reader" => installation.reader(&settings).unwrap_err(),
                _ => installation.clip(&settings).unwrap_err(),
            };
            let message = format!("{error:#}");
            assert!(
                message.contains(file) && message.contains("SHA-256"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_told_and_the_other_model_still_verifies() {
        let (folder, settings) = copy();
        std::fs::remove_file(folder.path().join("mmproj.gguf")).unwrap();
        let verified = Installation::find(&settings).unwrap().verify().unwrap();
        let problem = |role: &str| {
            verified
                .iter()
                .find(|v| v.role == role)
                .unwrap()
                .problem
                .clone()
        };
        assert!(problem("reader").unwrap().contains("mmproj.gguf"));
        assert_eq!(problem("clip"), None);
    }

    #[test]
    fn any_other_model_is_used_by_naming_its_files() {
        let settings = Settings {
            text_gguf: Some(shipped().join("text.gguf")),
            mmproj_gguf: Some(shipped().join("mmproj.gguf")),
            clip_dir: Some(shipped().join("clip")),
            ..Settings::default()
        };
        let installation = Installation { found: Err(vec![]) };
        let reader = installation.reader(&settings).unwrap();
        assert_eq!(reader.name, "text.gguf");
        assert_eq!(
            reader.spec.layout,
            ImageLayout::Page {
                max_side: PAGE_SIDE
            }
        );
        assert!(reader.spec.max_output_tokens < reader.spec.context);
        assert_eq!(installation.clip(&settings).unwrap().name, "clip");
    }

    #[test]
    fn without_a_manifest_the_error_says_where_was_searched() {
        let installation = Installation {
            found: Err(vec!["/nowhere".into()]),
        };
        let message = installation
            .reader(&Settings::default())
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("/nowhere") && message.contains("--models"),
            "{message}"
        );
    }

    #[test]
    fn half_a_reader_and_an_unknown_name_are_refused() {
        let installation = Installation {
            found: Ok(shipped_manifest()),
        };
        let half = Settings {
            text_gguf: Some("text.gguf".into()),
            ..Settings::default()
        };
        assert!(
            installation
                .reader(&half)
                .unwrap_err()
                .to_string()
                .contains("--mmproj-gguf")
        );
        let unknown = Settings {
            clip: Some("b32".into()),
            ..Settings::default()
        };
        let message = installation.clip(&unknown).unwrap_err().to_string();
        assert!(message.contains("\"b32\""), "{message}");
    }

    #[test]
    fn the_hash_follows_what_decides_an_answer_and_nothing_else() {
        let (folder, manifest) = shipped_manifest();
        let (name, spec) = manifest.reader.iter().next().unwrap();
        let hash = |spec: &ReaderModel| reader_of_manifest(&folder, name, spec).unwrap().hash;
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
