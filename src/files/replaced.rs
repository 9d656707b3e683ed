//! Files that are written whole or not at all.

use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::config::UsageError;

/// Reports an unwritable path before the work starts, as a usage error.
pub fn check_place(file: &Path) -> Result<(), UsageError> {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let shown = file.display();
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(UsageError(format!("the folder of {shown} does not exist")));
    }
    match file.is_dir() {
        true => Err(UsageError(format!("{shown} is a folder: name a file"))),
        false => Ok(()),
    }
}

/// Creates a folder, readable by its owner alone, and those above it.
pub fn create_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))
}

/// An error without the name of the temporary file that it is about.
pub fn nameless(error: io::Error) -> io::Error {
    error.kind().into()
}

/// A file that replaces an older one only when it is complete, so that an import
/// never reads half an export.
pub struct Replaced {
    file: io::BufWriter<tempfile::NamedTempFile>,
    path: PathBuf,
}

impl Replaced {
    pub fn create(path: &Path) -> anyhow::Result<Replaced> {
        check_place(path)?;
        let folder = path
            .parent()
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new("."));
        let file = tempfile::NamedTempFile::new_in(folder)
            .map_err(nameless)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Replaced {
            file: io::BufWriter::new(file),
            path: path.to_owned(),
        })
    }

    pub fn commit(self) -> anyhow::Result<()> {
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.as_file().sync_all()?;
        let written: std::fs::File = file
            .persist(&self.path)
            .map_err(|error| error.error)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        drop(written);
        Ok(())
    }

    /// As [`Replaced::commit`], and the file's name survives a power cut too.
    pub fn commit_durably(self) -> anyhow::Result<()> {
        let folder = self.path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        self.commit()?;
        let folder = std::fs::File::open(&folder);
        folder
            .and_then(|folder| folder.sync_all())
            .context("cannot sync the folder")
    }
}

impl Write for Replaced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
