//! The records that need review, in the order in which to review them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::domain::{Facts, Finding, FindingCode, folded};
use crate::store::{InReview, Postponed, ReviewLock};

/// Most records that are listed: the page is slow with more, and a person begins with the
/// first ones.
const MOST: usize = 500;

/// Why a record is in the queue that no finding is about.
const TO_COMPARE: &str = "compare it with the page";

#[derive(Debug, Default, Serialize)]
pub struct Queue {
    /// Number of records that need review.
    pub left: usize,
    /// Other records, which come back on a day.
    pub postponed: Postponed,
    /// Number of other records, which the next run reads again.
    pub to_read: u64,
    /// Number of records by their most severe finding, the greatest first.
    pub reasons: Vec<ReasonCount>,
    /// The first records, by supplier.
    pub suppliers: Vec<Supplier>,
}

#[derive(Debug, Serialize)]
pub struct ReasonCount {
    pub code: FindingCode,
    pub count: usize,
}

/// The records of one seller, merchant or other party.
#[derive(Debug, Serialize)]
pub struct Supplier {
    /// `None` where it is not known.
    pub name: Option<String>,
    /// Number of its records, listed or not.
    pub count: usize,
    pub records: Vec<Entry>,
}

#[derive(Debug, Serialize)]
pub struct Entry {
    pub id: i64,
    #[serde(rename = "type")]
    pub doc_type: Option<String>,
    pub file: String,
    pub number: Option<String>,
    pub date: Option<String>,
    pub total: String,
    pub code: Option<FindingCode>,
    /// Message of the most severe finding.
    pub reason: String,
    /// Number of further findings.
    pub more: usize,
    /// Who approved it, where another person must as well.
    pub approved_by: Option<String>,
    /// Who has it open.
    pub locked_by: Option<String>,
}

/// Sort key: rank of the most severe finding, failed checks before uncertain values, greater
/// total, number of the record.
type Urgency = (usize, bool, Reverse<i64>, i64);

/// The queue by supplier: suppliers are in the order of their most urgent record, and the
/// records of each are consecutive.
pub fn queue(records: Vec<InReview>, locks: &[ReviewLock]) -> Queue {
    let left = records.len();
    let mut reasons: BTreeMap<FindingCode, usize> = BTreeMap::new();
    let mut suppliers: HashMap<String, Vec<(Urgency, InReview, Facts)>> = HashMap::new();
    for record in records {
        let facts = Facts::of(&record.fields);
        let worst = most_severe_first(&record.findings).first().copied();
        if let Some(finding) = worst {
            *reasons.entry(finding.code).or_default() += 1;
        }
        let urgency = urgency(record.id, worst, &facts);
        let party = facts.party.as_deref().map(folded).unwrap_or_default();
        let of_party = suppliers.entry(party).or_default();
        of_party.push((urgency, record, facts));
    }
    let mut suppliers: Vec<_> = suppliers.into_values().collect();
    for of_supplier in &mut suppliers {
        of_supplier.sort_by_key(|(urgency, ..)| *urgency);
    }
    suppliers.sort_by_key(|of_supplier| of_supplier.first().map(|(urgency, ..)| *urgency));
    let mut reasons: Vec<ReasonCount> = reasons
        .into_iter()
        .map(|(code, count)| ReasonCount { code, count })
        .collect();
    reasons.sort_by_key(|reason| Reverse(reason.count));
    Queue {
        left,
        reasons,
        suppliers: listed(suppliers, locks),
        ..Queue::default()
    }
}

fn urgency(id: i64, worst: Option<&Finding>, facts: &Facts) -> Urgency {
    // One of the sample has none, and stands among the doubts.
    let doubt = || Finding::new(FindingCode::LowConfidence, None, "").rank();
    let rank = worst.map_or_else(doubt, Finding::rank);
    let has_failed = worst.is_some_and(|finding| finding.code.is_failed_check());
    let money = facts.total_units().unwrap_or(0).saturating_abs();
    (rank, !has_failed, Reverse(money), id)
}

/// The most severe first; of equal ones, those that are failed checks.
pub fn most_severe_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| (finding.rank(), !finding.code.is_failed_check()));
    sorted
}

