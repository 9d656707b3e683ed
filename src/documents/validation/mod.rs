//! What pages said becomes records that can be believed or questioned: pages
//! are put together, values typed, schema and arithmetic checked, and each value
//! looked up in what else is known of the page.
//!
//! Pure: the same pages give the same records.

mod assemble;
mod checks;
mod evidence;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod identifiers;
mod on_page;
mod stated;
mod sums;
mod values;
mod words;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use crate::documents::acceptance::Policy;
use crate::documents::types::DocTypes;
use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, FieldPath, Finding, FindingCode, PageResult, Reason,
    Record, Severity, Source, Status,
};
use assemble::Draft;
use checks::Outcome;
use values::Answers;

pub use stated::StatedInvoice;

/// What validation must know beside the pages.
#[derive(Clone, Debug)]
pub struct Context {
    /// Fields of each type that the reader was not taught.
    pub untaught: BTreeMap<String, Vec<String>>,
    /// The document's electronic invoice, where its values are the record's.
    pub einvoice: Option<StatedInvoice>,
    /// What opening the document warned of.
    pub document_warnings: Vec<String>,
    /// By what values are accepted.
    pub policy: Policy,
    /// Dates are judged against it.
    pub today: Date,
}

/// The records of one document, in the order of their first pages. Every page
/// is in exactly one record.
pub fn records(types: &DocTypes, pages: &[PageResult], context: &Context) -> Vec<Record> {
    let mut records: Vec<Record> = match &context.einvoice {
        Some(stated) => vec![stated::record(types, pages, stated, context)],
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

/// How sure routing was of the type of these pages where it was least so.
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

fn finish(
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
            "nothing could be checked: there is no document type `{name}`; name its folder with --types and read it again"
        );
        findings.push(Finding::new(
            FindingCode::PageFailure(Reason::TypeMissing),
            None,
            message,
        ));
    }
    if let Some(doc_type) = doc_type {
        complete(&mut draft, doc_type);
        let answers = match draft.source {
            Source::Model if draft.verbatim => Answers::Verbatim,
            Source::Model => Answers::Typed,
            _ => Answers::Stated,
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
        check_schema(doc_type, &draft, &mut findings);
        check_required(doc_type, &draft, &mut findings);
        let outcomes = checks::run(doc_type, &draft.fields, context.today);
        findings.extend(
            outcomes
                .iter()
                .filter_map(|outcome| outcome.finding.clone()),
        );
        evidence = evidence_of(doc_type, &draft, pages, &outcomes, &proven, &mut findings);
        keys = checks::keys(doc_type, &draft.fields);
        tell_untaught(doc_type, context, &mut findings);
    }
    let confidence = draft
        .confidence
        .iter()
        .map(|(_, confidence)| *confidence)
        .reduce(f32::min);
    let mut record = Record {
        doc_type: draft.doc_type.clone(),
        pages: draft.pages,
        status: if draft.failed {
            Status::Failed
        } else {
            Status::NeedsReview
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
    };
    context.policy.apply(doc_type, &mut record);
    record
}

/// Where the page shows the record's values. What speaks against those of an
/// electronic invoice is told by `on_page`, which knows that they were not read.
fn evidence_of(
    doc_type: &DocType,
    draft: &Draft,
    pages: &[PageResult],
    outcomes: &[Outcome],
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

/// Every field of the type is there, in its order; absent ones are null.
fn complete(draft: &mut Draft, doc_type: &DocType) {
    let mut read = std::mem::take(&mut draft.fields);
    let Some(properties) = doc_type.schema["properties"].as_object() else {
        return;
    };
    for (name, property) in properties {
        let lines = property
            .pointer("/items/properties")
            .and_then(Value::as_object);
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
    // What the schema does not know is kept and told by the schema check.
    draft.fields.extend(read);
}

fn check_schema(doc_type: &DocType, draft: &Draft, findings: &mut Vec<Finding>) {
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
        let message = format!("not as the schema wants it: {error}");
        findings.push(Finding::new(
            FindingCode::SchemaViolation,
            field.as_deref(),
            message,
        ));
    }
}

fn check_required(doc_type: &DocType, draft: &Draft, findings: &mut Vec<Finding>) {
    let Some(rules) = &doc_type.read else { return };
    for field in &rules.required {
        if draft.fields.get(field).is_none_or(is_absent) {
            let message = format!(
                "{} was not found on the document",
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

fn tell_untaught(doc_type: &DocType, context: &Context, findings: &mut Vec<Finding>) {
    let untaught = context
        .untaught
        .get(&doc_type.name)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if untaught.is_empty() {
        return;
    }
    let fields = doc_type.schema["properties"].as_object();
    if fields.is_some_and(|fields| fields.len() == untaught.len()) {
        let message = "the model in use was not trained for documents of this type and guesses: compare each value with the page, or name a larger model (docs/models.md)";
        findings.push(Finding::new(FindingCode::UnsupportedField, None, message));
        return;
    }
    let names: Vec<String> = untaught
        .iter()
        .map(|field| words::of_type(doc_type, field))
        .collect();
    let message = format!(
        "the model in use was not taught to read {}: always empty",
        words::list(&names)
    );
    let only = (untaught.len() == 1).then(|| untaught[0].as_str());
    findings.push(
        Finding::new(FindingCode::UnsupportedField, only, message).with_severity(Severity::Info),
    );
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
            record.doubt(Finding::new(FindingCode::PageFailed, None, message));
        }
    }
}

#[cfg(test)]
mod tests;
