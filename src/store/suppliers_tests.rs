use jiff::civil::date;
use serde_json::json;

use super::super::tests::{Fixture, MADE_WITH, fixture};
use super::*;
use crate::domain::{FindingCode, Record, Status, test_data};
use crate::store::FieldChange;

const VAT_ID: &str = "DE136695976";
const IBAN: &str = "DE89370400440532013000";

fn invoice(fields: Value) -> Record {
    let mut record = test_data::record(
        "invoice",
        json!({"invoice_number": null, "seller_name": null, "seller_vat_id": null, "gross_total": "10.00",
            "currency": "EUR", "iban": null}),
    );
    record.fields.extend(fields.as_object().unwrap().clone());
    record
}

async fn store(f: &Fixture, name: &str, record: Record) -> (i64, Record) {
    f.add_record(name, record, MADE_WITH).await
}

/// Approves bills with these fields.
async fn approved(f: &Fixture, count: usize, fields: Value) {
    for n in 0..count {
        let (id, record) = store(f, &format!("{fields} {n}"), invoice(fields.clone())).await;
        f.approve(id, &[], record).await;
    }
}

fn codes(record: &Record) -> Vec<FindingCode> {
    record.findings.iter().map(|finding| finding.code).collect()
}

async fn bills(f: &Fixture, fields: Value) -> Option<u64> {
    let card = f
        .store
        .supplier_card(&invoice(fields).fields)
        .await
        .unwrap();
    card.map(|card| card.bills)
}

