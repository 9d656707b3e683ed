//! Pages that climb to a stronger reader, what that took, and what it brought.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Serialize;
use sqlx::{Row, Sqlite, Transaction};

use super::jobs::Claim;
use super::process::ProcessId;
use super::{Completed, DocumentId, FinishedPages, RunId, Store, documents, now};
use crate::domain::{Failure, Reading, Reason};

/// Some pages of a document that are to climb together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClimb {
    /// Indices, from 0.
    pub pages: Vec<u32>,
    /// Hash of the reader.
    pub reader: String,
    pub why: String,
}

/// An answer to a page, or a failure, since the page was last queued anew.
#[derive(Clone, Debug, PartialEq)]
pub struct PageAttempt {
    pub reading_id: i64,
    /// Index, from 0.
    pub page: u32,
    /// Hash of the reader; `None` where the page did not come to one.
    pub reader: Option<String>,
    /// By a stronger reader than the first.
    pub climbed: bool,
    pub run: RunId,
    pub result: Result<Option<Reading>, Failure>,
}

/// An attempt as `show` lists it.
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
    /// Why it was made, beside that every page is read once.
    pub why: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// The page's record was made from it.
    pub counts: bool,
}

/// The page's job is over and what it brought is what its chosen reading says.
const SETTLE: &str = "UPDATE pages SET lease_token = NULL, lease_until = NULL, finished_at = ?1,
    state = CASE WHEN (SELECT reason FROM readings WHERE id = reading_id) IS NULL THEN 'done' ELSE 'failed' END,
    reason = (SELECT reason FROM readings WHERE id = reading_id),
    message = (SELECT message FROM readings WHERE id = reading_id),
    climb_id = (SELECT max(r.climb_id) FROM readings r WHERE r.page_id = pages.id AND r.id > since_reading)
    WHERE id = ?2";

impl Store {
    /// The first run whose climbs count against this run's budget: a run that
    /// was killed or stopped passes what it spent on to the one that goes on
    /// with its work.
    pub async fn budget_start(&self, run: RunId) -> anyhow::Result<RunId> {
        let last = sqlx::query_scalar::<_, i64>(
            "SELECT coalesce(max(id), 0) FROM runs WHERE id < ? AND finished_at IS NOT NULL
             AND NOT coalesce(json_extract(summary, '$.interrupted'), 0)",
        );
        Ok(RunId(last.bind(run.0).fetch_one(&self.pool).await? + 1))
    }

    /// What climbed pages cost since that run.
    pub async fn climb_cost(&self, since: RunId) -> anyhow::Result<f64> {
        let cost = sqlx::query_scalar::<_, f64>(
            "SELECT total(cost) FROM readings WHERE climb_id IS NOT NULL AND run_id >= ?",
        );
        Ok(cost.bind(since.0).fetch_one(&self.pool).await?)
    }

