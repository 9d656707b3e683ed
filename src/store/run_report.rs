//! Data that a run stores about itself, and the queries of its report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use sqlx::FromRow;

use super::columns::{JsonColumn, PathColumn, RunId, StageColumns, now};
use super::database::Store;
use super::process::ProcessId;
use crate::domain::StageSeconds;

/// Memory of all processes of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleMemory {
    pub role: &'static str,
    pub processes: u32,
    /// Resident memory of all of them in bytes.
    pub resident: u64,
}

/// The work of a reader in a run.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct ReaderRow {
    pub name: String,
    /// Whether it read escalated pages.
    pub escalated: bool,
    #[sqlx(try_from = "i64")]
    pub calls: u64,
    /// Of these, failed ones.
    #[sqlx(try_from = "i64")]
    pub failed: u64,
    /// Distinct pages.
    #[sqlx(try_from = "i64")]
    pub pages: u64,
    /// Seconds of all calls, including the wait for a free worker.
    pub seconds: f64,
    #[sqlx(try_from = "i64")]
    pub input_tokens: u64,
    #[sqlx(try_from = "i64")]
    pub output_tokens: u64,
    /// In `currency`; `None`: free.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

/// A worker that died or was killed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct WorkerEndRow {
    /// Unix milliseconds.
    pub at: i64,
    pub role: String,
    pub reason: String,
    pub message: String,
}

/// A [`RoleMemory`] with its time.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct MemoryRow {
    /// Unix milliseconds.
    pub at: i64,
    pub role: String,
    pub processes: u32,
    #[sqlx(try_from = "i64")]
    pub resident: u64,
}

/// Numbers of queued and leased pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub queued: u64,
    pub leased: u64,
}

/// A run in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    pub id: RunId,
    /// Unix milliseconds.
    pub started_at: i64,
    /// Unix milliseconds; `None`: it still runs, or was killed.
    pub finished_at: Option<i64>,
    /// Whether its process exists.
    pub is_alive: bool,
    /// docmill's version.
    pub version: String,
    pub settings: Value,
    /// Its own counts; `None` for a run that did not finish.
    pub summary: Option<Value>,
}

/// An attempt at a page.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Attempt {
    pub id: i64,
    pub page_id: i64,
    /// When it ended, Unix milliseconds.
    #[sqlx(rename = "created_at")]
    pub at: i64,
    /// `None`: the page was done.
    pub reason: Option<String>,
    #[sqlx(flatten, try_from = "StageColumns")]
    pub seconds: StageSeconds,
}

#[derive(FromRow)]
struct StoredRun {
    id: RunId,
    started_at: i64,
    finished_at: Option<i64>,
    #[sqlx(flatten)]
    process: ProcessId,
    version: String,
    settings: JsonColumn<Value>,
    summary: Option<JsonColumn<Value>>,
}

