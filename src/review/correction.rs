//! Applies a person's changes to a record, for the command line and the review page.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Schema, Type};

use crate::documents::types::DocTypes;
use crate::documents::validation;
use crate::domain::{DocType, FieldPath, Fields, Finding, Record, Severity, Source, Status};
use crate::store::{Correction, FieldChange, Store, StoredRecord};

/// The reason that is stored for an approval where none is given and none is needed.
pub const REVIEWED: &str = "compared with the page";

/// Changes of one record's values.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Edits {
    /// For each list with added or removed lines: the previous number (from 0) of each
    /// line; null: an added one.
    pub lines: BTreeMap<String, Vec<Option<usize>>>,
    /// Values by field, as typed; empty: the document has no such value. A value equal to
    /// the stored one confirms it.
    #[schema(schema_with = pairs)]
    pub values: Vec<(String, String)>,
}

/// In the description of the API: pairs of texts. (That of a tuple has no length.)
fn pairs() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let pair = ArrayBuilder::new().items(text).min_items(Some(2));
    let pairs = ArrayBuilder::new().items(pair.max_items(Some(2)));
    pairs
        .description(Some(
            "Field and value, as typed; empty: the document has no such value. A value equal to the stored one confirms it.",
        ))
        .into()
}

impl Edits {
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.values.is_empty()
    }
}

/// Why a record cannot be corrected.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("its document type is not known: `docmill retry ID --type TYPE` reads it as one")]
    NoType,
    #[error(
        "its values are those of its e-invoice: approve it, or ask the seller for another invoice"
    )]
    EInvoice,
    #[error("the record has no field {field}; it has {known}")]
    NoField { field: String, known: String },
    #[error("it is {}: `docmill decide reopen ID` puts it back into the queue", .0.in_words())]
    SetAside(Status),
    #[error("you approved it already: another person must approve it as well")]
    ApprovedBefore,
    #[error("the lines of {0} are not those of the record: load it again")]
    NoLines(String),
}

/// A record with a person's changes, checked again.
pub struct Corrected {
    pub record: Record,
    pub changes: Vec<FieldChange>,
    /// The fields that the person entered or confirmed.
    entered: Vec<String>,
}

/// The type by which a record's values are checked. `Err` where it is not known.
pub fn type_of<'a>(types: &'a DocTypes, record: &Record) -> Result<&'a DocType, Refusal> {
    let name = record.doc_type.as_deref();
    name.and_then(|name| types.get(name)).ok_or(Refusal::NoType)
}

/// The record with the edits, checked again. Nothing is stored. `min_confidence`: the
/// setting `acceptance.min_confidence`, 0 to 1. `Err` for unknown fields and lines.
pub fn apply(
    doc_type: &DocType,
    record: &Record,
    edits: &Edits,
    today: Date,
    min_confidence: f32,
) -> Result<Corrected, Refusal> {
    if record.status.is_set_aside() {
        return Err(Refusal::SetAside(record.status));
    }
    if edits.is_empty() {
        return Ok(Corrected {
            record: record.clone(),
            changes: Vec::new(),
            entered: Vec::new(),
        });
    }
    if record.source == Source::EmbeddedXml {
        return Err(Refusal::EInvoice);
    }
    let mut base = record.clone();
    for (list, order) in &edits.lines {
        let relined = validation::relined(doc_type, &base, list, order);
        base = relined.ok_or_else(|| Refusal::NoLines(list.clone()))?;
    }
    let mut fields = base.fields.clone();
    let mut entered = Vec::new();
    for (name, value) in &edits.values {
        let path = FieldPath::parse(name.trim());
        let is_value = path
            .value_at(&fields)
            .is_some_and(|value| !value.is_array() && !value.is_object());
        if !is_value || !validation::set(&mut fields, &path, value) {
            return Err(Refusal::NoField {
                field: name.clone(),
                known: known_fields(&base.fields),
            });
        }
        entered.push(path.to_string());
    }
    let new = validation::corrected(doc_type, &base, fields, &entered, today, min_confidence);
    let mut changes = line_changes(record, &new, edits);
    for name in &entered {
        let path = FieldPath::parse(name);
        if !is_in_new_line(&path, edits) {
            let value = |fields: &Fields| path.value_at(fields).cloned().unwrap_or(Value::Null);
            changes.push(FieldChange {
                field: name.clone(),
                before: value(&base.fields),
                after: value(&new.fields),
            });
        }
    }
    Ok(Corrected {
        record: new,
        changes,
        entered,
    })
}

