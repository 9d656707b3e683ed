use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tokio::sync::mpsc;

use super::App;
use super::exit::{self, Outcome};
use super::metrics::{Address, Metrics, Server, Textfile};
use super::output;
use super::report;
use super::settings::EngineFlags;
use super::signals;
use super::summary::Results;
use crate::config::{Settings, UsageError};
use crate::domain::Source;
use crate::outputs::export;
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
    watch: Watch,
    #[command(flatten)]
    pub engines: EngineFlags,
}

/// Flags that tell of a run while it goes on and at its end.
#[derive(Args)]
#[command(next_help_heading = "Reports and metrics")]
pub struct Watch {
    /// Write a report at the end: JSON (.json) or a page with plots (.html)
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Serve Prometheus metrics while it runs, at a port of this machine (9464)
    /// or, open to others, at an address (0.0.0.0:9464)
    #[arg(long, value_name = "PORT|ADDR:PORT")]
    metrics_addr: Option<Address>,
    /// Keep metrics in a file (.prom) for node_exporter's textfile collector
    #[arg(long, value_name = "FILE")]
    metrics_textfile: Option<PathBuf>,
}

/// Whoever is told of the run's metrics.
struct Meters {
    metrics: Metrics,
    textfile: Option<Textfile>,
    _server: Option<Server>,
}

impl Meters {
    /// `None` where nobody is.
    async fn start(watch: &Watch) -> anyhow::Result<Option<Meters>> {
        if watch.metrics_addr.is_none() && watch.metrics_textfile.is_none() {
            return Ok(None);
        }
        let metrics = Metrics::new();
        let textfile = match &watch.metrics_textfile {
            Some(path) => Some(Textfile::create(path.clone(), &metrics)?),
            None => None,
        };
        let server = match watch.metrics_addr {
            Some(address) => Some(Server::start(address, metrics.clone()).await?),
            None => None,
        };
        Ok(Some(Meters {
            metrics,
            textfile,
            _server: server,
        }))
    }

    fn add(&mut self, event: &Event) {
        self.metrics.add(event);
        if let (Event::Sampled { .. }, Some(file)) = (event, &mut self.textfile) {
            tell(file.refresh(&self.metrics));
        }
    }

    fn end(&mut self, exit_code: u8) {
        self.metrics.end(exit_code);
        if let Some(file) = &mut self.textfile {
            tell(file.write(&self.metrics));
        }
    }
}

/// Metrics that cannot be written are no reason to stop a run.
fn tell(written: anyhow::Result<()>) {
    if let Err(error) = written {
        tracing::warn!("{error:#}");
    }
}

impl Run {
    pub async fn run(self, app: App) -> anyhow::Result<Outcome> {
        check_paths(&self.paths)?;
        let request = RunRequest {
            paths: self.paths,
            force: self.force,
            doc_type: self.doc_type,
        };
        let idle = match request.paths.is_empty() {
            true => "Nothing was queued: name files or folders to read.",
            false => "No files were found.",
        };
        process(app, request, self.json, &self.watch, idle).await
    }
}

/// Runs the pipeline, shows what happens, and ends in a table or has printed
/// JSON lines. `idle` is said where there was nothing to do.
pub async fn process(
    mut app: App,
    request: RunRequest,
    json: bool,
    watch: &Watch,
    idle: &str,
) -> anyhow::Result<Outcome> {
    check_type(app.settings(), request.doc_type.as_deref())?;
    report::check_files(&watch.report)?;
    let mut meters = Meters::start(watch).await?;
    let stop = signals::stop()?;
    let (events, mut received) = mpsc::unbounded_channel();
    let settings = app.settings().clone();
    let forced = request.doc_type.clone();
    let mut unbound = 0;
    app.progress.start();
    let work = tokio::spawn(async move { pipeline::run(&settings, request, events, stop).await });
    let mut results = Results::default();
    let mut reader = None;
    while let Some(event) = received.recv().await {
        if let (true, Event::Recorded { record_id, .. } | Event::Doubted { record_id, .. }) =
            (json, &event)
            && let Some(line) = line_of(&mut reader, app.settings(), *record_id).await?
        {
            app.out.json(&line)?;
        }
        show(&app, &event);
        unbound += u64::from(is_unbound(&event, forced.as_deref()));
        if let Some(meters) = &mut meters {
            meters.add(&event);
        }
        results.add(event);
    }
    app.progress.finish();
    if let Some(reader) = reader {
        reader.close().await;
    }
    if let (Some(name), 1..) = (&forced, unbound) {
        tracing::warn!(
            "--type {name} does not bind e-invoices: {} what its XML says; \
             --set embedded_xml=ignore reads PDFs as if there were none",
            match unbound {
                1 => "1 record is".to_owned(),
                number => format!("{number} records are each"),
            }
        );
    }
    let ended = work.await?;
    if let Some(meters) = &mut meters {
        meters.end(match &ended {
            Ok(summary) => Outcome::of(summary).number(),
            Err(error) => exit::code_of(error),
        });
    }
    let summary = ended?;
    if summary.run_id == 0 {
        // It was stopped while it started: there is no run to tell of, perhaps
        // no database.
        if !json {
            app.out.line("Interrupted before any page was taken.")?;
        }
        return Ok(Outcome::of(&summary));
    }
    if !json || !watch.report.is_empty() {
        let store = Store::open_existing(&app.settings().db).await?;
        let figures = crate::outputs::report::of_run(&store, Some(summary.run_id)).await?;
        let figures = figures.context("the run is not in the database any more")?;
        report::write_files(&watch.report, &figures)?;
        if !json {
            results.print(&mut app, &summary, &figures, idle)?;
        }
        store.close().await;
    }
    Ok(Outcome::of(&summary))
}

