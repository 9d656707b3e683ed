use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;

use super::app::App;
use super::exit::{self, ExitStatus};
use super::metrics::{Metrics, Textfile};
use super::output::{self, count};
use super::report;
use super::settings::EngineFlags;
use super::signals;
use super::summary::{RunTable, being_read, command};
use crate::archive;
use crate::config::{Settings, UsageError};
use crate::domain::Source;
use crate::outputs::export;
use crate::outputs::report::of_run;
use crate::pipeline::{self, Event, RunRequest};
use crate::store::Store;

/// Read new files and folders and store validated records
///
/// Files that were read before are not read again. After an interruption or a
/// crash the next run continues. Without PATH, only queued pages are read.
#[derive(Args)]
pub struct RunArgs {
    /// Files and folders
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Read everything again; older records are kept, but are not current
    #[arg(long)]
    force: bool,
    /// Read every page as this document type, without CLIP
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print each stored record as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reports: ReportFlags,
    #[command(flatten)]
    pub engines: EngineFlags,
}

/// Flags of commands that run the pipeline.
#[derive(Args)]
#[command(next_help_heading = "Reports and metrics")]
pub struct ReportFlags {
    /// Write a report at the end: JSON (.json) or a page with plots (.html)
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Write metrics to a file (.prom) for node_exporter's textfile collector
    #[arg(long, value_name = "FILE")]
    metrics_textfile: Option<PathBuf>,
}

/// The metrics of the run and their file.
struct MetricsFile {
    metrics: Metrics,
    file: Textfile,
}

impl MetricsFile {
    /// `None` if no file is wanted.
    fn start(reports: &ReportFlags) -> anyhow::Result<Option<MetricsFile>> {
        let Some(path) = &reports.metrics_textfile else {
            return Ok(None);
        };
        let metrics = Metrics::new();
        let file = Textfile::create(path.clone(), &metrics)?;
        Ok(Some(MetricsFile { metrics, file }))
    }

    fn add(&mut self, event: &Event) {
        self.metrics.add(event);
        if let Event::Measured { .. } = event {
            warn(self.file.refresh(&self.metrics));
        }
    }

    fn end(&mut self, exit_code: u8) {
        self.metrics.end(exit_code);
        warn(self.file.write(&self.metrics));
    }
}

/// Metrics that cannot be written do not stop a run.
fn warn(written: anyhow::Result<()>) {
    if let Err(error) = written {
        tracing::warn!("{error:#}");
    }
}

impl RunArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        check_paths(&self.paths)?;
        let request = RunRequest {
            paths: self.paths,
            force: self.force,
            are_found: false,
            doc_type: self.doc_type,
        };
        let idle = match request.paths.is_empty() {
            true => "No pages are queued. Name files or folders to read.",
            false => "No files were found.",
        };
        let stop = signals::stop()?;
        process(&mut app, request, self.json, &self.reports, idle, stop).await
    }
}

/// Runs the pipeline, shows its progress, and prints a table or JSON lines.
/// `idle` is printed if there was nothing to do. Ends when `stop` becomes true.
pub async fn process(
    app: &mut App,
    request: RunRequest,
    json: bool,
    reports: &ReportFlags,
    idle: &str,
    stop: Receiver<bool>,
) -> anyhow::Result<ExitStatus> {
    check_type(app.settings(), request.doc_type.as_deref())?;
    report::check_files(&reports.report)?;
    let mut metrics_file = MetricsFile::start(reports)?;
    let (events, mut received) = mpsc::unbounded_channel();
    let settings = app.settings().clone();
    let forced = request.doc_type.clone();
    let mut unbound = 0;
    app.progress.start();
    let work = tokio::spawn(async move { pipeline::run(&settings, request, events, stop).await });
    let mut results = RunTable::default();
    let mut reader = None;
    while let Some(event) = received.recv().await {
        if let (true, Event::Recorded { record_id, .. } | Event::Downgraded { record_id, .. }) =
            (json, &event)
            && let Some(line) = line_of(&mut reader, app.settings(), *record_id).await?
        {
            app.out.json(&line)?;
        }
        show(app, &event);
        unbound += u64::from(is_unbound(&event, forced.as_deref()));
        if let Some(metrics_file) = &mut metrics_file {
            metrics_file.add(&event);
        }
        results.add(event);
    }
    app.progress.finish();
    if let Some(reader) = reader {
        reader.close().await;
    }
    if let (Some(name), 1..) = (&forced, unbound) {
        tracing::warn!(
            "--type {name} does not apply to e-invoices: {} the type of the XML invoice. \
             --set einvoices.embedded_xml=ignore ignores the XML in PDF files",
            match unbound {
                1 => "1 record has".to_owned(),
                number => format!("{number} records have"),
            }
        );
    }
    let ended = work.await?;
    if let Some(metrics_file) = &mut metrics_file {
        metrics_file.end(match &ended {
            Ok(summary) => summary.exit_status().number(),
            Err(error) => exit::code_of(error),
        });
    }
    let summary = ended?;
    if summary.run_id == 0 {
        // It was interrupted while it started: there is no run and perhaps no
        // database.
        if !json {
            app.out.line("Interrupted before any page was read.")?;
        }
        return Ok(summary.exit_status());
    }
    if let (true, 1..) = (json, summary.pages_elsewhere) {
        tracing::warn!("{}", being_read(summary.pages_elsewhere));
    }
    let store = Store::open_existing(&app.settings().db).await?;
    let new_layouts = match summary.pages_done {
        0 => Vec::new(),
        _ => archive::update_layouts(&store)
            .await
            .unwrap_or_else(|error| {
                let layouts = command(app, "layouts");
                tracing::warn!(
                    "all pages are stored, but were not compared with the known layouts: {error:#}. `{layouts}` does so later"
                );
                Vec::new()
            }),
    };
    if !json || !reports.report.is_empty() {
        let run_report = of_run(&store, Some(summary.run_id)).await?;
        let run_report = run_report.context("the run is no longer in the database")?;
        report::write_files(&reports.report, &run_report)?;
        if !json {
            results.print(app, &summary, &run_report, idle)?;
            if !new_layouts.is_empty() {
                let layouts = count(new_layouts.len() as u64, "new layout");
                let list = command(app, "layouts");
                app.out.line(&format!("{layouts} of documents: {list}"))?;
            }
        }
    }
    store.close().await;
    Ok(summary.exit_status())
}

