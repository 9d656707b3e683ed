//! Queries of `eval` and `calibrate` beside the records.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::columns::{DocumentId, StageColumns, path_bytes};
use super::database::Store;
use crate::domain::{Stage, StageSeconds};

/// How the last run processed the pages of a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DocumentWork {
    pub pages: u64,
    /// Seconds by stage, summed over its pages and all attempts at them. Where the
    /// reader reports them, `prefill` (image and prompt), `decode` (the answer) and
    /// `wait` (for a free reader) replace `read`.
    pub stage_seconds: BTreeMap<String, f64>,
    pub attempts: u64,
    /// Attempts that failed, by reason.
    pub failed_attempts: BTreeMap<String, u64>,
    /// Why it, or one of its pages, could not be read at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Store {
    /// The document last seen at `path`, otherwise the one with this content (BLAKE3
    /// hex).
    pub async fn document_at(
        &self,
        path: &Path,
        blake3: Option<&str>,
    ) -> anyhow::Result<Option<DocumentId>> {
        let at_path = sqlx::query_scalar(
            "SELECT document_id FROM sources WHERE document_id IS NOT NULL AND path = ?
             ORDER BY run_id DESC, seen_at DESC, id DESC LIMIT 1",
        );
        let at_path = at_path.bind(path_bytes(path));
        if let Some(id) = at_path.fetch_optional(&self.pool).await? {
            return Ok(Some(id));
        }
        let with_content = sqlx::query_scalar("SELECT id FROM documents WHERE blake3 = ?");
        Ok(with_content.bind(blake3).fetch_optional(&self.pool).await?)
    }

    /// Why the file at `path` was rejected.
    pub async fn rejection(&self, path: &Path) -> anyhow::Result<Option<String>> {
        let why = sqlx::query_scalar(
            "SELECT reason || ': ' || coalesce(message, '') FROM sources WHERE document_id IS NULL AND path = ?",
        );
        Ok(why
            .bind(path_bytes(path))
            .fetch_optional(&self.pool)
            .await?)
    }

    pub async fn work(&self, document: DocumentId) -> anyhow::Result<DocumentWork> {
        let pages = sqlx::query_as::<_, (Option<String>,)>(
            "SELECT CASE WHEN state = 'failed' THEN reason || ': ' || coalesce(message, '') END
             FROM pages WHERE document_id = ? ORDER BY page_index",
        );
        let pages = pages.bind(document).fetch_all(&self.pool).await?;
        let mut work = DocumentWork {
            pages: pages.len() as u64,
            failure: pages.into_iter().find_map(|(failure,)| failure),
            ..DocumentWork::default()
        };
        let attempts = sqlx::query_as::<_, AttemptWork>(
            "SELECT r.reason, r.rasterize_seconds, r.route_seconds, r.ocr_seconds, r.read_seconds,
                r.prefill_seconds, r.decode_seconds
             FROM readings r JOIN pages p ON p.id = r.page_id
             WHERE p.document_id = ? AND r.run_id = p.run_id",
        );
        for attempt in attempts.bind(document).fetch_all(&self.pool).await? {
            work.attempts += 1;
            let parts = attempt.prefill_seconds.zip(attempt.decode_seconds);
            for (stage, seconds) in with_parts(attempt.seconds.into(), parts) {
                *work.stage_seconds.entry(stage).or_default() += seconds;
            }
            if let Some(reason) = attempt.reason {
                *work.failed_attempts.entry(reason).or_default() += 1;
            }
        }
        Ok(work)
    }
}

#[derive(FromRow)]
struct AttemptWork {
    reason: Option<String>,
    #[sqlx(flatten)]
    seconds: StageColumns,
    prefill_seconds: Option<f64>,
    decode_seconds: Option<f64>,
}

fn with_parts(mut stages: StageSeconds, parts: Option<(f64, f64)>) -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    if let Some((prefill, decode)) = parts
        && let Some(read) = stages.remove(&Stage::Read)
    {
        seconds.insert("prefill".to_owned(), prefill);
        seconds.insert("decode".to_owned(), decode);
        seconds.insert("wait".to_owned(), (read - prefill - decode).max(0.0));
    }
    let stages = stages.into_iter();
    seconds.extend(stages.map(|(stage, of_stage)| (stage.to_string(), of_stage)));
    seconds
}
