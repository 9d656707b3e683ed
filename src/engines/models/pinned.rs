//! A model's files between their check and their load: what a worker loads,
//! hours later perhaps, are the bytes whose SHA-256 was compared.

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
    stamp: Stamp,
}

/// Changes whenever a file's bytes do, unless someone means to deceive and may
/// set the clock; and now and then when they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Of the last change to bytes or metadata: seconds and nanoseconds.
    changed: (i64, i64),
}

/// A file of a model, open; what [`OpenFile::path`] names is this very file,
/// whatever now stands under its name.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
}

impl PinnedFiles {
    /// Takes the SHA-256 of each file, in order, from one descriptor.
    pub(super) fn pin(paths: &[&Path]) -> anyhow::Result<PinnedFiles> {
        let pin = |path: &&Path| {
            let file = open(path)?;
            let before = Stamp::of(&file)?;
            let sum =
                sha256(&file).with_context(|| format!("{} cannot be read", path.display()))?;
            ensure!(
                Stamp::of(&file)? == before,
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

    /// Opens a file that was checked. One that is not obviously the same any
    /// more is read and compared once more; another one is refused.
    pub fn open(&self, path: &Path) -> anyhow::Result<OpenFile> {
        let pinned = self.0.iter().find(|pinned| pinned.path == path);
        let pinned = pinned.with_context(|| format!("{} was not checked", path.display()))?;
        let file = open(path)?;
        let is_same = Stamp::of(&file)? == pinned.stamp || sha256(&file)? == pinned.sha256;
        ensure!(
            is_same,
            "{} is no longer the file that was checked: start again to check the new one",
            path.display()
        );
        Ok(OpenFile { file })
    }
}

impl Stamp {
    fn of(file: &File) -> std::io::Result<Stamp> {
        let metadata = file.metadata()?;
        Ok(Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl OpenFile {
    /// For a library that wants a path; good for as long as this lives.
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
