//! The only module that knows the order of the stages: take in, claim,
//! rasterise, route, prompt, read, validate, store.
//!
//! [`run`] starts the workers, takes files in while pages are already being
//! read, and ends when nothing is queued. Every page's result and every
//! document's records are each stored in one transaction by whoever holds the
//! lease, so a run may be killed at any point and the next goes on.

mod anchored;
mod ask;
mod batch;
mod engines;
mod finish;
mod intake;
mod ladder;
mod monitor;
mod page;
mod plan;
mod readers;
mod router;
mod sandbox_test;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::watch;

pub use ask::{Question, ask};
pub use engines::Engines;
pub use page::{PageJob, PageWork, Stages};
pub use plan::{Plan, Rung, doc_types, policy};
pub use readers::Readers;
pub use sandbox_test::{ProbeResult, test_sandbox};

use crate::config::{Settings, UsageError};
use crate::domain::{Failure, Reason, Record, Usage};
use crate::engines::worker::Recycling;
use crate::store::{Backlog, RoleMemory, Store};
use batch::Batch;
use finish::Ladder;
use monitor::Monitor;

/// What a run was asked to do.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// Files and folders to ingest; empty: only go on with what is queued.
    pub paths: Vec<PathBuf>,
    /// Read again what was read before.
    pub force: bool,
    /// Take every page for this document type instead of asking CLIP.
    pub doc_type: Option<String>,
}

/// What happens during a run, for whoever shows it.
#[derive(Clone, Debug)]
pub enum Event {
    /// A file was taken in; `new_pages` of its `pages` are to be read.
    Ingested {
        path: PathBuf,
        pages: u32,
        new_pages: u32,
        /// Pages of a known document that failed before, and will not be read
        /// again unless that is asked for.
        failed_pages: u32,
    },
    /// A file was turned away.
    Rejected { path: PathBuf, failure: Failure },
    /// Every path was walked; so many pages are queued in all.
    Queued { pages: u64 },
    PageDone {
        path: PathBuf,
        page: u32,
        seconds: f64,
        /// Seconds by stage.
        stages: BTreeMap<String, f64>,
    },
    /// The page failed; `again`: it will be tried once more.
    PageFailed {
        path: PathBuf,
        page: u32,
        failure: Failure,
        again: bool,
    },
    /// Pages (from 0) of a document will be read once more, by a stronger
    /// reader.
    Climbed {
        path: PathBuf,
        pages: Vec<u32>,
        reader: String,
        why: String,
    },
    /// A page that was to be read by a stronger reader will not be: it keeps
    /// what it has.
    Stayed { path: PathBuf, page: u32 },
    /// A document could not be read again: its record stays as it was.
    Kept { path: PathBuf, record_id: i64 },
    /// A document is complete and its records are stored.
    Recorded {
        path: PathBuf,
        record: Box<Record>,
        record_id: i64,
    },
    /// A record that was accepted is to be reviewed: one of a document that was
    /// taken in earlier and recorded later may be the same payment.
    Doubted {
        path: PathBuf,
        record: Box<Record>,
        record_id: i64,
    },
    WorkerReplaced {
        role: &'static str,
        reason: Reason,
        cause: String,
    },
    /// A worker in good health had served long enough, or had grown.
    WorkerRecycled {
        role: &'static str,
        reason: Recycling,
    },
    /// A reader was asked to read a page.
    ReaderCalled {
        reader: String,
        failed: bool,
        seconds: f64,
        usage: Usage,
        /// In `currency`; `None`: nobody is paid.
        cost: Option<f64>,
        currency: Option<String>,
    },
    /// From time to time: what the processes hold, what is left to do.
    Sampled {
        memory: Vec<RoleMemory>,
        backlog: Backlog,
    },
}

