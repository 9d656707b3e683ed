//! Chooses among the attempts at a page, and decides which pages are escalated. The same
//! attempts give the same result.
//!
//! It judges the records of a document, not single pages, since the amounts of one page
//! of an invoice do not add up alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{EscalationReason, Finding, PageResult, Record, Severity, Status};
use crate::store::{NewEscalation, PageAttempt, RunId};

/// Why a record's pages should be escalated: the most severe finding that another reading
/// can change. `None`: the record is accepted, or no reader can help.
pub fn escalation_reason(status: Status, findings: &[Finding]) -> Option<EscalationReason> {
    if status == Status::Accepted {
        return None;
    }
    let fixable = findings.iter().filter(|finding| {
        finding.severity > Severity::Info && !finding.code.is_unfixable_by_reread()
    });
    // `max_by_key` takes the last of equal ones; reversed, that is the first.
    let worst = fixable.rev().max_by_key(|finding| finding.severity)?;
    Some(EscalationReason {
        code: worst.code,
        message: worst.message.clone(),
    })
}

/// The attempts from which a document's records are made.
#[derive(Debug, Default)]
pub struct SelectedAttempts {
    /// In their order.
    pub pages: Vec<PageReading>,
    /// Page indices (from 0) and the ids of the readings chosen for them.
    pub chosen: Vec<(u32, i64)>,
    /// Number of pages that the first reader could not read and another could.
    pub rescued: u64,
    /// Pages to escalate to the next reader that has not read them.
    pub escalations: Vec<NewEscalation>,
}

impl SelectedAttempts {
    /// For documents whose pages have only their last attempt.
    pub fn of_one_reader(pages: &[PageResult], readers: &[Option<String>]) -> SelectedAttempts {
        let reading = |(page, reader): (&PageResult, &Option<String>)| PageReading {
            result: page.clone(),
            reader: reader.clone(),
            reading: None,
        };
        SelectedAttempts {
            pages: pages.iter().zip(readers).map(reading).collect(),
            ..SelectedAttempts::default()
        }
    }
}

/// A page's result with its reader.
#[derive(Clone, Debug)]
pub struct PageReading {
    pub result: PageResult,
    /// Hash of the reader.
    pub reader: Option<String>,
    reading: Option<i64>,
}

impl PageReading {
    /// A page of an e-invoice, whose record comes from no reader.
    pub fn stated(result: PageResult) -> PageReading {
        PageReading {
            result,
            reader: None,
            reading: None,
        }
    }
}

/// Makes records of pages.
pub type MakeRecords<'a> = &'a dyn Fn(&[PageReading]) -> Vec<Record>;

/// Chooses among the attempts at each page and returns what to escalate. `stronger`: the
/// hashes of the stronger readers by tier. `attempts` are in the order of time.
pub fn select_attempts(
    pages: &[PageResult],
    attempts: &[PageAttempt],
    stronger: &[String],
    run: RunId,
    make_records: MakeRecords<'_>,
) -> SelectedAttempts {
    let mut current: BTreeMap<u32, PageReading> = pages
        .iter()
        .map(|page| (page.index, first(page, attempts)))
        .collect();
    let failed: BTreeSet<u32> = current
        .values()
        .filter(|page| page.result.reading.is_err())
        .map(|page| page.result.index)
        .collect();
    let mut selected = SelectedAttempts::default();
    let mut waiting = BTreeSet::new();
    for reader in readers(attempts, stronger) {
        let records = make_records(&current.values().cloned().collect::<Vec<_>>());
        for record in records {
            let Some(reason) = escalation_reason(record.status, &record.findings) else {
                continue;
            };
            if record.pages.iter().any(|page| waiting.contains(page)) {
                continue;
            }
            let mut rivals = Vec::new();
            let mut unread = Vec::new();
            for page in &record.pages {
                match last_attempt(attempts, *page, &reader, run) {
                    Some(attempt) => rivals.push(of_attempt(&current[page].result, attempt)),
                    None => unread.push(*page),
                }
            }
            if unread.is_empty() {
                let present: Vec<PageReading> = record
                    .pages
                    .iter()
                    .map(|page| current[page].clone())
                    .collect();
                if is_as_good(&make_records(&rivals), &make_records(&present)) {
                    let rivals = rivals.into_iter();
                    current.extend(rivals.map(|page| (page.result.index, page)));
                }
            } else if stronger.contains(&reader)
                && unread.iter().all(|page| is_routed(&current[page]))
            {
                waiting.extend(record.pages);
                selected.escalations.push(NewEscalation {
                    pages: unread,
                    reader: reader.clone(),
                    reason,
                });
            }
        }
    }
    for page in current.into_values() {
        let index = page.result.index;
        selected.rescued += u64::from(page.result.reading.is_ok() && failed.contains(&index));
        let chosen = page.reading.map(|reading| (index, reading));
        selected.chosen.extend(chosen);
        selected.pages.push(page);
    }
    selected
}

