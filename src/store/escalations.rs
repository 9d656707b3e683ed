//! Escalations of pages to stronger readers, with their costs and results.

use serde::Serialize;
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, ResultColumns, RunId, StageColumns, now};
use super::database::Store;
use super::jobs::{Claim, Completed};
use super::process::ProcessId;
use super::records::FinishedPages;
use super::revisions;
use crate::domain::{EscalationReason, Failure, Reading, StageSeconds, sum};

/// Pages of a document that are escalated together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEscalation {
    /// Indices, from 0.
    pub pages: Vec<u32>,
    /// Hash of the reader.
    pub reader: String,
    pub reason: EscalationReason,
}

/// A reading of a page, or a failure, since the page was last queued again.
#[derive(Clone, Debug, PartialEq)]
pub struct PageAttempt {
    pub reading_id: i64,
    /// Index, from 0.
    pub page: u32,
    /// Hash of the reader; `None` where the page did not reach one.
    pub reader: Option<String>,
    /// Whether another reader than the first read it.
    pub escalated: bool,
    pub run: RunId,
    pub result: Result<Option<Reading>, Failure>,
}

/// An attempt for `docmill show`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptRow {
    /// Index, from 0.
    pub page: u32,
    pub reader: Option<String>,
    pub input_tokens: Option<u32>,
    pub output_tokens: Option<u32>,
    pub cost: Option<f64>,
    pub currency: Option<String>,
    pub seconds: f64,
    /// Why the page was escalated; `None`: it was the first reader's.
    pub why: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// Whether the page's record was made from it.
    pub counts: bool,
}

/// Ends the page's lease; its state follows from its chosen reading.
const SETTLE: &str = "UPDATE pages SET lease_token = NULL, lease_until = NULL, finished_at = ?1,
    state = CASE WHEN (SELECT reason FROM readings WHERE id = reading_id) IS NULL THEN 'done' ELSE 'failed' END,
    reason = (SELECT reason FROM readings WHERE id = reading_id),
    message = (SELECT message FROM readings WHERE id = reading_id),
    escalation_id = (SELECT max(r.escalation_id) FROM readings r WHERE r.page_id = pages.id AND r.id > since_reading)
    WHERE id = ?2";

impl Store {
    /// The first run whose escalations count towards this run's limits: costs of runs
    /// that were killed or interrupted count for the run that continues them.
    pub async fn budget_start(&self, run: RunId) -> anyhow::Result<RunId> {
        let last = sqlx::query_scalar::<_, i64>(
            "SELECT coalesce(max(id), 0) FROM runs WHERE id < ? AND outcome = 'completed'",
        );
        Ok(RunId(last.bind(run).fetch_one(&self.pool).await? + 1))
    }

    /// Cost of escalated pages since that run, in the currency of the readers' prices.
    pub async fn escalation_cost(&self, since: RunId) -> anyhow::Result<f64> {
        let cost = sqlx::query_scalar(
            "SELECT total(cost) FROM readings WHERE escalation_id IS NOT NULL AND run_id >= ?",
        );
        Ok(cost.bind(since).fetch_one(&self.pool).await?)
    }

