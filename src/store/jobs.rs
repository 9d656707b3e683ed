//! Claiming, completing and giving up pages. Every statement that changes a
//! job names its lease: whoever lost it changes nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use sqlx::{Row, Sqlite, Transaction};

use super::replaced::superseded;
use super::{DocumentId, RunId, Store, now};
use crate::domain::{Failure, OcrWord, Reading, Reason, Routing, Usage, Word, XmlPlace};

/// A page that this run may work on until its lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    pub page_id: i64,
    pub document_id: DocumentId,
    /// BLAKE3 of the document's bytes, hex.
    pub blake3: String,
    /// From 0.
    pub index: u32,
    /// Where the document was seen, first where the latest run saw it.
    pub paths: Vec<PathBuf>,
    /// This claim's number, from 1.
    pub attempt: u32,
    /// Earlier attempts that failed.
    pub failures: u32,
    pub forced_type: Option<String>,
    /// Whether its document comes with an electronic invoice.
    pub xml: Option<XmlPlace>,
    /// The stronger reader that it climbs to; `None`: the first reads it.
    pub climb: Option<ClaimedClimb>,
    run: RunId,
    pub(super) lease_token: String,
}

/// Why and to which reader a page climbs.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedClimb {
    /// Hash of the reader.
    pub reader: String,
    pub why: String,
    /// As an earlier attempt told the page's type.
    pub routing: Option<Routing>,
}

/// Which pages a run can work on now.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those for the first reader.
    pub first: bool,
    /// Those that climb to one of these readers, by hash.
    pub readers: Vec<String>,
}

impl Wanted {
    pub const FIRST: Wanted = Wanted {
        first: true,
        readers: Vec::new(),
    };
}

/// What an attempt at a page brought, complete or not.
#[derive(Clone, Debug, Default)]
pub struct PageCompletion {
    pub key: String,
    pub model_hash: Option<String>,
    pub prompt_hash: Option<String>,
    pub schema_hash: Option<String>,
    pub words: Option<Vec<Word>>,
    /// `None`: no OCR engine was asked.
    pub ocr: Option<Vec<OcrWord>>,
    pub routing: Option<Routing>,
    pub reading: Option<Reading>,
    /// Seconds by stage.
    pub seconds: BTreeMap<String, f64>,
    /// What the reader took, where it says so.
    pub usage: Option<Usage>,
    /// In `currency`; `None`: nobody is paid.
    pub cost: Option<f64>,
    pub currency: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The lease was still ours and the result is stored.
    pub owned: bool,
    /// No page of the document is left to do.
    pub document_complete: bool,
}

