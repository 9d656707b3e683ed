use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc;

use super::App;
use super::exit::Outcome;
use super::output::{count, table};
use super::settings::Engines;
use super::signals;
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