impl Store {
    pub async fn store_memory(&self, run: RunId, roles: &[RoleMemory]) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        let now = now();
        for role in roles {
            // The clock may have been set back: a later measurement replaces an earlier one.
            let insert = sqlx::query(
                "INSERT OR REPLACE INTO run_memory (run_id, at, role, processes, resident) VALUES (?, ?, ?, ?, ?)",
            );
            insert
                .bind(run)
                .bind(now)
                .bind(role.role)
                .bind(role.processes)
                .bind(role.resident as i64)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Stores that a worker died, and why.
    pub async fn store_worker_death(
        &self,
        run: RunId,
        role: &str,
        reason: &str,
        message: &str,
    ) -> anyhow::Result<()> {
        self.store_worker_end(run, role, "died", reason, Some(message))
            .await
    }

    /// Stores that a healthy worker was replaced, and why.
    pub async fn store_worker_recycling(
        &self,
        run: RunId,
        role: &str,
        reason: &str,
    ) -> anyhow::Result<()> {
        self.store_worker_end(run, role, "recycled", reason, None)
            .await
    }

    async fn store_worker_end(
        &self,
        run: RunId,
        role: &str,
        kind: &str,
        reason: &str,
        message: Option<&str>,
    ) -> anyhow::Result<()> {
        let insert = sqlx::query(
            "INSERT INTO worker_ends (run_id, at, role, kind, reason, message) VALUES (?, ?, ?, ?, ?, ?)",
        );
        let insert = insert.bind(run).bind(now()).bind(role).bind(kind);
        let insert = insert.bind(reason).bind(message);
        insert.execute(&self.pool).await?;
        Ok(())
    }

    /// Numbers of pages that are not finished.
    pub async fn backlog(&self) -> anyhow::Result<Backlog> {
        let (queued, leased): (i64, i64) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'leased')
             FROM pages WHERE state IN ('queued', 'leased')",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Backlog {
            queued: queued as u64,
            leased: leased as u64,
        })
    }

    /// The run with this number, or the latest.
    pub async fn run(&self, id: Option<i64>) -> anyhow::Result<Option<RunRow>> {
        let row = sqlx::query_as::<_, StoredRun>(
            "SELECT id, started_at, finished_at, pid, process_start, boot_id, version, settings, summary FROM runs
             WHERE id = coalesce(?, (SELECT max(id) FROM runs))",
        );
        let row = row.bind(id).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| RunRow {
            id: row.id,
            started_at: row.started_at,
            finished_at: row.finished_at,
            is_alive: row.finished_at.is_none() && row.process.is_alive(),
            version: row.version,
            settings: row.settings.0,
            summary: row.summary.map(|JsonColumn(summary)| summary),
        }))
    }

    /// At most `limit` attempts of the run with an id above `after`, in their order. Call
    /// again with the last one's id until the result is empty.
    pub async fn attempts_after(
        &self,
        run: RunId,
        after: i64,
        limit: u32,
    ) -> anyhow::Result<Vec<Attempt>> {
        let rows = sqlx::query_as(
            "SELECT id, page_id, created_at, reason, rasterize_seconds, route_seconds, ocr_seconds, read_seconds
             FROM readings WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
        );
        let rows = rows.bind(run).bind(after).bind(limit);
        Ok(rows.fetch_all(&self.pool).await?)
    }

    /// Number of the run's pages by the reason of their last attempt's failure; the empty
    /// reason is for pages that were done.
    pub async fn page_outcomes(&self, run: RunId) -> anyhow::Result<BTreeMap<String, u64>> {
        self.count_by(
            run,
            "SELECT coalesce(reason, ''), count(*) FROM readings r WHERE run_id = ?1 AND id =
                (SELECT max(id) FROM readings WHERE page_id = r.page_id AND run_id = ?1) GROUP BY 1",
        )
        .await
    }

    /// Records that the run stored, by type (empty: not known) and status.
    pub async fn records_of_run(
        &self,
        run: RunId,
    ) -> anyhow::Result<BTreeMap<(String, String), u64>> {
        let rows = sqlx::query_as::<_, (String, String, i64)>(
            "SELECT coalesce(doc_type, ''), status, count(*) FROM records WHERE run_id = ? GROUP BY 1, 2",
        );
        let rows = rows.bind(run).fetch_all(&self.pool).await?;
        let row = |(doc_type, status, n)| ((doc_type, status), n as u64);
        Ok(rows.into_iter().map(row).collect())
    }

    /// Number of the run's records that need review, by finding code.
    pub async fn review_reasons_of_run(&self, run: RunId) -> anyhow::Result<BTreeMap<String, u64>> {
        self.count_by(
            run,
            "SELECT f.code, count(DISTINCT r.id) FROM records r JOIN findings f ON f.record_id = r.id
             WHERE r.run_id = ?1 AND r.status = 'needs_review' AND f.severity <> 'info' GROUP BY 1",
        )
        .await
    }

    /// Number of files that this run saw last, by the reason of their rejection; the empty
    /// reason is for files that were taken in.
    pub async fn files_of_run(&self, run: RunId) -> anyhow::Result<BTreeMap<String, u64>> {
        self.count_by(
            run,
            "SELECT coalesce(reason, ''), count(*) FROM sources WHERE run_id = ?1 GROUP BY 1",
        )
        .await
    }

    async fn count_by(
        &self,
        run: RunId,
        query: &'static str,
    ) -> anyhow::Result<BTreeMap<String, u64>> {
        let rows = sqlx::query_as::<_, (String, i64)>(query).bind(run);
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(what, n)| (what, n as u64)).collect())
    }

    /// The place of a page: its document's path as last seen, and its index (from 0).
    pub async fn page_place(&self, page_id: i64) -> anyhow::Result<(PathBuf, u32)> {
        let place = sqlx::query_as(
            "SELECT s.path, p.page_index FROM pages p JOIN sources s ON s.document_id = p.document_id
             WHERE p.id = ? ORDER BY s.run_id DESC, s.path LIMIT 1",
        );
        let (PathColumn(path), index) = place.bind(page_id).fetch_one(&self.pool).await?;
        Ok((path, index))
    }

    pub async fn memory_of_run(&self, run: RunId) -> anyhow::Result<Vec<MemoryRow>> {
        let rows = sqlx::query_as(
            "SELECT at, role, processes, resident FROM run_memory WHERE run_id = ? ORDER BY at, role",
        );
        Ok(rows.bind(run).fetch_all(&self.pool).await?)
    }

    /// The work of each reader of the run: of the first, then of those for escalation.
    pub async fn readers_of_run(&self, run: RunId) -> anyhow::Result<Vec<ReaderRow>> {
        // A page that was not routed, or failed before, reached no reader.
        let rows = sqlx::query_as(
            "SELECT m.name, r.escalation_id IS NOT NULL AS escalated, count(*) AS calls,
                count(r.reason) AS failed, count(DISTINCT r.page_id) AS pages,
                total(r.read_seconds) AS seconds, coalesce(sum(r.input_tokens), 0) AS input_tokens,
                coalesce(sum(r.output_tokens), 0) AS output_tokens, sum(r.cost) AS cost,
                max(r.currency) AS currency
             FROM readings r JOIN models m ON m.hash = r.model_hash
             WHERE r.run_id = ? AND (r.input_tokens IS NOT NULL OR r.read_seconds IS NOT NULL)
             GROUP BY r.model_hash, r.escalation_id IS NOT NULL ORDER BY 2, m.name",
        );
        Ok(rows.bind(run).fetch_all(&self.pool).await?)
    }

    /// Healthy workers that were replaced, by role and reason.
    pub async fn workers_recycled(
        &self,
        run: RunId,
    ) -> anyhow::Result<BTreeMap<String, BTreeMap<String, u64>>> {
        let rows = sqlx::query_as::<_, (String, String, i64)>(
            "SELECT role, reason, count(*) FROM worker_ends WHERE run_id = ? AND kind = 'recycled' GROUP BY 1, 2",
        );
        let mut recycled = BTreeMap::<String, BTreeMap<String, u64>>::new();
        for (role, reason, n) in rows.bind(run).fetch_all(&self.pool).await? {
            recycled.entry(role).or_default().insert(reason, n as u64);
        }
        Ok(recycled)
    }

    /// The workers that died, in the order of time.
    pub async fn worker_ends(&self, run: RunId) -> anyhow::Result<Vec<WorkerEndRow>> {
        let rows = sqlx::query_as(
            "SELECT at, role, reason, message FROM worker_ends WHERE run_id = ? AND kind = 'died' ORDER BY id",
        );
        Ok(rows.bind(run).fetch_all(&self.pool).await?)
    }
}
