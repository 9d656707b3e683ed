//! Records that a person sets aside, postpones or opens again.

use jiff::civil::Date;
use serde::Serialize;
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, NameColumn};
use super::corrections::{NewChange, What, insert_change};
use super::database::Store;
use crate::domain::{Decision, Status};

/// A decision by which a record leaves the queue, or comes back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewDecision {
    Reject,
    NotABill,
    /// Until this day.
    Postpone(Date),
    Reopen,
}

/// Why a decision is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionRefusal {
    #[error("it was replaced meanwhile: `docmill show ID` names the record that replaced it")]
    NotCurrent,
    #[error("it is {} already", .0.in_words())]
    Already(Status),
    #[error("no page of it could be read: `docmill retry ID` reads it again")]
    Failed,
    #[error("it is {}: only a record that needs review is postponed", .0.in_words())]
    NotInQueue(Status),
    #[error(
        "it is open: only records that are rejected, not a bill, postponed or approved once are opened again"
    )]
    NotAside,
}

/// Records that come back to the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, FromRow, utoipa::ToSchema)]
pub struct Postponed {
    #[sqlx(try_from = "i64")]
    pub records: u64,
    /// The first day on which one does.
    pub next: Option<String>,
}

/// As [`Status::is_in_queue`], of the record `r`.
macro_rules! in_queue {
    () => {
        "r.status IN ('needs_review', 'needs_second_approval')"
    };
}
pub(super) use in_queue;

/// The records of which the last decision postpones them to a day after `?1`; with
/// `r` for records.
macro_rules! postponed {
    () => {
        "EXISTS (SELECT 1 FROM record_changes c WHERE c.made_record_id = r.id AND c.until > ?1
            AND c.id = (SELECT max(id) FROM record_changes WHERE made_record_id = r.id))"
    };
}
pub(super) use postponed;

#[derive(FromRow)]
struct Standing {
    document_id: DocumentId,
    status: NameColumn<Status>,
    is_postponed: bool,
}

impl Store {
    /// Decides about a current record, whose number stays. `today`: in the person's
    /// time zone. Returns its status.
    pub async fn decide(
        &self,
        id: i64,
        decision: NewDecision,
        today: Date,
        by: &str,
        reason: &str,
    ) -> anyhow::Result<Result<Status, DecisionRefusal>> {
        let mut tx = self.write().await?;
        let Some(standing) = standing(&mut tx, id, today).await? else {
            return Ok(Err(DecisionRefusal::NotCurrent));
        };
        let status = match status_after(decision, standing.status.0, standing.is_postponed) {
            Ok(status) => status,
            Err(why) => return Ok(Err(why)),
        };
        let update = sqlx::query("UPDATE records SET status = ? WHERE id = ?");
        let update = update.bind(status.as_str()).bind(id);
        update.execute(&mut *tx).await?;
        let what = match decision {
            NewDecision::Reject => What::Decision(Decision::Rejected, None),
            NewDecision::NotABill => What::Decision(Decision::NotABill, None),
            NewDecision::Postpone(until) => What::Decision(Decision::Postponed, Some(until)),
            NewDecision::Reopen => What::Decision(Decision::Reopened, None),
        };
        let change = NewChange {
            document: standing.document_id,
            record: id,
            made_record: id,
            by,
            reason,
            what,
        };
        insert_change(&mut tx, change).await?;
        tx.commit().await?;
        Ok(Ok(status))
    }

    /// The records that are postponed to a day after `today`.
    pub async fn postponed(&self, today: Date) -> anyhow::Result<Postponed> {
        let count = sqlx::query_as(concat!(
            "SELECT count(*) AS records, min((SELECT c.until FROM record_changes c
                WHERE c.made_record_id = r.id ORDER BY c.id DESC LIMIT 1)) AS next
             FROM records r WHERE r.current = 1 AND ",
            in_queue!(),
            " AND ",
            postponed!()
        ));
        Ok(count.bind(today.to_string()).fetch_one(&self.pool).await?)
    }
}

async fn standing(
    tx: &mut Transaction<'_, Sqlite>,
    id: i64,
    today: Date,
) -> sqlx::Result<Option<Standing>> {
    let standing = sqlx::query_as(concat!(
        "SELECT r.document_id, r.status, ",
        postponed!(),
        " AS is_postponed FROM records r WHERE r.id = ?2 AND r.current = 1"
    ));
    let standing = standing.bind(today.to_string()).bind(id);
    standing.fetch_optional(&mut **tx).await
}

fn status_after(
    decision: NewDecision,
    status: Status,
    is_postponed: bool,
) -> Result<Status, DecisionRefusal> {
    let aside = |to: Status| match status {
        Status::Failed => Err(DecisionRefusal::Failed),
        status if status == to => Err(DecisionRefusal::Already(status)),
        _ => Ok(to),
    };
    match decision {
        NewDecision::Reject => aside(Status::Rejected),
        NewDecision::NotABill => aside(Status::NotABill),
        NewDecision::Postpone(_) if status.is_in_queue() => Ok(status),
        NewDecision::Postpone(_) => Err(DecisionRefusal::NotInQueue(status)),
        NewDecision::Reopen if status.is_set_aside() => Ok(Status::NeedsReview),
        NewDecision::Reopen if status == Status::NeedsSecondApproval => Ok(Status::NeedsReview),
        NewDecision::Reopen if is_postponed => Ok(status),
        NewDecision::Reopen => Err(DecisionRefusal::NotAside),
    }
}

#[cfg(test)]
#[path = "decisions_tests.rs"]
mod tests;
