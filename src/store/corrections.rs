//! Corrections and approvals of records.
//!
//! A correction makes a new record in place of the old one, which stays and is not
//! current. The history never changes; it is deleted with its document.

use serde::Serialize;
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, RunId, now};
use super::database::Store;
use super::records::insert_record;
use crate::domain::Record;

/// A value before and after a correction; null where there was none.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    pub field: String,
    pub before: serde_json::Value,
    pub after: serde_json::Value,
}

/// A correction by one person at one time.
#[derive(Clone, Copy, Debug)]
pub struct Correction<'a> {
    pub changes: &'a [FieldChange],
    /// Whether the person found the record right: it is then accepted.
    pub approve: bool,
    pub by: &'a str,
    pub reason: &'a str,
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub struct ChangeRow {
    /// The record before the change.
    pub record_id: i64,
    /// Unix milliseconds.
    pub changed_at: i64,
    pub changed_by: String,
    /// `None`: the record was approved.
    pub field: Option<String>,
    /// The value before, as JSON.
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: String,
}

impl Store {
    /// Stores `new` in place of the current record `id`. Returns its number. Returns
    /// `None` and stores nothing where the record is not current any more.
    pub async fn correct(
        &self,
        id: i64,
        new: &Record,
        correction: Correction<'_>,
    ) -> anyhow::Result<Option<i64>> {
        let mut tx = self.write().await?;
        let made = replace(&mut tx, id, new, &correction).await?;
        if made.is_some() {
            tx.commit().await?;
        }
        Ok(made)
    }

    /// The history of a document's records, oldest first.
    pub async fn changes(&self, document: DocumentId) -> anyhow::Result<Vec<ChangeRow>> {
        let rows = sqlx::query_as(
            "SELECT record_id, changed_at, changed_by, field, before, after, reason FROM record_changes
             WHERE document_id = ? ORDER BY id",
        );
        Ok(rows.bind(document).fetch_all(&self.pool).await?)
    }

    /// Whether a person approved this record.
    pub async fn is_approved(&self, record: i64) -> anyhow::Result<bool> {
        let approved = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM record_changes WHERE made_record_id = ? AND field IS NULL)",
        );
        Ok(approved.bind(record).fetch_one(&self.pool).await?)
    }
}

/// [`Store::correct`] within a transaction.
pub(super) async fn replace(
    tx: &mut Transaction<'_, Sqlite>,
    id: i64,
    new: &Record,
    correction: &Correction<'_>,
) -> anyhow::Result<Option<i64>> {
    let retire = sqlx::query_as::<_, (DocumentId, i64, RunId)>(
        "UPDATE records SET current = 0 WHERE id = ? AND current = 1 RETURNING document_id, ordinal, run_id",
    );
    let retired = retire.bind(id).fetch_optional(&mut **tx).await?;
    let Some((document, ordinal, run)) = retired else {
        return Ok(None);
    };
    let made = insert_record(tx, run, document, ordinal as usize, new).await?;
    for change in correction.changes {
        let values = (
            Some(change.before.to_string()),
            Some(change.after.to_string()),
        );
        let field = Some(change.field.as_str());
        insert_change(tx, document, [id, made], correction, field, values).await?;
    }
    if correction.approve {
        insert_change(tx, document, [id, made], correction, None, (None, None)).await?;
    }
    Ok(Some(made))
}

async fn insert_change(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    [record, made]: [i64; 2],
    correction: &Correction<'_>,
    field: Option<&str>,
    (before, after): (Option<String>, Option<String>),
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO record_changes
            (document_id, record_id, made_record_id, changed_at, changed_by, field, before, after, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(document).bind(record).bind(made).bind(now());
    let insert = insert
        .bind(correction.by)
        .bind(field)
        .bind(before)
        .bind(after);
    insert
        .bind(correction.reason)
        .execute(&mut **tx)
        .await
        .map(drop)
}
