//! The paths at which a document was seen.

use std::path::PathBuf;

use sqlx::{Sqlite, Transaction};

use super::columns::{DocumentId, PathColumn};

/// Whether the path of the row `s` of `sources` has been seen later with other content:
/// another document, or content that cannot be one. A path that could not be read may
/// still have its former content.
macro_rules! superseded {
    () => {
        "EXISTS (SELECT 1 FROM sources t WHERE t.path = s.path AND t.document_id IS NOT s.document_id
            AND (t.run_id, t.id) > (s.run_id, s.id)
            AND (t.reason IS NULL OR t.reason IN ('empty_file', 'corrupt', 'unsupported_type',
                'password_required', 'no_pages', 'not_a_document', 'too_large', 'too_small')))"
    };
}
pub(super) use superseded;

/// The document's paths in the order first seen, so that the path of a record
/// does not change when a copy appears. Superseded paths come last.
pub(super) async fn paths(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<Vec<PathBuf>> {
    let query = concat!(
        "SELECT path FROM sources s WHERE document_id = ? ORDER BY ",
        superseded!(),
        ", id"
    );
    fetch(tx, document, query).await
}

/// The document's paths in the order in which to look for the file: those that the latest
/// run saw come first.
pub(super) async fn latest_paths(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<Vec<PathBuf>> {
    let query = "SELECT path FROM sources WHERE document_id = ? ORDER BY run_id DESC, id";
    fetch(tx, document, query).await
}

async fn fetch(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    query: &'static str,
) -> sqlx::Result<Vec<PathBuf>> {
    let paths = sqlx::query_scalar::<_, PathColumn>(query).bind(document);
    let paths = paths.fetch_all(&mut **tx).await?;
    Ok(paths.into_iter().map(|PathColumn(path)| path).collect())
}
