//! Assigns pages to records, and chooses among the values of their pages.

mod draft;
mod key;

use serde_json::Value;

use crate::documents::types::DocTypes;
use crate::domain::{
    FieldLogprob, FieldPath, Fields, Finding, FindingCode, PageResult, PageRule, Reading, count,
};
pub use draft::Draft;
use key::PageRelation;

pub fn drafts(types: &DocTypes, pages: &[PageResult]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    // The draft that a following page of its type may join. An unread page, such as a
    // sheet of terms, does not end it.
    let mut open: Option<usize> = None;
    for page in pages {
        match &page.reading {
            Err(failure) => drafts.push(Draft {
                pages: vec![page.index],
                findings: vec![Finding::new(
                    FindingCode::PageFailure(failure.reason),
                    None,
                    failure.message.clone(),
                )],
                failed: true,
                ..Draft::default()
            }),
            Ok(None) => drafts.push(unread(page)),
            Ok(Some(reading)) => place(&mut drafts, &mut open, types, pages, page, reading),
        }
    }
    drafts
}

/// Adds a page to the open record or begins a new record with it.
fn place(
    drafts: &mut Vec<Draft>,
    open: &mut Option<usize>,
    types: &DocTypes,
    pages: &[PageResult],
    page: &PageResult,
    reading: &Reading,
) {
    let routing = page.routing.as_ref();
    let doc_type = routing.and_then(|routing| routing.doc_type.as_deref().ok());
    let rules = doc_type.and_then(|name| types.get(name)?.read.as_ref());
    let mut draft = Draft {
        doc_type: Some(doc_type.unwrap_or_default().to_owned()),
        ..Draft::default()
    };
    let before = open
        .map(|at| &mut drafts[at])
        .filter(|before| before.doc_type == draft.doc_type);
    if let (Some(before), Some(PageRule::Merge { last, key })) = (before, rules.map(|r| &r.pages)) {
        let relation = match key {
            Some(key) => key::compare(before, pages, page, reading, key, last),
            None => PageRelation::Same(None),
        };
        match relation {
            PageRelation::Same(finding) => {
                before.findings.extend(finding);
                return join(before, page, reading, last);
            }
            PageRelation::SameCorrected(key) => {
                before.fields[key] = Value::Null;
                return join(before, page, reading, last);
            }
            PageRelation::Another(finding) => draft.findings.extend(finding),
        }
    }
    join(&mut draft, page, reading, &[]);
    *open = Some(drafts.len());
    drafts.push(draft);
}

/// The values of all pages as one document.
pub fn joined(pages: &[PageResult], last: &[String]) -> Fields {
    let mut draft = Draft::default();
    for page in pages {
        if let Ok(Some(reading)) = &page.reading {
            join(&mut draft, page, reading, last);
        }
    }
    draft.fields
}

fn unread(page: &PageResult) -> Draft {
    if page.findings.iter().any(|f| f.code == FindingCode::Blank) {
        return Draft {
            pages: vec![page.index],
            ..Draft::default()
        };
    }
    let why = match page.routing.as_ref().map(|routing| &routing.doc_type) {
        Some(Err(why)) => why.clone(),
        _ => "the page was not read".to_owned(),
    };
    let message = format!("{why}; if it is a document, run `docmill retry ID --type TYPE`");
    let finding = Finding::new(FindingCode::TypeUnknown, None, message);
    Draft {
        pages: vec![page.index],
        findings: vec![finding],
        ..Draft::default()
    }
}

/// Joins a page to a draft: the first value that is not null, lists joined, the fields
/// in `last` from the last page that has them. Confidences follow their values.
fn join(draft: &mut Draft, page: &PageResult, reading: &Reading, last: &[String]) {
    draft.pages.push(page.index);
    for (field, value) in &reading.fields {
        match (draft.fields.get_mut(field), value) {
            (Some(Value::Array(list)), Value::Array(more)) => {
                let offset = list.len();
                list.extend(more.iter().cloned());
                take_list_confidence(draft, reading, field, offset);
            }
            (Some(known), new) if !known.is_null() && (new.is_null() || !last.contains(field)) => {}
            (_, new) => {
                draft.fields.insert(field.clone(), new.clone());
                draft
                    .confidence
                    .retain(|(name, _)| FieldPath::parse(name).root() != field);
                draft
                    .logprobs
                    .retain(|p| FieldPath::parse(&p.field).root() != field);
                let of_field = reading
                    .logprobs
                    .iter()
                    .filter(|p| FieldPath::parse(&p.field).root() == field);
                for logprob in of_field {
                    take_confidence(draft, logprob.clone());
                }
            }
        }
    }
    draft.verbatim |= reading.verbatim;
    if reading.unsure {
        let message = format!(
            "page {}: the reader reports no probabilities; compare its values with the page",
            page.index + 1
        );
        draft
            .findings
            .push(Finding::new(FindingCode::NoConfidence, None, message));
    }
    for repetition in &reading.repetitions {
        let message = format!(
            "the model repeated itself in {} on page {}: {} kept and {} left out; check the list",
            repetition.field,
            page.index + 1,
            count(u64::from(repetition.kept), "line"),
            count(u64::from(repetition.removed), "repeated one")
        );
        draft.findings.push(Finding::new(
            FindingCode::ListRepeats,
            Some(&repetition.field),
            message,
        ));
    }
}

fn take_confidence(draft: &mut Draft, logprob: FieldLogprob) {
    draft
        .confidence
        .push((logprob.field.clone(), logprob.probability()));
    draft.logprobs.push(logprob);
}

/// Adds the confidences of lines under their numbers in the joined list.
fn take_list_confidence(draft: &mut Draft, reading: &Reading, field: &str, offset: usize) {
    for probability in &reading.logprobs {
        let path = FieldPath::parse(&probability.field);
        if path.root() == field && path.line().is_some() {
            let moved = FieldLogprob {
                field: path.shifted(offset).to_string(),
                ..probability.clone()
            };
            take_confidence(draft, moved);
        }
    }
}
