//! From finished pages to stored records.

use std::path::PathBuf;

use anyhow::Context;
use sqlx::{Row, Sqlite, Transaction};

use super::{DocumentId, RunId, Store, duplicates, jobs, now, replaced};
use crate::domain::{Failure, Finding, FindingCode, PageResult, Reason, Record, XmlFile};

/// All pages of a document, done or failed: what its records are made from.
#[derive(Clone, Debug)]
pub struct FinishedPages {
    /// Where the latest run saw the document.
    pub path: PathBuf,
    /// What opening the document warned of.
    pub warnings: Vec<String>,
    pub results: Vec<PageResult>,
    /// For each of the results, the hash of the reader that was asked.
    pub readers: Vec<Option<String>>,
    /// Key of the policy that the records are made by; set by who makes them.
    pub policy: String,
    /// The electronic invoice that the document carries or is.
    pub xml: Option<XmlFile>,
    /// Page indices and the readings that `results` hold instead of those that
    /// the pages were left with.
    pub chosen: Vec<(u32, i64)>,
    /// Some page was read by more than the first reader.
    pub climbed: bool,
    pub(super) revision: i64,
}

/// What storing a document's records did.
#[derive(Debug, PartialEq)]
pub struct Recorded {
    /// Those of its records.
    pub ids: Vec<i64>,
    /// Records of other documents that were accepted and, since one of these
    /// may be the same payment, are to be reviewed.
    pub doubted: Vec<i64>,
}

impl Store {
    /// Documents whose pages are all done but whose records are not stored:
    /// a run ended in between.
    pub async fn unfinished_documents(&self) -> anyhow::Result<Vec<DocumentId>> {
        let rows = sqlx::query(
            "SELECT id FROM documents WHERE state = 'open' AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))
             ORDER BY id",
        );
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|row| DocumentId(row.get(0))).collect())
    }

    /// `None` when a page is still to do or the records are stored already.
    pub async fn finished_pages(
        &self,
        document: DocumentId,
    ) -> anyhow::Result<Option<FinishedPages>> {
        self.all_pages(document, "open").await
    }

    /// The same of a document whose records are stored; `None` when all of
    /// them are accepted as well.
    pub async fn pages_in_review(
        &self,
        document: DocumentId,
    ) -> anyhow::Result<Option<FinishedPages>> {
        let open = sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT 1 FROM records WHERE document_id = ? AND current = 1 AND status <> 'accepted')",
        );
        match open.bind(document.0).fetch_one(&self.pool).await? {
            true => self.all_pages(document, "recorded").await,
            false => Ok(None),
        }
    }

    async fn all_pages(
        &self,
        document: DocumentId,
        state: &str,
    ) -> anyhow::Result<Option<FinishedPages>> {
        let mut tx = self.pool.begin().await?;
        let found = sqlx::query(
            "SELECT revision, warnings FROM documents WHERE id = ? AND state = ? AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))",
        );
        let Some(found) = found
            .bind(document.0)
            .bind(state)
            .fetch_optional(&mut *tx)
            .await?
        else {
            return Ok(None);
        };
        let pages = sqlx::query(
            "SELECT p.page_index, p.state, p.reason, p.message, p.routing, r.reading, r.raw_text,
                p.words, p.ocr, p.climb_id IS NOT NULL, r.model_hash
             FROM pages p LEFT JOIN readings r ON r.id = p.reading_id
             WHERE p.document_id = ? ORDER BY p.page_index",
        );
        let pages = pages.bind(document.0).fetch_all(&mut *tx).await?;
        let xml = sqlx::query("SELECT name, xml FROM einvoices WHERE document_id = ?");
        let xml = xml.bind(document.0).fetch_optional(&mut *tx).await?;
        let path = jobs::paths(&mut tx, document.0)
            .await?
            .into_iter()
            .next()
            .unwrap_or_default();
        Ok(Some(FinishedPages {
            path,
            warnings: serde_json::from_str(found.get(1))?,
            results: pages
                .iter()
                .map(page_result)
                .collect::<anyhow::Result<_>>()?,
            readers: pages.iter().map(|page| page.get(10)).collect(),
            policy: String::new(),
            xml: xml.map(|row| XmlFile {
                name: row.get(0),
                bytes: row.get(1),
            }),
            chosen: Vec::new(),
            climbed: pages.iter().any(|page| page.get(9)),
            revision: found.get(0),
        }))
    }

    /// Stores the document's records in place of earlier ones, which stay as
    /// not current. Of documents with the same business key, the record of the
    /// one that was taken in later gets a finding and goes to review. `None`, and nothing stored, when the pages changed since
    /// [`Store::finished_pages`] or another run stored them first.
    pub async fn finish_document(
        &self,
        run: RunId,
        document: DocumentId,
        pages: &FinishedPages,
        records: &mut [Record],
    ) -> anyhow::Result<Option<Recorded>> {
        let mut tx = self.write().await?;
        let claimed = sqlx::query(
            "UPDATE documents SET state = 'recorded', policy = ? WHERE id = ? AND revision = ? AND state = 'open' AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))",
        );
        let claimed = claimed
            .bind(&pages.policy)
            .bind(document.0)
            .bind(pages.revision)
            .execute(&mut *tx)
            .await?;
        if claimed.rows_affected() == 0 {
            return Ok(None);
        }
        for (page, reading) in &pages.chosen {
            choose(&mut tx, document, *page, *reading).await?;
        }
        let retire =
            sqlx::query("UPDATE records SET current = 0 WHERE document_id = ? AND current = 1");
        retire.bind(document.0).execute(&mut *tx).await?;
        let mut ids = Vec::with_capacity(records.len());
        let mut doubted = Vec::new();
        let replaced = replaced::finding(&mut tx, document.0).await?;
        for (ordinal, record) in records.iter_mut().enumerate() {
            duplicates::tell(&mut tx, document, record).await?;
            if let Some(finding) = &replaced {
                record.doubt(finding.clone());
            }
            ids.push(insert_record(&mut tx, run, document, ordinal, record).await?);
            doubted.extend(duplicates::tell_later(&mut tx, document, record).await?);
        }
        tx.commit().await?;
        Ok(Some(Recorded { ids, doubted }))
    }
}

