//! What a run notes of itself, and what its report asks for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::process::ProcessId;
use super::{RunId, Store, now};

/// Memory of all processes of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleMemory {
    pub role: &'static str,
    pub processes: u32,
    /// Resident bytes.
    pub resident: u64,
}

/// Before the reasons of workers that were replaced in good health.
const RECYCLED: &str = "recycled_";

/// What a reader did in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ReaderRow {
    pub name: String,
    /// It read what another had read before.
    pub climbed: bool,
    pub calls: u64,
    /// Of these, failed ones.
    pub failed: u64,
    /// Distinct ones.
    pub pages: u64,
    /// Of all calls, waiting for a free worker included.
    pub seconds: f64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// In `currency`; `None`: nobody is paid.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

/// A worker that died or was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerEnd {
    /// Unix milliseconds.
    pub at: i64,
    pub role: String,
    pub reason: String,
    pub message: String,
}

/// [`RoleMemory`] as it was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Unix milliseconds.
    pub at: i64,
    pub role: String,
    pub processes: u32,
    pub resident: u64,
}

/// Pages that wait and pages that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub queued: u64,
    pub leased: u64,
}

/// A run as the database knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    pub id: RunId,
    /// Unix milliseconds.
    pub started_at: i64,
    /// `None`: it still runs, or was killed.
    pub finished_at: Option<i64>,
    /// Its process lives.
    pub is_alive: bool,
    /// docmill's version.
    pub version: String,
    pub settings: Value,
    /// What it counted itself; `None` for one that did not come to its end.
    pub summary: Option<Value>,
}

/// An attempt at a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub id: i64,
    pub page_id: i64,
    /// When it ended, Unix milliseconds.
    pub at: i64,
    /// `None`: the page was done.
    pub reason: Option<String>,
    /// Seconds by stage.
    pub seconds: BTreeMap<String, f64>,
}

impl Store {
    pub async fn note_memory(&self, run: RunId, roles: &[RoleMemory]) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        let now = now();
        for role in roles {
            // The clock may have been set back: a later sample replaces one.
            let insert = sqlx::query(
                "INSERT OR REPLACE INTO run_samples (run_id, at, role, processes, resident) VALUES (?, ?, ?, ?, ?)",
            );
            insert
                .bind(run.0)
                .bind(now)
                .bind(role.role)
                .bind(role.processes)
                .bind(role.resident as i64)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    pub async fn note_worker_end(
        &self,
        run: RunId,
        role: &str,
        reason: &str,
        message: &str,
    ) -> anyhow::Result<()> {
        let insert = sqlx::query(
            "INSERT INTO worker_ends (run_id, at, role, reason, message) VALUES (?, ?, ?, ?, ?)",
        );
        let insert = insert.bind(run.0).bind(now()).bind(role).bind(reason);
        insert.bind(message).execute(&self.pool).await?;
        Ok(())
    }

    /// Notes that a worker in good health was replaced, and why.
    pub async fn note_worker_recycled(
        &self,
        run: RunId,
        role: &str,
        reason: &str,
    ) -> anyhow::Result<()> {
        let reason = format!("{RECYCLED}{reason}");
        self.note_worker_end(run, role, &reason, "").await
    }

    /// How much is left to do.
    pub async fn backlog(&self) -> anyhow::Result<Backlog> {
        let rows = sqlx::query(
            "SELECT state = 'leased', count(*) FROM pages WHERE state IN ('queued', 'leased') GROUP BY 1",
        );
        let mut backlog = Backlog::default();
        for row in rows.fetch_all(&self.pool).await? {
            let number = row.get::<i64, _>(1) as u64;
            match row.get(0) {
                true => backlog.leased = number,
                false => backlog.queued = number,
            }
        }
        Ok(backlog)
    }

    /// The run with this number, or the latest.
    pub async fn run(&self, id: Option<i64>) -> anyhow::Result<Option<RunRow>> {
        let row = sqlx::query(
            "SELECT id, started_at, finished_at, pid, process_start, boot_id, version, settings, summary FROM runs
             WHERE id = coalesce(?, (SELECT max(id) FROM runs))",
        );
        let Some(row) = row.bind(id).fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let process = ProcessId::of_row(&row);
        let json = |text: &str| serde_json::from_str(text).context("a stored run does not parse");
        let finished_at: Option<i64> = row.get(2);
        Ok(Some(RunRow {
            id: RunId(row.get(0)),
            started_at: row.get(1),
            finished_at,
            is_alive: finished_at.is_none() && process.is_alive(),
            version: row.get(6),
            settings: json(row.get(7))?,
            summary: row.get::<Option<&str>, _>(8).map(json).transpose()?,
        }))
    }

    /// The run's attempts with an id above `after`, in their order: call again
    /// with the last one's id until none comes.
    pub async fn attempts_after(
        &self,
        run: RunId,
        after: i64,
        limit: u32,
    ) -> anyhow::Result<Vec<Attempt>> {
        let rows = sqlx::query(
            "SELECT id, page_id, created_at, reason, stage_seconds FROM readings
             WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
        );
        let rows = rows.bind(run.0).bind(after).bind(limit);
        let attempt = |row: SqliteRow| {
            Ok(Attempt {
                id: row.get(0),
                page_id: row.get(1),
                at: row.get(2),
                reason: row.get(3),
                seconds: serde_json::from_str(row.get(4)).context("stored seconds do not parse")?,
            })
        };
        let rows = rows.fetch_all(&self.pool).await?;
        rows.into_iter().map(attempt).collect()
    }

    /// How each page of the run ended in it: pages by the reason of their last
    /// attempt's failure; an empty one for those that were done.
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
        let rows = sqlx::query(
            "SELECT coalesce(doc_type, ''), status, count(*) FROM records WHERE run_id = ? GROUP BY 1, 2",
        );
        let rows = rows.bind(run.0).fetch_all(&self.pool).await?;
        let row = |row: SqliteRow| ((row.get(0), row.get(1)), row.get::<i64, _>(2) as u64);
        Ok(rows.into_iter().map(row).collect())
    }

