//! The data by which records are compared, to find captures of one document.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, JsonColumn, now};
use super::database::Store;
use super::{revisions, sources};
use crate::domain::{Capture, Facts, Fields, PageLook, folded_words};

/// A current record with the data by which it is compared.
#[derive(Clone, Debug)]
pub struct StoredCapture {
    pub record: i64,
    pub document: DocumentId,
    pub doc_type: Option<String>,
    /// The document's paths in the order first seen.
    pub paths: Vec<PathBuf>,
    /// Indices (from 0) of its pages.
    pub pages: Vec<u32>,
    pub capture: Capture,
    /// The words of its pages, laid out by lines.
    pub text: String,
    /// The looks of its pages that were drawn.
    pub looks: Vec<PageLook>,
    /// Its business keys.
    pub keys: Vec<String>,
}

#[derive(FromRow)]
struct LookRow {
    width: u32,
    height: u32,
    pixels: String,
    hashes: Vec<u8>,
}

impl From<LookRow> for PageLook {
    fn from(row: LookRow) -> PageLook {
        let mut hashes = [[0; 32]; 4];
        for (hash, bytes) in hashes.iter_mut().zip(row.hashes.chunks_exact(32)) {
            hash.copy_from_slice(bytes);
        }
        PageLook {
            width: row.width,
            height: row.height,
            pixels: row.pixels,
            hashes,
        }
    }
}

#[derive(FromRow)]
struct SearchTextRow {
    fields: String,
    body: String,
    numbers: String,
}

/// Stores the look of a page in place of an earlier one.
pub(super) async fn insert_look(
    tx: &mut Transaction<'_, Sqlite>,
    page: i64,
    look: &PageLook,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT OR REPLACE INTO page_looks (page_id, width, height, pixels, hashes) VALUES (?, ?, ?, ?, ?)",
    );
    let insert = insert
        .bind(page)
        .bind(look.width)
        .bind(look.height)
        .bind(&look.pixels)
        .bind(look.hashes.concat());
    insert.execute(&mut **tx).await.map(drop)
}

/// The data by which a record with these fields and pages (indices from 0) is compared,
/// and the text of its pages.
pub(super) async fn capture(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    pages: &[u32],
    fields: &Fields,
) -> sqlx::Result<(Capture, String)> {
    let mut capture = Capture {
        facts: Facts::of(fields),
        ..Capture::default()
    };
    let mut text = String::new();
    for page in pages {
        let row = sqlx::query_as::<_, SearchTextRow>(
            "SELECT s.fields, s.body, s.numbers FROM page_search s JOIN pages p ON p.id = s.page_id
             WHERE p.document_id = ? AND p.page_index = ?",
        );
        let row = row.bind(document).bind(page);
        let Some(row) = row.fetch_optional(&mut **tx).await? else {
            continue;
        };
        // An invoice that is XML alone has only its values.
        let shown = match row.body.is_empty() {
            true => &row.fields,
            false => &row.body,
        };
        capture.words.extend(folded_words(shown));
        let numbers = row.numbers.split(' ').filter(|number| !number.is_empty());
        capture.numbers.extend(numbers.map(str::to_owned));
        text.push_str(shown);
        text.push('\n');
    }
    Ok((capture, text))
}

/// The data by which a stored record is compared.
pub(super) async fn of_record(
    tx: &mut Transaction<'_, Sqlite>,
    record: i64,
) -> sqlx::Result<Capture> {
    let row = sqlx::query_as("SELECT document_id, fields FROM records WHERE id = ?");
    let (document, JsonColumn(fields)): (DocumentId, JsonColumn<Fields>) =
        row.bind(record).fetch_one(&mut **tx).await?;
    let pages = pages(tx, record).await?;
    Ok(capture(tx, document, &pages, &fields).await?.0)
}

