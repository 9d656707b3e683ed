//! The records that need review, in the order in which to review them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Serialize;
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{JsonColumn, NameColumn, PathColumn};
use super::database::Store;
use super::decisions::{in_queue, postponed};
use super::sample::{end_of_sample, sampled};
use super::second_approval::first_approver;
use super::seeded::open_seeded;
use crate::domain::{Fields, Finding, FindingCode, Severity};

/// A page of the record `r` is queued.
macro_rules! is_to_read {
    () => {
        // The first condition is decided once for all records.
        "(r.document_id IN (SELECT document_id FROM pages WHERE state IN ('queued', 'leased'))
            AND EXISTS (SELECT 1 FROM record_pages rp JOIN pages p
                ON p.document_id = r.document_id AND p.page_index = rp.page_index
                WHERE rp.record_id = r.id AND p.state IN ('queued', 'leased')))"
    };
}

/// The records that wait. `?1`: today, `?2`: end of the sample, `?3`: whether there is one,
/// `?4`: whether those with a seeded error come too.
const WAITING: &str = concat!(
    "SELECT r.id FROM records r WHERE r.current = 1 AND ",
    in_queue!(),
    " AND NOT ",
    postponed!(),
    " AND NOT ",
    is_to_read!(),
    " UNION SELECT r.id FROM records r WHERE ?3 AND r.current = 1 AND ",
    sampled!(),
    " UNION SELECT r.id FROM seeded_errors e JOIN records r ON r.id = e.record_id WHERE ?4 AND ",
    open_seeded!(),
);

/// Begins a query: `worst` has each waiting record with the code and the urgency of its
/// most urgent finding, of equal ones the first.
fn with_worst(query: &str) -> String {
    let urgency = urgency();
    // SQLite takes the bare column `code` from the row with the minimum.
    format!(
        "WITH waiting AS ({WAITING}), worst AS (
            SELECT w.id, f.code, min((({urgency}) << 48) | coalesce(f.id, 0)) >> 48 AS urgency
            FROM waiting w LEFT JOIN findings f ON f.record_id = w.id AND f.severity <> 'info'
            GROUP BY w.id) {query}"
    )
}

static REASONS: LazyLock<String> = LazyLock::new(|| {
    with_worst(
        "SELECT code, count(*) FROM worst WHERE code IS NOT NULL GROUP BY code ORDER BY 2 DESC, code",
    )
});

/// The first `?5` rows.
static ROWS: LazyLock<String> = LazyLock::new(|| {
    with_worst(concat!(
        ", placed AS MATERIALIZED (
            SELECT w.id, w.urgency, f.party, max(f.total_units, -f.total_units) AS money
            FROM worst w JOIN record_facts f ON f.record_id = w.id),
         -- A party's most urgent record by one number, so that one pass finds it: no
         -- bill has 2^55 units (3,600,000,000,000 of a currency).
         parties AS (
            SELECT party, min((urgency << 56) - min(coalesce(money, 0), 1 << 55)) AS first,
                count(*) AS of_party, sum(count(*)) OVER () AS waiting
            FROM placed GROUP BY party)
         SELECT r.id, r.doc_type, r.fields, p.party, p.of_party, p.waiting,
            (SELECT path FROM sources s WHERE s.document_id = r.document_id ORDER BY s.id LIMIT 1) AS path,
            CASE r.status WHEN 'needs_second_approval' THEN ",
        first_approver!(),
        " END AS approved_by
         FROM placed f JOIN parties p ON p.party IS f.party JOIN records r ON r.id = f.id
         ORDER BY p.first, p.party, f.urgency, f.money DESC, f.id LIMIT ?5"
    ))
});

/// [`Finding::urgency`] of the row `f` of `findings`, in SQL. One of the sample may have
/// none and stands among the doubts.
fn urgency() -> String {
    let severities = [Severity::Error, Severity::Warning];
    let all = FindingCode::all().flat_map(|code| severities.map(|severity| (code, severity)));
    let mut codes = BTreeMap::<(Severity, usize), Vec<String>>::new();
    for (code, severity) in all {
        let finding = Finding::new(code, None, "").with_severity(severity);
        let of_urgency = codes.entry((severity, finding.urgency())).or_default();
        of_urgency.push(format!("'{code}'"));
    }
    let doubt = Finding::new(FindingCode::LowConfidence, None, "").urgency();
    let mut sql = "CASE".to_owned();
    for ((severity, urgency), codes) in codes.iter().filter(|((_, urgency), _)| *urgency != doubt) {
        let (severity, codes) = (severity.as_str(), codes.join(", "));
        sql += &format!(" WHEN f.severity = '{severity}' AND f.code IN ({codes}) THEN {urgency}");
    }
    format!("{sql} ELSE {doubt} END")
}

/// Which accepted records come to the queue too.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptedToo {
    /// The setting `review.sample_share`.
    pub sample_share: f64,
    /// Those with a seeded error.
    pub with_seeded: bool,
}

/// The records that need review.
#[derive(Clone, Debug, Default)]
pub struct ReviewQueue {
    /// Their number, listed or not.
    pub left: u64,
    /// Number of records by their most urgent finding, the greatest first.
    pub reasons: Vec<ReasonCount>,
    /// The first of them.
    pub records: Vec<InReview>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReasonCount {
    pub code: FindingCode,
    pub count: u64,
}

/// A record that a person should look at.
#[derive(Clone, Debug)]
pub struct InReview {
    pub id: i64,
    pub doc_type: Option<String>,
    pub fields: Fields,
    /// The first path of its document.
    pub path: PathBuf,
    /// The findings for which a person should look, in the order in which they were made.
    pub findings: Vec<Finding>,
    /// Who approved it, where another person must as well.
    pub approved_by: Option<String>,
    /// How it came back to the queue, where that is the last that was decided about it.
    pub reopened: Option<Reopening>,
    /// Its seller, merchant or other party, folded.
    pub party: Option<String>,
    /// Number of waiting records of this party, listed or not.
    pub of_party: u64,
}

/// The decision by which a record came back to the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reopening {
    pub by: String,
    /// Unix milliseconds.
    pub at: i64,
    pub reason: String,
}

