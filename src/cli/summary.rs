//! The table at the end of a run, and what to do next.

use std::path::Path;

use comfy_table::CellAlignment;
use serde_json::Value;

use super::App;
use super::output::{self, cell, count};
use super::report;
use crate::domain::{AMOUNT_DUE, Failure, Fields, Finding, Record, Severity, by_gravity};
use crate::outputs::report::Report;
use crate::pipeline::{Event, Summary};

/// Longer tables are of no use on a screen; `export` has all rows.
const MOST_ROWS: usize = 300;
/// Fields that tell a person which document it is, by what they say.
const NAMES: [&str; 4] = ["merchant_name", "seller_name", "counterparty", "app_name"];
const DATES: [&str; 2] = ["date", "issue_date"];
const TOTALS: [&str; 3] = ["total", "gross_total", "amount"];

/// What a run brought, gathered from its events.
#[derive(Default)]
pub struct Results {
    rows: Vec<Row>,
    more_rows: u64,
    /// Files all of whose pages were read before.
    known_files: u64,
    /// Of these, files with pages that failed.
    known_failed: u64,
    /// Records that stay, since their pages could not be read again.
    kept: u64,
    unrouted: Option<i64>,
    to_review: Option<i64>,
    failed: Option<i64>,
}

struct Row {
    record: Option<i64>,
    file: String,
    first_page: u32,
    cells: Vec<comfy_table::Cell>,
}

impl Results {
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Ingested {
                new_pages: 0,
                failed_pages,
                ..
            } => {
                self.known_files += 1;
                self.known_failed += u64::from(failed_pages > 0);
            }
            Event::Rejected { path, failure } => self.row(|| rejected_row(&path, &failure)),
            Event::Kept { record_id, .. } => {
                self.kept += 1;
                self.failed.get_or_insert(record_id);
            }
            Event::Recorded {
                path,
                record,
                record_id,
            }
            | Event::Doubted {
                path,
                record,
                record_id,
            } => {
                let slot = match record.status {
                    crate::domain::Status::Accepted => None,
                    crate::domain::Status::Failed => Some(&mut self.failed),
                    _ if record.doc_type.is_none() => Some(&mut self.unrouted),
                    _ => Some(&mut self.to_review),
                };
                if let Some(slot) = slot {
                    slot.get_or_insert(record_id);
                }
                // What was doubted has a row already.
                self.rows.retain(|row| row.record != Some(record_id));
                self.row(|| record_row(&path, record_id, &record));
            }
            _ => {}
        }
    }

    fn row(&mut self, make: impl FnOnce() -> Row) {
        if self.rows.len() < MOST_ROWS {
            self.rows.push(make());
        } else {
            self.more_rows += 1;
        }
    }

    /// The table, the counts by outcome and the next step.
    pub fn print(
        mut self,
        app: &mut App,
        summary: &Summary,
        figures: &Report,
        idle: &str,
    ) -> anyhow::Result<()> {
        if !self.rows.is_empty() {
            self.rows
                .sort_by(|a, b| (&a.file, a.first_page).cmp(&(&b.file, b.first_page)));
            let headings = [
                "id", "file", "pages", "type", "status", "name", "date", "total", "finding",
            ];
            let mut table = output::table(&headings);
            table.add_rows(self.rows.drain(..).map(|row| row.cells));
            app.out.table(&table)?;
            if self.more_rows > 0 {
                let more = count(self.more_rows, "more row");
                app.out
                    .line(&format!("… and {more}: {}", command(app, "export")))?;
            }
            app.out.line("")?;
        }
        for line in self.outcome(summary, idle) {
            app.out.line(&line)?;
        }
        for line in report::brief(figures) {
            app.out.line(&line)?;
        }
        for step in self.next_steps(app, summary) {
            app.out.line(&step)?;
        }
        Ok(())
    }

    fn outcome(&self, summary: &Summary, idle: &str) -> Vec<String> {
        let failed_pages: u64 = summary.pages_failed.values().sum();
        let ended = summary.pages_done + failed_pages;
        let mut lines = Vec::new();
        if ended == 0 && summary.files == 0 {
            lines.push(idle.to_owned());
        } else {
            let files = count(summary.files, "file");
            let pages = count(ended, "page");
            let rate = match ended {
                0 => String::new(),
                ended => format!(
                    ", {:.0} pages a minute",
                    ended as f64 * 60.0 / summary.seconds
                ),
            };
            lines.push(format!(
                "{files} looked at, {pages} read in {:.1} s{rate}",
                summary.seconds
            ));
        }
        let counts = [
            (summary.accepted, "accepted", String::new()),
            (summary.needs_review, "to review", String::new()),
            (summary.failed, "failed", by_reason(&summary.pages_failed)),
            (
                self.kept,
                "kept with the values read before, not read again",
                match summary.failed {
                    0 => by_reason(&summary.pages_failed),
                    _ => String::new(),
                },
            ),
            (
                summary.rejected.values().sum(),
                "turned away",
                by_reason(&summary.rejected),
            ),
            (
                self.known_files,
                "known already, not read again",
                match self.known_failed {
                    0 => String::new(),
                    failed => format!(" ({failed} with pages that failed)"),
                },
            ),
        ];
        for (number, what, reasons) in counts {
            if number > 0 {
                lines.push(format!("{number:>6} {what}{reasons}"));
            }
        }
        lines.extend(climbs(summary));
        for gap in &summary.sandbox_gaps {
            lines.push(format!("Workers are only partially sandboxed: {gap}"));
        }
        lines
    }

    fn next_steps(&self, app: &App, summary: &Summary) -> Vec<String> {
        let mut steps = Vec::new();
        if summary.interrupted {
            let step =
                "Interrupted. What was read is stored; the same command goes on with the rest.";
            steps.push(step.to_owned());
        }
        if !summary.rejected.is_empty() {
            let command = command(app, "status");
            steps.push(format!("Files turned away, and why: {command}"));
        }
        if let Some(id) = self.failed {
            let (show, retry) = (command(app, &format!("show {id}")), command(app, "retry"));
            steps.push(format!(
                "Why pages failed: {show}; to try them again: {retry}"
            ));
        }
        if self.failed.is_none() && self.known_failed > 0 {
            let retry = command(app, "retry");
            steps.push(format!("To try again the pages that failed: {retry}"));
        }
        if let Some(id) = self.unrouted {
            let retry = command(app, &format!("retry {id} --type receipt"));
            steps.push(format!("Where the type could not be told, say it: {retry}"));
        }
        if let Some(id) = self.to_review {
            let show = command(app, &format!("show {id}"));
            let all = command(app, "export --status needs_review");
            steps.push(format!(
                "What is to be looked at, and why: {show}; all of it: {all}"
            ));
        }
        if summary.accepted + summary.needs_review > 0 {
            let export = command(app, "export --format csv --out rows.csv");
            steps.push(format!("All rows as a table: {export}"));
        }
        steps
    }
}

