//! From finished pages to stored records.

use std::path::PathBuf;

use anyhow::Context;
use sqlx::{Row, Sqlite, Transaction};

use super::{DocumentId, RunId, Store, jobs, now};
use crate::domain::{Failure, PageResult, Reason, Record, XmlFile};

/// All pages of a document, done or failed: what its records are made from.
#[derive(Clone, Debug)]
pub struct FinishedPages {
    /// Where the latest run saw the document.
    pub path: PathBuf,
    /// What opening the document warned of.
    pub warnings: Vec<String>,
    pub results: Vec<PageResult>,
    /// Key of the policy that the records are made by; set by who makes them.
    pub policy: String,
    /// The electronic invoice that the document carries or is.
    pub xml: Option<XmlFile>,
    revision: i64,
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
        let mut tx = self.pool.begin().await?;
        let found = sqlx::query(
            "SELECT revision, warnings FROM documents WHERE id = ? AND state = 'open' AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))",
        );
        let Some(found) = found.bind(document.0).fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        let pages = sqlx::query(
            "SELECT p.page_index, p.state, p.reason, p.message, p.routing, r.reading, r.raw_text, p.words
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
            policy: String::new(),
            xml: xml.map(|row| XmlFile {
                name: row.get(0),
                bytes: row.get(1),
            }),
            revision: found.get(0),
        }))
    }

    /// Stores the document's records in place of earlier ones, which stay as
    /// not current. `None`, and nothing stored, when the pages changed since
    /// [`Store::finished_pages`] or another run stored them first.
    pub async fn finish_document(
        &self,
        run: RunId,
        document: DocumentId,
        pages: &FinishedPages,
        records: &[Record],
    ) -> anyhow::Result<Option<Vec<i64>>> {
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
        let retire =
            sqlx::query("UPDATE records SET current = 0 WHERE document_id = ? AND current = 1");
        retire.bind(document.0).execute(&mut *tx).await?;
        let mut ids = Vec::with_capacity(records.len());
        for (ordinal, record) in records.iter().enumerate() {
            ids.push(insert_record(&mut tx, run, document, ordinal, record).await?);
        }
        tx.commit().await?;
        Ok(Some(ids))
    }
}

fn page_result(row: &sqlx::sqlite::SqliteRow) -> anyhow::Result<PageResult> {
    let routing: Option<&str> = row.get(4);
    let reading: Option<&str> = row.get(5);
    let words: Option<&str> = row.get(7);
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
        words: words
            .map(serde_json::from_str)
            .transpose()
            .context("a stored text layer does not parse")?
            .unwrap_or_default(),
        reading: result,
    })
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
            (document_id, ordinal, doc_type, status, source, fields, confidence, field_confidence, logprobs,
             type_probability, calibrated, run_id, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
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
        let insert = sqlx::query(
            "INSERT INTO findings (record_id, code, severity, field, message) VALUES (?, ?, ?, ?, ?)",
        );
        insert
            .bind(id)
            .bind(&finding.code)
            .bind(finding.severity.as_str())
            .bind(&finding.field)
            .bind(&finding.message)
            .execute(&mut **tx)
            .await?;
    }
    Ok(id)
}
