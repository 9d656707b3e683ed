//! Runs: their engines and types, their outcomes, and the leases of dead ones.

use serde_json::Value;
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{RunId, now};
use super::database::Store;
use super::process::ProcessId;

/// The models, prompts and schemas of a run.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub settings: Value,
    pub models: Vec<ModelInfo>,
    pub prompts: Vec<PromptInfo>,
    pub schemas: Vec<SchemaInfo>,
}

#[derive(Clone, Debug)]
pub struct ModelInfo {
    pub hash: String,
    /// `reader` or `clip`.
    pub role: String,
    pub name: String,
}

#[derive(Clone, Debug)]
pub struct PromptInfo {
    pub hash: String,
    pub doc_type: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct SchemaInfo {
    pub hash: String,
    pub doc_type: String,
    pub schema: String,
}

/// How a run ended. One that was killed has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RunOutcome {
    /// Nothing was queued any more.
    Completed,
    /// It was stopped earlier.
    Interrupted,
}

/// A run that has leases on pages.
#[derive(FromRow)]
struct Holder {
    id: RunId,
    #[sqlx(flatten)]
    process: ProcessId,
}

impl Store {
    pub async fn begin_run(&self, new: &NewRun) -> anyhow::Result<RunId> {
        let process = ProcessId::of_self();
        let mut tx = self.write().await?;
        let run = sqlx::query_scalar(
            "INSERT INTO runs (started_at, pid, process_start, boot_id, version, settings)
             VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(now())
        .bind(process.pid)
        .bind(process.start)
        .bind(process.boot_id)
        .bind(env!("CARGO_PKG_VERSION"))
        .bind(new.settings.to_string())
        .fetch_one(&mut *tx)
        .await?;
        for model in &new.models {
            let insert =
                sqlx::query("INSERT OR IGNORE INTO models (hash, role, name) VALUES (?, ?, ?)");
            insert
                .bind(&model.hash)
                .bind(&model.role)
                .bind(&model.name)
                .execute(&mut *tx)
                .await?;
        }
        for prompt in &new.prompts {
            let insert = sqlx::query(
                "INSERT OR IGNORE INTO prompts (hash, doc_type, text) VALUES (?, ?, ?)",
            );
            insert
                .bind(&prompt.hash)
                .bind(&prompt.doc_type)
                .bind(&prompt.text)
                .execute(&mut *tx)
                .await?;
        }
        for schema in &new.schemas {
            let insert = sqlx::query(
                "INSERT OR IGNORE INTO schemas (hash, doc_type, schema) VALUES (?, ?, ?)",
            );
            insert
                .bind(&schema.hash)
                .bind(&schema.doc_type)
                .bind(&schema.schema)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(run)
    }

    pub async fn finish_run(
        &self,
        run: RunId,
        outcome: RunOutcome,
        summary: &Value,
    ) -> anyhow::Result<()> {
        let update =
            sqlx::query("UPDATE runs SET finished_at = ?, outcome = ?, summary = ? WHERE id = ?");
        let outcome: &str = outcome.into();
        let update = update.bind(now()).bind(outcome).bind(summary.to_string());
        update.bind(run).execute(&self.pool).await?;
        Ok(())
    }

    /// Queues the pages with leases of runs whose process has ended. Returns their number.
    pub async fn reclaim(&self, run: RunId) -> anyhow::Result<u64> {
        let mut tx = self.write().await?;
        let mut freed = 0;
        for holder in dead_holders(&mut tx).await? {
            if holder == run {
                continue;
            }
            let free = sqlx::query(
                "UPDATE pages SET state = 'queued', lease_token = NULL, lease_until = NULL
                 WHERE state = 'leased' AND run_id = ?",
            );
            let free = free.bind(holder).execute(&mut *tx).await?;
            freed += free.rows_affected();
        }
        tx.commit().await?;
        Ok(freed)
    }

    /// Pages that are held by runs whose process is gone: the next run queues them.
    pub async fn abandoned_pages(&self) -> anyhow::Result<u64> {
        let mut tx = self.pool.begin().await?;
        let mut abandoned = 0;
        for holder in dead_holders(&mut tx).await? {
            let pages = sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM pages WHERE state = 'leased' AND run_id = ?",
            );
            abandoned += pages.bind(holder).fetch_one(&mut *tx).await? as u64;
        }
        Ok(abandoned)
    }
}

/// Runs that hold pages and whose process is gone.
async fn dead_holders(tx: &mut Transaction<'_, Sqlite>) -> sqlx::Result<Vec<RunId>> {
    let holders = sqlx::query_as::<_, Holder>(
        "SELECT id, pid, process_start, boot_id FROM runs
         WHERE id IN (SELECT run_id FROM pages WHERE state = 'leased')",
    );
    let holders = holders.fetch_all(&mut **tx).await?.into_iter();
    let dead = holders.filter(|holder| !holder.process.is_alive());
    Ok(dead.map(|holder| holder.id).collect())
}
