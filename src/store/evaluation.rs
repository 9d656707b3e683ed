//! What `eval` and `calibrate` ask of the database beside the records.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sqlx::Row;

use super::{DocumentId, Store};

/// How the pages of a document were worked on by the run that did them last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DocumentWork {
    pub pages: u64,
    /// Summed over its pages and all attempts at them: `prefill` (image and
    /// prompt), `decode` (the answer) and `wait` (for a free reader) are the
    /// parts of reading where the reader told them.
    pub stage_seconds: BTreeMap<String, f64>,
    pub attempts: u64,
    /// Attempts that failed, by reason.
    pub failed_attempts: BTreeMap<String, u64>,
    /// Why a page of it could not be read at all.
    pub failure: Option<String>,
}

impl Store {
    /// The document last seen at `path`, or else the one with this content
    /// (BLAKE3, hex).
    pub async fn document_at(
        &self,
        path: &Path,
        blake3: Option<&str>,
    ) -> anyhow::Result<Option<DocumentId>> {
        let at_path = sqlx::query_scalar::<_, i64>(
            "SELECT document_id FROM sources WHERE document_id IS NOT NULL AND path = ?
             ORDER BY run_id DESC, seen_at DESC, id DESC LIMIT 1",
        );
        let bytes = path.as_os_str().as_bytes().to_vec();
        let found = at_path.bind(bytes).fetch_optional(&self.pool).await?;
        let found = match found {
            Some(id) => Some(id),
            None => {
                let with_content =
                    sqlx::query_scalar::<_, i64>("SELECT id FROM documents WHERE blake3 = ?");
                with_content.bind(blake3).fetch_optional(&self.pool).await?
            }
        };
        Ok(found.map(DocumentId))
    }

    /// Why the file at `path` was turned away.
    pub async fn rejection(&self, path: &Path) -> anyhow::Result<Option<String>> {
        let row = sqlx::query(
            "SELECT reason, coalesce(message, '') FROM sources WHERE document_id IS NULL AND path = ?",
        );
        let row = row.bind(path.as_os_str().as_bytes().to_vec());
        let row = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|row| format!("{}: {}", row.get::<&str, _>(0), row.get::<&str, _>(1))))
    }

    pub async fn work(&self, document: DocumentId) -> anyhow::Result<DocumentWork> {
        let pages = sqlx::query(
            "SELECT state, reason, message FROM pages WHERE document_id = ? ORDER BY page_index",
        );
        let pages = pages.bind(document.0).fetch_all(&self.pool).await?;
        let mut work = DocumentWork {
            pages: pages.len() as u64,
            ..DocumentWork::default()
        };
        for page in &pages {
            let (state, reason, message): (&str, Option<&str>, Option<&str>) =
                (page.get(0), page.get(1), page.get(2));
            if state == "failed" && work.failure.is_none() {
                let (reason, message) = (reason.unwrap_or("-"), message.unwrap_or_default());
                work.failure = Some(format!("{reason}: {message}"));
            }
        }
        let attempts = sqlx::query(
            "SELECT r.reason, r.stage_seconds, json_extract(r.reading, '$.prefill_seconds'),
                json_extract(r.reading, '$.decode_seconds') FROM readings r JOIN pages p ON p.id = r.page_id
             WHERE p.document_id = ? AND r.run_id = p.run_id",
        );
        for attempt in attempts.bind(document.0).fetch_all(&self.pool).await? {
            work.attempts += 1;
            if let Some(reason) = attempt.get::<Option<String>, _>(0) {
                *work.failed_attempts.entry(reason).or_default() += 1;
            }
            let seconds: BTreeMap<String, f64> = serde_json::from_str(attempt.get(1))?;
            let parts = attempt.get::<Option<f64>, _>(2).zip(attempt.get(3));
            for (stage, seconds) in parted(seconds, parts) {
                *work.stage_seconds.entry(stage).or_default() += seconds;
            }
        }
        Ok(work)
    }
}

fn parted(mut seconds: BTreeMap<String, f64>, parts: Option<(f64, f64)>) -> BTreeMap<String, f64> {
    if let Some((prefill, decode)) = parts
        && let Some(read) = seconds.remove("read")
    {
        seconds.insert("prefill".to_owned(), prefill);
        seconds.insert("decode".to_owned(), decode);
        seconds.insert("wait".to_owned(), (read - prefill - decode).max(0.0));
    }
    seconds
}
