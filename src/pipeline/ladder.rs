//! Which attempt at a page counts, and which pages a stronger reader should
//! look at. Pure: the same attempts give the same answer.
//!
//! Judged are the records that a document's pages make, not pages alone: of an
//! invoice of two pages neither adds up by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Finding, PageResult, Record, Severity, Status};
use crate::store::{NewClimb, PageAttempt, RunId};

/// Why a stronger reader should look at a record, in words; `None`: it need
/// not, or could not help.
pub fn why_climb(status: Status, findings: &[Finding]) -> Option<String> {
    if status == Status::Accepted {
        return None;
    }
    let doubts = findings.iter().filter(|finding| {
        finding.severity > Severity::Info && !finding.code.is_unfixable_by_reread()
    });
    // `max_by_key` takes the last of equals: reversed, the first.
    let gravest = doubts.rev().max_by_key(|finding| finding.severity)?;
    Some(format!("{}: {}", gravest.code, gravest.message))
}

/// The readings that a document's records are made from.
#[derive(Debug, Default)]
pub struct Weighed {
    /// In the order of the pages.
    pub reads: Vec<Read>,
    /// Page indices and the readings chosen for them, where there is one.
    pub chosen: Vec<(u32, i64)>,
    /// Pages that the first reader could not read and another could.
    pub rescued: u64,
    /// What should climb, to the next reader that has not seen it.
    pub climbs: Vec<NewClimb>,
}

impl Weighed {
    /// Where no page has another attempt than the one that it was left with.
    pub fn of_one_reader(pages: &[PageResult], readers: &[Option<String>]) -> Weighed {
        let read = |(page, reader): (&PageResult, &Option<String>)| Read {
            result: page.clone(),
            reader: reader.clone(),
            reading: None,
        };
        Weighed {
            reads: pages.iter().zip(readers).map(read).collect(),
            ..Weighed::default()
        }
    }
}

/// A page's result and by which reader.
#[derive(Clone, Debug)]
pub struct Read {
    pub result: PageResult,
    /// Hash of the reader.
    pub reader: Option<String>,
    reading: Option<i64>,
}

/// Makes records of pages.
pub type Judge<'a> = &'a dyn Fn(&[Read]) -> Vec<Record>;

/// Chooses among the attempts at each page and says what should climb.
/// `ladder` are the hashes of the readers above the first, weakest first; the
/// attempts are in the order in which they were made.
pub fn weigh(
    pages: &[PageResult],
    attempts: &[PageAttempt],
    ladder: &[String],
    run: RunId,
    judge: Judge<'_>,
) -> Weighed {
    let mut reads: BTreeMap<u32, Read> = pages
        .iter()
        .map(|page| (page.index, first(page, attempts)))
        .collect();
    let failed: BTreeSet<u32> = reads
        .values()
        .filter(|read| read.result.reading.is_err())
        .map(|read| read.result.index)
        .collect();
    let mut weighed = Weighed::default();
    let mut waiting = BTreeSet::new();
    for reader in readers(attempts, ladder) {
        let records = judge(&reads.values().cloned().collect::<Vec<_>>());
        for record in records {
            let Some(why) = why_climb(record.status, &record.findings) else {
                continue;
            };
            if record.pages.iter().any(|page| waiting.contains(page)) {
                continue;
            }
            let mut rivals = Vec::new();
            let mut unseen = Vec::new();
            for page in &record.pages {
                match attempt(attempts, *page, &reader, run) {
                    Some(attempt) => rivals.push(of_attempt(&reads[page].result, attempt)),
                    None => unseen.push(*page),
                }
            }
            if unseen.is_empty() {
                let current: Vec<Read> = record
                    .pages
                    .iter()
                    .map(|page| reads[page].clone())
                    .collect();
                if is_as_good(&judge(&rivals), &judge(&current)) {
                    reads.extend(rivals.into_iter().map(|read| (read.result.index, read)));
                }
            } else if ladder.contains(&reader) && unseen.iter().all(|page| is_routed(&reads[page]))
            {
                waiting.extend(record.pages);
                weighed.climbs.push(NewClimb {
                    pages: unseen,
                    reader: reader.clone(),
                    why,
                });
            }
        }
    }
    for read in reads.into_values() {
        let is_rescued = read.result.reading.is_ok() && failed.contains(&read.result.index);
        weighed.rescued += u64::from(is_rescued);
        weighed
            .chosen
            .extend(read.reading.map(|reading| (read.result.index, reading)));
        weighed.reads.push(read);
    }
    weighed
}

