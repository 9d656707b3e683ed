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
    pub example: i64,
    #[sqlx(try_from = "PathColumn")]
    pub path: std::path::PathBuf,
}

/// What new pages of a layout are compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct LayoutTemplate {
    pub layout: i64,
    /// Number of pages that it was made of.
    pub pages: u32,
    /// In the form of `archive`.
    pub words: Vec<u8>,
    /// Of its oldest page; not stored with it.
    pub embedding: Option<(String, Embedding)>,
}

#[derive(FromRow)]
struct TemplateRow {
    layout: i64,
    #[sqlx(try_from = "i64")]
    pages: u32,
    words: Vec<u8>,
    model: Option<String>,
    vector: Option<Vec<u8>>,
}

/// Pages with a layout that no longer begin a record of its type.
fn outdated() -> String {
    format!(
        "FROM page_layouts WHERE NOT EXISTS (SELECT 1 FROM ({FIRST_PAGES}) f
            WHERE f.page_id = page_layouts.page_id AND f.doc_type = page_layouts.doc_type)"
    )
}

/// Layouts whose oldest page is gone, with the oldest one that is left.
const WITHOUT_OLDEST: &str = "(SELECT layout AS known, min(page_id) AS oldest FROM page_layouts
    GROUP BY layout HAVING min(page_id) <> layout)";

impl Store {
    /// Deletes layouts of pages that no longer begin a record of that type. A layout whose
    /// oldest page is gone gets the id of the oldest one that is left.
    pub async fn delete_outdated_layouts(&self) -> anyhow::Result<()> {
        let outdated = outdated();
        let any = format!("SELECT EXISTS (SELECT 1 {outdated}) OR EXISTS {WITHOUT_OLDEST}");
        let any = sqlx::query_scalar(sqlx::AssertSqlSafe(any));
        if !any.fetch_one(&self.pool).await? {
            return Ok(());
        }
        let mut tx = self.write().await?;
        let delete = sqlx::AssertSqlSafe(format!("DELETE {outdated}"));
        sqlx::query(delete).execute(&mut *tx).await?;
        let rename = format!(
            "UPDATE page_layouts SET layout = n.oldest FROM {WITHOUT_OLDEST} n WHERE layout = n.known"
        );
        let rename = sqlx::query(sqlx::AssertSqlSafe(rename));
        rename.execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Ids and document types of pages that have no layout yet, the oldest first.
    pub async fn pages_without_layout(&self) -> anyhow::Result<Vec<(i64, String)>> {
        let pages = format!(
            "SELECT DISTINCT page_id, doc_type FROM ({FIRST_PAGES}) WHERE page_id NOT IN
                (SELECT page_id FROM page_layouts) ORDER BY page_id"
        );
        let pages = sqlx::query_as(sqlx::AssertSqlSafe(pages));
        Ok(pages.fetch_all(&self.pool).await?)
    }

    /// The stored templates of a type, the oldest layout first.
    pub async fn layout_templates(&self, doc_type: &str) -> anyhow::Result<Vec<LayoutTemplate>> {
        let rows = sqlx::query_as::<_, TemplateRow>(
            "SELECT t.layout, t.pages, t.words, e.model, e.vector FROM layout_templates t
             LEFT JOIN page_embeddings e ON e.page_id = t.layout WHERE t.doc_type = ? ORDER BY t.layout",
        );
        let template = |row: TemplateRow| LayoutTemplate {
            layout: row.layout,
            pages: row.pages,
            words: row.words,
            embedding: row
                .model
                .zip(row.vector)
                .map(|(model, bytes)| (model, Embedding::from_half_bytes(&bytes))),
        };
        let rows = rows.bind(doc_type).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(template).collect())
    }

    /// At most `most` pages of each layout of a type that has no template, the oldest first.
    pub async fn pages_without_template(
        &self,
        doc_type: &str,
        most: u32,
    ) -> anyhow::Result<Vec<PageLayout>> {
        let members = sqlx::query_as(
            "SELECT page_id, layout, doc_type FROM (SELECT *, row_number() OVER
                (PARTITION BY layout ORDER BY page_id) AS place FROM page_layouts WHERE doc_type = ?
                    AND layout NOT IN (SELECT layout FROM layout_templates))
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

    /// Stores the layouts of pages that have none, and templates of `doc_type` in place of
    /// those that are stored. Where two processes do so at once, a template may lack a page.
    pub async fn insert_layouts(
        &self,
        pages: &[PageLayout],
        doc_type: &str,
        templates: &[LayoutTemplate],
    ) -> anyhow::Result<()> {
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
        for template in templates {
            // Without pages, it would keep words of documents that were forgotten.
            let insert = sqlx::query(
                "INSERT OR REPLACE INTO layout_templates (layout, doc_type, pages, words) SELECT ?1, ?2, ?3, ?4
                 WHERE EXISTS (SELECT 1 FROM page_layouts WHERE layout = ?1)",
            );
            let insert = insert.bind(template.layout).bind(doc_type);
            let insert = insert.bind(template.pages).bind(&template.words);
            insert.execute(&mut *tx).await?;
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
                (SELECT record_id FROM first WHERE page_id = l.layout) AS example,
                (SELECT path FROM sources WHERE document_id = (SELECT document_id FROM pages WHERE id = l.layout)
                    ORDER BY id LIMIT 1) AS path
             FROM page_layouts l JOIN first f ON f.page_id = l.page_id
             WHERE ?1 IS NULL OR l.doc_type = ?1
             GROUP BY l.layout HAVING example IS NOT NULL ORDER BY l.layout DESC"
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