impl Store {
    /// Claims the next page, documents in the order they came, those that were
    /// claimed before last. Pages whose lease ended count as queued. A page claimed `max_claims` times is not
    /// claimed again but failed: whatever it did, nobody lived to tell.
    pub async fn claim(
        &self,
        run: RunId,
        wanted: &Wanted,
        lease: Duration,
        max_claims: u32,
    ) -> anyhow::Result<Option<Claim>> {
        let token = new_token();
        let mut tx = self.write().await?;
        let time = self.clock.now();
        // One page at a time: looking through all that are queued would make a
        // claim cost more the more there are.
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
        let page = sqlx::query(
            "UPDATE pages SET state = 'leased', attempts = attempts + 1, run_id = ?, lease_token = ?, lease_until = ?
             WHERE id = ?
             RETURNING id, document_id, page_index, attempts, failures, forced_type, climb_id, routing",
        )
        .bind(run.0)
        .bind(&token)
        .bind(time + lease.as_millis() as i64)
        .bind(page)
        .fetch_one(&mut *tx)
        .await?;
        let document_id: i64 = page.get(1);
        let document = sqlx::query("SELECT blake3 FROM documents WHERE id = ?").bind(document_id);
        let blake3 = document.fetch_one(&mut *tx).await?.get(0);
        let paths = latest_paths(&mut tx, document_id).await?;
        let xml = super::documents::xml_place(&mut tx, document_id).await?;
        let climb = match page.get::<Option<i64>, _>(6) {
            Some(id) => Some(climb(&mut tx, id, page.get(7)).await?),
            None => None,
        };
        tx.commit().await?;
        Ok(Some(Claim {
            page_id: page.get(0),
            document_id: DocumentId(document_id),
            blake3,
            index: page.get(2),
            paths,
            attempt: page.get(3),
            failures: page.get(4),
            forced_type: page.get(5),
            xml,
            climb,
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

    /// Stores the failed attempt; the page is queued once more if `again`,
    /// else failed for good.
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

    /// Gives a page back untouched and uncharged.
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
            // Another run has the page now, or it was forgotten: nothing of
            // this attempt is kept.
            return Ok(Completed {
                owned: false,
                document_complete: false,
            });
        }
        let reading_id = insert_reading(&mut tx, claim, result, failure).await?;
        let routing = result.routing.as_ref();
        let embedding = routing.and_then(|routing| routing.embedding.as_ref());
        let bytes = embedding.map(|e| {
            e.0.iter()
                .flat_map(|x| x.to_le_bytes())
                .collect::<Vec<u8>>()
        });
        // What an attempt did not reach keeps the last attempt's value; the key
        // is that of the first reader, whichever others there are.
        sqlx::query(
            "UPDATE pages SET state = ?, lease_token = NULL, lease_until = NULL, finished_at = ?,
                failures = failures + ?, reason = ?, message = ?, key = coalesce(?, key), doc_type = ?,
                routing = coalesce(?, routing), embedding = coalesce(?, embedding), words = coalesce(?, words),
                ocr = coalesce(?, ocr),
                reading_id = ?
             WHERE id = ?",
        )
        .bind(state)
        .bind((state != "queued").then(now))
        .bind(u32::from(failure.is_some()))
        .bind(failure.map(|failure| failure.reason.as_str()))
        .bind(failure.map(|failure| &failure.message))
        .bind(claim.climb.is_none().then_some(&result.key))
        .bind(routing.and_then(|routing| routing.verdict.as_deref().ok()))
        .bind(routing.map(routing_json).transpose()?)
        .bind(bytes)
        .bind(result.words.as_ref().map(serde_json::to_string).transpose()?)
        .bind(result.ocr.as_ref().map(serde_json::to_string).transpose()?)
        .bind(reading_id)
        .bind(claim.page_id)
        .execute(&mut *tx)
        .await?;
        let left = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM pages WHERE document_id = ? AND state IN ('queued', 'leased'))",
        );
        let left: bool = left
            .bind(claim.document_id.0)
            .fetch_one(&mut *tx)
            .await?
            .get(0);
        tx.commit().await?;
        Ok(Completed {
            owned: true,
            document_complete: !left,
        })
    }
}

/// What may be claimed. Pages whose lease ended count as queued.
macro_rules! open_pages {
    ($rest:literal) => {
        concat!(
            "SELECT id, attempts FROM pages
             WHERE state IN ('queued', 'leased') AND (state = 'queued' OR lease_until < ?)
                AND (climb_id IS NULL AND ? OR climb_id IN
                    (SELECT id FROM climbs WHERE model_hash IN (SELECT value FROM json_each(?)))) ",
            $rest
        )
    };
}

