use serde_json::json;

use super::super::tests::{Fixture, MADE_WITH, fixture};
use super::*;
use crate::domain::test_data;
use crate::store::{Correction, FieldChange, NewDecision, NewRecords};

fn invoice(seller: &str, gross: &str, iban: Option<&str>) -> Record {
    let fields =
        json!({"seller_name": seller, "gross_total": gross, "currency": "EUR", "iban": iban});
    test_data::record("invoice", fields)
}

/// Stores an invoice as a run with this setting does.
async fn store(f: &Fixture, name: &str, record: Record, from: Option<u64>) -> (i64, Record) {
    let made_with = NewRecords {
        second_approval_from: from,
        ..MADE_WITH
    };
    f.add_record(name, record, made_with).await
}

async fn approve(
    f: &Fixture,
    id: i64,
    by: &str,
    from: Option<u64>,
) -> anyhow::Result<(i64, Status)> {
    correct(f, id, by, from, &[]).await
}

async fn correct(
    f: &Fixture,
    id: i64,
    by: &str,
    from: Option<u64>,
    changes: &[FieldChange],
) -> anyhow::Result<(i64, Status)> {
    let mut record = f.store.record(id).await?.unwrap().record;
    record.status = Status::Accepted;
    let correction = Correction {
        changes,
        approve: true,
        by,
        reason: "seen",
        second_approval_from: from,
    };
    let made = f.store.correct(id, &mut record, correction).await?.unwrap();
    Ok((made, record.status))
}

fn reason(record: &Record) -> &str {
    let mut findings = record.findings.iter();
    let found = findings.find(|finding| finding.code == FindingCode::SecondApproval);
    found.map_or("", |finding| &finding.message)
}

const IBAN: &str = "DE89 3704 0044 0532 0130 00";

#[tokio::test]
async fn without_the_setting_one_person_is_enough() {
    let f = fixture().await;
    let record = invoice("Nord GmbH", "99999.00", Some(IBAN));
    let (id, stored) = store(&f, "a.pdf", record, None).await;
    assert_eq!((stored.status, reason(&stored)), (Status::Accepted, ""));
    let (_, status) = approve(&f, id, "ann", None).await.unwrap();
    assert_eq!(status, Status::Accepted);
}

#[tokio::test]
async fn money_new_sellers_and_new_accounts_need_two_people() {
    let f = fixture().await;
    let from = Some(1000);
    let (id, stored) = store(&f, "a.pdf", invoice("Nord GmbH", "999.99", None), from).await;
    // What the reader is sure of waits for people all the same.
    assert_eq!(stored.status, Status::NeedsReview);
    let expected = "two people must approve it: its seller was not approved before";
    assert_eq!(reason(&stored), expected);
    let (first, status) = approve(&f, id, "ann", from).await.unwrap();
    assert_eq!(status, Status::NeedsSecondApproval);
    assert_eq!(
        f.store.first_approver(first).await.unwrap().as_deref(),
        Some("ann")
    );
    // One approval does not make the seller known.
    let (other, stored) = store(&f, "b.pdf", invoice("NORD GMBH", "10.00", None), from).await;
    assert_eq!(reason(&stored), expected);
    let (second, status) = approve(&f, first, "bob", from).await.unwrap();
    assert_eq!(status, Status::Accepted);
    let record = f.store.record(second).await.unwrap().unwrap().record;
    assert_eq!(reason(&record), "");
    assert!(f.store.is_approved(second).await.unwrap());
    let (_, status) = approve(&f, other, "ann", from).await.unwrap();
    assert_eq!(status, Status::Accepted);
    // The first account of a known seller, then the same, then another.
    let with = |iban: &str| invoice("Nord GmbH", "10.00", Some(iban));
    let (id, stored) = store(&f, "c.pdf", with(IBAN), from).await;
    assert_eq!(stored.findings[0].code, FindingCode::BankDetailsChanged);
    let (id, _) = approve(&f, id, "ann", from).await.unwrap();
    let record = f.store.record(id).await.unwrap().unwrap().record;
    assert_eq!(record.status, Status::NeedsSecondApproval);
    assert!(reason(&record).contains("its IBAN is none"), "{record:?}");
    approve(&f, id, "bob", from).await.unwrap();
    let same = with("de89370400440532013000");
    let (_, stored) = store(&f, "d.pdf", same, from).await;
    assert_eq!((stored.status, reason(&stored)), (Status::Accepted, ""));
    let (_, stored) = store(&f, "e.pdf", with("GB33BUKB20201555555555"), from).await;
    assert_eq!(stored.findings[0].code, FindingCode::BankDetailsChanged);
    // Money, also of a credit note.
    let much = invoice("Nord GmbH", "-1000.00", None);
    let (_, stored) = store(&f, "f.pdf", much, from).await;
    let expected = "two people must approve it: its total of -1000.00 EUR is 1000 or more";
    assert_eq!(reason(&stored), expected);
}

