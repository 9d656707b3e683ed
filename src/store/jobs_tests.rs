//! Claims, leases and attempts.

use super::super::clock::Clock;
use super::super::test_data::begin;
use super::super::tests::{LEASE, completion, fixture};
use super::*;

#[tokio::test]
async fn pages_are_claimed_once_in_order_and_a_document_is_complete_with_its_last() {
    let f = fixture().await;
    let document = f.add("a.pdf", 2).await;
    let other = Store::open(&f.path).await.unwrap();
    let (first, second) = (
        f.claim().await.unwrap(),
        other
            .claim(f.run, &WantedPages::FIRST, LEASE, 10)
            .await
            .unwrap()
            .unwrap(),
    );
    assert_eq!((first.index, second.index, first.attempt), (0, 1, 1));
    assert_eq!(first.paths, [PathBuf::from("a.pdf")]);
    assert!(f.claim().await.is_none());
    let done = f.store.complete_page(&first, &completion()).await.unwrap();
    assert_eq!(
        done,
        Completed {
            owned: true,
            document_complete: false
        }
    );
    assert!(f.finish(document).await.is_none());
    let done = other.complete_page(&second, &completion()).await.unwrap();
    assert_eq!(
        done,
        Completed {
            owned: true,
            document_complete: true
        }
    );
    assert_eq!(f.finish(document).await.unwrap().len(), 1);
    assert!(
        f.finish(document).await.is_none(),
        "records are stored once"
    );
}

#[tokio::test]
async fn a_lease_that_ended_is_claimed_again_and_its_old_holder_changes_nothing() {
    let f = fixture().await;
    f.add("a.pdf", 1).await;
    let late = f.claim_for(Duration::ZERO, 10).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let heir = f.claim().await.unwrap();
    assert_eq!((heir.page_id, heir.attempt), (late.page_id, 2));
    let refused = Completed {
        owned: false,
        document_complete: false,
    };
    assert_eq!(
        f.store.complete_page(&late, &completion()).await.unwrap(),
        refused
    );
    let failure = Failure::new(Reason::Internal, "x");
    assert_eq!(
        f.store
            .fail_page(&late, &failure, false, &completion())
            .await
            .unwrap(),
        refused
    );
    f.store.release(&late).await.unwrap();
    assert!(
        f.store
            .complete_page(&heir, &completion())
            .await
            .unwrap()
            .owned
    );
    let readings: i64 = sqlx::query_scalar("SELECT count(*) FROM readings")
        .fetch_one(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(readings, 1);
}

#[tokio::test]
async fn pages_of_a_dead_run_are_reclaimed_and_those_of_a_living_one_are_not() {
    let f = fixture().await;
    f.add("a.pdf", 1).await;
    f.claim().await.unwrap();
    let next = begin(&f.store).await;
    assert_eq!(f.store.reclaim(next).await.unwrap(), 0);
    sqlx::query("UPDATE runs SET process_start = process_start - 1 WHERE id = ?")
        .bind(f.run.0)
        .execute(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(f.store.reclaim(next).await.unwrap(), 1);
    assert_eq!(
        f.store
            .claim(next, &WantedPages::FIRST, LEASE, 10)
            .await
            .unwrap()
            .unwrap()
            .attempt,
        2
    );
}

#[tokio::test]
async fn a_lease_ends_by_the_time_since_boot_whatever_the_wall_clock_says() {
    use std::sync::atomic::{AtomicI64, Ordering};
    let mut f = fixture().await;
    f.add("a.pdf", 1).await;
    let time = std::sync::Arc::new(AtomicI64::new(1_000));
    f.store.clock = Clock::Manual(time.clone());
    let claim = f.claim().await.unwrap();
    // As a wall clock that is set back by a day, or forward, would be.
    for moment in [1_000 - 86_400_000, 1_000 + LEASE.as_millis() as i64] {
        time.store(moment, Ordering::SeqCst);
        assert!(f.claim().await.is_none(), "at {moment}");
    }
    time.store(1_001 + LEASE.as_millis() as i64, Ordering::SeqCst);
    let again = f.claim().await.unwrap();
    assert_eq!((again.page_id, again.attempt), (claim.page_id, 2));
    let late = f.store.complete_page(&claim, &completion()).await.unwrap();
    assert!(!late.owned, "the first holder's result is dropped");
    let until: i64 = sqlx::query_scalar("SELECT lease_until FROM pages")
        .fetch_one(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(until, 1_001 + 2 * LEASE.as_millis() as i64);
}

#[tokio::test]
async fn a_page_that_was_lost_or_failed_waits_behind_those_that_were_not() {
    let f = fixture().await;
    f.add("a.pdf", 2).await;
    f.add("b.pdf", 1).await;
    let first = f.claim().await.unwrap();
    let failure = Failure::new(Reason::WorkerDied, "killed");
    let partial = PageCompletion::default();
    let failed = f.store.fail_page(&first, &failure, true, &partial).await;
    assert!(failed.unwrap().owned);
    let (second, third) = (f.claim().await.unwrap(), f.claim().await.unwrap());
    assert_eq!(second.index, 1);
    assert_ne!(third.document_id, first.document_id);
    let last = f.claim().await.unwrap();
    assert_eq!((last.page_id, last.attempt), (first.page_id, 2));
}

#[tokio::test]
async fn a_page_claimed_too_often_is_failed_and_its_document_goes_on() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    for _ in 0..3 {
        assert!(f.claim_for(Duration::ZERO, 3).await.is_some());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(f.claim_for(LEASE, 3).await.is_none());
    assert_eq!(f.store.unfinished_documents().await.unwrap(), [document]);
    let pages = f.store.finished_pages(document).await.unwrap().unwrap();
    assert_eq!(
        pages.results[0].reading.as_ref().unwrap_err().reason,
        Reason::WorkerDied
    );
}

#[tokio::test]
async fn a_failed_attempt_is_kept_and_charged_and_a_released_one_is_not() {
    let f = fixture().await;
    f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.release(&claim).await.unwrap();
    let claim = f.claim().await.unwrap();
    assert_eq!((claim.attempt, claim.failures), (1, 0));
    let mut failure = Failure::new(Reason::OutputCutOff, "too long");
    failure.raw_text = Some("{\"merch".into());
    f.store
        .fail_page(&claim, &failure, true, &PageCompletion::default())
        .await
        .unwrap();
    let claim = f.claim().await.unwrap();
    assert_eq!((claim.attempt, claim.failures), (2, 1));
    f.store
        .fail_page(&claim, &failure, false, &PageCompletion::default())
        .await
        .unwrap();
    assert!(f.claim().await.is_none());
    let texts: Vec<String> = sqlx::query_scalar("SELECT raw_text FROM readings")
        .fetch_all(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(texts, ["{\"merch", "{\"merch"]);
    assert_eq!(
        f.store.counts().await.unwrap().failed_pages["output_cut_off"],
        1
    );
}
