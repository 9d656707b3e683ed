//! Finds pages by words and by values of their records.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::columns::{DocumentId, JsonColumn, NameColumn, path_bytes};
use super::database::Store;
use super::{page_text, sources};
use crate::domain::{Fields, SourceText, Status};

/// Which pages may be found. Empty: all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageFilter {
    pub doc_type: Option<String>,
    /// First and last day of the record's date.
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// Least total of the record, in ten-thousandths of its currency.
    pub min_total: Option<i64>,
    /// Greatest total of the record, in ten-thousandths of its currency.
    pub max_total: Option<i64>,
    /// Part of the seller's, merchant's or other party's name, folded.
    pub party: Option<String>,
    pub status: Option<Status>,
    /// An absolute path: a file, or a folder with all below it.
    pub path: Option<PathBuf>,
    /// Id of a layout.
    pub layout: Option<i64>,
}

/// A page that was found, with the data to show.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPage {
    pub page_id: i64,
    pub document: DocumentId,
    /// Index of the page, from 0.
    pub index: u32,
    /// The document's first path.
    pub path: PathBuf,
    /// Names of its files, one a line.
    pub names: String,
    /// The current record that the page belongs to.
    pub record: Option<FoundRecord>,
    pub texts: Vec<SourceText>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FoundRecord {
    pub id: i64,
    pub doc_type: Option<String>,
    pub status: Status,
    pub fields: Fields,
    /// Index (from 0) of its first page, which is found by the record's values.
    pub first_page: u32,
}

#[derive(FromRow)]
struct FoundRow {
    document_id: DocumentId,
    page_index: u32,
    names: Option<String>,
}

#[derive(FromRow)]
struct FoundRecordRow {
    id: i64,
    doc_type: Option<String>,
    status: NameColumn<Status>,
    fields: JsonColumn<Fields>,
    first_page: u32,
}

impl PageFilter {
    pub fn is_empty(&self) -> bool {
        *self == PageFilter::default()
    }

    fn asks_for_records(&self) -> bool {
        let pages = PageFilter {
            path: self.path.clone(),
            layout: self.layout,
            ..PageFilter::default()
        };
        *self != pages
    }

    /// A subquery with the ids of the pages that may be found.
    pub(super) fn push(&self, query: &mut QueryBuilder<Sqlite>) {
        // Starts from the records, which have an index, since there are many pages.
        query.push(match self.asks_for_records() {
            true => {
                "SELECT p.id FROM record_facts f JOIN records r ON r.id = f.record_id AND r.current = 1
                 JOIN record_pages rp ON rp.record_id = r.id
                 JOIN pages p ON p.document_id = r.document_id AND p.page_index = rp.page_index WHERE 1"
            }
            false => "SELECT p.id FROM pages p WHERE 1",
        });
        if let Some(doc_type) = &self.doc_type {
            query.push(" AND r.doc_type = ");
            query.push_bind(doc_type.clone());
        }
        for (bound, sql) in [(self.from, " AND f.day >= "), (self.to, " AND f.day <= ")] {
            if let Some(day) = bound {
                query.push(sql).push_bind(day.to_string());
            }
        }
        let totals = [
            (self.min_total, " AND f.total_units >= "),
            (self.max_total, " AND f.total_units <= "),
        ];
        for (bound, sql) in totals {
            if let Some(total) = bound {
                query.push(sql).push_bind(total);
            }
        }
        if let Some(party) = &self.party {
            query.push(" AND instr(f.party, ");
            query.push_bind(party.clone()).push(") > 0");
        }
        if let Some(status) = self.status {
            query.push(" AND r.status = ").push_bind(status.as_str());
        }
        if let Some(layout) = self.layout {
            query.push(" AND p.id IN (SELECT page_id FROM page_layouts WHERE layout = ");
            query.push_bind(layout).push(")");
        }
        if let Some(path) = &self.path {
            let (file, below) = (path_bytes(path), path_bytes(&path.join("")));
            query.push(" AND p.document_id IN (SELECT document_id FROM sources WHERE path = ");
            query.push_bind(file);
            query.push(" OR substr(path, 1, ");
            query.push_bind(below.len() as i64).push(") = ");
            query.push_bind(below).push(")");
        }
    }
}

impl Store {
    /// At most `most` pages that match an expression of FTS5: the best first with
    /// `is_ranked`, otherwise in the order of their ids.
    pub async fn pages_matching(
        &self,
        expression: &str,
        filter: &PageFilter,
        is_ranked: bool,
        most: u32,
    ) -> anyhow::Result<Vec<i64>> {
        let mut query = QueryBuilder::new("SELECT rowid FROM page_words WHERE page_words MATCH ");
        query.push_bind(expression.to_owned());
        if !filter.is_empty() {
            // The plus prevents SQLite from matching each page of the filter again.
            query.push(" AND +rowid IN (");
            filter.push(&mut query);
            query.push(")");
        }
        query.push(match is_ranked {
            true => " ORDER BY rank LIMIT ",
            false => " ORDER BY rowid LIMIT ",
        });
        query.push_bind(most);
        let pages = query.build_query_scalar();
        Ok(pages.fetch_all(&self.pool).await?)
    }

