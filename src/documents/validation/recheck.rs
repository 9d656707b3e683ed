//! Checks a record again after a person corrected values.

use jiff::civil::Date;
use serde_json::Value;

use super::assemble::Draft;
use super::printed::Printed;
use super::values::Answers;
use super::{checks, evidence, finish, values};
use crate::documents::acceptance;
use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, FieldPath, Fields, Finding, FindingCode, Record,
};

/// The record with `fields` in place of its own; those in `changed` are new. Schema
/// and checks run again. Findings about values that stay are kept, such as a difference
/// from the page's text, and so are those about uncertain values that nobody changed
/// (`min_confidence`: [`acceptance::uncertain`]). New values have the evidence
/// `person`. The status follows from the findings. Not for e-invoices, whose sums have
/// other rules.
pub fn corrected(
    doc_type: &DocType,
    record: &Record,
    fields: Fields,
    changed: &[String],
    today: Date,
    min_confidence: f32,
) -> Record {
    let is_changed = |field: &str| changed.iter().any(|name| name == field);
    let mut new = record.clone();
    new.fields = fields;
    let mut findings = Vec::new();
    type_changed(doc_type, &mut new.fields, changed, today, &mut findings);
    let kept = new.findings.iter().filter(|finding| {
        let of_changed = finding.field.as_deref().is_some_and(is_changed);
        let is_about_doubts = finding.code == FindingCode::LowConfidence;
        !of_changed && !is_made_again(finding.code) && !is_about_doubts
    });
    findings.extend(kept.cloned());
    let draft = Draft {
        doc_type: new.doc_type.clone(),
        fields: new.fields.clone(),
        ..Draft::default()
    };
    finish::check_schema(doc_type, &draft, &mut findings);
    finish::check_required(doc_type, &draft, &mut findings);
    // Without the pages, so that a printed charge cannot explain a difference.
    let outcomes = checks::run(doc_type, &new.fields, &Printed::default(), today);
    findings.extend(
        outcomes
            .iter()
            .filter_map(|outcome| outcome.finding.clone()),
    );
    new.evidence = by_person(&new, changed);
    for of_field in &mut new.evidence {
        of_field
            .contradicted_by
            .retain(|code| !is_made_again(*code));
        of_field.confirmed_by.retain(|name| !name.contains(" = "));
    }
    evidence::apply_outcomes(&mut new.evidence, &outcomes);
    new.keys = checks::keys(doc_type, &new.fields);
    new.field_confidence.retain(|(field, _)| !is_changed(field));
    new.logprobs.retain(|logprob| !is_changed(&logprob.field));
    if let Some(calibrated) = &mut new.calibrated {
        calibrated.fields.retain(|(field, _)| !is_changed(field));
    }
    new.confidence = new
        .field_confidence
        .iter()
        .map(|(_, p)| *p)
        .reduce(f32::min);
    let mut codes = record.findings.iter().map(|finding| finding.code);
    if codes.any(|code| code == FindingCode::LowConfidence) {
        findings.extend(acceptance::uncertain_finding(
            doc_type,
            &new,
            min_confidence,
        ));
    }
    new.status = acceptance::status(&findings);
    new.findings = findings;
    new
}

/// Converts the new values to the schema's form, and reports those that cannot be
/// converted.
fn type_changed(
    doc_type: &DocType,
    fields: &mut Fields,
    changed: &[String],
    today: Date,
    findings: &mut Vec<Finding>,
) {
    let mut typed = fields.clone();
    let mut found = Vec::new();
    values::type_values(doc_type, &mut typed, Answers::Typed, &[], today, &mut found);
    for name in changed {
        let path = FieldPath::parse(name);
        if let (Some(value), Some(typed)) = (path.value_at_mut(fields), path.value_at(&typed)) {
            *value = typed.clone();
        }
    }
    let of_changed = |finding: &Finding| {
        let field = finding.field.as_deref();
        field.is_some_and(|field| changed.iter().any(|name| name == field))
    };
    findings.extend(found.into_iter().filter(of_changed));
}

/// Evidence of the values that stay, and the person's for the others.
fn by_person(record: &Record, changed: &[String]) -> Vec<FieldEvidence> {
    let stays = |e: &&FieldEvidence| !changed.contains(&e.field);
    let mut evidence: Vec<_> = record.evidence.iter().filter(stays).cloned().collect();
    for name in changed {
        let value = FieldPath::parse(name).value_at(&record.fields);
        if value.is_some_and(|value| !value.is_null()) {
            evidence.push(FieldEvidence {
                class: EvidenceClass::Person,
                ..FieldEvidence::model_only(name)
            });
        }
    }
    let place = |e: &FieldEvidence| {
        let root = FieldPath::parse(&e.field).root().to_owned();
        record.fields.keys().position(|name: &String| *name == root)
    };
    evidence.sort_by_key(place);
    evidence
}

/// Findings of the schema and of checks across fields.
fn is_made_again(code: FindingCode) -> bool {
    matches!(
        code,
        FindingCode::SchemaViolation
            | FindingCode::SchemaUnusable
            | FindingCode::Missing
            | FindingCode::SumMismatch
            | FindingCode::ProductMismatch
            | FindingCode::TaxRate
            | FindingCode::DateOrder
            | FindingCode::DateAhead
            | FindingCode::NotCompleted
    )
}

/// Sets `field` to `text`, or to null where `text` is empty. `false`: the record has no
/// such place.
pub fn set(fields: &mut Fields, field: &FieldPath, text: &str) -> bool {
    let Some(value) = field.value_at_mut(fields) else {
        return false;
    };
    *value = match text.trim() {
        "" => Value::Null,
        text => Value::from(text),
    };
    true
}
