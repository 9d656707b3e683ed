mod fields;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, cell, cut_cell, short_cell};
use super::summary::plain;
use crate::config::UsageError;
use crate::domain::time::{minute, rfc3339};
use crate::domain::{PageQuality, Record, Source, by_severity};
use crate::files;
use crate::outputs::export::{self, Exported};
use crate::outputs::quality;
use crate::outputs::words::money;
use crate::pipeline;
use crate::review::correction::exported_in;
use crate::store::{AttemptRow, ChangeRow, PageRow, Store, StoredRecord};

/// Show records: fields, findings, pages, attempts, provenance
#[derive(Args)]
pub struct ShowArgs {
    /// Number of a record, or path of a file (`./7` for a file named 7)
    #[arg(value_name = "ID|PATH")]
    what: std::ffi::OsString,
    /// Print one JSON object per record, as `export` does
    #[arg(long)]
    json: bool,
    /// Print the reader's answer for each page as it was given
    #[arg(long, conflicts_with = "json")]
    raw: bool,
}

impl ShowArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let store = Store::open_to_read(&app.settings().db).await?;
        let id = self.what.to_str().and_then(|text| text.parse().ok());
        let records = match id {
            Some(id) => match store.any_record(id).await? {
                Some(record) => vec![record],
                None => return Err(no_record(&store, id).await?.into()),
            },
            None => {
                let path = files::absolute(Path::new(&self.what));
                let records = store.records_at(&path).await?;
                if records.is_empty() {
                    return without_record(&store, &mut app, &path).await;
                }
                records
            }
        };
        for record in &records {
            if self.json {
                app.out.json(&json(&store, record.clone()).await?)?;
            } else {
                if let Some(by) = replaced(&store, record.id).await? {
                    app.out.line(&replacement_note(&by))?;
                }
                let pages = store.pages(record.document_id).await?;
                if self.raw {
                    print_answers(&mut app, record, &pages)?;
                    continue;
                }
                let attempts = store.attempt_rows(record.document_id).await?;
                let quality = store.page_quality(record.document_id).await?;
                print(&mut app, record, &pages, &attempts, &quality)?;
                let changes = store.changes(record.document_id).await?;
                print_changes(&mut app, &changes)?;
            }
        }
        Ok(ExitStatus::Success)
    }
}

/// The record as `export` writes it, with the records that replaced it.
async fn json(store: &Store, record: StoredRecord) -> anyhow::Result<Value> {
    let replaced = replaced(store, record.id).await?;
    let mut line = export::line(&Exported::of(store, record).await?);
    if let Some(by) = replaced {
        line["replaced_by"] = by.into();
    }
    Ok(line)
}

/// As `show --json` prints the current record `id`, which was made of `before`, with the
/// exports of its pages that are not reversed.
pub async fn json_of_change(
    store: &Store,
    before: &StoredRecord,
    id: i64,
) -> anyhow::Result<Value> {
    let record = store.record(id).await?;
    let record = record.with_context(|| format!("record {id} was replaced meanwhile"))?;
    let mut line = json(store, record).await?;
    let exported = exported_in(store, &before.blake3, &before.record.pages).await?;
    let exported = exported.into_iter().map(|(batch, target, record)| {
        serde_json::json!({ "batch": batch, "target": target, "record": record })
    });
    line["exported"] = exported.collect();
    Ok(line)
}

/// The records that replaced this one; `None`: it is current.
async fn replaced(store: &Store, id: i64) -> anyhow::Result<Option<Vec<i64>>> {
    Ok(match store.record(id).await? {
        Some(_) => None,
        None => Some(store.successors(id).await?.unwrap_or_default()),
    })
}

fn replacement_note(by: &[i64]) -> String {
    let numbers: Vec<_> = by.iter().map(i64::to_string).collect();
    match numbers.as_slice() {
        [] => "Replaced. No current record has its pages".to_owned(),
        numbers => format!("Replaced by {}", numbers.join(" and ")),
    }
}

/// Ids of the record's pages, of which it has at least one; an error where there is no
/// such record.
pub async fn pages_of_record(store: &Store, id: i64) -> anyhow::Result<Vec<i64>> {
    let pages = store.pages_of_record(id).await?;
    match pages.is_empty() {
        true => Err(no_record(store, id).await?.into()),
        false => Ok(pages),
    }
}

/// For commands that take a record or a file.
pub fn check_file(path: &Path) -> Result<(), UsageError> {
    match path.is_file() {
        true => Ok(()),
        false => Err(UsageError(format!(
            "there is no file {}: name a file or the number of a record",
            path.display()
        ))),
    }
}

