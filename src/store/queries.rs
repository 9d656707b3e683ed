//! Queries of `status`, `show`, `retry`, `export` and `eval`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sqlx::{FromRow, QueryBuilder, Sqlite, Transaction};

use super::columns::{
    DocumentId, JsonColumn, NameColumn, PathColumn, RunId, StageColumns, path_bytes,
};
use super::database::Store;
use super::{documents, duplicates, findings, revisions, sources};
use crate::domain::{
    Calibrated, FieldEvidence, FieldLogprob, Fields, Record, Source, StageSeconds, Status,
};

/// Counts of documents, pages and records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub documents: u64,
    /// Pages by state.
    pub pages: BTreeMap<String, u64>,
    /// Current records by status.
    pub records: BTreeMap<String, u64>,
    /// Failed pages, by reason.
    pub failed_pages: BTreeMap<String, u64>,
}

/// A rejected file.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct RejectedRow {
    #[sqlx(try_from = "PathColumn")]
    pub path: PathBuf,
    pub reason: String,
    pub message: String,
}

impl From<PathColumn> for PathBuf {
    fn from(column: PathColumn) -> PathBuf {
        column.0
    }
}

/// A page for `docmill show`.
#[derive(Clone, Debug, PartialEq, Serialize, FromRow)]
pub struct PageRow {
    /// Index of the page, from 0.
    #[sqlx(rename = "page_index")]
    pub index: u32,
    pub state: String,
    pub doc_type: Option<String>,
    pub attempts: u32,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub raw_text: Option<String>,
    /// Seconds by stage of the last attempt.
    #[sqlx(flatten, try_from = "StageColumns")]
    pub stage_seconds: StageSeconds,
}

/// A record with its provenance.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    pub id: i64,
    pub document_id: DocumentId,
    pub record: Record,
    /// Every path of the document, in the order first seen.
    pub paths: Vec<PathBuf>,
    pub blake3: String,
    pub run_id: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Distinct hashes of the readers of the record's pages.
    pub models: Vec<String>,
    pub prompts: Vec<String>,
    pub schemas: Vec<String>,
}

/// Which records are wanted.
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    pub status: Option<Status>,
    pub doc_type: Option<String>,
    /// BLAKE3 (hex) of their document.
    pub document: Option<String>,
}

const RECORDS: &str = "SELECT r.id, r.document_id, d.blake3, r.doc_type, r.type_probability, r.status, r.source,
    r.fields, r.confidence, r.field_confidence, r.logprobs, r.calibrated, r.evidence, r.run_id, r.created_at
    FROM records r JOIN documents d ON d.id = r.document_id WHERE ";
const CURRENT: &str = "r.current = 1 AND ";

#[derive(FromRow)]
struct RecordRow {
    id: i64,
    document_id: DocumentId,
    blake3: String,
    doc_type: Option<String>,
    type_probability: Option<f32>,
    status: NameColumn<Status>,
    source: NameColumn<Source>,
    fields: JsonColumn<Fields>,
    confidence: Option<f32>,
    field_confidence: JsonColumn<Vec<(String, f32)>>,
    logprobs: JsonColumn<Vec<FieldLogprob>>,
    calibrated: Option<JsonColumn<Calibrated>>,
    evidence: JsonColumn<Vec<FieldEvidence>>,
    run_id: i64,
    created_at: i64,
}

/// A page of a record with its reader, prompt and schema.
#[derive(FromRow)]
struct RecordPage {
    page_index: u32,
    model_hash: Option<String>,
    prompt_hash: Option<String>,
    schema_hash: Option<String>,
}

impl Store {
    pub async fn counts(&self) -> anyhow::Result<Counts> {
        Ok(Counts {
            documents: sqlx::query_scalar::<_, i64>("SELECT count(*) FROM documents")
                .fetch_one(&self.pool)
                .await? as u64,
            pages: self
                .tally("SELECT state, count(*) FROM pages GROUP BY 1")
                .await?,
            records: self
                .tally("SELECT status, count(*) FROM records WHERE current = 1 GROUP BY 1")
                .await?,
            failed_pages: self
                .tally("SELECT reason, count(*) FROM pages WHERE state = 'failed' GROUP BY 1")
                .await?,
        })
    }

