//! Batches as JSON, for the command line and the API.

use serde::Serialize;
use utoipa::ToSchema;

use super::batch::ExportOutcome;
use super::plan::{Held, PartlyDue};
use crate::domain::money;
use crate::domain::time::rfc3339;
use crate::store::BatchRow;

/// A batch, with the names that its manifest uses.
#[derive(Serialize, ToSchema)]
#[schema(as = Batch)]
pub struct BatchView {
    /// Its number.
    batch: i64,
    target: String,
    /// RFC 3339, UTC.
    created: String,
    created_by: String,
    folder: String,
    /// Names of its files.
    files: Vec<String>,
    /// Number of bills.
    documents: i64,
    /// Number of bills that were reversed.
    reversed: i64,
    /// Whether its files were written to the folder.
    written: bool,
    /// A document in it was forgotten: its files cannot be written again.
    forgotten: bool,
}

/// What an export did.
#[derive(Serialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportView {
    /// Batches of interrupted exports whose files were written now.
    finished: Vec<BatchView>,
    /// Null: there was nothing to export.
    batch: Option<BatchView>,
    /// Number of source files beside the rows.
    source_files: usize,
    /// Bills that were not exported.
    held: Vec<HeldView>,
    /// Bills that the target does not take.
    not_for_target: Vec<HeldView>,
    /// Exported bills of which another amount than the gross total is due.
    partly_due: Vec<PartlyDueView>,
    /// Number of bills that the target has already.
    exported_before: usize,
    /// Number of bills that need review or failed.
    not_accepted: usize,
    /// Number of records that a person rejected or found to be no bill.
    set_aside: usize,
}

/// An exported bill whose amount due is not its gross total.
#[derive(Serialize, ToSchema)]
#[schema(as = PartlyDue)]
struct PartlyDueView {
    record: i64,
    amount_due: String,
    gross: String,
    currency: String,
}

/// A bill that was not exported.
#[derive(Serialize, ToSchema)]
#[schema(as = Held)]
struct HeldView {
    record: i64,
    path: String,
    /// A code of docs/accounting-import.md.
    reason: &'static str,
    /// Why, and what to do.
    message: String,
}

impl BatchView {
    pub fn of(batch: &BatchRow) -> BatchView {
        BatchView {
            batch: batch.id,
            target: batch.target.clone(),
            created: rfc3339(batch.created_at),
            created_by: batch.created_by.clone(),
            folder: batch.folder.to_string_lossy().into_owned(),
            files: batch.files.lines().map(str::to_owned).collect(),
            documents: batch.lines,
            reversed: batch.reversed,
            written: batch.is_written,
            forgotten: batch.is_forgotten,
        }
    }
}

impl ExportView {
    pub fn of(outcome: &ExportOutcome) -> ExportView {
        ExportView {
            finished: outcome.finished.iter().map(BatchView::of).collect(),
            batch: outcome.batch.as_ref().map(BatchView::of),
            source_files: outcome.source_files,
            held: outcome.held.iter().map(HeldView::of).collect(),
            not_for_target: outcome.not_for_target.iter().map(HeldView::of).collect(),
            partly_due: outcome.partly_due.iter().map(PartlyDueView::of).collect(),
            exported_before: outcome.exported_before,
            not_accepted: outcome.not_accepted,
            set_aside: outcome.set_aside,
        }
    }
}

impl PartlyDueView {
    fn of(bill: &PartlyDue) -> PartlyDueView {
        PartlyDueView {
            record: bill.record,
            amount_due: money(bill.amount_due),
            gross: money(bill.gross),
            currency: bill.currency.clone(),
        }
    }
}

impl HeldView {
    fn of(held: &Held) -> HeldView {
        HeldView {
            record: held.record,
            path: held.path.clone(),
            reason: held.hold.code.as_str(),
            message: held.hold.message.clone(),
        }
    }
}
