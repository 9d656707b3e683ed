//! Findings of stored records.

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::NameColumn;
use crate::domain::{Finding, FindingCode, Severity};

#[derive(FromRow)]
struct FindingRow {
    code: NameColumn<FindingCode>,
    severity: NameColumn<Severity>,
    field: Option<String>,
    message: String,
}

/// The findings of a record in the order in which they were made.
pub(super) async fn of_record(
    tx: &mut Transaction<'_, Sqlite>,
    record: i64,
) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query_as::<_, FindingRow>(
        "SELECT code, severity, field, message FROM findings WHERE record_id = ? ORDER BY id",
    );
    let finding = |row: FindingRow| Finding {
        code: row.code.0,
        severity: row.severity.0,
        field: row.field,
        message: row.message,
    };
    let rows = rows.bind(record).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(finding).collect())
}

pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    record: i64,
    finding: &Finding,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO findings (record_id, code, severity, field, message) VALUES (?, ?, ?, ?, ?)",
    );
    insert
        .bind(record)
        .bind(finding.code.as_str())
        .bind(finding.severity.as_str())
        .bind(&finding.field)
        .bind(&finding.message)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Adds a finding that needs a person to a stored record. Returns whether the record
/// was accepted before.
pub(super) async fn flag_for_review(
    tx: &mut Transaction<'_, Sqlite>,
    record: i64,
    finding: &Finding,
) -> sqlx::Result<bool> {
    insert(tx, record, finding).await?;
    let review = sqlx::query(
        "UPDATE records SET status = 'needs_review' WHERE id = ? AND status = 'accepted'",
    );
    let review = review.bind(record).execute(&mut **tx).await?;
    Ok(review.rows_affected() > 0)
}
