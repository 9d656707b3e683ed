//! The folder of uploaded documents. Each document has a folder of its own, named by its
//! hash, in which it has the name that it was sent with. A file is there when it is
//! complete and on the disk; until then it has a hidden name, which a walk leaves out.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::absolute;

/// Begins the name of a file that is not complete.
const UNFINISHED: &str = ".upload-";
/// Age from which an unfinished file is of a server that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);
/// Most bytes of a file name: file systems allow 255.
const LONGEST_NAME: usize = 200;

/// The folder of uploaded documents.
#[derive(Clone, Debug)]
pub struct Uploads {
    /// Absolute.
    folder: PathBuf,
}

/// A document that is being uploaded. It leaves nothing behind unless it is stored.
pub struct Upload {
    folder: PathBuf,
    file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
    max_bytes: u64,
}

/// A document that was uploaded.
#[derive(Debug)]
pub struct Uploaded {
    /// BLAKE3 of its bytes, hex.
    pub blake3: String,
    pub bytes: u64,
    /// Whether these bytes were not there before.
    pub is_new: bool,
}

/// Why a document is not stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(
        "The document is larger than {0} bytes: split it, or raise `limits.max_bytes` in docmill.toml."
    )]
    TooLarge(u64),
    #[error("The document is empty: send its bytes as the request's body.")]
    Empty,
    #[error("The file name {0}: send a plain name, such as `scan.pdf`.")]
    Name(&'static str),
    #[error("The document cannot be stored: {0}.")]
    Io(#[from] io::Error),
}

impl Uploads {
    /// Creates the folder, readable by its owner alone, where it does not exist, and
    /// removes what killed servers left in it.
    pub fn open(folder: &Path) -> io::Result<Uploads> {
        let folder = absolute(folder);
        create(&folder, true)?;
        for entry in fs::read_dir(&folder)?.filter_map(Result::ok) {
            let is_unfinished = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(UNFINISHED.as_bytes());
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            let age = changed.map(|changed| SystemTime::now().duration_since(changed));
            if is_unfinished && matches!(age, Ok(Ok(age)) if age > ABANDONED) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Uploads { folder })
    }

    pub fn begin(&self, max_bytes: u64) -> io::Result<Upload> {
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        Ok(Upload {
            folder: self.folder.clone(),
            file,
            hasher: blake3::Hasher::new(),
            bytes: 0,
            max_bytes,
        })
    }

    /// The files of a document, by name; none: it was not uploaded.
    pub fn files(&self, blake3: &str) -> io::Result<Vec<PathBuf>> {
        if !is_hash(blake3) {
            return Ok(Vec::new());
        }
        names(&self.folder.join(blake3))
    }
}

/// Whether the text is a BLAKE3 hash as [`super::hash`] writes it.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl Upload {
    /// Appends bytes. `Err` where the document is too large by now.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.max_bytes {
            return Err(UploadError::TooLarge(self.max_bytes));
        }
        self.hasher.update(bytes);
        Ok(self.file.write_all(bytes)?)
    }

    /// Stores the document under a name. Where the same bytes were uploaded before, the
    /// earlier file stays as it is.
    pub fn store(self, name: &str) -> Result<Uploaded, UploadError> {
        check_name(name)?;
        if self.bytes == 0 {
            return Err(UploadError::Empty);
        }
        let blake3 = self.hasher.finalize().to_hex().to_string();
        let place = self.folder.join(&blake3);
        let is_new = names(&place)?.is_empty();
        if is_new {
            self.file.as_file().sync_all()?;
            create(&place, false)?;
            let stored = self.file.persist(place.join(name));
            stored.map_err(|error| error.error)?;
            // The names survive a power cut too.
            File::open(&place)?.sync_all()?;
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(Uploaded {
            blake3,
            bytes: self.bytes,
            is_new,
        })
    }
}

/// `Err` for what is not the plain name of a visible file.
pub fn check_name(name: &str) -> Result<(), UploadError> {
    let why = match name {
        "" => "is missing",
        name if name.len() > LONGEST_NAME => "is longer than 200 bytes",
        name if name.starts_with('.') => "begins with a dot",
        name if name.contains(['/', '\\']) => "has a slash or backslash",
        name if name.chars().any(char::is_control) => "has a control character",
        _ => return Ok(()),
    };
    Err(UploadError::Name(why))
}

fn create(folder: &Path, and_above: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    match builder.recursive(and_above).mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// The files of a folder, by name; none where there is no such folder.
fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry?.path());
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(uploads: &Uploads, name: &str, bytes: &[u8]) -> Result<Uploaded, UploadError> {
        let mut upload = uploads.begin(8)?;
        for part in bytes.chunks(3) {
            upload.write(part)?;
        }
        upload.store(name)
    }

    #[test]
    fn a_document_is_stored_once_under_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(&folder.path().join("in")).unwrap();
        let first = upload(&uploads, "a.pdf", b"content").unwrap();
        let again = upload(&uploads, "b.pdf", b"content").unwrap();
        assert_eq!((first.is_new, again.is_new), (true, false));
        assert_eq!(first.blake3, again.blake3);
        assert_eq!(first.blake3, super::super::hash(b"content"));
        let files = uploads.files(&first.blake3).unwrap();
        assert_eq!(
            files,
            [folder.path().join("in").join(&first.blake3).join("a.pdf")]
        );
        assert_eq!(fs::read(&files[0]).unwrap(), b"content");
    }

    #[test]
    fn what_is_refused_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path()).unwrap();
        let refused = |name: &str, bytes: &[u8]| upload(&uploads, name, bytes).unwrap_err();
        assert!(matches!(
            refused("a.pdf", b"too large"),
            UploadError::TooLarge(8)
        ));
        assert!(matches!(refused("a.pdf", b""), UploadError::Empty));
        for name in [
            "",
            ".",
            "..",
            ".hidden",
            "../a",
            "/a",
            "a/b",
            "a\\b",
            "a\0",
            "a\nb",
            &"x".repeat(201),
        ] {
            assert!(
                matches!(refused(name, b"x"), UploadError::Name(_)),
                "{name}"
            );
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_hashes_name_documents() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(&folder.path().join("in")).unwrap();
        fs::create_dir(folder.path().join("other")).unwrap();
        fs::write(folder.path().join("other/file"), "x").unwrap();
        for id in ["../other", "", ".", &"A".repeat(64), &"a".repeat(64)] {
            assert_eq!(uploads.files(id).unwrap(), Vec::<PathBuf>::new(), "{id}");
        }
    }
}