async fn pages(tx: &mut Transaction<'_, Sqlite>, record: i64) -> sqlx::Result<Vec<u32>> {
    let pages =
        sqlx::query_scalar("SELECT page_index FROM record_pages WHERE record_id = ? ORDER BY 1");
    pages.bind(record).fetch_all(&mut **tx).await
}

/// Whether a person decided that the two are different documents.
pub(super) async fn is_rejected_pair(
    tx: &mut Transaction<'_, Sqlite>,
    a: DocumentId,
    b: DocumentId,
) -> sqlx::Result<bool> {
    let known = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM not_duplicates WHERE document_id = ? AND other_id = ?)",
    );
    let known = known.bind(a.min(b)).bind(a.max(b));
    known.fetch_one(&mut **tx).await
}

pub(super) async fn insert_rejected_pair(
    tx: &mut Transaction<'_, Sqlite>,
    a: DocumentId,
    b: DocumentId,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO not_duplicates (document_id, other_id, decided_at) VALUES (?, ?, ?)
         ON CONFLICT DO NOTHING",
    );
    let insert = insert.bind(a.min(b)).bind(a.max(b)).bind(now());
    insert.execute(&mut **tx).await.map(drop)
}

impl Store {
    /// Every current record, in the order of their ids.
    pub async fn captures(&self) -> anyhow::Result<Vec<StoredCapture>> {
        let mut tx = self.pool.begin().await?;
        let rows = sqlx::query_as::<_, (i64, DocumentId, Option<String>, JsonColumn<Fields>)>(
            "SELECT id, document_id, doc_type, fields FROM records WHERE current = 1 ORDER BY id",
        );
        let rows = rows.fetch_all(&mut *tx).await?;
        let mut captures = Vec::with_capacity(rows.len());
        for (record, document, doc_type, JsonColumn(fields)) in rows {
            let pages = pages(&mut tx, record).await?;
            let (capture, text) = capture(&mut tx, document, &pages, &fields).await?;
            let looks = sqlx::query_as::<_, LookRow>(
                "SELECT l.width, l.height, l.pixels, l.hashes FROM record_pages rp
                 JOIN pages p ON p.document_id = ? AND p.page_index = rp.page_index
                 JOIN page_looks l ON l.page_id = p.id WHERE rp.record_id = ? ORDER BY p.page_index",
            );
            let looks = looks.bind(document).bind(record).fetch_all(&mut *tx);
            let looks = looks.await?.into_iter().map(PageLook::from).collect();
            let keys = sqlx::query_scalar("SELECT key FROM record_keys WHERE record_id = ?");
            captures.push(StoredCapture {
                record,
                document,
                doc_type,
                paths: sources::paths(&mut tx, document).await?,
                pages,
                capture,
                text,
                looks,
                keys: keys.bind(record).fetch_all(&mut *tx).await?,
            });
        }
        Ok(captures)
    }

    /// The document of a current record.
    pub async fn document_of(&self, record: i64) -> anyhow::Result<Option<DocumentId>> {
        let document =
            sqlx::query_scalar("SELECT document_id FROM records WHERE id = ? AND current = 1");
        Ok(document.bind(record).fetch_optional(&self.pool).await?)
    }

    /// Pairs of documents that are different by a person's decision, the smaller id
    /// first.
    pub async fn rejected_pairs(&self) -> anyhow::Result<BTreeSet<(DocumentId, DocumentId)>> {
        let pairs = sqlx::query_as("SELECT document_id, other_id FROM not_duplicates");
        let pairs: Vec<_> = pairs.fetch_all(&self.pool).await?;
        Ok(pairs.into_iter().collect())
    }

    /// Stores that two documents are different. The next run makes their records again,
    /// without the finding.
    pub async fn reject_pair(&self, a: DocumentId, b: DocumentId) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        insert_rejected_pair(&mut tx, a, b).await?;
        for document in [a, b] {
            revisions::reopen(&mut tx, document).await?;
        }
        Ok(tx.commit().await?)
    }
}
