//! Documents, their pages as jobs, and where they were seen.

use std::path::{Path, PathBuf};

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, RunId, now, path_bytes};
use super::database::Store;
use super::{approvals, page_search, replaced, revisions};
use crate::domain::{DocumentInfo, Failure, Reason, XmlFile, XmlPlace};

/// A document seen for the first time.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// BLAKE3 of its bytes, hex.
    pub blake3: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    pub info: DocumentInfo,
    pub path: PathBuf,
    /// The e-invoices attached to it, or the document itself; at most one for
    /// each part.
    pub einvoices: Vec<XmlFile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct DocumentRow {
    pub id: DocumentId,
    pub pages: u32,
}

/// How far a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct DocumentProgress {
    pub id: DocumentId,
    pub pages: u32,
    /// Its pages wait to be read, or are being read.
    pub is_open: bool,
}

/// The key of a page's stored result, with the data that it depends on.
#[derive(Clone, Copy, Debug)]
pub struct PageKey<'a> {
    pub key: &'a str,
    pub doc_type: Option<&'a str>,
    pub forced: bool,
    /// Whether its document, or part, comes with an e-invoice.
    pub xml: Option<XmlPlace>,
}

/// A page that may be queued again.
#[derive(FromRow)]
struct FinishedPage {
    id: i64,
    key: Option<String>,
    doc_type: Option<String>,
    forced_type: Option<String>,
    /// The run that claimed it last.
    run_id: Option<RunId>,
    /// Whether the e-invoice of its part is all of the part; `None`:
    /// it has none.
    xml_is_whole: Option<bool>,
}

impl FinishedPage {
    fn xml(&self) -> Option<XmlPlace> {
        self.xml_is_whole.map(place)
    }
}

/// Queues a finished page again; its readings stay.
const REQUEUE: &str = "UPDATE pages SET state = 'queued', attempts = 0, failures = 0,
    forced_type = coalesce(?, forced_type), reason = NULL, message = NULL, finished_at = NULL, escalation_id = NULL,
    since_reading = (SELECT coalesce(max(id), 0) FROM readings WHERE page_id = pages.id)
    WHERE id = ? AND state IN ('done', 'failed')";

impl Store {
    pub async fn lookup(&self, blake3: &str) -> anyhow::Result<Option<DocumentRow>> {
        let known = sqlx::query_as("SELECT id, pages FROM documents WHERE blake3 = ?");
        Ok(known.bind(blake3).fetch_optional(&self.pool).await?)
    }

    /// How far a document is; `None`: no run has taken it in.
    pub async fn document_progress(
        &self,
        blake3: &str,
    ) -> anyhow::Result<Option<DocumentProgress>> {
        let progress = sqlx::query_as(
            "SELECT id, pages, state = 'open' AS is_open FROM documents WHERE blake3 = ?",
        );
        Ok(progress.bind(blake3).fetch_optional(&self.pool).await?)
    }

    /// Stores the document, its path and its queued pages in one transaction.
    pub async fn add_document(
        &self,
        run: RunId,
        new: &NewDocument,
        forced_type: Option<&str>,
    ) -> anyhow::Result<DocumentId> {
        let mut tx = self.write().await?;
        let inserted = sqlx::query_scalar(
            "INSERT INTO documents
                (blake3, bytes, media_type, pages, attachments, warnings, added_at, run_id)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (blake3) DO NOTHING RETURNING id",
        )
        .bind(&new.blake3)
        .bind(new.bytes as i64)
        .bind(new.info.media_type.as_str())
        .bind(new.info.pages)
        .bind(serde_json::to_string(&new.info.attachments)?)
        .bind(serde_json::to_string(&new.info.warnings)?)
        .bind(now())
        .bind(run)
        .fetch_optional(&mut *tx)
        .await?;
        let id: DocumentId = match inserted {
            Some(id) => {
                for xml in &new.einvoices {
                    insert_xml(&mut tx, id, xml).await?;
                }
                for (index, part) in (0u32..).zip(new.info.part_of_pages()) {
                    let page = sqlx::query(
                        "INSERT INTO pages (document_id, page_index, part, forced_type) VALUES (?, ?, ?, ?)",
                    );
                    let page = page.bind(id).bind(index).bind(part).bind(forced_type);
                    page.execute(&mut *tx).await?;
                }
                id
            }
            // Another run has stored the document meanwhile.
            None => {
                let known = sqlx::query_scalar("SELECT id FROM documents WHERE blake3 = ?");
                known.bind(&new.blake3).fetch_one(&mut *tx).await?
            }
        };
        insert_source(&mut tx, run, &new.path, Some(id), None).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The e-invoice that a page (from 0) of a document belongs to.
    pub async fn einvoice(
        &self,
        document: DocumentId,
        page: u32,
    ) -> anyhow::Result<Option<XmlFile>> {
        let xml = sqlx::query_as::<_, XmlRow>(
            "SELECT e.part, e.name, e.xml FROM einvoices e JOIN pages p USING (document_id, part)
             WHERE p.document_id = ? AND p.page_index = ?",
        );
        let xml = xml.bind(document).bind(page);
        Ok(xml.fetch_optional(&self.pool).await?.map(XmlFile::from))
    }

    /// Whether the page is an e-invoice without a PDF, which no page image exists of.
    pub async fn is_xml(&self, document: DocumentId, page: u32) -> anyhow::Result<bool> {
        let whole = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM einvoices e JOIN pages p USING (document_id, part)
             WHERE p.document_id = ? AND p.page_index = ? AND e.name IS NULL)",
        );
        Ok(whole
            .bind(document)
            .bind(page)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Stores the path of a known document, or that the file at a path was rejected.
    pub async fn add_source(
        &self,
        run: RunId,
        path: &Path,
        document: Option<DocumentId>,
        failure: Option<&Failure>,
    ) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        insert_source(&mut tx, run, path, document, failure).await?;
        Ok(tx.commit().await?)
    }

