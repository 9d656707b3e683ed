//! Seeded errors: accepted records that a review page shows with one altered value, to see
//! whether people notice.
//!
//! The altered value is stored here alone. The record keeps its own, and a trigger refuses a
//! correction of it that would take the altered one.

use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;

use super::columns::{JsonColumn, now};
use super::database::Store;
use super::sample::end_of_sample;

/// A record that is shown with an altered value until somebody has decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededError {
    pub record: i64,
    pub field: String,
    /// The altered value.
    pub shown: Value,
}

/// How many seeded errors people found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, FromRow, utoipa::ToSchema)]
pub struct SeededCounts {
    /// Records that were approved with the error, or of which it was mended.
    #[sqlx(try_from = "i64")]
    pub decided: u64,
    /// Of these, those of which it was mended.
    #[sqlx(try_from = "i64")]
    pub found: u64,
}

#[derive(FromRow)]
struct Row {
    record_id: i64,
    field: String,
    shown: JsonColumn<Value>,
}

/// The row `e` has an error that nobody has decided about; the record `r` is as it was.
macro_rules! open_seeded {
    () => {
        "e.field IS NOT NULL AND e.decided_at IS NULL AND r.current = 1 AND r.status = 'accepted'"
    };
}
pub(super) use open_seeded;

/// The rows with an error that nobody has decided about.
macro_rules! select_open {
    () => {
        concat!(
            "SELECT e.record_id, e.field, e.shown FROM seeded_errors e JOIN records r ON r.id = e.record_id
             WHERE ",
            open_seeded!()
        )
    };
}

impl Store {
    /// At most `most` records, accepted without a person, of the documents in the share (the
    /// setting `review.seeded_share`) that have no row here. None that somebody has open.
    pub async fn to_seed(&self, share: f64, most: u32) -> anyhow::Result<Vec<i64>> {
        // Other digits of the hash than those that decide on the sample.
        let ids = sqlx::query_scalar(
            "SELECT r.id FROM records r JOIN documents d ON d.id = r.document_id
             WHERE substr(d.blake3, 9, 8) < ? AND r.current = 1 AND r.status = 'accepted' AND r.source = 'model'
                AND NOT EXISTS (SELECT 1 FROM record_changes WHERE made_record_id = r.id)
                AND NOT EXISTS (SELECT 1 FROM seeded_errors WHERE record_id = r.id)
                AND NOT EXISTS (SELECT 1 FROM review_locks WHERE record_id = r.id)
             ORDER BY r.id LIMIT ?",
        );
        let ids = ids.bind(end_of_sample(share)).bind(most);
        Ok(ids.fetch_all(&self.pool).await?)
    }

    /// Stores the error of a record; `None`: it has no value that can be altered.
    pub async fn seed(&self, record: i64, error: Option<&SeededError>) -> anyhow::Result<()> {
        let insert = sqlx::query(
            "INSERT OR IGNORE INTO seeded_errors (record_id, field, shown, seeded_at) VALUES (?, ?, ?, ?)",
        );
        let insert = insert.bind(record);
        let insert = insert.bind(error.map(|error| &error.field));
        let insert = insert.bind(error.map(|error| error.shown.to_string()));
        insert.bind(now()).execute(&self.pool).await?;
        Ok(())
    }

    /// The errors that nobody has decided about.
    pub async fn seeded_errors(&self) -> anyhow::Result<Vec<SeededError>> {
        let rows = sqlx::query_as::<_, Row>(select_open!());
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(error).collect())
    }

    /// As [`Store::seeded_errors`], of one record.
    pub async fn seeded_error(&self, record: i64) -> anyhow::Result<Option<SeededError>> {
        let row = sqlx::query_as::<_, Row>(concat!(select_open!(), " AND e.record_id = ?"));
        let row = row.bind(record).fetch_optional(&self.pool).await?;
        Ok(row.map(error))
    }

    /// Stores who decided about a record with a seeded error, which then has its own value
    /// again. `found`: whether the value was mended; `None`: the decision does not say.
    pub async fn settle_seeded(
        &self,
        record: i64,
        by: &str,
        found: Option<bool>,
    ) -> anyhow::Result<()> {
        let update = sqlx::query(
            "UPDATE seeded_errors SET decided_at = ?, decided_by = ?, is_found = ?
             WHERE record_id = ? AND decided_at IS NULL",
        );
        let update = update.bind(now()).bind(by).bind(found).bind(record);
        update.execute(&self.pool).await?;
        Ok(())
    }

    pub async fn seeded_counts(&self) -> anyhow::Result<SeededCounts> {
        let counts = sqlx::query_as(
            "SELECT count(is_found) AS decided, coalesce(sum(is_found), 0) AS found FROM seeded_errors",
        );
        Ok(counts.fetch_one(&self.pool).await?)
    }
}

fn error(row: Row) -> SeededError {
    SeededError {
        record: row.record_id,
        field: row.field,
        shown: row.shown.0,
    }
}

#[cfg(test)]
#[path = "seeded_tests.rs"]
mod tests;
