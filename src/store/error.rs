//! Errors of the database, in plain sentences.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a statement waits for another process's transaction.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A run is active: nothing can be deleted that it may be working on.
#[derive(Debug, thiserror::Error)]
#[error("run {run} (process {pid}) is at work on this database: try again when it has ended")]
pub(super) struct RunActive {
    pub run: i64,
    pub pid: i64,
}

/// The database, or the folder for it, does not exist.
#[derive(Debug, thiserror::Error)]
pub(super) enum Absent {
    #[error("there is no database {}: make one with `docmill run`, or name it with --db", .0.display())]
    Database(PathBuf),
    #[error("the folder of the database {} does not exist: make it, or name another place with --db", .0.display())]
    Folder(PathBuf),
}

/// The kinds of database errors that callers distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbErrorKind {
    /// There is no such file, or no folder for it.
    Absent,
    /// Another process had the write lock for the whole time-out.
    Locked,
    /// A run is at work on the database.
    RunActive,
    DiskFull,
    Damaged,
    NotADatabase,
    /// A stored value does not have the form of this version.
    Undecodable,
}

impl DbErrorKind {
    /// The first kind in the error's chain of causes; `None` for other errors.
    pub fn of(error: &anyhow::Error) -> Option<DbErrorKind> {
        error.chain().find_map(|cause| {
            if cause.is::<RunActive>() {
                return Some(DbErrorKind::RunActive);
            }
            if cause.is::<Absent>() {
                return Some(DbErrorKind::Absent);
            }
            cause.downcast_ref().and_then(of_sqlx)
        })
    }

    /// Whether trying again later may succeed.
    pub fn is_temporary(self) -> bool {
        matches!(
            self,
            DbErrorKind::Locked | DbErrorKind::RunActive | DbErrorKind::DiskFull
        )
    }
}

fn of_sqlx(error: &sqlx::Error) -> Option<DbErrorKind> {
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::PoolTimedOut => return Some(DbErrorKind::Locked),
        sqlx::Error::ColumnDecode { .. } => return Some(DbErrorKind::Undecodable),
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
            return Some(DbErrorKind::DiskFull);
        }
        _ => return None,
    };
    // Extended result codes keep the primary one in their low byte
    // (https://www.sqlite.org/rescode.html).
    match database.code()?.parse::<u32>().ok()? & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED
        5 | 6 => Some(DbErrorKind::Locked),
        // SQLITE_CORRUPT
        11 => Some(DbErrorKind::Damaged),
        // SQLITE_FULL
        13 => Some(DbErrorKind::DiskFull),
        // SQLITE_NOTADB
        26 => Some(DbErrorKind::NotADatabase),
        _ => None,
    }
}

pub fn is_temporary(error: &anyhow::Error) -> bool {
    DbErrorKind::of(error).is_some_and(DbErrorKind::is_temporary)
}

/// A plain sentence in place of SQLite's own message; `None` where the error's own
/// message is sufficient.
pub fn error_message(error: &anyhow::Error, database: &Path) -> Option<String> {
    let shown = database.display();
    match DbErrorKind::of(error)? {
        DbErrorKind::Locked => Some(format!(
            "another program has held the database {shown} for {} seconds",
            BUSY_TIMEOUT.as_secs()
        )),
        DbErrorKind::DiskFull => Some(format!(
            "the disk is full: the database {shown} cannot be written"
        )),
        DbErrorKind::Damaged => Some(format!(
            "the database {shown} is damaged: put a copy in its place, or name another with --db"
        )),
        DbErrorKind::NotADatabase => Some(not_ours(database)),
        DbErrorKind::Absent | DbErrorKind::RunActive | DbErrorKind::Undecodable => None,
    }
}

pub(super) fn not_ours(path: &Path) -> String {
    let path = path.display();
    format!("{path} is not a docmill database: name another with --db")
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{ConnectOptions, Connection};

    use super::super::tests::fixture;
    use super::*;

    #[tokio::test]
    async fn a_locked_database_is_reported_in_a_sentence_and_is_temporary() {
        let f = fixture().await;
        let options = SqliteConnectOptions::new().filename(&f.path);
        let mut holder: SqliteConnection = options.connect().await.unwrap();
        let held = holder.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let options = options.busy_timeout(Duration::ZERO);
        let mut other = options.connect().await.unwrap();
        let error = other.begin_with("BEGIN IMMEDIATE").await.err().unwrap();
        let error = anyhow::Error::from(error).context("while something was done");
        assert_eq!(DbErrorKind::of(&error), Some(DbErrorKind::Locked));
        let message = error_message(&error, Path::new("x.db")).unwrap();
        assert_eq!(
            message,
            "another program has held the database x.db for 30 seconds"
        );
        assert!(is_temporary(&error));
        drop(held);
    }

    #[test]
    fn a_full_disk_is_reported_and_other_errors_keep_their_message() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let full = anyhow::Error::from(sqlx::Error::Io(full));
        let message = error_message(&full, Path::new("x.db")).unwrap();
        assert!(message.contains("disk is full"));
        assert!(is_temporary(&full));
        let other = anyhow::Error::from(sqlx::Error::RowNotFound);
        assert_eq!(error_message(&other, Path::new("x.db")), None);
        assert!(is_temporary(&sqlx::Error::PoolTimedOut.into()));
    }
}
