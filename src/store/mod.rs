//! SQLite holds everything: jobs, results and what they were made with.
//!
//! The job is the row. A page is claimed by one conditional update that counts
//! the attempt; its result and its completion are one transaction that only
//! the lease's holder can make; so are a document's records and its being
//! done. No transaction is open while an engine works.

mod climbs;
mod clock;
mod documents;
mod duplicates;
mod evaluation;
mod forget;
mod jobs;
mod process;
mod queries;
mod read_only;
mod records;
mod replaced;
mod runs;
mod trouble;
mod watch;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

pub use climbs::{AttemptRow, NewClimb, PageAttempt};
use clock::Clock;
pub use documents::{KnownDocument, NewDocument, PageKey};
pub use evaluation::DocumentWork;
pub use forget::Forgotten;
pub use jobs::{Claim, ClaimedClimb, Completed, PageCompletion, Wanted};
pub use queries::{Counts, PageRow, RejectedRow, StoredRecord};
pub use records::{FinishedPages, Recorded};
pub use runs::{ModelInfo, NewRun, PromptInfo, SchemaInfo};
pub use trouble::{is_temporary, trouble};
pub use watch::{Attempt, Backlog, ReaderRow, RoleMemory, RunRow, Sample, WorkerEnd};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentId(pub i64);

/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A wait that is longer is told: no transaction of this process takes as long.
const TELL_AFTER: Duration = Duration::from_secs(1);

/// Cheap to clone; all clones share the one connection.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
    clock: Clock,
    patience: Arc<Patience>,
}

/// Says what is waited for, once for all that wait at the same time.
struct Patience {
    database: PathBuf,
    is_told: AtomicBool,
}

impl Patience {
    fn new(database: &Path) -> Patience {
        Patience {
            database: database.to_owned(),
            is_told: AtomicBool::new(false),
        }
    }

    async fn with<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(TELL_AFTER) => {}
        }
        let tells = !self.is_told.swap(true, Ordering::Relaxed);
        if tells {
            tracing::warn!(
                "another program holds the database {}: waiting for it, up to {} seconds",
                self.database.display(),
                BUSY_TIMEOUT.as_secs()
            );
        }
        let done = work.await;
        if tells {
            self.is_told.store(false, Ordering::Relaxed);
        }
        done
    }
}

impl Store {
    /// Opens the database, creates it (readable by its owner alone) where
    /// there is none, and brings its tables up to date.
    pub async fn open(path: &Path) -> anyhow::Result<Store> {
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
        anyhow::ensure!(
            path.is_file(),
            "there is no database {}: make one with `docmill run`, or name it with --db",
            path.display()
        );
        Store::connect(path).await
    }

    /// As [`Store::open_existing`], for those who only read: what they may not
    /// write is opened all the same.
    pub async fn open_to_read(path: &Path) -> anyhow::Result<Store> {
        let writable = std::fs::OpenOptions::new().write(true).open(path);
        let kind = writable.err().map(|error| error.kind());
        match kind {
            Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => {
                read_only::open(path).await
            }
            _ => Store::open_existing(path).await,
        }
    }

    async fn connect(path: &Path) -> anyhow::Result<Store> {
        // SQLite would only say that it cannot open it.
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
            // What is deleted, or written elsewhere, is overwritten: it was on
            // somebody's documents.
            .pragma("secure_delete", "ON");
        let patience = Arc::new(Patience::new(path));
        // Another program's file is not to be made one with a log.
        let foreign = patience.with(is_foreign(plain.clone())).await;
        let foreign =
            foreign.with_context(|| format!("cannot open the database {}", path.display()))?;
        anyhow::ensure!(!foreign, not_ours(path));
        let options = plain
            .journal_mode(SqliteJournalMode::Wal)
            // A power cut may take the last commits; their leases then end and
            // the pages are read again.
            .synchronous(SqliteSynchronous::Normal);
        let pool = patience.with(pool(options)).await;
        let pool = pool.with_context(|| format!("cannot open the database {}", path.display()))?;
        let store = Store {
            pool,
            clock: Clock::default(),
            patience,
        };
        store.migrate().await.map_err(|error| match error {
            MigrateError::VersionMissing(_) => anyhow::anyhow!(newer(path)),
            other => anyhow::Error::new(other)
                .context(format!("cannot prepare the database {}", path.display())),
        })?;
        Ok(store)
    }

    /// Ends all that use it: whoever is the last leaves no log beside the
    /// database, which can then be read where nothing can be written.
    pub async fn close(&self) {
        // Not worth holding up the end for.
        let _ = tokio::time::timeout(TELL_AFTER, self.pool.close()).await;
    }

    /// Brings the tables up to date under the write lock: two runs may start on
    /// a new database at once.
    async fn migrate(&self) -> Result<(), MigrateError> {
        let mut tx = self.write().await?;
        // `run` takes no connection that is borrowed in a future others spawn.
        sqlx::migrate!().run_direct(None, &mut *tx, false).await?;
        Ok(tx.commit().await?)
    }

    /// A transaction that holds the write lock from its start.
    async fn write(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.patience
            .with(self.pool.begin_with("BEGIN IMMEDIATE"))
            .await
            .map_err(|error| match error {
                // The connection still holds a transaction that failed and that
                // SQLite has ended by itself, as it does when the disk is full.
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
/// While a new database becomes one with a log, SQLite tells whoever else opens
/// it that it is busy, without waiting for the time-out.
async fn pool(options: SqliteConnectOptions) -> anyhow::Result<SqlitePool> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let one = SqlitePoolOptions::new()
            .max_connections(1)
            // Whoever waits for the connection waits for statements that may
            // each wait for another process.
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

fn not_ours(path: &Path) -> String {
    let path = path.display();
    format!("{path} is not a docmill database: name another with --db")
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

/// Unix milliseconds.
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests;
