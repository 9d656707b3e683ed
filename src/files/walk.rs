//! Walks the files below a path in order, with memory that does not grow with a folder.

use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::unreadable;
use crate::domain::{Failure, Reason};

/// Most names of a folder in memory. A larger folder is listed again for each further
/// part, which takes little time compared with reading its files.
const NAMES: usize = 100_000;

pub type WalkEntry = Result<PathBuf, (PathBuf, Failure)>;

/// Walks folders by name, follows links and skips hidden entries.
pub struct Walk {
    root: Option<PathBuf>,
    /// The folders from the root to the current place.
    folders: Vec<Folder>,
    names: usize,
}

struct Folder {
    path: PathBuf,
    /// Device and inode: a folder that occurs within itself is a loop.
    id: (u64, u64),
    /// The next names in reverse order.
    next: Vec<OsString>,
    /// Whether there may be more names after these.
    rest: Rest,
}

enum Rest {
    After(Option<OsString>),
    None,
}

impl Walk {
    pub fn new(root: PathBuf) -> Walk {
        Walk::with(root, NAMES)
    }

    fn with(root: PathBuf, names: usize) -> Walk {
        Walk {
            root: Some(root),
            folders: Vec::new(),
            names,
        }
    }

    /// The entry of a file; `None` for a folder, which is walked next.
    fn enter(&mut self, path: PathBuf) -> Option<WalkEntry> {
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                let failure = unreadable(&path, &error);
                return Some(Err((path, failure)));
            }
        };
        if !metadata.is_dir() {
            return Some(Ok(path));
        }
        let id = (metadata.dev(), metadata.ino());
        if let Some(ancestor) = self.folders.iter().find(|folder| folder.id == id) {
            let message = format!(
                "a link that leads back to {}: remove the link, since what it names is read anyway",
                ancestor.path.display()
            );
            return Some(Err((path, Failure::new(Reason::Unreadable, message))));
        }
        self.folders.push(Folder {
            path,
            id,
            next: Vec::new(),
            rest: Rest::After(None),
        });
        None
    }
}

impl Iterator for Walk {
    type Item = WalkEntry;

    fn next(&mut self) -> Option<WalkEntry> {
        if let Some(root) = self.root.take()
            && let Some(entry) = self.enter(root)
        {
            return Some(entry);
        }
        loop {
            let folder = self.folders.last_mut()?;
            if let Some(name) = folder.next.pop() {
                let path = folder.path.join(name);
                match self.enter(path) {
                    Some(entry) => return Some(entry),
                    None => continue,
                }
            }
            match std::mem::replace(&mut folder.rest, Rest::None) {
                Rest::None => drop(self.folders.pop()),
                Rest::After(last) => {
                    if let Err(error) = folder.list(last.as_deref(), self.names) {
                        let mut failure = unreadable(&folder.path, &error);
                        failure.message.push_str("; what is in it was not seen");
                        return Some(Err((folder.path.clone(), failure)));
                    }
                }
            }
        }
    }
}

impl Folder {
    /// Lists the first `most` names after `last`.
    fn list(&mut self, last: Option<&OsStr>, most: usize) -> io::Result<()> {
        let mut first = BinaryHeap::with_capacity(most.min(1024));
        let mut is_whole = true;
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if name.as_bytes().starts_with(b".") || last.is_some_and(|last| *name <= *last) {
                continue;
            }
            first.push(name);
            if first.len() > most {
                first.pop();
                is_whole = false;
            }
        }
        self.next = first.into_sorted_vec();
        if !is_whole {
            self.rest = Rest::After(self.next.last().cloned());
        }
        self.next.reverse();
        Ok(())
    }
}

/// The absolute path that identifies a file. Links are not resolved, except those before a
/// `..`, which would otherwise lead elsewhere.
pub fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parts: Vec<Component> = absolute.components().collect();
    let Some(last) = parts.iter().rposition(|part| *part == Component::ParentDir) else {
        return absolute;
    };
    let (up, rest) = parts.split_at(last + 1);
    match up.iter().collect::<PathBuf>().canonicalize() {
        Ok(folder) => folder.join(rest.iter().collect::<PathBuf>()),
        Err(_) => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_dots_is_the_path_without() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(folder.join("a/b")).unwrap();
        assert_eq!(
            absolute(&folder.join("a/../a/b/../x.pdf")),
            folder.join("a/x.pdf")
        );
        assert_eq!(absolute(&folder.join("a/..")), folder);
        // What is not there cannot be known by another name.
        assert!(absolute(&folder.join("none/../x")).ends_with("none/../x"));
    }

    #[test]
    fn a_folder_larger_than_what_is_held_is_walked_in_order_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..23).map(|number| format!("{number:02}")).collect();
        for name in names.iter().rev() {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("11a")).unwrap();
        std::fs::write(folder.path().join("11a/x"), "x").unwrap();
        for held in [1, 2, 7, 24, 100] {
            let walk = Walk::with(folder.path().to_owned(), held);
            let found: Vec<_> = walk
                .map(|entry| {
                    entry
                        .unwrap()
                        .file_name()
                        .unwrap()
                        .to_string_lossy()
                        .into_owned()
                })
                .collect();
            let mut expected = names.clone();
            expected.insert(12, "x".to_owned());
            assert_eq!(found, expected, "{held} names held");
        }
    }

    #[test]
    fn a_file_that_vanishes_and_a_broken_link_do_not_end_the_walk() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink("nowhere", folder.path().join("bb")).unwrap();
        let mut walk = Walk::with(folder.path().to_owned(), 100);
        assert!(walk.next().unwrap().is_ok());
        std::fs::remove_file(folder.path().join("b")).unwrap();
        let rest: Vec<_> = walk.map(|entry| entry.is_ok()).collect();
        assert_eq!(rest, [false, false, true]);
    }
}
