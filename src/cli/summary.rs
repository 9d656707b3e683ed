//! The table at the end of a run, and the next steps.

use std::path::Path;

use comfy_table::CellAlignment;
use serde_json::Value;

use super::app::App;
use super::output::{self, by_reason, cell, count};
use crate::domain::{
    Facts, Failure, Fields, Finding, FindingCode, Record, Severity, by_severity, scalar_text,
};
use crate::outputs::report::RunReport;
use crate::pipeline::{Event, RunStatistics};

/// Most rows of the table; `export` has all.
const MOST_ROWS: usize = 300;

/// The table of a run, collected from its events.
#[derive(Default)]
pub struct RunTable {
    rows: Vec<Row>,
    more_rows: u64,
    /// Records that stay current because their pages could not be read again.
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

impl RunTable {
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Rejected { path, failure } => self.row(|| rejected_row(&path, &failure)),
            Event::RecordRetained { record_id, .. } => {
                self.kept += 1;
                self.failed.get_or_insert(record_id);
            }
            Event::Recorded {
                path,
                record,
                record_id,
            }
            | Event::Downgraded {
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
                // A downgraded record has a row already.
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

    /// Prints the table, the counts and the next steps.
    pub fn print(
        mut self,
        app: &mut App,
        summary: &RunStatistics,
        report: &RunReport,
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
        for line in super::report::brief(report) {
            app.out.line(&line)?;
        }
        for step in self.next_steps(app, summary) {
            app.out.line(&step)?;
        }
        Ok(())
    }

    fn outcome(&self, summary: &RunStatistics, idle: &str) -> Vec<String> {
        let failed_pages: u64 = summary.pages_failed.values().sum();
        let ended = summary.pages_done + failed_pages;
        let mut lines = Vec::new();
        if ended == 0 && summary.files == 0 {
            lines.push(idle.to_owned());
        } else {
            let files = match summary.files {
                0 => String::new(),
                number => format!("{} found, ", count(number, "file")),
            };
            let pages = count(summary.pages_done, "page");
            let failed = match failed_pages {
                0 => String::new(),
                number => format!(", {number} failed"),
            };
            let rate = match ended {
                0 => String::new(),
                ended => format!(
                    ", {:.0} pages per minute",
                    ended as f64 * 60.0 / summary.seconds
                ),
            };
            lines.push(format!(
                "{files}{pages} read{failed} in {:.1} s{rate}",
                summary.seconds
            ));
        }
        let known = &summary.known_files;
        let counts = [
            (summary.accepted, "accepted", String::new()),
            (summary.needs_review, "to review", String::new()),
            (summary.failed, "failed", by_reason(&summary.pages_failed)),
            (
                self.kept,
                "kept with earlier values, because reading again failed",
                match summary.failed {
                    0 => by_reason(&summary.pages_failed),
                    _ => String::new(),
                },
            ),
            (
                summary.rejected.values().sum(),
                "rejected",
                by_reason(&summary.rejected),
            ),
            (known.copies, "copies of other files", String::new()),
            (known.read, "read before", String::new()),
            (
                known.to_review,
                "to review since earlier runs",
                String::new(),
            ),
            (known.failed, "failed in earlier runs", String::new()),
        ];
        for (number, what, reasons) in counts {
            if number > 0 {
                lines.push(format!("{number:>6} {what}{reasons}"));
            }
        }
        lines.extend(escalation_limits(summary));
        for gap in &summary.sandbox_gaps {
            lines.push(format!("Workers are only partially sandboxed: {gap}"));
        }
        lines
    }

    fn next_steps(&self, app: &App, summary: &RunStatistics) -> Vec<String> {
        let mut steps = Vec::new();
        if summary.interrupted {
            let step = "Interrupted. All results so far are stored; the same command continues.";
            steps.push(step.to_owned());
        }
        if !summary.rejected.is_empty() {
            let command = command(app, "status");
            steps.push(format!("Rejected files: {command}"));
        }
        if let Some(id) = self.failed {
            let (show, retry) = (command(app, &format!("show {id}")), command(app, "retry"));
            steps.push(format!("Failed pages: {show}; to try again: {retry}"));
        }
        if self.failed.is_none() && summary.known_files.failed > 0 {
            let (status, retry) = (command(app, "status"), command(app, "retry"));
            steps.push(format!("Failed pages: {status}; to try again: {retry}"));
        }
        if let Some(id) = self.unrouted {
            let retry = command(app, &format!("retry {id} --type receipt"));
            steps.push(format!("If the type was not recognised: {retry}"));
        }
        if let Some(id) = self.to_review {
            let show = command(app, &format!("show {id}"));
            let review = command(app, "review");
            steps.push(format!("Needs review: {review}; one of them: {show}"));
        } else if summary.known_files.to_review > 0 {
            steps.push(format!("Needs review: {}", command(app, "review")));
        }
        if summary.accepted + summary.needs_review > 0 {
            let export = command(app, "export --format csv --out rows.csv");
            steps.push(format!("Export all rows: {export}"));
        }
        steps
    }
}

/// Why fewer pages were escalated than wanted.
fn escalation_limits(summary: &RunStatistics) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(budget) = &summary.exhausted_budget {
        lines.push(format!(
            "Escalation limit reached ({budget}). Further pages stay in review."
        ));
    }
    for (name, why) in &summary.unavailable_readers {
        lines.push(format!("{name} was disabled for this run: {why}"));
    }
    lines
}

/// A command for the same database, to copy.
pub fn command(app: &App, rest: &str) -> String {
    let db = &app.settings().db;
    if *db == crate::config::Settings::default().db {
        return format!("docmill {rest}");
    }
    format!("docmill --db {} {rest}", db.display())
}

fn rejected_row(path: &Path, failure: &Failure) -> Row {
    let file = output::short(path);
    let mut cells = vec![cell("-"), cell(&file), cell("-"), cell("-")];
    cells.push(output::status_cell("rejected"));
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
    let facts = Facts::of(&record.fields);
    let cells = vec![
        cell(&id.to_string()),
        cell(&file),
        cell(&output::pages(&record.pages)),
        cell(record.doc_type.as_deref().unwrap_or("-")),
        output::status_cell(record.status.as_str()),
        cell(&name(&record.fields, &facts)),
        cell(facts.date.as_deref().unwrap_or_default()),
        right(facts.total_text()),
        cell(&main_finding(record)),
    ];
    Row {
        record: Some(id),
        file,
        first_page: record.pages.first().copied().unwrap_or(0),
        cells,
    }
}

/// The most severe finding that needs attention, and the number of others. An
/// amount due is shown although it is a note.
fn main_finding(record: &Record) -> String {
    let shown = |f: &&Finding| f.severity > Severity::Info || f.code == FindingCode::AmountDue;
    let findings = by_severity(&record.findings);
    let mut findings = findings.into_iter().filter(shown);
    let Some(main) = findings.next() else {
        return String::new();
    };
    match findings.count() {
        0 => main.message.clone(),
        more => format!("{} (+{more} more)", main.message),
    }
}

/// The other party; for a type without such a field, its first text.
fn name(fields: &Fields, facts: &Facts) -> String {
    if let Some(party) = &facts.party {
        return party.clone();
    }
    let usual = [&facts.date, &facts.total, &facts.currency];
    let is_usual = |text: &str| usual.iter().any(|of| of.as_deref() == Some(text));
    let mut texts = fields.values().filter_map(Value::as_str);
    texts
        .find(|text| !is_usual(text))
        .unwrap_or_default()
        .to_owned()
}

/// A scalar as text; empty for null.
pub fn plain(value: &Value) -> String {
    scalar_text(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Status, samples};

    fn fields(value: Value) -> Fields {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_type_without_a_known_name_field_shows_its_first_text() {
        let ticket = fields(json!({"date": "2026-01-02", "seats": 2, "venue": "Odeon"}));
        assert_eq!(name(&ticket, &Facts::of(&ticket)), "Odeon");
    }

    #[test]
    fn the_most_severe_finding_is_shown_and_of_notes_only_the_amount_due() {
        let finding = |severity, message: &str| {
            Finding::new(FindingCode::SumMismatch, None, message).with_severity(severity)
        };
        let mut record = Record {
            status: Status::NeedsReview,
            findings: vec![finding(Severity::Info, "note")],
            ..samples::record("receipt", json!({}))
        };
        assert_eq!(main_finding(&record), "");
        let due = Finding::new(FindingCode::AmountDue, None, "9.00 is due");
        record.findings.push(due);
        assert_eq!(main_finding(&record), "9.00 is due");
        record.findings.push(finding(Severity::Warning, "first"));
        record.findings.push(finding(Severity::Warning, "second"));
        assert_eq!(main_finding(&record), "first (+2 more)");
        record.findings.push(finding(Severity::Error, "severe"));
        assert_eq!(main_finding(&record), "severe (+3 more)");
    }
}
