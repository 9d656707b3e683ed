use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc;

use super::App;
use super::exit::Outcome;
use super::output;
use super::settings::Engines;
use super::signals;
use super::summary::Results;
use crate::config::{Settings, UsageError};
use crate::export;
use crate::pipeline::{self, Event, RunRequest};
use crate::store::Store;

/// Take files and folders in, read what is new, store validated records
///
/// What was read before is not read again. A run that was stopped, or killed,
/// goes on with the next one. Without a PATH only what is queued is read.
#[derive(Args)]
pub struct Run {
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Read again what was read before; older records are kept, not current
    #[arg(long)]
    force: bool,
    /// Take every page for this document type instead of asking CLIP
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print each record as a line of JSON as soon as it is stored
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub engines: Engines,
}

impl Run {
    pub async fn run(self, app: App) -> anyhow::Result<Outcome> {
        for path in &self.paths {
            // Told now, not after the others were read. A broken link is a
            // file, and is turned away with its reason.
            if let Err(error) = path.symlink_metadata() {
                let path = path.display();
                return Err(UsageError(format!("cannot take in {path}: {error}")).into());
            }
        }
        let request = RunRequest {
            paths: self.paths,
            force: self.force,
            doc_type: self.doc_type,
        };
        process(app, request, self.json).await
    }
}

/// Runs the pipeline, shows what happens, and ends in a table or has printed
/// JSON lines.
pub async fn process(mut app: App, request: RunRequest, json: bool) -> anyhow::Result<Outcome> {
    check_type(app.settings(), request.doc_type.as_deref())?;
    let stop = signals::stop()?;
    let (events, mut received) = mpsc::unbounded_channel();
    let settings = app.settings().clone();
    let has_paths = !request.paths.is_empty();
    app.progress.start();
    let work = tokio::spawn(async move { pipeline::run(&settings, request, events, stop).await });
    let mut results = Results::default();
    let mut reader = None;
    while let Some(event) = received.recv().await {
        if let (true, Event::Recorded { record_id, .. }) = (json, &event) {
            let line = line_of(&mut reader, app.settings(), *record_id).await?;
            app.out.json(&line)?;
        }
        show(&app, &event);
        results.add(event);
    }
    app.progress.finish();
    let summary = work.await??;
    if !json {
        results.print(&mut app, &summary, has_paths)?;
    }
    Ok(Outcome::of(&summary))
}

/// A wrong type is told before a database is made.
pub fn check_type(settings: &Settings, name: Option<&str>) -> anyhow::Result<()> {
    let Some(name) = name else { return Ok(()) };
    let types = crate::doctypes::DocTypes::load(settings.types.as_deref())?;
    if types.readable().any(|known| known.name == name) {
        return Ok(());
    }
    let known: Vec<_> = types.readable().map(|known| known.name.as_str()).collect();
    let known = known.join(", ");
    Err(UsageError(format!(
        "there is no document type `{name}`; there are: {known}"
    ))
    .into())
}

/// The record as `export` would print it, from a connection of its own.
async fn line_of(
    reader: &mut Option<Store>,
    settings: &Settings,
    id: i64,
) -> anyhow::Result<serde_json::Value> {
    let store = match reader {
        Some(store) => store,
        None => reader.insert(Store::open_existing(&settings.db).await?),
    };
    let stored = store.record(id).await?;
    let stored =
        stored.ok_or_else(|| anyhow::anyhow!("record {id} was replaced by another run"))?;
    Ok(export::line(&stored))
}

fn show(app: &App, event: &Event) {
    let progress = &app.progress;
    match event {
        Event::Ingested {
            path,
            pages,
            new_pages,
        } => {
            tracing::info!(path = %output::short(path), pages, new_pages, "taken in");
            progress.expect(u64::from(*new_pages));
        }
        Event::Rejected { path, failure } => {
            let reason = failure.reason.as_str();
            tracing::warn!(path = %output::short(path), reason, "turned away: {}", failure.message);
        }
        Event::Queued { pages } => progress.remaining(*pages),
        Event::PageDone {
            path,
            page,
            seconds,
        } => {
            let page = page + 1;
            tracing::info!(path = %output::short(path), page, seconds, "page read");
            progress.page_ended();
        }
        Event::PageFailed {
            path,
            page,
            failure,
            again,
        } => {
            let (page, reason) = (page + 1, failure.reason.as_str());
            let what = if *again {
                "page failed, trying again"
            } else {
                "page failed"
            };
            tracing::warn!(path = %output::short(path), page, reason, "{what}: {}", failure.message);
            if !again {
                progress.page_ended();
            }
        }
        Event::Recorded {
            path,
            record,
            record_id,
        } => {
            let status = record.status.as_str();
            tracing::info!(path = %output::short(path), record_id, status, "recorded");
        }
        // The pipeline logs it where it happens.
        Event::WorkerReplaced { .. } => {}
    }
}
