use jiff::civil::{Date, date};
use serde_json::json;

use super::super::tests::{Fixture, MADE_WITH, fixture};
use super::*;
use crate::domain::{Status, test_data};

const TODAY: Date = date(2026, 12, 1);

/// Stores an invoice that needs review for these findings.
async fn add(f: &Fixture, seller: &str, total: &str, codes: &[FindingCode]) -> i64 {
    let name = format!("{seller} {total}.pdf");
    let fields = json!({"seller_name": seller, "gross_total": total, "currency": "EUR"});
    let mut record = test_data::record("invoice", fields);
    record.status = Status::NeedsReview;
    let finding = |code: &FindingCode| Finding::new(*code, None, code.as_str());
    record.findings = codes.iter().map(finding).collect();
    f.add_record(&name, record, MADE_WITH).await.0
}

#[tokio::test]
async fn graver_reasons_and_more_money_come_first_and_parties_stay_together() {
    use FindingCode::{AmountDue, LowConfidence, PossibleDuplicate, SumMismatch};
    let f = fixture().await;
    let nord = add(&f, "Nord GmbH", "10.00", &[AmountDue, LowConfidence]).await;
    let sued = add(&f, "Süd AG", "5000.00", &[LowConfidence]).await;
    let wrong = add(&f, "NORD GMBH", "-90.00", &[LowConfidence, SumMismatch]).await;
    let twice = add(&f, "Ost KG", "1.00", &[PossibleDuplicate]).await;
    let more = add(&f, "Nord GmbH", "-70.00", &[LowConfidence]).await;
    let queue = async |most| {
        f.store
            .review_queue(TODAY, AcceptedToo::default(), most)
            .await
            .unwrap()
    };
    let all = queue(None).await;
    let ids: Vec<i64> = all.records.iter().map(|record| record.id).collect();
    assert_eq!(ids, [twice, wrong, more, nord, sued]);
    let reasons: Vec<_> = all.reasons.iter().map(|r| (r.code, r.count)).collect();
    let expected = [(LowConfidence, 3), (PossibleDuplicate, 1), (SumMismatch, 1)];
    assert_eq!(reasons, expected);
    let first = &all.records[1];
    assert_eq!(
        (first.party.as_deref(), first.of_party),
        (Some("nord gmbh"), 3)
    );
    let codes: Vec<_> = first.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [LowConfidence, SumMismatch]);

    let some = queue(Some(2)).await;
    assert_eq!((some.left, some.records.len()), (5, 2));
    assert_eq!(
        some.records[1].of_party, 3,
        "also those that are not listed"
    );
    assert_eq!(some.reasons, all.reasons);
}

#[tokio::test]
async fn an_empty_queue_has_nothing_left() {
    let f = fixture().await;
    let too = AcceptedToo {
        sample_share: 1.0,
        with_seeded: true,
    };
    let queue = f.store.review_queue(TODAY, too, Some(500)).await.unwrap();
    assert_eq!(
        (queue.left, queue.records.len(), queue.reasons.len()),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn the_greatest_amount_of_all_is_compared_too() {
    let f = fixture().await;
    let most = add(&f, "Nord GmbH", "-922337203685477.5808", &[]).await;
    let none = add(&f, "Nord GmbH", "illegible", &[]).await;
    let less = add(&f, "Nord GmbH", "9.00", &[]).await;
    let queue = f
        .store
        .review_queue(TODAY, AcceptedToo::default(), None)
        .await
        .unwrap();
    let ids: Vec<i64> = queue.records.iter().map(|record| record.id).collect();
    assert_eq!(ids, [most, less, none]);
}
