//! Claims, completes and gives up pages. Every statement that changes a job names its
//! lease, so that a process that lost the lease changes nothing.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, JsonColumn, NameColumn, RunId, now};
use super::database::Store;
use super::process::ProcessId;
use super::{captures, documents, embeddings, page_quality, page_text, revisions, sources};
use crate::domain::{
    EscalationReason, Failure, FindingCode, PageLook, PageQuality, Reading, Reason, Routing,
    SourceText, Stage, StageSeconds, Usage, XmlPlace,
};

/// A page that this run may work on until its lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    pub page_id: i64,
    pub document_id: DocumentId,
    /// BLAKE3 of the document's bytes, hex.
    pub blake3: String,
    /// Index of the page, from 0.
    pub index: u32,
    /// The document's paths; those that the latest run saw come first.
    pub paths: Vec<PathBuf>,
    /// This claim's number, from 1.
    pub attempt: u32,
    /// Earlier attempts that failed.
    pub failures: u32,
    pub forced_type: Option<String>,
    /// The place of the e-invoice of its document or part, if it has one.
    pub xml: Option<XmlPlace>,
    /// The stronger reader that it is queued for; `None`: the first one.
    pub escalation: Option<ClaimedEscalation>,
    run: RunId,
    pub(super) lease_token: String,
}

/// The escalation of a claimed page.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedEscalation {
    /// Hash of the reader.
    pub reader: String,
    pub reason: EscalationReason,
    /// The routing of an earlier attempt.
    pub routing: Option<Routing>,
}

/// The pages that a run can process now.
#[derive(Clone, Debug, Default)]
pub struct WantedPages {
    /// Whether pages for the first reader are wanted.
    pub first: bool,
    /// Hashes of readers whose escalated pages are wanted.
    pub readers: Vec<String>,
}

impl WantedPages {
    pub const FIRST: WantedPages = WantedPages {
        first: true,
        readers: Vec::new(),
    };
}

/// The results of an attempt at a page, complete or not.
#[derive(Clone, Debug, Default)]
pub struct PageCompletion {
    pub key: String,
    pub model_hash: Option<String>,
    pub prompt_hash: Option<String>,
    pub schema_hash: Option<String>,
    /// The page's words, one entry for each source that was used.
    pub texts: Vec<SourceText>,
    /// `None`: the page was not drawn.
    pub look: Option<PageLook>,
    /// `None`: an earlier attempt's stays.
    pub quality: Option<PageQuality>,
    pub routing: Option<Routing>,
    /// Hash of the CLIP that made the routing's embedding.
    pub clip_hash: Option<String>,
    pub reading: Option<Reading>,
    pub seconds: StageSeconds,
    /// Tokens, where the reader reports them.
    pub usage: Option<Usage>,
    /// In `currency`; `None`: free.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    /// Whether the lease was still this run's and the result is stored.
    pub owned: bool,
    /// Whether all pages of the document are finished.
    pub document_complete: bool,
}

impl Completed {
    /// The lease was lost, and nothing was stored.
    pub(super) const NOT_OWNED: Completed = Completed {
        owned: false,
        document_complete: false,
    };
}

/// A page as it is claimed.
#[derive(FromRow)]
struct ClaimRow {
    document_id: DocumentId,
    page_index: u32,
    attempts: u32,
    failures: u32,
    forced_type: Option<String>,
    escalation_id: Option<i64>,
    routing: Option<JsonColumn<Routing>>,
}

impl Store {
    /// Claims the next page for `lease`: documents in the order of intake, pages that
    /// were claimed before last. Pages whose lease ended count as queued. A page that was
    /// claimed `max_claims` times fails instead, since no process survived to report why.
    pub async fn claim(
        &self,
        run: RunId,
        wanted: &WantedPages,
        lease: Duration,
        max_claims: u32,
    ) -> anyhow::Result<Option<Claim>> {
        let token = new_token();
        let mut tx = self.write().await?;
        let time = self.clock.now();
        // One page at a time, so that the cost of a claim does not grow with the queue.
        let page = loop {
            match next_page(&mut tx, wanted, time).await? {
                Some((page, attempts)) if attempts >= max_claims => {
                    give_up(&mut tx, run, page, attempts).await?;
                }
                other => break other,
            }
        };
        let Some((page, _)) = page else {
            tx.commit().await?;
            return Ok(None);
        };
        let row: ClaimRow = sqlx::query_as(
            "UPDATE pages SET state = 'leased', attempts = attempts + 1, run_id = ?, lease_token = ?, lease_until = ?
             WHERE id = ?
             RETURNING document_id, page_index, attempts, failures, forced_type, escalation_id, routing",
        )
        .bind(run)
        .bind(&token)
        .bind(time + lease.as_millis() as i64)
        .bind(page)
        .fetch_one(&mut *tx)
        .await?;
        let document_id = row.document_id;
        let blake3 = sqlx::query_scalar("SELECT blake3 FROM documents WHERE id = ?");
        let blake3 = blake3.bind(document_id).fetch_one(&mut *tx).await?;
        let paths = sources::latest_paths(&mut tx, document_id).await?;
        let xml = documents::xml_place(&mut tx, page).await?;
        let routing = row.routing.map(|JsonColumn(routing)| routing);
        let escalation = match row.escalation_id {
            Some(id) => Some(escalation(&mut tx, id, routing).await?),
            None => None,
        };
        tx.commit().await?;
        Ok(Some(Claim {
            page_id: page,
            document_id,
            blake3,
            index: row.page_index,
            paths,
            attempt: row.attempts,
            failures: row.failures,
            forced_type: row.forced_type,
            xml,
            escalation,
            run,
            lease_token: token,
        }))
    }

