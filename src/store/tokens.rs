//! Tokens by which programs use the API. Only their hashes are stored.

use sqlx::FromRow;

use super::columns::{JsonColumn, now};
use super::database::Store;
use crate::domain::TokenRole;

/// A token of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    pub name: String,
    /// BLAKE3 (hex) of the token.
    pub hash: String,
    pub roles: Vec<TokenRole>,
    /// Unix milliseconds.
    pub created_at: i64,
    pub created_by: String,
    /// Unix milliseconds; `None`: it is valid.
    pub revoked_at: Option<i64>,
}

#[derive(FromRow)]
struct TokenColumns {
    name: String,
    hash: String,
    roles: JsonColumn<Vec<TokenRole>>,
    created_at: i64,
    created_by: String,
    revoked_at: Option<i64>,
}

impl Store {
    /// Stores a token. `false`: there is, or was, one of this name.
    pub async fn add_token(
        &self,
        name: &str,
        hash: &str,
        roles: &[TokenRole],
        by: &str,
    ) -> anyhow::Result<bool> {
        let insert = sqlx::query(
            "INSERT INTO api_tokens (name, hash, roles, created_at, created_by) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (name) DO NOTHING",
        );
        let insert = insert
            .bind(name)
            .bind(hash)
            .bind(serde_json::to_string(roles)?)
            .bind(now())
            .bind(by);
        Ok(insert.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Every token, also revoked ones, by name.
    pub async fn tokens(&self) -> anyhow::Result<Vec<TokenRow>> {
        let rows = sqlx::query_as::<_, TokenColumns>(
            "SELECT name, hash, roles, created_at, created_by, revoked_at FROM api_tokens ORDER BY name",
        );
        let token = |row: TokenColumns| TokenRow {
            name: row.name,
            hash: row.hash,
            roles: row.roles.0,
            created_at: row.created_at,
            created_by: row.created_by,
            revoked_at: row.revoked_at,
        };
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(token).collect())
    }

    /// `false`: no valid token has this name.
    pub async fn revoke_token(&self, name: &str) -> anyhow::Result<bool> {
        let update = sqlx::query(
            "UPDATE api_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
        );
        let update = update.bind(now()).bind(name);
        Ok(update.execute(&self.pool).await?.rows_affected() > 0)
    }
}
