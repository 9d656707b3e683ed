//! What waits for a person, as `docmill status` lists it.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::app::App;
use super::output::{self, cell};
use super::summary::command;
use crate::review::{by_urgency, queue_reason};
use crate::store::{FailedPage, ReviewQueue, Store};

/// Rows of a list unless all are asked for.
pub const SOME: usize = 20;

pub struct Waiting {
    failed: Vec<FailedPage>,
    to_review: ReviewQueue,
}

impl Waiting {
    /// With the first records to review, unless `all` are listed.
    pub async fn of(store: &Store, today: Date, all: bool) -> anyhow::Result<Waiting> {
        let most = (!all).then_some(SOME as u32);
        Ok(Waiting {
            failed: store.failed_pages().await?,
            to_review: store.review_queue(today, 0.0, most).await?,
        })
    }

    pub fn add_to(&self, value: &mut Value) {
        let failed = self.failed.iter().map(|page| {
            json!({
                "id": page.record,
                "path": page.path.to_string_lossy(),
                "page": page.page_index + 1,
                "reason": page.reason,
                "message": page.message,
            })
        });
        let to_review = self.to_review.records.iter().map(|record| {
            let findings = by_urgency(&record.findings);
            json!({
                "id": record.id,
                "path": record.path.to_string_lossy(),
                "type": record.doc_type,
                "reason": queue_reason(record),
                "finding_codes": findings.iter().map(|finding| finding.code).collect::<Vec<_>>(),
            })
        });
        value["failed_page_list"] = failed.collect();
        value["to_review"] = to_review.collect();
    }

    /// Prints failed pages and records to review, the first 20 of each unless
    /// `all`.
    pub fn print(&self, app: &mut App, all: bool) -> anyhow::Result<()> {
        let rows = self.failed.iter().map(|page| {
            [
                cell(&output::short(&page.path)),
                cell(&(page.page_index + 1).to_string()),
                cell(&page.record.map(|id| id.to_string()).unwrap_or_default()),
                cell(&page.reason),
                cell(&page.message),
            ]
        });
        let headings = ["failed", "page", "id", "reason", "why"];
        list(app, &headings, rows.len(), rows, all)?;
        if !self.failed.is_empty() {
            let retry = command(app, "retry");
            app.out.line(&format!(
                "To try failed pages again: {retry}. Remedies by reason: docs/troubleshooting.md"
            ))?;
        }
        let rows = self.to_review.records.iter().map(|record| {
            let more = match record.findings.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" (+{more} more)"),
            };
            [
                cell(&output::short(&record.path)),
                cell(&record.id.to_string()),
                cell(record.doc_type.as_deref().unwrap_or("-")),
                cell(&format!("{}{more}", queue_reason(record))),
            ]
        });
        let headings = ["to review", "id", "type", "reason"];
        let left = self.to_review.left as usize;
        list(app, &headings, left, rows, all)?;
        if self.to_review.left > 0 {
            let review = command(app, "review");
            app.out.line(&format!("To settle them: {review}"))?;
        }
        Ok(())
    }
}

/// A table of the first 20 rows, or of `all`, after an empty line; nothing without
/// rows. `number`: of all rows, where only the first ones are given.
pub fn list<const N: usize>(
    app: &mut App,
    headings: &[&str; N],
    number: usize,
    rows: impl Iterator<Item = [comfy_table::Cell; N]>,
    all: bool,
) -> anyhow::Result<()> {
    if number == 0 {
        return Ok(());
    }
    let shown = if all { number } else { number.min(SOME) };
    let mut table = output::table(headings);
    table.add_rows(rows.take(shown));
    app.out.line("")?;
    app.out.table(&table)?;
    if number > shown {
        let (more, all) = (number - shown, command(app, "status --all"));
        app.out.line(&format!("… and {more} more: {all}"))?;
    }
    Ok(())
}
