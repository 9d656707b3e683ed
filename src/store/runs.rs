use serde_json::Value;
use sqlx::Row;

use super::process::ProcessId;
use super::{RunId, Store, now};

/// What a run works with.
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

impl Store {
    pub async fn begin_run(&self, new: &NewRun) -> anyhow::Result<RunId> {
        let process = ProcessId::of_self();
        let mut tx = self.write().await?;
        let run = sqlx::query(
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
        .await?
        .get(0);
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
        Ok(RunId(run))
    }

    pub async fn finish_run(&self, run: RunId, summary: &Value) -> anyhow::Result<()> {
        let update = sqlx::query("UPDATE runs SET finished_at = ?, summary = ? WHERE id = ?");
        update
            .bind(now())
            .bind(summary.to_string())
            .bind(run.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Queues the pages held by runs whose process is gone. Returns how many.
    pub async fn reclaim(&self, run: RunId) -> anyhow::Result<u64> {
        let mut tx = self.write().await?;
        let holders = sqlx::query(
            "SELECT id, pid, process_start, boot_id FROM runs
             WHERE id <> ? AND id IN (SELECT run_id FROM pages WHERE state = 'leased')",
        )
        .bind(run.0)
        .fetch_all(&mut *tx)
        .await?;
        let mut freed = 0;
        for holder in holders {
            let process = ProcessId::of_row(&holder);
            if process.is_alive() {
                continue;
            }
            let free = sqlx::query(
                "UPDATE pages SET state = 'queued', lease_token = NULL, lease_until = NULL
                 WHERE state = 'leased' AND run_id = ?",
            );
            freed += free
                .bind(holder.get::<i64, _>(0))
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        Ok(freed)
    }
}