    /// Stores the page's result and completes its job.
    pub async fn complete_page(
        &self,
        claim: &Claim,
        result: &PageCompletion,
    ) -> anyhow::Result<Completed> {
        self.settle(claim, result, None, "done").await
    }

    /// Stores the failed attempt. With `again` the page is queued again, otherwise it is
    /// failed.
    pub async fn fail_page(
        &self,
        claim: &Claim,
        failure: &Failure,
        again: bool,
        partial: &PageCompletion,
    ) -> anyhow::Result<Completed> {
        self.settle(
            claim,
            partial,
            Some(failure),
            if again { "queued" } else { "failed" },
        )
        .await
    }

    /// Returns a page to the queue; the attempt does not count.
    pub async fn release(&self, claim: &Claim) -> anyhow::Result<()> {
        let update = sqlx::query(
            "UPDATE pages SET state = 'queued', attempts = attempts - 1, lease_token = NULL, lease_until = NULL
             WHERE id = ? AND lease_token = ?",
        );
        update
            .bind(claim.page_id)
            .bind(&claim.lease_token)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn settle(
        &self,
        claim: &Claim,
        result: &PageCompletion,
        failure: Option<&Failure>,
        state: &str,
    ) -> anyhow::Result<Completed> {
        let mut tx = self.write().await?;
        let owned = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM pages WHERE id = ? AND lease_token = ?)",
        );
        let owned = owned.bind(claim.page_id).bind(&claim.lease_token);
        if !owned.fetch_one(&mut *tx).await? {
            // Another run has the page, or it was deleted: the attempt is not stored.
            return Ok(Completed::NOT_OWNED);
        }
        let reading_id = insert_reading(&mut tx, claim, result, failure).await?;
        let routing = result.routing.as_ref();
        let embedding = routing.and_then(|routing| routing.embedding.as_ref());
        if let (Some(embedding), Some(clip)) = (embedding, &result.clip_hash) {
            embeddings::insert(&mut tx, claim.page_id, clip, embedding).await?;
        }
        if let Some(look) = &result.look {
            captures::insert_look(&mut tx, claim.page_id, look).await?;
        }
        if let Some(quality) = &result.quality {
            page_quality::insert(&mut tx, claim.page_id, quality).await?;
        }
        for text in &result.texts {
            page_text::insert(&mut tx, claim.page_id, text).await?;
        }
        // Values that the attempt did not reach keep those of the last attempt. The key
        // is that of the first reader, even with stronger readers.
        sqlx::query(
            "UPDATE pages SET state = ?, lease_token = NULL, lease_until = NULL, finished_at = ?,
                failures = failures + ?, reason = ?, message = ?, key = coalesce(?, key), doc_type = ?,
                routing = coalesce(?, routing), reading_id = ?
             WHERE id = ?",
        )
        .bind(state)
        .bind((state != "queued").then(now))
        .bind(u32::from(failure.is_some()))
        .bind(failure.map(|failure| failure.reason.as_str()))
        .bind(failure.map(|failure| &failure.message))
        .bind(claim.escalation.is_none().then_some(&result.key))
        .bind(routing.and_then(|routing| routing.doc_type.as_deref().ok()))
        .bind(routing.map(routing_json).transpose()?)
        .bind(reading_id)
        .bind(claim.page_id)
        .execute(&mut *tx)
        .await?;
        let is_open = revisions::has_open_pages(&mut tx, claim.document_id).await?;
        tx.commit().await?;
        Ok(Completed {
            owned: true,
            document_complete: !is_open,
        })
    }
}

/// Condition of pages that may be claimed. Pages whose lease ended count as queued.
macro_rules! open_pages {
    ($rest:literal) => {
        concat!(
            "SELECT id, attempts FROM pages
             WHERE state IN ('queued', 'leased') AND (state = 'queued' OR lease_until < ?)
                AND (escalation_id IS NULL AND ? OR escalation_id IN
                    (SELECT id FROM escalations WHERE model_hash IN (SELECT value FROM json_each(?)))) ",
            $rest
        )
    };
}