    /// Queues pages for stronger readers as long as no more than `max_pages`
    /// climb since the run `since`. Pages that climb together do so all or
    /// none. Nothing is done when the document's pages changed since `pages`
    /// were read. Returns which climbs were made.
    pub async fn climb(
        &self,
        run: RunId,
        since: RunId,
        document: DocumentId,
        pages: &FinishedPages,
        climbs: &[NewClimb],
        max_pages: u32,
    ) -> anyhow::Result<Vec<bool>> {
        let mut tx = self.write().await?;
        let mut made = vec![false; climbs.len()];
        let unchanged = sqlx::query(
            "SELECT 1 FROM documents WHERE id = ? AND revision = ? AND NOT EXISTS
                (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))",
        );
        let unchanged = unchanged
            .bind(document.0)
            .bind(pages.revision)
            .fetch_optional(&mut *tx)
            .await?;
        if unchanged.is_none() {
            return Ok(made);
        }
        let spent = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM climbs WHERE run_id >= ?");
        let spent = spent.bind(since.0).fetch_one(&mut *tx).await?;
        let mut left = i64::from(max_pages) - spent;
        for (climb, made) in climbs.iter().zip(&mut made) {
            if climb.pages.len() as i64 > left {
                continue;
            }
            left -= climb.pages.len() as i64;
            for page in &climb.pages {
                queue(&mut tx, run, document, *page, climb).await?;
            }
            *made = true;
        }
        if made.contains(&true) {
            documents::reopen(&mut tx, document).await?;
            tx.commit().await?;
        }
        Ok(made)
    }

    /// Gives a page back that was claimed to climb but will not: it stays as
    /// it was.
    pub async fn stay(&self, claim: &Claim) -> anyhow::Result<Completed> {
        let mut tx = self.write().await?;
        let held = sqlx::query("SELECT climb_id FROM pages WHERE id = ? AND lease_token = ?")
            .bind(claim.page_id)
            .bind(&claim.lease_token)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(held) = held else {
            return Ok(Completed {
                owned: false,
                document_complete: false,
            });
        };
        settle(&mut tx, claim.page_id, held.get(0)).await?;
        let left = sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT 1 FROM pages WHERE document_id = ? AND state IN ('queued', 'leased'))",
        );
        let left = left.bind(claim.document_id.0).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(Completed {
            owned: true,
            document_complete: !left,
        })
    }

    /// Pages that a run now gone sent to readers that this run does not have
    /// stay as they were. Returns how many.
    pub async fn stay_without(&self, run: RunId, readers: &[String]) -> anyhow::Result<u64> {
        let mut tx = self.write().await?;
        let waiting = sqlx::query(
            "SELECT p.id, c.id, r.id, r.pid, r.process_start, r.boot_id
             FROM pages p JOIN climbs c ON c.id = p.climb_id JOIN runs r ON r.id = c.run_id
             WHERE p.state = 'queued' AND c.model_hash NOT IN (SELECT value FROM json_each(?))",
        );
        let waiting = waiting.bind(serde_json::to_string(readers)?);
        let waiting = waiting.fetch_all(&mut *tx).await?;
        let mut stayed = 0;
        for page in waiting {
            let holder = ProcessId::of_row(&page);
            if page.get::<i64, _>(2) == run.0 || !holder.is_alive() {
                settle(&mut tx, page.get(0), page.get(1)).await?;
                stayed += 1;
            }
        }
        tx.commit().await?;
        Ok(stayed)
    }

    /// The document's attempts since its pages were last queued anew, in the
    /// order in which they were made.
    pub async fn attempts(&self, document: DocumentId) -> anyhow::Result<Vec<PageAttempt>> {
        let rows = sqlx::query(
            "SELECT r.id, p.page_index, r.model_hash, r.climb_id IS NOT NULL, r.run_id, r.reading, r.raw_text,
                r.reason, r.message
             FROM readings r JOIN pages p ON p.id = r.page_id
             WHERE p.document_id = ? AND r.id > p.since_reading ORDER BY r.id",
        );
        let rows = rows.bind(document.0).fetch_all(&self.pool).await?;
        let attempt = |row: sqlx::sqlite::SqliteRow| {
            let result = match row.get::<Option<&str>, _>(7) {
                Some(reason) => Err(Failure {
                    raw_text: row.get(6),
                    ..Failure::new(
                        Reason::parse(reason).unwrap_or(Reason::Internal),
                        row.get::<Option<String>, _>(8).unwrap_or_default(),
                    )
                }),
                None => Ok(row
                    .get::<Option<&str>, _>(5)
                    .map(serde_json::from_str)
                    .transpose()
                    .context("a stored reading does not parse")?),
            };
            Ok(PageAttempt {
                reading_id: row.get(0),
                page: row.get(1),
                reader: row.get(2),
                climbed: row.get(3),
                run: RunId(row.get(4)),
                result,
            })
        };
        rows.into_iter().map(attempt).collect()
    }

    /// The same for `show`.
    pub async fn attempt_rows(&self, document: DocumentId) -> anyhow::Result<Vec<AttemptRow>> {
        let rows = sqlx::query(
            "SELECT p.page_index, m.name, r.input_tokens, r.output_tokens, r.cost, r.currency, r.stage_seconds,
                c.why, r.reason, r.id IS p.reading_id
             FROM readings r JOIN pages p ON p.id = r.page_id LEFT JOIN models m ON m.hash = r.model_hash
                LEFT JOIN climbs c ON c.id = r.climb_id
             WHERE p.document_id = ? AND r.id > p.since_reading ORDER BY p.page_index, r.id",
        );
        let rows = rows.bind(document.0).fetch_all(&self.pool).await?;
        let attempt = |row: sqlx::sqlite::SqliteRow| {
            let seconds: BTreeMap<String, f64> = serde_json::from_str(row.get(6))?;
            Ok(AttemptRow {
                page: row.get(0),
                reader: row.get(1),
                input_tokens: row.get(2),
                output_tokens: row.get(3),
                cost: row.get(4),
                currency: row.get(5),
                seconds: seconds.values().sum(),
                why: row.get(7),
                reason: row.get(8),
                counts: row.get(9),
            })
        };
        rows.into_iter().map(attempt).collect()
    }
}

async fn queue(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    document: DocumentId,
    page: u32,
    climb: &NewClimb,
) -> anyhow::Result<()> {
    let inserted = sqlx::query_scalar::<_, i64>(
        "INSERT INTO climbs (page_id, run_id, created_at, model_hash, why)
         SELECT id, ?, ?, ?, ? FROM pages WHERE document_id = ? AND page_index = ? RETURNING id",
    );
    let id = inserted
        .bind(run.0)
        .bind(now())
        .bind(&climb.reader)
        .bind(&climb.why)
        .bind(document.0)
        .bind(page)
        .fetch_one(&mut **tx)
        .await?;
    // `reading_id` stays: what the page has if nothing better comes.
    let update = sqlx::query(
        "UPDATE pages SET state = 'queued', attempts = 0, failures = 0, reason = NULL, message = NULL,
            finished_at = NULL, climb_id = ? WHERE document_id = ? AND page_index = ?",
    );
    update
        .bind(id)
        .bind(document.0)
        .bind(page)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn settle(tx: &mut Transaction<'_, Sqlite>, page: i64, climb: i64) -> sqlx::Result<()> {
    let update = sqlx::query(SETTLE).bind(now()).bind(page);
    update.execute(&mut **tx).await?;
    // A climb that was not made is not charged.
    let forget = sqlx::query(
        "DELETE FROM climbs WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM readings WHERE climb_id = ?1)",
    );
    forget.bind(climb).execute(&mut **tx).await.map(drop)
}

#[cfg(test)]
#[path = "climbs_tests.rs"]
mod tests;
