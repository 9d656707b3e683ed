//! The export ledger: the bills that were exported for each target, with their batches
//! and the bytes of the batches' files.
//!
//! One transaction enters the bills of a batch and stores its bytes. The files are
//! written afterwards from the stored bytes, so that missing files can be written again
//! with the same content.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sqlx::{FromRow, QueryBuilder, Sqlite, Transaction};

use super::columns::{JsonColumn, PathColumn, now, path_bytes};
use super::database::Store;
use super::sources;
use crate::domain::PaymentKey;

/// The earlier exports, by which a batch is planned.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub version: LedgerVersion,
    /// Lines that are not reversed and whose document is not forgotten, oldest
    /// first.
    pub lines: Vec<LedgerLine>,
    /// Pages that a target has, without reversed ones.
    pub pages: Vec<ExportedPage>,
    pub distinct: Vec<DistinctPair>,
}

/// Changes with every batch, reversal and decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct LedgerVersion {
    last_batch: i64,
    reversals: i64,
    decisions: i64,
}

impl LedgerVersion {
    /// The number of the next batch.
    pub fn next_batch(self) -> i64 {
        self.last_batch + 1
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LedgerLine {
    pub batch: i64,
    pub record: i64,
    pub bill: BillId,
    pub payment: PaymentKey,
}

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ExportedPage {
    pub target: String,
    #[sqlx(rename = "batch_id")]
    pub batch: i64,
    pub blake3: String,
    pub page_index: u32,
}

/// Identifies a bill, also after its record was made again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BillId {
    /// BLAKE3 (hex) of the document.
    pub blake3: String,
    /// Indices (from 0) of its pages, ascending.
    pub pages: Vec<u32>,
}

impl BillId {
    /// The first `digits` hex digits of the document's hash and the first page (from 1):
    /// short, and unique for every bill of an archive.
    pub fn label(&self, digits: usize) -> String {
        let start = self.blake3.get(..digits).unwrap_or(&self.blake3);
        let page = self.pages.first().map_or(1, |page| page + 1);
        format!("{start}-{page}")
    }

    /// Document and first page.
    fn short(&self) -> String {
        format!("{}:{}", self.blake3, self.pages.first().unwrap_or(&0))
    }
}

/// Two bills that are two payments by a person's decision.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct DistinctPair {
    first: String,
    second: String,
}

impl DistinctPair {
    pub fn of(a: &BillId, b: &BillId) -> DistinctPair {
        let (a, b) = (a.short(), b.short());
        DistinctPair {
            first: a.clone().min(b.clone()),
            second: a.max(b),
        }
    }
}

/// A batch to enter.
#[derive(Clone, Debug)]
pub struct NewBatch {
    pub target: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub created_by: String,
    /// Absolute.
    pub folder: PathBuf,
    pub lines: Vec<NewLine>,
    pub files: Vec<ExportFile>,
    /// Source files beside them, each once.
    pub documents: Vec<BatchDocument>,
}

/// A source file that lies beside the files of a batch.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct BatchDocument {
    /// Below the batch's folder.
    pub name: String,
    /// Of the document (hex).
    pub blake3: String,
    pub sha256: String,
}

