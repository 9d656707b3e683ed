use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::app::App;
use super::exit::ExitStatus;
use super::output;
use super::show::no_record;
use super::user::{reason, user};
use crate::config::UsageError;
use crate::documents::validation;
use crate::domain::{DocType, FieldPath, Finding, Record, Severity, Source, Status};
use crate::pipeline;
use crate::store::{Correction, FieldChange, Store};

/// Correct values of a record, or approve it
///
/// The values are checked again. What was changed, by whom and why stays in the
/// database; `docmill show` prints it.
#[derive(Args)]
pub struct Correct {
    /// Number of the record
    id: i64,
    /// A field and its value, e.g. `total=12.50` or `line_items[0].quantity=2`;
    /// nothing after `=`: the document has no such value
    #[arg(value_name = "FIELD=VALUE")]
    values: Vec<String>,
    /// The record is right as it is now: accept it
    #[arg(long)]
    approve: bool,
    /// Why; kept with the change
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Correct {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let reason = reason(&self.reason)?;
        if self.values.is_empty() && !self.approve {
            let why = "nothing to do: give FIELD=VALUE, --approve or both";
            return Err(UsageError(why.to_owned()).into());
        }
        let types = pipeline::doc_types(app.settings().types.as_deref())?;
        let store = Store::open_existing(&app.settings().db).await?;
        let Some(stored) = store.record(self.id).await? else {
            return Err(no_record(&store, self.id).await?.into());
        };
        let record = stored.record.clone();
        let doc_type = record.doc_type.as_deref().and_then(|name| types.get(name));
        let doc_type = doc_type.ok_or_else(|| {
            let why =
                "its document type is not known: `docmill retry ID --type TYPE` reads it as one";
            UsageError(format!("record {} cannot be corrected: {why}", self.id))
        })?;
        let (mut new, changes) = match self.values.is_empty() {
            true => (record.clone(), Vec::new()),
            false => self.corrected(doc_type, &record)?,
        };
        if self.approve {
            new.status = Status::Accepted;
        }
        let correction = Correction {
            changes: &changes,
            approve: self.approve,
            by: &user(),
            reason,
        };
        let made = store.correct(self.id, &new, correction).await?;
        let made = made.with_context(|| {
            format!(
                "record {} was replaced meanwhile: nothing was changed",
                self.id
            )
        })?;
        let exported = exported_in(&store, &stored.blake3, &new.pages).await?;
        store.close().await;
        report(&mut app, self.id, made, &new, &changes)?;
        for (batch, target, record) in exported {
            app.out.line(&format!(
                "It was exported as record {record} in batch {batch} for {target}: `docmill export reverse {batch} --record {record} --reason …` exports it again."
            ))?;
        }
        Ok(match new.status {
            Status::Accepted => ExitStatus::Success,
            Status::NeedsReview | Status::Failed => ExitStatus::NeedsReview,
        })
    }

    /// The record with the new values, and what differs from before.
    fn corrected(
        &self,
        doc_type: &DocType,
        record: &Record,
    ) -> Result<(Record, Vec<FieldChange>), UsageError> {
        if record.source == Source::EmbeddedXml {
            let why = "its values are those of its e-invoice: approve it, or ask the seller for another invoice";
            return Err(UsageError(format!(
                "record {} is not corrected: {why}",
                self.id
            )));
        }
        let mut fields = record.fields.clone();
        let mut changed = Vec::new();
        for pair in &self.values {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                UsageError(format!("`{pair}` is no FIELD=VALUE, e.g. total=12.50"))
            })?;
            let path = FieldPath::parse(name.trim());
            let is_value = path
                .value_at(&fields)
                .is_some_and(|value| !value.is_array() && !value.is_object());
            if !is_value || !validation::set(&mut fields, &path, value) {
                return Err(no_field(record, name));
            }
            changed.push(path.to_string());
        }
        let today = jiff::Zoned::now().date();
        let new = validation::corrected(doc_type, record, fields, &changed, today);
        if let Some(finding) = unusable(&new, &changed) {
            return Err(UsageError(output::clean(&finding.message)));
        }
        let change = |name: &String| {
            let path = FieldPath::parse(name);
            let value = |record: &Record| {
                path.value_at(&record.fields)
                    .cloned()
                    .unwrap_or(Value::Null)
            };
            FieldChange {
                field: name.clone(),
                before: value(record),
                after: value(&new),
            }
        };
        let changes = changed.iter().map(change).collect();
        Ok((new, changes))
    }
}

/// Batch, target and record of each export of these pages that is not reversed.
async fn exported_in(
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

/// A value of the person's that has not the form of its field.
fn unusable<'a>(new: &'a Record, changed: &[String]) -> Option<&'a Finding> {
    new.findings.iter().find(|finding| {
        let is_form = finding.code.is_not_in_form() || finding.severity == Severity::Error;
        let field = finding.field.as_deref();
        is_form && field.is_some_and(|field| changed.iter().any(|name| name == field))
    })
}

fn no_field(record: &Record, name: &str) -> UsageError {
    let names: Vec<String> = record
        .fields
        .iter()
        .map(|(name, value)| match value.as_array() {
            Some(lines) => match lines.first().and_then(Value::as_object) {
                Some(line) => {
                    let leaves: Vec<_> = line.keys().map(String::as_str).collect();
                    format!("{name}[0 to {}].({})", lines.len() - 1, leaves.join("|"))
                }
                None => format!("{name} (no lines)"),
            },
            None => name.clone(),
        })
        .collect();
    let name = output::clean(name);
    UsageError(format!(
        "the record has no field {name}; it has {}",
        names.join(", ")
    ))
}

fn report(
    app: &mut App,
    id: i64,
    made: i64,
    new: &Record,
    changes: &[FieldChange],
) -> anyhow::Result<()> {
    for change in changes {
        let text = |value: &Value| match value {
            Value::String(text) => output::clean(text),
            Value::Null => "nothing".to_owned(),
            other => other.to_string(),
        };
        let line = format!(
            "{}: {} -> {}",
            change.field,
            text(&change.before),
            text(&change.after)
        );
        app.out.line(&line)?;
    }
    let status = new.status.as_str().replace('_', " ");
    app.out
        .line(&format!("Record {id} is record {made} now: {status}."))?;
    let open = new
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info);
    if new.status != Status::Accepted {
        for finding in open {
            app.out
                .line(&format!("  {}", output::clean(&finding.message)))?;
        }
        app.out.line(&format!(
            "`docmill correct {made} --approve --reason …` accepts it."
        ))?;
    }
    Ok(())
}