    /// Queues the document's finished pages again: with `all` those that this run has
    /// not processed itself, since the document may have several paths; in any case those
    /// whose forced type changes, if a model reads them (`asks_model`). Returns their
    /// number.
    pub async fn requeue(
        &self,
        run: RunId,
        document: DocumentId,
        all: bool,
        forced_type: Option<&str>,
        asks_model: &(dyn Fn(Option<XmlPlace>) -> bool + Sync),
    ) -> anyhow::Result<u32> {
        let mut tx = self.write().await?;
        let pages = finished_pages(&mut tx, document).await?;
        let chosen = pages.into_iter().filter(|page| {
            all && page.run_id != Some(run)
                || forced_type.is_some()
                    && page.forced_type.as_deref() != forced_type
                    && asks_model(page.xml())
        });
        let requeued = requeue(&mut tx, document, forced_type, chosen).await?;
        tx.commit().await?;
        Ok(requeued)
    }

    /// Queues the finished pages again whose result would differ today according to
    /// `stale`, unless a person corrected the document. Returns their number.
    pub async fn requeue_stale(
        &self,
        document: DocumentId,
        stale: &(dyn Fn(PageKey<'_>) -> bool + Sync),
    ) -> anyhow::Result<u32> {
        let mut tx = self.write().await?;
        let corrected = sqlx::query_scalar(concat!(
            "SELECT ",
            approvals::corrected!(),
            " FROM documents WHERE id = ?"
        ));
        if corrected.bind(document).fetch_one(&mut *tx).await? {
            return Ok(0);
        }
        let pages = finished_pages(&mut tx, document).await?;
        let is_stale = |page: &FinishedPage| {
            page.key.as_deref().is_some_and(|key| {
                stale(PageKey {
                    key,
                    doc_type: page.doc_type.as_deref(),
                    forced: page.forced_type.is_some(),
                    xml: page.xml(),
                })
            })
        };
        let chosen: Vec<_> = pages.into_iter().filter(is_stale).collect();
        let requeued = requeue(&mut tx, document, None, chosen).await?;
        tx.commit().await?;
        Ok(requeued)
    }
}

async fn finished_pages(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<Vec<FinishedPage>> {
    let pages = sqlx::query_as(
        "SELECT p.id, p.key, p.doc_type, p.forced_type, p.run_id,
            CASE WHEN e.part IS NOT NULL THEN e.name IS NULL END AS xml_is_whole
         FROM pages p LEFT JOIN einvoices e USING (document_id, part)
         WHERE document_id = ? AND state IN ('done', 'failed')",
    );
    pages.bind(document).fetch_all(&mut **tx).await
}

async fn requeue(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    forced_type: Option<&str>,
    pages: impl IntoIterator<Item = FinishedPage>,
) -> sqlx::Result<u32> {
    let mut requeued = 0;
    for page in pages {
        let requeue = sqlx::query(REQUEUE).bind(forced_type).bind(page.id);
        requeued += requeue.execute(&mut **tx).await?.rows_affected() as u32;
    }
    if requeued > 0 {
        revisions::reopen(tx, document).await?;
    }
    Ok(requeued)
}

/// The types of queued pages, and of the other pages of their documents, by which they
/// will be read or recorded.
const TYPES_TO_COME: &str = "SELECT type FROM
    (SELECT CASE WHEN state IN ('queued', 'leased') AND escalation_id IS NULL THEN forced_type ELSE doc_type END AS type
     FROM pages WHERE document_id IN (SELECT document_id FROM pages WHERE state IN ('queued', 'leased')))
    WHERE type NOT IN (SELECT value FROM json_each(?)) LIMIT 1";

impl Store {
    /// A document type of queued pages that is not among `known`.
    pub async fn missing_type(&self, known: &[String]) -> anyhow::Result<Option<String>> {
        let mut tx = self.pool.begin().await?;
        missing_type(&mut tx, known).await
    }

    /// A document type of the document's pages that is not among `known`: given by the
    /// user or, without `forced_only`, determined by CLIP.
    pub async fn missing_type_of(
        &self,
        document: DocumentId,
        known: &[String],
        forced_only: bool,
    ) -> anyhow::Result<Option<String>> {
        let missing = sqlx::query_scalar(
            "SELECT type FROM (SELECT coalesce(forced_type, CASE WHEN ? THEN NULL ELSE doc_type END) AS type
                FROM pages WHERE document_id = ?)
             WHERE type NOT IN (SELECT value FROM json_each(?)) LIMIT 1",
        );
        let missing = missing.bind(forced_only).bind(document);
        let missing = missing.bind(serde_json::to_string(known)?);
        Ok(missing.fetch_optional(&self.pool).await?)
    }
}

pub(super) async fn missing_type(
    tx: &mut Transaction<'_, Sqlite>,
    known: &[String],
) -> anyhow::Result<Option<String>> {
    let missing = sqlx::query_scalar(TYPES_TO_COME).bind(serde_json::to_string(known)?);
    Ok(missing.fetch_optional(&mut **tx).await?)
}

impl Store {
    /// Reopens a recorded document whose records were made with another acceptance
    /// policy: they are made again without reading. Corrections by a person stay.
    /// Returns whether it was reopened.
    pub async fn reopen_if_policy_changed(
        &self,
        document: DocumentId,
        policy: &str,
    ) -> anyhow::Result<bool> {
        let update = sqlx::query(concat!(
            "UPDATE documents SET state = 'open', revision = revision + 1
             WHERE id = ? AND state = 'recorded' AND policy IS NOT ? AND NOT ",
            approvals::corrected!()
        ));
        let update = update.bind(document).bind(policy);
        Ok(update.execute(&self.pool).await?.rows_affected() > 0)
    }
}

async fn insert_xml(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    xml: &XmlFile,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO einvoices (document_id, part, name, xml) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    let insert = insert.bind(document).bind(xml.part);
    let insert = insert.bind(&xml.name).bind(&xml.bytes);
    insert.execute(&mut **tx).await.map(drop)
}

#[derive(FromRow)]
struct XmlRow {
    part: u32,
    name: Option<String>,
    xml: Vec<u8>,
}

impl From<XmlRow> for XmlFile {
    fn from(row: XmlRow) -> XmlFile {
        XmlFile {
            part: row.part,
            name: row.name,
            bytes: row.xml,
        }
    }
}

/// The e-invoices of a document, by part.
pub(super) async fn einvoices(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<Vec<XmlFile>> {
    let rows = sqlx::query_as::<_, XmlRow>(
        "SELECT part, name, xml FROM einvoices WHERE document_id = ? ORDER BY part",
    );
    let rows = rows.bind(document).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(XmlFile::from).collect())
}

/// The place of the e-invoice of the page's document or part; `None` where it
/// has none.
pub(super) async fn xml_place(
    tx: &mut Transaction<'_, Sqlite>,
    page: i64,
) -> sqlx::Result<Option<XmlPlace>> {
    let is_whole = sqlx::query_scalar(
        "SELECT e.name IS NULL FROM einvoices e JOIN pages p USING (document_id, part) WHERE p.id = ?",
    );
    let is_whole = is_whole.bind(page).fetch_optional(&mut **tx).await?;
    Ok(is_whole.map(place))
}

fn place(is_whole: bool) -> XmlPlace {
    match is_whole {
        true => XmlPlace::Whole,
        false => XmlPlace::Attached,
    }
}

/// Most rejections that are kept of a run: a folder of other files is met every night.
const MOST_REJECTIONS: u32 = 100;

/// Keeps one of the first rejections of the run for its report.
async fn insert_rejection(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    path: &[u8],
    failure: &Failure,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT OR REPLACE INTO run_rejections (run_id, path, reason, message) SELECT ?1, ?2, ?3, ?4
         WHERE (SELECT count(*) FROM run_rejections WHERE run_id = ?1) < ?5",
    );
    let insert = insert.bind(run).bind(path).bind(failure.reason.as_str());
    let insert = insert.bind(&failure.message).bind(MOST_REJECTIONS);
    insert.execute(&mut **tx).await.map(drop)
}

async fn insert_source(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    path: &Path,
    document: Option<DocumentId>,
    failure: Option<&Failure>,
) -> sqlx::Result<()> {
    let bytes = path_bytes(path);
    // An earlier rejection of the path is outdated.
    let delete = sqlx::query("DELETE FROM sources WHERE path = ? AND document_id IS NULL");
    delete.bind(&bytes).execute(&mut **tx).await?;
    sqlx::query(
        "INSERT INTO sources (path, path_text, document_id, reason, message, run_id, seen_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (document_id, path) WHERE document_id IS NOT NULL
         DO UPDATE SET run_id = excluded.run_id, seen_at = excluded.seen_at",
    )
    .bind(&bytes)
    .bind(path.to_string_lossy())
    .bind(document)
    .bind(failure.map(|failure| failure.reason.as_str()))
    .bind(failure.map(|failure| &failure.message))
    .bind(run)
    .bind(now())
    .execute(&mut **tx)
    .await?;
    if let Some(failure) = failure
        && failure.reason != Reason::NotADocument
    {
        insert_rejection(tx, run, &bytes, failure).await?;
    }
    if let Some(document) = document {
        page_search::update_names(tx, document).await?;
    }
    replaced::flag_former_content(tx, path, document).await
}
