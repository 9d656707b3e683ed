use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::App;
use super::exit::Outcome;
use super::output::{self, cell};
use super::summary::{by_reason, command};
use crate::store::Store;

/// Rejected files shown unless all are asked for.
const SOME: usize = 20;

/// How much is done, waiting, failed, turned away
#[derive(Args)]
pub struct Status {
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Every file that was turned away, not only the first
    #[arg(long)]
    all: bool,
}

impl Status {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let store = Store::open_to_read(&app.settings().db).await?;
        let counts = store.counts().await?;
        // What was taken out of the folder since is no one's work any more.
        let (rejected, gone): (Vec<_>, Vec<_>) = (store.rejected().await?.into_iter())
            .partition(|file| file.path.symlink_metadata().is_ok());
        let mut by = BTreeMap::<&str, u64>::new();
        for file in &rejected {
            *by.entry(&file.reason).or_default() += 1;
        }
        if self.json {
            let files = rejected.iter().map(|file| {
                json!({
                    "path": file.path.to_string_lossy(),
                    "reason": file.reason,
                    "message": file.message,
                })
            });
            let mut value = serde_json::to_value(&counts)?;
            value["rejected"] = json!(by);
            value["rejected_gone"] = json!(gone.len());
            value["rejected_files"] = files.collect();
            app.out.json(&value)?;
            return Ok(Outcome::Good);
        }
        let of = |map: &BTreeMap<String, u64>, key: &str| map.get(key).copied().unwrap_or(0);
        let (failed, turned_away) = (by_reason(&counts.failed_pages), by_reason(&by));
        let mut lines = vec![
            (counts.documents, "document", "", ""),
            (of(&counts.pages, "done"), "page", " done", ""),
            (of(&counts.pages, "queued"), "page", " queued", ""),
            (of(&counts.pages, "leased"), "page", " in work", ""),
            (of(&counts.pages, "failed"), "page", " failed", &failed),
            (of(&counts.records, "accepted"), "record", " accepted", ""),
            (
                of(&counts.records, "needs_review"),
                "record",
                " to review",
                "",
            ),
            (of(&counts.records, "failed"), "record", " failed", ""),
            (rejected.len() as u64, "file", " turned away", &turned_away),
        ];
        if !gone.is_empty() {
            let gone = gone.len() as u64;
            lines.push((gone, "file", " turned away and gone since", ""));
        }
        for (number, one, what, reasons) in lines {
            let many = if number == 1 { "" } else { "s" };
            app.out
                .line(&format!("{number:>8} {one}{many}{what}{reasons}"))?;
        }
        if !rejected.is_empty() {
            app.out.line("")?;
            let mut table = output::table(&["file turned away", "reason", "why, and what to do"]);
            let shown = if self.all { rejected.len() } else { SOME };
            for file in rejected.iter().take(shown) {
                let path = output::short(&file.path);
                table.add_row([cell(&path), cell(&file.reason), cell(&file.message)]);
            }
            app.out.table(&table)?;
            if rejected.len() > shown {
                let more = rejected.len() - shown;
                app.out.line(&format!(
                    "… and {more} more: {}",
                    command(&app, "status --all")
                ))?;
            }
        }
        let open = of(&counts.pages, "queued") + of(&counts.pages, "leased");
        if open > 0 {
            app.out.line("")?;
            app.out
                .line(&format!("To read what is queued: {}", command(&app, "run")))?;
        }
        if of(&counts.pages, "failed") > 0 {
            app.out.line(&format!(
                "To try failed pages again: {}",
                command(&app, "retry")
            ))?;
        }
        Ok(Outcome::Good)
    }
}
