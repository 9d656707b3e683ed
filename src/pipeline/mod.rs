//! The order of the stages: intake, claim, rasterize, OCR, route, prompt, read, validate,
//! store.
//!
//! [`run`] starts the workers, takes in files while pages are already being read, and
//! ends when nothing is queued. One transaction stores each page's result, and one each
//! document's records, so that a run may be killed at any point and the next continues.
//!
//! Calls go in one direction: `scheduler` (claims pages) -> `intake` (takes in files) ->
//! `recorder` (makes and stores records) -> `reader_tiers` (which readers are
//! available, the budget) -> `run_context` (settings, plan, store, events) ->
//! `engines` (worker pools) -> `page` (the stages) -> `plan`. `escalation` is the
//! policy that `recorder` uses.

mod anchored;
mod ask;
mod draw;
mod engines;
mod escalation;
mod events;
mod intake;
mod monitor;
mod one_page;
mod page;
mod plan;
mod quality;
mod reader_tiers;
mod readers;
mod recorder;
mod router;
mod run_context;
mod sandbox_test;
mod scheduler;
mod statistics;
mod text;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::watch;

pub use ask::{AskedPage, Asker, PageAnswer};
pub use draw::StoredDocument;
pub use engines::Engines;
pub use events::Event;
pub use intake::RunRequest;
pub use one_page::{Drawer, Embedder};
pub use page::{PageJob, PageWork, Stages};
pub use plan::{ReaderTier, RunPlan, doc_types, missing_type, policy, policy_of_stored};
pub use quality::{MeasuredPage, PageMeter};
pub use readers::Readers;
pub use sandbox_test::{ProbeResult, test_sandbox};
pub use statistics::{ReaderWork, RunStatistics};

use crate::config::{Settings, UsageError};
use crate::store::{RunOutcome, Store};
use monitor::Monitor;
use reader_tiers::ReaderTiers;
use run_context::RunContext;
use scheduler::Scheduler;

/// Processes `request` until nothing is queued or `stop` becomes true. After `stop` no
/// page is started; pages in progress are finished or, after `jobs.drain_seconds`,
/// returned to the queue. `Err` for errors that concern every page.
pub async fn run(
    settings: &Settings,
    request: RunRequest,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<RunStatistics> {
    let started = Instant::now();
    // Loading large models takes minutes, and no page is in progress.
    let mut stopped = stop.clone();
    let (end_sender, ends) = mpsc::unbounded_channel();
    let plan = async {
        let (store, plan) = prepare(settings, &request).await?;
        let engines = Engines::start(settings, Arc::new(plan), &events, &end_sender).await?;
        anyhow::Ok((store, engines))
    };
    let (store, engines) = tokio::select! {
        prepared = plan => prepared?,
        Ok(_) = stopped.wait_for(|stop| *stop) => {
            return Ok(RunStatistics { interrupted: true, ..RunStatistics::default() });
        }
    };
    let run = store.begin_run(&engines.new_run()?).await?;
    let since = store.budget_start(run).await?;
    let context = RunContext::new(engines, store.clone(), run, events, stop);
    let context = Arc::new(context);
    let tiers = Arc::new(ReaderTiers::new(context.clone(), since));
    let scheduler = Scheduler::new(context.clone(), tiers);
    let mut monitor = Monitor::new(context.clone(), ends);
    tokio::select! {
        processed = scheduler.run(request) => processed?,
        never = monitor.watch() => match never {},
    }
    monitor.finish().await;
    let mut statistics = context.statistics();
    statistics.seconds = started.elapsed().as_secs_f64();
    statistics.known_files = store.known_files(run).await?;
    statistics.pages_elsewhere = store.pages_elsewhere(run).await?;
    let outcome = match statistics.interrupted {
        true => RunOutcome::Interrupted,
        false => RunOutcome::Completed,
    };
    let mut stored = serde_json::to_value(&statistics)?;
    stored["exit_code"] = statistics.exit_status().number().into();
    store.finish_run(run, outcome, &stored).await?;
    store.close().await;
    Ok(statistics)
}

/// The database and the plan, checked against each other before any engine is
/// started.
async fn prepare(settings: &Settings, request: &RunRequest) -> anyhow::Result<(Store, RunPlan)> {
    let plan = RunPlan::make(settings).await?;
    let known = plan.known_types();
    if let Some(name) = request
        .doc_type
        .as_ref()
        .filter(|name| !known.contains(name))
    {
        let known = known.join(", ");
        let why = format!("there is no document type `{name}`; there are: {known}");
        return Err(UsageError(why).into());
    }
    let store = Store::open(&settings.db).await?;
    if let Some(name) = store.missing_type(&known).await? {
        return Err(missing_type(&name, &known).into());
    }
    Ok((store, plan))
}
