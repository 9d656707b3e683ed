//! The interface of targets: accounting programs and file formats.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::bill::Bill;
use super::hold::{CORRECT, Hold, HoldCode};
use super::settings::SupplierSettings;
use crate::domain::money;
use crate::outputs::export::{FORMULA_SIGNS, UblResult};
use crate::store::DocumentId;

/// A bill that may be exported.
pub struct Candidate {
    pub bill: Bill,
    pub document: DocumentId,
    /// First path of the document, for people.
    pub path: String,
    /// Every path of the document.
    pub paths: Vec<PathBuf>,
    /// The source file beside the row; `None`: it is not asked for.
    pub file: Option<DocumentFile>,
    /// The bill as UBL; only for that target.
    pub ubl: Option<UblResult>,
}

/// A source file as it lies beside the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFile {
    /// Below the batch's folder, or in a zip there; equal contents have equal names.
    pub name: String,
    pub sha256: String,
    /// Number of its bytes.
    pub bytes: u64,
}

/// Source files by record.
pub type Documents = BTreeMap<i64, DocumentFile>;

/// Data about a batch for its files.
#[derive(Clone, Copy, Debug)]
pub struct BatchHeader {
    pub id: i64,
    /// Unix milliseconds.
    pub created_at: i64,
}

impl BatchHeader {
    /// Name of the batch's files without extension: `docmill-xero-000012`.
    pub fn stem(&self, target: &str) -> String {
        format!("docmill-{target}-{:06}", self.id)
    }
}

/// A file with its bills.
pub struct TargetFile {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Indices into the entries.
    pub bills: Vec<usize>,
}

impl TargetFile {
    /// The only file of a batch, with all of its entries.
    pub fn only(name: String, bytes: Vec<u8>, entries: usize) -> TargetFile {
        TargetFile {
            name,
            bytes,
            bills: (0..entries).collect(),
        }
    }
}

/// Writes bills for one accounting program.
pub trait Target {
    /// A bill in the form of the file.
    type Entry;

    /// A bill in the form of the file; `Err` where the format cannot state it exactly.
    /// `supplier`: the entry in accounts.toml, or why there is none.
    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<Self::Entry, Hold>;

    /// Moves the source files to where the program looks for them; they have names in the
    /// folder `documents`.
    fn place_documents(&self, _documents: &mut Documents, _batch: &BatchHeader) {}

    /// The files of a batch. The same entries always give the same bytes.
    fn files(
        &self,
        entries: &[(&Bill, Self::Entry)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>>;
}

/// Text for an importer's file, which may be opened in a spreadsheet before. It is never
/// changed: `Err` for text that a spreadsheet would run.
pub fn plain<'a>(what: &str, text: &'a str) -> Result<&'a str, Hold> {
    let start = text.trim_start();
    let is_number = Decimal::from_str_exact(start).is_ok() || start == "-";
    match start.starts_with(FORMULA_SIGNS) && !is_number {
        true => Err(Hold::new(
            HoldCode::Value,
            format!("{what} `{text}` would run as a formula in a spreadsheet"),
            CORRECT,
        )),
        false => Ok(text),
    }
}

/// `Err` for a text of more than `most` characters, since a shortened name or number would be
/// another one.
pub fn at_most<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str, Hold> {
    match text.chars().count() {
        length if length > most => Err(Hold::new(
            HoldCode::Value,
            format!("{what} `{text}` has {length} characters, at most {most} fit"),
            CORRECT,
        )),
        _ => Ok(text),
    }
}

pub fn not_supported(what: &str, remedy: &str) -> Hold {
    Hold::new(HoldCode::NotSupported, what, remedy)
}

/// `remedy`: what to add, and what it is for.
pub fn missing_setting(setting: &str, remedy: &str) -> Hold {
    let what = format!("accounts.toml has no {setting}");
    Hold::new(HoldCode::Setting, what, remedy)
}

/// A number without grouping, with as many decimals as it needs.
pub fn decimal(value: Decimal) -> String {
    value.normalize().to_string()
}

/// An amount with at least two decimals.
pub fn amount(value: Decimal) -> String {
    money(value)
}

pub fn iso(date: Date) -> String {
    date.to_string()
}

/// Rows as CSV by RFC 4180, with a heading.
pub fn csv(heading: &[&str], rows: &[Vec<String>]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(heading)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(writer.into_inner()?)
}

/// Groups entries into files of at most `most` rows; an entry's rows stay
/// together. Returns the indices of each file's entries.
pub fn by_rows(rows: &[(usize, usize)], most: usize) -> Vec<Vec<usize>> {
    let mut files: Vec<Vec<usize>> = Vec::new();
    let mut filled = most;
    for &(index, count) in rows {
        if filled + count > most || files.is_empty() {
            files.push(Vec::new());
            filled = 0;
        }
        filled += count;
        files.last_mut().expect("one was pushed").push(index);
    }
    files
}

/// File name: `stem.csv`, or `stem-1.csv`, `stem-2.csv` where there are several. `index`: from
/// 0.
pub fn numbered(stem: &str, index: usize, of: usize, extension: &str) -> String {
    match of {
        1 => format!("{stem}.{extension}"),
        _ => format!("{stem}-{}.{extension}", index + 1),
    }
}
