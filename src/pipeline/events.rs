use std::path::PathBuf;

use crate::domain::{EscalationReason, Failure, Reason, Record, StageSeconds, Usage};
use crate::engines::worker::Recycling;
use crate::store::{Backlog, RoleMemory};

/// An event of a run, for progress, logs and metrics.
#[derive(Clone, Debug)]
pub enum Event {
    /// A file was taken in; `new_pages` of its `pages` are to be read.
    TakenIn {
        path: PathBuf,
        pages: u32,
        new_pages: u32,
    },
    Rejected {
        path: PathBuf,
        failure: Failure,
    },
    /// All files were found; `pages` pages are queued in all.
    Queued {
        pages: u64,
    },
    PageDone {
        path: PathBuf,
        page: u32,
        seconds: f64,
        stages: StageSeconds,
    },
    /// The page failed; `again`: it is queued for another attempt.
    PageFailed {
        path: PathBuf,
        page: u32,
        failure: Failure,
        again: bool,
    },
    /// Pages (indices from 0) of a document were escalated.
    Escalated {
        path: PathBuf,
        pages: Vec<u32>,
        reader: String,
        reason: EscalationReason,
    },
    /// The escalation of a page was skipped: the page keeps its earlier result.
    EscalationSkipped {
        path: PathBuf,
        page: u32,
    },
    /// A document could not be read again: its record was retained.
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
    /// An accepted record now needs review: the record of a document that was taken in
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
    /// A worker was recycled.
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
    /// Measured: the processes' memory and the numbers of open pages.
    Measured {
        memory: Vec<RoleMemory>,
        backlog: Backlog,
    },
}
