//! Queries about one record for the review page.

use std::path::PathBuf;

use super::columns::{DocumentId, JsonColumn};
use super::corrections::{self, Correction};
use super::database::Store;
use super::{captures, duplicates, page_text, sources};
use crate::domain::{Reading, Record, SourceText};

impl Store {
    /// The words of a document's page (from 0), by text source.
    pub async fn texts_of_page(
        &self,
        document: DocumentId,
        page: u32,
    ) -> anyhow::Result<Vec<SourceText>> {
        let mut tx = self.pool.begin().await?;
        let id =
            sqlx::query_scalar("SELECT id FROM pages WHERE document_id = ? AND page_index = ?");
        let id: Option<i64> = id
            .bind(document)
            .bind(page)
            .fetch_optional(&mut *tx)
            .await?;
        match id {
            Some(id) => Ok(page_text::of_page(&mut tx, id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// A document's paths, the latest first.
    pub async fn latest_paths(&self, document: DocumentId) -> anyhow::Result<Vec<PathBuf>> {
        let mut tx = self.pool.begin().await?;
        Ok(sources::latest_paths(&mut tx, document).await?)
    }

    /// The readings of the record's pages, in their order.
    pub async fn readings_of(&self, record: i64) -> anyhow::Result<Vec<Reading>> {
        let rows = sqlx::query_scalar::<_, JsonColumn<Reading>>(
            "SELECT r.reading FROM record_pages rp JOIN readings r ON r.id = rp.reading_id
             WHERE rp.record_id = ? AND r.reading IS NOT NULL ORDER BY rp.page_index",
        );
        let rows = rows.bind(record).fetch_all(&self.pool).await?;
        Ok(rows
            .into_iter()
            .map(|JsonColumn(reading)| reading)
            .collect())
    }

    /// The record of an earlier document that this one may be a duplicate of.
    pub async fn duplicate_of(
        &self,
        document: DocumentId,
        record: &Record,
    ) -> anyhow::Result<Option<i64>> {
        let mut tx = self.pool.begin().await?;
        let found = duplicates::earlier(&mut tx, document, record).await?;
        Ok(found.map(|found| found.record))
    }

    /// Stores that two documents are different, and stores `new`, the record without the
    /// finding about a possible duplicate, in place of the current record `id`. The record
    /// gets the finding again where a third document has its business key. Otherwise as
    /// [`Store::correct`].
    pub async fn settle_not_duplicate(
        &self,
        id: i64,
        other: DocumentId,
        new: &mut Record,
        correction: Correction<'_>,
    ) -> anyhow::Result<Option<i64>> {
        let mut tx = self.write().await?;
        let document = sqlx::query_scalar("SELECT document_id FROM records WHERE id = ?");
        let document: Option<DocumentId> = document.bind(id).fetch_optional(&mut *tx).await?;
        let Some(document) = document.filter(|document| *document != other) else {
            return Ok(None);
        };
        captures::insert_rejected_pair(&mut tx, document, other).await?;
        duplicates::flag(&mut tx, document, new).await?;
        let made = corrections::replace(&mut tx, id, new, &correction).await?;
        if made.is_some() {
            tx.commit().await?;
        }
        Ok(made)
    }
}
