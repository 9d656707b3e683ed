//! What is wrong with a database, in words for people.

use std::io;
use std::path::Path;

use super::forget::AtWork;
use super::{BUSY_TIMEOUT, not_ours};

enum Trouble {
    Held,
    Full,
    Damaged,
    NoDatabase,
}

/// A plain sentence for what SQLite would tell in its own words; `None`:
/// something else is wrong.
pub fn trouble(error: &anyhow::Error, database: &Path) -> Option<String> {
    let shown = database.display();
    Some(match find(error)? {
        Trouble::Held => format!(
            "another program has held the database {shown} for {} seconds",
            BUSY_TIMEOUT.as_secs()
        ),
        Trouble::Full => format!("the disk is full: the database {shown} cannot be written"),
        Trouble::Damaged => {
            format!(
                "the database {shown} is damaged: put a copy in its place, or name another with --db"
            )
        }
        Trouble::NoDatabase => not_ours(database),
    })
}

/// Whether an error means that trying again later may work: another process
/// holds the database, a run is at work on it, or the disk is full.
pub fn is_temporary(error: &anyhow::Error) -> bool {
    let will_end = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<AtWork>() || matches!(cause.downcast_ref(), Some(sqlx::Error::PoolTimedOut))
    };
    matches!(find(error), Some(Trouble::Held | Trouble::Full)) || error.chain().any(will_end)
}

fn find(error: &anyhow::Error) -> Option<Trouble> {
    error.chain().find_map(|cause| {
        let database = match cause.downcast_ref::<sqlx::Error>()? {
            sqlx::Error::Database(database) => database,
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                return Some(Trouble::Full);
            }
            _ => return None,
        };
        // Extended result codes keep the primary one in their low byte.
        match database.code()?.parse::<u32>().ok()? & 0xff {
            // SQLITE_BUSY, SQLITE_LOCKED
            5 | 6 => Some(Trouble::Held),
            // SQLITE_CORRUPT
            11 => Some(Trouble::Damaged),
            // SQLITE_FULL
            13 => Some(Trouble::Full),
            // SQLITE_NOTADB
            26 => Some(Trouble::NoDatabase),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{ConnectOptions, Connection};

    use super::super::tests::fixture;
    use super::*;

    #[tokio::test]
    async fn a_database_that_is_held_is_told_in_a_sentence_and_is_tried_again() {
        let f = fixture().await;
        let options = SqliteConnectOptions::new().filename(&f.path);
        let mut holder: SqliteConnection = options.connect().await.unwrap();
        let held = holder.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let options = options.busy_timeout(Duration::ZERO);
        let mut other = options.connect().await.unwrap();
        let error = other.begin_with("BEGIN IMMEDIATE").await.err().unwrap();
        let error = anyhow::Error::from(error).context("while something was done");
        let told = trouble(&error, Path::new("x.db")).unwrap();
        assert_eq!(
            told,
            "another program has held the database x.db for 30 seconds"
        );
        assert!(is_temporary(&error));
        drop(held);
    }

    #[test]
    fn a_full_disk_is_told_and_other_errors_keep_their_words() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let full = anyhow::Error::from(sqlx::Error::Io(full));
        assert!(
            trouble(&full, Path::new("x.db"))
                .unwrap()
                .contains("disk is full")
        );
        assert!(is_temporary(&full));
        let other = anyhow::Error::from(sqlx::Error::RowNotFound);
        assert_eq!(trouble(&other, Path::new("x.db")), None);
        assert!(is_temporary(&sqlx::Error::PoolTimedOut.into()));
    }
}