#[tokio::test]
async fn a_card_is_found_by_vat_identifier_then_iban_then_name() {
    let f = fixture().await;
    approved(
        &f,
        1,
        json!({"seller_name": "Nord GmbH", "seller_vat_id": VAT_ID}),
    )
    .await;
    approved(&f, 2, json!({"seller_name": "West AG", "iban": IBAN})).await;
    approved(&f, 4, json!({"seller_name": "Süd KG"})).await;
    let vat_id = "DE 136.695.976";
    let cases = [
        (
            json!({"seller_vat_id": vat_id, "iban": IBAN, "seller_name": "Süd KG"}),
            Some(1),
        ),
        (
            json!({"seller_vat_id": "DE1", "iban": "de89 3704 0044 0532 0130 00", "seller_name": "Süd KG"}),
            Some(2),
        ),
        (
            json!({"seller_vat_id": null, "seller_name": "SUED? no: Sud-KG"}),
            None,
        ),
        (json!({"seller_name": "SÜD, KG"}), Some(4)),
        (json!({"seller_name": " "}), None),
    ];
    for (fields, expected) in cases {
        assert_eq!(bills(&f, fields.clone()).await, expected, "{fields}");
    }
    let receipt = test_data::record("receipt", json!({"merchant_name": "Süd KG"}));
    assert!(
        f.store
            .supplier_card(&receipt.fields)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn only_approved_bills_teach_a_card() {
    let f = fixture().await;
    let nord = json!({"seller_name": "Nord GmbH"});
    let (id, accepted) = store(&f, "a.pdf", invoice(nord.clone())).await;
    assert_eq!(accepted.status, Status::Accepted);
    assert_eq!(bills(&f, nord.clone()).await, None, "nobody saw it");
    let (id, _) = f.approve(id, &[], accepted).await;
    assert_eq!(bills(&f, nord.clone()).await, Some(1));
    let today = date(2026, 12, 1);
    let rejected = f
        .store
        .decide(id, crate::store::NewDecision::Reject, today, "ann", "x");
    rejected.await.unwrap().unwrap();
    assert_eq!(
        bills(&f, nord).await,
        None,
        "what was rejected teaches nothing"
    );
}

#[tokio::test]
async fn a_run_flags_what_differs_and_fills_what_is_empty() {
    let f = fixture().await;
    let nord = json!({"seller_name": "Nord GmbH", "seller_vat_id": VAT_ID, "iban": IBAN});
    approved(&f, 3, nord).await;
    let same = json!({"seller_name": "Nord GmbH", "iban": IBAN});
    let (_, record) = store(&f, "same.pdf", invoice(same)).await;
    assert_eq!((record.status, codes(&record)), (Status::Accepted, vec![]));
    assert_eq!(
        record.fields["seller_vat_id"],
        Value::Null,
        "nobody would see it"
    );

    let other =
        json!({"seller_name": "Nord GmbH", "iban": "GB33BUKB20201555555555", "currency": null});
    let (id, record) = store(&f, "other.pdf", invoice(other)).await;
    assert_eq!(record.status, Status::NeedsReview);
    let expected = [
        FindingCode::BankDetailsChanged,
        FindingCode::FilledFromCard,
        FindingCode::FilledFromCard,
    ];
    assert_eq!(codes(&record), expected);
    assert_eq!(
        (&record.fields["currency"], &record.fields["seller_vat_id"]),
        (&"EUR".into(), &VAT_ID.into())
    );
    // Approved: the account is known from now on.
    f.approve(id, &[], record).await;
    let again = json!({"seller_name": "Nord GmbH", "iban": "GB33BUKB20201555555555"});
    let (_, record) = store(&f, "again.pdf", invoice(again)).await;
    assert_eq!((record.status, codes(&record)), (Status::Accepted, vec![]));
}

#[tokio::test]
async fn a_corrected_seller_is_compared_with_its_own_card_before_it_is_approved() {
    let f = fixture().await;
    approved(&f, 1, json!({"seller_name": "Nord GmbH", "iban": IBAN})).await;
    let misread = json!({"seller_name": "Nord GmbI", "iban": "GB33BUKB20201555555555"});
    let (id, mut record) = store(&f, "misread.pdf", invoice(misread)).await;
    assert_eq!(codes(&record), []);
    let change = FieldChange {
        field: "seller_name".into(),
        before: "Nord GmbI".into(),
        after: "Nord GmbH".into(),
    };
    record.fields["seller_name"] = "Nord GmbH".into();
    let (made, record) = f.approve(id, &[change], record).await;
    assert_eq!(
        (record.status, codes(&record)),
        (Status::NeedsReview, vec![FindingCode::BankDetailsChanged])
    );
    assert!(!f.store.is_approved(made).await.unwrap());
    let (made, record) = f.approve(made, &[], record).await;
    assert_eq!(record.status, Status::Accepted);
    assert!(f.store.is_approved(made).await.unwrap());
}

#[tokio::test]
async fn suppliers_are_listed_once_and_forgotten_with_all_their_bills() {
    let f = fixture().await;
    approved(
        &f,
        1,
        json!({"seller_name": "Nord GmbH", "seller_vat_id": VAT_ID, "iban": IBAN}),
    )
    .await;
    approved(
        &f,
        1,
        json!({"seller_name": "Nord Gmbh & Co", "iban": IBAN}),
    )
    .await;
    approved(&f, 1, json!({"seller_name": "NORD GMBH"})).await;
    approved(&f, 2, json!({"seller_name": "West AG"})).await;
    let listed = async || {
        let cards = f.store.supplier_cards().await.unwrap();
        let card = |card: SupplierCard| (card.name().to_owned(), card.bills);
        cards.into_iter().map(card).collect::<Vec<_>>()
    };
    assert_eq!(
        listed().await,
        [("NORD GMBH".to_owned(), 3), ("West AG".to_owned(), 2)]
    );
    let forget = async |key| {
        let supplier = SupplierId::named(key);
        f.store.forget_supplier(&supplier, "ann").await.unwrap()
    };
    assert_eq!(forget("Ost KG").await, 0);
    assert_eq!(forget("de 136695976").await, 3);
    assert_eq!(forget(VAT_ID).await, 0);
    assert_eq!(listed().await, [("West AG".to_owned(), 2)]);
    assert_eq!(bills(&f, json!({"seller_name": "Nord GmbH"})).await, None);
    // A bill that is approved later is learnt from.
    approved(
        &f,
        1,
        json!({"seller_name": "Nord GmbH", "invoice_number": "2"}),
    )
    .await;
    assert_eq!(
        bills(&f, json!({"seller_name": "Nord GmbH"})).await,
        Some(1)
    );
}

#[tokio::test]
async fn waiting_records_of_a_supplier_with_a_value_are_found() {
    let f = fixture().await;
    let add = async |name: &str, seller: &str, currency: Value, status: Status| {
        let mut record = invoice(json!({"seller_name": seller, "currency": currency}));
        record.status = status;
        store(&f, name, record).await.0
    };
    let waits = Status::NeedsReview;
    let first = add("a", "Nord GmbH", Value::Null, waits).await;
    let second = add("b", "NORD GMBH", Value::Null, waits).await;
    add("c", "Nord GmbH", "EUR".into(), waits).await;
    add("d", "West AG", Value::Null, waits).await;
    add("e", "Nord GmbH", Value::Null, Status::Accepted).await;
    let renamed = add("f", "Nord GmbI", Value::Null, waits).await;
    let seller = |name: &str| invoice(json!({"seller_name": name})).fields;
    let (old, new) = (seller("Nord GmbI"), seller("Nord GmbH"));
    let found = async |field: &str, value: Value| {
        let found = f.store.waiting_of_supplier([&old, &new], field, &value);
        found.await.unwrap()
    };
    assert_eq!(
        found("currency", Value::Null).await,
        [first, second, renamed]
    );
    assert_eq!(found("seller_name", "Nord GmbI".into()).await, [renamed]);
    assert_eq!(found("no_such_field", Value::Null).await, [0; 0]);
    let none = Fields::new();
    let found = f
        .store
        .waiting_of_supplier([&none, &none], "currency", &Value::Null);
    assert_eq!(found.await.unwrap(), [0; 0]);
}