/// Why stronger readers did not read more.
fn climbs(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(budget) = &summary.budget_used_up {
        lines.push(format!(
            "The budget for stronger readers is used up ({budget}): further pages stay in review."
        ));
    }
    for (name, why) in &summary.readers_away {
        lines.push(format!("{name} was left alone: {why}"));
    }
    lines
}

/// A command to copy, for the same database.
pub fn command(app: &App, rest: &str) -> String {
    let db = &app.settings().db;
    if *db == crate::config::Settings::default().db {
        return format!("docmill {rest}");
    }
    format!("docmill --db {} {rest}", db.display())
}

/// ` (corrupt 2, empty_file 1)`, or nothing.
pub fn by_reason<R: std::fmt::Display>(reasons: &std::collections::BTreeMap<R, u64>) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let each: Vec<_> = reasons
        .iter()
        .map(|(reason, n)| format!("{reason} {n}"))
        .collect();
    format!(" ({})", each.join(", "))
}

fn rejected_row(path: &Path, failure: &Failure) -> Row {
    let file = output::short(path);
    let mut cells = vec![cell("-"), cell(&file), cell("-"), cell("-")];
    cells.push(output::status_cell("turned_away"));
    cells.extend(["", "", ""].map(cell));
    cells.push(cell(&failure.to_string()));
    Row {
        record: None,
        file,
        first_page: 0,
        cells,
    }
}

