//! The words of pages, by where they come from.

use std::collections::BTreeMap;

use sqlx::{FromRow, Sqlite, Transaction};

use super::columns::{DocumentId, Json, Named};
use crate::domain::{SourceText, TextSource, TextWord};

#[derive(FromRow)]
struct TextRow {
    page_index: u32,
    source: Named<TextSource>,
    engine: Option<String>,
    rotation: u32,
    words: Json<Vec<TextWord>>,
}

/// Replaces what the page has of this source.
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
        texts.entry(row.page_index).or_default().push(SourceText {
            source: row.source.0,
            engine: row.engine,
            rotation: row.rotation,
            words: row.words.0,
        });
    }
    Ok(texts)
}
