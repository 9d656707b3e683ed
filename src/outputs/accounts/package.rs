//! The zip of source files for DATEV (a Document-Package, sent with DATEV Belegtransfer): the
//! files and `document.xml`, which gives each the GUID that the postings have in Beleglink.
//! By the description of DATEV's XML interface 6.0 (docs/accounting-import-datev.md).
//!
//! Nothing is compressed and no clock is read, so that a batch always has the same bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::hold::{Hold, HoldCode};
use super::target::{DocumentFile, Documents, numbered};
use crate::domain::time::utc;

/// Extensions of files that DATEV takes as documents.
const EXTENSIONS: [&str; 9] = [
    "bmp", "gif", "jpeg", "jpg", "pdf", "png", "tif", "tiff", "xml",
];
/// Most bytes of a file.
const FILE: u64 = 20 << 20;
/// Bytes from which another package begins: far below DATEV's limit of 465 MB.
const PACKAGE: u64 = 100 << 20;
/// Most files of a package.
const FILES: usize = 4_999;

/// The end of a package's name, before the name of a file in it.
const IN_PACKAGE: &str = ".zip/";

/// The package and the name in it of a source file `X.zip/Y`; `None`: it lies in a folder.
pub fn in_package(name: &str) -> Option<(String, &str)> {
    let (stem, inner) = name.split_once(IN_PACKAGE)?;
    Some((format!("{stem}.zip"), inner))
}

/// `Err` for a file that DATEV does not take.
pub fn check(file: &DocumentFile) -> Result<(), Hold> {
    let remedy = "enter the bill by hand, or export without --with-documents";
    let extension = file.name.rsplit_once('.').map(|(_, extension)| extension);
    if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
        let known = EXTENSIONS.join(", ");
        let what = format!("DATEV takes only files of the types {known} as documents");
        return Err(Hold::new(HoldCode::Document, what, remedy));
    }
    if file.bytes > FILE {
        let what = "the file has more than 20 MiB, which DATEV does not take";
        return Err(Hold::new(HoldCode::Document, what, remedy));
    }
    Ok(())
}

/// Moves the files into packages `stem.zip`, or `stem-1.zip`, `stem-2.zip`.
pub fn assign(files: &mut Documents, stem: &str) {
    let sizes: BTreeMap<String, u64> = files
        .values()
        .map(|file| (file.name.clone(), file.bytes))
        .collect();
    let (mut places, mut package, mut filled, mut count) = (BTreeMap::new(), 0, 0, 0);
    for (name, bytes) in sizes {
        if count > 0 && (filled + bytes > PACKAGE || count == FILES) {
            (package, filled, count) = (package + 1, 0, 0);
        }
        (filled, count) = (filled + bytes, count + 1);
        places.insert(name, package);
    }
    for file in files.values_mut() {
        let zip = numbered(stem, places[&file.name], package + 1, "zip");
        let own = file.name.rsplit('/').next().unwrap_or_default();
        file.name = format!("{zip}/{own}");
    }
}

/// The GUID of a document, from its BLAKE3 (hex): version 8 of RFC 9562, whose other bits are
/// the program's own.
pub fn guid(blake3: &str) -> String {
    let mut digits: Vec<char> = blake3.chars().take(32).collect();
    digits.resize(32, '0');
    digits[12] = '8';
    let variant = digits[16].to_digit(16).unwrap_or(0) & 3 | 8;
    digits[16] = char::from_digit(variant, 16).unwrap_or('8');
    let text: String = digits.iter().collect::<String>().to_uppercase();
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    parts.join("-")
}

/// A source file in a package.
pub struct Packed<'a> {
    pub name: &'a str,
    /// BLAKE3 (hex).
    pub blake3: &'a str,
    pub bytes: Vec<u8>,
}

/// The bytes of a package. `created_at`: of the batch, in Unix milliseconds.
pub fn package(files: &[Packed], created_at: i64) -> anyhow::Result<Vec<u8>> {
    let description = description(files, created_at);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The time of a file is the first that a zip knows.
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let described = [("document.xml", description.as_bytes())];
    let sources = files.iter().map(|file| (file.name, file.bytes.as_slice()));
    for (name, content) in described.into_iter().chain(sources) {
        zip.start_file(name, stored)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// `document.xml`. Each file is a document of the archive (process 1) without a type: a type
/// would put it among the bills to enter, which the postings are already.
fn description(files: &[Packed], created_at: i64) -> String {
    let date = utc(created_at).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let documents: String = files
        .iter()
        .map(|file| {
            format!(
                "    <document guid=\"{}\" processID=\"1\">\n      <extension xsi:type=\"File\" name=\"{}\"/>\n    </document>\n",
                guid(file.blake3),
                file.name
            )
        })
        .collect();
    let namespace = "http://xml.datev.de/bedi/tps/document/v06.0";
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <archive xmlns=\"{namespace}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"{namespace} Document_v060.xsd\" version=\"6.0\" generatingSystem=\"docmill\">\n\
         \x20 <header>\n    <date>{date}</date>\n  </header>\n  <content>\n{documents}  </content>\n</archive>\n"
    )
}

#[cfg(test)]
#[path = "package_tests.rs"]
mod tests;