fn listed(suppliers: Vec<Vec<(Urgency, InReview, Facts)>>, locks: &[ReviewLock]) -> Vec<Supplier> {
    let mut room = MOST;
    let mut listed = Vec::new();
    for of_supplier in suppliers {
        if room == 0 {
            break;
        }
        let count = of_supplier.len();
        let name = of_supplier
            .first()
            .and_then(|(_, _, facts)| facts.party.clone());
        let entries = of_supplier.into_iter().take(room);
        let records: Vec<Entry> = entries
            .map(|(_, record, facts)| entry(record, &facts, locks))
            .collect();
        room -= records.len();
        listed.push(Supplier {
            name,
            count,
            records,
        });
    }
    listed
}

fn entry(record: InReview, facts: &Facts, locks: &[ReviewLock]) -> Entry {
    let worst = most_severe_first(&record.findings);
    let lock = locks.iter().find(|lock| lock.record_id == record.id);
    Entry {
        id: record.id,
        doc_type: record.doc_type.clone(),
        approved_by: record.approved_by.clone(),
        file: file_name(&record.path),
        number: facts.number.clone(),
        date: facts.date.clone(),
        total: facts.total_text(),
        code: worst.first().map(|finding| finding.code),
        reason: worst
            .first()
            .map_or_else(|| TO_COMPARE.to_owned(), |finding| finding.message.clone()),
        more: worst.len().saturating_sub(1),
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

    fn record(id: i64, seller: &str, total: &str, codes: &[FindingCode]) -> InReview {
        let fields = json!({"seller_name": seller, "gross_total": total, "currency": "EUR"});
        let finding = |code: &FindingCode| Finding::new(*code, None, code.as_str());
        InReview {
            approved_by: None,
            id,
            doc_type: Some("invoice".into()),
            fields: fields.as_object().unwrap().clone(),
            path: format!("/in/{id}.pdf").into(),
            findings: codes.iter().map(finding).collect(),
        }
    }

    #[test]
    fn graver_reasons_and_more_money_come_first_and_suppliers_stay_together() {
        use FindingCode::{LowConfidence, PossibleDuplicate, SumMismatch};
        let records = vec![
            record(1, "Nord GmbH", "10.00", &[LowConfidence]),
            record(2, "Süd AG", "5000.00", &[LowConfidence]),
            record(3, "NORD GMBH", "-90.00", &[LowConfidence, SumMismatch]),
            record(4, "Ost KG", "1.00", &[PossibleDuplicate]),
            record(5, "Nord GmbH", "70.00", &[LowConfidence]),
        ];
        let locks = [ReviewLock {
            record_id: 2,
            session: "s".into(),
            held_by: "ann".into(),
        }];
        let queue = queue(records, &locks);
        let order: Vec<Vec<i64>> = queue
            .suppliers
            .iter()
            .map(|supplier| supplier.records.iter().map(|entry| entry.id).collect())
            .collect();
        assert_eq!(order, [vec![4], vec![3, 5, 1], vec![2]]);
        assert_eq!(queue.left, 5);
        let counts: Vec<_> = queue.reasons.iter().map(|r| (r.code, r.count)).collect();
        assert_eq!(counts[0], (LowConfidence, 3));
        let last = &queue.suppliers[2].records[0];
        assert_eq!(last.locked_by.as_deref(), Some("ann"));
        assert_eq!(
            (last.file.as_str(), last.total.as_str()),
            ("2.pdf", "5000.00 EUR")
        );
    }

    #[test]
    fn long_queues_are_cut_but_counted() {
        let records = (0..MOST as i64 + 20)
            .map(|id| record(id, "Nord", "1.00", &[FindingCode::LowConfidence]))
            .collect();
        let queue = queue(records, &[]);
        assert_eq!(queue.left, MOST + 20);
        assert_eq!(queue.suppliers[0].count, MOST + 20);
        assert_eq!(queue.suppliers[0].records.len(), MOST);
    }

    #[test]
    fn an_empty_queue_has_nothing_left() {
        let queue = queue(Vec::new(), &[]);
        assert_eq!((queue.left, queue.suppliers.len()), (0, 0));
    }
}
