//! Makes a checked record of a draft.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::assemble::Draft;
use super::carried;
use super::checks::CheckOutcome;
use super::context::Context;
use super::printed::Printed;
use super::values::Answers;
use super::{checks, evidence, legal_forms, parties, rows, totals, values, words};
use crate::documents::acceptance;
use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, FieldPath, Finding, FindingCode, Format, PageResult,
    Reason, Record, Severity, Source, Status, line_properties,
};

/// Converts a draft's values to the schema's forms, checks them and looks them up in
/// the pages' text. `type_probability`: 0 to 1; `None` where the user gave the type.
pub fn finish(
    doc_type: Option<&DocType>,
    mut draft: Draft,
    pages: &[PageResult],
    type_probability: Option<f32>,
    context: &Context,
) -> Record {
    let (mut evidence, mut keys) = (Vec::new(), Vec::new());
    let mut findings = std::mem::take(&mut draft.findings);
    for warning in &context.document_warnings {
        findings.push(Finding::new(
            FindingCode::DocumentWarning,
            None,
            warning.clone(),
        ));
    }
    if let (None, Some(name), false) = (doc_type, &draft.doc_type, draft.failed) {
        let message = format!(
            "nothing could be checked: this run has no document type `{name}`; name its folder with --types and read the document again"
        );
        findings.push(Finding::new(
            FindingCode::PageFailure(Reason::TypeMissing),
            None,
            message,
        ));
    }
    if let Some(doc_type) = doc_type {
        complete(&mut draft, doc_type);
        if draft.source == Source::Model {
            findings.extend(carried::leave_out(&mut draft));
        }
        let answers = match draft.source {
            Source::Model if draft.verbatim => Answers::Verbatim,
            Source::Model => Answers::Typed,
            Source::EmbeddedXml => Answers::Stated,
        };
        let of_record = |page: &&PageResult| draft.pages.contains(&page.index);
        let of_record: Vec<_> = pages.iter().filter(of_record).collect();
        let proven = values::type_values(
            doc_type,
            &mut draft.fields,
            answers,
            &of_record,
            context.today,
            &mut findings,
        );
        if answers == Answers::Verbatim {
            let sources = evidence::TextSources::of(&of_record);
            rows::repair(doc_type, &mut draft, &sources, &mut findings);
            totals::complete(doc_type, &mut draft.fields, &sources, &mut findings);
            parties::correct(doc_type, &mut draft.fields, &sources, &mut findings);
            legal_forms::complete(doc_type, &mut draft.fields, &mut findings);
        }
        check_schema(doc_type, &draft, &mut findings);
        check_required(doc_type, &draft, &mut findings);
        let printed = Printed::of(&of_record);
        if draft.source == Source::Model {
            findings.extend(printed.kind());
        }
        let outcomes = checks::run(doc_type, &draft.fields, &printed, context.today);
        let of_outcomes = outcomes
            .iter()
            .flat_map(|outcome| [&outcome.finding, &outcome.note]);
        findings.extend(of_outcomes.flatten().cloned());
        evidence = evidence_of(doc_type, &draft, pages, &outcomes, &proven, &mut findings);
        keys = checks::keys(doc_type, &draft.fields);
        report_unsupported_fields(doc_type, context, &mut findings);
    }
    let confidence = draft
        .confidence
        .iter()
        .map(|(_, confidence)| *confidence)
        .reduce(f32::min);
    Record {
        doc_type: draft.doc_type,
        pages: draft.pages,
        status: match draft.failed {
            true => Status::Failed,
            false => acceptance::status(&findings),
        },
        source: draft.source,
        fields: draft.fields,
        findings,
        confidence,
        field_confidence: draft.confidence,
        logprobs: draft.logprobs,
        type_probability,
        calibrated: None,
        evidence,
        keys,
    }
}

