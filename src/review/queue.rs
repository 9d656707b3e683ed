//! The records that need review, as the page lists them.

use serde::Serialize;

use crate::domain::{Facts, Finding, FindingCode};
use crate::store::{
    InReview, Postponed, ReasonCount, Reopening, ReviewLock, ReviewQueue, SeededCounts,
};

/// Most records that are listed: the page is slow with more, and a person begins with the
/// first ones.
pub const MOST: u32 = 500;

/// Why a record is in the queue that no finding or decision is about: it is of the sample.
const TO_COMPARE: &str = "compare it with the page";

#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Queue {
    /// Number of records that need review.
    pub left: u64,
    /// Other records, which come back on a day.
    pub postponed: Postponed,
    /// Number of other records, which the next run reads again.
    pub to_read: u64,
    /// How many errors people found that the page showed to see whether they notice.
    pub seeded: SeededCounts,
    /// Number of records by their most urgent finding, the greatest first.
    pub reasons: Vec<ReasonCount>,
    /// The first records, by supplier.
    pub suppliers: Vec<QueueSupplier>,
}

/// The records of one seller, merchant or other party.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct QueueSupplier {
    /// Null where it is not known.
    pub name: Option<String>,
    /// Number of its records, listed or not.
    pub count: u64,
    pub records: Vec<QueueEntry>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct QueueEntry {
    pub id: i64,
    #[serde(rename = "type")]
    pub doc_type: Option<String>,
    pub file: String,
    pub number: Option<String>,
    pub date: Option<String>,
    pub total: String,
    pub code: Option<FindingCode>,
    /// Why it is in the queue: see [`queue_reason`].
    pub reason: String,
    /// Number of further findings.
    pub more: usize,
    /// Who approved it, where another person must as well.
    pub approved_by: Option<String>,
    /// Who has it open.
    pub locked_by: Option<String>,
}

/// The queue for the page: `waiting` by supplier.
pub fn queue(waiting: ReviewQueue, locks: &[ReviewLock]) -> Queue {
    let by_party = waiting.records.chunk_by(|a, b| a.party == b.party);
    Queue {
        left: waiting.left,
        suppliers: by_party
            .filter_map(|records| supplier(records, locks))
            .collect(),
        reasons: waiting.reasons,
        ..Queue::default()
    }
}

fn supplier(records: &[InReview], locks: &[ReviewLock]) -> Option<QueueSupplier> {
    let first = records.first()?;
    Some(QueueSupplier {
        name: Facts::of(&first.fields).party,
        count: first.of_party,
        records: records.iter().map(|record| entry(record, locks)).collect(),
    })
}

/// The most urgent first.
pub fn by_urgency(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.urgency());
    sorted
}

/// Why the record is in the queue: the message of its most urgent finding, or else who
/// reopened it.
pub fn queue_reason(record: &InReview) -> String {
    if let Some(finding) = by_urgency(&record.findings).first() {
        return finding.message.clone();
    }
    match &record.reopened {
        Some(Reopening { by, at, reason }) => {
            format!("{by} reopened it on {}: {reason}", day(*at))
        }
        None => TO_COMPARE.to_owned(),
    }
}

/// The day of a time (Unix milliseconds) in the time zone of this machine.
fn day(at: i64) -> jiff::civil::Date {
    let time = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::system()).date()
}

fn entry(record: &InReview, locks: &[ReviewLock]) -> QueueEntry {
    let facts = Facts::of(&record.fields);
    let findings = by_urgency(&record.findings);
    let lock = locks.iter().find(|lock| lock.record_id == record.id);
    QueueEntry {
        id: record.id,
        doc_type: record.doc_type.clone(),
        approved_by: record.approved_by.clone(),
        file: file_name(&record.path),
        total: facts.total_text(),
        number: facts.number,
        date: facts.date,
        code: findings.first().map(|finding| finding.code),
        reason: queue_reason(record),
        more: findings.len().saturating_sub(1),
        locked_by: lock.map(|lock| lock.held_by.clone()),
    }
}

/// The last part of a path, for people.
pub fn file_name(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_listed_by_supplier_with_their_most_urgent_finding() {
        use FindingCode::{LowConfidence, SumMismatch};
        let record = |id: i64, seller: &str, codes: &[FindingCode]| InReview {
            id,
            doc_type: Some("invoice".into()),
            fields: json!({"seller_name": seller, "gross_total": "7.00", "currency": "EUR"})
                .as_object()
                .unwrap()
                .clone(),
            path: format!("/in/{id}.pdf").into(),
            findings: codes
                .iter()
                .map(|code| Finding::new(*code, None, code.as_str()))
                .collect(),
            approved_by: None,
            reopened: None,
            party: Some(seller.to_lowercase()),
            of_party: 9,
        };
        let waiting = ReviewQueue {
            left: 10,
            reasons: Vec::new(),
            records: vec![
                record(3, "Nord GmbH", &[LowConfidence, SumMismatch]),
                record(1, "NORD GMBH", &[]),
                record(2, "West AG", &[LowConfidence]),
            ],
        };
        let lock = ReviewLock {
            record_id: 2,
            session: "s".into(),
            held_by: "ann".into(),
        };
        let queue = queue(waiting, &[lock]);
        assert_eq!((queue.left, queue.suppliers.len()), (10, 2));
        let nord = &queue.suppliers[0];
        assert_eq!((nord.name.as_deref(), nord.count), (Some("Nord GmbH"), 9));
        let first = &nord.records[0];
        assert_eq!((first.code, first.more), (Some(SumMismatch), 1));
        assert_eq!(
            (first.file.as_str(), first.total.as_str()),
            ("3.pdf", "7.00 EUR")
        );
        assert_eq!(nord.records[1].reason, TO_COMPARE);
        let last = &queue.suppliers[1].records[0];
        assert_eq!(last.locked_by.as_deref(), Some("ann"));
    }

    #[test]
    fn a_record_without_findings_says_who_reopened_it() {
        let mut record = InReview {
            id: 1,
            doc_type: None,
            fields: Default::default(),
            path: "/in/1.pdf".into(),
            findings: Vec::new(),
            approved_by: None,
            reopened: None,
            party: None,
            of_party: 1,
        };
        assert_eq!(queue_reason(&record), TO_COMPARE);
        record.reopened = Some(Reopening {
            by: "ben".into(),
            at: 1_796_119_200_000,
            reason: "ordered by phone".into(),
        });
        let reason = queue_reason(&record);
        assert!(
            reason.starts_with("ben reopened it on 2026-1")
                && reason.ends_with(": ordered by phone"),
            "{reason}"
        );
        let finding = Finding::new(FindingCode::SumMismatch, None, "it does not add up");
        record.findings.push(finding);
        assert_eq!(queue_reason(&record), "it does not add up");
    }
}
