//! Repairs the lines of a list by the rows of the page on which they stand, where the
//! page or arithmetic leaves no choice. Only for answers that copy the page's text.

mod adding_up;
mod descriptions;
mod factors;
mod missing;
mod quantities;
mod table;

use super::assemble::Draft;
use super::evidence::TextSources;
use crate::domain::{DocType, Finding};
use table::products;

/// Repairs the draft's lists, whose values are in the schema's forms. `sources`
/// are those of the record. Adds a finding for each change; findings about a list follow its lines.
pub fn repair(
    doc_type: &DocType,
    draft: &mut Draft,
    sources: &TextSources,
    findings: &mut Vec<Finding>,
) {
    findings.extend(quantities::correct(doc_type, &mut draft.fields, sources));
    adding_up::replace(doc_type, draft, sources, findings);
    findings.extend(descriptions::complete(doc_type, &mut draft.fields, sources));
    for product in products(doc_type) {
        findings.extend(factors::complete(
            doc_type,
            &mut draft.fields,
            sources,
            &product,
        ));
        missing::add(doc_type, draft, sources, &product, findings);
    }
}

#[cfg(test)]
mod tests;
