//! What a run did, made from what the database holds of it: the same for a run
//! that just ended, one of last week and one that was killed.
//!
//! A report names files and tells why they failed; it holds no value that was
//! read from a page.

mod build;
mod chart;
mod html;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

pub use build::of_run;
pub use chart::duration;
pub use html::to_html;

/// The report of a run. `docs/nightly-runs.md` describes its JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub run: Run,
    pub files: Files,
    pub pages: Pages,
    pub records: Records,
    /// The first reader, then those above it.
    pub readers: Vec<Reader>,
    /// In the order of the stages.
    pub stages: Vec<Stage>,
    /// The attempts at pages that took longest, longest first.
    pub slowest: Vec<SlowPage>,
    pub workers: Workers,
    pub memory: Memory,
    pub throughput: Throughput,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    pub id: i64,
    pub state: State,
    /// UTC, RFC 3339.
    pub started_at: String,
    /// When it finished; for one that did not, when it was last seen at work.
    pub ended_at: String,
    pub seconds: f64,
    pub docmill: String,
    pub settings: serde_json::Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Finished,
    /// A signal ended it; the pages in hand were finished.
    Interrupted,
    Running,
    /// Its process is gone and it did not come to its end.
    Killed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    pub looked_at: u64,
    /// By reason.
    pub turned_away: BTreeMap<String, u64>,
    /// The first of them by name, but for those that a later run saw again.
    pub first_turned_away: Vec<TurnedAway>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TurnedAway {
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    pub reason: String,
    /// Why, and what to do.
    pub message: String,
}

/// As the exports write it: a file's name need not be UTF-8, and JSON must be.
fn lossy<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pages {
    pub done: u64,
    /// Pages whose last attempt in the run failed, by reason.
    pub failed: BTreeMap<String, u64>,
    pub attempts: u64,
    /// Pages done a minute, over the whole run.
    pub per_minute: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    pub accepted: u64,
    pub needs_review: u64,
    pub failed: u64,
    /// Number by type and status; type `unknown` where none could be told.
    pub by_type: BTreeMap<String, BTreeMap<String, u64>>,
    /// Why records need review: how many have a finding of this code.
    pub doubts: BTreeMap<String, u64>,
}

/// What a reader did and what it cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reader {
    pub reader: String,
    /// Its place in the ladder, from 1.
    pub rung: u32,
    /// Times that it was asked to read a page.
    pub calls: u64,
    /// Of these, those that came to nothing.
    pub failed: u64,
    /// Distinct pages.
    pub pages: u64,
    /// Of all calls, waiting for a free worker included.
    pub seconds: f64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// In `currency`; `None`: it has no price.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

/// Seconds include waiting for a free worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stage {
    pub stage: String,
    /// Attempts that came to it.
    pub pages: u64,
    /// Over all pages; pages are worked on at once, so this may be more than
    /// the run took.
    pub seconds: f64,
    /// Of all stages' seconds, 0 to 1.
    pub share: f64,
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
    pub stages: BTreeMap<String, f64>,
    /// Why the attempt failed; `None`: it did not.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Workers {
    /// Workers that died or were killed, by role and reason.
    pub restarts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Workers that were replaced in good health, by role and reason: `pages`
    /// (they had served long enough) or `memory` (they had grown).
    pub recycled: BTreeMap<String, BTreeMap<String, u64>>,
    /// The first of them.
    pub ends: Vec<WorkerEnd>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerEnd {
    /// Seconds since the run's start.
    pub at: f64,
    pub role: String,
    pub reason: String,
    pub message: String,
}

/// Resident memory in MiB.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    /// Highest of any one process of the role.
    pub peak: BTreeMap<String, u64>,
    pub samples: Vec<MemorySample>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemorySample {
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

impl Reader {
    /// What it cost, for people; `None`: it has no price.
    pub fn price(&self) -> Option<String> {
        let (cost, currency) = (self.cost?, self.currency.as_deref()?);
        Some(format!("{} {currency}", money(cost)))
    }
}

/// Small sums need more than two places to be seen at all.
pub fn money(cost: f64) -> String {
    match cost {
        cost if cost >= 1.0 => format!("{cost:.2}"),
        cost => format!("{cost:.6}"),
    }
}

impl Pages {
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