/// Why there is no current record with this number, and which replaced it.
pub async fn no_record(store: &Store, id: i64) -> anyhow::Result<UsageError> {
    let why = match store.successors(id).await?.as_deref() {
        None => format!("there is no record {id}; `docmill export` lists all"),
        Some([]) => {
            format!("record {id} was replaced. Its pages are queued: `docmill run`")
        }
        Some(successors) => {
            let numbers: Vec<_> = successors.iter().map(i64::to_string).collect();
            let numbers = numbers.join(" and ");
            format!(
                "record {id} was replaced by {numbers}: it was corrected, or its pages were read again"
            )
        }
    };
    Ok(UsageError(why))
}

/// A path without a record: rejected, still queued, or never found.
async fn without_record(store: &Store, app: &mut App, path: &Path) -> anyhow::Result<ExitStatus> {
    let rejected = store.rejected().await?;
    if let Some(file) = rejected.iter().find(|file| file.path == path) {
        let shown = output::short(path);
        let (reason, message) = (&file.reason, output::clean(&file.message));
        app.out
            .line(&format!("{shown} was rejected: {reason}: {message}"))?;
        return Ok(ExitStatus::Success);
    }
    let why = format!(
        "there is no record of {}: it was never read or is queued (`docmill status`)",
        path.display()
    );
    Err(UsageError(why).into())
}

fn print(
    app: &mut App,
    stored: &StoredRecord,
    pages: &[PageRow],
    attempts: &[AttemptRow],
    quality: &BTreeMap<u32, PageQuality>,
) -> anyhow::Result<()> {
    let record = &stored.record;
    let doc_type = record
        .doc_type
        .as_deref()
        .or(type_of_page(record, pages))
        .unwrap_or("document of unknown type");
    let types = pipeline::doc_types(app.settings().types.as_deref()).ok();
    let known = types.as_ref().and_then(|types| types.get(doc_type));
    let min_confidence = app.settings().acceptance.min_confidence;
    let confidence = fields::lowest_probability(known, record, min_confidence);
    let status = record.status.in_words();
    let source = match record.source {
        Source::Model => "",
        Source::EmbeddedXml => ", values from its e-invoice",
    };
    app.out.line(&format!(
        "Record {}: {doc_type}, {status}{confidence}{source}",
        stored.id
    ))?;
    for path in &stored.paths {
        app.out.line(&format!("  {}", output::short(path)))?;
    }
    if let Some(note) = type_note(record) {
        app.out.line(&note)?;
    }
    fields::print(app, known, stored)?;
    if !record.findings.is_empty() {
        app.out.line("\nFindings")?;
        let mut table = output::table(&["severity", "field", "finding"]);
        for finding in by_severity(&record.findings) {
            let field = finding.field.as_deref().unwrap_or("-");
            table.add_row([
                cell(finding.severity.as_str()),
                cell(field),
                cell(&finding.message),
            ]);
        }
        app.out.table(&table)?;
    }
    print_pages(app, record.pages.as_slice(), pages)?;
    for (page, quality) in quality
        .iter()
        .filter(|(page, _)| record.pages.contains(page))
    {
        let measures = quality::in_words(quality);
        app.out
            .line(&format!("Quality of page {}: {measures}", page + 1))?;
    }
    print_attempts(app, record.pages.as_slice(), attempts)?;
    app.out.line("\nProvenance")?;
    let time = rfc3339(stored.created_at);
    let mut rows = vec![
        ("run", format!("{} at {time}", stored.run_id)),
        ("document", format!("blake3 {}", stored.blake3)),
    ];
    let hashes = [
        ("model", &stored.models),
        ("prompt", &stored.prompts),
        ("schema", &stored.schemas),
    ];
    for (what, hashes) in hashes {
        rows.extend(hashes.iter().map(|hash| (what, hash.clone())));
    }
    let calibrated = record.calibrated.iter();
    rows.extend(calibrated.map(|calibrated| ("calibration", calibrated.calibration.clone())));
    for (what, value) in rows {
        app.out.line(&format!("  {what:<11}  {value}"))?;
    }
    Ok(())
}

/// What the reader answered about each page of the record.
fn print_answers(app: &mut App, stored: &StoredRecord, pages: &[PageRow]) -> anyhow::Result<()> {
    let of_record = |page: &&PageRow| stored.record.pages.contains(&page.index);
    for page in pages.iter().filter(of_record) {
        app.out
            .line(&format!("Record {}, page {}", stored.id, page.index + 1))?;
        let answer = page.raw_text.as_deref();
        let answer = answer.unwrap_or("(no reader answered: see `docmill show`)");
        for line in answer.lines() {
            app.out.line(&format!("  {}", output::clean(line)))?;
        }
    }
    Ok(())
}

/// What people changed in the document's records, and decided.
fn print_changes(app: &mut App, changes: &[ChangeRow]) -> anyhow::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    app.out.line("\nHistory")?;
    let mut table = output::table(&["time", "by", "record", "field", "before", "after", "reason"]);
    for change in changes {
        let value = |json: &Option<String>| {
            let value = json
                .as_deref()
                .and_then(|json| serde_json::from_str::<Value>(json).ok());
            value.map(|value| plain(&value)).unwrap_or_default()
        };
        table.add_row([
            cell(&minute(change.changed_at)),
            cell(&change.changed_by),
            cell(&change.record_id.to_string()),
            cell(&what(change)),
            short_cell(&value(&change.before)),
            short_cell(&value(&change.after)),
            cell(&change.reason),
        ]);
    }
    app.out.table(&table)
}

