use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use super::App;
use super::exit::Outcome;
use super::output::{count, table};
use super::settings::Engines;
use super::signals;
use crate::pipeline::{self, RunRequest, Summary};
use crate::worker::peak_memory;

/// Measure a run over files, with a database that is thrown away
#[derive(Args)]
pub struct Bench {
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Take every page for this document type instead of asking CLIP
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub engines: Engines,
}

impl Bench {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let folder = tempfile::tempdir()?;
        let mut settings = app.settings().clone();
        settings.db = folder.path().join("bench.db");
        let request = RunRequest {
            paths: self.paths,
            doc_type: self.doc_type,
            ..RunRequest::default()
        };
        let stop = signals::stop()?;
        // Nobody listens: showing what happens is not what is measured.
        let (events, _) = mpsc::unbounded_channel();
        let summary = pipeline::run(&settings, request, events, stop).await?;
        let own = peak_memory(std::process::id()).map(|bytes| bytes >> 20);
        if self.json {
            let mut value = serde_json::to_value(&summary)?;
            value["peak_memory"]["supervisor"] = json!(own);
            app.out.json(&value)?;
        } else {
            print(&mut app, &summary, own)?;
        }
        Ok(Outcome::of(&summary))
    }
}

fn print(app: &mut App, summary: &Summary, own_memory: Option<u64>) -> anyhow::Result<()> {
    let pages = summary.pages_done + summary.pages_failed.values().sum::<u64>();
    app.out.line(&format!(
        "{} of {} in {:.2} s: {:.1} pages a minute",
        count(pages, "page"),
        count(summary.files, "file"),
        summary.seconds,
        pages as f64 * 60.0 / summary.seconds,
    ))?;
    app.out.line("")?;
    let mut stages = table(&["stage", "seconds", "seconds a page"]);
    for (stage, seconds) in &summary.stage_seconds {
        let each = seconds / (pages.max(1) as f64);
        stages.add_row([stage.clone(), format!("{seconds:.2}"), format!("{each:.3}")]);
    }
    app.out.table(&stages)?;
    app.out.line("")?;
    let mut memory = table(&["process", "peak memory, MiB"]);
    for (role, peak) in &summary.peak_memory {
        memory.add_row([role.clone(), peak.to_string()]);
    }
    if let Some(own) = own_memory {
        memory.add_row(["supervisor".to_owned(), own.to_string()]);
    }
    app.out.table(&memory)
}
