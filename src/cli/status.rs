use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, by_reason, cell, count};
use super::summary::command;
use super::waiting::{self, Waiting};
use crate::documents::acceptance;
use crate::store::{SampleCounts, SeededCounts, Store};

/// Count documents, pages and records; list what failed, needs review or was rejected
#[derive(Args)]
pub struct StatusArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// List everything, not only the first 20 of each
    #[arg(long)]
    all: bool,
}

impl StatusArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let store = Store::open_to_read(&app.settings().db).await?;
        let mut counts = store.counts().await?;
        // The next run takes the pages of one that was killed.
        let abandoned = store.abandoned_pages().await?;
        if abandoned > 0 {
            *counts.pages.entry("queued".into()).or_default() += abandoned;
            let leased = counts.pages.entry("leased".into()).or_default();
            *leased = leased.saturating_sub(abandoned);
        }
        let today = jiff::Zoned::now().date();
        let postponed = store.postponed(today).await?;
        let waiting = Waiting::of(&store, today, self.all || self.json).await?;
        // Rejected files that were removed since need no attention.
        let (rejected, gone): (Vec<_>, Vec<_>) = (store.rejected().await?.into_iter())
            .partition(|file| file.path.symlink_metadata().is_ok());
        let skipped = store.skipped_files().await?;
        let mut by = BTreeMap::<&str, u64>::new();
        for file in &rejected {
            *by.entry(&file.reason).or_default() += 1;
        }
        let sample = store
            .sample_counts(app.settings().review.sample_share)
            .await?;
        let seeded = store.seeded_counts().await?;
        let events = store.undelivered_events().await?;
        if self.json {
            let files = rejected.iter().map(|file| {
                json!({
                    "path": file.path.to_string_lossy(),
                    "reason": file.reason,
                    "message": file.message,
                })
            });
            let mut value = serde_json::to_value(&counts)?;
            value["postponed"] = json!(postponed.records);
            value["sample"] = json!(sample);
            value["seeded"] = json!(seeded);
            value["webhook_events"] = json!(events);
            value["rejected"] = json!(by);
            value["rejected_gone"] = json!(gone.len());
            value["skipped"] = json!(skipped);
            value["rejected_files"] = files.collect();
            waiting.add_to(&mut value);
            app.out.json(&value)?;
            return Ok(ExitStatus::Success);
        }
        let of = |map: &BTreeMap<String, u64>, key: &str| map.get(key).copied().unwrap_or(0);
        let pages = |state, what| counted(of(&counts.pages, state), "page", what);
        let records = |status, what| counted(of(&counts.records, status), "record", what);
        // Left out where there are none.
        let some = |number: u64, line: String| (number > 0).then_some(line);
        let some_records = |status, what| some(of(&counts.records, status), records(status, what));
        let failed = format!(" failed{}", by_reason(&counts.failed_pages));
        let until = postponed.next.as_deref().unwrap_or_default();
        let until = format!(" of these postponed, the next until {until}");
        let left = format!(" rejected{}", by_reason(&by));
        let removed = gone.len() as u64;
        let lines = [
            Some(counted(counts.documents, "document", "")),
            Some(pages("done", " done")),
            Some(pages("queued", " queued")),
            Some(pages("leased", " in progress")),
            Some(pages("failed", &failed)),
            Some(records("accepted", " accepted")),
            Some(records("needs_review", " to review")),
            some_records(
                "needs_second_approval",
                " that a second person must approve",
            ),
            some(
                postponed.records,
                counted(postponed.records, "record", &until),
            ),
            some_records("rejected", " rejected"),
            some_records("not_a_bill", " set aside as not a bill"),
            Some(records("failed", " failed")),
            Some(counted(rejected.len() as u64, "file", &left)),
            some(
                removed,
                counted(removed, "file", " rejected and removed since"),
            ),
            some(
                events.waiting,
                counted(events.waiting, "webhook event", " waiting"),
            ),
            some(
                events.given_up,
                counted(
                    events.given_up,
                    "webhook event",
                    " given up: `docmill webhooks` says why",
                ),
            ),
            some(
                skipped,
                counted(skipped, "file", " skipped (data or settings)"),
            ),
        ];
        for line in lines.into_iter().flatten() {
            app.out.line(&line)?;
        }
        let rows = rejected.iter().map(|file| {
            let path = output::short(&file.path);
            [cell(&path), cell(&file.reason), cell(&file.message)]
        });
        let headings = ["rejected file", "reason", "why, and what to do"];
        waiting::list(&mut app, &headings, rejected.len(), rows, self.all)?;
        waiting.print(&mut app, self.all)?;
        if sample.records > 0 {
            app.out.line(&in_words(sample))?;
        }
        if seeded.decided > 0 {
            app.out.line(&seeded_in_words(seeded))?;
        }
        let open = of(&counts.pages, "queued") + of(&counts.pages, "leased");
        if open > 0 {
            app.out.line("")?;
            app.out
                .line(&format!("To read queued pages: {}", command(&app, "run")))?;
        }
        Ok(ExitStatus::Success)
    }
}

/// A line of the overview: `       3 pages done`.
fn counted(number: u64, one: &str, what: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{number:>8} {one}{many}{what}")
}

/// How many of the sampled records had a wrong value.
fn in_words(sample: SampleCounts) -> String {
    let (wrong, checked) = (sample.wrong, sample.checked);
    let found = match checked {
        0 => String::new(),
        _ => format!(
            " {wrong} had a wrong value: {:.1} %, with {:.0} % confidence at most {:.1} %.",
            100.0 * wrong as f64 / checked as f64,
            100.0 * acceptance::CONFIDENCE,
            100.0 * acceptance::highest_share(wrong, checked, acceptance::CONFIDENCE)
        ),
    };
    let records = count(sample.records, "accepted record");
    format!("Sample of {records}: {checked} checked.{found}")
}

/// How many seeded errors people found.
fn seeded_in_words(seeded: SeededCounts) -> String {
    let (found, decided) = (seeded.found, seeded.decided);
    let missed = acceptance::highest_share(decided - found, decided, acceptance::CONFIDENCE);
    format!(
        "Seeded errors: {found} of {decided} found, with {:.0} % confidence at least {:.1} %.",
        100.0 * acceptance::CONFIDENCE,
        100.0 * (1.0 - missed)
    )
}