/// The type of the first page, for a record whose pages could not be read.
fn type_of_page<'a>(record: &Record, pages: &'a [PageRow]) -> Option<&'a str> {
    let first = record.pages.first()?;
    let page = pages.iter().find(|page| page.index == *first)?;
    page.doc_type.as_deref()
}

fn what(change: &ChangeRow) -> String {
    match (&change.field, change.decision, &change.until) {
        (Some(field), ..) => field.clone(),
        (None, Some(decision), Some(until)) => format!("{} until {until}", decision.in_words()),
        (None, decision, _) => decision.map(|d| d.in_words()).unwrap_or_default(),
    }
}

/// How the type was determined.
fn type_note(record: &Record) -> Option<String> {
    let doc_type = record.doc_type.as_deref()?;
    let note = match (record.type_probability, record.source) {
        (Some(p), _) => format!("  {doc_type}: classified by CLIP (p = {p:.3})"),
        (None, Source::Model) => format!("  {doc_type}: type given, not classified"),
        (None, Source::EmbeddedXml) => return None,
    };
    Some(note)
}

fn print_pages(app: &mut App, of_record: &[u32], pages: &[PageRow]) -> anyhow::Result<()> {
    app.out.line("\nPages")?;
    let mut table = output::table(&["page", "state", "type", "attempts", "seconds", "why"]);
    for page in pages.iter().filter(|page| of_record.contains(&page.index)) {
        let seconds = page.stage_seconds.iter();
        let seconds: Vec<_> = seconds
            .map(|(stage, s)| format!("{stage} {s:.2}"))
            .collect();
        let why = match (&page.reason, &page.message) {
            (Some(reason), Some(message)) => format!("{reason}: {message}"),
            (reason, message) => reason.clone().or(message.clone()).unwrap_or_default(),
        };
        table.add_row([
            cell(&(page.index + 1).to_string()),
            cell(&page.state),
            cell(page.doc_type.as_deref().unwrap_or("-")),
            cell(&page.attempts.to_string()),
            cell(&seconds.join(", ")),
            cell(&why),
        ]);
        // The model's text before a failure is the only clue.
        if let (Some(_), Some(text)) = (&page.reason, &page.raw_text) {
            let mut row: Vec<_> = [""; 5].map(cell).into();
            // `docmill show --raw` prints all of it.
            row.push(cut_cell(&format!("model output: {text}"), 240));
            table.add_row(row);
        }
    }
    app.out.table(&table)
}

/// Every attempt, unless each page was simply read once.
fn print_attempts(app: &mut App, of_record: &[u32], attempts: &[AttemptRow]) -> anyhow::Result<()> {
    let attempts: Vec<_> = attempts
        .iter()
        .filter(|attempt| of_record.contains(&attempt.page))
        .collect();
    let is_plain = |attempt: &&AttemptRow| attempt.why.is_none() && attempt.cost.is_none();
    if attempts.len() <= of_record.len() && attempts.iter().all(is_plain) {
        return Ok(());
    }
    app.out.line("\nAttempts")?;
    let headings = [
        "page", "reader", "tokens", "cost", "seconds", "used", "reason", "failure",
    ];
    let mut table = output::table(&headings);
    for attempt in attempts {
        let tokens = match (attempt.input_tokens, attempt.output_tokens) {
            (Some(input), Some(output)) => format!("{input} + {output}"),
            _ => String::new(),
        };
        let cost = match (attempt.cost, &attempt.currency) {
            (Some(cost), Some(currency)) => format!("{} {currency}", money(cost)),
            _ => String::new(),
        };
        table.add_row([
            cell(&(attempt.page + 1).to_string()),
            cell(attempt.reader.as_deref().unwrap_or("-")),
            cell(&tokens),
            cell(&cost),
            cell(&format!("{:.2}", attempt.seconds)),
            cell(if attempt.counts { "yes" } else { "" }),
            cell(attempt.why.as_deref().unwrap_or("first")),
            cell(attempt.reason.as_deref().unwrap_or("")),
        ]);
    }
    app.out.table(&table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_data;

    #[test]
    fn the_source_of_the_type_is_shown() {
        let mut record = test_data::record("invoice", serde_json::json!({}));
        record.type_probability = Some(0.8125);
        let note = |record: &Record| type_note(record).unwrap_or_default();
        assert_eq!(note(&record), "  invoice: classified by CLIP (p = 0.812)");
        record.type_probability = None;
        assert!(note(&record).contains("type given"));
        record.source = Source::EmbeddedXml;
        assert_eq!(note(&record), "");
    }
}
