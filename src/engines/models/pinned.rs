//! A model's files between check and load: a worker loads the bytes whose SHA-256
//! was compared, even hours later.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::sha256::sha256;

/// The files of a model as they were when they were checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedFiles(Vec<Pinned>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pinned {
    path: PathBuf,
    sha256: String,
    stamp: FileVersion,
}

/// File attributes that change with the file's bytes, except where somebody sets
/// the clock on purpose. They may also change without the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileVersion {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Unix time of the last change to bytes or metadata: seconds, nanoseconds.
    changed: (i64, i64),
}

/// An open file of a model. [`OpenFile::path`] names this file even if another one
/// has its name by now.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
}

impl PinnedFiles {
    /// Computes the SHA-256 of each file, in order, from one descriptor.
    pub(super) fn pin(paths: &[&Path]) -> anyhow::Result<PinnedFiles> {
        let pin = |path: &&Path| {
            let file = open(path)?;
            let before = FileVersion::of(&file)?;
            let sum =
                sha256(&file).with_context(|| format!("{} cannot be read", path.display()))?;
            ensure!(
                FileVersion::of(&file)? == before,
                "{} changed while it was checked: try again when it is in place",
                path.display()
            );
            Ok(Pinned {
                path: path.to_path_buf(),
                sha256: sum,
                stamp: before,
            })
        };
        Ok(PinnedFiles(
            paths.iter().map(pin).collect::<anyhow::Result<_>>()?,
        ))
    }

    /// SHA-256 of each file in lower-case hex.
    pub fn sums(&self) -> Vec<String> {
        self.0.iter().map(|file| file.sha256.clone()).collect()
    }

    /// Opens a file that was checked. A file whose attributes changed is compared
    /// again by its SHA-256. `Err` where the content differs.
    pub fn open(&self, path: &Path) -> anyhow::Result<OpenFile> {
        let pinned = self.0.iter().find(|pinned| pinned.path == path);
        let pinned = pinned.with_context(|| format!("{} was not checked", path.display()))?;
        let file = open(path)?;
        let is_same = FileVersion::of(&file)? == pinned.stamp || sha256(&file)? == pinned.sha256;
        ensure!(
            is_same,
            "{} is no longer the file that was checked: start again to check the new one",
            path.display()
        );
        Ok(OpenFile { file })
    }
}

impl FileVersion {
    fn of(file: &File) -> std::io::Result<FileVersion> {
        let metadata = file.metadata()?;
        Ok(FileVersion {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl OpenFile {
    /// A path for libraries that need one, valid while `self` exists.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.file.as_raw_fd()).into()
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        }
    }

    fn folder() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    #[test]
    fn a_file_swapped_or_changed_after_its_check_is_refused() {
        let folder = folder();
        let path = folder.write("model", "checked");
        let pinned = PinnedFiles::pin(&[&path]).unwrap();
        pinned.open(&path).unwrap();
        std::fs::rename(folder.write("other", "swapped"), &path).unwrap();
        let message = pinned.open(&path).unwrap_err().to_string();
        assert!(
            message.contains("no longer the file that was checked"),
            "{message}"
        );
        let pinned = PinnedFiles::pin(&[&path]).unwrap();
        folder.write("model", "changed");
        pinned.open(&path).unwrap_err();
    }

    #[test]
    fn the_same_bytes_in_another_file_are_the_same_model() {
        let folder = folder();
        let path = folder.write("model", "checked");
        let pinned = PinnedFiles::pin(&[&path]).unwrap();
        std::fs::rename(folder.write("copy", "checked"), &path).unwrap();
        pinned.open(&path).unwrap();
    }

    #[test]
    fn what_was_opened_stays_that_file_whatever_takes_its_name() {
        let folder = folder();
        let path = folder.write("model", "checked");
        let open = PinnedFiles::pin(&[&path]).unwrap().open(&path).unwrap();
        std::fs::rename(folder.write("other", "swapped"), &path).unwrap();
        assert_eq!(std::fs::read_to_string(open.path()).unwrap(), "checked");
    }

    #[test]
    fn a_file_that_was_not_checked_is_not_opened() {
        let folder = folder();
        let path = folder.write("model", "checked");
        PinnedFiles::default().open(&path).unwrap_err();
    }
}
