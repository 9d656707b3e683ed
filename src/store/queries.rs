//! What `status`, `show`, `retry`, `export` and `eval` ask of the database.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{DocumentId, RunId, Store, documents};
use crate::domain::{Finding, Record, Source, Status};

/// How much there is of everything.
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

/// A file that was turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    pub path: PathBuf,
    pub reason: String,
    pub message: String,
}

impl From<SqliteRow> for RejectedRow {
    fn from(row: SqliteRow) -> RejectedRow {
        RejectedRow {
            path: OsString::from_vec(row.get(0)).into(),
            reason: row.get(1),
            message: row.get::<Option<String>, _>(2).unwrap_or_default(),
        }
    }
}

/// A page as `show` lists it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageRow {
    /// From 0.
    pub index: u32,
    pub state: String,
    pub doc_type: Option<String>,
    pub attempts: u32,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub raw_text: Option<String>,
    /// Seconds by stage of the last attempt.
    pub stage_seconds: BTreeMap<String, f64>,
}

/// A record and where it comes from.
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
    /// Distinct hashes over the record's pages.
    pub models: Vec<String>,
    pub prompts: Vec<String>,
    pub schemas: Vec<String>,
}

const RECORDS: &str =
    "SELECT r.id, r.document_id, r.doc_type, r.status, r.fields, r.confidence, r.field_confidence,
    r.run_id, r.created_at, d.blake3, r.logprobs, r.type_probability, r.calibrated, r.evidence, r.source
    FROM records r JOIN documents d ON d.id = r.document_id WHERE ";
