//! What was measured of pages before they were read.

use std::collections::BTreeMap;

use sqlx::{Sqlite, Transaction};

use super::columns::{DocumentId, JsonColumn};
use super::database::Store;
use crate::domain::PageQuality;

impl Store {
    /// The measures of the document's pages, by page index; pages that were not
    /// measured are left out.
    pub async fn page_quality(
        &self,
        document: DocumentId,
    ) -> anyhow::Result<BTreeMap<u32, PageQuality>> {
        let mut tx = self.pool.begin().await?;
        Ok(of_document(&mut tx, document).await?)
    }
}

/// Replaces what the page has.
pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    page: i64,
    quality: &PageQuality,
) -> anyhow::Result<()> {
    let insert =
        sqlx::query("INSERT OR REPLACE INTO page_quality (page_id, measures) VALUES (?, ?)");
    let insert = insert.bind(page).bind(serde_json::to_string(quality)?);
    insert.execute(&mut **tx).await?;
    Ok(())
}

pub(super) async fn of_document(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<BTreeMap<u32, PageQuality>> {
    let rows = sqlx::query_as::<_, (u32, JsonColumn<PageQuality>)>(
        "SELECT p.page_index, q.measures FROM page_quality q JOIN pages p ON p.id = q.page_id
         WHERE p.document_id = ?",
    );
    let rows = rows.bind(document).fetch_all(&mut **tx).await?;
    Ok(rows
        .into_iter()
        .map(|(page, JsonColumn(quality))| (page, quality))
        .collect())
}