/// Reports a missing path before anything is read. A broken link passes: it is
/// rejected later, with its reason.
pub fn check_paths(paths: &[PathBuf]) -> Result<(), UsageError> {
    for path in paths {
        if let Err(error) = path.symlink_metadata() {
            let path = path.display();
            return Err(UsageError(format!("cannot read {path}: {error}")));
        }
    }
    Ok(())
}

/// Reports an unknown type before a database is created.
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

/// Whether a record has another type than `--type`, because its document is an
/// e-invoice.
fn is_unbound(event: &Event, forced: Option<&str>) -> bool {
    match event {
        Event::Recorded { record, .. } => {
            record.source == Source::EmbeddedXml
                && forced.is_some_and(|name| record.doc_type.as_deref() != Some(name))
        }
        _ => false,
    }
}

/// The record as `export` prints it, from a connection of its own; `None`: it was
/// forgotten meanwhile.
async fn line_of(
    reader: &mut Option<Store>,
    settings: &Settings,
    id: i64,
) -> anyhow::Result<Option<serde_json::Value>> {
    let store = match reader {
        Some(store) => store,
        None => reader.insert(Store::open_existing(&settings.db).await?),
    };
    // It may have been replaced since, if stdout is read slowly.
    Ok(match store.any_record(id).await? {
        Some(stored) => Some(export::line(&export::Exported::of(store, stored).await?)),
        None => None,
    })
}

/// Logs a failure with its reason.
pub fn log_failure(event: &Event) {
    match event {
        Event::Rejected { path, failure } => {
            let reason = failure.reason.as_str();
            tracing::error!(path = %output::short(path), reason, "rejected: {}", failure.message);
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
        Event::TakenIn {
            path,
            pages,
            new_pages,
            ..
        } => {
            tracing::info!(path = %output::short(path), pages, new_pages, "found");
            progress.expect(u64::from(*new_pages));
        }
        Event::Rejected { .. } => log_failure(event),
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
            log_failure(event);
            if !again {
                progress.page_ended();
            }
        }
        Event::Escalated {
            path,
            pages,
            reader,
            reason,
        } => {
            let pages: Vec<_> = pages.iter().map(|page| page + 1).collect();
            // The finding's message quotes the page and stays in the database.
            let why = reason.code.as_str();
            tracing::info!(path = %output::short(path), ?pages, reader, why, "to a stronger reader");
            progress.expect(pages.len() as u64);
        }
        Event::EscalationSkipped { path, page } => {
            let page = page + 1;
            tracing::info!(path = %output::short(path), page, "no stronger reader for it in this run");
            progress.page_ended();
        }
        Event::RecordRetained { path, record_id } => {
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
        Event::Downgraded {
            path, record_id, ..
        } => {
            tracing::info!(path = %output::short(path), record_id, "to review: it may be a duplicate");
        }
        // The pipeline logs it where it happens.
        Event::WorkerReplaced { .. }
        | Event::WorkerRecycled { .. }
        | Event::ReaderCalled { .. }
        | Event::Measured { .. } => {}
    }
}
