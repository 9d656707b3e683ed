//! Watches a run's processes, for its report and for whoever shows it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::Event;
use super::batch::Batch;
use crate::engines::worker::WorkerEnd;

/// Told of each worker that ended.
pub(super) type Ends = UnboundedSender<(&'static str, WorkerEnd)>;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// Samples come ever more seldom, each after this share of the time gone: a
/// night's run leaves some thousand rows, a short one still a curve.
const SHARE: u32 = 300;

pub(super) struct Monitor {
    batch: Arc<Batch>,
    ends: UnboundedReceiver<(&'static str, WorkerEnd)>,
    /// Received and not yet stored: a run may end in between.
    unnoted: VecDeque<(&'static str, WorkerEnd)>,
    started: Instant,
}

impl Monitor {
    pub fn new(batch: Arc<Batch>, ends: UnboundedReceiver<(&'static str, WorkerEnd)>) -> Monitor {
        Monitor {
            batch,
            ends,
            unnoted: VecDeque::new(),
            started: Instant::now(),
        }
    }

    /// Samples until it is dropped.
    pub async fn watch(&mut self) -> Infallible {
        loop {
            self.sample().await;
            let pause = (self.started.elapsed() / SHARE).clamp(SHORTEST, LONGEST);
            let next = tokio::time::Instant::now() + pause;
            while let Ok(Some(end)) = tokio::time::timeout_at(next, self.ends.recv()).await {
                self.unnoted.push_back(end);
                self.note_ends().await;
            }
            // Without senders `recv` returns at once.
            tokio::time::sleep_until(next).await;
        }
    }

    /// The last sample, and the ends that were not noted yet.
    pub async fn finish(&mut self) {
        while let Ok(end) = self.ends.try_recv() {
            self.unnoted.push_back(end);
        }
        self.note_ends().await;
        self.sample().await;
    }

    async fn note_ends(&mut self) {
        let (store, run) = (&self.batch.store, self.batch.run);
        while let Some((role, end)) = self.unnoted.front() {
            tell(match end {
                WorkerEnd::Died(failure) => {
                    let (reason, message) = (failure.reason.as_str(), &failure.message);
                    store.note_worker_end(run, role, reason, message).await
                }
                WorkerEnd::Recycled(reason) => {
                    store.note_worker_recycled(run, role, reason.as_str()).await
                }
            });
            self.unnoted.pop_front();
        }
    }

    async fn sample(&self) {
        let memory = self.batch.engines().memory();
        tell(self.batch.store.note_memory(self.batch.run, &memory).await);
        match self.batch.store.backlog().await {
            Ok(backlog) => self.batch.emit(Event::Sampled { memory, backlog }),
            Err(error) => tell(Err(error)),
        }
    }
}

/// What a report lacks is no reason to stop a run.
fn tell(noted: anyhow::Result<()>) {
    if let Err(error) = noted {
        tracing::warn!("the run's report will lack something: {error:#}");
    }
}
