//! Locks of records that are open on a review page.

use std::time::Duration;

use sqlx::FromRow;

use super::database::Store;

/// A record and the person who has it open.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ReviewLock {
    pub record_id: i64,
    pub session: String,
    pub held_by: String,
}

impl Store {
    /// Takes or renews the lock on a record for `lasts`, in place of the session's other
    /// locks. Returns the valid lock, which may be another session's.
    pub async fn lock_for_review(
        &self,
        record: i64,
        session: &str,
        by: &str,
        lasts: Duration,
    ) -> anyhow::Result<ReviewLock> {
        let mut tx = self.write().await?;
        let now = self.clock.now();
        let until = now + lasts.as_millis() as i64;
        // A lock that would last longer is from before the machine's last start.
        let others = sqlx::query(
            "DELETE FROM review_locks WHERE (session = ?1 AND record_id <> ?2) OR until <= ?3 OR until > ?4",
        );
        let others = others.bind(session).bind(record).bind(now).bind(until);
        others.execute(&mut *tx).await?;
        let take = sqlx::query(
            "INSERT INTO review_locks (record_id, session, held_by, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (record_id) DO UPDATE SET until = ?4 WHERE session = ?2",
        );
        let take = take.bind(record).bind(session).bind(by).bind(until);
        take.execute(&mut *tx).await?;
        let holder = sqlx::query_as(
            "SELECT record_id, session, held_by FROM review_locks WHERE record_id = ?",
        );
        let holder = holder.bind(record).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(holder)
    }

    /// Releases the session's locks.
    pub async fn unlock_reviews(&self, session: &str) -> anyhow::Result<()> {
        let delete = sqlx::query("DELETE FROM review_locks WHERE session = ?").bind(session);
        delete.execute(&self.pool).await?;
        Ok(())
    }

    /// The locks of other sessions.
    pub async fn review_locks(&self, session: &str) -> anyhow::Result<Vec<ReviewLock>> {
        let locks = sqlx::query_as(
            "SELECT record_id, session, held_by FROM review_locks WHERE session <> ? AND until > ?",
        );
        let locks = locks.bind(session).bind(self.clock.now());
        Ok(locks.fetch_all(&self.pool).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::super::clock::Clock;
    use super::super::tests::{completion, fixture};
    use super::*;

    const LASTS: Duration = Duration::from_secs(120);

    #[tokio::test]
    async fn a_lock_ends_with_its_time_and_with_the_next_one_of_its_session() {
        let mut f = fixture().await;
        let mut ids = Vec::new();
        for name in ["a.pdf", "b.pdf"] {
            let document = f.add(name, 1).await;
            let claim = f.claim().await.unwrap();
            f.store.complete_page(&claim, &completion()).await.unwrap();
            ids.extend(f.finish(document).await.unwrap());
        }
        let time = Arc::new(AtomicI64::new(1_000_000));
        f.store.clock = Clock::Manual(time.clone());
        let store = &f.store;
        let lock = async |record: i64, session: &str| {
            let lock = store.lock_for_review(record, session, session, LASTS).await;
            lock.unwrap().held_by
        };
        assert_eq!(lock(ids[0], "ann").await, "ann");
        assert_eq!(lock(ids[0], "bob").await, "ann");
        assert_eq!(store.review_locks("bob").await.unwrap().len(), 1);
        assert_eq!(store.review_locks("ann").await.unwrap(), []);
        // Renewed in time, it lasts longer.
        time.store(1_100_000, Ordering::SeqCst);
        assert_eq!(lock(ids[0], "ann").await, "ann");
        time.store(1_200_000, Ordering::SeqCst);
        assert_eq!(lock(ids[0], "bob").await, "ann");
        time.store(1_220_000, Ordering::SeqCst);
        assert_eq!(store.review_locks("bob").await.unwrap(), []);
        assert_eq!(lock(ids[0], "bob").await, "bob");
        // Another record is free as soon as its reviewer goes on.
        assert_eq!(lock(ids[1], "ann").await, "ann");
        assert_eq!(lock(ids[1], "bob").await, "ann");
        assert_eq!(lock(ids[0], "ann").await, "ann");
        store.unlock_reviews("ann").await.unwrap();
        assert_eq!(lock(ids[0], "bob").await, "bob");
        // The machine was started again: the time since boot is less than it was.
        time.store(5_000, Ordering::SeqCst);
        assert_eq!(lock(ids[0], "ann").await, "ann");
    }
}