impl Store {
    /// Leaves a document's records as they are where nothing was learnt of
    /// pages that were to be read again, with a finding that says why. Returns
    /// the ids of the records; `None`: it has none with values, so that there
    /// is nothing to keep.
    pub async fn keep_records(
        &self,
        document: DocumentId,
        pages: &FinishedPages,
        failures: &[(u32, &Failure)],
    ) -> anyhow::Result<Option<Vec<i64>>> {
        let mut tx = self.write().await?;
        let kept = sqlx::query_scalar::<_, i64>(
            "SELECT id FROM records WHERE document_id = ? AND current = 1 AND fields <> '{}' ORDER BY id",
        );
        let kept = kept.bind(document.0).fetch_all(&mut *tx).await?;
        if kept.is_empty() {
            return Ok(None);
        }
        // The policy stays that of the records.
        let claimed = sqlx::query(
            "UPDATE documents SET state = 'recorded' WHERE id = ? AND revision = ? AND state = 'open' AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))",
        );
        let claimed = claimed.bind(document.0).bind(pages.revision);
        if claimed.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Some(Vec::new()));
        }
        for id in &kept {
            let old = sqlx::query("DELETE FROM findings WHERE record_id = ? AND code = ?");
            let old = old.bind(id).bind(FindingCode::NotReadAgain.as_str());
            old.execute(&mut *tx).await?;
        }
        for (page, failure) in failures {
            let message = format!(
                "page {} could not be read again, these are the values read before: {failure}",
                page + 1
            );
            let finding = Finding::new(FindingCode::NotReadAgain, None, message);
            let of_page = sqlx::query_scalar::<_, i64>(
                "SELECT r.id FROM records r JOIN record_pages rp ON rp.record_id = r.id
                 WHERE r.document_id = ? AND r.current = 1 AND rp.page_index = ?",
            );
            let of_page = of_page.bind(document.0).bind(page);
            for id in of_page.fetch_all(&mut *tx).await? {
                insert_finding(&mut tx, id, &finding).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(kept))
    }
}

/// The page's result is this reading's from now on.
async fn choose(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    page: u32,
    reading: i64,
) -> sqlx::Result<()> {
    let update = sqlx::query(
        "UPDATE pages SET reading_id = r.id, reason = r.reason, message = r.message,
            state = CASE WHEN r.reason IS NULL THEN 'done' ELSE 'failed' END
         FROM readings r WHERE r.id = ? AND r.page_id = pages.id AND pages.document_id = ? AND pages.page_index = ?",
    );
    let update = update.bind(reading).bind(document.0).bind(page);
    update.execute(&mut **tx).await.map(drop)
}

