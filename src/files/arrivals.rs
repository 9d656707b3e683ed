//! Files that arrive in folders: a file is read when it has not changed for a while.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Walk, absolute, own_files};

/// Changes with every write, and when another file takes the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ArrivalStamp {
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds: of the content, and of the name or content.
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What was seen in a folder and below.
#[derive(Debug)]
pub struct Seen {
    files: HashMap<PathBuf, ArrivalStamp>,
    /// Folders that are not there, or cannot be listed.
    pub missing: Vec<PathBuf>,
}

/// Looks at folders as a run walks them: without hidden files and the database.
pub fn look(folders: &[PathBuf], database: &Path) -> Seen {
    let own = own_files(database);
    let mut seen = Seen {
        files: HashMap::new(),
        missing: Vec::new(),
    };
    for folder in folders {
        if std::fs::read_dir(folder).is_err() {
            seen.missing.push(folder.clone());
            continue;
        }
        let files = Walk::new(absolute(folder)).flatten();
        let files = files.filter(|path| !own.contains(path));
        let stamped = files.filter_map(|path| Some((stamp(&path)?, path)));
        seen.files
            .extend(stamped.map(|(stamp, path)| (path, stamp)));
    }
    seen
}

fn stamp(path: &Path) -> Option<ArrivalStamp> {
    let metadata = path.metadata().ok()?;
    Some(ArrivalStamp {
        inode: metadata.ino(),
        bytes: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// Which files were read, and which are still being written.
#[derive(Debug, Default)]
pub struct Arrivals {
    read: HashMap<PathBuf, ArrivalStamp>,
    /// With the time at which they were first seen like this.
    waiting: HashMap<PathBuf, (ArrivalStamp, Instant)>,
}

impl Arrivals {
    /// The new and changed files that have not changed for `settle`, by name. They count as
    /// read from now on.
    pub fn settled(&mut self, seen: Seen, now: Instant, settle: Duration) -> Vec<PathBuf> {
        // A folder that is back has the files that it had.
        let is_there = |path: &Path| !seen.missing.iter().any(|folder| path.starts_with(folder));
        self.read
            .retain(|path, _| seen.files.contains_key(path) || !is_there(path));
        let before = std::mem::take(&mut self.waiting);
        let mut settled = Vec::new();
        for (path, stamp) in seen.files {
            if self.read.get(&path) == Some(&stamp) {
                continue;
            }
            let since = match before.get(&path) {
                Some((known, since)) if *known == stamp => *since,
                _ => now,
            };
            if now.duration_since(since) >= settle {
                self.read.insert(path.clone(), stamp);
                settled.push(path);
            } else {
                self.waiting.insert(path, (stamp, since));
            }
        }
        settled.sort();
        settled
    }

    /// Whether a file is still being written.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Files that were not read after all: they are settled again.
    pub fn put_back(&mut self, files: &[PathBuf]) {
        for file in files {
            self.read.remove(file);
        }
    }
}

#[cfg(test)]
#[path = "arrivals_tests.rs"]
mod tests;