    /// Queues pages for stronger readers while at most `max_pages` were escalated since
    /// the run `since`. Of pages that are escalated together, all are queued or none.
    /// Nothing is done where the document's pages changed since `pages` were loaded.
    /// Returns for each escalation whether it was made.
    pub async fn escalate(
        &self,
        run: RunId,
        since: RunId,
        pages: &FinishedPages,
        escalations: &[NewEscalation],
        max_pages: u32,
    ) -> anyhow::Result<Vec<bool>> {
        let mut tx = self.write().await?;
        let mut made = vec![false; escalations.len()];
        let unchanged = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM documents WHERE id = ? AND revision = ? AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased')))",
        );
        let unchanged = unchanged.bind(pages.document).bind(pages.revision);
        if !unchanged.fetch_one(&mut *tx).await? {
            return Ok(made);
        }
        let spent = sqlx::query_scalar("SELECT count(*) FROM escalations WHERE run_id >= ?");
        let spent: i64 = spent.bind(since).fetch_one(&mut *tx).await?;
        let mut left = i64::from(max_pages) - spent;
        for (escalation, made) in escalations.iter().zip(&mut made) {
            if escalation.pages.len() as i64 > left {
                continue;
            }
            left -= escalation.pages.len() as i64;
            for page in &escalation.pages {
                queue(&mut tx, run, pages.document, *page, escalation).await?;
            }
            *made = true;
        }
        if made.contains(&true) {
            revisions::reopen(&mut tx, pages.document).await?;
            tx.commit().await?;
        }
        Ok(made)
    }

    /// Skips the escalation of a claimed page: the page keeps its earlier result.
    pub async fn skip_escalation(&self, claim: &Claim) -> anyhow::Result<Completed> {
        let mut tx = self.write().await?;
        let held = sqlx::query_scalar::<_, i64>(
            "SELECT escalation_id FROM pages WHERE id = ? AND lease_token = ? AND escalation_id IS NOT NULL",
        );
        let held = held.bind(claim.page_id).bind(&claim.lease_token);
        let Some(escalation) = held.fetch_optional(&mut *tx).await? else {
            return Ok(Completed::NOT_OWNED);
        };
        settle(&mut tx, claim.page_id, escalation).await?;
        let is_open = revisions::has_open_pages(&mut tx, claim.document_id).await?;
        tx.commit().await?;
        Ok(Completed {
            owned: true,
            document_complete: !is_open,
        })
    }

    /// Skips escalations to readers that this run does not have, where the run that made
    /// them has ended. Returns their number.
    pub async fn skip_escalations_without(
        &self,
        run: RunId,
        readers: &[String],
    ) -> anyhow::Result<u64> {
        let mut tx = self.write().await?;
        let waiting = sqlx::query_as::<_, WaitingRow>(
            "SELECT p.id AS page_id, e.id AS escalation_id, r.id AS run_id, r.pid, r.process_start, r.boot_id
             FROM pages p JOIN escalations e ON e.id = p.escalation_id JOIN runs r ON r.id = e.run_id
             WHERE p.state = 'queued' AND e.model_hash NOT IN (SELECT value FROM json_each(?))",
        );
        let waiting = waiting.bind(serde_json::to_string(readers)?);
        let waiting = waiting.fetch_all(&mut *tx).await?;
        let mut skipped = 0;
        for row in waiting {
            if row.run_id == run || !row.holder.is_alive() {
                settle(&mut tx, row.page_id, row.escalation_id).await?;
                skipped += 1;
            }
        }
        tx.commit().await?;
        Ok(skipped)
    }

    /// The document's attempts since its pages were last queued again, in the
    /// order in which they were made.
    pub async fn attempts(&self, document: DocumentId) -> anyhow::Result<Vec<PageAttempt>> {
        let rows = sqlx::query_as::<_, PageAttemptRow>(
            "SELECT r.id, p.page_index, r.model_hash, r.escalation_id IS NOT NULL AS escalated, r.run_id,
                r.reading, r.raw_text, r.reason, r.message
             FROM readings r JOIN pages p ON p.id = r.page_id
             WHERE p.document_id = ? AND r.id > p.since_reading ORDER BY r.id",
        );
        let rows = rows.bind(document).fetch_all(&self.pool).await?;
        let attempt = |row: PageAttemptRow| PageAttempt {
            reading_id: row.id,
            page: row.page_index,
            reader: row.model_hash,
            escalated: row.escalated,
            run: row.run_id,
            result: row.result.into_result(),
        };
        Ok(rows.into_iter().map(attempt).collect())
    }

    /// The document's attempts for `docmill show`.
    pub async fn attempt_rows(&self, document: DocumentId) -> anyhow::Result<Vec<AttemptRow>> {
        let rows = sqlx::query_as::<_, ShownAttempt>(
            "SELECT p.page_index, m.name, r.input_tokens, r.output_tokens, r.cost, r.currency, r.reason,
                r.rasterize_seconds, r.route_seconds, r.ocr_seconds, r.read_seconds,
                e.code || ': ' || e.message AS why, r.id IS p.reading_id AS counts
             FROM readings r JOIN pages p ON p.id = r.page_id LEFT JOIN models m ON m.hash = r.model_hash
                LEFT JOIN escalations e ON e.id = r.escalation_id
             WHERE p.document_id = ? AND r.id > p.since_reading ORDER BY p.page_index, r.id",
        );
        let rows = rows.bind(document).fetch_all(&self.pool).await?;
        let attempt = |row: ShownAttempt| AttemptRow {
            page: row.page_index,
            reader: row.name,
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            cost: row.cost,
            currency: row.currency,
            seconds: sum(StageSeconds::from(row.seconds).into_values()),
            why: row.why,
            reason: row.reason,
            counts: row.counts,
        };
        Ok(rows.into_iter().map(attempt).collect())
    }
}

/// A queued escalated page, and the run that escalated it.
#[derive(FromRow)]
struct WaitingRow {
    page_id: i64,
    escalation_id: i64,
    run_id: RunId,
    #[sqlx(flatten)]
    holder: ProcessId,
}

#[derive(FromRow)]
struct PageAttemptRow {
    id: i64,
    page_index: u32,
    model_hash: Option<String>,
    escalated: bool,
    run_id: RunId,
    #[sqlx(flatten)]
    result: ResultColumns,
}

#[derive(FromRow)]
struct ShownAttempt {
    page_index: u32,
    name: Option<String>,
    input_tokens: Option<u32>,
    output_tokens: Option<u32>,
    cost: Option<f64>,
    currency: Option<String>,
    reason: Option<String>,
    #[sqlx(flatten)]
    seconds: StageColumns,
    why: Option<String>,
    counts: bool,
}

async fn queue(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    document: DocumentId,
    page: u32,
    escalation: &NewEscalation,
) -> anyhow::Result<()> {
    let inserted = sqlx::query_scalar::<_, i64>(
        "INSERT INTO escalations (page_id, run_id, created_at, model_hash, code, message)
         SELECT id, ?, ?, ?, ?, ? FROM pages WHERE document_id = ? AND page_index = ? RETURNING id",
    );
    let id = inserted
        .bind(run)
        .bind(now())
        .bind(&escalation.reader)
        .bind(escalation.reason.code.as_str())
        .bind(&escalation.reason.message)
        .bind(document)
        .bind(page)
        .fetch_one(&mut **tx)
        .await?;
    // `reading_id` stays: the page's result unless a better one follows.
    let update = sqlx::query(
        "UPDATE pages SET state = 'queued', attempts = 0, failures = 0, reason = NULL, message = NULL,
            finished_at = NULL, escalation_id = ? WHERE document_id = ? AND page_index = ?",
    );
    let update = update.bind(id).bind(document).bind(page);
    update.execute(&mut **tx).await?;
    Ok(())
}

async fn settle(tx: &mut Transaction<'_, Sqlite>, page: i64, escalation: i64) -> sqlx::Result<()> {
    let update = sqlx::query(SETTLE).bind(now()).bind(page);
    update.execute(&mut **tx).await?;
    // An escalation without an attempt does not count.
    let delete = sqlx::query(
        "DELETE FROM escalations WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM readings WHERE escalation_id = ?1)",
    );
    let delete = delete.bind(escalation).execute(&mut **tx);
    delete.await.map(drop)
}

#[cfg(test)]
#[path = "escalations_tests.rs"]
mod tests;
