use std::fs;

use super::*;

const SETTLE: Duration = Duration::from_secs(2);

struct Folder {
    _dir: tempfile::TempDir,
    path: PathBuf,
    arrivals: Arrivals,
    start: Instant,
}

impl Folder {
    fn new() -> Folder {
        let dir = tempfile::tempdir().unwrap();
        Folder {
            path: dir.path().canonicalize().unwrap(),
            _dir: dir,
            arrivals: Arrivals::default(),
            start: Instant::now(),
        }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path.join(name), text).unwrap();
    }

    /// Names of what is settled after so many seconds.
    fn at(&mut self, seconds: u64) -> Vec<String> {
        let seen = look(
            std::slice::from_ref(&self.path),
            &self.path.join("docmill.db"),
        );
        let now = self.start + Duration::from_secs(seconds);
        let settled = self.arrivals.settled(seen, now, SETTLE);
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        settled.iter().map(name).collect()
    }
}

#[test]
fn a_file_is_read_once_it_has_not_changed_for_a_while() {
    let mut folder = Folder::new();
    assert_eq!(folder.at(0), [""; 0]);
    assert!(!folder.arrivals.is_waiting());
    folder.write("b.pdf", "half");
    folder.write("a.pdf", "whole");
    assert_eq!(folder.at(1), [""; 0]);
    assert!(folder.arrivals.is_waiting());
    folder.write("b.pdf", "half and half");
    assert_eq!(
        folder.at(3),
        ["a.pdf"],
        "the other one is still being written"
    );
    assert_eq!(folder.at(4), [""; 0]);
    assert_eq!(folder.at(5), ["b.pdf"]);
    assert_eq!(folder.at(60), [""; 0]);
}

#[test]
fn changed_replaced_and_returned_files_are_read_again_and_own_ones_never() {
    let mut folder = Folder::new();
    for name in ["a.pdf", ".hidden.pdf", "docmill.db", "docmill.db-wal"] {
        folder.write(name, "x");
    }
    folder.at(0);
    assert_eq!(folder.at(2), ["a.pdf"]);
    // Another file of the same size takes its name.
    folder.write("part", "y");
    fs::rename(folder.path.join("part"), folder.path.join("a.pdf")).unwrap();
    folder.at(3);
    assert_eq!(folder.at(5), ["a.pdf"]);
    fs::remove_file(folder.path.join("a.pdf")).unwrap();
    assert_eq!(folder.at(6), [""; 0]);
    folder.write("a.pdf", "y");
    folder.at(7);
    assert_eq!(folder.at(9), ["a.pdf"]);
    folder.arrivals.put_back(&[folder.path.join("a.pdf")]);
    folder.at(10);
    assert_eq!(folder.at(12), ["a.pdf"], "it could not be read before");
}

#[test]
fn a_folder_that_vanishes_and_is_back_is_not_read_anew() {
    let mut folder = Folder::new();
    fs::create_dir(folder.path.join("in")).unwrap();
    let root = folder.path.clone();
    folder.path = root.join("in");
    folder.write("a.pdf", "x");
    folder.at(0);
    assert_eq!(folder.at(2), ["a.pdf"]);
    fs::rename(root.join("in"), root.join("away")).unwrap();
    let seen = look(std::slice::from_ref(&folder.path), Path::new("docmill.db"));
    assert_eq!(seen.missing, [folder.path.clone()]);
    assert_eq!(folder.at(3), [""; 0]);
    fs::rename(root.join("away"), root.join("in")).unwrap();
    folder.write("b.pdf", "x");
    folder.at(4);
    assert_eq!(folder.at(6), ["b.pdf"]);
}
