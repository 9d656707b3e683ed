//! From the database's rows to a report.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    EarlierRuns, FileCounts, MemoryMeasurement, MemoryUse, PageCounts, ReaderUse, RecordCounts,
    RejectedFile, RunInfo, RunReport, RunState, SlowPage, StageTimes, Throughput, WorkerDeath,
    WorkerEvents,
};
use crate::domain::time::rfc3339;
use crate::domain::{Reason, Stage, sum};
use crate::store::{Attempt, MemoryRow, ReaderRow, RejectedRow, RunRow, Store};

/// Attempts fetched at once.
const CHUNK: u32 = 2000;
const SLOWEST: usize = 10;
const MAX_ENDS: usize = 100;
/// Number of spans of the throughput plot: few if there are few pages, so that
/// bars differ by more than one page.
const SPANS_WANTED: std::ops::RangeInclusive<f64> = 10.0..=60.0;
const PAGES_IN_A_SPAN: f64 = 3.0;
/// Lengths of a span in seconds that people read easily.
const SPANS: [f64; 14] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
];

/// The report of run `id`, or of the latest. `None`: there is no such run.
pub async fn of_run(store: &Store, id: Option<i64>) -> anyhow::Result<Option<RunReport>> {
    let Some(row) = store.run(id).await? else {
        return Ok(None);
    };
    let measurements = store.memory_of_run(row.id).await?;
    let mut attempts = Attempts::default();
    let mut after = 0;
    loop {
        let chunk = store.attempts_after(row.id, after, CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        after = last.id;
        chunk.into_iter().for_each(|attempt| attempts.add(attempt));
    }
    let ended_at = ended_at(&row, &measurements, &attempts);
    let seconds = (ended_at - row.started_at).max(0) as f64 / 1000.0;
    let outcomes = store.page_outcomes(row.id).await?;
    let mut slowest = Vec::new();
    for (seconds, attempt) in &attempts.slowest {
        let (path, index) = store.page_place(attempt.page_id).await?;
        slowest.push(SlowPage {
            path,
            page: index + 1,
            seconds: *seconds,
            stages: attempt.seconds.clone(),
            reason: attempt.reason.clone(),
        });
    }
    let done = outcomes.get("").copied().unwrap_or(0);
    Ok(Some(RunReport {
        files: files(store, &row).await?,
        pages: PageCounts {
            done,
            failed: without_empty(outcomes),
            attempts: attempts.number,
            per_minute: per_minute(done, seconds),
        },
        records: records(store, &row).await?,
        earlier_runs: earlier_runs(&row),
        readers: readers(store, &row).await?,
        stages: attempts.stages(),
        slowest,
        workers: workers(store, &row).await?,
        memory: memory(&row, &measurements),
        throughput: throughput(&attempts.done_at, row.started_at, seconds),
        run: run(&row, ended_at, seconds)?,
    }))
}

/// What the report needs of the attempts, which are too many to keep.
#[derive(Default)]
struct Attempts {
    number: u64,
    /// Seconds of each attempt, by stage.
    seconds: BTreeMap<Stage, Vec<f32>>,
    /// When pages were done, Unix milliseconds.
    done_at: Vec<i64>,
    slowest: Vec<(f64, Attempt)>,
    last_at: i64,
}

impl Attempts {
    fn add(&mut self, attempt: Attempt) {
        self.number += 1;
        self.last_at = self.last_at.max(attempt.at);
        for (stage, seconds) in &attempt.seconds {
            let of_stage = self.seconds.entry(*stage).or_default();
            of_stage.push(*seconds as f32);
        }
        if attempt.reason.is_none() {
            self.done_at.push(attempt.at);
        }
        let all = sum(attempt.seconds.values().copied());
        self.slowest.push((all, attempt));
        self.slowest.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.slowest.truncate(SLOWEST);
    }

    fn stages(&mut self) -> Vec<StageTimes> {
        let all = sum(self.seconds.values().flatten().map(|s| f64::from(*s)));
        let stages = self.seconds.iter_mut();
        stages
            .map(|(stage, seconds)| of_stage(*stage, seconds, all))
            .collect()
    }
}

fn of_stage(stage: Stage, seconds: &mut [f32], all: f64) -> StageTimes {
    seconds.sort_by(f32::total_cmp);
    let sum: f64 = seconds.iter().map(|s| f64::from(*s)).sum();
    StageTimes {
        stage: stage.to_string(),
        pages: seconds.len() as u64,
        seconds: sum,
        share: if all > 0.0 { sum / all } else { 0.0 },
        mean: sum / seconds.len().max(1) as f64,
        median: quantile(seconds, 0.5),
        p95: quantile(seconds, 0.95),
        max: quantile(seconds, 1.0),
    }
}

/// The smallest value that at least `share` of the sorted values do not exceed
/// (nearest rank).
fn quantile(sorted: &[f32], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .map_or(0.0, |value| f64::from(*value))
}

fn ended_at(row: &RunRow, measurements: &[MemoryRow], attempts: &Attempts) -> i64 {
    let last_measured = measurements.iter().map(|one| one.at).max().unwrap_or(0);
    row.finished_at
        .unwrap_or(row.started_at.max(attempts.last_at).max(last_measured))
}

fn run(row: &RunRow, ended_at: i64, seconds: f64) -> anyhow::Result<RunInfo> {
    let interrupted = row.summary.as_ref().map(|s| &s["interrupted"]);
    let state = match (row.finished_at, interrupted) {
        (Some(_), Some(Value::Bool(true))) => RunState::Interrupted,
        (Some(_), _) => RunState::Finished,
        (None, _) if row.is_alive => RunState::Running,
        (None, _) => RunState::Killed,
    };
    let exit_code = row.summary.as_ref().map(|s| &s["exit_code"]);
    Ok(RunInfo {
        exit_code: exit_code.and_then(Value::as_u64),
        id: row.id.0,
        state,
        started_at: rfc3339(row.started_at),
        ended_at: rfc3339(ended_at),
        seconds,
        docmill: row.version.clone(),
        settings: row.settings.clone(),
    })
}

/// The run's own count if it finished: in the database, a later run that finds
/// the same files takes them over.
async fn files(store: &Store, row: &RunRow) -> anyhow::Result<FileCounts> {
    let rejected = store.rejected_of_run(row.id).await?;
    let file = |row: RejectedRow| RejectedFile {
        path: row.path,
        reason: row.reason,
        message: row.message,
    };
    let first_rejected: Vec<_> = rejected.into_iter().map(file).collect();
    if let Some(summary) = &row.summary {
        let rejected = summary["rejected"].as_object().into_iter().flatten();
        let number = |(reason, n): (&String, &Value)| Some((reason.clone(), n.as_u64()?));
        return Ok(FileCounts {
            found: summary["files"].as_u64().unwrap_or(0),
            rejected: rejected.filter_map(number).collect(),
            skipped: summary["skipped"].as_u64().unwrap_or(0),
            first_rejected,
        });
    }
    let mut files = store.files_of_run(row.id).await?;
    let skipped = files.remove(Reason::NotADocument.as_str()).unwrap_or(0);
    let mut kept = BTreeMap::<&str, u64>::new();
    for file in &first_rejected {
        *kept.entry(&file.reason).or_default() += 1;
    }
    for (reason, number) in kept {
        let counted = files.entry(reason.to_owned()).or_default();
        *counted = number.max(*counted);
    }
    Ok(FileCounts {
        found: files.values().sum::<u64>() + skipped,
        skipped,
        rejected: without_empty(files),
        first_rejected,
    })
}

/// What the run found and did not read, because earlier ones did.
fn earlier_runs(row: &RunRow) -> EarlierRuns {
    let known = row.summary.as_ref().map(|summary| &summary["known_files"]);
    let number = |name: &str| known.and_then(|known| known[name].as_u64()).unwrap_or(0);
    EarlierRuns {
        to_review: number("to_review"),
        failed: number("failed"),
    }
}

async fn records(store: &Store, row: &RunRow) -> anyhow::Result<RecordCounts> {
    let mut records = RecordCounts {
        review_reasons: store.review_reasons_of_run(row.id).await?,
        ..RecordCounts::default()
    };
    for ((doc_type, status), number) in store.records_of_run(row.id).await? {
        match status.as_str() {
            "accepted" => records.accepted += number,
            "failed" => records.failed += number,
            _ => records.needs_review += number,
        }
        let doc_type = match doc_type.as_str() {
            "" => "unknown".to_owned(),
            _ => doc_type,
        };
        let by_status = records.by_type.entry(doc_type).or_default();
        *by_status.entry(status).or_default() += number;
    }
    Ok(records)
}

async fn readers(store: &Store, row: &RunRow) -> anyhow::Result<Vec<ReaderUse>> {
    let mut rows = store.readers_of_run(row.id).await?;
    let further = row.settings["escalation"]["readers"].as_array();
    let place = |name: &str| {
        let mut names = further.into_iter().flatten();
        names.position(|known| known == name).unwrap_or(usize::MAX)
    };
    rows.sort_by_key(|reader| (reader.escalated, place(&reader.name)));
    let reader = |(row, tier): (ReaderRow, u32)| ReaderUse {
        reader: row.name,
        tier,
        calls: row.calls,
        failed: row.failed,
        pages: row.pages,
        seconds: row.seconds,
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        cost: row.cost,
        currency: row.currency,
    };
    Ok(rows.into_iter().zip(1..).map(reader).collect())
}

async fn workers(store: &Store, row: &RunRow) -> anyhow::Result<WorkerEvents> {
    let mut workers = WorkerEvents {
        recycled: store.workers_recycled(row.id).await?,
        ..WorkerEvents::default()
    };
    for end in store.worker_ends(row.id).await? {
        let reasons = workers.restarts.entry(end.role.clone()).or_default();
        *reasons.entry(end.reason.clone()).or_default() += 1;
        if workers.ends.len() < MAX_ENDS {
            workers.ends.push(WorkerDeath {
                at: since(row, end.at),
                role: end.role,
                reason: end.reason,
                message: end.message,
            });
        }
    }
    Ok(workers)
}

fn memory(row: &RunRow, measurements: &[MemoryRow]) -> MemoryUse {
    const MIB: f64 = (1 << 20) as f64;
    let mut memory = MemoryUse::default();
    let measured = row.summary.as_ref().map(|s| &s["peak_memory"]);
    for (role, peak) in measured.and_then(Value::as_object).into_iter().flatten() {
        let peak = peak.as_u64().unwrap_or(0);
        memory.peak.insert(role.clone(), peak);
    }
    for one in measurements {
        let mib = one.resident as f64 / MIB;
        if measured.is_none() && one.processes > 0 {
            // A killed run has no peak: the highest mean of a measurement.
            let each = (mib / f64::from(one.processes)).round() as u64;
            let peak = memory.peak.entry(one.role.clone()).or_default();
            *peak = (*peak).max(each);
        }
        memory.measurements.push(MemoryMeasurement {
            at: since(row, one.at),
            role: one.role.clone(),
            processes: one.processes,
            mib: (mib * 10.0).round() / 10.0,
        });
    }
    memory
}

fn throughput(done_at: &[i64], started_at: i64, seconds: f64) -> Throughput {
    let most =
        (done_at.len() as f64 / PAGES_IN_A_SPAN).clamp(*SPANS_WANTED.start(), *SPANS_WANTED.end());
    let fits = |span: &&f64| seconds / **span <= most;
    let span = *SPANS.iter().find(fits).unwrap_or(&86_400.0);
    let mut pages = vec![0; (seconds / span).ceil().max(1.0) as usize];
    for at in done_at {
        let index = ((at - started_at).max(0) as f64 / 1000.0 / span) as usize;
        let last = pages.len() - 1;
        pages[index.min(last)] += 1;
    }
    Throughput { span, pages }
}

fn since(row: &RunRow, at: i64) -> f64 {
    (at - row.started_at).max(0) as f64 / 1000.0
}

fn per_minute(pages: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        pages as f64 * 60.0 / seconds
    } else {
        0.0
    }
}