const CURRENT: &str = "r.current = 1 AND ";

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
        let rows = sqlx::query(query).fetch_all(&self.pool).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.get(0), row.get::<i64, _>(1) as u64))
            .collect())
    }

    /// Pages that wait or are held.
    pub async fn open_pages(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM pages WHERE state IN ('queued', 'leased')",
        );
        Ok(count.fetch_one(&self.pool).await? as u64)
    }

    pub async fn rejected(&self) -> anyhow::Result<Vec<RejectedRow>> {
        let rows = sqlx::query(
            "SELECT path, reason, message FROM sources WHERE reason IS NOT NULL ORDER BY path",
        );
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(RejectedRow::from).collect())
    }

    /// Files that no run after this one saw, the first `most` by name.
    pub async fn rejected_of_run(&self, run: RunId, most: u32) -> anyhow::Result<Vec<RejectedRow>> {
        let rows = sqlx::query(
            "SELECT path, reason, message FROM sources WHERE run_id = ? AND reason IS NOT NULL
             ORDER BY path LIMIT ?",
        );
        let rows = rows.bind(run.0).bind(most).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(RejectedRow::from).collect())
    }

    /// The records that took the place of one that is not current any more:
    /// those of its pages. `None`: there never was such a record.
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
        let rows = sqlx::query(
            "SELECT p.page_index, p.state, p.doc_type, p.attempts, p.reason, p.message, r.raw_text,
                coalesce(r.stage_seconds, '{}')
             FROM pages p LEFT JOIN readings r ON r.id = p.reading_id WHERE p.document_id = ? ORDER BY 1",
        );
        let rows = rows.bind(document.0).fetch_all(&self.pool).await?;
        let page = |row: SqliteRow| {
            Ok(PageRow {
                index: row.get(0),
                state: row.get(1),
                doc_type: row.get(2),
                attempts: row.get(3),
                reason: row.get(4),
                message: row.get(5),
                raw_text: row.get(6),
                stage_seconds: serde_json::from_str(row.get(7))?,
            })
        };
        rows.into_iter().map(page).collect()
    }

    /// Current records with an id above `after`, in the order of their ids:
    /// call again with the last one's id until none comes.
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

    pub async fn record(&self, id: i64) -> anyhow::Result<Option<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query.push(CURRENT).push("r.id = ").push_bind(id);
        Ok(self.records(query).await?.pop())
    }

    /// A record, be it current or replaced.
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
            .push_bind(path.as_os_str().as_bytes().to_vec())
            .push(" ORDER BY run_id DESC, seen_at DESC, id DESC LIMIT 1) ORDER BY r.id");
        self.records(query).await
    }

    /// The current records of a document.
    pub async fn records_of(&self, document: DocumentId) -> anyhow::Result<Vec<StoredRecord>> {
        let mut query = QueryBuilder::new(RECORDS);
        query
            .push(CURRENT)
            .push("r.document_id = ")
            .push_bind(document.0)
            .push(" ORDER BY r.id");
        self.records(query).await
    }

    async fn records(&self, mut query: QueryBuilder<Sqlite>) -> anyhow::Result<Vec<StoredRecord>> {
        let mut tx = self.pool.begin().await?;
        let rows = query.build().fetch_all(&mut *tx).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, document): (i64, i64) = (row.get(0), row.get(1));
            let findings = sqlx::query(
                "SELECT code, severity, field, message FROM findings WHERE record_id = ? ORDER BY id",
            );
            let findings = findings.bind(id).fetch_all(&mut *tx).await?;
            let pages = sqlx::query(
                "SELECT rp.page_index, r.model_hash, r.prompt_hash, r.schema_hash FROM record_pages rp
                 LEFT JOIN readings r ON r.id = rp.reading_id WHERE rp.record_id = ? ORDER BY 1",
            );
            let pages = pages.bind(id).fetch_all(&mut *tx).await?;
            let hashes = |column: usize| {
                let mut hashes: Vec<String> =
                    pages.iter().filter_map(|page| page.get(column)).collect();
                hashes.sort();
                hashes.dedup();
                hashes
            };
            let record = Record {
                doc_type: row.get(2),
                pages: pages.iter().map(|page| page.get(0)).collect(),
                status: status(row.get(3))?,
                source: match row.get("source") {
                    "embedded_xml" => Source::EmbeddedXml,
                    _ => Source::Model,
                },
                fields: serde_json::from_str(row.get(4)).context("stored fields do not parse")?,
                findings: findings.iter().map(finding).collect::<Result<_, _>>()?,
                confidence: row.get(5),
                field_confidence: serde_json::from_str(row.get(6))
                    .context("stored confidences do not parse")?,
                logprobs: serde_json::from_str(row.get("logprobs"))
                    .context("stored log-probabilities do not parse")?,
                type_probability: row.get("type_probability"),
                calibrated: row
                    .get::<Option<&str>, _>("calibrated")
                    .map(serde_json::from_str)
                    .transpose()
                    .context("stored probabilities do not parse")?,
                evidence: serde_json::from_str(row.get("evidence"))
                    .context("stored evidence does not parse")?,
                keys: super::duplicates::keys(&mut tx, id).await?,
            };
            records.push(StoredRecord {
                id,
                document_id: DocumentId(document),
                record,
                paths: super::jobs::paths(&mut tx, document).await?,
                blake3: row.get(9),
                run_id: row.get(7),
                created_at: row.get(8),
                models: hashes(1),
                prompts: hashes(2),
                schemas: hashes(3),
            });
        }
        Ok(records)
    }

    /// Queues again: the pages of these records, or with none given every
    /// failed page; `forced_type` is what they are taken for from now on.
    /// Returns how many, or changes nothing and returns a document type that
    /// the queue would need and that is not among `known`.
    pub async fn retry(
        &self,
        records: &[i64],
        forced_type: Option<&str>,
        known: &[String],
    ) -> anyhow::Result<Result<u64, String>> {
        let mut tx = self.write().await?;
        let mut query = QueryBuilder::new(
            "UPDATE pages SET state = 'queued', attempts = 0, failures = 0, reason = NULL, message = NULL,
             finished_at = NULL, climb_id = NULL,
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
        let rows = query.build().fetch_all(&mut *tx).await?;
        let mut reopened: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        reopened.sort_unstable();
        reopened.dedup();
        for document in reopened {
            documents::reopen(&mut tx, DocumentId(document)).await?;
        }
        if let Some(missing) = documents::missing_type(&mut tx, known).await? {
            tx.rollback().await?;
            return Ok(Err(missing));
        }
        tx.commit().await?;
        Ok(Ok(rows.len() as u64))
    }
}

fn status(name: &str) -> anyhow::Result<Status> {
    name.parse()
        .with_context(|| format!("the database holds a record of unknown status `{name}`"))
}

fn finding(row: &SqliteRow) -> anyhow::Result<Finding> {
    let severity: &str = row.get(1);
    Ok(Finding {
        code: row.get::<String, _>(0).try_into()?,
        severity: severity
            .parse()
            .with_context(|| format!("the database holds the unknown severity `{severity}`"))?,
        field: row.get(2),
        message: row.get(3),
    })
}