/// The page to claim next, and how often it was claimed. One that was lost or
/// failed before waits behind those that were not: input that takes the program
/// down holds up nobody else, and a program that is killed again and again
/// does not do so over the same pages until they are given up.
async fn next_page(
    tx: &mut Transaction<'_, Sqlite>,
    wanted: &Wanted,
    time: i64,
) -> anyhow::Result<Option<(i64, u32)>> {
    let readers = serde_json::to_string(&wanted.readers)?;
    // The first has an index to walk along; those of the second are few.
    for sql in [
        open_pages!("AND attempts = 0 ORDER BY document_id, page_index LIMIT 1"),
        open_pages!("ORDER BY attempts, document_id, page_index LIMIT 1"),
    ] {
        let page = sqlx::query(sql)
            .bind(time)
            .bind(wanted.first)
            .bind(&readers);
        if let Some(page) = page.fetch_optional(&mut **tx).await? {
            return Ok(Some((page.get(0), page.get(1))));
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
    let inserted = sqlx::query(
        "INSERT INTO readings (page_id, run_id, attempt, created_at, key, doc_type, model_hash, prompt_hash,
            schema_hash, raw_text, reading, reason, message, stage_seconds, input_tokens, output_tokens, cost,
            currency, climb_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
            (SELECT climb_id FROM pages WHERE id = ?1)) RETURNING id",
    )
    .bind(claim.page_id)
    .bind(claim.run.0)
    .bind(claim.attempt)
    .bind(now())
    .bind(&result.key)
    .bind(result.routing.as_ref().and_then(|routing| routing.verdict.as_deref().ok()))
    .bind(&result.model_hash)
    .bind(&result.prompt_hash)
    .bind(&result.schema_hash)
    .bind(raw_text)
    .bind(reading.map(serde_json::to_string).transpose()?)
    .bind(failure.map(|failure| failure.reason.as_str()))
    .bind(failure.map(|failure| &failure.message))
    .bind(serde_json::to_string(&result.seconds)?)
    .bind(result.usage.map(|usage| usage.input))
    .bind(result.usage.map(|usage| usage.output))
    .bind(result.cost)
    .bind(&result.currency)
    .fetch_one(&mut **tx)
    .await?;
    Ok(inserted.get(0))
}

/// Fails a page that was claimed too often, with a trace among the attempts if
/// it was to climb: it must not climb there again.
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
            stage_seconds, climb_id)
         SELECT pages.id, ?, attempts, ?, '', doc_type, climbs.model_hash, ?, ?, '{}', climbs.id
         FROM pages JOIN climbs ON climbs.id = pages.climb_id WHERE pages.id = ?",
    );
    let trace = trace.bind(run.0).bind(now()).bind(reason).bind(&message);
    trace.bind(page).execute(&mut **tx).await?;
    let fail = sqlx::query(
        "UPDATE pages SET state = 'failed', lease_token = NULL, lease_until = NULL, finished_at = ?,
            reason = ?, message = ? WHERE id = ?",
    );
    let fail = fail.bind(now()).bind(reason).bind(&message).bind(page);
    fail.execute(&mut **tx).await.map(drop)
}

async fn climb(
    tx: &mut Transaction<'_, Sqlite>,
    id: i64,
    routing: Option<&str>,
) -> anyhow::Result<ClaimedClimb> {
    let climb = sqlx::query("SELECT model_hash, why FROM climbs WHERE id = ?").bind(id);
    let climb = climb.fetch_one(&mut **tx).await?;
    Ok(ClaimedClimb {
        reader: climb.get(0),
        why: climb.get(1),
        routing: routing
            .map(serde_json::from_str)
            .transpose()
            .context("a stored routing does not parse")?,
    })
}

/// The routing without its embedding, which has a column of its own.
fn routing_json(routing: &Routing) -> serde_json::Result<String> {
    serde_json::to_string(&Routing {
        embedding: None,
        ..routing.clone()
    })
}

/// The document's paths in the order first seen: what names a record does not
/// change when a copy appears. Those that hold something else by now come last.
pub(super) async fn paths(
    tx: &mut Transaction<'_, Sqlite>,
    document: i64,
) -> sqlx::Result<Vec<PathBuf>> {
    sources(
        tx,
        document,
        concat!(
            "SELECT path FROM sources s WHERE document_id = ? ORDER BY ",
            superseded!(),
            ", id"
        ),
    )
    .await
}

/// The same in the order to look for the file: where the latest run saw it
/// comes before where it was.
async fn latest_paths(
    tx: &mut Transaction<'_, Sqlite>,
    document: i64,
) -> sqlx::Result<Vec<PathBuf>> {
    let latest = "SELECT path FROM sources WHERE document_id = ? ORDER BY run_id DESC, id";
    sources(tx, document, latest).await
}

async fn sources(
    tx: &mut Transaction<'_, Sqlite>,
    document: i64,
    query: &'static str,
) -> sqlx::Result<Vec<PathBuf>> {
    let rows = sqlx::query(query)
        .bind(document)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| OsString::from_vec(row.get(0)).into())
        .collect())
}

/// Unlike any other lease's: this process, its start and a count.
fn new_token() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = super::process::ProcessId::of_self();
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