#[derive(Clone, Debug)]
pub struct NewLine {
    pub record: i64,
    pub bill: BillId,
    pub payment: PaymentKey,
}

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ExportFile {
    pub name: String,
    pub sha256: String,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct BatchRow {
    pub id: i64,
    pub target: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub created_by: String,
    #[sqlx(try_from = "PathColumn")]
    pub folder: PathBuf,
    pub is_written: bool,
    pub lines: i64,
    /// Of these, lines that are reversed.
    pub reversed: i64,
    /// Names of its files, separated by line breaks.
    pub files: String,
    /// Whether a document in it was forgotten: its files cannot be written again.
    pub is_forgotten: bool,
}

const BATCHES: &str = "SELECT b.id, b.target, b.created_at, b.created_by, b.folder, b.written_at IS NOT NULL AS is_written,
    (SELECT count(*) FROM export_lines WHERE batch_id = b.id) AS lines,
    (SELECT count(*) FROM export_lines WHERE batch_id = b.id AND reversal_id IS NOT NULL) AS reversed,
    (SELECT coalesce(group_concat(name, char(10)), '') FROM export_files WHERE batch_id = b.id) AS files,
    EXISTS (SELECT 1 FROM export_files WHERE batch_id = b.id AND bytes IS NULL) AS is_forgotten
    FROM export_batches b";

#[derive(FromRow)]
struct LineRow {
    id: i64,
    batch_id: i64,
    record_id: i64,
    blake3: String,
    payment: JsonColumn<PaymentKey>,
}

/// Why nothing was reversed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReversed {
    #[error("there is no batch {0}: `docmill export batches` lists them")]
    NoBatch(i64),
    #[error(
        "record {record} is not in batch {batch}, or is reversed already: the manifest of the batch lists its records"
    )]
    NoLine { batch: i64, record: i64 },
    #[error("batch {0} is reversed already: the next export has its bills")]
    Already(i64),
}

impl Store {
    pub async fn ledger(&self) -> anyhow::Result<Ledger> {
        let mut tx = self.pool.begin().await?;
        let lines = sqlx::query_as::<_, LineRow>(
            "SELECT id, batch_id, record_id, blake3, payment FROM export_lines
             WHERE reversal_id IS NULL AND payment IS NOT NULL ORDER BY id",
        );
        let mut ledger = Ledger {
            version: version(&mut tx).await?,
            ..Ledger::default()
        };
        for row in lines.fetch_all(&mut *tx).await? {
            let pages = sqlx::query_scalar(
                "SELECT page_index FROM export_pages WHERE line_id = ? ORDER BY 1",
            );
            ledger.lines.push(LedgerLine {
                batch: row.batch_id,
                record: row.record_id,
                bill: BillId {
                    blake3: row.blake3,
                    pages: pages.bind(row.id).fetch_all(&mut *tx).await?,
                },
                payment: row.payment.0,
            });
        }
        let pages = sqlx::query_as(
            "SELECT p.target, l.batch_id, p.blake3, p.page_index FROM export_pages p
             JOIN export_lines l ON l.id = p.line_id WHERE p.live = 1",
        );
        ledger.pages = pages.fetch_all(&mut *tx).await?;
        let distinct = sqlx::query_as("SELECT first, second FROM export_distinct");
        ledger.distinct = distinct.fetch_all(&mut *tx).await?;
        Ok(ledger)
    }

    /// Enters the bills of a batch and stores its files, durably. Returns the batch's
    /// number. Changes nothing and returns `None` where the ledger or one of the records
    /// has changed since the batch was planned.
    pub async fn enter_batch(
        &self,
        planned_by: LedgerVersion,
        batch: &NewBatch,
    ) -> anyhow::Result<Option<i64>> {
        // The ledger must know every written file, also after a power cut, so this commit
        // waits for the disk. The pragma cannot be set within a transaction.
        let durable = sqlx::query("PRAGMA synchronous = FULL");
        durable.execute(&self.pool).await?;
        let mut tx = self.write().await?;
        if version(&mut tx).await? != planned_by || !are_accepted(&mut tx, &batch.lines).await? {
            return Ok(None);
        }
        let id = planned_by.next_batch();
        insert_batch(&mut tx, id, batch).await?;
        for line in &batch.lines {
            insert_line(&mut tx, id, &batch.target, line).await?;
        }
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Batches whose files may not have been written, oldest first.
    pub async fn unwritten_batches(&self) -> anyhow::Result<Vec<BatchRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(BATCHES);
        query.push(" WHERE b.written_at IS NULL ORDER BY b.id");
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// Every batch, oldest first.
    pub async fn batches(&self) -> anyhow::Result<Vec<BatchRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(BATCHES);
        query.push(" ORDER BY b.id");
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    pub async fn batch(&self, id: i64) -> anyhow::Result<Option<BatchRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(BATCHES);
        query.push(" WHERE b.id = ").push_bind(id);
        Ok(query.build_query_as().fetch_optional(&self.pool).await?)
    }