/// The page to claim next, and how often it was claimed. Pages that were lost or failed
/// before come after others, so that input that ends the program does not delay other
/// pages, and a program that is killed repeatedly does not begin with the same pages.
async fn next_page(
    tx: &mut Transaction<'_, Sqlite>,
    wanted: &WantedPages,
    time: i64,
) -> anyhow::Result<Option<(i64, u32)>> {
    let readers = serde_json::to_string(&wanted.readers)?;
    // The first query uses an index; the second has few rows.
    for sql in [
        open_pages!("AND attempts = 0 ORDER BY document_id, page_index LIMIT 1"),
        open_pages!("ORDER BY attempts, document_id, page_index LIMIT 1"),
    ] {
        let page = sqlx::query_as(sql)
            .bind(time)
            .bind(wanted.first)
            .bind(&readers);
        if let Some(page) = page.fetch_optional(&mut **tx).await? {
            return Ok(Some(page));
        }
    }
    Ok(None)
}

async fn insert_reading(
    tx: &mut Transaction<'_, Sqlite>,
    claim: &Claim,
    result: &PageCompletion,
    failure: Option<&Failure>,
) -> anyhow::Result<i64> {
    let reading = result.reading.as_ref();
    let raw_text = reading
        .map(|r| r.raw_text.as_str())
        .or(failure.and_then(|f| f.raw_text.as_deref()));
    let seconds = |stage| result.seconds.get(&stage);
    let routing = result.routing.as_ref();
    let inserted = sqlx::query_scalar(
        "INSERT INTO readings (page_id, run_id, attempt, created_at, key, doc_type, model_hash, prompt_hash,
            schema_hash, raw_text, reading, reason, message, rasterize_seconds, route_seconds, ocr_seconds,
            read_seconds, prefill_seconds, decode_seconds, input_tokens, output_tokens, cost, currency,
            escalation_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
            ?22, ?23, (SELECT escalation_id FROM pages WHERE id = ?1)) RETURNING id",
    )
    .bind(claim.page_id)
    .bind(claim.run)
    .bind(claim.attempt)
    .bind(now())
    .bind(&result.key)
    .bind(routing.and_then(|routing| routing.doc_type.as_deref().ok()))
    .bind(&result.model_hash)
    .bind(&result.prompt_hash)
    .bind(&result.schema_hash)
    .bind(raw_text)
    .bind(reading.map(serde_json::to_string).transpose()?)
    .bind(failure.map(|failure| failure.reason.as_str()))
    .bind(failure.map(|failure| &failure.message))
    .bind(seconds(Stage::Rasterize))
    .bind(seconds(Stage::Route))
    .bind(seconds(Stage::Ocr))
    .bind(seconds(Stage::Read))
    .bind(reading.map(|reading| reading.prefill_seconds))
    .bind(reading.map(|reading| reading.decode_seconds))
    .bind(result.usage.map(|usage| usage.input))
    .bind(result.usage.map(|usage| usage.output))
    .bind(result.cost)
    .bind(&result.currency);
    Ok(inserted.fetch_one(&mut **tx).await?)
}

/// Fails a page that was claimed too often. For an escalated page it also stores a failed
/// attempt, so that the page is not escalated to the same reader again.
async fn give_up(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    page: i64,
    attempts: u32,
) -> sqlx::Result<()> {
    let message = format!("docmill ended {attempts} times while it held this page");
    let reason = Reason::WorkerDied.as_str();
    let trace = sqlx::query(
        "INSERT INTO readings (page_id, run_id, attempt, created_at, key, doc_type, model_hash, reason, message,
            escalation_id)
         SELECT pages.id, ?, attempts, ?, '', doc_type, e.model_hash, ?, ?, e.id
         FROM pages JOIN escalations e ON e.id = pages.escalation_id WHERE pages.id = ?",
    );
    let trace = trace.bind(run).bind(now()).bind(reason).bind(&message);
    trace.bind(page).execute(&mut **tx).await?;
    let fail = sqlx::query(
        "UPDATE pages SET state = 'failed', lease_token = NULL, lease_until = NULL, finished_at = ?,
            reason = ?, message = ? WHERE id = ?",
    );
    let fail = fail.bind(now()).bind(reason).bind(&message).bind(page);
    fail.execute(&mut **tx).await.map(drop)
}

async fn escalation(
    tx: &mut Transaction<'_, Sqlite>,
    id: i64,
    routing: Option<Routing>,
) -> sqlx::Result<ClaimedEscalation> {
    let row = sqlx::query_as("SELECT model_hash, code, message FROM escalations WHERE id = ?");
    let (reader, NameColumn(code), message): (String, NameColumn<FindingCode>, String) =
        row.bind(id).fetch_one(&mut **tx).await?;
    Ok(ClaimedEscalation {
        reader,
        reason: EscalationReason { code, message },
        routing,
    })
}

/// The routing as JSON, without its embedding, which has a table of its own.
fn routing_json(routing: &Routing) -> serde_json::Result<String> {
    serde_json::to_string(&Routing {
        embedding: None,
        ..routing.clone()
    })
}

/// A unique token for a lease: this process, its start and a counter.
fn new_token() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = ProcessId::of_self();
    format!(
        "{}-{}-{}-{}",
        process.boot_id,
        process.pid,
        process.start,
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
