//! The folders in which a manifest's files are.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::manifest::ModelFile;
use crate::domain::user_data_folder;

/// The folders that hold a model's files.
#[derive(Clone, Debug)]
pub struct ModelFolders {
    /// The folder of `manifest.toml`.
    pub manifest: PathBuf,
    /// Where `docmill models pull` puts its files; `None` where the user
    /// has no home folder.
    pub data: Option<PathBuf>,
}

impl ModelFolders {
    /// With `docmill/models` of the user's data folder.
    pub fn of(manifest: &Path) -> ModelFolders {
        ModelFolders {
            manifest: manifest.to_owned(),
            data: user_data_folder().map(|data| data.join("docmill/models")),
        }
    }

    /// The path of a file. `Err` where a file from a wheel is missing; other files
    /// are not looked for here.
    pub fn path(&self, file: &ModelFile) -> anyhow::Result<PathBuf> {
        match file.wheel {
            Some(_) => self.pulled(file),
            None => Ok(self.manifest.join(&file.path)),
        }
    }

    /// The path of a file that `docmill models pull` writes. `Err` where it is missing.
    pub fn pulled(&self, file: &ModelFile) -> anyhow::Result<PathBuf> {
        let beside = self.manifest.join(&file.path);
        if beside.is_file() {
            return Ok(beside);
        }
        let pulled = self.data.as_ref().map(|data| data.join(&file.path));
        match pulled {
            Some(pulled) if pulled.is_file() => Ok(pulled),
            _ => bail!(
                "{} is not installed: `docmill models pull` installs it",
                file.path.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::WheelMember;
    use super::*;

    #[test]
    fn a_file_of_a_wheel_is_found_beside_the_manifest_or_in_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let [manifest, data] = ["manifest", "data"].map(|name| folder.path().join(name));
        let folders = ModelFolders {
            manifest: manifest.clone(),
            data: Some(data.clone()),
        };
        let file = ModelFile {
            path: "base.gguf".into(),
            wheel: Some(WheelMember {
                package: "p".into(),
                version: "1".into(),
                sha256: String::new(),
                member: "base.gguf".into(),
            }),
            ..ModelFile::default()
        };
        let missing = folders.path(&file).unwrap_err().to_string();
        assert!(missing.contains("models pull"), "{missing}");
        for place in [&data, &manifest] {
            std::fs::create_dir(place).unwrap();
            std::fs::write(place.join("base.gguf"), "x").unwrap();
            assert_eq!(folders.path(&file).unwrap(), place.join("base.gguf"));
        }
    }
}
