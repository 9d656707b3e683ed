use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc;

use super::app::App;
use super::exit::ExitStatus;
use super::output::by_reason;
use super::output::{count, table};
use super::run::{check_paths, check_type, log_failure};
use super::settings::EngineFlags;
use super::signals;
use crate::pipeline::{self, RunRequest, RunStatistics};

/// Measure a run with a temporary database
#[derive(Args)]
pub struct BenchArgs {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Read every page as this document type, without CLIP
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl BenchArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
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
        // Failures only: output would disturb the measurement.
        while let Some(event) = received.recv().await {
            log_failure(&event);
        }
        let summary = work.await??;
        if self.json {
            app.out.json(&summary)?;
        } else {
            print(&mut app, &summary)?;
        }
        Ok(summary.exit_status())
    }
}

fn print(app: &mut App, summary: &RunStatistics) -> anyhow::Result<()> {
    let pages = summary.pages_done + summary.pages_failed.values().sum::<u64>();
    app.out.line(&format!(
        "{} of {} in {:.2} s: {:.1} pages per minute",
        count(pages, "page"),
        count(summary.files, "file"),
        summary.seconds,
        pages as f64 * 60.0 / summary.seconds,
    ))?;
    for (what, reasons) in [
        ("pages failed", &summary.pages_failed),
        ("files rejected", &summary.rejected),
    ] {
        if !reasons.is_empty() {
            app.out.line(&format!("{what}{}", by_reason(reasons)))?;
        }
    }
    app.out.line("")?;
    let mut stages = table(&["stage", "seconds", "seconds per page"]);
    for (stage, seconds) in &summary.stage_seconds {
        let each = seconds / (pages.max(1) as f64);
        stages.add_row([
            stage.to_string(),
            format!("{seconds:.2}"),
            format!("{each:.3}"),
        ]);
    }
    app.out.table(&stages)?;
    app.out.line("")?;
    let mut memory = table(&["process", "peak memory, MiB"]);
    for (role, peak) in &summary.peak_memory {
        memory.add_row([role.clone(), peak.to_string()]);
    }
    app.out.table(&memory)
}
