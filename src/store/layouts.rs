//! Which pages have one layout. Derived from their words and embeddings.

use sqlx::FromRow;

use super::columns::PathColumn;
use super::database::Store;
use super::page_text;
use crate::domain::{Embedding, SourceText};

/// The first page of every current record whose type is known. Records of e-invoices
/// without a page that was seen have none.
const FIRST_PAGES: &str =
    "SELECT p.id AS page_id, r.id AS record_id, r.doc_type, r.status, r.document_id
    FROM records r JOIN pages p ON p.document_id = r.document_id
        AND p.page_index = (SELECT min(page_index) FROM record_pages WHERE record_id = r.id)
    WHERE r.current = 1 AND r.doc_type IS NOT NULL
        AND EXISTS (SELECT 1 FROM page_text WHERE page_id = p.id)";

/// A page and its layout, which has the id of its oldest page.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PageLayout {
    pub page_id: i64,
    pub layout: i64,
    pub doc_type: String,
}

/// What layouts are recognised by.
#[derive(Clone, Debug)]
pub struct LayoutPage {
    pub texts: Vec<SourceText>,
    /// With the hash of the CLIP that made it.
    pub embedding: Option<(String, Embedding)>,
}

/// A layout with its pages and records.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct StoredLayout {
    pub layout: i64,
    pub doc_type: String,
    /// Number of records, and of accepted ones.
    pub records: i64,
    pub accepted: i64,
    /// Record of its oldest page, and the path of its document.
    pub sample: i64,
    #[sqlx(try_from = "PathColumn")]
    pub path: std::path::PathBuf,
}

impl Store {
    /// Ids and document types of pages that have no layout yet, the oldest first. Deletes
    /// layouts of pages that no longer begin a record of that type.
    pub async fn pages_without_layout(&self) -> anyhow::Result<Vec<(i64, String)>> {
        let mut tx = self.write().await?;
        let delete = format!(
            "DELETE FROM page_layouts WHERE NOT EXISTS (SELECT 1 FROM ({FIRST_PAGES}) f
                WHERE f.page_id = page_layouts.page_id AND f.doc_type = page_layouts.doc_type)"
        );
        let deleted = sqlx::query(sqlx::AssertSqlSafe(delete)).execute(&mut *tx);
        deleted.await?;
        // A layout whose oldest page is gone has the id of the oldest one that is left.
        let rename = sqlx::query(
            "UPDATE page_layouts SET layout = n.oldest FROM
                (SELECT layout AS known, min(page_id) AS oldest FROM page_layouts GROUP BY layout) n
             WHERE layout = n.known AND layout <> n.oldest",
        );
        rename.execute(&mut *tx).await?;
        let pages = format!(
            "SELECT DISTINCT page_id, doc_type FROM ({FIRST_PAGES}) WHERE page_id NOT IN
                (SELECT page_id FROM page_layouts) ORDER BY page_id"
        );
        let pages = sqlx::query_as(sqlx::AssertSqlSafe(pages));
        let pages = pages.fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(pages)
    }

    /// At most `most` pages of each layout of a type, the oldest first.
    pub async fn layout_members(
        &self,
        doc_type: &str,
        most: u32,
    ) -> anyhow::Result<Vec<PageLayout>> {
        let members = sqlx::query_as(
            "SELECT page_id, layout, doc_type FROM (SELECT *, row_number() OVER
                (PARTITION BY layout ORDER BY page_id) AS place FROM page_layouts WHERE doc_type = ?)
             WHERE place <= ? ORDER BY page_id",
        );
        Ok(members
            .bind(doc_type)
            .bind(most)
            .fetch_all(&self.pool)
            .await?)
    }

    pub async fn layout_page(&self, page: i64) -> anyhow::Result<LayoutPage> {
        let mut tx = self.pool.begin().await?;
        let texts = page_text::of_page(&mut tx, page).await?;
        let vector = sqlx::query_as::<_, (String, Vec<u8>)>(
            "SELECT model, vector FROM page_embeddings WHERE page_id = ?",
        );
        let vector = vector.bind(page).fetch_optional(&mut *tx).await?;
        Ok(LayoutPage {
            texts,
            embedding: vector.map(|(model, bytes)| (model, Embedding::from_half_bytes(&bytes))),
        })
    }

    /// Stores the layouts of pages that have none.
    pub async fn insert_layouts(&self, pages: &[PageLayout]) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        for page in pages {
            // The page may have been forgotten, or got a layout by another process.
            let insert = sqlx::query(
                "INSERT INTO page_layouts (page_id, layout, doc_type) SELECT id, ?, ? FROM pages WHERE id = ?
                 ON CONFLICT DO NOTHING",
            );
            let insert = insert.bind(page.layout).bind(&page.doc_type);
            insert.bind(page.page_id).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    pub async fn delete_layouts(&self) -> anyhow::Result<()> {
        let delete = sqlx::query("DELETE FROM page_layouts");
        Ok(delete.execute(&self.pool).await.map(drop)?)
    }

    /// The layouts, of one type or of all; those with the newest oldest page first.
    pub async fn layouts(&self, doc_type: Option<&str>) -> anyhow::Result<Vec<StoredLayout>> {
        let layouts = format!(
            "WITH first AS ({FIRST_PAGES})
             SELECT l.layout, l.doc_type, count(*) AS records, sum(f.status = 'accepted') AS accepted,
                (SELECT record_id FROM first WHERE page_id = l.layout) AS sample,
                (SELECT path FROM sources WHERE document_id = (SELECT document_id FROM pages WHERE id = l.layout)
                    ORDER BY id LIMIT 1) AS path
             FROM page_layouts l JOIN first f ON f.page_id = l.page_id
             WHERE ?1 IS NULL OR l.doc_type = ?1
             GROUP BY l.layout HAVING sample IS NOT NULL ORDER BY l.layout DESC"
        );
        let layouts = sqlx::query_as(sqlx::AssertSqlSafe(layouts));
        Ok(layouts.bind(doc_type).fetch_all(&self.pool).await?)
    }

    /// The current records of a layout, the oldest page first.
    pub async fn records_of_layout(&self, layout: i64) -> anyhow::Result<Vec<i64>> {
        let records = format!(
            "SELECT f.record_id FROM ({FIRST_PAGES}) f JOIN page_layouts l ON l.page_id = f.page_id
             WHERE l.layout = ? ORDER BY f.page_id"
        );
        let records = sqlx::query_scalar(sqlx::AssertSqlSafe(records));
        Ok(records.bind(layout).fetch_all(&self.pool).await?)
    }
}
