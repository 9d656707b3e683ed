//! Opens the database and manages its write lock.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use super::clock::Clock;
use super::error::{Absent, BUSY_TIMEOUT, is_temporary, not_ours};

/// A longer wait is logged, since no transaction of this process takes as long.
const NOTICE_AFTER: Duration = Duration::from_secs(1);

/// The database. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Store {
    pub(super) pool: SqlitePool,
    pub(super) clock: Clock,
    wait_notice: Arc<LockWaitNotice>,
}

/// Logs a wait for the write lock, once for all callers that wait at the same time.
struct LockWaitNotice {
    database: PathBuf,
    is_reported: AtomicBool,
}

impl LockWaitNotice {
    fn new(database: &Path) -> LockWaitNotice {
        LockWaitNotice {
            database: database.to_owned(),
            is_reported: AtomicBool::new(false),
        }
    }

    async fn with<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(NOTICE_AFTER) => {}
        }
        let reports = !self.is_reported.swap(true, Ordering::Relaxed);
        if reports {
            tracing::warn!(
                "another program holds the database {}: waiting for it, up to {} seconds",
                self.database.display(),
                BUSY_TIMEOUT.as_secs()
            );
        }
        let done = work.await;
        if reports {
            self.is_reported.store(false, Ordering::Relaxed);
        }
        done
    }
}

impl Store {
    /// Opens the database, creates it (readable by its owner alone) where there is none,
    /// and migrates its tables. `Err`: see [`super::DbErrorKind`].
    pub async fn open(path: &Path) -> anyhow::Result<Store> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(Absent::Folder(path.to_owned()).into());
        }
        create_private(path).with_context(|| {
            format!(
                "cannot create the database {}: choose another place with --db",
                path.display()
            )
        })?;
        Store::connect(path).await
    }

    /// As [`Store::open`], for a database that must exist.
    pub async fn open_existing(path: &Path) -> anyhow::Result<Store> {
        if !path.is_file() {
            return Err(Absent::Database(path.to_owned()).into());
        }
        Store::connect(path).await
    }

    /// As [`Store::open_existing`], for reading alone: also opens a database without
    /// write permission.
    pub async fn open_to_read(path: &Path) -> anyhow::Result<Store> {
        let writable = std::fs::OpenOptions::new().write(true).open(path);
        let kind = writable.err().map(|error| error.kind());
        match kind {
            Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => {
                Store::open_read_only(path).await
            }
            _ => Store::open_existing(path).await,
        }
    }

    async fn connect(path: &Path) -> anyhow::Result<Store> {
        // SQLite would only report that it cannot open the file.
        std::fs::OpenOptions::new().write(true).open(path).map_err(|error| {
            let path = path.display();
            anyhow::Error::new(error).context(format!(
                "the database {path} cannot be written (read-only?): copy it to where it can, or choose another with --db"
            ))
        })?;
        let plain = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // Overwrites deleted and moved content, which comes from documents.
            .pragma("secure_delete", "ON");
        let wait_notice = Arc::new(LockWaitNotice::new(path));
        // Another program's file must not be switched to a write-ahead log.
        let foreign = wait_notice.with(is_foreign(plain.clone())).await;
        let foreign =
            foreign.with_context(|| format!("cannot open the database {}", path.display()))?;
        anyhow::ensure!(!foreign, not_ours(path));
        let options = plain
            .journal_mode(SqliteJournalMode::Wal)
            // A power cut may take the last commits; their leases then end and
            // the pages are read again.
            .synchronous(SqliteSynchronous::Normal);
        let pool = wait_notice.with(pool(options)).await;
        let pool = pool.with_context(|| format!("cannot open the database {}", path.display()))?;
        let store = Store {
            pool,
            clock: Clock::default(),
            wait_notice,
        };
        store.migrate().await.map_err(|error| match error {
            MigrateError::VersionMissing(_) => anyhow::anyhow!(newer(path)),
            MigrateError::VersionMismatch(_) => anyhow::anyhow!(
                "the database {} was made by an unreleased docmill: name another with --db and run again",
                path.display()
            ),
            other => anyhow::Error::new(other)
                .context(format!("cannot prepare the database {}", path.display())),
        })?;
        Ok(store)
    }

    /// Closes the connection. The last process to close removes the write-ahead log, so
    /// that the database can be read where nothing can be written.
    pub async fn close(&self) {
        // The exit does not wait longer.
        let _ = tokio::time::timeout(NOTICE_AFTER, self.pool.close()).await;
    }

    /// Migrates the tables under the write lock, since two runs may start with a new
    /// database at once.
    async fn migrate(&self) -> Result<(), MigrateError> {
        if self.is_migrated().await {
            return Ok(());
        }
        let mut tx = self.write().await?;
        // `run` takes no connection that is borrowed in a future others spawn.
        sqlx::migrate!().run_direct(None, &mut *tx, false).await?;
        Ok(tx.commit().await?)
    }

    /// Whether the tables are those of this version: commands that only read do not wait
    /// for the write lock, which a run may hold.
    async fn is_migrated(&self) -> bool {
        let applied = sqlx::query_as::<_, (i64, Vec<u8>)>(
            "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version",
        );
        // Without the table, the database is new.
        let Ok(applied) = applied.fetch_all(&self.pool).await else {
            return false;
        };
        let migrations = sqlx::migrate!();
        let ours = migrations
            .iter()
            .map(|step| (step.version, step.checksum.to_vec()));
        applied.into_iter().eq(ours)
    }

    /// A transaction that holds the write lock from its start.
    pub(super) async fn write(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.wait_notice
            .with(self.pool.begin_with("BEGIN IMMEDIATE"))
            .await
            .map_err(|error| match error {
                // SQLite has ended a failed transaction, for example because the disk
                // is full, and sqlx's connection does not know.
                sqlx::Error::InvalidSavePointStatement => {
                    let message = "an earlier change could not be written: is the disk full?";
                    std::io::Error::new(std::io::ErrorKind::StorageFull, message).into()
                }
                other => other,
            })
    }
}