#[derive(FromRow)]
struct ReopeningRow {
    record_id: i64,
    changed_by: String,
    changed_at: i64,
    reason: String,
}

#[derive(FromRow)]
struct ReviewRow {
    id: i64,
    doc_type: Option<String>,
    fields: JsonColumn<Fields>,
    path: Option<PathColumn>,
    approved_by: Option<String>,
    party: Option<String>,
    of_party: i64,
    waiting: i64,
}

#[derive(FromRow)]
struct QueueFindingRow {
    record_id: i64,
    code: NameColumn<FindingCode>,
    severity: NameColumn<Severity>,
    message: String,
}

impl Store {
    /// The current records that need review, are not postponed to a day after `today`
    /// and are not to be read again, and accepted ones: counts of all, and the first `most`
    /// of them.
    ///
    /// The records of a party are consecutive, the most urgent finding first, of equal
    /// ones the greatest amount. Parties are in the order of their first records.
    pub async fn review_queue(
        &self,
        today: Date,
        too: AcceptedToo,
        most: Option<u32>,
    ) -> anyhow::Result<ReviewQueue> {
        let today = today.to_string();
        let (end, is_sampled) = (end_of_sample(too.sample_share), too.sample_share > 0.0);
        let mut tx = self.pool.begin().await?;
        let reasons = sqlx::query_as::<_, (NameColumn<FindingCode>, i64)>(REASONS.as_str());
        let reasons = reasons.bind(&today).bind(&end).bind(is_sampled);
        let reasons = reasons.bind(too.with_seeded).fetch_all(&mut *tx).await?;
        let rows = sqlx::query_as::<_, ReviewRow>(ROWS.as_str());
        let rows = rows.bind(&today).bind(&end).bind(is_sampled);
        let rows = rows.bind(too.with_seeded);
        // SQLite takes -1 as no limit.
        let rows = rows.bind(most.map_or(-1, i64::from));
        let rows = rows.fetch_all(&mut *tx).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut findings = findings_of(&mut tx, &ids).await?;
        let mut reopened = reopenings_of(&mut tx, &ids).await?;
        let left = rows.first().map_or(0, |row| row.waiting as u64);
        let record = |row: ReviewRow| InReview {
            findings: findings.remove(&row.id).unwrap_or_default(),
            id: row.id,
            doc_type: row.doc_type,
            fields: row.fields.0,
            path: row.path.map(|PathColumn(path)| path).unwrap_or_default(),
            approved_by: row.approved_by,
            reopened: reopened.remove(&row.id),
            party: row.party,
            of_party: row.of_party as u64,
        };
        let reason = |(NameColumn(code), count)| ReasonCount {
            code,
            count: count as u64,
        };
        Ok(ReviewQueue {
            left,
            reasons: reasons.into_iter().map(reason).collect(),
            records: rows.into_iter().map(record).collect(),
        })
    }

    /// Number of records that need review and of which a page waits to be read again.
    pub async fn to_read_again(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar::<_, i64>(concat!(
            "SELECT count(*) FROM records r
             WHERE r.current = 1 AND ",
            in_queue!(),
            " AND ",
            is_to_read!()
        ));
        Ok(count.fetch_one(&self.pool).await? as u64)
    }
}

/// The findings for which a person should look, by record.
async fn findings_of(
    tx: &mut Transaction<'_, Sqlite>,
    records: &[i64],
) -> sqlx::Result<BTreeMap<i64, Vec<Finding>>> {
    let rows = sqlx::query_as::<_, QueueFindingRow>(
        "SELECT record_id, code, severity, message FROM findings
         WHERE record_id IN (SELECT value FROM json_each(?)) AND severity <> 'info' ORDER BY id",
    );
    let rows = rows.bind(serde_json::json!(records).to_string());
    let mut findings: BTreeMap<i64, Vec<Finding>> = BTreeMap::new();
    for row in rows.fetch_all(&mut **tx).await? {
        let finding = Finding::new(row.code.0, None, row.message);
        let of_record = findings.entry(row.record_id).or_default();
        of_record.push(finding.with_severity(row.severity.0));
    }
    Ok(findings)
}

/// Of the records that were reopened and not changed since.
async fn reopenings_of(
    tx: &mut Transaction<'_, Sqlite>,
    records: &[i64],
) -> sqlx::Result<BTreeMap<i64, Reopening>> {
    let rows = sqlx::query_as::<_, ReopeningRow>(
        "SELECT made_record_id AS record_id, changed_by, changed_at, reason FROM record_changes c
         WHERE made_record_id IN (SELECT value FROM json_each(?)) AND decision = 'reopened'
            AND id = (SELECT max(id) FROM record_changes WHERE made_record_id = c.made_record_id)",
    );
    let rows = rows.bind(serde_json::json!(records).to_string());
    let reopening = |row: ReopeningRow| {
        let reopening = Reopening {
            by: row.changed_by,
            at: row.changed_at,
            reason: row.reason,
        };
        (row.record_id, reopening)
    };
    let rows = rows.fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(reopening).collect())
}

#[cfg(test)]
#[path = "review_queue_tests.rs"]
mod tests;