    /// Why records of the run need a person: records by the code of a finding.
    pub async fn doubts_of_run(&self, run: RunId) -> anyhow::Result<BTreeMap<String, u64>> {
        self.count_by(
            run,
            "SELECT f.code, count(DISTINCT r.id) FROM records r JOIN findings f ON f.record_id = r.id
             WHERE r.run_id = ?1 AND r.status = 'needs_review' AND f.severity <> 'info' GROUP BY 1",
        )
        .await
    }

    /// Files that this run saw last, by the reason for which they were turned
    /// away; an empty one for those that were taken in.
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
        let rows = sqlx::query(query).bind(run.0).fetch_all(&self.pool).await?;
        let row = |row: SqliteRow| (row.get(0), row.get::<i64, _>(1) as u64);
        Ok(rows.into_iter().map(row).collect())
    }

    /// Where a page is: its document's path as last seen, and its index.
    pub async fn page_place(&self, page_id: i64) -> anyhow::Result<(PathBuf, u32)> {
        let row = sqlx::query(
            "SELECT s.path, p.page_index FROM pages p JOIN sources s ON s.document_id = p.document_id
             WHERE p.id = ? ORDER BY s.run_id DESC, s.path LIMIT 1",
        );
        let row = row.bind(page_id).fetch_one(&self.pool).await?;
        Ok((OsString::from_vec(row.get(0)).into(), row.get(1)))
    }

    pub async fn samples(&self, run: RunId) -> anyhow::Result<Vec<Sample>> {
        let rows = sqlx::query(
            "SELECT at, role, processes, resident FROM run_samples WHERE run_id = ? ORDER BY at, role",
        );
        let sample = |row: SqliteRow| Sample {
            at: row.get(0),
            role: row.get(1),
            processes: row.get(2),
            resident: row.get::<i64, _>(3) as u64,
        };
        let rows = rows.bind(run.0).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(sample).collect())
    }

    /// What each reader of the run did: the first, then those that pages climbed
    /// to.
    pub async fn readers_of_run(&self, run: RunId) -> anyhow::Result<Vec<ReaderRow>> {
        // A page that was not routed, or failed before, came to no reader.
        let rows = sqlx::query(
            "SELECT m.name, r.climb_id IS NOT NULL, count(*), count(r.reason), count(DISTINCT r.page_id),
                total(json_extract(r.stage_seconds, '$.read')), coalesce(sum(r.input_tokens), 0),
                coalesce(sum(r.output_tokens), 0), sum(r.cost), max(r.currency)
             FROM readings r JOIN models m ON m.hash = r.model_hash
             WHERE r.run_id = ? AND (r.input_tokens IS NOT NULL OR json_extract(r.stage_seconds, '$.read') IS NOT NULL)
             GROUP BY r.model_hash, r.climb_id IS NOT NULL ORDER BY 2, m.name",
        );
        let number = |row: &SqliteRow, column: usize| row.get::<i64, _>(column) as u64;
        let reader = |row: SqliteRow| ReaderRow {
            name: row.get(0),
            climbed: row.get(1),
            calls: number(&row, 2),
            failed: number(&row, 3),
            pages: number(&row, 4),
            seconds: row.get(5),
            input_tokens: number(&row, 6),
            output_tokens: number(&row, 7),
            cost: row.get(8),
            currency: row.get(9),
        };
        let rows = rows.bind(run.0).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(reader).collect())
    }

    /// Workers that were replaced in good health, by role and reason.
    pub async fn workers_recycled(
        &self,
        run: RunId,
    ) -> anyhow::Result<BTreeMap<String, BTreeMap<String, u64>>> {
        let rows = sqlx::query(
            "SELECT role, substr(reason, length(?2) + 1), count(*) FROM worker_ends
             WHERE run_id = ?1 AND substr(reason, 1, length(?2)) = ?2 GROUP BY 1, 2",
        );
        let mut recycled = BTreeMap::<String, BTreeMap<String, u64>>::new();
        for row in rows
            .bind(run.0)
            .bind(RECYCLED)
            .fetch_all(&self.pool)
            .await?
        {
            let reasons = recycled.entry(row.get(0)).or_default();
            reasons.insert(row.get(1), row.get::<i64, _>(2) as u64);
        }
        Ok(recycled)
    }

    /// Those that died, in that order.
    pub async fn worker_ends(&self, run: RunId) -> anyhow::Result<Vec<WorkerEnd>> {
        let rows = sqlx::query(
            "SELECT at, role, reason, message FROM worker_ends
             WHERE run_id = ?1 AND substr(reason, 1, length(?2)) <> ?2 ORDER BY id",
        );
        let end = |row: SqliteRow| WorkerEnd {
            at: row.get(0),
            role: row.get(1),
            reason: row.get(2),
            message: row.get(3),
        };
        let rows = rows.bind(run.0).bind(RECYCLED);
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(end).collect())
    }
}
