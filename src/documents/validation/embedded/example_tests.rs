//! The official example invoices, where they are at hand:
//!
//! ```text
//! DOCMILL_EXAMPLES=DIR cargo test --release --lib embedded::example -- --ignored --nocapture
//! ```
//!
//! `DIR` holds XML files of github.com/ConnectingEurope/eInvoicing-EN16931 (`cii/examples`,
//! `ubl/examples`, `test/testfiles`), github.com/OpenPEPPOL/peppol-bis-invoice-3
//! (`rules/examples`, `rules/national-examples`, `rules/snippets`) and
//! github.com/itplr-kosit/xrechnung-testsuite (`src/test`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::tests::record_at;
use crate::domain::{FindingCode, Severity};

/// What valid examples never have: their totals hold, and so do their rates.
const FALSE_ALARMS: [FindingCode; 4] = [
    FindingCode::SumMismatch,
    FindingCode::TaxRate,
    FindingCode::EinvoiceValue,
    FindingCode::Missing,
];

fn xml_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_xml = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
        match path.is_dir() {
            true => xml_files(&path, into),
            false if is_xml => into.push(path),
            false => {}
        }
    }
}

#[test]
#[ignore = "needs the official examples in DOCMILL_EXAMPLES"]
fn valid_examples_have_no_finding_about_their_totals_and_rates() {
    let folder = std::env::var_os("DOCMILL_EXAMPLES").expect("DOCMILL_EXAMPLES names a folder");
    let mut files = Vec::new();
    xml_files(Path::new(&folder), &mut files);
    assert!(!files.is_empty(), "{} has no XML files", folder.display());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for file in &files {
        let record = record_at(&std::fs::read(file).unwrap(), jiff::civil::date(2026, 1, 1));
        for finding in &record.findings {
            let name = format!("{:?} {}", finding.severity, finding.code.as_str());
            *counts.entry(name).or_default() += 1;
            if FALSE_ALARMS.contains(&finding.code) && finding.severity > Severity::Info {
                wrong.push(format!("{}: {}", file.display(), finding.message));
            }
        }
    }
    eprintln!("{} files: {counts:#?}", files.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