fn page_result(row: &sqlx::sqlite::SqliteRow) -> anyhow::Result<PageResult> {
    let routing: Option<&str> = row.get(4);
    let reading: Option<&str> = row.get(5);
    let result = if row.get::<&str, _>(1) == "failed" {
        let reason = row
            .get::<Option<&str>, _>(2)
            .and_then(Reason::parse)
            .unwrap_or(Reason::Internal);
        let message = row.get::<Option<String>, _>(3).unwrap_or_default();
        Err(Failure {
            reason,
            message,
            raw_text: row.get(6),
            usage: None,
        })
    } else {
        Ok(reading
            .map(serde_json::from_str)
            .transpose()
            .context("a stored reading does not parse")?)
    };
    Ok(PageResult {
        index: row.get(0),
        routing: routing
            .map(serde_json::from_str)
            .transpose()
            .context("a stored routing does not parse")?,
        reading: result,
        words: list(row, 7).context("stored words do not parse")?,
        ocr: list(row, 8).context("stored OCR words do not parse")?,
    })
}

/// A column with a JSON array; null is an empty one.
fn list<T: serde::de::DeserializeOwned>(
    row: &sqlx::sqlite::SqliteRow,
    column: usize,
) -> serde_json::Result<Vec<T>> {
    let text: Option<&str> = row.get(column);
    text.map_or(Ok(Vec::new()), serde_json::from_str)
}

async fn insert_record(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    document: DocumentId,
    ordinal: usize,
    record: &Record,
) -> anyhow::Result<i64> {
    let id: i64 = sqlx::query(
        "INSERT INTO records
            (id, document_id, ordinal, doc_type, status, source, fields, confidence, field_confidence, logprobs,
             type_probability, calibrated, evidence, run_id, created_at)
         VALUES (1 + (SELECT max(highest, coalesce((SELECT max(id) FROM records), 0)) FROM record_numbers),
             ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(document.0)
    .bind(ordinal as i64)
    .bind(&record.doc_type)
    .bind(record.status.as_str())
    .bind(record.source.as_str())
    .bind(serde_json::to_string(&record.fields)?)
    .bind(record.confidence)
    .bind(serde_json::to_string(&record.field_confidence)?)
    .bind(serde_json::to_string(&record.logprobs)?)
    .bind(record.type_probability)
    .bind(
        record
            .calibrated
            .as_ref()
            .map(serde_json::to_string)
            .transpose()?,
    )
    .bind(serde_json::to_string(&record.evidence)?)
    .bind(run.0)
    .bind(now())
    .fetch_one(&mut **tx)
    .await?
    .get(0);
    for page in &record.pages {
        let insert = sqlx::query(
            "INSERT INTO record_pages (record_id, page_index, reading_id)
             SELECT ?, page_index, reading_id FROM pages WHERE document_id = ? AND page_index = ?",
        );
        insert
            .bind(id)
            .bind(document.0)
            .bind(page)
            .execute(&mut **tx)
            .await?;
    }
    for finding in &record.findings {
        insert_finding(tx, id, finding).await?;
    }
    duplicates::insert_keys(tx, id, record).await?;
    Ok(id)
}

/// Adds a finding for which a person should look to a stored record. Returns
/// whether it was accepted until now.
pub(super) async fn doubt(
    tx: &mut Transaction<'_, Sqlite>,
    record: i64,
    finding: &Finding,
) -> sqlx::Result<bool> {
    insert_finding(tx, record, finding).await?;
    let review = sqlx::query(
        "UPDATE records SET status = 'needs_review' WHERE id = ? AND status = 'accepted'",
    );
    let review = review.bind(record).execute(&mut **tx).await?;
    Ok(review.rows_affected() > 0)
}

async fn insert_finding(
    tx: &mut Transaction<'_, Sqlite>,
    record: i64,
    finding: &Finding,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO findings (record_id, code, severity, field, message) VALUES (?, ?, ?, ?, ?)",
    );
    insert
        .bind(record)
        .bind(finding.code.as_str())
        .bind(finding.severity.as_str())
        .bind(&finding.field)
        .bind(&finding.message)
        .execute(&mut **tx)
        .await
        .map(drop)
}
