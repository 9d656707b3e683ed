//! Finds and reads files: walks paths in a stable order, reads within limits and
//! identifies content by its BLAKE3.

mod arrivals;
mod data_file;
mod replaced;
mod uploads;
mod walk;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::domain::{Failure, Reason};
pub use arrivals::{Arrivals, Seen, look};
pub use data_file::is_data;
pub use replaced::{Replaced, check_place, create_folder, nameless};
pub use uploads::{Upload, UploadError, Uploads, check_name};
use walk::Walk;
pub use walk::absolute;

/// A file of a walk.
#[derive(Debug)]
pub struct FoundFile {
    /// Absolute; any bytes that the file system allows.
    pub path: PathBuf,
    /// Whether it is one of the given paths, not found in a folder.
    pub is_named: bool,
    /// The file's bytes, or why it is rejected.
    pub outcome: Result<Vec<u8>, Failure>,
}

/// Walks files and folders, each folder sorted by name, without hidden files and without
/// `database` and SQLite's files beside it. Files are read one by one as the iterator
/// advances, those above `max_bytes` not at all. Memory does not grow with the number of
/// files.
pub fn walk(
    paths: &[PathBuf],
    max_bytes: u64,
    database: &Path,
) -> impl Iterator<Item = FoundFile> + use<> {
    let own = own_files(database);
    let named: BTreeSet<PathBuf> = paths.iter().map(|path| absolute(path)).collect();
    let walks: Vec<_> = paths.iter().map(|path| Walk::new(absolute(path))).collect();
    walks
        .into_iter()
        .flatten()
        .filter(move |entry| !matches!(entry, Ok(path) if own.contains(path)))
        .map(move |entry| match entry {
            Ok(path) => FoundFile {
                is_named: named.contains(&path),
                outcome: read(&path, max_bytes),
                path,
            },
            Err((path, failure)) => FoundFile {
                is_named: named.contains(&path),
                path,
                outcome: Err(failure),
            },
        })
}

/// SQLite's files of a database.
fn own_files(database: &Path) -> Vec<PathBuf> {
    let database = absolute(database);
    let with = |suffix: &str| {
        let mut name = OsString::from(&database);
        name.push(suffix);
        PathBuf::from(name)
    };
    vec![with(""), with("-wal"), with("-shm"), with("-journal")]
}

/// The bytes of a regular file of at most `max_bytes` bytes. `Err` for other files, with
/// the reason of the rejection.
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| unreadable(path, &error);
    // Checked before opening, since opening a FIFO would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Failure::new(
            Reason::NotAFile,
            "not a regular file: take it out of the folder",
        ));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    // One byte more than allowed shows that the file grew meanwhile.
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    match bytes.len() as u64 {
        0 => Err(Failure::new(
            Reason::EmptyFile,
            "the file is empty: copy or scan it again",
        )),
        n if n > max_bytes => {
            let message =
                format!("larger than {max_bytes} bytes: split it, or set `limits.max_bytes`");
            Err(Failure::new(Reason::TooLarge, message))
        }
        _ => Ok(bytes),
    }
}

/// The rejection for an error of the operating system, with the remedy.
fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let is_link = || {
        path.symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
    };
    let message = match error.kind() {
        ErrorKind::NotFound if is_link() => "the link points to nothing: remove it".to_owned(),
        ErrorKind::NotFound => {
            "the file is gone: put it back, or run again over the folder".to_owned()
        }
        ErrorKind::PermissionDenied => {
            format!("cannot be read: {error}; let the user that docmill runs as read it")
        }
        _ => format!("cannot be read: {error}"),
    };
    Failure::new(Reason::Unreadable, message)
}

/// BLAKE3 of the bytes, 64 lower-case hex digits.
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests;