fn record_row(path: &Path, id: i64, record: &Record) -> Row {
    let file = output::short(path);
    let right = |text: String| cell(&text).set_alignment(CellAlignment::Right);
    let cells = vec![
        cell(&id.to_string()),
        cell(&file),
        cell(&output::pages(&record.pages)),
        cell(record.doc_type.as_deref().unwrap_or("-")),
        output::status_cell(record.status.as_str()),
        cell(&name(&record.fields)),
        cell(&first(&record.fields, &DATES)),
        right(total(&record.fields)),
        cell(&gravest_finding(record)),
    ];
    Row {
        record: Some(id),
        file,
        first_page: record.pages.first().copied().unwrap_or(0),
        cells,
    }
}

/// The gravest finding that somebody should look at, and how many more there
/// are. What is to be paid is shown though it is a mere note.
fn gravest_finding(record: &Record) -> String {
    let shown = |f: &&Finding| f.severity > Severity::Info || f.code == AMOUNT_DUE;
    let findings = by_gravity(&record.findings);
    let mut findings = findings.into_iter().filter(shown);
    let Some(gravest) = findings.next() else {
        return String::new();
    };
    match findings.count() {
        0 => gravest.message.clone(),
        more => format!("{} (+{more} more)", gravest.message),
    }
}

/// Who it is from; for a type that has none of the usual names, its first text.
fn name(fields: &Fields) -> String {
    let usual = first(fields, &NAMES);
    if !usual.is_empty() {
        return usual;
    }
    let is_usual =
        |name: &str| DATES.contains(&name) || TOTALS.contains(&name) || name == "currency";
    let text = fields
        .iter()
        .find(|(name, value)| value.is_string() && !is_usual(name));
    text.map(|(_, value)| plain(value)).unwrap_or_default()
}

fn total(fields: &Fields) -> String {
    let (amount, currency) = (first(fields, &TOTALS), first(fields, &["currency"]));
    match (amount.is_empty(), currency.is_empty()) {
        (true, _) => String::new(),
        (_, true) => amount,
        _ => format!("{amount} {currency}"),
    }
}

/// The first of `names` that has a value.
fn first(fields: &Fields, names: &[&str]) -> String {
    let mut values = names.iter().filter_map(|name| fields.get(*name));
    values
        .find(|value| !value.is_null())
        .map(plain)
        .unwrap_or_default()
}

/// A scalar as text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Status;

    fn fields(value: Value) -> Fields {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_row_shows_the_values_that_tell_which_document_it_is() {
        let invoice = fields(json!({
            "seller_name": "ACME", "issue_date": "2026-01-02", "gross_total": "11.90", "currency": "EUR"
        }));
        assert_eq!(name(&invoice), "ACME");
        assert_eq!(first(&invoice, &DATES), "2026-01-02");
        assert_eq!(total(&invoice), "11.90 EUR");
    }

    #[test]
    fn a_type_of_the_user_is_named_by_its_first_text() {
        let ticket = fields(json!({"date": "2026-01-02", "seats": 2, "venue": "Odeon"}));
        assert_eq!(name(&ticket), "Odeon");
        assert_eq!(total(&ticket), "");
    }

    #[test]
    fn the_gravest_finding_is_shown_and_of_mere_notes_only_what_is_due() {
        let finding = |severity, message: &str| Finding::new("c", severity, None, message);
        let mut record = Record {
            doc_type: None,
            pages: vec![0],
            status: Status::NeedsReview,
            source: crate::domain::Source::Model,
            fields: Fields::new(),
            findings: vec![finding(Severity::Info, "note")],
            confidence: None,
            field_confidence: Vec::new(),
            logprobs: Vec::new(),
            type_probability: None,
            calibrated: None,
            evidence: Vec::new(),
            keys: Vec::new(),
        };
        assert_eq!(gravest_finding(&record), "");
        let due = Finding::new(AMOUNT_DUE, Severity::Info, None, "9.00 is due");
        record.findings.push(due);
        assert_eq!(gravest_finding(&record), "9.00 is due");
        record.findings.push(finding(Severity::Warning, "first"));
        record.findings.push(finding(Severity::Warning, "second"));
        assert_eq!(gravest_finding(&record), "first (+2 more)");
        record.findings.push(finding(Severity::Error, "grave"));
        assert_eq!(gravest_finding(&record), "grave (+3 more)");
    }
}