    /// The files of a batch; empty where a document of it was forgotten.
    pub async fn batch_files(&self, id: i64) -> anyhow::Result<Vec<ExportFile>> {
        let files = sqlx::query_as(
            "SELECT name, sha256, bytes FROM export_files WHERE batch_id = ? AND bytes IS NOT NULL ORDER BY name",
        );
        Ok(files.bind(id).fetch_all(&self.pool).await?)
    }

    /// The source files of a batch, by name, with the paths at which they may lie.
    pub async fn batch_documents(
        &self,
        id: i64,
    ) -> anyhow::Result<Vec<(BatchDocument, Vec<PathBuf>)>> {
        let mut tx = self.pool.begin().await?;
        let documents = sqlx::query_as::<_, BatchDocument>(
            "SELECT name, blake3, sha256 FROM export_documents WHERE batch_id = ? ORDER BY name",
        );
        let mut found = Vec::new();
        for document in documents.bind(id).fetch_all(&mut *tx).await? {
            let known = sqlx::query_scalar("SELECT id FROM documents WHERE blake3 = ?");
            let known = known
                .bind(&document.blake3)
                .fetch_optional(&mut *tx)
                .await?;
            let paths = match known {
                Some(known) => sources::latest_paths(&mut tx, known).await?,
                None => Vec::new(),
            };
            found.push((document, paths));
        }
        Ok(found)
    }

    pub async fn mark_written(&self, id: i64, folder: &Path) -> anyhow::Result<()> {
        let update =
            sqlx::query("UPDATE export_batches SET written_at = ?, folder = ? WHERE id = ?");
        let update = update.bind(now()).bind(path_bytes(folder)).bind(id);
        update.execute(&self.pool).await?;
        Ok(())
    }

    /// Reverses lines of a batch so that their documents may be exported again: those of
    /// `records`, or all where it is empty. Returns their number.
    pub async fn reverse_batch(
        &self,
        batch: i64,
        records: &[i64],
        by: &str,
        reason: &str,
    ) -> anyhow::Result<Result<u64, NotReversed>> {
        let mut tx = self.write().await?;
        let known = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM export_batches WHERE id = ?)");
        if !known.bind(batch).fetch_one(&mut *tx).await? {
            return Ok(Err(NotReversed::NoBatch(batch)));
        }
        let insert = sqlx::query_scalar(
            "INSERT INTO export_reversals (batch_id, reversed_at, reversed_by, reason)
             VALUES (?, ?, ?, ?) RETURNING id",
        );
        let insert = insert.bind(batch).bind(now()).bind(by).bind(reason);
        let reversal: i64 = insert.fetch_one(&mut *tx).await?;
        let lines = sqlx::query_as::<_, (i64, i64)>(
            "SELECT id, record_id FROM export_lines WHERE batch_id = ? AND reversal_id IS NULL",
        );
        let lines = lines.bind(batch).fetch_all(&mut *tx).await?;
        if let Some(&record) = records
            .iter()
            .find(|record| lines.iter().all(|(_, of)| of != *record))
        {
            return Ok(Err(NotReversed::NoLine { batch, record }));
        }
        let chosen = |record: &i64| records.is_empty() || records.contains(record);
        let mut reversed = 0;
        for (line, _) in lines.iter().filter(|(_, record)| chosen(record)) {
            let update = sqlx::query("UPDATE export_lines SET reversal_id = ? WHERE id = ?");
            let update = update.bind(reversal).bind(line);
            update.execute(&mut *tx).await?;
            let free = sqlx::query("UPDATE export_pages SET live = 0 WHERE line_id = ?");
            free.bind(line).execute(&mut *tx).await?;
            reversed += 1;
        }
        if reversed == 0 {
            return Ok(Err(NotReversed::Already(batch)));
        }
        tx.commit().await?;
        Ok(Ok(reversed))
    }

    /// Stores that two bills are two payments.
    pub async fn mark_distinct(
        &self,
        pair: &DistinctPair,
        by: &str,
        reason: &str,
    ) -> anyhow::Result<()> {
        let insert = sqlx::query(
            "INSERT OR IGNORE INTO export_distinct (first, second, decided_at, decided_by, reason)
             VALUES (?, ?, ?, ?, ?)",
        );
        let insert = insert.bind(&pair.first).bind(&pair.second).bind(now());
        insert.bind(by).bind(reason).execute(&self.pool).await?;
        Ok(())
    }
}

