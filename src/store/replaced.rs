//! Files whose content was replaced: records of the former content must not be booked
//! beside those of the new one.

use std::path::Path;

use sqlx::{Sqlite, Transaction};

use super::columns::{DocumentId, path_bytes};
use super::sources::superseded;
use super::{findings, revisions, sources};
use crate::domain::{Finding, FindingCode};

/// Whether all paths of the document are superseded.
const IS_REPLACED: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM sources WHERE document_id = ?1) AND NOT EXISTS
    (SELECT 1 FROM sources s WHERE s.document_id = ?1 AND NOT ",
    superseded!(),
    ")"
);

/// The finding for records of a document whose file has other content now.
pub(super) async fn finding(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<Option<Finding>> {
    let is_replaced = sqlx::query_scalar(IS_REPLACED).bind(document);
    if !is_replaced.fetch_one(&mut **tx).await? {
        return Ok(None);
    }
    let paths = sources::paths(tx, document).await?;
    let path = match paths.first() {
        Some(path) => path.display().to_string(),
        None => "the file".to_owned(),
    };
    let message = format!(
        "{path} holds other content now: these values are from before; if the new content replaces it, do not book both"
    );
    Ok(Some(Finding::new(FindingCode::Replaced, None, message)))
}

/// Flags the records of the former content of `path`, which now has `document` or was
/// rejected. Records of `document` itself are made again where its content is back.
pub(super) async fn flag_former_content(
    tx: &mut Transaction<'_, Sqlite>,
    path: &Path,
    document: Option<DocumentId>,
) -> sqlx::Result<()> {
    let others = sqlx::query_scalar::<_, DocumentId>(
        "SELECT DISTINCT document_id FROM sources WHERE path = ? AND document_id IS NOT NULL AND document_id IS NOT ?",
    );
    let others = others.bind(path_bytes(path)).bind(document);
    for other in others.fetch_all(&mut **tx).await? {
        if let Some(finding) = finding(tx, other).await? {
            flag_records(tx, other, &finding).await?;
        }
    }
    let Some(document) = document else {
        return Ok(());
    };
    let is_back = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM records r JOIN findings f ON f.record_id = r.id
            WHERE r.document_id = ? AND r.current = 1 AND f.code = ?)",
    );
    let is_back = is_back.bind(document).bind(FindingCode::Replaced.as_str());
    if is_back.fetch_one(&mut **tx).await? {
        revisions::reopen(tx, document).await?;
    }
    Ok(())
}

async fn flag_records(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    finding: &Finding,
) -> sqlx::Result<()> {
    let unflagged = sqlx::query_scalar(
        "SELECT id FROM records WHERE document_id = ? AND current = 1 AND NOT EXISTS
            (SELECT 1 FROM findings f WHERE f.record_id = records.id AND f.code = ?)",
    );
    let unflagged = unflagged.bind(document).bind(finding.code.as_str());
    for id in unflagged.fetch_all(&mut **tx).await? {
        findings::flag_for_review(tx, id, finding).await?;
    }
    Ok(())
}
