//! Deletes files from the database, with everything that was read from them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, PathColumn, path_bytes};
use super::database::Store;
use super::error::RunActive;
use super::export_ledger;
use super::process::ProcessId;
use super::sources::superseded;
use super::{page_search, revisions};
use crate::domain::FindingCode;

/// Counts of what is deleted, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    #[serde(serialize_with = "as_text")]
    pub paths: BTreeSet<PathBuf>,
    /// Documents that no other path has.
    pub documents: u64,
    /// Records of these documents, current or not.
    pub records: u64,
    /// Other paths whose documents are therefore kept.
    #[serde(serialize_with = "as_text")]
    pub kept_for: BTreeSet<PathBuf>,
    /// Given paths at which nothing was seen.
    #[serde(serialize_with = "as_text")]
    pub unknown: Vec<PathBuf>,
}

/// Paths that are not UTF-8 have replacement characters.
fn as_text<'a, S: Serializer>(
    paths: impl IntoIterator<Item = &'a PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.into_iter().map(|path| path.to_string_lossy()))
}

/// Paths at which the document may still be, without those that have other content by
/// now.
const HELD_AT: &str = concat!(
    "SELECT path FROM sources s WHERE document_id = ? AND NOT ",
    superseded!()
);

impl Store {
    /// Deletes what was seen at `paths`, absolute paths of files and folders. Documents
    /// that another path has too are kept, without these paths. Deleted content is
    /// overwritten in the database file. `dry`: only reports.
    ///
    /// `Err` with [`super::DbErrorKind::RunActive`] while a run is active.
    pub async fn forget(&self, paths: &[PathBuf], dry: bool) -> anyhow::Result<Forgotten> {
        let mut tx = self.write().await?;
        if !dry {
            ensure_idle(&mut tx).await?;
        }
        let (sources, mut forgotten) = sources_at(&mut tx, paths).await?;
        for source in &sources {
            let delete = sqlx::query("DELETE FROM sources WHERE id = ?");
            delete.bind(source.id).execute(&mut *tx).await?;
        }
        delete_rejections(&mut tx, paths).await?;
        let documents: BTreeSet<_> = sources.iter().filter_map(|s| s.document_id).collect();
        for document in documents {
            let others = sqlx::query_scalar::<_, PathColumn>(HELD_AT).bind(document);
            let others = others.fetch_all(&mut *tx).await?;
            reopen_duplicates(&mut tx, document).await?;
            if others.is_empty() {
                forgotten.documents += 1;
                forgotten.records += delete_document(&mut tx, document).await?;
            } else {
                let paths = others.into_iter().map(|PathColumn(path)| path);
                forgotten.kept_for.extend(paths);
                page_search::update_names(&mut tx, document).await?;
                revisions::reopen(&mut tx, document).await?;
            }
        }
        page_search::delete_unused_words(&mut tx).await?;
        if dry {
            tx.rollback().await?;
            return Ok(forgotten);
        }
        tx.commit().await?;
        self.wipe().await;
        Ok(forgotten)
    }
}

impl Store {
    /// Rewrites the file without its unused parts and empties the log, since both may
    /// have copies of deleted content.
    async fn wipe(&self) {
        let vacuum = sqlx::query("VACUUM").execute(&self.pool).await;
        let is_blocked = sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)");
        let is_blocked = is_blocked.fetch_one(&self.pool).await;
        let why = match (vacuum, is_blocked) {
            (Ok(_), Ok(0)) => return,
            (Err(error), _) | (_, Err(error)) => error.to_string(),
            (Ok(_), Ok(_)) => "another program reads the database".to_owned(),
        };
        tracing::warn!(
            "the rows are gone, but parts of the file or its log may hold copies of them until it is written again ({why})"
        );
    }
}