/// Whether another program made the database.
async fn is_foreign(options: SqliteConnectOptions) -> anyhow::Result<bool> {
    let pool = pool(options).await?;
    let foreign = sqlx::query_scalar(
        "SELECT count(*) > 0 AND sum(name = '_sqlx_migrations') = 0 FROM sqlite_schema",
    );
    let foreign: Option<bool> = foreign.fetch_one(&pool).await?;
    pool.close().await;
    Ok(foreign.unwrap_or(false))
}

/// One connection: writers of this process queue here, not in SQLite.
///
/// While a new database is switched to a write-ahead log, SQLite answers
/// whoever else opens it with "busy", without waiting for the time-out.
async fn pool(options: SqliteConnectOptions) -> anyhow::Result<SqlitePool> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let one = SqlitePoolOptions::new()
            .max_connections(1)
            // Each statement on connecting may wait for another process.
            .acquire_timeout(4 * BUSY_TIMEOUT);
        match one.connect_with(options.clone()).await.map_err(Into::into) {
            Err(error) if is_temporary(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

fn newer(path: &Path) -> String {
    let path = path.display();
    format!("the database {path} was written by a newer docmill: use that version, or another --db")
}

fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

impl Store {
    /// Does not migrate: the tables must be those of this version.
    async fn open_read_only(path: &Path) -> anyhow::Result<Store> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT);
        let (store, version) = match connect_read_only(path, options.clone()).await {
            // SQLite creates files beside the database. With an empty log, as when
            // nobody has it open, it does not need them.
            Err(_) if !has_log(path) => connect_read_only(path, options.immutable(true)).await,
            other => other,
        }
        .with_context(|| {
            let path = path.display();
            format!("the database {path} cannot be read without writing beside it: copy it to a writable folder")
        })?;
        let ours = sqlx::migrate!().iter().map(|step| step.version).max();
        let ours = ours.unwrap_or_default();
        anyhow::ensure!(version <= ours, newer(path));
        anyhow::ensure!(
            version == ours,
            "the database {} was written by another docmill version and may not be written here: copy it to a writable folder",
            path.display()
        );
        Ok(store)
    }
}

async fn connect_read_only(
    path: &Path,
    options: SqliteConnectOptions,
) -> anyhow::Result<(Store, i64)> {
    let wait_notice = Arc::new(LockWaitNotice::new(path));
    let store = Store {
        pool: wait_notice.with(pool(options)).await?,
        clock: Clock::default(),
        wait_notice,
    };
    let version = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations");
    let version = version.fetch_one(&store.pool).await?;
    Ok((store, version))
}

/// Whether the write-ahead log holds changes.
fn has_log(path: &Path) -> bool {
    let mut name = OsString::from(path);
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|log| log.len() > 0)
}
