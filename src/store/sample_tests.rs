use serde_json::json;

use super::super::tests::{Fixture, completion, fixture};
use super::*;
use crate::store::{AcceptedToo, FieldChange};

#[test]
fn a_larger_share_ends_later() {
    assert_eq!(end_of_sample(0.0), "00000000");
    assert_eq!(end_of_sample(0.5), "80000000");
    assert!(end_of_sample(0.999) < end_of_sample(1.0));
    assert!("ffffffff" < end_of_sample(1.0).as_str());
}

/// Accepted records.
async fn accepted(f: &Fixture, names: &[&str]) -> Vec<i64> {
    let mut ids = Vec::new();
    for name in names {
        let document = f.add(name, 1).await;
        let claim = f.claim().await.unwrap();
        f.store.complete_page(&claim, &completion()).await.unwrap();
        ids.extend(f.finish(document).await.unwrap());
    }
    ids
}

async fn approve(f: &Fixture, id: i64, changes: &[FieldChange]) {
    let record = f.store.record(id).await.unwrap().unwrap().record;
    f.approve(id, changes, record).await;
}

async fn queue(f: &Fixture, share: f64) -> Vec<i64> {
    let today = jiff::civil::date(2026, 12, 1);
    let too = AcceptedToo {
        sample_share: share,
        with_seeded: false,
    };
    let queue = f.store.review_queue(today, too, None).await.unwrap();
    queue.records.into_iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn accepted_records_of_the_sample_are_checked_and_counted() {
    let f = fixture().await;
    let ids = accepted(&f, &["a.pdf", "b.pdf", "c.pdf"]).await;
    // Documents in tests have hashes that begin with "hash of".
    sqlx::query("UPDATE documents SET blake3 = printf('%08x', id * 0x40000000)")
        .execute(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(queue(&f, 0.0).await, [0; 0]);
    assert_eq!(queue(&f, 0.6).await, ids[..2]);
    assert_eq!(queue(&f, 1.0).await, ids);
    let counts = |records, checked, wrong| SampleCounts {
        records,
        checked,
        wrong,
    };
    let counted = async |share| f.store.sample_counts(share).await.unwrap();
    assert_eq!(counted(0.6).await, counts(2, 0, 0));
    approve(&f, ids[0], &[]).await;
    let change = |before: &str, after: &str| FieldChange {
        field: "total".into(),
        before: json!(before),
        after: json!(after),
    };
    // A value that is only confirmed was not wrong.
    approve(&f, ids[1], &[change("1.00", "1.00")]).await;
    assert_eq!(counted(0.6).await, counts(2, 2, 0));
    approve(&f, ids[2], &[change("1.00", "7.00")]).await;
    assert_eq!(counted(0.6).await, counts(2, 2, 0));
    assert_eq!(counted(1.0).await, counts(3, 3, 1));
    assert_eq!(counted(0.0).await, SampleCounts::default());
    assert_eq!(queue(&f, 1.0).await, [0; 0]);
}