/// Deletes the document and, by ON DELETE CASCADE, everything made from it. Returns the
/// number of its records.
async fn delete_document(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<u64> {
    let records = sqlx::query_scalar("SELECT count(*) FROM records WHERE document_id = ?");
    let records: i64 = records.bind(document).fetch_one(&mut **tx).await?;
    let delete = sqlx::query_scalar("DELETE FROM documents WHERE id = ? RETURNING blake3");
    let blake3: Option<String> = delete.bind(document).fetch_optional(&mut **tx).await?;
    if let Some(blake3) = blake3 {
        export_ledger::forget(tx, &blake3).await?;
    }
    Ok(records as u64)
}

#[derive(FromRow)]
struct SourceRow {
    id: i64,
    path: PathColumn,
    document_id: Option<DocumentId>,
}

#[derive(FromRow)]
struct OpenRun {
    id: i64,
    #[sqlx(flatten)]
    process: ProcessId,
}

/// `Err` while a run is active, which may have the content in memory.
async fn ensure_idle(tx: &mut Transaction<'_, Sqlite>) -> anyhow::Result<()> {
    let open = sqlx::query_as::<_, OpenRun>(
        "SELECT id, pid, process_start, boot_id FROM runs WHERE finished_at IS NULL",
    );
    for run in open.fetch_all(&mut **tx).await? {
        if run.process.is_alive() {
            let (run, pid) = (run.id, run.process.pid);
            return Err(RunActive { run, pid }.into());
        }
    }
    Ok(())
}

/// Deletes what runs keep of rejected files at these paths.
async fn delete_rejections(
    tx: &mut Transaction<'_, Sqlite>,
    paths: &[PathBuf],
) -> sqlx::Result<()> {
    let kept = sqlx::query_scalar::<_, PathColumn>("SELECT DISTINCT path FROM run_rejections");
    let mut kept = kept.fetch_all(&mut **tx).await?;
    kept.retain(|kept| paths.iter().any(|given| kept.0.starts_with(given)));
    for PathColumn(path) in kept {
        let delete = sqlx::query("DELETE FROM run_rejections WHERE path = ?");
        let delete = delete.bind(path_bytes(&path));
        delete.execute(&mut **tx).await?;
    }
    Ok(())
}

async fn sources_at(
    tx: &mut Transaction<'_, Sqlite>,
    paths: &[PathBuf],
) -> sqlx::Result<(Vec<SourceRow>, Forgotten)> {
    let all = sqlx::query_as("SELECT id, path, document_id FROM sources ORDER BY id");
    let mut sources: Vec<SourceRow> = all.fetch_all(&mut **tx).await?;
    // Compares whole names: `scans` is not a folder of `scans2/a.pdf`.
    sources.retain(|source| paths.iter().any(|given| source.path.0.starts_with(given)));
    let forgotten = Forgotten {
        paths: sources.iter().map(|source| source.path.0.clone()).collect(),
        ..Forgotten::default()
    };
    let is_known = |given: &&PathBuf| forgotten.paths.iter().any(|path| path.starts_with(given));
    let unknown = paths
        .iter()
        .filter(|given| !is_known(given))
        .cloned()
        .collect();
    Ok((
        sources,
        Forgotten {
            unknown,
            ..forgotten
        },
    ))
}

/// Reopens the possible duplicates of the document, so that their records are made
/// again; findings of retained records no longer name it.
async fn reopen_duplicates(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<()> {
    let others = sqlx::query_scalar::<_, DocumentId>(
        "SELECT DISTINCT r.document_id FROM records r JOIN record_keys k ON k.record_id = r.id
         WHERE r.current = 1 AND r.document_id <> ?1 AND k.key IN
            (SELECT key FROM record_keys k JOIN records r ON r.id = k.record_id WHERE r.document_id = ?1)",
    );
    for other in others.bind(document).fetch_all(&mut **tx).await? {
        let rename = sqlx::query(
            "UPDATE findings SET message = 'possible duplicate payment: of a document that was forgotten since'
             WHERE code = ? AND record_id IN (SELECT id FROM records WHERE document_id = ?)",
        );
        let code = FindingCode::PossibleDuplicate.as_str();
        rename.bind(code).bind(other).execute(&mut **tx).await?;
        revisions::reopen(tx, other).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::store::{RunOutcome, test_data};

    #[tokio::test]
    async fn nothing_is_deleted_while_a_run_is_active() {
        let (_dir, store, run) = test_data::store().await;
        let everything = ["/".into()];
        let refused = store.forget(&everything, false).await.unwrap_err();
        assert!(refused.to_string().contains("is at work"), "{refused}");
        assert!(crate::store::is_temporary(&refused));
        let completed = RunOutcome::Completed;
        store.finish_run(run, completed, &json!({})).await.unwrap();
        let nothing = store.forget(&everything, false).await.unwrap();
        assert_eq!(nothing.unknown, everything);
    }
}
