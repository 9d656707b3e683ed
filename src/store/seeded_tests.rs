use serde_json::json;

use super::super::tests::{Fixture, completion, fixture};
use super::*;
use crate::store::{AcceptedToo, Correction, FieldChange, SeededValue};

/// An accepted record.
async fn accepted(f: &Fixture, name: &str) -> i64 {
    let document = f.add(name, 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    f.finish(document).await.unwrap()[0]
}

fn seeded(record: i64) -> SeededError {
    SeededError {
        record,
        field: "total".into(),
        shown: json!("7.00"),
    }
}

async fn queue(f: &Fixture, with_seeded: bool) -> Vec<i64> {
    let today = jiff::civil::date(2026, 12, 1);
    let too = AcceptedToo {
        sample_share: 0.0,
        with_seeded,
    };
    let queue = f.store.review_queue(today, too, None).await.unwrap();
    queue.records.into_iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn a_seeded_error_is_in_the_queue_until_somebody_decides() {
    let f = fixture().await;
    let (first, second) = (accepted(&f, "a.pdf").await, accepted(&f, "b.pdf").await);
    let hash = sqlx::query("UPDATE documents SET blake3 = printf('%016x', id)");
    hash.execute(&f.store.pool).await.unwrap();
    assert_eq!(f.store.to_seed(0.0, 9).await.unwrap(), [0; 0]);
    assert_eq!(f.store.to_seed(1.0, 9).await.unwrap(), [first, second]);
    assert_eq!(f.store.to_seed(1.0, 1).await.unwrap(), [first]);
    f.store.seed(first, Some(&seeded(first))).await.unwrap();
    f.store.seed(second, None).await.unwrap();
    assert_eq!(f.store.to_seed(1.0, 9).await.unwrap(), [0; 0]);
    assert_eq!(queue(&f, true).await, [first]);
    assert_eq!(queue(&f, false).await, [0; 0]);
    assert_eq!(f.store.seeded_errors().await.unwrap(), [seeded(first)]);
    f.store
        .settle_seeded(first, "ann", Some(false))
        .await
        .unwrap();
    // The first decision counts.
    f.store
        .settle_seeded(first, "bob", Some(true))
        .await
        .unwrap();
    assert_eq!(queue(&f, true).await, [0; 0]);
    assert_eq!(f.store.seeded_error(first).await.unwrap(), None);
    let counts = f.store.seeded_counts().await.unwrap();
    assert_eq!((counts.decided, counts.found), (1, 0));
}

#[tokio::test]
async fn no_correction_of_the_record_takes_the_altered_value() {
    let f = fixture().await;
    let id = accepted(&f, "a.pdf").await;
    f.store.seed(id, Some(&seeded(id))).await.unwrap();
    let record = f.store.record(id).await.unwrap().unwrap().record;
    let change = |after: &str| FieldChange {
        field: "total".into(),
        before: json!("1.00"),
        after: json!(after),
    };
    for is_decided in [false, true] {
        if is_decided {
            f.store.settle_seeded(id, "ann", Some(true)).await.unwrap();
        }
        let mut altered = record.clone();
        altered.fields["total"] = json!("7.00");
        let correction = Correction {
            changes: &[change("7.00")],
            approve: true,
            by: "bob",
            reason: "seen",
            second_approval_from: None,
        };
        let refused = f.store.correct(id, &mut altered, correction).await;
        assert!(refused.unwrap_err().is::<SeededValue>());
        let past_it = sqlx::query(
            "INSERT INTO record_changes (document_id, record_id, made_record_id, changed_at, changed_by, field, before, after, reason)
             SELECT document_id, id, id, 0, 'bob', 'total', '\"1.00\"', '\"7.00\"', 'seen' FROM records WHERE id = ?",
        );
        let past_it = past_it.bind(id).execute(&f.store.pool).await;
        let message = past_it.unwrap_err().to_string();
        assert!(message.contains("a seeded error"), "{message}");
        let kept = f.store.record(id).await.unwrap().unwrap().record;
        assert_eq!(kept.fields["total"], "1.00");
    }
    f.approve(id, &[change("8.00")], record).await;
}