/// The readers above the first in the order in which their attempts are
/// weighed: those that are no longer in the ladder, then the ladder's.
fn readers(attempts: &[PageAttempt], ladder: &[String]) -> Vec<String> {
    let climbed = attempts.iter().filter(|attempt| attempt.climbed);
    let mut readers: Vec<String> = Vec::new();
    for reader in climbed.filter_map(|attempt| attempt.reader.as_ref()) {
        if !ladder.contains(reader) && !readers.contains(reader) {
            readers.push(reader.clone());
        }
    }
    readers.extend(ladder.iter().cloned());
    readers
}

/// What the first reader made of the page.
fn first(page: &PageResult, attempts: &[PageAttempt]) -> Read {
    let own = |attempt: &&PageAttempt| attempt.page == page.index && !attempt.climbed;
    match attempts.iter().rev().find(own) {
        Some(attempt) => of_attempt(page, attempt),
        // Given up without a trace: it took the program down.
        None => Read {
            result: page.clone(),
            reader: None,
            reading: None,
        },
    }
}

fn of_attempt(page: &PageResult, attempt: &PageAttempt) -> Read {
    Read {
        result: PageResult {
            reading: attempt.result.clone(),
            ..page.clone()
        },
        reader: attempt.reader.clone(),
        reading: Some(attempt.reading_id),
    }
}

/// The reader's last attempt at the page. One that came to nothing because the
/// reader was away counts only within its own run.
fn attempt<'a>(
    attempts: &'a [PageAttempt],
    page: u32,
    reader: &str,
    run: RunId,
) -> Option<&'a PageAttempt> {
    let is_outage = |attempt: &PageAttempt| matches!(&attempt.result, Err(failure) if failure.reason.is_outage());
    attempts
        .iter()
        .rev()
        .filter(|attempt| attempt.climbed && attempt.page == page)
        .filter(|attempt| attempt.reader.as_deref() == Some(reader))
        .find(|attempt| attempt.run == run || !is_outage(attempt))
}

fn is_routed(read: &Read) -> bool {
    let routing = read.result.routing.as_ref();
    routing.is_some_and(|routing| routing.verdict.is_ok())
}

/// Whether the rival records are at least as good: more of them accepted, then
/// fewer doubts, then a surer least sure value where both tell one. What is
/// equal goes to the stronger reader.
fn is_as_good(rivals: &[Record], current: &[Record]) -> bool {
    let count = |records: &[Record], status: Status| {
        records
            .iter()
            .filter(|record| record.status == status)
            .count()
    };
    let doubts = |records: &[Record]| {
        let findings = records.iter().flat_map(|record| &record.findings);
        findings
            .filter(|finding| finding.severity > Severity::Info)
            .count()
    };
    let rank = |records: &[Record]| {
        let failed = count(records, Status::Failed);
        (failed, count(records, Status::NeedsReview), doubts(records))
    };
    let least = |records: &[Record]| {
        let known: Option<Vec<f32>> = records.iter().map(|record| record.confidence).collect();
        known?.into_iter().reduce(f32::min)
    };
    match rank(rivals).cmp(&rank(current)) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Equal => match (least(rivals), least(current)) {
            (Some(rival), Some(current)) => rival >= current,
            _ => true,
        },
    }
}

#[cfg(test)]
#[path = "ladder_tests.rs"]
mod tests;
