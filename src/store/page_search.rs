//! The search index of pages: their words, their records' values, their files' names.

use std::collections::BTreeSet;

use sqlx::{Sqlite, Transaction};

use super::columns::DocumentId;
use super::sources;
use crate::domain::folded_words;

/// Lengths in characters of words in the trigram index.
const WORD_LENGTHS: std::ops::RangeInclusive<usize> = 3..=40;

/// The searchable content of a page, without its files' names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageEntry {
    /// Index of the page, from 0.
    pub page: u32,
    /// Values of the record that begins on the page.
    pub fields: String,
    /// The page's words, laid out by lines.
    pub body: String,
    /// Its numbers and dates as [`crate::domain::number_token`] and
    /// [`crate::domain::date_token`] write them.
    pub numbers: BTreeSet<String>,
}

/// Replaces the searchable content of the document's pages.
pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    entries: &[PageEntry],
) -> sqlx::Result<()> {
    let names = names(tx, document).await?;
    for entry in entries {
        let numbers: Vec<&str> = entry.numbers.iter().map(String::as_str).collect();
        let insert = sqlx::query(
            "INSERT INTO page_search (page_id, names, fields, body, numbers)
             SELECT id, ?, ?, ?, ? FROM pages WHERE document_id = ? AND page_index = ?
             ON CONFLICT (page_id) DO UPDATE SET names = excluded.names, fields = excluded.fields,
                body = excluded.body, numbers = excluded.numbers",
        );
        let insert = insert
            .bind(&names)
            .bind(&entry.fields)
            .bind(&entry.body)
            .bind(numbers.join(" "))
            .bind(document)
            .bind(entry.page);
        insert.execute(&mut **tx).await?;
    }
    let texts = entries
        .iter()
        .flat_map(|entry| [&entry.fields, &entry.body])
        .chain([&names]);
    insert_words(tx, texts.map(String::as_str)).await
}

/// Updates the file names of a document whose paths changed.
pub(super) async fn update_names(
    tx: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
) -> sqlx::Result<()> {
    let names = names(tx, document).await?;
    let update = sqlx::query(
        "UPDATE page_search SET names = ?1 WHERE names <> ?1 AND page_id IN
            (SELECT id FROM pages WHERE document_id = ?2)",
    );
    let updated = update.bind(&names).bind(document).execute(&mut **tx);
    match updated.await?.rows_affected() {
        0 => Ok(()),
        _ => insert_words(tx, [names.as_str()]).await,
    }
}

/// Names of the document's files, one a line.
async fn names(tx: &mut Transaction<'_, Sqlite>, document: DocumentId) -> sqlx::Result<String> {
    let paths = sources::paths(tx, document).await?;
    let names = paths.iter().filter_map(|path| path.file_name());
    let names: BTreeSet<_> = names.map(|name| name.to_string_lossy()).collect();
    Ok(names.into_iter().collect::<Vec<_>>().join("\n"))
}

async fn insert_words(
    tx: &mut Transaction<'_, Sqlite>,
    texts: impl IntoIterator<Item = &str>,
) -> sqlx::Result<()> {
    let words: BTreeSet<String> = texts.into_iter().flat_map(folded_words).collect();
    for word in words {
        if WORD_LENGTHS.contains(&word.chars().count()) {
            let insert =
                sqlx::query("INSERT INTO vocabulary (word) VALUES (?) ON CONFLICT DO NOTHING");
            insert.bind(word).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// Deletes words that no page has any more.
pub(super) async fn delete_unused_words(tx: &mut Transaction<'_, Sqlite>) -> sqlx::Result<()> {
    let delete =
        sqlx::query("DELETE FROM vocabulary WHERE word NOT IN (SELECT term FROM page_terms)");
    delete.execute(&mut **tx).await.map(drop)
}
