//! The records that need review, in the order in which to review them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{Json, Named, PathColumn};
use super::database::Store;
use super::decisions::{in_queue, postponed};
use super::sample::{end_of_sample, sampled};
use super::second_approval::first_approver;
use crate::domain::{Fields, Finding, FindingCode, Severity};

/// A page of the record `r` is queued.
macro_rules! is_to_read {
    () => {
        "EXISTS (SELECT 1 FROM record_pages rp JOIN pages p
            ON p.document_id = r.document_id AND p.page_index = rp.page_index
            WHERE rp.record_id = r.id AND p.state IN ('queued', 'leased'))"
    };
}

/// Begins a query: `worst` has each waiting record with its most urgent finding, of equal
/// ones the first. `?1`: today, `?2`: end of the sample, `?3`: whether there is one, `?4`:
/// [`urgencies`], `?5`: the urgency of a record that no finding is about.
macro_rules! with_worst {
    () => {
        concat!(
            "WITH waiting AS (
                SELECT r.id FROM records r WHERE r.current = 1 AND ",
            in_queue!(),
            " AND NOT ",
            postponed!(),
            " AND NOT ",
            is_to_read!(),
            " UNION ALL SELECT r.id FROM records r WHERE ?3 AND r.current = 1 AND ",
            sampled!(),
            "),
             urgencies AS MATERIALIZED (
                SELECT value ->> 0 AS code, value ->> 1 AS severity, value ->> 2 AS urgency FROM json_each(?4)),
             -- SQLite takes the bare column `code` from the row with the minimum.
             worst AS (
                SELECT w.id, f.code, coalesce(u.urgency, ?5) AS urgency,
                    min((coalesce(u.urgency, ?5) << 48) | coalesce(f.id, 0))
                FROM waiting w LEFT JOIN findings f ON f.record_id = w.id AND f.severity <> 'info'
                LEFT JOIN urgencies u ON u.code = f.code AND u.severity = f.severity GROUP BY w.id) "
        )
    };
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// Its seller, merchant or other party, folded.
    pub party: Option<String>,
    /// Number of waiting records of this party, listed or not.
    pub of_party: u64,
}

#[derive(FromRow)]
struct ReviewRow {
    id: i64,
    doc_type: Option<String>,
    fields: Json<Fields>,
    path: Option<PathColumn>,
    approved_by: Option<String>,
    party: Option<String>,
    of_party: i64,
    waiting: i64,
}

#[derive(FromRow)]
struct FindingRow {
    record_id: i64,
    code: Named<FindingCode>,
    severity: Named<Severity>,
    message: String,
}

/// Which records wait.
struct Waiting {
    today: String,
    end_of_sample: String,
    is_sampled: bool,
    urgencies: String,
    /// Of a record of the sample: it stands among the doubts.
    doubt: i64,
}

impl Waiting {
    fn new(today: Date, sample_share: f64) -> Waiting {
        Waiting {
            today: today.to_string(),
            end_of_sample: end_of_sample(sample_share),
            is_sampled: sample_share > 0.0,
            urgencies: urgencies(),
            doubt: Finding::new(FindingCode::LowConfidence, None, "").urgency() as i64,
        }
    }

    /// The reasons of all records.
    async fn reasons(&self, tx: &mut Transaction<'_, Sqlite>) -> sqlx::Result<Vec<ReasonCount>> {
        let rows = sqlx::query_as::<_, (Named<FindingCode>, i64)>(concat!(
            with_worst!(),
            "SELECT code, count(*) FROM worst WHERE code IS NOT NULL GROUP BY code ORDER BY 2 DESC, code"
        ));
        let rows = rows.bind(&self.today).bind(&self.end_of_sample);
        let rows = rows.bind(self.is_sampled).bind(&self.urgencies);
        let rows = rows.bind(self.doubt).fetch_all(&mut **tx).await?;
        let reason = |(Named(code), count)| ReasonCount {
            code,
            count: count as u64,
        };
        Ok(rows.into_iter().map(reason).collect())
    }

    async fn rows(
        &self,
        tx: &mut Transaction<'_, Sqlite>,
        most: Option<u32>,
    ) -> sqlx::Result<Vec<ReviewRow>> {
        let rows = sqlx::query_as::<_, ReviewRow>(concat!(
            with_worst!(),
            ", placed AS (
                SELECT w.id, f.party,
                    row_number() OVER (ORDER BY w.urgency, max(f.total_units, -f.total_units) DESC, w.id) AS place
                FROM worst w JOIN record_facts f ON f.record_id = w.id),
             grouped AS (
                SELECT id, party, place, min(place) OVER (PARTITION BY party) AS party_place,
                    count(*) OVER (PARTITION BY party) AS of_party, count(*) OVER () AS waiting
                FROM placed ORDER BY party_place, place LIMIT ?6)
             SELECT r.id, r.doc_type, r.fields, g.party, g.of_party, g.waiting,
                (SELECT path FROM sources s WHERE s.document_id = r.document_id ORDER BY s.id LIMIT 1) AS path,
                CASE r.status WHEN 'needs_second_approval' THEN ",
            first_approver!(),
            " END AS approved_by
             FROM grouped g JOIN records r ON r.id = g.id ORDER BY g.party_place, g.place"
        ));
        let rows = rows.bind(&self.today).bind(&self.end_of_sample);
        let rows = rows.bind(self.is_sampled).bind(&self.urgencies);
        let rows = rows.bind(self.doubt);
        // SQLite: no limit.
        rows.bind(most.map_or(-1, i64::from))
            .fetch_all(&mut **tx)
            .await
    }
}

/// Codes and severities of the findings for which a person should look, with their
/// [`Finding::urgency`], as JSON.
fn urgencies() -> String {
    let severities = [Severity::Error, Severity::Warning];
    let all = FindingCode::all().flat_map(|code| severities.map(|severity| (code, severity)));
    let urgency = |(code, severity)| {
        let finding = Finding::new(code, None, "").with_severity(severity);
        serde_json::json!([code, severity, finding.urgency()])
    };
    all.map(urgency).collect::<serde_json::Value>().to_string()
}

impl Store {
    /// The current records that need review, are not postponed to a day after `today`
    /// and are not to be read again, and accepted ones of the sample (the setting
    /// `review.sample_share`): counts of all, and the first `most` of them.
    ///
    /// The records of a party are consecutive, the most urgent finding first, of equal
    /// ones the greatest amount. Parties are in the order of their first records.
    pub async fn review_queue(
        &self,
        today: Date,
        sample_share: f64,
        most: Option<u32>,
    ) -> anyhow::Result<ReviewQueue> {
        let waiting = Waiting::new(today, sample_share);
        let mut tx = self.pool.begin().await?;
        let reasons = waiting.reasons(&mut tx).await?;
        let rows = waiting.rows(&mut tx, most).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut findings = findings_of(&mut tx, &ids).await?;
        let left = rows.first().map_or(0, |row| row.waiting as u64);
        let record = |row: ReviewRow| InReview {
            findings: findings.remove(&row.id).unwrap_or_default(),
            id: row.id,
            doc_type: row.doc_type,
            fields: row.fields.0,
            path: row.path.map(|PathColumn(path)| path).unwrap_or_default(),
            approved_by: row.approved_by,
            party: row.party,
            of_party: row.of_party as u64,
        };
        Ok(ReviewQueue {
            left,
            reasons,
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
    let rows = sqlx::query_as::<_, FindingRow>(
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

#[cfg(test)]
#[path = "review_queue_tests.rs"]
mod tests;