/// Removes a document's content from the ledger. The fact that it was exported stays,
/// by its hash.
pub(super) async fn forget(tx: &mut Transaction<'_, Sqlite>, blake3: &str) -> sqlx::Result<()> {
    let files = sqlx::query(
        "UPDATE export_files SET bytes = NULL
         WHERE batch_id IN (SELECT batch_id FROM export_lines WHERE blake3 = ?)",
    );
    files.bind(blake3).execute(&mut **tx).await?;
    let lines = sqlx::query("UPDATE export_lines SET payment = NULL WHERE blake3 = ?");
    lines.bind(blake3).execute(&mut **tx).await.map(drop)
}

async fn version(tx: &mut Transaction<'_, Sqlite>) -> sqlx::Result<LedgerVersion> {
    let version = sqlx::query_as(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'export_batches'), 0) AS last_batch,
            (SELECT count(*) FROM export_reversals) AS reversals, (SELECT count(*) FROM export_distinct) AS decisions",
    );
    version.fetch_one(&mut **tx).await
}

/// Whether the records are still current and accepted.
async fn are_accepted(tx: &mut Transaction<'_, Sqlite>, lines: &[NewLine]) -> sqlx::Result<bool> {
    for line in lines {
        let accepted = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM records WHERE id = ? AND current = 1 AND status = 'accepted')",
        );
        if !accepted.bind(line.record).fetch_one(&mut **tx).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn insert_batch(
    tx: &mut Transaction<'_, Sqlite>,
    id: i64,
    batch: &NewBatch,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO export_batches (id, target, created_at, created_by, folder) VALUES (?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(id).bind(&batch.target).bind(batch.created_at);
    let insert = insert
        .bind(&batch.created_by)
        .bind(path_bytes(&batch.folder));
    insert.execute(&mut **tx).await?;
    for file in &batch.files {
        let insert = sqlx::query(
            "INSERT INTO export_files (batch_id, name, sha256, bytes) VALUES (?, ?, ?, ?)",
        );
        let insert = insert.bind(id).bind(&file.name).bind(&file.sha256);
        insert.bind(&file.bytes).execute(&mut **tx).await?;
    }
    for document in &batch.documents {
        let insert = sqlx::query(
            "INSERT INTO export_documents (batch_id, name, blake3, sha256) VALUES (?, ?, ?, ?)",
        );
        let insert = insert.bind(id).bind(&document.name).bind(&document.blake3);
        insert.bind(&document.sha256).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn insert_line(
    tx: &mut Transaction<'_, Sqlite>,
    batch: i64,
    target: &str,
    line: &NewLine,
) -> anyhow::Result<()> {
    let insert = sqlx::query_scalar(
        "INSERT INTO export_lines (batch_id, record_id, blake3, payment) VALUES (?, ?, ?, ?) RETURNING id",
    );
    let insert = insert.bind(batch).bind(line.record).bind(&line.bill.blake3);
    let insert = insert.bind(serde_json::to_string(&line.payment)?);
    let id: i64 = insert.fetch_one(&mut **tx).await?;
    for page in &line.bill.pages {
        let insert = sqlx::query(
            "INSERT INTO export_pages (line_id, target, blake3, page_index) VALUES (?, ?, ?, ?)",
        );
        let insert = insert.bind(id).bind(target).bind(&line.bill.blake3);
        insert.bind(page).execute(&mut **tx).await?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "export_ledger_tests.rs"]
mod tests;