/// Told now, not after others were read. A broken link is a file, and is turned
/// away with its reason.
pub fn check_paths(paths: &[PathBuf]) -> Result<(), UsageError> {
    for path in paths {
        if let Err(error) = path.symlink_metadata() {
            let path = path.display();
            return Err(UsageError(format!("cannot take in {path}: {error}")));
        }
    }
    Ok(())
}

/// A wrong type is told before a database is made.
pub fn check_type(settings: &Settings, name: Option<&str>) -> anyhow::Result<()> {
    let Some(name) = name else { return Ok(()) };
    let types = pipeline::doc_types(settings.types.as_deref())?;
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

/// A record of another type than was said, since its document is an e-invoice.
fn is_unbound(event: &Event, forced: Option<&str>) -> bool {
    match event {
        Event::Recorded { record, .. } => {
            record.source == Source::EmbeddedXml
                && forced.is_some_and(|name| record.doc_type.as_deref() != Some(name))
        }
        _ => false,
    }
}

/// The record as `export` would print it, from a connection of its own; `None`
/// where it was forgotten meanwhile.
async fn line_of(
    reader: &mut Option<Store>,
    settings: &Settings,
    id: i64,
) -> anyhow::Result<Option<serde_json::Value>> {
    let store = match reader {
        Some(store) => store,
        None => reader.insert(Store::open_existing(&settings.db).await?),
    };
    // Whoever reads slowly may come to one that was made anew since.
    Ok(match store.any_record(id).await? {
        Some(stored) => Some(export::line(&export::Exported::of(store, stored).await?)),
        None => None,
    })
}

/// What went wrong, with its reason.
pub fn tell_trouble(event: &Event) {
    match event {
        Event::Rejected { path, failure } => {
            let reason = failure.reason.as_str();
            tracing::error!(path = %output::short(path), reason, "turned away: {}", failure.message);
        }
        Event::PageFailed {
            path,
            page,
            failure,
            again,
        } => {
            let (page, reason) = (page + 1, failure.reason.as_str());
            let (path, message) = (output::short(path), &failure.message);
            match again {
                true => {
                    tracing::warn!(%path, page, reason, "page failed, trying again: {message}");
                }
                false => tracing::error!(%path, page, reason, "page failed: {message}"),
            }
        }
        _ => {}
    }
}

fn show(app: &App, event: &Event) {
    let progress = &app.progress;
    match event {
        Event::Ingested {
            path,
            pages,
            new_pages,
            ..
        } => {
            tracing::info!(path = %output::short(path), pages, new_pages, "taken in");
            progress.expect(u64::from(*new_pages));
        }
        Event::Rejected { .. } => tell_trouble(event),
        Event::Queued { pages } => progress.remaining(*pages),
        Event::PageDone {
            path,
            page,
            seconds,
            ..
        } => {
            let page = page + 1;
            tracing::info!(path = %output::short(path), page, seconds, "page read");
            progress.page_ended();
        }
        Event::PageFailed { again, .. } => {
            tell_trouble(event);
            if !again {
                progress.page_ended();
            }
        }
        Event::Climbed {
            path,
            pages,
            reader,
            why,
        } => {
            let pages: Vec<_> = pages.iter().map(|page| page + 1).collect();
            // What the finding says of the page's values stays in the database.
            let why = why.split(':').next().unwrap_or_default();
            tracing::info!(path = %output::short(path), ?pages, reader, why, "to a stronger reader");
            progress.expect(pages.len() as u64);
        }
        Event::Stayed { path, page } => {
            let page = page + 1;
            tracing::info!(path = %output::short(path), page, "no stronger reader for it in this run");
            progress.page_ended();
        }
        Event::Kept { path, record_id } => {
            tracing::warn!(path = %output::short(path), record_id, "could not be read again: the record stays as it was");
        }
        Event::Recorded {
            path,
            record,
            record_id,
        } => {
            let status = record.status.as_str();
            tracing::info!(path = %output::short(path), record_id, status, "recorded");
        }
        Event::Doubted {
            path, record_id, ..
        } => {
            tracing::info!(path = %output::short(path), record_id, "to review: it may be a duplicate");
        }
        // The pipeline logs it where it happens.
        Event::WorkerReplaced { .. }
        | Event::WorkerRecycled { .. }
        | Event::ReaderCalled { .. }
        | Event::Sampled { .. } => {}
    }
}