/// The stronger readers in the order in which their attempts are compared: those that the
/// run no longer has, then its own.
fn readers(attempts: &[PageAttempt], stronger: &[String]) -> Vec<String> {
    let escalated = attempts.iter().filter(|attempt| attempt.escalated);
    let mut readers: Vec<String> = Vec::new();
    for reader in escalated.filter_map(|attempt| attempt.reader.as_ref()) {
        if !stronger.contains(reader) && !readers.contains(reader) {
            readers.push(reader.clone());
        }
    }
    readers.extend(stronger.iter().cloned());
    readers
}

/// The first reader's result for the page.
fn first(page: &PageResult, attempts: &[PageAttempt]) -> PageReading {
    let own = |attempt: &&PageAttempt| attempt.page == page.index && !attempt.escalated;
    match attempts.iter().rev().find(own) {
        Some(attempt) => of_attempt(page, attempt),
        // Given up without an attempt, since the program ended each time.
        None => PageReading {
            result: page.clone(),
            reader: None,
            reading: None,
        },
    }
}

fn of_attempt(page: &PageResult, attempt: &PageAttempt) -> PageReading {
    PageReading {
        result: PageResult {
            reading: attempt.result.clone(),
            ..page.clone()
        },
        reader: attempt.reader.clone(),
        reading: Some(attempt.reading_id),
    }
}

/// The reader's last attempt at the page. One that failed because the reader was not
/// available counts only within its own run.
fn last_attempt<'a>(
    attempts: &'a [PageAttempt],
    page: u32,
    reader: &str,
    run: RunId,
) -> Option<&'a PageAttempt> {
    let is_outage = |attempt: &PageAttempt| matches!(&attempt.result, Err(failure) if failure.reason.is_outage());
    attempts
        .iter()
        .rev()
        .filter(|attempt| attempt.escalated && attempt.page == page)
        .filter(|attempt| attempt.reader.as_deref() == Some(reader))
        .find(|attempt| attempt.run == run || !is_outage(attempt))
}

fn is_routed(page: &PageReading) -> bool {
    let routing = page.result.routing.as_ref();
    routing.is_some_and(|routing| routing.doc_type.is_ok())
}

/// Whether the rival records are at least as good: more of them are accepted, then they
/// have fewer warnings and errors, then a higher lowest confidence where both have one.
/// Of equal ones those of the stronger reader are used.
fn is_as_good(rivals: &[Record], current: &[Record]) -> bool {
    let count = |records: &[Record], status: Status| {
        records
            .iter()
            .filter(|record| record.status == status)
            .count()
    };
    let problems = |records: &[Record]| {
        let findings = records.iter().flat_map(|record| &record.findings);
        findings
            .filter(|finding| finding.severity > Severity::Info)
            .count()
    };
    let rank = |records: &[Record]| {
        let failed = count(records, Status::Failed);
        (
            failed,
            count(records, Status::NeedsReview),
            problems(records),
        )
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
#[path = "escalation_tests.rs"]
mod tests;
