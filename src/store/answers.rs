//! Answers to questions that were asked of many records.

use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};

use super::columns::{DocumentId, JsonColumn};
use super::database::Store;
use super::search::PageFilter;

/// A record that a question is to be asked of.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct RecordToAsk {
    pub id: i64,
    pub document_id: DocumentId,
    /// From 0.
    pub first_page: u32,
}

/// The answer of one record to a question.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// Of the column in exports.
    pub name: String,
    pub question: String,
    /// Hash (hex) of the reader.
    pub model: String,
    /// A text, number or truth value; null: not on its pages.
    pub answer: Value,
    /// That it was answered from, from 0.
    pub page: u32,
    /// Left, top, right, bottom as shares of the page; `None` where the answer is no
    /// text of the page.
    pub place: Option<[f32; 4]>,
    /// The reader's own, 0 to 1.
    pub probability: Option<f32>,
}

#[derive(FromRow)]
struct AnswerRow {
    name: String,
    question: String,
    model: String,
    answer: JsonColumn<Value>,
    page_index: u32,
    place: Option<JsonColumn<[f32; 4]>>,
    probability: Option<f32>,
}

impl Store {
    /// Current records with a page that the filter lets through, in the order in
    /// which they were stored, and without those that have answered the same
    /// question of the same reader in this column.
    pub async fn records_to_ask(
        &self,
        filter: &PageFilter,
        name: &str,
        question: &str,
        model: &str,
    ) -> anyhow::Result<Vec<RecordToAsk>> {
        let mut query = QueryBuilder::new(
            "SELECT r.id, r.document_id, f.first_page FROM records r
             JOIN (SELECT record_id, min(page_index) AS first_page FROM record_pages GROUP BY 1) f
                ON f.record_id = r.id
             WHERE r.current = 1 AND NOT EXISTS (SELECT 1 FROM answers a
                WHERE a.document_id = r.document_id AND a.first_page = f.first_page AND a.name = ",
        );
        query.push_bind(name.to_owned());
        query.push(" AND a.question = ");
        query.push_bind(question.to_owned());
        query.push(" AND a.model = ");
        query.push_bind(model.to_owned()).push(")");
        if !filter.is_empty() {
            query.push(
                " AND r.id IN (SELECT rp.record_id FROM record_pages rp JOIN records r ON r.id = rp.record_id
                 JOIN pages p ON p.document_id = r.document_id AND p.page_index = rp.page_index WHERE p.id IN (",
            );
            filter.push(&mut query);
            query.push("))");
        }
        query.push(" ORDER BY r.id");
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// Stores an answer in place of an earlier one in the same column.
    pub async fn store_answer(
        &self,
        record: &RecordToAsk,
        answer: &StoredAnswer,
    ) -> anyhow::Result<()> {
        let mut tx = self.write().await?;
        let place = answer.place.as_ref().map(serde_json::to_string);
        let insert = sqlx::query(
            "INSERT OR REPLACE INTO answers (document_id, first_page, name, question, model, answer,
                page_index, place, probability, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        insert
            .bind(record.document_id)
            .bind(record.first_page)
            .bind(&answer.name)
            .bind(&answer.question)
            .bind(&answer.model)
            .bind(answer.answer.to_string())
            .bind(answer.page)
            .bind(place.transpose()?)
            .bind(answer.probability)
            .bind(self.clock.now())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The answers of the record that begins on this page (from 0), by the name of
    /// the column.
    pub async fn answers(
        &self,
        document: DocumentId,
        first_page: u32,
    ) -> anyhow::Result<Vec<StoredAnswer>> {
        let rows = sqlx::query_as::<_, AnswerRow>(
            "SELECT name, question, model, answer, page_index, place, probability FROM answers
             WHERE document_id = ? AND first_page = ? ORDER BY name",
        );
        let rows = rows.bind(document).bind(first_page);
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(StoredAnswer::from).collect())
    }
}

impl From<AnswerRow> for StoredAnswer {
    fn from(row: AnswerRow) -> StoredAnswer {
        StoredAnswer {
            name: row.name,
            question: row.question,
            model: row.model,
            answer: row.answer.0,
            page: row.page_index,
            place: row.place.map(|JsonColumn(place)| place),
            probability: row.probability,
        }
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
