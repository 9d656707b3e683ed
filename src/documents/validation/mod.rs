//! Turns the readings of pages into checked records: pages are joined, values
//! typed, schema and arithmetic checked, and each value is looked up in the
//! page's text.
//!
//! Pure: the same pages give the same records.

mod assemble;
mod carried;
mod checks;
mod context;
mod embedded;
mod evidence;
mod finish;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod identifiers;
mod printed;
mod recheck;
mod values;
mod words;

use crate::documents::types::DocTypes;
use crate::domain::{Finding, FindingCode, PageResult, Record, Status};
use finish::finish;

pub use context::{Context, EmbeddedInvoice};
pub use recheck::{corrected, set};

/// The records of one document, in the order of their first pages. Every page
/// is in exactly one record. How sure the reader was of its values is not
/// judged here but by the acceptance policy.
pub fn records(types: &DocTypes, pages: &[PageResult], context: &Context) -> Vec<Record> {
    let mut records: Vec<Record> = match &context.einvoice {
        Some(stated) => vec![embedded::record(types, pages, stated, context)],
        None => assemble::drafts(types, pages)
            .into_iter()
            .map(|draft| {
                let doc_type = draft.doc_type.as_deref().and_then(|name| types.get(name));
                let sure = type_probability(pages, &draft.pages);
                finish(doc_type, draft, pages, sure, context)
            })
            .collect(),
    };
    name_failed_pages(&mut records, pages);
    records
}

/// The least probability that routing gave the type of these pages.
fn type_probability(pages: &[PageResult], of: &[u32]) -> Option<f32> {
    pages
        .iter()
        .filter(|page| of.contains(&page.index))
        .filter_map(|page| page.routing.as_ref())
        .filter(|routing| !routing.forced)
        .filter_map(|routing| {
            let name = routing.verdict.as_ref().ok()?;
            let mut types = routing.probabilities.iter();
            types.find(|(known, _)| known == name).map(|(_, p)| *p)
        })
        .reduce(f32::min)
}

/// A document with a page that could not be read is never accepted: what the
/// page held may belong to any of its records.
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
