use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use super::*;

fn names(found: impl Iterator<Item = FoundFile>) -> Vec<(Vec<u8>, Result<usize, Reason>)> {
    found
        .map(|f| {
            let name = f.path.file_name().unwrap().as_bytes().to_vec();
            (
                name,
                f.outcome
                    .map(|bytes| bytes.len())
                    .map_err(|failure| failure.reason),
            )
        })
        .collect()
}

#[test]
fn folders_are_walked_in_order_without_hidden_files_and_the_database() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("b")).unwrap();
    fs::create_dir(dir.path().join("c.pdf")).unwrap();
    for name in [
        "z.pdf", "b/2.png", "b/1.png", ".hidden", "a.jpg", "d.db", "d.db-wal", "d.db.pdf",
    ] {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    let found = walk(&[dir.path().to_owned()], 10, &dir.path().join("d.db"));
    let names: Vec<_> = names(found)
        .into_iter()
        .map(|(name, _)| String::from_utf8(name).unwrap())
        .collect();
    assert_eq!(names, ["a.jpg", "1.png", "2.png", "d.db.pdf", "z.pdf"]);
}

#[test]
fn each_bad_file_has_its_reason_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("0"), "").unwrap();
    fs::write(dir.path().join("1"), "0123456789").unwrap();
    fs::write(dir.path().join("2"), "0123456789+").unwrap();
    std::os::unix::net::UnixListener::bind(dir.path().join("3")).unwrap();
    let found = walk(
        &[dir.path().to_owned(), dir.path().join("missing")],
        10,
        Path::new("x.db"),
    );
    let outcomes: Vec<_> = names(found)
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect();
    let expected = [
        Err(Reason::EmptyFile),
        Ok(10),
        Err(Reason::TooLarge),
        Err(Reason::NotAFile),
        Err(Reason::Unreadable),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn a_name_that_is_not_utf8_survives() {
    let dir = tempfile::tempdir().unwrap();
    let name = OsStr::from_bytes(b"Rechnung f\xfcr M\xfcller.pdf");
    fs::write(dir.path().join(name), "%PDF").unwrap();
    let found: Vec<_> = walk(&[dir.path().to_owned()], 10, Path::new("x.db")).collect();
    assert_eq!(found[0].path.file_name(), Some(name));
    assert!(found[0].outcome.is_ok());
}

#[test]
fn a_link_that_leads_back_ends_the_branch_not_the_walk() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("a")).unwrap();
    fs::write(dir.path().join("b"), "x").unwrap();
    let outcomes: Vec<_> = names(walk(&[dir.path().to_owned()], 10, Path::new("x.db")))
        .into_iter()
        .map(|(_, o)| o)
        .collect();
    assert_eq!(outcomes, [Err(Reason::Unreadable), Ok(1)]);
}

#[test]
fn the_remedy_is_that_of_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    let messages: Vec<_> = walk(
        &[dir.path().to_owned(), dir.path().join("missing")],
        10,
        Path::new("x.db"),
    )
    .map(|found| found.outcome.unwrap_err().message)
    .collect();
    let gone = "the file is gone: put it back, or run again over the folder";
    assert_eq!(messages, ["the link points to nothing: remove it", gone]);
    let message = |kind: ErrorKind| unreadable(dir.path(), &kind.into()).message;
    assert!(message(ErrorKind::PermissionDenied).contains("let the user"));
    assert!(!message(ErrorKind::ResourceBusy).contains("let the user"));
}

#[test]
fn a_folder_that_cannot_be_listed_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // root may list every folder: this thread looks as nobody.
    // SAFETY: it changes this thread's own file-system user.
    let root = unsafe { libc::setfsuid(65_534) };
    let found = walk(&[dir.path().to_owned()], 10, Path::new("x.db")).next();
    // SAFETY: as above.
    unsafe { libc::setfsuid(root.cast_unsigned()) };
    let message = found.unwrap().outcome.unwrap_err().message;
    assert!(message.contains("let the user") && message.ends_with("what is in it was not seen"));
}
