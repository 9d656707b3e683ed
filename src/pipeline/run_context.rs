//! The context that all parts of a run share.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, watch};

use super::engines::Engines;
use super::events::Event;
use super::page::Stages;
use super::plan::RunPlan;
use super::statistics::RunStatistics;
use crate::config::Settings;
use crate::store::{RunId, Store};

pub(super) struct RunContext {
    pub engines: Engines,
    pub store: Store,
    pub run: RunId,
    /// Wakes the scheduler when pages were queued.
    pub work_arrived: Notify,
    statistics: Mutex<RunStatistics>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
}

impl RunContext {
    pub fn new(
        engines: Engines,
        store: Store,
        run: RunId,
        events: UnboundedSender<Event>,
        stop: watch::Receiver<bool>,
    ) -> RunContext {
        RunContext {
            engines,
            store,
            run,
            work_arrived: Notify::new(),
            statistics: Mutex::default(),
            events,
            stop,
        }
    }

    pub fn stages(&self) -> &Stages {
        &self.engines.stages
    }

    pub fn plan(&self) -> &Arc<RunPlan> {
        &self.engines.stages.plan
    }

    pub fn settings(&self) -> &Settings {
        &self.engines.stages.settings
    }

    pub fn emit(&self, event: Event) {
        // A run continues without a receiver of its events.
        let _ = self.events.send(event);
    }

    pub fn count(&self, change: impl FnOnce(&mut RunStatistics)) {
        change(&mut self.statistics.lock().expect("no panic while held"));
    }

    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Changes when the run is to stop.
    pub fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// The counts so far, including those of the engines.
    pub fn statistics(&self) -> RunStatistics {
        let statistics = self.statistics.lock().expect("no panic while held");
        let mut statistics = statistics.clone();
        statistics.run_id = self.run.0;
        statistics.interrupted = self.is_stopped();
        self.engines.report(&mut statistics);
        statistics
    }
}
