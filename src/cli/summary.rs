//! The table at the end of a run, and the next steps.

use std::path::Path;

use comfy_table::CellAlignment;
use serde_json::Value;

use super::app::App;
use super::output::{self, by_reason, cell, count};
use crate::domain::{
    Facts, Failure, Fields, Finding, FindingCode, Record, Severity, Status, by_severity,
    scalar_text,
};
use crate::outputs::report::RunReport;
use crate::pipeline::{Event, RunStatistics};

/// Most rows of the table; `export` has all.
const MOST_ROWS: usize = 300;

/// The table of a run, collected from its events.
#[derive(Default)]
pub struct RunTable {
    rows: Vec<SummaryRow>,
    more_rows: u64,
    /// Records that stay current because their pages could not be read again.
    kept: u64,
    unrouted: Option<i64>,
    to_review: Option<i64>,
    failed: Option<i64>,
}

struct SummaryRow {
    record: Option<i64>,
    file: String,
    first_page: u32,
    /// Why a page could not be read.
    failure: Option<String>,
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
                    Status::Accepted => None,
                    Status::Failed => Some(&mut self.failed),
                    _ if has_unknown_type(&record) => Some(&mut self.unrouted),
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

    fn row(&mut self, make: impl FnOnce() -> SummaryRow) {
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
            table.add_rows(folded(std::mem::take(&mut self.rows)));
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
            (
                summary.skipped,
                "skipped: data or settings, not documents",
                String::new(),
            ),
            (
                known.copies,
                "with the content of another file",
                String::new(),
            ),
            (known.read, "read before", String::new()),
            (known.to_review, "of earlier runs to review", String::new()),
            (
                known.failed,
                "of earlier runs with a failed page",
                String::new(),
            ),
        ];
        for (number, what, reasons) in counts {
            if number > 0 {
                lines.push(format!("{number:>6} {what}{reasons}"));
            }
        }
        if summary.pages_elsewhere > 0 {
            lines.push(being_read(summary.pages_elsewhere));
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

/// Why the result of a run is not final. `elsewhere`: at least 1.
pub fn being_read(elsewhere: u64) -> String {
    let pages = count(elsewhere, "page");
    let are = if elsewhere == 1 { "is" } else { "are" };
    format!("{pages} {are} being read by another run: run the same command again later")
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

/// A blank page has no type either, and needs none.
fn has_unknown_type(record: &Record) -> bool {
    let mut findings = record.findings.iter();
    findings.any(|finding| finding.code == FindingCode::TypeUnknown)
}

/// The cells of the rows; those of a file's failed pages with one cause are one row.
fn folded(rows: Vec<SummaryRow>) -> Vec<Vec<comfy_table::Cell>> {
    let mut all = Vec::new();
    let is_same = |one: &SummaryRow, next: &SummaryRow| match (&one.failure, &next.failure) {
        (Some(failure), Some(of_next)) => {
            one.file == next.file
                && output::is_one_cause((failure, one.first_page), (of_next, next.first_page))
        }
        _ => false,
    };
    for group in rows.chunk_by(is_same) {
        let (first, last) = (&group[0], &group[group.len() - 1]);
        let mut cells = first.cells.clone();
        if let (Some(failure), Some(from), Some(to), 2..) =
            (&first.failure, first.record, last.record, group.len())
        {
            let pages: Vec<u32> = group.iter().map(|row| row.first_page).collect();
            cells[0] = cell(&format!("{from}-{to}"));
            cells[2] = cell(&output::pages(&pages));
            *cells.last_mut().expect("a row has cells") = cell(&output::of_pages(failure, &pages));
        }
        all.push(cells);
    }
    all
}

fn rejected_row(path: &Path, failure: &Failure) -> SummaryRow {
    let file = output::short(path);
    let mut cells = vec![cell("-"), cell(&file), cell("-"), cell("-")];
    cells.push(output::status_cell("rejected"));
    cells.extend(["", "", ""].map(cell));
    cells.push(cell(&failure.to_string()));
    SummaryRow {
        record: None,
        file,
        first_page: 0,
        failure: None,
        cells,
    }
}

fn record_row(path: &Path, id: i64, record: &Record) -> SummaryRow {
    let file = output::short(path);
    let right = |text: String| cell(&text).set_alignment(CellAlignment::Right);
    let facts = Facts::of(&record.fields);
    let finding = main_finding(record);
    let cells = vec![
        cell(&id.to_string()),
        cell(&file),
        cell(&output::pages(&record.pages)),
        cell(record.doc_type.as_deref().unwrap_or("-")),
        output::status_cell(record.status.as_str()),
        output::short_cell(&name(&record.fields, &facts)),
        cell(facts.date.as_deref().unwrap_or_default()),
        right(facts.total_text()),
        cell(&finding),
    ];
    SummaryRow {
        record: Some(id),
        file,
        first_page: record.pages.first().copied().unwrap_or(0),
        failure: (record.status == Status::Failed && record.pages.len() == 1).then_some(finding),
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
    use crate::domain::test_data;

    fn fields(value: Value) -> Fields {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_type_without_a_known_name_field_shows_its_first_text() {
        let ticket = fields(json!({"date": "2026-01-02", "seats": 2, "venue": "Odeon"}));
        assert_eq!(name(&ticket, &Facts::of(&ticket)), "Odeon");
    }

    #[test]
    fn failed_pages_of_one_cause_are_one_row() {
        let page = |index: u32, why: &str| {
            let message = format!("page {} {why}", index + 1);
            let record = Record {
                status: Status::Failed,
                pages: vec![index],
                findings: vec![Finding::new(FindingCode::PageFailed, None, message)],
                ..test_data::record("receipt", json!({}))
            };
            record_row(Path::new("/in/a.pdf"), i64::from(index) + 10, &record)
        };
        let rows = vec![
            page(1, "is bad"),
            page(2, "is bad"),
            page(3, "is bad"),
            page(4, "is late"),
        ];
        let texts: Vec<Vec<String>> = folded(rows)
            .iter()
            .map(|cells| cells.iter().map(|cell| cell.content()).collect())
            .collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert_eq!(
            (texts[0][0].as_str(), texts[0][2].as_str()),
            ("11-13", "2-4")
        );
        assert_eq!(texts[0].last().unwrap(), "pages 2 to 4 is bad");
        assert_eq!(texts[1].last().unwrap(), "page 5 is late");
    }

    #[test]
    fn a_blank_page_is_not_one_whose_type_is_unknown() {
        let of = |code| Record {
            doc_type: None,
            status: Status::NeedsReview,
            findings: vec![Finding::new(code, None, "x")],
            ..test_data::record("receipt", json!({}))
        };
        assert!(has_unknown_type(&of(FindingCode::TypeUnknown)));
        assert!(!has_unknown_type(&of(FindingCode::Blank)));
    }

    #[test]
    fn the_most_severe_finding_is_shown_and_of_notes_only_the_amount_due() {
        let finding = |severity, message: &str| {
            Finding::new(FindingCode::SumMismatch, None, message).with_severity(severity)
        };
        let mut record = Record {
            status: Status::NeedsReview,
            findings: vec![finding(Severity::Info, "note")],
            ..test_data::record("receipt", json!({}))
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
