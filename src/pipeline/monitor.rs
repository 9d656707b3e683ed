//! Measures a run's processes, for its report and its metrics.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::engines::WorkerEnds;
use super::events::Event;
use super::run_context::RunContext;
use crate::engines::worker::WorkerEnd;

/// Shortest time between two measurements.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longest time between two measurements.
const LONGEST: Duration = Duration::from_secs(30);
/// The time to the next measurement is the elapsed time divided by it: a run of a night has
/// some thousand rows, and a short one enough for a curve.
const SHARE: u32 = 300;

pub(super) struct Monitor {
    context: Arc<RunContext>,
    ends: WorkerEnds,
    /// Received and not yet stored.
    unstored: VecDeque<(&'static str, WorkerEnd)>,
    started: Instant,
}

impl Monitor {
    pub fn new(context: Arc<RunContext>, ends: WorkerEnds) -> Monitor {
        Monitor {
            context,
            ends,
            unstored: VecDeque::new(),
            started: Instant::now(),
        }
    }

    /// Measures until it is dropped.
    pub async fn watch(&mut self) -> Infallible {
        loop {
            self.measure().await;
            let pause = (self.started.elapsed() / SHARE).clamp(SHORTEST, LONGEST);
            let next = tokio::time::Instant::now() + pause;
            while let Ok(Some(end)) = tokio::time::timeout_at(next, self.ends.recv()).await {
                self.unstored.push_back(end);
                self.store_ends().await;
            }
            // Without senders `recv` returns at once.
            tokio::time::sleep_until(next).await;
        }
    }

    /// The last measurement, and the ends that were not stored yet.
    pub async fn finish(&mut self) {
        while let Ok(end) = self.ends.try_recv() {
            self.unstored.push_back(end);
        }
        self.store_ends().await;
        self.measure().await;
    }

    async fn store_ends(&mut self) {
        let (store, run) = (&self.context.store, self.context.run);
        while let Some((role, end)) = self.unstored.front() {
            warn(match end {
                WorkerEnd::Died(failure) => {
                    let (reason, message) = (failure.reason.as_str(), &failure.message);
                    store.store_worker_death(run, role, reason, message).await
                }
                WorkerEnd::Recycled(reason) => {
                    store
                        .store_worker_recycling(run, role, reason.as_str())
                        .await
                }
            });
            self.unstored.pop_front();
        }
    }

    async fn measure(&self) {
        let memory = self.context.engines.memory();
        warn(
            self.context
                .store
                .store_memory(self.context.run, &memory)
                .await,
        );
        match self.context.store.backlog().await {
            Ok(backlog) => self.context.emit(Event::Measured { memory, backlog }),
            Err(error) => warn(Err(error)),
        }
    }
}

/// Logs an error: a gap in the report does not stop a run.
fn warn(stored: anyhow::Result<()>) {
    if let Err(error) = stored {
        tracing::warn!("the run's report will lack something: {error:#}");
    }
}
