//! Finds out whether a person changed a document's records or decided about them. docmill
//! does not undo that without a finding.

use sqlx::{Sqlite, Transaction};

use super::columns::{DocumentId, NameColumn};
use crate::domain::{Finding, FindingCode, Status};

/// Whether a person changed a record of the row of `documents`.
macro_rules! corrected {
    () => {
        "EXISTS (SELECT 1 FROM record_changes WHERE document_id = documents.id)"
    };
}
pub(super) use corrected;

/// For records that are about to be replaced: a finding that names the last one that a
/// person changed or approved; `None` where no current record was.
pub(super) async fn corrected_before(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<Option<Finding>> {
    let corrected = sqlx::query_as::<_, (i64, NameColumn<Status>)>(
        "SELECT made_record_id, r.status FROM record_changes c JOIN records r ON r.id = c.made_record_id
         WHERE c.document_id = ? AND r.current = 1 ORDER BY c.id DESC LIMIT 1",
    );
    let corrected = corrected.bind(document).fetch_optional(&mut **tx).await?;
    Ok(corrected.map(|(record, NameColumn(status))| {
        let what = match status {
            Status::Rejected => "rejected this document",
            Status::NotABill => "found no bill in this document",
            _ => "corrected or approved this document",
        };
        let message = format!(
            "a person {what} as record {record} before it was read again: compare the values (docmill show {record})"
        );
        Finding::new(FindingCode::CorrectedBefore, None, message)
    }))
}
