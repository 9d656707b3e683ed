//! Finds the models folder and the models that settings name.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde::Serialize;

use super::folders::ModelFolders;
use super::manifest::{Manifest, ModelFile};
use super::resolve::{
    ResolvedClip, ResolvedOcr, ResolvedReader, absolute, clip_of_folder, clip_of_manifest,
    ocr_of_manifest, reader_of_files, reader_of_manifest,
};
use crate::config::{ReadingSettings, RoutingSettings, UsageError, as_usage_error};

/// A models folder and its manifest, where there is one.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The manifest and its folder, or the folders that were searched.
    found: Result<(ModelFolders, Manifest), Vec<PathBuf>>,
}

/// The result of [`Installation::verify`] for one model.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    /// `reader`, `endpoint`, `clip` or `ocr`.
    pub role: &'static str,
    pub name: String,
    /// Whether it is used where settings name none.
    pub default: bool,
    pub files: Vec<PathBuf>,
    /// What is wrong, with the remedy; `None`: the model can be used.
    pub problem: Option<String>,
}

impl Installation {
    /// Looks for `manifest.toml` in the folder that settings name, otherwise
    /// beside the program, in `../share/docmill/models` from there, and in the
    /// source tree. `Err` where the folder of the settings has none; otherwise a
    /// missing manifest is reported when a model of it is needed.
    pub fn find(models: Option<&Path>) -> anyhow::Result<Installation> {
        if let Some(folder) = models {
            let folder = as_usage_error(true, absolute(folder))?;
            let manifest = as_usage_error(true, Manifest::load(&folder))?;
            return Ok(Installation {
                found: Ok((ModelFolders::of(&folder), manifest)),
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
            Some(folder) => {
                let manifest = Manifest::load(folder)?;
                Ok((ModelFolders::of(&absolute(folder)?), manifest))
            }
            None => Err(folders),
        };
        Ok(Installation { found })
    }

    /// With the manifest of these folders.
    #[cfg(test)]
    pub(super) fn with(folders: ModelFolders, manifest: Manifest) -> Installation {
        Installation {
            found: Ok((folders, manifest)),
        }
    }

    /// The folder of the manifest; `None` where no manifest was found.
    pub fn folder(&self) -> Option<&Path> {
        let found = self.found.as_ref().ok();
        found.map(|(folders, _)| folders.manifest.as_path())
    }

    /// The reader that settings name. `Err` where a file is missing or has another
    /// SHA-256.
    pub fn reader(&self, reading: &ReadingSettings) -> anyhow::Result<ResolvedReader> {
        match (&reading.text_gguf, &reading.mmproj_gguf) {
            (Some(text), Some(mmproj)) => as_usage_error(true, reader_of_files(text, mmproj)),
            (None, None) => {
                let (folders, manifest) = self.folders()?;
                let name = reading.reader.as_ref().unwrap_or(&manifest.default_reader);
                let spec = manifest.reader.get(name).ok_or_else(|| {
                    let known = manifest.reader.keys().chain(manifest.endpoint.keys());
                    unknown("reader", name, &folders.manifest, known)
                })?;
                reader_of_manifest(folders, name, spec)
            }
            _ => {
                let why = "--text-gguf and --mmproj-gguf belong together: name both or neither";
                Err(UsageError(why.to_owned()).into())
            }
        }
    }

    /// The CLIP that settings name. `Err` where a file is missing or has another
    /// SHA-256.
    pub fn clip(&self, routing: &RoutingSettings) -> anyhow::Result<ResolvedClip> {
        if let Some(folder) = &routing.clip_dir {
            return as_usage_error(true, clip_of_folder(folder));
        }
        let (folders, manifest) = self.folders()?;
        let name = routing.clip.as_ref().unwrap_or(&manifest.default_clip);
        let spec = manifest
            .clip
            .get(name)
            .ok_or_else(|| unknown("clip", name, &folders.manifest, manifest.clip.keys()))?;
        clip_of_manifest(folders, name, spec)
    }

    /// Checks every model of the manifest, also after one that cannot be used.
    pub fn verify(&self) -> anyhow::Result<Vec<Verified>> {
        let (folders, manifest) = self.folders()?;
        let verified = |role, name: &str, default: &str, files: &[&ModelFile], problem| Verified {
            role,
            name: name.to_owned(),
            default: name == default,
            files: files
                .iter()
                .map(|file| folders.pulled(file).unwrap_or_else(|_| file.path.clone()))
                .collect(),
            problem,
        };
        let mut models = Vec::new();
        for (name, spec) in &manifest.reader {
            let problem = problem(reader_of_manifest(folders, name, spec));
            let default = &manifest.default_reader;
            models.push(verified("reader", name, default, &spec.files(), problem));
            if let Some(spec) = spec.for_questions() {
                let found = reader_of_manifest(folders, name, &spec);
                let name = format!("{name}, for questions");
                models.push(verified(
                    "reader",
                    &name,
                    "",
                    &spec.files(),
                    self::problem(found),
                ));
            }
        }
        for (name, spec) in &manifest.clip {
            let problem = problem(clip_of_manifest(folders, name, spec));
            let default = &manifest.default_clip;
            models.push(verified("clip", name, default, &spec.files(), problem));
        }
        for (name, spec) in &manifest.ocr {
            let problem = problem(ocr_of_manifest(folders, name, spec));
            let default = manifest.default_ocr.as_deref().unwrap_or_default();
            models.push(verified("ocr", name, default, &spec.files(), problem));
        }
        Ok(models)
    }

    /// The OCR engine of the manifest; `None` where it has none. `Err` where a file
    /// is missing or has another SHA-256.
    pub fn ocr(&self) -> anyhow::Result<Option<ResolvedOcr>> {
        let (folders, manifest) = self.folders()?;
        let Some(name) = &manifest.default_ocr else {
            return Ok(None);
        };
        ocr_of_manifest(folders, name, &manifest.ocr[name]).map(Some)
    }

    /// The manifest and its folder.
    pub fn manifest(&self) -> anyhow::Result<(&Path, &Manifest)> {
        let (folders, manifest) = self.folders()?;
        Ok((&folders.manifest, manifest))
    }

    /// The manifest and the folders of its files.
    pub(super) fn folders(&self) -> anyhow::Result<(&ModelFolders, &Manifest)> {
        match &self.found {
            Ok((folders, manifest)) => Ok((folders, manifest)),
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

fn problem<T>(checked: anyhow::Result<T>) -> Option<String> {
    checked.err().map(|error| format!("{error:#}"))
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

#[cfg(test)]
mod tests {
    use super::super::form::{ImageLayout, PAGE_SIDE};
    use super::*;

    fn shipped() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
    }

    /// A copy of the shipped models that a test may damage.
    fn copy() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("clip/search")).unwrap();
        let (_, manifest) = shipped_manifest();
        let mut files = vec![PathBuf::from(Manifest::FILE)];
        files.extend(manifest.files().into_iter().map(|file| file.path.clone()));
        for file in files {
            // Third-party weights are in the data folder.
            let from = shipped().join(&file);
            if from.is_file() {
                std::fs::copy(from, folder.path().join(&file)).unwrap();
            }
        }
        folder
    }

    fn shipped_manifest() -> (ModelFolders, Manifest) {
        let manifest = Manifest::load(&shipped()).unwrap();
        (ModelFolders::of(&shipped()), manifest)
    }

    #[test]
    fn the_shipped_models_are_those_of_the_manifest() {
        for verified in Installation::find(Some(&shipped()))
            .unwrap()
            .verify()
            .unwrap()
        {
            assert_eq!(verified.problem, None, "{}", verified.name);
            let others = ["docmill-nano", "docmill-small, for questions"];
            assert_eq!(verified.default, !others.contains(&verified.name.as_str()));
        }
    }

    #[test]
    fn a_changed_byte_is_an_error_that_names_the_file() {
        let folder = copy();
        for (file, role) in [("text.gguf", "reader"), ("clip/model.safetensors", "clip")] {
            let path = folder.path().join(file);
            let mut bytes = std::fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&path, bytes).unwrap();
            let installation = Installation::find(Some(folder.path())).unwrap();
            let error = match role {
                "reader" => {
                    let reading = ReadingSettings {
                        reader: Some("docmill-nano".into()),
                        ..ReadingSettings::default()
                    };
                    installation.reader(&reading).unwrap_err()
                }
                _ => installation.clip(&RoutingSettings::default()).unwrap_err(),
            };
            let message = format!("{error:#}");
            assert!(
                message.contains(file) && message.contains("SHA-256"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_a_problem_and_the_other_model_still_verifies() {
        let folder = copy();
        std::fs::remove_file(folder.path().join("mmproj.gguf")).unwrap();
        let verified = Installation::find(Some(folder.path()))
            .unwrap()
            .verify()
            .unwrap();
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
        let reading = ReadingSettings {
            text_gguf: Some(shipped().join("text.gguf")),
            mmproj_gguf: Some(shipped().join("mmproj.gguf")),
            ..ReadingSettings::default()
        };
        let routing = RoutingSettings {
            clip_dir: Some(shipped().join("clip")),
            ..RoutingSettings::default()
        };
        let installation = Installation { found: Err(vec![]) };
        let reader = installation.reader(&reading).unwrap();
        assert_eq!(reader.name, "text.gguf");
        assert_eq!(
            reader.spec.image_layout,
            ImageLayout::Page {
                max_side: PAGE_SIDE
            }
        );
        assert!(reader.spec.max_output_tokens < reader.spec.context);
        assert_eq!(installation.clip(&routing).unwrap().name, "clip");
    }

    #[test]
    fn without_a_manifest_the_error_says_where_was_searched() {
        let installation = Installation {
            found: Err(vec!["/nowhere".into()]),
        };
        let message = installation
            .reader(&ReadingSettings::default())
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
        let half = ReadingSettings {
            text_gguf: Some("text.gguf".into()),
            ..ReadingSettings::default()
        };
        assert!(
            installation
                .reader(&half)
                .unwrap_err()
                .to_string()
                .contains("--mmproj-gguf")
        );
        let unknown = RoutingSettings {
            clip: Some("b32".into()),
            ..RoutingSettings::default()
        };
        let message = installation.clip(&unknown).unwrap_err().to_string();
        assert!(message.contains("\"b32\""), "{message}");
    }
}