/// The changes of removed lines, by their previous numbers, and of added ones.
fn line_changes(record: &Record, new: &Record, edits: &Edits) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (list, order) in &edits.lines {
        let lines = |fields: &Fields| -> Vec<Value> {
            let lines = fields.get(list).and_then(Value::as_array);
            lines.cloned().unwrap_or_default()
        };
        for (place, line) in lines(&record.fields).into_iter().enumerate() {
            if !order.contains(&Some(place)) {
                changes.push(FieldChange {
                    field: format!("{list}[{place}]"),
                    before: line,
                    after: Value::Null,
                });
            }
        }
        for (place, line) in lines(&new.fields).into_iter().enumerate() {
            if order.get(place) == Some(&None) {
                changes.push(FieldChange {
                    field: format!("{list}[{place}]"),
                    before: Value::Null,
                    after: line,
                });
            }
        }
    }
    changes
}

fn is_in_new_line(path: &FieldPath, edits: &Edits) -> bool {
    let order = edits.lines.get(path.root());
    let place = path.line().and_then(|line| order?.get(line));
    place == Some(&None)
}

impl Corrected {
    /// The finding about an entered value that does not have the form of its field; the
    /// record cannot be stored with it.
    pub fn unusable(&self) -> Option<&Finding> {
        self.record.findings.iter().find(|finding| {
            let is_form = finding.code.is_not_in_form() || finding.severity == Severity::Error;
            let field = finding.field.as_deref();
            is_form && field.is_some_and(|field| self.entered.iter().any(|name| name == field))
        })
    }

    /// Stores it in place of `stored`; it then has its status. Returns its number. Returns
    /// `None` and stores nothing where that record was replaced meanwhile.
    /// `second_approval_from`: the setting.
    pub async fn store(
        &mut self,
        store: &Store,
        stored: &StoredRecord,
        approve: bool,
        (by, reason): (&str, &str),
        second_approval_from: Option<u64>,
    ) -> anyhow::Result<Option<i64>> {
        if approve {
            self.record.status = Status::Accepted;
        }
        let correction = Correction {
            changes: &self.changes,
            approve,
            by,
            reason,
            second_approval_from,
        };
        store.correct(stored.id, &mut self.record, correction).await
    }
}

/// Whether the person approves without a change what the same person approved
/// before.
pub async fn is_own_second(
    store: &Store,
    record: i64,
    edits: &Edits,
    by: &str,
) -> anyhow::Result<bool> {
    let first = store.first_approver(record).await?;
    Ok(edits.is_empty() && first.as_deref() == Some(by))
}

/// Batch, target and record of each export of these pages that is not reversed.
pub async fn exported_in(
    store: &Store,
    blake3: &str,
    pages: &[u32],
) -> anyhow::Result<Vec<(i64, String, i64)>> {
    let ledger = store.ledger().await?;
    let lines = ledger.lines.into_iter().filter(|line| {
        line.bill.blake3 == blake3 && line.bill.pages.iter().any(|page| pages.contains(page))
    });
    let mut exported = Vec::new();
    for line in lines {
        let batch = store.batch(line.batch).await?;
        let target = batch.map(|batch| batch.target).unwrap_or_default();
        exported.push((line.batch, target, line.record));
    }
    Ok(exported)
}

/// The field names of a record, for messages.
fn known_fields(fields: &Fields) -> String {
    let name = |(name, value): (&String, &Value)| match value.as_array() {
        Some(lines) => match lines.first().and_then(Value::as_object) {
            Some(line) => {
                let leaves: Vec<_> = line.keys().map(String::as_str).collect();
                format!("{name}[0 to {}].({})", lines.len() - 1, leaves.join("|"))
            }
            None => format!("{name} (no lines)"),
        },
        None => name.clone(),
    };
    let names: Vec<String> = fields.iter().map(name).collect();
    names.join(", ")
}
