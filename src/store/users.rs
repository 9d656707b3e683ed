//! People who sign in to the review page. Only the hashes of their tokens are stored.

use sqlx::FromRow;

use super::columns::{NameColumn, now};
use super::database::Store;
use crate::domain::UserRole;

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    pub name: String,
    /// BLAKE3 (hex) of the token.
    pub hash: String,
    pub role: UserRole,
    /// Unix milliseconds.
    pub created_at: i64,
    pub created_by: String,
}

#[derive(FromRow)]
struct Columns {
    name: String,
    hash: String,
    role: NameColumn<UserRole>,
    created_at: i64,
    created_by: String,
}

impl From<Columns> for UserRow {
    fn from(row: Columns) -> UserRow {
        UserRow {
            name: row.name,
            hash: row.hash,
            role: row.role.0,
            created_at: row.created_at,
            created_by: row.created_by,
        }
    }
}

impl Store {
    /// Stores a person, in place of one of this name. Returns whether there was one.
    pub async fn set_user(
        &self,
        name: &str,
        hash: &str,
        role: UserRole,
        by: &str,
    ) -> anyhow::Result<bool> {
        let mut tx = self.write().await?;
        let delete = sqlx::query("DELETE FROM users WHERE name = ?").bind(name);
        let was_known = delete.execute(&mut *tx).await?.rows_affected() > 0;
        let insert = sqlx::query(
            "INSERT INTO users (name, hash, role, created_at, created_by) VALUES (?, ?, ?, ?, ?)",
        );
        let insert = insert.bind(name).bind(hash).bind(role.as_str());
        insert.bind(now()).bind(by).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(was_known)
    }

    /// By name.
    pub async fn users(&self) -> anyhow::Result<Vec<UserRow>> {
        let rows = sqlx::query_as::<_, Columns>("SELECT * FROM users ORDER BY name");
        let rows = rows.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(UserRow::from).collect())
    }

    pub async fn user(&self, name: &str) -> anyhow::Result<Option<UserRow>> {
        let row = sqlx::query_as::<_, Columns>("SELECT * FROM users WHERE name = ?").bind(name);
        Ok(row.fetch_optional(&self.pool).await?.map(UserRow::from))
    }

    /// `false`: nobody has this name.
    pub async fn remove_user(&self, name: &str) -> anyhow::Result<bool> {
        let delete = sqlx::query("DELETE FROM users WHERE name = ?").bind(name);
        Ok(delete.execute(&self.pool).await?.rows_affected() > 0)
    }
}
