use serde_json::json;

use super::super::tests::{Fixture, completion, fixture};
use super::super::*;
use super::*;

/// A document with one accepted record.
async fn bill(f: &Fixture, name: &str) -> (i64, BillId) {
    let document = f.add(name, 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let id = f.finish(document).await.unwrap()[0];
    let blake3 = format!("hash of {name}");
    (
        id,
        BillId {
            blake3,
            pages: vec![0],
        },
    )
}

fn batch(bills: &[(i64, BillId)]) -> NewBatch {
    let payment = json!({"paper": "invoice", "supplier": ["A"], "currency": "EUR", "gross": "1.00", "date": "2025-01-31"});
    let line = |(record, bill): &(i64, BillId)| NewLine {
        record: *record,
        bill: bill.clone(),
        payment: serde_json::from_value(payment.clone()).unwrap(),
    };
    NewBatch {
        target: "xero".into(),
        created_at: 5,
        created_by: "anna".into(),
        folder: "/out".into(),
        lines: bills.iter().map(line).collect(),
        documents: vec![BatchDocument {
            name: "documents/a.pdf".into(),
            blake3: "hash of a".into(),
            sha256: "s".into(),
        }],
        files: vec![ExportFile {
            name: "a.csv".into(),
            sha256: "s".into(),
            bytes: b"bytes".to_vec(),
        }],
    }
}

async fn enter(f: &Fixture, bills: &[(i64, BillId)]) -> Option<i64> {
    let version = f.store.ledger().await.unwrap().version;
    f.store.enter_batch(version, &batch(bills)).await.unwrap()
}

#[tokio::test]
async fn a_batch_is_entered_once_with_its_bytes() {
    let f = fixture().await;
    let bills = [bill(&f, "a.pdf").await];
    let stale = f.store.ledger().await.unwrap().version;
    assert_eq!(enter(&f, &bills).await, Some(1));
    assert_eq!(
        f.store.enter_batch(stale, &batch(&bills)).await.unwrap(),
        None
    );
    let ledger = f.store.ledger().await.unwrap();
    assert_eq!((ledger.lines.len(), ledger.pages.len()), (1, 1));
    assert_eq!(ledger.lines[0].bill, bills[0].1);
    let unwritten = f.store.unwritten_batches().await.unwrap();
    assert_eq!(
        (
            unwritten.len(),
            unwritten[0].lines,
            unwritten[0].files.as_str()
        ),
        (1, 1, "a.csv")
    );
    assert_eq!(f.store.batch_files(1).await.unwrap()[0].bytes, b"bytes");
    f.store.mark_written(1, Path::new("/else")).await.unwrap();
    assert!(f.store.unwritten_batches().await.unwrap().is_empty());
    assert_eq!(
        f.store.batch(1).await.unwrap().unwrap().folder,
        Path::new("/else")
    );
}

#[tokio::test]
async fn a_page_is_exported_once_for_a_target_until_it_is_reversed() {
    let f = fixture().await;
    let bills = [bill(&f, "a.pdf").await, bill(&f, "b.pdf").await];
    enter(&f, &bills).await.unwrap();
    // Even if a plan were wrong, the index refuses the page.
    let version = f.store.ledger().await.unwrap().version;
    let twice = f
        .store
        .enter_batch(version, &batch(&bills[..1]))
        .await
        .unwrap_err();
    assert!(twice.to_string().contains("UNIQUE"), "{twice:#}");
    assert_eq!(f.store.batches().await.unwrap().len(), 1);
    let none = f
        .store
        .reverse_batch(1, &[999], "anna", "wrong")
        .await
        .unwrap();
    assert_eq!(
        none,
        Err(NotReversed::NoLine {
            batch: 1,
            record: 999
        })
    );
    let one = f
        .store
        .reverse_batch(1, &[bills[0].0], "anna", "wrong account")
        .await
        .unwrap();
    assert_eq!(one, Ok(1));
    assert_eq!(enter(&f, &bills[..1]).await, Some(2));
    assert_eq!(
        f.store.reverse_batch(1, &[], "anna", "all").await.unwrap(),
        Ok(1)
    );
    assert_eq!(
        f.store.reverse_batch(1, &[], "anna", "all").await.unwrap(),
        Err(NotReversed::Already(1))
    );
    assert_eq!(
        f.store.reverse_batch(7, &[], "anna", "all").await.unwrap(),
        Err(NotReversed::NoBatch(7))
    );
    let first = f.store.batch(1).await.unwrap().unwrap();
    assert_eq!((first.lines, first.reversed), (2, 2));
}

#[tokio::test]
async fn a_record_that_changed_since_the_plan_is_not_entered() {
    let f = fixture().await;
    let (record, id) = bill(&f, "a.pdf").await;
    let version = f.store.ledger().await.unwrap().version;
    let review = sqlx::query("UPDATE records SET status = 'needs_review' WHERE id = ?");
    review.bind(record).execute(&f.store.pool).await.unwrap();
    let planned = batch(&[(record, id)]);
    assert_eq!(f.store.enter_batch(version, &planned).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_forgotten_leaves_no_content_and_is_not_exported_again() {
    let f = fixture().await;
    let bills = [bill(&f, "/in/a.pdf").await];
    enter(&f, &bills).await.unwrap();
    f.store.mark_written(1, Path::new("/out")).await.unwrap();
    f.store
        .finish_run(f.run, RunOutcome::Completed, &json!({}))
        .await
        .unwrap();
    let forgotten = f.store.forget(&["/in/a.pdf".into()], false).await.unwrap();
    assert_eq!(forgotten.documents, 1);
    assert!(f.store.batch_files(1).await.unwrap().is_empty());
    assert!(f.store.batch(1).await.unwrap().unwrap().is_forgotten);
    let ledger = f.store.ledger().await.unwrap();
    assert!(ledger.lines.is_empty(), "{ledger:?}");
    assert_eq!(ledger.pages[0].blake3, "hash of /in/a.pdf");
}

#[tokio::test]
async fn a_decision_is_remembered_whichever_record_is_named_first() {
    let f = fixture().await;
    let (a, b) = (bill(&f, "a.pdf").await.1, bill(&f, "b.pdf").await.1);
    let before = f.store.ledger().await.unwrap().version;
    f.store
        .mark_distinct(&DistinctPair::of(&b, &a), "anna", "two orders")
        .await
        .unwrap();
    let ledger = f.store.ledger().await.unwrap();
    assert_eq!(ledger.distinct, [DistinctPair::of(&a, &b)]);
    assert_ne!(ledger.version, before);
}
