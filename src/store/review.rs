//! Queries of the review page.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use sqlx::FromRow;

use super::columns::{DocumentId, Json, Named, PathColumn};
use super::corrections::{self, Correction};
use super::database::Store;
use super::decisions::{in_queue, postponed};
use super::sample::{end_of_sample, sampled};
use super::second_approval::first_approver;
use super::{captures, duplicates, page_text, sources};
use crate::domain::{Fields, Finding, FindingCode, Reading, Record, Severity, SourceText};

/// A page of the record `r` is queued.
macro_rules! is_to_read {
    () => {
        "EXISTS (SELECT 1 FROM record_pages rp JOIN pages p
            ON p.document_id = r.document_id AND p.page_index = rp.page_index
            WHERE rp.record_id = r.id AND p.state IN ('queued', 'leased'))"
    };
}

/// The columns of [`ReviewRow`], to the conditions.
macro_rules! review_rows {
    () => {
        concat!(
            "SELECT r.id, r.doc_type, r.fields,
                (SELECT path FROM sources s WHERE s.document_id = r.document_id ORDER BY s.id LIMIT 1) AS path,
                CASE r.status WHEN 'needs_second_approval' THEN ",
            first_approver!(),
            " END AS approved_by
             FROM records r WHERE r.current = 1 AND "
        )
    };
}

/// A record that a person should look at.
#[derive(Clone, Debug)]
pub struct InReview {
    pub id: i64,
    pub doc_type: Option<String>,
    pub fields: Fields,
    /// The first path of its document.
    pub path: PathBuf,
    /// The findings for which a person should look.
    pub findings: Vec<Finding>,
    /// Who approved it, where another person must as well.
    pub approved_by: Option<String>,
}

#[derive(FromRow)]
struct ReviewRow {
    id: i64,
    doc_type: Option<String>,
    fields: Json<Fields>,
    path: Option<PathColumn>,
    approved_by: Option<String>,
}

#[derive(FromRow)]
struct FindingRow {
    record_id: i64,
    code: Named<FindingCode>,
    severity: Named<Severity>,
    message: String,
}

impl Store {
    /// Every current record that needs review, is not postponed to a day after
    /// `today` and is not to be read again, in the order of their ids; and accepted
    /// ones of the sample (the setting `review.sample_share`).
    pub async fn in_review(&self, today: Date, sample_share: f64) -> anyhow::Result<Vec<InReview>> {
        let mut tx = self.pool.begin().await?;
        let rows = sqlx::query_as::<_, FindingRow>(concat!(
            "SELECT f.record_id, f.code, f.severity, f.message FROM records r
             JOIN findings f ON f.record_id = r.id
             WHERE r.current = 1 AND ",
            in_queue!(),
            " AND f.severity <> 'info' ORDER BY f.id",
        ));
        let mut findings: BTreeMap<i64, Vec<Finding>> = BTreeMap::new();
        for row in rows.fetch_all(&mut *tx).await? {
            let of_record = findings.entry(row.record_id).or_default();
            let finding = Finding::new(row.code.0, None, row.message);
            of_record.push(finding.with_severity(row.severity.0));
        }
        let rows = sqlx::query_as::<_, ReviewRow>(concat!(
            review_rows!(),
            in_queue!(),
            " AND NOT ",
            postponed!(),
            " AND NOT ",
            is_to_read!(),
            " ORDER BY r.id",
        ));
        let mut rows = rows.bind(today.to_string()).fetch_all(&mut *tx).await?;
        if sample_share > 0.0 {
            let sample = sqlx::query_as::<_, ReviewRow>(concat!(
                review_rows!(),
                "?1 AND ",
                sampled!(),
                " ORDER BY r.id"
            ));
            let sample = sample.bind(true).bind(end_of_sample(sample_share));
            rows.extend(sample.fetch_all(&mut *tx).await?);
        }
        let record = |row: ReviewRow| InReview {
            findings: findings.remove(&row.id).unwrap_or_default(),
            id: row.id,
            doc_type: row.doc_type,
            approved_by: row.approved_by,
            fields: row.fields.0,
            path: row.path.map(|PathColumn(path)| path).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(record).collect())
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

    /// The words of a document's page (from 0), by text source.
    pub async fn texts_of_page(
        &self,
        document: DocumentId,
        page: u32,
    ) -> anyhow::Result<Vec<SourceText>> {
        let mut tx = self.pool.begin().await?;
        let id =
            sqlx::query_scalar("SELECT id FROM pages WHERE document_id = ? AND page_index = ?");
        let id: Option<i64> = id
            .bind(document)
            .bind(page)
            .fetch_optional(&mut *tx)
            .await?;
        match id {
            Some(id) => Ok(page_text::of_page(&mut tx, id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// A document's paths, the latest first.
    pub async fn latest_paths(&self, document: DocumentId) -> anyhow::Result<Vec<PathBuf>> {
        let mut tx = self.pool.begin().await?;
        Ok(sources::latest_paths(&mut tx, document).await?)
    }

    /// The readings of the record's pages, in their order.
    pub async fn readings_of(&self, record: i64) -> anyhow::Result<Vec<Reading>> {
        let rows = sqlx::query_scalar::<_, Json<Reading>>(
            "SELECT r.reading FROM record_pages rp JOIN readings r ON r.id = rp.reading_id
             WHERE rp.record_id = ? AND r.reading IS NOT NULL ORDER BY rp.page_index",
        );
        let rows = rows.bind(record).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|Json(reading)| reading).collect())
    }

    /// The record of an earlier document that this one may be a duplicate of.
    pub async fn duplicate_of(
        &self,
        document: DocumentId,
        record: &Record,
    ) -> anyhow::Result<Option<i64>> {
        let mut tx = self.pool.begin().await?;
        let found = duplicates::earlier(&mut tx, document, record).await?;
        Ok(found.map(|found| found.record))
    }

    /// Stores that two documents are different, and stores `new`, the record without the
    /// finding about a possible duplicate, in place of the current record `id`. The record
    /// gets the finding again where a third document has its business key. Otherwise as
    /// [`Store::correct`].
    pub async fn settle_not_duplicate(
        &self,
        id: i64,
        other: DocumentId,
        new: &mut Record,
        correction: Correction<'_>,
    ) -> anyhow::Result<Option<i64>> {
        let mut tx = self.write().await?;
        let document = sqlx::query_scalar("SELECT document_id FROM records WHERE id = ?");
        let document: Option<DocumentId> = document.bind(id).fetch_optional(&mut *tx).await?;
        let Some(document) = document.filter(|document| *document != other) else {
            return Ok(None);
        };
        captures::insert_rejected_pair(&mut tx, document, other).await?;
        duplicates::flag(&mut tx, document, new).await?;
        let made = corrections::replace(&mut tx, id, new, &correction).await?;
        if made.is_some() {
            tx.commit().await?;
        }
        Ok(made)
    }
}