    /// At most `most` pages of the filter, the latest documents first.
    pub async fn pages_filtered(&self, filter: &PageFilter, most: u32) -> anyhow::Result<Vec<i64>> {
        let mut query = QueryBuilder::new("SELECT id FROM pages WHERE id IN (");
        filter.push(&mut query);
        query.push(") ORDER BY id DESC LIMIT ").push_bind(most);
        let pages = query.build_query_scalar();
        Ok(pages.fetch_all(&self.pool).await?)
    }

    /// Number of pages with each of these words, without words that no page has.
    pub async fn page_counts(&self, words: &[&str]) -> anyhow::Result<BTreeMap<String, u64>> {
        let counts = sqlx::query_as::<_, (String, i64)>(
            "SELECT term, doc FROM page_terms WHERE term IN (SELECT value FROM json_each(?))",
        );
        let counts = counts.bind(serde_json::to_string(words)?);
        let counts = counts.fetch_all(&self.pool).await?.into_iter();
        Ok(counts.map(|(word, pages)| (word, pages as u64)).collect())
    }

    /// Words of the archive that match an expression over their trigrams.
    pub async fn words_matching(&self, expression: &str, most: u32) -> anyhow::Result<Vec<String>> {
        let words = sqlx::query_scalar(
            "SELECT word FROM vocabulary_trigrams WHERE vocabulary_trigrams MATCH ? ORDER BY rank LIMIT ?",
        );
        let words = words.bind(expression).bind(most);
        Ok(words.fetch_all(&self.pool).await?)
    }

    /// The data to show of pages, in the order given, without pages that were deleted
    /// meanwhile.
    pub async fn found_pages(&self, pages: &[i64]) -> anyhow::Result<Vec<FoundPage>> {
        let mut tx = self.pool.begin().await?;
        let mut found = Vec::with_capacity(pages.len());
        for &page_id in pages {
            let row = sqlx::query_as::<_, FoundRow>(
                "SELECT p.document_id, p.page_index, s.names FROM pages p
                 LEFT JOIN page_search s ON s.page_id = p.id WHERE p.id = ?",
            );
            let Some(row) = row.bind(page_id).fetch_optional(&mut *tx).await? else {
                continue;
            };
            let record = sqlx::query_as::<_, FoundRecordRow>(
                "SELECT r.id, r.doc_type, r.status, r.fields,
                    (SELECT min(page_index) FROM record_pages WHERE record_id = r.id) AS first_page
                 FROM records r JOIN record_pages rp ON rp.record_id = r.id
                 WHERE r.document_id = ? AND r.current = 1 AND rp.page_index = ? LIMIT 1",
            );
            let record = record.bind(row.document_id).bind(row.page_index);
            let record = record.fetch_optional(&mut *tx).await?;
            let path = sources::paths(&mut tx, row.document_id).await?;
            found.push(FoundPage {
                page_id,
                document: row.document_id,
                index: row.page_index,
                path: path.into_iter().next().unwrap_or_default(),
                names: row.names.unwrap_or_default(),
                record: record.map(|row| FoundRecord {
                    id: row.id,
                    doc_type: row.doc_type,
                    status: row.status.0,
                    fields: row.fields.0,
                    first_page: row.first_page,
                }),
                texts: page_text::of_page(&mut tx, page_id).await?,
            });
        }
        Ok(found)
    }

    /// The pages of a record, by its id, or of the document last seen at a
    /// path.
    pub async fn pages_of_record(&self, id: i64) -> anyhow::Result<Vec<i64>> {
        let pages = sqlx::query_scalar(
            "SELECT p.id FROM records r JOIN record_pages rp ON rp.record_id = r.id
             JOIN pages p ON p.document_id = r.document_id AND p.page_index = rp.page_index
             WHERE r.id = ? ORDER BY p.page_index",
        );
        Ok(pages.bind(id).fetch_all(&self.pool).await?)
    }

    /// The pages of the document last seen at a path.
    pub async fn pages_at(&self, path: &Path) -> anyhow::Result<Vec<i64>> {
        let pages = sqlx::query_scalar(
            "SELECT p.id FROM pages p WHERE p.document_id = (SELECT document_id FROM sources
                WHERE document_id IS NOT NULL AND path = ? ORDER BY run_id DESC, seen_at DESC, id DESC LIMIT 1)
             ORDER BY p.page_index",
        );
        Ok(pages.bind(path_bytes(path)).fetch_all(&self.pool).await?)
    }
}
