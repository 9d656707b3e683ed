use std::path::PathBuf;

use crate::domain::{EscalationReason, Failure, Reason, Record, StageSeconds, Usage};
use crate::engines::worker::Recycling;
use crate::store::{Backlog, RoleMemory};

/// What happens during a run, for whoever shows it.
#[derive(Clone, Debug)]
pub enum Event {
    /// A file was ingested; `new_pages` of its `pages` are to be read.
    Ingested {
        path: PathBuf,
        pages: u32,
        new_pages: u32,
        /// Pages of a known document that failed before, and will not be read
        /// again unless that is asked for.
        failed_pages: u32,
    },
    Rejected {
        path: PathBuf,
        failure: Failure,
    },
    /// Every path was walked; so many pages are queued in all.
    Queued {
        pages: u64,
    },
    PageDone {
        path: PathBuf,
        page: u32,
        seconds: f64,
        stages: StageSeconds,
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
    Escalated {
        path: PathBuf,
        pages: Vec<u32>,
        reader: String,
        reason: EscalationReason,
    },
    /// An escalated page will not be read by the stronger reader: it keeps what
    /// it has.
    EscalationSkipped {
        path: PathBuf,
        page: u32,
    },
    /// A document could not be read again: its record stays as it was.
    RecordRetained {
        path: PathBuf,
        record_id: i64,
    },
    /// A document is complete and its records are stored.
    Recorded {
        path: PathBuf,
        record: Box<Record>,
        record_id: i64,
    },
    /// An accepted record now needs review: one of a document that was ingested
    /// earlier and recorded later may be the same payment.
    Downgraded {
        path: PathBuf,
        record: Box<Record>,
        record_id: i64,
    },
    WorkerReplaced {
        role: &'static str,
        reason: Reason,
        cause: String,
    },
    /// A healthy worker had served long enough, or had grown.
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
        /// In `currency`; `None`: free.
        cost: Option<f64>,
        currency: Option<String>,
    },
    /// From time to time: what the processes hold, what is left to do.
    Sampled {
        memory: Vec<RoleMemory>,
        backlog: Backlog,
    },
}
