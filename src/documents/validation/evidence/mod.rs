//! Who beside the model vouches for a value: the page's text layer, an OCR
//! engine, arithmetic.
//!
//! [`gather`] makes each page's words searchable (`text`, with `page_values`),
//! looks every value up (`find`), asks what stands
//! beside a field's captions where a value is not there (`captions`,
//! `contradict`), and tells of amounts that nobody vouches for.

mod captions;
mod contradict;
mod find;
mod lines;
mod page_values;
mod page_words;
mod text;

use serde_json::Value;

use super::checks::{Outcome, Weight};
use super::words;
use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, Fields, Finding, FindingCode, PageResult, Severity,
};
pub(super) use captions::Captions;
use find::Place;
pub(super) use find::{Kind, occurrences};
pub(super) use page_words::Placed;
pub(super) use text::{PageText, fold};

/// The evidence of each value that is not null, in the order of the fields.
/// `pages` are the record's; `proven` are fields with check digits that fit.
/// Adds what the pages contradict and what nobody vouches for to `findings`.
pub fn gather(
    doc_type: &DocType,
    fields: &Fields,
    pages: &[&PageResult],
    outcomes: &[Outcome],
    proven: &[(String, &'static str)],
    findings: &mut Vec<Finding>,
) -> Vec<FieldEvidence> {
    let witnesses = Witnesses::of(pages);
    let mut evidence = look_up(doc_type, fields, &witnesses);
    for (field, proof) in proven {
        if let Some(of_field) = evidence.iter_mut().find(|e| e.field == *field) {
            of_field.confirmed_by.push((*proof).to_owned());
        }
    }
    take_outcomes(&mut evidence, outcomes);
    let told = contradict::contradictions(doc_type, fields, &witnesses, &evidence);
    findings.extend(told);
    for finding in findings.iter() {
        note_against(&mut evidence, finding);
    }
    findings.extend(unconfirmed(doc_type, &evidence, &witnesses));
    evidence
}

/// The searchable pages of a record.
pub(super) struct Witnesses {
    pub text_layer: Vec<PageText>,
    pub ocr: Vec<PageText>,
}

impl Witnesses {
    fn of(pages: &[&PageResult]) -> Witnesses {
        let text_layer = pages.iter().filter(|page| !page.words.is_empty());
        let ocr = pages.iter().filter(|page| !page.ocr.is_empty());
        Witnesses {
            text_layer: text_layer
                .map(|page| PageText::of_text_layer(page.index, &page.words))
                .collect(),
            ocr: ocr
                .map(|page| PageText::of_ocr(page.index, &page.ocr))
                .collect(),
        }
    }

    /// Those to ask, the more trustworthy first.
    fn all(&self) -> [&[PageText]; 2] {
        [&self.text_layer, &self.ocr]
    }
}

fn look_up(doc_type: &DocType, fields: &Fields, witnesses: &Witnesses) -> Vec<FieldEvidence> {
    let mut evidence = Vec::new();
    for (name, value) in fields {
        let property = &doc_type.schema["properties"][name];
        match value {
            Value::Array(list) => {
                evidence.extend(lines::look_up(name, list, property, witnesses));
            }
            value if is_absent(value) => {}
            value => {
                let place = witnesses
                    .all()
                    .into_iter()
                    .find_map(|texts| find::scalar(doc_type, name, value, property, texts));
                let kind = Kind::of(property);
                let of_field = match place {
                    None => broken(name.clone(), kind, value, witnesses),
                    found => at(name.clone(), found),
                };
                evidence.push(of_field);
            }
        }
    }
    evidence
}

fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The evidence of a value found at `place`, or nowhere.
fn at(field: String, place: Option<Place<'_>>) -> FieldEvidence {
    let Some(Place { text, span }) = place else {
        return FieldEvidence::model_only(field);
    };
    FieldEvidence {
        class: text.class,
        page: Some(text.page),
        bbox: Some(text.bbox(span)),
        text: Some(text.words_of(span)),
        ocr_confidence: text.confidence(span),
        ..FieldEvidence::model_only(field)
    }
}

/// The evidence of a text that other columns break in lines, or of none.
fn broken(field: String, kind: Kind, value: &Value, witnesses: &Witnesses) -> FieldEvidence {
    let Some(value) = value.as_str().filter(|_| kind == Kind::Text) else {
        return FieldEvidence::model_only(field);
    };
    for text in witnesses.all().into_iter().flatten() {
        let Some(lines) = text.find_broken(value) else {
            continue;
        };
        let words: Vec<_> = lines.iter().map(|line| text.words_of(*line)).collect();
        let boxes = lines.iter().map(|line| text.bbox(*line));
        let confidences = lines.iter().filter_map(|line| text.confidence(*line));
        return FieldEvidence {
            class: text.class,
            page: Some(text.page),
            bbox: boxes.reduce(page_words::union),
            text: Some(words.join(" ")),
            ocr_confidence: confidences.reduce(f32::min),
            ..FieldEvidence::model_only(field)
        };
    }
    FieldEvidence::model_only(field)
}

/// What holds bears its values out; what does not speaks against them all.
fn take_outcomes(evidence: &mut [FieldEvidence], outcomes: &[Outcome]) {
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
    // Two equal values lend each other their witness; a chain of them
    // (`line = subtotal = total`) takes as many rounds as it has links.
    let equal = |outcome: &&Outcome| outcome.holds() && outcome.weight == Weight::Equal;
    for _ in 0..outcomes.iter().filter(equal).count() {
        for outcome in outcomes.iter().filter(equal) {
            let has_witness =
                |e: &&FieldEvidence| outcome.fields.contains(&e.field) && e.is_confirmed();
            if !evidence.iter().any(|e| has_witness(&e)) {
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

fn note_against(evidence: &mut [FieldEvidence], finding: &Finding) {
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
    witnesses: &Witnesses,
) -> Option<Finding> {
    let is_unconfirmed = |e: &&FieldEvidence| match Kind::of_path(doc_type, &e.field) {
        Kind::Amount => !e.is_confirmed(),
        // Check digits tell a misread account, not an invented one.
        Kind::Iban => e.class == EvidenceClass::ModelOnly,
        _ => false,
    };
    let doubtful: Vec<_> = evidence.iter().filter(is_unconfirmed).collect();
    let first = doubtful.first()?;
    let name = words::field(doc_type, &first.field);
    let others = match doubtful.len() - 1 {
        0 => String::new(),
        1 => " (and one other amount)".to_owned(),
        n => format!(" (and {n} other amounts)"),
    };
    // Without a witness to ask, the finding says nothing against the value.
    let (code, asked) = match (witnesses.text_layer.is_empty(), witnesses.ocr.is_empty()) {
        (false, _) => (FindingCode::Unconfirmed, "the page's text does not have it"),
        (true, false) => (FindingCode::Unconfirmed, "OCR does not find it on the page"),
        (true, true) => (
            FindingCode::NoTextSource,
            "the page has no text to compare it with",
        ),
    };
    let message = format!(
        "{name}{others} rests on the model's reading alone: {asked} and no sum bears it out; compare it with the page"
    );
    Some(Finding::new(code, Some(&first.field), message))
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
pub(super) mod tests;
