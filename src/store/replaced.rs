//! A file whose content was changed in place: what was read of it before is
//! no longer what lies there, and is not to be booked beside it.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sqlx::{Sqlite, Transaction};

use super::{DocumentId, documents, jobs, records};
use crate::domain::{Finding, FindingCode};

/// Whether the path of the row `s` of `sources` has been seen with other content
/// since: another document, or such as can be none. What could not be looked at
/// may be what it was.
macro_rules! superseded {
    () => {
        "EXISTS (SELECT 1 FROM sources t WHERE t.path = s.path AND t.document_id IS NOT s.document_id
            AND (t.run_id, t.id) > (s.run_id, s.id)
            AND (t.reason IS NULL OR t.reason IN ('empty_file', 'corrupt', 'unsupported_type',
                'password_required', 'no_pages', 'too_large', 'too_small')))"
    };
}
pub(super) use superseded;

/// Whether each path of the document has been.
const IS_REPLACED: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM sources WHERE document_id = ?1) AND NOT EXISTS
    (SELECT 1 FROM sources s WHERE s.document_id = ?1 AND NOT ",
    superseded!(),
    ")"
);

/// What to say of the document's records where its file holds something else
/// by now.
pub(super) async fn finding(
    tx: &mut Transaction<'_, Sqlite>,
    document: i64,
) -> sqlx::Result<Option<Finding>> {
    let is_replaced = sqlx::query_scalar(IS_REPLACED).bind(document);
    if !is_replaced.fetch_one(&mut **tx).await? {
        return Ok(None);
    }
    let paths = jobs::paths(tx, document).await?;
    let path = match paths.first() {
        Some(path) => path.display().to_string(),
        None => "its file".to_owned(),
    };
    let message = format!(
        "{path} has held something else since: this row is what it said before; where the new content replaces it, do not book both"
    );
    Ok(Some(Finding::new(FindingCode::Replaced, None, message)))
}

/// Tells of the records of what `path` held before `document`, or before it was
/// turned away; those of the document itself, where it is back, are to be made
/// anew.
pub(super) async fn tell_of_path(
    tx: &mut Transaction<'_, Sqlite>,
    path: &Path,
    document: Option<DocumentId>,
) -> sqlx::Result<()> {
    let others = sqlx::query_scalar::<_, i64>(
        "SELECT DISTINCT document_id FROM sources WHERE path = ? AND document_id IS NOT NULL AND document_id IS NOT ?",
    );
    let others = others
        .bind(path.as_os_str().as_bytes())
        .bind(document.map(|document| document.0));
    let others = others.fetch_all(&mut **tx).await?;
    for &other in &others {
        if let Some(finding) = finding(tx, other).await? {
            tell_stored(tx, other, &finding).await?;
        }
    }
    let Some(document) = document else {
        return Ok(());
    };
    let is_back = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM records r JOIN findings f ON f.record_id = r.id
            WHERE r.document_id = ? AND r.current = 1 AND f.code = ?)",
    );
    if is_back
        .bind(document.0)
        .bind(FindingCode::Replaced.as_str())
        .fetch_one(&mut **tx)
        .await?
    {
        documents::reopen(tx, document).await?;
    }
    Ok(())
}

async fn tell_stored(
    tx: &mut Transaction<'_, Sqlite>,
    document: i64,
    finding: &Finding,
) -> sqlx::Result<()> {
    let untold = sqlx::query_scalar(
        "SELECT id FROM records WHERE document_id = ? AND current = 1 AND NOT EXISTS
            (SELECT 1 FROM findings f WHERE f.record_id = records.id AND f.code = ?)",
    );
    let untold = untold.bind(document).bind(FindingCode::Replaced.as_str());
    for id in untold.fetch_all(&mut **tx).await? {
        records::doubt(tx, id, finding).await?;
    }
    Ok(())
}
