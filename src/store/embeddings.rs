//! CLIP embeddings of pages.

use sqlx::{FromRow, Sqlite, Transaction};

use super::database::Store;
use crate::domain::Embedding;

/// The embedding of a stored page.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct PageVector {
    pub page_id: i64,
    /// As [`Embedding::to_half_bytes`].
    pub vector: Vec<u8>,
}

/// Stores the embedding of a page in place of earlier ones. `model`: hash of the CLIP.
pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    page: i64,
    model: &str,
    embedding: &Embedding,
) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "INSERT OR REPLACE INTO page_embeddings (page_id, model, vector) VALUES (?, ?, ?)",
    );
    let insert = insert
        .bind(page)
        .bind(model)
        .bind(embedding.to_half_bytes());
    insert.execute(&mut **tx).await.map(drop)
}

impl Store {
    /// The embeddings of the CLIP with the hash `model`.
    pub async fn page_vectors(&self, model: &str) -> anyhow::Result<Vec<PageVector>> {
        let rows = sqlx::query_as("SELECT page_id, vector FROM page_embeddings WHERE model = ?");
        Ok(rows.bind(model).fetch_all(&self.pool).await?)
    }

    /// Whether any page has an embedding of this model.
    pub async fn has_embeddings(&self, model: &str) -> anyhow::Result<bool> {
        let any =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM page_embeddings WHERE model = ?)");
        Ok(any.bind(model).fetch_one(&self.pool).await?)
    }
}