/// The evidence of the record's values. Contradictions of an e-invoice are
/// found by `embedded`, since its values were not read.
fn evidence_of(
    doc_type: &DocType,
    draft: &Draft,
    pages: &[PageResult],
    outcomes: &[CheckOutcome],
    proven: &[(String, &'static str)],
    findings: &mut Vec<Finding>,
) -> Vec<FieldEvidence> {
    let of_record = |page: &&PageResult| draft.pages.contains(&page.index);
    let pages: Vec<_> = pages.iter().filter(of_record).collect();
    if draft.source == Source::Model {
        return evidence::gather(doc_type, &draft.fields, &pages, outcomes, proven, findings);
    }
    let mut evidence = evidence::gather(
        doc_type,
        &draft.fields,
        &pages,
        outcomes,
        proven,
        &mut Vec::new(),
    );
    for of_field in &mut evidence {
        of_field.contradicted_by.clear();
        if of_field.class == EvidenceClass::ModelOnly {
            of_field.class = EvidenceClass::EmbeddedXml;
        }
    }
    evidence
}

/// Adds absent fields of the type as null, and sorts the fields in the type's order.
fn complete(draft: &mut Draft, doc_type: &DocType) {
    let mut read = std::mem::take(&mut draft.fields);
    let Some(properties) = doc_type.properties() else {
        return;
    };
    for (name, property) in properties {
        let lines = line_properties(property);
        let value = match (read.remove(name), lines) {
            (Some(Value::Array(mut list)), Some(lines)) => {
                for line in list.iter_mut().filter_map(Value::as_object_mut) {
                    for field in lines.keys() {
                        line.entry(field.as_str()).or_insert(Value::Null);
                    }
                }
                Value::Array(list)
            }
            (Some(value), _) => value,
            (None, Some(_)) => Value::Array(Vec::new()),
            (None, None) => Value::Null,
        };
        draft.fields.insert(name.clone(), value);
    }
    // Fields that the schema does not have are kept, so that the schema check reports
    // them.
    draft.fields.extend(read);
}

pub fn check_schema(doc_type: &DocType, draft: &Draft, findings: &mut Vec<Finding>) {
    let validator = match jsonschema::validator_for(&doc_type.schema) {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!("the schema of `{}` cannot be used: {error}", doc_type.name);
            return findings.push(Finding::new(FindingCode::SchemaUnusable, None, message));
        }
    };
    for error in validator.iter_errors(&Value::Object(draft.fields.clone())) {
        let field = FieldPath::from_pointer(&error.instance_path().to_string());
        let field = field.map(|field| field.to_string());
        // Said already, in words for people.
        let is_reported = |finding: &Finding| {
            finding.code.is_not_in_form() && field.is_some() && finding.field == field
        };
        if findings.iter().any(is_reported) {
            continue;
        }
        let what = match &field {
            Some(field) => words::field(doc_type, field),
            None => "the record".to_owned(),
        };
        let message = match form_in_words(doc_type, field.as_deref(), &error) {
            Some(form) => format!("{what} is {}, which is not {form}", error.instance()),
            None => {
                format!("{what} does not have the form that the schema requires: {error}")
            }
        };
        findings.push(Finding::new(
            FindingCode::SchemaViolation,
            field.as_deref(),
            message,
        ));
    }
}

/// The form that a pattern stands for; `None` for other errors, and for patterns of fields
/// without a format.
fn form_in_words(
    doc_type: &DocType,
    field: Option<&str>,
    error: &ValidationError,
) -> Option<&'static str> {
    if !matches!(error.kind(), ValidationErrorKind::Pattern { .. }) {
        return None;
    }
    let field = FieldPath::parse(field?);
    Some(Format::of(field.property(&doc_type.schema)?)?.in_words())
}

pub fn check_required(doc_type: &DocType, draft: &Draft, findings: &mut Vec<Finding>) {
    let Some(rules) = &doc_type.read else { return };
    for field in &rules.required {
        if draft.fields.get(field).is_none_or(is_absent) {
            let message = format!(
                "{} is empty, because the reader did not find it: look for it on the page",
                words::field(doc_type, field)
            );
            findings.push(Finding::new(FindingCode::Missing, Some(field), message));
        }
    }
}

fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn report_unsupported_fields(doc_type: &DocType, context: &Context, findings: &mut Vec<Finding>) {
    let unsupported_fields = context
        .unsupported_fields
        .get(&doc_type.name)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if unsupported_fields.is_empty() {
        return;
    }
    let fields = doc_type.properties();
    if fields.is_some_and(|fields| fields.len() == unsupported_fields.len()) {
        let message = "the model was not made for documents of this type and guesses: compare each value with the page, or choose another model (docs/models.md)";
        findings.push(Finding::new(FindingCode::UnsupportedField, None, message));
        return;
    }
    let names: Vec<String> = unsupported_fields
        .iter()
        .map(|field| words::of_type(doc_type, field))
        .collect();
    let message = format!(
        "the model does not read {}: enter what the page has",
        words::list(&names)
    );
    let only = (unsupported_fields.len() == 1).then(|| unsupported_fields[0].as_str());
    findings.push(
        Finding::new(FindingCode::UnsupportedField, only, message).with_severity(Severity::Info),
    );
}
