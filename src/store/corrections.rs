//! Corrections of records, and decisions about them.
//!
//! A correction makes a new record in place of the old one, which stays and is not
//! current; a decision to set a record aside changes its status alone. The history never
//! changes; it is deleted with its document.

use jiff::civil::Date;
use serde::Serialize;
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, JsonColumn, NameColumn, RunId, now};
use super::database::Store;
use super::records::insert_record;
use super::second_approval::{self, Approval};
use super::suppliers;
use crate::domain::{Decision, Finding, Record, Status, SupplierCard};

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
    /// The setting `review.second_approval_from`.
    pub second_approval_from: Option<u64>,
}

/// Why a correction is not stored.
#[derive(Debug, thiserror::Error)]
#[error(
    "{shown} is no value of this document: the review page showed it as a seeded error. Load the record again"
)]
pub struct SeededValue {
    shown: serde_json::Value,
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeRow {
    /// The record before the change.
    pub record_id: i64,
    /// The record that it was made in.
    pub made_record_id: i64,
    /// Unix milliseconds.
    pub changed_at: i64,
    pub changed_by: String,
    /// `None`: a decision about the record.
    pub field: Option<String>,
    /// The value before, as JSON.
    pub before: Option<String>,
    pub after: Option<String>,
    pub decision: Option<Decision>,
    /// The day on which a postponed record comes back.
    pub until: Option<String>,
    pub reason: String,
}

#[derive(FromRow)]
struct Columns {
    record_id: i64,
    made_record_id: i64,
    changed_at: i64,
    changed_by: String,
    field: Option<String>,
    before: Option<String>,
    after: Option<String>,
    decision: Option<NameColumn<Decision>>,
    until: Option<String>,
    reason: String,
}

/// A row of the history that is to be stored.
pub(super) struct NewChange<'a> {
    pub document: DocumentId,
    pub record: i64,
    pub made_record: i64,
    pub by: &'a str,
    pub reason: &'a str,
    pub what: What<'a>,
}

pub(super) enum What<'a> {
    Value(&'a FieldChange),
    /// With the day on which a postponed record comes back.
    Decision(Decision, Option<Date>),
}

impl Store {
    /// Stores `new` in place of the current record `id`, or as one that a second person
    /// must approve. Returns its number. Returns `None` and stores nothing where the record
    /// is not current any more.
    pub async fn correct(
        &self,
        id: i64,
        new: &mut Record,
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
        let rows = sqlx::query_as::<_, Columns>(
            "SELECT record_id, made_record_id, changed_at, changed_by, field, before, after, decision,
                until, reason
             FROM record_changes WHERE document_id = ? ORDER BY id",
        );
        let rows = rows.bind(document).fetch_all(&self.pool).await?;
        let row = |row: Columns| ChangeRow {
            record_id: row.record_id,
            made_record_id: row.made_record_id,
            changed_at: row.changed_at,
            changed_by: row.changed_by,
            field: row.field,
            before: row.before,
            after: row.after,
            decision: row.decision.map(|NameColumn(decision)| decision),
            until: row.until,
            reason: row.reason,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Whether a person approved this record.
    pub async fn is_approved(&self, record: i64) -> anyhow::Result<bool> {
        let approved = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM record_changes WHERE made_record_id = ? AND decision IN ('approved', 'second_approval'))",
        );
        Ok(approved.bind(record).fetch_one(&self.pool).await?)
    }
}

