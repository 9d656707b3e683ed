//! What waits for a person, as `docmill status` lists it.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::app::App;
use super::output::{self, cell};
use super::summary::command;
use crate::review::{by_urgency, queue_reason};
use crate::store::{AcceptedToo, FailedPage, ReviewQueue, Store};

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
            to_review: store
                .review_queue(today, AcceptedToo::default(), most)
                .await?,
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
        let groups: Vec<&[FailedPage]> = self.failed.chunk_by(is_same_failure).collect();
        let rows = groups.iter().map(|pages| {
            let first = &pages[0];
            let indices: Vec<u32> = pages.iter().map(|page| page.page_index).collect();
            let ids = pages.iter().filter_map(|page| page.record);
            let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
            let ids = match &ids[..] {
                [first, .., last] if first != last => format!("{first}-{last}"),
                ids => ids.first().cloned().unwrap_or_default(),
            };
            [
                cell(&output::short(&first.path)),
                cell(&output::pages(&indices)),
                cell(&ids),
                cell(&first.reason),
                cell(&output::of_pages(&first.message, &indices)),
            ]
        });
        let headings = ["failed", "pages", "id", "reason", "why"];
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

/// Whether the second page follows the first one in its file, and failed for the same cause.
fn is_same_failure(one: &FailedPage, next: &FailedPage) -> bool {
    fn cause(page: &FailedPage) -> (&str, u32) {
        (&page.message, page.page_index)
    }
    one.path == next.path
        && one.reason == next.reason
        && output::is_one_cause(cause(one), cause(next))
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
