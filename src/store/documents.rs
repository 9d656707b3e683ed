use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sqlx::{Row, Sqlite, Transaction};

use super::{DocumentId, RunId, Store, now, replaced};
use crate::domain::{DocumentInfo, Failure, XmlFile, XmlPlace};

/// A content seen for the first time.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// BLAKE3 of its bytes, hex.
    pub blake3: String,
    pub bytes: u64,
    pub info: DocumentInfo,
    pub path: PathBuf,
    /// The electronic invoice that it carries or is.
    pub xml: Option<XmlFile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDocument {
    pub id: DocumentId,
    pub pages: u32,
    /// It has attachments that no version of docmill has looked into.
    pub xml_unsought: bool,
    /// Whether it comes with an electronic invoice.
    pub xml: Option<XmlPlace>,
    pub failed_pages: u32,
}

/// What a page's stored result was made as.
#[derive(Clone, Copy, Debug)]
pub struct PageKey<'a> {
    pub key: &'a str,
    pub doc_type: Option<&'a str>,
    pub forced: bool,
    /// Whether its document comes with an electronic invoice.
    pub xml: Option<XmlPlace>,
}

/// A page that may be queued again.
struct Finished<'a> {
    key: Option<PageKey<'a>>,
    forced_type: Option<&'a str>,
    /// Who claimed it last.
    run: Option<i64>,
}

/// Makes a finished page a job again; its readings stay.
const REQUEUE: &str = "UPDATE pages SET state = 'queued', attempts = 0, failures = 0,
    forced_type = coalesce(?, forced_type), reason = NULL, message = NULL, finished_at = NULL, climb_id = NULL,
    since_reading = (SELECT coalesce(max(id), 0) FROM readings WHERE page_id = pages.id)
    WHERE id = ? AND state IN ('done', 'failed')";

impl Store {
    pub async fn lookup(&self, blake3: &str) -> anyhow::Result<Option<KnownDocument>> {
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query(
            "SELECT id, pages, xml_sought = 0 AND attachments <> '[]',
                (SELECT count(*) FROM pages WHERE document_id = documents.id AND state = 'failed')
             FROM documents WHERE blake3 = ?",
        );
        let Some(row) = row.bind(blake3).fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        let id = row.get(0);
        Ok(Some(KnownDocument {
            id: DocumentId(id),
            pages: row.get(1),
            xml_unsought: row.get(2),
            xml: xml_place(&mut tx, id).await?,
            failed_pages: row.get(3),
        }))
    }