/// Counts at the end of a run.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Summary {
    /// 0: it was stopped before it began.
    pub run_id: i64,
    pub files: u64,
    pub rejected: BTreeMap<Reason, u64>,
    /// Pages that the first reader is done with.
    pub pages_done: u64,
    /// Pages of finished documents that no reader could read.
    pub pages_failed: BTreeMap<Reason, u64>,
    pub accepted: u64,
    pub needs_review: u64,
    pub failed: u64,
    /// Pages sent on to a stronger reader.
    pub climbed: u64,
    /// What each reader did, by name.
    pub readers: BTreeMap<String, Work>,
    /// The setting that kept further pages from climbing.
    pub budget_used_up: Option<String>,
    /// Readers that were given up for this run, and why.
    pub readers_away: BTreeMap<String, String>,
    /// Workers that died and were replaced.
    pub worker_restarts: u64,
    /// Workers that were replaced because they were old or had grown.
    pub workers_recycled: u64,
    /// Parts of the sandbox that this kernel does not enforce.
    pub sandbox_gaps: Vec<String>,
    pub seconds: f64,
    /// Seconds by stage, summed over pages.
    pub stage_seconds: BTreeMap<String, f64>,
    /// Peak resident memory by process role, MiB.
    pub peak_memory: BTreeMap<String, u64>,
    /// Ended by a signal before the queue was empty.
    pub interrupted: bool,
}

/// What a reader did in a run.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Work {
    /// Attempts at pages.
    pub pages: u64,
    /// Of these, failed ones.
    pub failed: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// In `currency`; `None`: nobody is paid.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

impl Summary {
    /// Adds what another run's readers did.
    pub fn add_readers(&mut self, run: &Summary) {
        self.climbed += run.climbed;
        for (name, work) in &run.readers {
            let total = self.readers.entry(name.clone()).or_default();
            total.pages += work.pages;
            total.failed += work.failed;
            total.input_tokens += work.input_tokens;
            total.output_tokens += work.output_tokens;
            if let Some(cost) = work.cost {
                *total.cost.get_or_insert_default() += cost;
                total.currency.clone_from(&work.currency);
            }
        }
    }
}

/// Processes `request` until nothing is queued or `stop` becomes true; then no
/// page is begun, and those in hand are finished or, after `jobs.drain_seconds`,
/// given back.
pub async fn run(
    settings: &Settings,
    request: RunRequest,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Summary> {
    let started = Instant::now();
    // Loading large models takes minutes, and nothing is in hand yet.
    let mut stopped = stop.clone();
    let (ends, ended) = mpsc::unbounded_channel();
    let (store, engines) = tokio::select! {
        prepared = prepare(settings, &request, &events, &ends) => prepared?,
        Ok(_) = stopped.wait_for(|stop| *stop) => {
            return Ok(Summary { interrupted: true, ..Summary::default() });
        }
    };
    let run = store.begin_run(&engines.new_run()?).await?;
    let since = store.budget_start(run).await?;
    let ladder = Ladder::new(since, engines.in_flight.len());
    let batch = Arc::new(Batch::new(
        engines,
        store.clone(),
        run,
        ladder,
        events,
        stop,
    ));
    let mut monitor = Monitor::new(batch.clone(), ended);
    tokio::select! {
        processed = batch.process(request) => processed?,
        never = monitor.watch() => match never {},
    }
    monitor.finish().await;
    let mut summary = batch.summary();
    summary.run_id = run.0;
    summary.seconds = started.elapsed().as_secs_f64();
    store
        .finish_run(run, &serde_json::to_value(&summary)?)
        .await?;
    store.close().await;
    Ok(summary)
}

/// Pages are queued for a type that is not there.
pub fn missing_type(name: &str, known: &[String]) -> UsageError {
    let known = known.join(", ");
    UsageError(format!(
        "pages that are to be read are of document type `{name}`, and there are only {known}: \
         name the folder of that type with --types"
    ))
}

/// Everything that must be there before a page is touched.
async fn prepare(
    settings: &Settings,
    request: &RunRequest,
    events: &UnboundedSender<Event>,
    ends: &monitor::Ends,
) -> anyhow::Result<(Store, Engines)> {
    let plan = Plan::make(settings).await?;
    if let Some(name) = &request.doc_type {
        let known = plan.known_types().join(", ");
        if !plan.prompts().contains_key(name) {
            let why = format!("there is no document type `{name}`; there are: {known}");
            return Err(UsageError(why).into());
        }
    }
    let store = Store::open(&settings.db).await?;
    let known = plan.known_types();
    if let Some(name) = store.missing_type(&known).await? {
        return Err(missing_type(&name, &known).into());
    }
    let engines = Engines::start(settings, Arc::new(plan), events, ends).await?;
    Ok((store, engines))
}