fn without_empty(mut counts: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    counts.remove("");
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&sorted, 0.5), 2.0);
        assert_eq!(quantile(&sorted, 0.95), 4.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn every_page_falls_into_a_span_whatever_the_clock_did() {
        // Before the start (the clock was set back) and after the end.
        let spread = throughput(&[500, 1_000, 62_000, 200_000], 1_000, 120.0);
        assert_eq!(spread.span, 15.0);
        assert_eq!(spread.pages, [2, 0, 0, 0, 1, 0, 0, 1]);
        let many: Vec<i64> = (0..1000).map(|n| n * 120).collect();
        assert_eq!(throughput(&many, 0, 120.0).pages.len(), 60);
        assert_eq!(throughput(&[1], 0, 0.0).pages, [1]);
        assert!(throughput(&[], 0, 1e7).pages.len() <= 116);
    }

    #[test]
    fn the_slowest_attempts_are_kept_and_stages_are_in_the_order_of_a_pages_way() {
        let mut attempts = Attempts::default();
        for id in 0..30 {
            let seconds = [(Stage::Read, id as f64), (Stage::Rasterize, 0.5)];
            attempts.add(Attempt {
                id,
                page_id: id,
                at: id,
                reason: None,
                seconds: seconds.into(),
            });
        }
        let slowest: Vec<i64> = attempts.slowest.iter().map(|(_, a)| a.page_id).collect();
        assert_eq!(slowest, (20..30).rev().collect::<Vec<_>>());
        let stages = attempts.stages();
        let names: Vec<_> = stages.iter().map(|stage| stage.stage.as_str()).collect();
        assert_eq!(names, ["rasterize", "read"]);
        assert_eq!((stages[1].max, stages[1].median), (29.0, 14.0));
        assert!((stages[0].share - 15.0 / 450.0).abs() < 1e-9);
    }
}
