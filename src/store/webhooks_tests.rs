use super::super::findings;
use super::super::tests::{Fixture, MADE_WITH, completion, fixture, record};
use super::*;
use crate::domain::Status::{Accepted, NeedsReview, Rejected};
use crate::domain::{Finding, FindingCode};
use crate::store::NewDecision;

const URL: &str = "https://erp.example/";
const OTHER: &str = "https://other.example/";

/// Milliseconds of an attempt.
const LEASE: i64 = 60_000;

async fn add(store: &Store, url: &str, statuses: &[Status]) {
    let added = store.add_webhook(url, "whsec_AA==", statuses, "ann").await;
    assert!(added.unwrap());
}

/// All events that are due, as URL, record and status.
async fn claim_all(store: &Store, now: i64) -> Vec<(String, i64, Status)> {
    let mut claimed = Vec::new();
    for webhook in store.due_webhooks(now).await.unwrap() {
        while let Some(event) = store.claim_event(webhook, now, now + LEASE).await.unwrap() {
            claimed.push((event.url.clone(), event.record, event.status));
            store.event_delivered(&event).await.unwrap();
        }
    }
    claimed
}

#[tokio::test]
async fn each_status_that_a_record_gets_is_an_event_of_the_receivers_that_ask_for_it() {
    let f = fixture().await;
    add(&f.store, URL, &[Accepted, NeedsReview, Rejected]).await;
    add(&f.store, OTHER, &[Rejected]).await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let id = f.finish(document).await.unwrap()[0];
    let event = |url: &str, record, status| (url.to_owned(), record, status);
    assert_eq!(claim_all(&f.store, now()).await, [event(URL, id, Accepted)]);

    let flagged = Finding::new(FindingCode::PossibleDuplicate, None, "x");
    let mut tx = f.store.write().await.unwrap();
    findings::flag_for_review(&mut tx, id, &flagged)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        claim_all(&f.store, now()).await,
        [event(URL, id, NeedsReview)]
    );

    let (made, _) = f.approve(id, &[], record()).await;
    assert_ne!(made, id);
    let today = jiff::civil::date(2026, 12, 1);
    let decided = f.store.decide(made, NewDecision::Reject, today, "ann", "x");
    decided.await.unwrap().unwrap();
    let decided = f
        .store
        .decide(made, NewDecision::NotABill, today, "ann", "x");
    decided.await.unwrap().unwrap();
    let mut events = claim_all(&f.store, now()).await;
    events.sort_by_key(|(url, _, status)| (url.clone(), status.as_str()));
    let expected = [
        event(URL, made, Accepted),
        event(URL, made, Rejected),
        event(OTHER, made, Rejected),
    ];
    assert_eq!(events, expected, "nobody asked for `not_a_bill`");
    assert!(claim_all(&f.store, now()).await.is_empty());
}

/// A receiver with one event.
async fn one_event() -> (Fixture, i64) {
    let f = fixture().await;
    add(&f.store, URL, &[Accepted]).await;
    let (id, _) = f.add_record("a.pdf", record(), MADE_WITH).await;
    (f, id)
}

#[tokio::test]
async fn an_event_is_sent_by_one_and_again_after_a_failure_until_it_is_given_up() {
    let (f, id) = one_event().await;
    let at = now();
    let webhook = f.store.due_webhooks(at).await.unwrap()[0];
    let claim = async |at| f.store.claim_event(webhook, at, at + LEASE).await.unwrap();
    let first = claim(at).await.unwrap();
    assert_eq!((first.record, first.attempt), (id, 1));
    assert_eq!(first.document, "hash of a.pdf");
    assert!(claim(at).await.is_none(), "another process has it");
    assert_eq!(f.store.due_webhooks(at).await.unwrap(), [0; 0]);
    // Its process was killed.
    let second = claim(at + LEASE).await.unwrap();
    assert_eq!(
        (second.name.as_str(), second.attempt),
        (first.name.as_str(), 2)
    );
    let later = at + 3 * LEASE;
    let failed = f.store.event_failed(&second, "503", Some(later)).await;
    failed.unwrap();
    assert!(claim(later - 1).await.is_none());
    let third = claim(later).await.unwrap();
    f.store.event_failed(&third, "410", None).await.unwrap();
    assert!(claim(later + LEASE).await.is_none(), "it is given up");
    let listed = f.store.webhooks().await.unwrap();
    let counts = |waiting, given_up| UndeliveredEvents { waiting, given_up };
    assert_eq!(listed[0].events, counts(0, 1));
    assert_eq!(listed[0].problem.as_deref(), Some("410"));
    assert_eq!(f.store.undelivered_events().await.unwrap(), counts(0, 1));
    assert_eq!(f.store.retry_webhooks(Some(OTHER)).await.unwrap(), None);
    assert_eq!(f.store.retry_webhooks(None).await.unwrap(), Some(1));
    assert_eq!(f.store.undelivered_events().await.unwrap(), counts(1, 0));
    let again = claim(now()).await.unwrap();
    assert_eq!(again.attempt, 1);
    f.store.event_delivered(&again).await.unwrap();
    assert_eq!(f.store.undelivered_events().await.unwrap(), counts(0, 0));
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_no_event() {
    let (f, _) = one_event().await;
    let ahead = now() + 365 * 86_400_000;
    let webhook = f.store.due_webhooks(ahead).await.unwrap()[0];
    let event = f.store.claim_event(webhook, ahead, ahead + LEASE).await;
    let event = event.unwrap().unwrap();
    let failed = f.store.event_failed(&event, "x", Some(ahead + LEASE)).await;
    failed.unwrap();
    assert_eq!(f.store.due_webhooks(now()).await.unwrap(), [webhook]);
}

#[tokio::test]
async fn events_go_with_their_receiver_and_their_document() {
    let (f, _) = one_event().await;
    assert_eq!(f.store.undelivered_events().await.unwrap().waiting, 1);
    assert!(f.store.remove_webhook(URL).await.unwrap());
    assert!(!f.store.remove_webhook(URL).await.unwrap());
    assert_eq!(f.store.undelivered_events().await.unwrap().waiting, 0);

    add(&f.store, URL, &[Accepted]).await;
    let added = f.store.add_webhook(URL, "x", &[Rejected], "ann").await;
    assert!(!added.unwrap(), "one URL, one receiver");
    f.add_record("b.pdf", record(), MADE_WITH).await;
    assert_eq!(f.store.undelivered_events().await.unwrap().waiting, 1);
    let delete = sqlx::query("DELETE FROM documents");
    delete.execute(&f.store.pool).await.unwrap();
    assert_eq!(f.store.undelivered_events().await.unwrap().waiting, 0);
}
