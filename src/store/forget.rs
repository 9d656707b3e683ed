//! Takes files, and all that was read from them, out of the database.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use sqlx::{Row, Sqlite, Transaction};

use super::process::ProcessId;
use super::replaced::superseded;
use super::{DocumentId, Store, documents};
use crate::domain::FindingCode;

/// What is taken out, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub paths: BTreeSet<PathBuf>,
    /// Contents that no other path has.
    pub documents: u64,
    /// Records of these documents, current or not.
    pub records: u64,
    /// Other paths for whose sake content is kept.
    pub kept_for: BTreeSet<PathBuf>,
    /// Given paths at which nothing was ever seen.
    pub unknown: Vec<PathBuf>,
}

/// Why nothing can be forgotten now.
#[derive(Debug, thiserror::Error)]
#[error("run {run} (process {pid}) is at work on this database: try again when it has ended")]
pub(super) struct AtWork {
    run: i64,
    pid: i64,
}

/// A document's content goes with all that was made of it. Rows that others
/// refer to come last.
const DELETE_DOCUMENT: [&str; 11] = [
    "DELETE FROM findings WHERE record_id IN (SELECT id FROM records WHERE document_id = ?)",
    "DELETE FROM record_keys WHERE record_id IN (SELECT id FROM records WHERE document_id = ?)",
    "DELETE FROM record_pages WHERE record_id IN (SELECT id FROM records WHERE document_id = ?)",
    "DELETE FROM records WHERE document_id = ?",
    "UPDATE pages SET reading_id = NULL, climb_id = NULL WHERE document_id = ?",
    "DELETE FROM readings WHERE page_id IN (SELECT id FROM pages WHERE document_id = ?)",
    "DELETE FROM climbs WHERE page_id IN (SELECT id FROM pages WHERE document_id = ?)",
    "DELETE FROM pages WHERE document_id = ?",
    "DELETE FROM einvoices WHERE document_id = ?",
    "DELETE FROM sources WHERE document_id = ?",
    "DELETE FROM documents WHERE id = ?",
];

/// Where the document may still lie: a path that holds something else by now is
/// no reason to keep it.
const HELD_AT: &str = concat!(
    "SELECT path FROM sources s WHERE document_id = ? AND NOT ",
    superseded!()
);

impl Store {
    /// Forgets what was seen at `paths`, absolute ones of files and folders.
    /// Documents that another path has as well are kept, without these paths.
    /// What is deleted is overwritten in the file. `dry`: only tells.
    ///
    /// Errors where a run is at work on the database.
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
        let documents: BTreeSet<_> = sources.iter().filter_map(|s| s.document).collect();
        for document in documents {
            let others = sqlx::query_scalar::<_, Vec<u8>>(HELD_AT).bind(document);
            let others = others.fetch_all(&mut *tx).await?;
            reopen_duplicates(&mut tx, document).await?;
            if others.is_empty() {
                forgotten.documents += 1;
                forgotten.records += delete_document(&mut tx, document).await?;
            } else {
                let paths = others
                    .into_iter()
                    .map(|path| OsString::from_vec(path).into());
                forgotten.kept_for.extend(paths);
                documents::reopen(&mut tx, DocumentId(document)).await?;
            }
        }
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
    /// Writes the file anew, without what earlier versions of docmill left in
    /// unused parts of it, and empties the log.
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
            "the rows are gone, but parts of the file or its log may hold copies of them until it is written anew ({why})"
        );
    }
}

/// Returns how many records went with it. Their numbers are not given again.
async fn delete_document(tx: &mut Transaction<'_, Sqlite>, document: i64) -> sqlx::Result<u64> {
    sqlx::query(
        "UPDATE record_numbers SET highest = max(highest, (SELECT coalesce(max(id), 0) FROM records))",
    )
    .execute(&mut **tx)
    .await?;
    let records = sqlx::query_scalar("SELECT count(*) FROM records WHERE document_id = ?");
    let records: i64 = records.bind(document).fetch_one(&mut **tx).await?;
    for statement in DELETE_DOCUMENT {
        let delete = sqlx::query(statement).bind(document);
        delete.execute(&mut **tx).await?;
    }
    Ok(records as u64)
}

struct Source {
    id: i64,
    document: Option<i64>,
}

/// What a run holds in memory must not be deleted under it.
async fn ensure_idle(tx: &mut Transaction<'_, Sqlite>) -> anyhow::Result<()> {
    let open =
        sqlx::query("SELECT id, pid, process_start, boot_id FROM runs WHERE finished_at IS NULL");
    for run in open.fetch_all(&mut **tx).await? {
        let process = ProcessId::of_row(&run);
        if process.is_alive() {
            let (run, pid) = (run.get(0), process.pid);
            return Err(AtWork { run, pid }.into());
        }
    }
    Ok(())
}

async fn sources_at(
    tx: &mut Transaction<'_, Sqlite>,
    paths: &[PathBuf],
) -> sqlx::Result<(Vec<Source>, Forgotten)> {
    let all = sqlx::query("SELECT id, path, document_id FROM sources ORDER BY id");
    let (mut sources, mut forgotten) = (Vec::new(), Forgotten::default());
    for row in all.fetch_all(&mut **tx).await? {
        let path = PathBuf::from(OsString::from_vec(row.get(1)));
        // By whole names: `scans` is no folder of `scans2/a.pdf`.
        if paths.iter().any(|given| path.starts_with(given)) {
            sources.push(Source {
                id: row.get(0),
                document: row.get(2),
            });
            forgotten.paths.insert(path);
        }
    }
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

/// What was told to be a duplicate of the document is to be judged anew; records
/// that are kept all the same no longer name it.
async fn reopen_duplicates(tx: &mut Transaction<'_, Sqlite>, document: i64) -> sqlx::Result<()> {
    let others = sqlx::query_scalar::<_, i64>(
        "SELECT DISTINCT r.document_id FROM records r JOIN record_keys k ON k.record_id = r.id
         WHERE r.current = 1 AND r.document_id <> ?1 AND k.key IN
            (SELECT key FROM record_keys k JOIN records r ON r.id = k.record_id WHERE r.document_id = ?1)",
    );
    for other in others.bind(document).fetch_all(&mut **tx).await? {
        let told = sqlx::query(
            "UPDATE findings SET message = 'possible duplicate payment: of a document that was forgotten since'
             WHERE code = ? AND record_id IN (SELECT id FROM records WHERE document_id = ?)",
        );
        let told = told
            .bind(FindingCode::PossibleDuplicate.as_str())
            .bind(other);
        told.execute(&mut **tx).await?;
        documents::reopen(tx, DocumentId(other)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::NewRun;

    #[tokio::test]
    async fn nothing_is_forgotten_while_a_run_is_at_work() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).await.unwrap();
        let new = NewRun {
            settings: json!({}),
            models: vec![],
            prompts: vec![],
            schemas: vec![],
        };
        let run = store.begin_run(&new).await.unwrap();
        let everything = ["/".into()];
        let refused = store.forget(&everything, false).await.unwrap_err();
        assert!(refused.to_string().contains("is at work"), "{refused}");
        assert!(crate::store::is_temporary(&refused));
        store.finish_run(run, &json!({})).await.unwrap();
        let nothing = store.forget(&everything, false).await.unwrap();
        assert_eq!(nothing.unknown, everything);
    }
}
