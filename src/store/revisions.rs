//! A document's revision, which identifies the results that its records are made from.

use sqlx::{Sqlite, Transaction};

use super::columns::DocumentId;

/// Reopens a document whose records no longer follow from its pages.
pub(super) async fn reopen(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<()> {
    let update =
        sqlx::query("UPDATE documents SET state = 'open', revision = revision + 1 WHERE id = ?");
    update.bind(document).execute(&mut **tx).await.map(drop)
}

/// Whether pages of the document are queued or leased.
pub(super) async fn has_open_pages(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<bool> {
    let open = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pages WHERE document_id = ? AND state IN ('queued', 'leased'))",
    );
    open.bind(document).fetch_one(&mut **tx).await
}

/// Marks an open document of this revision as recorded. `false`: its pages changed since
/// they were loaded, or another run recorded it.
pub(super) async fn close(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    revision: i64,
) -> sqlx::Result<bool> {
    let close = sqlx::query(
        "UPDATE documents SET state = 'recorded' WHERE id = ? AND revision = ? AND state = 'open'
         AND NOT EXISTS (SELECT 1 FROM pages WHERE document_id = documents.id AND state IN ('queued', 'leased'))",
    );
    let close = close.bind(document).bind(revision);
    Ok(close.execute(&mut **tx).await?.rows_affected() > 0)
}