    async fn tally(&self, query: &'static str) -> anyhow::Result<BTreeMap<String, u64>> {
        let rows = sqlx::query_as::<_, (String, i64)>(query);
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(what, n)| (what, n as u64)).collect())
    }

    /// Number of queued and leased pages.
    pub async fn open_pages(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM pages WHERE state IN ('queued', 'leased')",
        );
        Ok(count.fetch_one(&self.pool).await? as u64)
    }

    /// Files that were rejected, and not skipped as data, the last time that a run saw them.
    pub async fn rejected(&self) -> anyhow::Result<Vec<RejectedRow>> {
        let rows = sqlx::query_as(
            "SELECT path, reason, coalesce(message, '') AS message FROM sources
             WHERE reason IS NOT NULL AND reason <> 'not_a_document' ORDER BY path",
        );
        Ok(rows.fetch_all(&self.pool).await?)
    }

    /// Number of files that were skipped as data or settings.
    pub async fn skipped_files(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM sources WHERE reason = 'not_a_document'",
        );
        Ok(count.fetch_one(&self.pool).await? as u64)
    }

    /// Why the file at a path was rejected the last time that a run saw it.
    pub async fn rejection_of(&self, path: &Path) -> anyhow::Result<Option<RejectedRow>> {
        let rejected = sqlx::query_as(
            "SELECT path, reason, coalesce(message, '') AS message FROM sources
             WHERE path = ? AND reason IS NOT NULL",
        );
        let rejected = rejected.bind(path_bytes(path));
        Ok(rejected.fetch_optional(&self.pool).await?)
    }

    /// The first files that the run rejected, at most 100, by name.
    pub async fn rejected_of_run(&self, run: RunId) -> anyhow::Result<Vec<RejectedRow>> {
        let rows = sqlx::query_as(
            "SELECT path, reason, message FROM run_rejections WHERE run_id = ? ORDER BY path",
        );
        Ok(rows.bind(run).fetch_all(&self.pool).await?)
    }

    /// The current records of the pages of a replaced record. `None`: there never was
    /// such a record.
    pub async fn successors(&self, id: i64) -> anyhow::Result<Option<Vec<i64>>> {
        let old = sqlx::query_scalar::<_, i64>("SELECT document_id FROM records WHERE id = ?");
        let Some(document) = old.bind(id).fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let successors = sqlx::query_scalar::<_, i64>(
            "SELECT id FROM records WHERE document_id = ? AND current = 1 AND EXISTS
                (SELECT 1 FROM record_pages new JOIN record_pages old ON old.page_index = new.page_index
                 WHERE new.record_id = records.id AND old.record_id = ?) ORDER BY id",
        );
        let successors = successors.bind(document).bind(id);
        Ok(Some(successors.fetch_all(&self.pool).await?))
    }

    pub async fn pages(&self, document: DocumentId) -> anyhow::Result<Vec<PageRow>> {
        let rows = sqlx::query_as(
            "SELECT p.page_index, p.state, p.doc_type, p.attempts, p.reason, p.message, r.raw_text,
                r.rasterize_seconds, r.route_seconds, r.ocr_seconds, r.read_seconds
             FROM pages p LEFT JOIN readings r ON r.id = p.reading_id WHERE p.document_id = ? ORDER BY 1",
        );
        Ok(rows.bind(document).fetch_all(&self.pool).await?)
    }

    /// At most `limit` current records with an id above `after`, in the order of their
    /// ids. Call again with the last one's id until the result is empty.
    pub async fn records_after(&self, after: i64, limit: u32) -> anyhow::Result<Vec<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query
            .push(CURRENT)
            .push("r.id > ")
            .push_bind(after)
            .push(" ORDER BY r.id LIMIT ")
            .push_bind(limit);
        self.records(query).await
    }

    /// As [`Store::records_after`], of the records that the filter selects.
    pub async fn filtered_records(
        &self,
        filter: &RecordFilter,
        after: i64,
        limit: u32,
    ) -> anyhow::Result<Vec<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query.push(CURRENT).push("r.id > ").push_bind(after);
        if let Some(status) = filter.status {
            query.push(" AND r.status = ").push_bind(status.as_str());
        }
        if let Some(doc_type) = &filter.doc_type {
            query.push(" AND r.doc_type = ").push_bind(doc_type);
        }
        if let Some(document) = &filter.document {
            query.push(" AND d.blake3 = ").push_bind(document);
        }
        query.push(" ORDER BY r.id LIMIT ").push_bind(limit);
        self.records(query).await
    }

    pub async fn record(&self, id: i64) -> anyhow::Result<Option<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query.push(CURRENT).push("r.id = ").push_bind(id);
        Ok(self.records(query).await?.pop())
    }

    /// A record, current or replaced.
    pub async fn any_record(&self, id: i64) -> anyhow::Result<Option<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query.push("r.id = ").push_bind(id);
        Ok(self.records(query).await?.pop())
    }

    /// The current records of the document last seen at `path`.
    pub async fn records_at(&self, path: &Path) -> anyhow::Result<Vec<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query
            .push(CURRENT)
            .push("r.document_id = (SELECT document_id FROM sources WHERE document_id IS NOT NULL AND path = ")
            .push_bind(path_bytes(path))
            .push(" ORDER BY run_id DESC, seen_at DESC, id DESC LIMIT 1) ORDER BY r.id");
        self.records(query).await
    }

    /// The current records of a document.
    pub async fn records_of(&self, document: DocumentId) -> anyhow::Result<Vec<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query
            .push(CURRENT)
            .push("r.document_id = ")
            .push_bind(document)
            .push(" ORDER BY r.id");
        self.records(query).await
    }

    async fn records(&self, mut query: QueryBuilder<Sqlite>) -> anyhow::Result<Vec<StoredRecord>> {
        let mut tx = self.pool.begin().await?;
        let rows = query.build_query_as::<RecordRow>();
        let rows = rows.fetch_all(&mut *tx).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            records.push(stored_record(&mut tx, row).await?);
        }
        Ok(records)
    }

    /// Queues pages again: those of `records`, or every failed page where it is empty.
    /// `forced_type`: their document type from now on. Returns their number. Changes
    /// nothing and returns `Err` with a document type that the queue would need and that
    /// is not among `known`.
    pub async fn retry(
        &self,
        records: &[i64],
        forced_type: Option<&str>,
        known: &[String],
    ) -> anyhow::Result<Result<u64, String>> {
        let mut tx = self.write().await?;
        let mut query = QueryBuilder::new(
            "UPDATE pages SET state = 'queued', attempts = 0, failures = 0, reason = NULL, message = NULL,
             finished_at = NULL, escalation_id = NULL,
             since_reading = (SELECT coalesce(max(id), 0) FROM readings WHERE page_id = pages.id),
             forced_type = coalesce(",
        );
        query.push_bind(forced_type).push(", forced_type) WHERE ");
        if records.is_empty() {
            query.push("state = 'failed'");
        } else {
            query.push(
                "state IN ('done', 'failed') AND (document_id, page_index) IN
                 (SELECT r.document_id, rp.page_index FROM records r JOIN record_pages rp ON rp.record_id = r.id
                  WHERE r.id IN (",
            );
            let mut ids = query.separated(", ");
            for id in records {
                ids.push_bind(*id);
            }
            query.push("))");
        }
        query.push(" RETURNING document_id");
        let documents = query.build_query_scalar::<DocumentId>();
        let mut reopened = documents.fetch_all(&mut *tx).await?;
        let pages = reopened.len() as u64;
        reopened.sort_unstable();
        reopened.dedup();
        for document in reopened {
            revisions::reopen(&mut tx, document).await?;
        }
        if let Some(missing) = documents::missing_type(&mut tx, known).await? {
            tx.rollback().await?;
            return Ok(Err(missing));
        }
        tx.commit().await?;
        Ok(Ok(pages))
    }
}

async fn stored_record(
    tx: &mut Transaction<'_, Sqlite>,
    row: RecordRow,
) -> sqlx::Result<StoredRecord> {
    let pages = sqlx::query_as::<_, RecordPage>(
        "SELECT rp.page_index, r.model_hash, r.prompt_hash, r.schema_hash FROM record_pages rp
         LEFT JOIN readings r ON r.id = rp.reading_id WHERE rp.record_id = ? ORDER BY 1",
    );
    let pages = pages.bind(row.id).fetch_all(&mut **tx).await?;
    let distinct = |hash: fn(&RecordPage) -> &Option<String>| {
        let mut hashes: Vec<String> = pages.iter().filter_map(|page| hash(page).clone()).collect();
        hashes.sort();
        hashes.dedup();
        hashes
    };
    Ok(StoredRecord {
        id: row.id,
        document_id: row.document_id,
        paths: sources::paths(tx, row.document_id).await?,
        blake3: row.blake3,
        run_id: row.run_id,
        created_at: row.created_at,
        models: distinct(|page| &page.model_hash),
        prompts: distinct(|page| &page.prompt_hash),
        schemas: distinct(|page| &page.schema_hash),
        record: Record {
            doc_type: row.doc_type,
            pages: pages.iter().map(|page| page.page_index).collect(),
            status: row.status.0,
            source: row.source.0,
            fields: row.fields.0,
            findings: findings::of_record(tx, row.id).await?,
            confidence: row.confidence,
            field_confidence: row.field_confidence.0,
            logprobs: row.logprobs.0,
            type_probability: row.type_probability,
            calibrated: row.calibrated.map(|JsonColumn(calibrated)| calibrated),
            evidence: row.evidence.0,
            keys: duplicates::keys(tx, row.id).await?,
        },
    })
}