#[tokio::test]
async fn the_database_refuses_the_same_person() {
    let f = fixture().await;
    let from = Some(0);
    let (id, _) = store(&f, "a.pdf", invoice("Nord GmbH", "1.00", None), from).await;
    let (first, _) = approve(&f, id, "ann", from).await.unwrap();
    let error = approve(&f, first, "ann", from).await.unwrap_err();
    assert!(error.to_string().contains("another person"), "{error}");
    let row = f.store.record(first).await.unwrap().unwrap();
    assert_eq!(row.record.status, Status::NeedsSecondApproval);
    // Not in SQL either.
    let insert = |by: &'static str| {
        sqlx::query(
            "INSERT INTO record_changes (document_id, record_id, made_record_id, changed_at, changed_by,
                decision, reason) VALUES (?, ?, 99, 0, ?, 'second_approval', 'x')",
        )
        .bind(row.document_id)
        .bind(first)
        .bind(by)
        .execute(&f.store.pool)
    };
    let error = insert("ann").await.unwrap_err().to_string();
    assert!(
        error.contains("by another person than the first"),
        "{error}"
    );
    let update = sqlx::query("UPDATE records SET status = 'accepted' WHERE id = ?");
    let error = update.bind(first).execute(&f.store.pool).await.unwrap_err();
    assert!(error.to_string().contains("second person"), "{error}");
    insert("bob").await.unwrap();
}

#[tokio::test]
async fn a_change_begins_the_approval_anew() {
    let f = fixture().await;
    let from = Some(0);
    let (id, _) = store(&f, "a.pdf", invoice("Nord GmbH", "1.00", None), from).await;
    let (first, _) = approve(&f, id, "ann", from).await.unwrap();
    let change = FieldChange {
        field: "gross_total".into(),
        before: "1.00".into(),
        after: "2.00".into(),
    };
    // Bob corrects what Ann approved: his is the first approval.
    let changed = correct(&f, first, "bob", from, std::slice::from_ref(&change)).await;
    let (second, status) = changed.unwrap();
    assert_eq!(status, Status::NeedsSecondApproval);
    assert_eq!(
        f.store.first_approver(second).await.unwrap().as_deref(),
        Some("bob")
    );
    let (_, status) = approve(&f, second, "ann", from).await.unwrap();
    assert_eq!(status, Status::Accepted);
}

#[tokio::test]
async fn what_one_person_approved_is_opened_again() {
    let f = fixture().await;
    let (id, _) = store(&f, "a.pdf", invoice("Nord GmbH", "1.00", None), Some(0)).await;
    let (first, _) = approve(&f, id, "ann", Some(0)).await.unwrap();
    let today = jiff::civil::date(2026, 12, 1);
    let queued = f
        .store
        .review_queue(today, crate::store::AcceptedToo::default(), None)
        .await
        .unwrap();
    assert_eq!(queued.records[0].approved_by.as_deref(), Some("ann"));
    let opened = f
        .store
        .decide(first, NewDecision::Reopen, today, "ann", "x");
    assert_eq!(opened.await.unwrap(), Ok(Status::NeedsReview));
    assert_eq!(f.store.first_approver(first).await.unwrap(), None);
}
