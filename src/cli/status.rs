use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, by_reason, cell};
use super::summary::command;
use super::waiting::{self, Waiting};
use crate::store::Store;

/// Count documents, pages and records; list what failed, needs review or was rejected
#[derive(Args)]
pub struct Status {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// List everything, not only the first 20 of each
    #[arg(long)]
    all: bool,
}

impl Status {
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
        let waiting = Waiting::of(&store).await?;
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
            waiting.add_to(&mut value);
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
        let rows = rejected.iter().map(|file| {
            let path = output::short(&file.path);
            [cell(&path), cell(&file.reason), cell(&file.message)]
        });
        let headings = ["rejected file", "reason", "why, and what to do"];
        waiting::list(&mut app, &headings, rows, self.all)?;
        waiting.print(&mut app, self.all)?;
        let open = of(&counts.pages, "queued") + of(&counts.pages, "leased");
        if open > 0 {
            app.out.line("")?;
            app.out
                .line(&format!("To read queued pages: {}", command(&app, "run")))?;
        }
        Ok(ExitStatus::Success)
    }
}
