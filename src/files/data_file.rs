//! Recognises files that hold data or settings. In a folder of documents they are skipped:
//! most are docmill's own exports, reports and settings.

use std::path::Path;

use crate::domain::{Failure, Reason};

/// Endings of file names, in lower case. Kinds that people send documents as (office
/// documents, web pages) are not among them.
const ENDINGS: [&str; 17] = [
    "beancount",
    "csv",
    "db",
    "db-journal",
    "db-shm",
    "db-wal",
    "ini",
    "journal",
    "json",
    "jsonl",
    "log",
    "ndjson",
    "prom",
    "toml",
    "tsv",
    "yaml",
    "yml",
];

/// What each of docmill's HTML pages has in its head.
const GENERATOR: &[u8] = b"<meta name=\"generator\" content=\"docmill\">";

/// Whether a file that was rejected holds data or settings: no document can be read from its
/// content, and its name, or the mark in a page of docmill's own, says so. `bytes`: empty
/// where it was not read.
pub fn is_data(path: &Path, bytes: &[u8], rejected: &Failure) -> bool {
    let is_unread = matches!(
        rejected.reason,
        Reason::UnsupportedType | Reason::EmptyFile | Reason::TooLarge
    );
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let ending = ending.to_lowercase();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    is_unread
        && match ending.as_str() {
            "html" => has_generator(bytes),
            // A batch for the target `xlsx`.
            "xlsx" => name.starts_with("docmill-xlsx-"),
            ending => ENDINGS.contains(&ending),
        }
}

fn has_generator(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1024)];
    head.windows(GENERATOR.len()).any(|part| part == GENERATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_and_settings_are_data_and_what_people_send_is_not() {
        let page = [&b"<!doctype html><head>"[..], GENERATOR].concat();
        let unsupported = Failure::new(Reason::UnsupportedType, "");
        for (name, bytes, expected) in [
            ("rows.lines.csv", &b"id,path"[..], true),
            ("night.JSON", b"{}", true),
            ("accounts.toml", b"", true),
            ("m.prom", b"", true),
            ("docmill-xlsx-000003.xlsx", b"PK", true),
            ("invoice.xlsx", b"PK", false),
            ("night.html", &page, true),
            ("receipt.html", b"<html>", false),
            ("letter.docx", b"PK", false),
            ("scan", b"?", false),
        ] {
            assert_eq!(
                is_data(Path::new(name), bytes, &unsupported),
                expected,
                "{name}"
            );
        }
        let empty = Failure::new(Reason::EmptyFile, "");
        assert!(is_data(Path::new("run.log"), b"", &empty));
        // A damaged PDF under such a name is a document.
        let corrupt = Failure::new(Reason::Corrupt, "");
        assert!(!is_data(Path::new("a.csv"), b"%PDF-", &corrupt));
    }
}
