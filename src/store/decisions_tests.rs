use jiff::civil::{Date, date};

use super::super::tests::{Fixture, completion, fixture};
use super::*;
use crate::store::Correction;

const TODAY: Date = date(2026, 12, 1);

/// A record that needs review.
async fn in_review() -> (Fixture, i64) {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let id = f.finish(document).await.unwrap()[0];
    let update = sqlx::query("UPDATE records SET status = 'needs_review'");
    update.execute(&f.store.pool).await.unwrap();
    (f, id)
}

async fn decide(f: &Fixture, id: i64, decision: NewDecision) -> Result<Status, DecisionRefusal> {
    let decided = f.store.decide(id, decision, TODAY, "ann", "why").await;
    decided.unwrap()
}

async fn queue(f: &Fixture, today: Date) -> Vec<i64> {
    let queue = f
        .store
        .review_queue(today, crate::store::AcceptedToo::default(), None)
        .await
        .unwrap();
    queue.records.into_iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn a_rejected_record_leaves_the_queue_until_it_is_opened_again() {
    let (f, id) = in_review().await;
    assert_eq!(queue(&f, TODAY).await, [id]);
    let rejected = decide(&f, id, NewDecision::Reject).await;
    assert_eq!(rejected, Ok(Status::Rejected));
    assert_eq!(queue(&f, TODAY).await, [0; 0]);
    let again = decide(&f, id, NewDecision::Reject).await;
    assert_eq!(again, Err(DecisionRefusal::Already(Status::Rejected)));
    let later = NewDecision::Postpone(date(2026, 12, 2));
    let postponed = decide(&f, id, later).await;
    assert_eq!(
        postponed,
        Err(DecisionRefusal::NotInQueue(Status::Rejected))
    );
    assert_eq!(
        decide(&f, id, NewDecision::NotABill).await,
        Ok(Status::NotABill)
    );
    assert_eq!(
        decide(&f, id, NewDecision::Reopen).await,
        Ok(Status::NeedsReview)
    );
    assert_eq!(queue(&f, TODAY).await, [id]);
    let open = decide(&f, id, NewDecision::Reopen).await;
    assert_eq!(open, Err(DecisionRefusal::NotAside));
    assert_eq!(
        decide(&f, 99, NewDecision::Reject).await,
        Err(DecisionRefusal::NotCurrent)
    );
    let record = f.store.record(id).await.unwrap().unwrap();
    let changes = f.store.changes(record.document_id).await.unwrap();
    let made: Vec<_> = changes.iter().map(|change| change.decision).collect();
    let expected = [Decision::Rejected, Decision::NotABill, Decision::Reopened];
    assert_eq!(made, expected.map(Some));
    assert_eq!(
        (changes[0].changed_by.as_str(), changes[0].reason.as_str()),
        ("ann", "why")
    );
}

#[tokio::test]
async fn a_postponed_record_comes_back_on_its_day() {
    let (f, id) = in_review().await;
    let until = date(2026, 12, 8);
    let postponed = decide(&f, id, NewDecision::Postpone(until)).await;
    assert_eq!(postponed, Ok(Status::NeedsReview));
    assert_eq!(queue(&f, TODAY).await, [0; 0]);
    assert_eq!(queue(&f, date(2026, 12, 7)).await, [0; 0]);
    assert_eq!(queue(&f, until).await, [id]);
    let expected = Postponed {
        records: 1,
        next: Some("2026-12-08".into()),
    };
    assert_eq!(f.store.postponed(TODAY).await.unwrap(), expected);
    assert_eq!(
        f.store.postponed(until).await.unwrap(),
        Postponed::default()
    );
    // To an earlier day: the last decision holds.
    let sooner = NewDecision::Postpone(date(2026, 12, 3));
    decide(&f, id, sooner).await.unwrap();
    assert_eq!(queue(&f, date(2026, 12, 3)).await, [id]);
    decide(&f, id, NewDecision::Reopen).await.unwrap();
    assert_eq!(queue(&f, TODAY).await, [id]);
}

#[tokio::test]
async fn a_corrected_record_is_not_postponed_any_more() {
    let (f, id) = in_review().await;
    let later = NewDecision::Postpone(date(2026, 12, 8));
    decide(&f, id, later).await.unwrap();
    let mut stored = f.store.record(id).await.unwrap().unwrap();
    let correction = Correction {
        changes: &[],
        approve: false,
        by: "ann",
        reason: "why",
        second_approval_from: None,
    };
    let made = f.store.correct(id, &mut stored.record, correction).await;
    assert_eq!(queue(&f, TODAY).await, [made.unwrap().unwrap()]);
}

#[tokio::test]
async fn a_document_that_is_read_again_says_that_it_was_rejected() {
    let (f, id) = in_review().await;
    decide(&f, id, NewDecision::Reject).await.unwrap();
    let document = f.store.record(id).await.unwrap().unwrap().document_id;
    let known = ["receipt".to_owned()];
    f.store.retry(&[id], None, &known).await.unwrap().unwrap();
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let made = f.finish(document).await.unwrap()[0];
    let record = f.store.record(made).await.unwrap().unwrap().record;
    assert_eq!(record.status, Status::NeedsReview);
    let message = &record.findings[0].message;
    let expected = format!("a person rejected this document as record {id}");
    assert!(message.starts_with(&expected), "{message}");
}

#[tokio::test]
async fn the_history_is_not_changed() {
    let (f, id) = in_review().await;
    decide(&f, id, NewDecision::Reject).await.unwrap();
    let update = sqlx::query("UPDATE record_changes SET decision = 'approved'");
    let error = update.execute(&f.store.pool).await.unwrap_err();
    assert!(error.to_string().contains("never changed"), "{error}");
}