    /// Stores the document, its path and its queued pages in one transaction.
    pub async fn add_document(
        &self,
        run: RunId,
        new: &NewDocument,
        forced_type: Option<&str>,
    ) -> anyhow::Result<DocumentId> {
        let mut tx = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO documents
                (blake3, bytes, media_type, pages, attachments, warnings, added_at, run_id, xml_sought)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
             ON CONFLICT (blake3) DO NOTHING RETURNING id",
        )
        .bind(&new.blake3)
        .bind(new.bytes as i64)
        .bind(new.info.media_type.as_str())
        .bind(new.info.pages)
        .bind(serde_json::to_string(&new.info.attachments)?)
        .bind(serde_json::to_string(&new.info.warnings)?)
        .bind(now())
        .bind(run.0)
        .fetch_optional(&mut *tx)
        .await?;
        let id: i64 = match inserted {
            Some(row) => {
                let id = row.get(0);
                insert_xml(&mut tx, id, new.xml.as_ref()).await?;
                for index in 0..new.info.pages {
                    let page = sqlx::query(
                        "INSERT INTO pages (document_id, page_index, forced_type) VALUES (?, ?, ?)",
                    );
                    page.bind(id)
                        .bind(index)
                        .bind(forced_type)
                        .execute(&mut *tx)
                        .await?;
                }
                id
            }
            // Another run was faster.
            None => {
                let row =
                    sqlx::query("SELECT id FROM documents WHERE blake3 = ?").bind(&new.blake3);
                row.fetch_one(&mut *tx).await?.get(0)
            }
        };
        note_source(&mut tx, run, &new.path, Some(DocumentId(id)), None).await?;
        tx.commit().await?;
        Ok(DocumentId(id))
    }

    /// Notes what looking for an electronic invoice in a known document brought.
    pub async fn note_xml(
        &self,
        document: DocumentId,
        xml: Option<&XmlFile>,
    ) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        let sought = sqlx::query("UPDATE documents SET xml_sought = 1 WHERE id = ?");
        sought.bind(document.0).execute(&mut *tx).await?;
        insert_xml(&mut tx, document.0, xml).await?;
        Ok(tx.commit().await?)
    }

    /// The electronic invoice that a document carries or is.
    pub async fn einvoice(&self, document: DocumentId) -> anyhow::Result<Option<XmlFile>> {
        let row = sqlx::query("SELECT name, xml FROM einvoices WHERE document_id = ?");
        let row = row.bind(document.0).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| XmlFile {
            name: row.get(0),
            bytes: row.get(1),
        }))
    }

    /// Notes where a known document was seen, or that a file was turned away.
    pub async fn add_source(
        &self,
        run: RunId,
        path: &Path,
        document: Option<DocumentId>,
        failure: Option<&Failure>,
    ) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        note_source(&mut tx, run, path, document, failure).await?;
        Ok(tx.commit().await?)
    }

    /// Queues the document's finished pages again: all of them that this run
    /// has not done itself (the document may have several paths), or those whose
    /// forced type would change. Returns how many.
    pub async fn requeue(
        &self,
        run: RunId,
        document: DocumentId,
        all: bool,
        forced_type: Option<&str>,
    ) -> anyhow::Result<u32> {
        self.requeue_where(document, forced_type, &|page| {
            all && page.run != Some(run.0)
                || forced_type.is_some() && page.forced_type != forced_type
        })
        .await
    }

    /// Queues the finished pages again for which `stale` says that they would
    /// come out otherwise today. Returns how many.
    pub async fn requeue_stale(
        &self,
        document: DocumentId,
        stale: &(dyn Fn(PageKey<'_>) -> bool + Sync),
    ) -> anyhow::Result<u32> {
        let is_stale = |page: &Finished<'_>| page.key.is_some_and(stale);
        self.requeue_where(document, None, &is_stale).await
    }

    async fn requeue_where(
        &self,
        document: DocumentId,
        forced_type: Option<&str>,
        choose: &(dyn Fn(&Finished<'_>) -> bool + Sync),
    ) -> anyhow::Result<u32> {
        let mut tx = self.write().await?;
        let pages = sqlx::query(
            "SELECT id, key, doc_type, forced_type, run_id FROM pages
             WHERE document_id = ? AND state IN ('done', 'failed')",
        )
        .bind(document.0)
        .fetch_all(&mut *tx)
        .await?;
        let xml = xml_place(&mut tx, document.0).await?;
        let mut requeued = 0;
        for page in pages {
            let forced: Option<&str> = page.get(3);
            let finished = Finished {
                key: page.get::<Option<&str>, _>(1).map(|key| PageKey {
                    key,
                    doc_type: page.get(2),
                    forced: forced.is_some(),
                    xml,
                }),
                forced_type: forced,
                run: page.get(4),
            };
            if choose(&finished) {
                let requeue = sqlx::query(REQUEUE)
                    .bind(forced_type)
                    .bind(page.get::<i64, _>(0));
                requeued += requeue.execute(&mut *tx).await?.rows_affected() as u32;
            }
        }
        if requeued > 0 {
            reopen(&mut tx, document).await?;
        }
        tx.commit().await?;
        Ok(requeued)
    }
}

/// Of pages that wait, and of those beside them in their documents, the type
/// by which they will be read or recorded.
const TYPES_TO_COME: &str = "SELECT type FROM
    (SELECT CASE WHEN state IN ('queued', 'leased') AND climb_id IS NULL THEN forced_type ELSE doc_type END AS type
     FROM pages WHERE document_id IN (SELECT document_id FROM pages WHERE state IN ('queued', 'leased')))
    WHERE type NOT IN (SELECT value FROM json_each(?)) LIMIT 1";

impl Store {
    /// A document type that pages in the queue need and that is not among
    /// `known`.
    pub async fn missing_type(&self, known: &[String]) -> anyhow::Result<Option<String>> {
        let mut tx = self.pool.begin().await?;
        missing_type(&mut tx, known).await
    }

    /// A document type of the document's pages that is not among `known`:
    /// given by the user or, unless `forced_only`, told by CLIP.
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
        let missing = missing.bind(forced_only).bind(document.0);
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
    /// Opens a recorded document again whose records were made by another
    /// acceptance policy: they are to be made anew, without reading anything.
    /// Returns whether it was one.
    pub async fn reopen_if_judged_otherwise(
        &self,
        document: DocumentId,
        policy: &str,
    ) -> anyhow::Result<bool> {
        let update = sqlx::query(
            "UPDATE documents SET state = 'open', revision = revision + 1
             WHERE id = ? AND state = 'recorded' AND policy IS NOT ?",
        );
        let update = update.bind(document.0).bind(policy);
        Ok(update.execute(&self.pool).await?.rows_affected() > 0)
    }
}

async fn insert_xml(
    tx: &mut Transaction<'_, Sqlite>,
    document: i64,
    xml: Option<&XmlFile>,
) -> sqlx::Result<()> {
    let Some(xml) = xml else { return Ok(()) };
    sqlx::query(
        "INSERT INTO einvoices (document_id, name, xml) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(document)
    .bind(&xml.name)
    .bind(&xml.bytes)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Whether and how the document comes with an electronic invoice.
pub(super) async fn xml_place(
    tx: &mut Transaction<'_, Sqlite>,
    document: i64,
) -> sqlx::Result<Option<XmlPlace>> {
    let row = sqlx::query("SELECT name IS NULL FROM einvoices WHERE document_id = ?");
    let row = row.bind(document).fetch_optional(&mut **tx).await?;
    Ok(row.map(|row| match row.get(0) {
        true => XmlPlace::Whole,
        false => XmlPlace::Attached,
    }))
}

/// The document's records no longer follow from its pages.
pub(super) async fn reopen(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<()> {
    let update =
        sqlx::query("UPDATE documents SET state = 'open', revision = revision + 1 WHERE id = ?");
    update.bind(document.0).execute(&mut **tx).await.map(drop)
}

async fn note_source(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    path: &Path,
    document: Option<DocumentId>,
    failure: Option<&Failure>,
) -> sqlx::Result<()> {
    let bytes = path.as_os_str().as_bytes();
    // What the path was turned away for before no longer holds.
    let forget = sqlx::query("DELETE FROM sources WHERE path = ? AND document_id IS NULL");
    forget.bind(bytes).execute(&mut **tx).await?;
    sqlx::query(
        "INSERT INTO sources (path, path_text, document_id, reason, message, run_id, seen_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (document_id, path) WHERE document_id IS NOT NULL
         DO UPDATE SET run_id = excluded.run_id, seen_at = excluded.seen_at",
    )
    .bind(bytes)
    .bind(path.to_string_lossy())
    .bind(document.map(|id| id.0))
    .bind(failure.map(|failure| failure.reason.as_str()))
    .bind(failure.map(|failure| &failure.message))
    .bind(run.0)
    .bind(now())
    .execute(&mut **tx)
    .await?;
    replaced::tell_of_path(tx, path, document).await
}
