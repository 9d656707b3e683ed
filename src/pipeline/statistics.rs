use std::collections::BTreeMap;

use crate::domain::{ExitStatus, Reason, StageSeconds, Status, Usage};
use crate::store::KnownFiles;

/// The counts of a run. Stored with the run.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct RunStatistics {
    /// 0: it was stopped before it began.
    pub run_id: i64,
    pub files: u64,
    /// Of these, those of which nothing was read.
    pub known_files: KnownFiles,
    pub rejected: BTreeMap<Reason, u64>,
    /// Files that hold data or settings.
    pub skipped: u64,
    /// Pages of the files found that another run is reading.
    pub pages_elsewhere: u64,
    /// Pages that the first reader has read.
    pub pages_done: u64,
    /// Pages of finished documents that no reader could read.
    pub pages_failed: BTreeMap<Reason, u64>,
    pub accepted: u64,
    pub needs_review: u64,
    pub failed: u64,
    /// Pages that were escalated.
    pub escalated: u64,
    /// The work of each reader, by name.
    pub readers: BTreeMap<String, ReaderWork>,
    /// The setting because of which further pages were not escalated.
    pub exhausted_budget: Option<String>,
    /// Readers that were disabled for this run, and why.
    pub unavailable_readers: BTreeMap<String, String>,
    /// Workers that died and were replaced.
    pub worker_restarts: u64,
    /// Workers that were recycled.
    pub workers_recycled: u64,
    /// Parts of the sandbox that this kernel does not enforce.
    pub sandbox_gaps: Vec<String>,
    /// Seconds from the start to the end of the run.
    pub seconds: f64,
    /// Seconds by stage, summed over pages.
    pub stage_seconds: StageSeconds,
    /// Peak resident memory by process role, MiB.
    pub peak_memory: BTreeMap<String, u64>,
    /// Whether a signal ended it before the queue was empty.
    pub interrupted: bool,
}

/// The work of a reader in a run.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct ReaderWork {
    /// Attempts at pages.
    pub pages: u64,
    /// Of these, failed ones.
    pub failed: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// In `currency`; `None`: free.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

impl ReaderWork {
    /// One attempt at a page.
    pub fn attempt(
        failed: bool,
        usage: Usage,
        cost: Option<f64>,
        currency: Option<String>,
    ) -> ReaderWork {
        ReaderWork {
            pages: 1,
            failed: u64::from(failed),
            input_tokens: u64::from(usage.input),
            output_tokens: u64::from(usage.output),
            cost,
            currency,
        }
    }

    pub fn add(&mut self, other: &ReaderWork) {
        self.pages += other.pages;
        self.failed += other.failed;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        if let Some(cost) = other.cost {
            *self.cost.get_or_insert_default() += cost;
            self.currency.clone_from(&other.currency);
        }
    }
}

impl RunStatistics {
    pub fn count_record(&mut self, status: Status) {
        match status {
            Status::Accepted => self.accepted += 1,
            Status::NeedsReview => self.needs_review += 1,
            Status::Failed => self.failed += 1,
            // People decide so, no run.
            Status::NeedsSecondApproval | Status::Rejected | Status::NotABill => {}
        }
    }

    pub fn add_reader(&mut self, name: &str, work: &ReaderWork) {
        self.readers.entry(name.to_owned()).or_default().add(work);
    }

    /// Adds the work of another run's readers.
    pub fn add_readers(&mut self, run: &RunStatistics) {
        self.escalated += run.escalated;
        for (name, work) in &run.readers {
            self.add_reader(name, work);
        }
    }

    pub fn add_stages(&mut self, stages: &StageSeconds) {
        for (stage, seconds) in stages {
            *self.stage_seconds.entry(*stage).or_default() += seconds;
        }
    }

    /// The most serious state of what the run did and of the files that it found: what
    /// earlier runs left for a person counts until it is settled.
    pub fn exit_status(&self) -> ExitStatus {
        let known = &self.known_files;
        let failed = self.failed + known.failed > 0
            || !self.pages_failed.is_empty()
            || !self.rejected.is_empty();
        if self.interrupted {
            ExitStatus::Interrupted
        } else if self.pages_elsewhere > 0 {
            ExitStatus::TryAgainLater
        } else if failed {
            ExitStatus::SomeFailed
        } else if self.needs_review + known.to_review > 0 {
            ExitStatus::NeedsReview
        } else {
            ExitStatus::Success
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_serious_result_decides() {
        let mut summary = RunStatistics::default();
        assert_eq!(summary.exit_status(), ExitStatus::Success);
        summary.needs_review = 1;
        assert_eq!(summary.exit_status(), ExitStatus::NeedsReview);
        summary.rejected.insert(Reason::EmptyFile, 1);
        assert_eq!(summary.exit_status(), ExitStatus::SomeFailed);
        // What another run reads is not known yet.
        summary.pages_elsewhere = 3;
        assert_eq!(summary.exit_status(), ExitStatus::TryAgainLater);
        summary.interrupted = true;
        assert_eq!(summary.exit_status(), ExitStatus::Interrupted);
    }

    #[test]
    fn what_earlier_runs_left_for_a_person_counts_as_well() {
        let mut summary = RunStatistics::default();
        summary.known_files.read = 1;
        assert_eq!(summary.exit_status(), ExitStatus::Success);
        summary.known_files.to_review = 1;
        assert_eq!(summary.exit_status(), ExitStatus::NeedsReview);
        summary.known_files.failed = 1;
        assert_eq!(summary.exit_status(), ExitStatus::SomeFailed);
    }
}
