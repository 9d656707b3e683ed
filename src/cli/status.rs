use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, by_reason, cell};
use super::summary::command;
use crate::store::Store;

/// Rejected files shown unless all are asked for.
const SOME: usize = 20;

/// Count documents, pages, records and rejected files
#[derive(Args)]
pub struct Status {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// List all rejected files, not only the first 20
    #[arg(long)]
    all: bool,
}

impl Status {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let store = Store::open_to_read(&app.settings().db).await?;
        let counts = store.counts().await?;
        // Rejected files that were removed since need no attention.
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
            return Ok(ExitStatus::Success);
        }
        let of = |map: &BTreeMap<String, u64>, key: &str| map.get(key).copied().unwrap_or(0);
        let (failed, by_reasons) = (by_reason(&counts.failed_pages), by_reason(&by));
        let mut lines = vec![
            (counts.documents, "document", "", ""),
            (of(&counts.pages, "done"), "page", " done", ""),
            (of(&counts.pages, "queued"), "page", " queued", ""),
            (of(&counts.pages, "leased"), "page", " in progress", ""),
            (of(&counts.pages, "failed"), "page", " failed", &failed),
            (of(&counts.records, "accepted"), "record", " accepted", ""),
            (
                of(&counts.records, "needs_review"),
                "record",
                " to review",
                "",
            ),
            (of(&counts.records, "failed"), "record", " failed", ""),
            (rejected.len() as u64, "file", " rejected", &by_reasons),
        ];
        if !gone.is_empty() {
            let gone = gone.len() as u64;
            lines.push((gone, "file", " rejected and removed since", ""));
        }
        for (number, one, what, reasons) in lines {
            let many = if number == 1 { "" } else { "s" };
            app.out
                .line(&format!("{number:>8} {one}{many}{what}{reasons}"))?;
        }
        if !rejected.is_empty() {
            app.out.line("")?;
            let mut table = output::table(&["rejected file", "reason", "why, and what to do"]);
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
                .line(&format!("To read queued pages: {}", command(&app, "run")))?;
        }
        if of(&counts.pages, "failed") > 0 {
            app.out.line(&format!(
                "To try failed pages again: {}",
                command(&app, "retry")
            ))?;
        }
        Ok(ExitStatus::Success)
    }
}