/// [`Store::correct`] within a transaction.
pub(super) async fn replace(
    tx: &mut Transaction<'_, Sqlite>,
    id: i64,
    new: &mut Record,
    correction: &Correction<'_>,
) -> anyhow::Result<Option<i64>> {
    let retire = sqlx::query_as::<_, (DocumentId, i64, RunId, NameColumn<Status>)>(
        "UPDATE records SET current = 0 WHERE id = ? AND current = 1
         RETURNING document_id, ordinal, run_id, status",
    );
    let retired = retire.bind(id).fetch_optional(&mut **tx).await?;
    let Some((document, ordinal, run, NameColumn(old))) = retired else {
        return Ok(None);
    };
    refuse_seeded(tx, id, correction.changes).await?;
    let card = suppliers::card(tx, &new.fields).await?;
    let card = card.as_ref();
    let is_flagged =
        correction.changes.iter().any(is_of_seller) && flag_again(new, card, correction.changes);
    let approval = (correction.approve && !is_flagged).then_some(match correction.changes {
        [] => Approval::Unchanged,
        _ => Approval::Changed,
    });
    let from = correction.second_approval_from;
    let decision = second_approval::settle(old, new, approval, from, card);
    let made = insert_record(tx, run, document, ordinal as usize, new).await?;
    let new_change = |what| NewChange {
        document,
        record: id,
        made_record: made,
        by: correction.by,
        reason: correction.reason,
        what,
    };
    for change in correction.changes {
        insert_change(tx, new_change(What::Value(change))).await?;
    }
    if let Some(decision) = decision {
        insert_change(tx, new_change(What::Decision(decision, None))).await?;
    }
    Ok(Some(made))
}

/// `Err` where a change would give the record the altered value that was shown of it.
async fn refuse_seeded(
    tx: &mut Transaction<'_, Sqlite>,
    record: i64,
    changes: &[FieldChange],
) -> anyhow::Result<()> {
    let seeded = sqlx::query_as::<_, (String, JsonColumn<serde_json::Value>)>(
        "SELECT field, shown FROM seeded_errors WHERE record_id = ? AND field IS NOT NULL",
    );
    let seeded = seeded.bind(record).fetch_optional(&mut **tx).await?;
    if let Some((field, JsonColumn(shown))) = seeded
        && changes
            .iter()
            .any(|change| change.field == field && change.after == shown)
    {
        return Err(SeededValue { shown }.into());
    }
    Ok(())
}

/// Whether the seller is another one with this change.
fn is_of_seller(change: &FieldChange) -> bool {
    let is_identity = matches!(change.field.as_str(), "seller_name" | "seller_vat_id");
    is_identity && change.before != change.after
}

/// Compares a record with the card of its new seller, apart from the values that the
/// person entered. With a difference, which the person has not seen, the record needs
/// review. Returns whether there is one.
fn flag_again(new: &mut Record, card: Option<&SupplierCard>, changes: &[FieldChange]) -> bool {
    let is_old = |finding: &Finding| finding.code.is_about_supplier();
    new.findings.retain(|finding| !is_old(finding));
    let is_entered = |finding: &Finding| {
        let mut fields = changes.iter().map(|change| change.field.as_str());
        fields.any(|field| finding.field.as_deref() == Some(field))
    };
    let differences = card.map(|card| card.differences(new)).unwrap_or_default();
    let mut is_flagged = false;
    for finding in differences
        .into_iter()
        .filter(|finding| !is_entered(finding))
    {
        new.flag_for_review(finding);
        is_flagged = true;
    }
    is_flagged
}

pub(super) async fn insert_change(
    tx: &mut Transaction<'_, Sqlite>,
    change: NewChange<'_>,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO record_changes
            (document_id, record_id, made_record_id, changed_at, changed_by, reason,
             field, before, after, decision, until)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert
        .bind(change.document)
        .bind(change.record)
        .bind(change.made_record)
        .bind(now())
        .bind(change.by)
        .bind(change.reason);
    let insert = match change.what {
        What::Value(value) => insert
            .bind(&value.field)
            .bind(value.before.to_string())
            .bind(value.after.to_string())
            .bind(None::<&str>)
            .bind(None::<String>),
        What::Decision(decision, until) => insert
            .bind(None::<&str>)
            .bind(None::<String>)
            .bind(None::<String>)
            .bind(decision.as_str())
            .bind(until.map(|day| day.to_string())),
    };
    insert.execute(&mut **tx).await.map(drop)
}
