//! The evidence of each value beside the model's answer: the page's text layer,
//! an OCR engine, arithmetic.
//!
//! [`gather`] makes each page's words searchable (`text`, with `page_values`), looks
//! every value up (`find`, `lines`), compares a value that is not found with the values
//! beside the field's captions (`captions`, `contradict`), and reports amounts without
//! evidence.

mod captions;
mod contradict;
mod find;
mod lines;
mod page_values;
mod page_words;
mod sources;
mod text;

use serde_json::Value;

use super::checks::{CheckOutcome, Weight};
use super::words;
use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, Fields, Finding, FindingCode, OcrWord, PageResult,
    Severity, SourceText, Word, bbox_union,
};
pub(super) use captions::Captions;
pub(super) use find::{Place, ValueKind, occurrences};
pub(super) use lines::{Leaf, LineLeaves, Row, best_source};
pub(super) use page_words::{Placed, Span, on_one_line};
pub(super) use sources::TextSources;
use sources::{at, broken, is_absent};
pub(super) use text::{EvidencePage, fold};

/// Where a text stands on a page (left, top, right, bottom as shares of width and
/// height), and the OCR engine's confidence (0 to 1) in its least sure word. Case,
/// accents, blanks and punctuation are no difference.
pub fn place_of(texts: &[SourceText], value: &str) -> Option<([f32; 4], Option<f32>)> {
    let sources = texts.iter().flat_map(|text| {
        let layer: Vec<Word> = text.layer_words().collect();
        let ocr: Vec<OcrWord> = text.ocr_words().collect();
        [
            EvidencePage::of_text_layer(0, &layer),
            EvidencePage::of_ocr(0, &ocr),
        ]
    });
    sources.into_iter().find_map(|text| {
        let spans = match text.find(value).first() {
            Some(span) => vec![*span],
            None => text.find_broken(value)?,
        };
        let boxes = spans.iter().map(|span| text.bbox(*span));
        let sure = spans.iter().filter_map(|span| text.confidence(*span));
        Some((boxes.reduce(bbox_union)?, sure.reduce(f32::min)))
    })
}

/// The evidence of each value that is not null, in the order of the fields.
/// `pages` are the record's; `proven` are fields with check digits that fit.
/// Adds to `findings` which values the pages contradict, and which have no
/// evidence.
pub fn gather(
    doc_type: &DocType,
    fields: &Fields,
    pages: &[&PageResult],
    outcomes: &[CheckOutcome],
    proven: &[(String, &'static str)],
    findings: &mut Vec<Finding>,
) -> Vec<FieldEvidence> {
    let sources = TextSources::of(pages);
    let mut evidence = look_up(doc_type, fields, &sources);
    for (field, proof) in proven {
        if let Some(of_field) = evidence.iter_mut().find(|e| e.field == *field) {
            of_field.confirmed_by.push((*proof).to_owned());
        }
    }
    apply_outcomes(&mut evidence, outcomes);
    findings.extend(contradict::contradictions(
        doc_type, fields, &sources, &evidence,
    ));
    for finding in findings.iter() {
        note_contradiction(&mut evidence, finding);
    }
    findings.extend(unconfirmed(doc_type, &evidence, &sources));
    evidence
}

fn look_up(doc_type: &DocType, fields: &Fields, sources: &TextSources) -> Vec<FieldEvidence> {
    let mut evidence = Vec::new();
    for (name, value) in fields {
        let property = &doc_type.schema["properties"][name];
        match value {
            Value::Array(list) => {
                evidence.extend(lines::look_up(name, list, property, sources));
            }
            value if is_absent(value) => {}
            value => {
                let place = sources
                    .all()
                    .into_iter()
                    .find_map(|texts| find::scalar(doc_type, name, value, property, texts));
                let kind = ValueKind::of(property);
                let of_field = match place {
                    None => broken(name.clone(), kind, value, sources),
                    found => at(name.clone(), found),
                };
                evidence.push(of_field);
            }
        }
    }
    evidence
}

/// A check that holds confirms its values; one that does not contradicts all of
/// them.
pub fn apply_outcomes(evidence: &mut [FieldEvidence], outcomes: &[CheckOutcome]) {
    for outcome in outcomes {
        let involved = evidence
            .iter_mut()
            .filter(|e| outcome.fields.contains(&e.field));
        for of_field in involved {
            match &outcome.finding {
                Some(finding) => of_field.contradicted_by.push(finding.code),
                None if outcome.weight == Weight::Computes => {
                    of_field.confirmed_by.push(outcome.name.clone());
                }
                None => {}
            }
        }
    }
    // A confirmed value confirms equal ones; a chain of n equal values
    // (`line = subtotal = total`) takes n - 1 rounds.
    let equal = |outcome: &&CheckOutcome| outcome.holds() && outcome.weight == Weight::Equal;
    for _ in 0..outcomes.iter().filter(equal).count() {
        for outcome in outcomes.iter().filter(equal) {
            let is_confirmed =
                |e: &&FieldEvidence| outcome.fields.contains(&e.field) && e.is_confirmed();
            if !evidence.iter().any(|e| is_confirmed(&e)) {
                continue;
            }
            for of_field in evidence.iter_mut() {
                if outcome.fields.contains(&of_field.field)
                    && !of_field.confirmed_by.contains(&outcome.name)
                {
                    of_field.confirmed_by.push(outcome.name.clone());
                }
            }
        }
    }
}

fn note_contradiction(evidence: &mut [FieldEvidence], finding: &Finding) {
    if finding.severity == Severity::Info || finding.code.is_neutral() {
        return;
    }
    let of_field = evidence
        .iter_mut()
        .find(|e| Some(&e.field) == finding.field.as_ref());
    if let Some(of_field) = of_field
        && !of_field.contradicted_by.contains(&finding.code)
    {
        of_field.contradicted_by.push(finding.code);
    }
}

/// One finding for all amounts and accounts that a person must compare with
/// the page.
fn unconfirmed(
    doc_type: &DocType,
    evidence: &[FieldEvidence],
    sources: &TextSources,
) -> Option<Finding> {
    let is_unconfirmed = |e: &&FieldEvidence| match ValueKind::of_path(doc_type, &e.field) {
        ValueKind::Amount => !e.is_confirmed(),
        // Check digits show a misread account, not an invented one.
        ValueKind::Iban => e.class == EvidenceClass::ModelOnly,
        _ => false,
    };
    let values: Vec<_> = evidence.iter().filter(is_unconfirmed).collect();
    let first = values.first()?;
    let name = words::field(doc_type, &first.field);
    let others = match values.len() - 1 {
        0 => String::new(),
        1 => " (and one other amount)".to_owned(),
        n => format!(" (and {n} other amounts)"),
    };
    // Without a text source the finding says nothing about the value.
    let (code, asked) = match (sources.text_layer.is_empty(), sources.ocr.is_empty()) {
        (false, _) => (FindingCode::Unconfirmed, "the page's text does not have it"),
        (true, false) => (FindingCode::Unconfirmed, "OCR does not find it on the page"),
        (true, true) => (
            FindingCode::NoTextSource,
            "the page has no text to compare it with",
        ),
    };
    let message = format!(
        "{name}{others} could not be confirmed: {asked} and no sum confirms it; compare it with the page"
    );
    Some(Finding::new(code, Some(&first.field), message))
}

#[cfg(test)]
pub(super) mod tests;
