//! What waits for a person: of the files that a run saw, and in all.

use std::path::PathBuf;

use serde::Serialize;
use sqlx::FromRow;

use super::columns::{PathColumn, RunId};
use super::database::Store;
use super::decisions::in_queue;

/// Files that a run found and of which it read nothing, because their content was
/// known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, FromRow)]
pub struct KnownFiles {
    /// Copies of other files of the same run.
    #[sqlx(try_from = "i64")]
    pub copies: u64,
    /// Earlier runs read them, and no person has to look.
    #[sqlx(try_from = "i64")]
    pub read: u64,
    /// With a record that needs review.
    #[sqlx(try_from = "i64")]
    pub to_review: u64,
    /// With a page that failed.
    #[sqlx(try_from = "i64")]
    pub failed: u64,
}

/// A page that failed for good.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct FailedPage {
    /// The current record of the page.
    pub record: Option<i64>,
    /// Where its document was first seen.
    #[sqlx(try_from = "PathColumn")]
    pub path: PathBuf,
    /// From 0.
    pub page_index: u32,
    pub reason: String,
    pub message: String,
}

impl Store {
    /// Files that the run saw and did not read. Those whose pages are queued are in
    /// no number.
    pub async fn known_files(&self, run: RunId) -> anyhow::Result<KnownFiles> {
        let known = sqlx::query_as(concat!(
            "WITH seen AS (
                SELECT d.run_id = ?1 AS is_new,
                    s.id > (SELECT min(id) FROM sources WHERE document_id = d.id) AS is_copy,
                    EXISTS (SELECT 1 FROM pages WHERE document_id = d.id
                        AND (run_id = ?1 OR state IN ('queued', 'leased')))
                    OR EXISTS (SELECT 1 FROM records WHERE document_id = d.id AND current = 1 AND run_id = ?1)
                        AS is_work,
                    EXISTS (SELECT 1 FROM pages WHERE document_id = d.id AND state = 'failed') AS is_failed,
                    EXISTS (SELECT 1 FROM records r WHERE r.document_id = d.id AND r.current = 1 AND ",
            in_queue!(),
            ") AS is_in_review
                FROM sources s JOIN documents d ON d.id = s.document_id WHERE s.run_id = ?1)
             SELECT count(*) FILTER (WHERE is_new AND is_copy) AS copies,
                count(*) FILTER (WHERE NOT is_new AND NOT is_work AND NOT is_failed AND NOT is_in_review) AS read,
                count(*) FILTER (WHERE NOT is_new AND NOT is_work AND NOT is_failed AND is_in_review) AS to_review,
                count(*) FILTER (WHERE NOT is_new AND NOT is_work AND is_failed) AS failed
             FROM seen",
        ));
        Ok(known.bind(run).fetch_one(&self.pool).await?)
    }

    /// Number of pages of the files that the run found that another run holds.
    pub async fn pages_elsewhere(&self, run: RunId) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM pages WHERE state = 'leased' AND run_id IS NOT ?1
                AND document_id IN (SELECT document_id FROM sources WHERE run_id = ?1)",
        );
        Ok(count.bind(run).fetch_one(&self.pool).await? as u64)
    }

    /// Every page that failed, by document.
    pub async fn failed_pages(&self) -> anyhow::Result<Vec<FailedPage>> {
        let rows = sqlx::query_as(
            "SELECT (SELECT r.id FROM records r JOIN record_pages rp ON rp.record_id = r.id
                    WHERE r.document_id = p.document_id AND r.current = 1 AND rp.page_index = p.page_index) AS record,
                coalesce((SELECT path FROM sources s WHERE s.document_id = p.document_id ORDER BY s.id LIMIT 1), x'')
                    AS path,
                p.page_index, p.reason, coalesce(p.message, '') AS message
             FROM pages p WHERE p.state = 'failed' ORDER BY p.document_id, p.page_index",
        );
        Ok(rows.fetch_all(&self.pool).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::test_data::begin;
    use super::super::tests::fixture;
    use super::*;
    use crate::domain::{Failure, Reason};
    use crate::store::PageCompletion;

    #[tokio::test]
    async fn files_of_a_run_are_counted_by_what_earlier_runs_left() {
        let f = fixture().await;
        let failed = f.add("failed", 1).await;
        let claim = f.claim().await.unwrap();
        let failure = Failure::new(Reason::Deadline, "too slow");
        let partial = PageCompletion::default();
        let ended = f.store.fail_page(&claim, &failure, false, &partial).await;
        ended.unwrap();
        let queued = f.add("queued", 1).await;
        let first = f.store.known_files(f.run).await.unwrap();
        assert_eq!(first, KnownFiles::default(), "both are new");
        let copy = Path::new("copy");
        let copied = f.store.add_source(f.run, copy, Some(failed), None).await;
        copied.unwrap();
        let first = f.store.known_files(f.run).await.unwrap();
        assert_eq!((first.copies, first.failed), (1, 0));

        let next = begin(&f.store).await;
        for (name, document) in [("failed", failed), ("queued", queued)] {
            let seen = f
                .store
                .add_source(next, Path::new(name), Some(document), None);
            seen.await.unwrap();
        }
        let known = f.store.known_files(next).await.unwrap();
        let expected = KnownFiles {
            failed: 1,
            ..KnownFiles::default()
        };
        assert_eq!(known, expected, "a queued page is neither read nor failed");
        let pages = f.store.failed_pages().await.unwrap();
        assert_eq!(pages.len(), 1);
        assert_eq!(
            (pages[0].path.as_path(), pages[0].page_index),
            (Path::new("failed"), 0)
        );
        assert_eq!(pages[0].reason, "deadline");
    }

    #[tokio::test]
    async fn pages_that_another_run_reads_are_counted_where_this_run_found_their_file() {
        let f = fixture().await;
        let document = f.add("a.pdf", 2).await;
        f.add("b.pdf", 1).await;
        for _ in 0..3 {
            f.claim().await.unwrap();
        }
        assert_eq!(f.store.pages_elsewhere(f.run).await.unwrap(), 0);
        let next = begin(&f.store).await;
        assert_eq!(f.store.pages_elsewhere(next).await.unwrap(), 0);
        let seen = f
            .store
            .add_source(next, Path::new("a.pdf"), Some(document), None);
        seen.await.unwrap();
        assert_eq!(f.store.pages_elsewhere(next).await.unwrap(), 2);
    }
}
