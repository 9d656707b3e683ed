//! A database that may only be read: on a disk that is mounted so, or another
//! user's.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use sqlx::sqlite::SqliteConnectOptions;

use super::{BUSY_TIMEOUT, Clock, Patience, Store, newer, pool};

/// Nothing is brought up to date: the tables must be those of this version.
pub(super) async fn open(path: &Path) -> anyhow::Result<Store> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT);
    let (store, version) = match connect(path, options.clone()).await {
        // SQLite wants to make files beside it. Where there is nothing in the
        // log, which is so when nobody has it open, it can do without.
        Err(_) if !has_log(path) => connect(path, options.immutable(true)).await,
        other => other,
    }
    .with_context(|| {
        let path = path.display();
        format!("the database {path} cannot be read where it may not be written: copy it to where it may")
    })?;
    let ours = sqlx::migrate!().iter().map(|step| step.version).max();
    let ours = ours.unwrap_or_default();
    anyhow::ensure!(version <= ours, newer(path));
    anyhow::ensure!(
        version == ours,
        "the database {} was written by an older docmill, and may not be written: copy it to where it may",
        path.display()
    );
    Ok(store)
}

async fn connect(path: &Path, options: SqliteConnectOptions) -> anyhow::Result<(Store, i64)> {
    let patience = Arc::new(Patience::new(path));
    let store = Store {
        pool: patience.with(pool(options)).await?,
        clock: Clock::default(),
        patience,
    };
    let version = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations");
    let version = version.fetch_one(&store.pool).await?;
    Ok((store, version))
}

/// Whether there is more in the log than in the database.
fn has_log(path: &Path) -> bool {
    let mut name = OsString::from(path);
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|log| log.len() > 0)
}
