//! What pages said becomes records that can be believed or questioned: pages
//! are put together, values typed, schema and arithmetic checked.
//!
//! Pure: the same pages give the same records.

mod amount;
mod assemble;
mod checks;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod on_page;
mod stated;
mod sums;
mod values;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use crate::calibrate::Policy;
use crate::doctypes::DocTypes;
use crate::domain::{DocType, Finding, PageResult, Record, Severity, Status};
use assemble::Draft;

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
                finish(doc_type, draft, sure, context)
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
    type_probability: Option<f32>,
    context: &Context,
) -> Record {
    let mut findings = std::mem::take(&mut draft.findings);
    for warning in &context.document_warnings {
        findings.push(Finding::new(
            "document_warning",
            Severity::Warning,
            None,
            warning.clone(),
        ));
    }
    if let Some(doc_type) = doc_type {
        complete(&mut draft, doc_type);
        values::type_values(doc_type, &mut draft.fields, context.today, &mut findings);
        check_schema(doc_type, &draft, &mut findings);
        check_required(doc_type, &draft, &mut findings);
        checks::run(doc_type, &draft.fields, &mut findings);
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
    };
    context.policy.apply(doc_type, &mut record);
    record
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
            return findings.push(Finding::new(
                "schema_unusable",
                Severity::Error,
                None,
                message,
            ));
        }
    };
    for error in validator.iter_errors(&Value::Object(draft.fields.clone())) {
        let field = field_path(&error.instance_path().to_string());
        let message = format!("not as the schema wants it: {error}");
        findings.push(Finding::new(
            "schema_violation",
            Severity::Error,
            field.as_deref(),
            message,
        ));
    }
}

/// `/items/0/amount` as `items[0].amount`; `None` for the record itself.
fn field_path(pointer: &str) -> Option<String> {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(part),
            Err(_) => path.push_str(&format!(".{part}")),
        }
    }
    (!path.is_empty()).then_some(path)
}

fn check_required(doc_type: &DocType, draft: &Draft, findings: &mut Vec<Finding>) {
    let Some(rules) = &doc_type.read else { return };
    for field in &rules.required {
        if draft.fields.get(field).is_none_or(is_absent) {
            let message = format!("{field} was not found on the document");
            findings.push(Finding::new(
                "missing",
                Severity::Warning,
                Some(field),
                message,
            ));
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
    for field in untaught {
        let message =
            format!("{field} is always empty: the model in use was not taught to read it");
        findings.push(Finding::new(
            "not_taught",
            Severity::Info,
            Some(field),
            message,
        ));
    }
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
            record.findings.push(Finding::new(
                "page_failed",
                Severity::Warning,
                None,
                message,
            ));
            if record.status == Status::Accepted {
                record.status = Status::NeedsReview;
            }
        }
    }
}

#[cfg(test)]
mod tests;
