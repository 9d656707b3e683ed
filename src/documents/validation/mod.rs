//! Makes checked records of the readings of pages: joins pages, converts values to the
//! schema's forms, checks schema and arithmetic, and looks each value up in the page's
//! text.
//!
//! No I/O; the same pages give the same records.

mod assemble;
mod carried;
mod cells;
mod checks;
mod context;
mod embedded;
mod evidence;
mod finish;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod identifiers;
mod legal_forms;
mod parties;
mod printed;
mod recheck;
mod relined;
mod rows;
mod totals;
mod values;
mod words;

use crate::documents::types::DocTypes;
use crate::domain::{
    DocType, Fields, Finding, FindingCode, PageResult, PageRule, Reading, Record, Severity, Status,
};
use finish::finish;

pub use context::{Context, EmbeddedInvoice};
pub use evidence::place_of;
pub use recheck::{corrected, set};
pub use relined::relined;
pub use words::field as field_in_words;

/// The records of one document, in the order of their first pages. Every page
/// is in exactly one record, and every record within one part of the document. The
/// acceptance policy judges the reader's confidences later.
pub fn records(types: &DocTypes, pages: &[PageResult], context: &Context) -> Vec<Record> {
    let parts = pages.chunk_by(|a, b| a.part == b.part);
    parts
        .flat_map(|pages| records_of_part(types, pages, context))
        .collect()
}

fn records_of_part(types: &DocTypes, pages: &[PageResult], context: &Context) -> Vec<Record> {
    let part = pages.first().map(|page| page.part).unwrap_or_default();
    let mut records: Vec<Record> = match context.einvoices.get(&part) {
        Some(stated) => vec![embedded::record(types, pages, stated, context)],
        None => assemble::drafts(types, pages)
            .into_iter()
            .map(|draft| {
                let doc_type = draft.doc_type.as_deref().and_then(|name| types.get(name));
                let sure = type_probability(pages, &draft.pages);
                let mut record = finish(doc_type, draft, pages, sure, context);
                add_page_findings(&mut record, pages);
                record
            })
            .collect(),
    };
    name_failed_pages(&mut records, pages);
    records
}

/// The joined values of the readings of a record's pages, as the reader wrote them.
pub fn joined_readings(doc_type: &DocType, readings: Vec<Reading>) -> Fields {
    let page = |reading| PageResult {
        index: 0,
        part: 0,
        routing: None,
        words: Vec::new(),
        reading: Ok(Some(reading)),
        ocr: Vec::new(),
        findings: Vec::new(),
    };
    let pages: Vec<PageResult> = readings.into_iter().map(page).collect();
    let last = match doc_type.read.as_ref().map(|rules| &rules.pages) {
        Some(PageRule::Merge { last, .. }) => last.as_slice(),
        _ => &[],
    };
    assemble::joined(&pages, last)
}

/// Lowest probability (0 to 1) that the router gives the type on one of these pages;
/// `None` where the user gave the type.
fn type_probability(pages: &[PageResult], of: &[u32]) -> Option<f32> {
    pages
        .iter()
        .filter(|page| of.contains(&page.index))
        .filter_map(|page| page.routing.as_ref())
        .filter(|routing| !routing.forced)
        .filter_map(|routing| {
            let name = routing.doc_type.as_ref().ok()?;
            let mut types = routing.probabilities.iter();
            types.find(|(known, _)| known == name).map(|(_, p)| *p)
        })
        .reduce(f32::min)
}

/// What the looks of its pages say of a record that was read from them.
fn add_page_findings(record: &mut Record, pages: &[PageResult]) {
    let of_record = |page: &&PageResult| record.pages.contains(&page.index);
    let of_record: Vec<_> = pages.iter().filter(of_record).collect();
    for finding in of_record.iter().flat_map(|page| &page.findings) {
        match finding.severity {
            Severity::Info => record.findings.push(finding.clone()),
            _ => record.flag_for_review(finding.clone()),
        }
    }
}

/// Adds a finding to the records of a document or part with a page that could not be
/// read, since its values may belong to any of them. They are never accepted.
fn name_failed_pages(records: &mut [Record], pages: &[PageResult]) {
    let failed: Vec<_> = pages
        .iter()
        .filter_map(|page| Some((page.index, page.reading.as_ref().err()?)))
        .collect();
    for record in records {
        for (index, failure) in &failed {
            if record.pages.contains(index) && record.status == Status::Failed {
                continue;
            }
            let message = format!(
                "page {} of the document could not be read ({})",
                index + 1,
                failure.reason
            );
            record.flag_for_review(Finding::new(FindingCode::PageFailed, None, message));
        }
    }
}

#[cfg(test)]
mod field_reports;
#[cfg(test)]
mod tests;
