//! Corrects the names and VAT identifiers of seller and buyer by the page's labels and
//! addresses. Only for answers that copy the page's text.
//!
//! A reader takes a line of an address for a name, or one party for the other. Where the
//! page leaves no choice, the value is corrected, with a finding that sends the record
//! to review.

mod lines;
mod names;
mod on_pages;
#[cfg(test)]
mod tests;
mod vat_ids;

use super::evidence::TextSources;
use crate::domain::{DocType, Fields, Finding};
use on_pages::{OnPages, PartyPage};

/// Corrects the parties of a record. Adds a finding for each change.
pub fn correct(
    doc_type: &DocType,
    fields: &mut Fields,
    sources: &TextSources,
    findings: &mut Vec<Finding>,
) {
    let pages: Vec<PartyPage> = sources.preferred().iter().map(PartyPage::of).collect();
    let Some(on_pages) = OnPages::of(doc_type, &pages) else {
        return;
    };
    names::correct(&on_pages, fields, findings);
    findings.extend(vat_ids::assign(&on_pages, fields));
}
