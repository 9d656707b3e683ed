//! The words of pages, by text source.

use std::collections::BTreeMap;

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, JsonColumn, NameColumn};
use crate::domain::{SourceText, TextSource, TextWord};

#[derive(FromRow)]
struct TextRow {
    page_index: u32,
    source: NameColumn<TextSource>,
    engine: Option<String>,
    rotation: u32,
    words: JsonColumn<Vec<TextWord>>,
}

impl From<TextRow> for SourceText {
    fn from(row: TextRow) -> SourceText {
        SourceText {
            source: row.source.0,
            engine: row.engine,
            rotation: row.rotation,
            words: row.words.0,
        }
    }
}

/// Replaces the page's words of this source.
pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    page: i64,
    text: &SourceText,
) -> anyhow::Result<()> {
    let insert = sqlx::query(
        "INSERT OR REPLACE INTO page_text (page_id, source, engine, rotation, words) VALUES (?, ?, ?, ?, ?)",
    );
    insert
        .bind(page)
        .bind(text.source.as_str())
        .bind(&text.engine)
        .bind(text.rotation)
        .bind(serde_json::to_string(&text.words)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The texts of one page.
pub(super) async fn of_page(
    tx: &mut Transaction<'_, Sqlite>,
    page: i64,
) -> sqlx::Result<Vec<SourceText>> {
    let rows = sqlx::query_as::<_, TextRow>(
        "SELECT p.page_index, t.source, t.engine, t.rotation, t.words
         FROM page_text t JOIN pages p ON p.id = t.page_id WHERE t.page_id = ? ORDER BY t.source",
    );
    let rows = rows.bind(page).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(SourceText::from).collect())
}

/// The texts of the document's pages, by page index.
pub(super) async fn of_document(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<BTreeMap<u32, Vec<SourceText>>> {
    let rows = sqlx::query_as::<_, TextRow>(
        "SELECT p.page_index, t.source, t.engine, t.rotation, t.words
         FROM page_text t JOIN pages p ON p.id = t.page_id WHERE p.document_id = ? ORDER BY t.source",
    );
    let mut texts = BTreeMap::<u32, Vec<SourceText>>::new();
    for row in rows.bind(document).fetch_all(&mut **tx).await? {
        let of_page = texts.entry(row.page_index).or_default();
        of_page.push(SourceText::from(row));
    }
    Ok(texts)
}
