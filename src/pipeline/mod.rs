//! The only module that knows the order of the stages: ingest, claim,
//! rasterise, route, prompt, read, validate, store.

use std::path::PathBuf;

use crate::domain::{Failure, Reason, Record};

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
    },
    /// A file was turned away.
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
    },
    /// The page failed; `again`: it will be tried once more.
    PageFailed {
        path: PathBuf,
        page: u32,
        failure: Failure,
        again: bool,
    },
    /// A document is complete and its records are stored.
    Recorded {
        path: PathBuf,
        record: Box<Record>,
        record_id: i64,
    },
    WorkerReplaced {
        role: &'static str,
        cause: String,
    },
}

/// Counts at the end of a run.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Summary {
    pub run_id: i64,
    pub files: u64,
    pub rejected: std::collections::BTreeMap<Reason, u64>,
    pub pages_done: u64,
    pub pages_failed: std::collections::BTreeMap<Reason, u64>,
    pub accepted: u64,
    pub needs_review: u64,
    pub failed: u64,
    pub worker_restarts: u64,
    pub seconds: f64,
    /// Seconds by stage, summed over pages.
    pub stage_seconds: std::collections::BTreeMap<String, f64>,
    /// Peak resident memory by process role, MiB.
    pub peak_memory: std::collections::BTreeMap<String, u64>,
    /// Ended by a signal before the queue was empty.
    pub interrupted: bool,
}
