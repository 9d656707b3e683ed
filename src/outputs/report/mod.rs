//! The report of a run from its rows in the database, for any run: one that just ended, an
//! older one or one that was killed.
//!
//! A report names files and why they failed. It contains no value that was read
//! from a page.

mod build;
mod chart;
mod html;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::domain::StageSeconds;

use super::words::money;

pub use build::of_run;
pub use html::to_html;

/// The report of a run. `docs/nightly-runs.md` describes its JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    pub run: RunInfo,
    pub files: FileCounts,
    pub pages: PageCounts,
    pub records: RecordCounts,
    pub earlier_runs: EarlierRuns,
    /// The first reader, then those that pages were escalated to.
    pub readers: Vec<ReaderUse>,
    /// In the order of the stages.
    pub stages: Vec<StageTimes>,
    /// The slowest attempts at pages, slowest first.
    pub slowest: Vec<SlowPage>,
    pub workers: WorkerEvents,
    pub memory: MemoryUse,
    pub throughput: Throughput,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunInfo {
    pub id: i64,
    pub state: RunState,
    /// `None`: it did not finish.
    pub exit_code: Option<u64>,
    /// UTC, RFC 3339.
    pub started_at: String,
    /// When it finished; if it did not, its last trace in the database.
    pub ended_at: String,
    pub seconds: f64,
    pub docmill: String,
    pub settings: serde_json::Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Finished,
    /// A signal stopped it after the pages in progress.
    Interrupted,
    Running,
    /// Its process is gone, but it did not finish.
    Killed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    pub found: u64,
    /// By reason.
    pub rejected: BTreeMap<String, u64>,
    /// Data and settings in the folders.
    pub skipped: u64,
    /// The first 100 of them, by name.
    pub first_rejected: Vec<RejectedFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectedFile {
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    pub reason: String,
    /// Why it was rejected, and what to do.
    pub message: String,
}

/// A file name need not be UTF-8, but JSON must be. The exports do the same.
fn lossy<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

/// Files that the run found and did not read, because earlier runs did. They count for
/// its exit code. 0 for a run that did not finish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EarlierRuns {
    /// With a record that needs review.
    pub to_review: u64,
    /// With a page that failed.
    pub failed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PageCounts {
    pub done: u64,
    /// Pages whose last attempt in the run failed, by reason.
    pub failed: BTreeMap<String, u64>,
    pub attempts: u64,
    /// Pages done per minute, over the whole run.
    pub per_minute: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecordCounts {
    pub accepted: u64,
    pub needs_review: u64,
    pub failed: u64,
    /// Number by type and status; type `unknown` if it could not be determined.
    pub by_type: BTreeMap<String, BTreeMap<String, u64>>,
    /// Why records need review: number of records by finding code.
    pub review_reasons: BTreeMap<String, u64>,
}

/// The work of a reader and its cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReaderUse {
    pub reader: String,
    /// Its place in the order of readers, from 1.
    pub tier: u32,
    pub calls: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Distinct pages.
    pub pages: u64,
    /// Time of all calls, including the wait for a free worker.
    pub seconds: f64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// In `currency`; `None`: it is free.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

/// Times of a stage. They include the wait for a free worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StageTimes {
    pub stage: String,
    /// Attempts that reached it.
    pub pages: u64,
    /// Seconds over all pages. Pages are processed in parallel, so this may exceed the
    /// duration of the run.
    pub seconds: f64,
    /// Share (0 to 1) of the seconds of all stages.
    pub share: f64,
    /// Seconds of a page; so are `median`, `p95` and `max`.
    pub mean: f64,
    pub median: f64,
    pub p95: f64,
    pub max: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlowPage {
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// From 1.
    pub page: u32,
    pub seconds: f64,
    pub stages: StageSeconds,
    /// Why the attempt failed; `None`: it succeeded.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorkerEvents {
    /// Workers that died or were killed, by role and reason.
    pub restarts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Workers that were replaced although they worked, by role and reason:
    /// `pages` (they had read `workers.recycle_pages`) or `memory` (they had grown
    /// by `workers.recycle_growth`).
    pub recycled: BTreeMap<String, BTreeMap<String, u64>>,
    /// The first of those that died.
    pub ends: Vec<WorkerDeath>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerDeath {
    /// Seconds since the run's start.
    pub at: f64,
    pub role: String,
    pub reason: String,
    pub message: String,
}

/// Resident memory in MiB.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MemoryUse {
    /// Highest memory in MiB of a single process, by role.
    pub peak: BTreeMap<String, u64>,
    pub measurements: Vec<MemoryMeasurement>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryMeasurement {
    /// Seconds since the run's start.
    pub at: f64,
    pub role: String,
    pub processes: u32,
    /// All processes of the role together.
    pub mib: f64,
}

/// Pages done in spans of equal length.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Throughput {
    /// Seconds of a span; the last one may be shorter.
    pub span: f64,
    pub pages: Vec<u64>,
}

impl ReaderUse {
    /// `0.008000 USD`; `None`: it is free.
    pub fn price(&self) -> Option<String> {
        let (cost, currency) = (self.cost?, self.currency.as_deref()?);
        Some(format!("{} {currency}", money(cost)))
    }
}

impl PageCounts {
    pub fn failed_number(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// `(role, reason, number)`, the most frequent first.
pub fn by_role(counts: &BTreeMap<String, BTreeMap<String, u64>>) -> Vec<(&str, &str, u64)> {
    let mut rows: Vec<_> = (counts.iter())
        .flat_map(|(role, reasons)| {
            (reasons.iter()).map(move |(reason, n)| (role.as_str(), reason.as_str(), *n))
        })
        .collect();
    rows.sort_by_key(|(.., number)| std::cmp::Reverse(*number));
    rows
}
