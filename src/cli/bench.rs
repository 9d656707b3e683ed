use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc;

use super::App;
use super::exit::Outcome;
use super::output::{count, table};
use super::run::{check_paths, check_type, tell_trouble};
use super::settings::EngineFlags;
use super::signals;
use super::summary::by_reason;
use crate::pipeline::{self, RunRequest, Summary};

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
    pub engines: EngineFlags,
}

impl Bench {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        check_paths(&self.paths)?;
        check_type(app.settings(), self.doc_type.as_deref())?;
        let folder = tempfile::tempdir()?;
        let mut settings = app.settings().clone();
        settings.db = folder.path().join("bench.db");
        let request = RunRequest {
            paths: self.paths,
            doc_type: self.doc_type,
            ..RunRequest::default()
        };
        let stop = signals::stop()?;
        let (events, mut received) = mpsc::unbounded_channel();
        let work =
            tokio::spawn(async move { pipeline::run(&settings, request, events, stop).await });
        // Only what goes wrong: showing the rest is not what is measured.
        while let Some(event) = received.recv().await {
            tell_trouble(&event);
        }
        let summary = work.await??;
        if self.json {
            app.out.json(&summary)?;
        } else {
            print(&mut app, &summary)?;
        }
        Ok(Outcome::of(&summary))
    }
}

fn print(app: &mut App, summary: &Summary) -> anyhow::Result<()> {
    let pages = summary.pages_done + summary.pages_failed.values().sum::<u64>();
    app.out.line(&format!(
        "{} of {} in {:.2} s: {:.1} pages a minute",
        count(pages, "page"),
        count(summary.files, "file"),
        summary.seconds,
        pages as f64 * 60.0 / summary.seconds,
    ))?;
    for (what, reasons) in [
        ("pages failed", &summary.pages_failed),
        ("files turned away", &summary.rejected),
    ] {
        if !reasons.is_empty() {
            app.out.line(&format!("{what}{}", by_reason(reasons)))?;
        }
    }
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
    app.out.table(&memory)
}
