use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::domain::{EvidenceClass, Status, test_data};

fn fields(number: &str, gross: &str) -> Fields {
    let fields = json!({
        "invoice_number": number, "issue_date": "2026-04-03", "currency": "EUR",
        "seller_name": "Nord GmbH", "seller_vat_id": "DE136695976", "gross_total": gross,
        "iban": "DE89 3704 0044 0532 0130 00",
    });
    fields.as_object().unwrap().clone()
}

fn on_page(field: &str, text: &str) -> FieldEvidence {
    FieldEvidence {
        class: EvidenceClass::TextLayer,
        text: Some(text.to_owned()),
        ..FieldEvidence::model_only(field)
    }
}

fn bill(number: &str, gross: &str) -> ApprovedBill {
    ApprovedBill {
        fields: fields(number, gross),
        evidence: vec![
            on_page("issue_date", "03.04.2026"),
            on_page("gross_total", "1.100,00"),
        ],
    }
}

/// Of four approved bills.
fn card() -> SupplierCard {
    let last = ["100.00", "110.00", "-90.00", "130.00"].iter().zip(7..);
    SupplierCard {
        bills: 4,
        names: vec!["Nord GmbH".into()],
        vat_ids: vec!["DE136695976".into()],
        ibans: vec!["DE89370400440532013000".into()],
        last: last
            .map(|(gross, n)| bill(&format!("RE-2026-{n:04}"), gross))
            .collect(),
    }
}

/// A bill like the approved ones, with one other value.
fn with(field: &str, value: &str) -> Record {
    let mut record = test_data::record("invoice", json!(fields("RE-2026-0019", "120.00")));
    record.fields[field] = value.into();
    record
}

fn found(card: &SupplierCard, record: &Record) -> Vec<(FindingCode, String)> {
    let findings = card.differences(record).into_iter();
    findings
        .map(|finding| (finding.code, finding.message))
        .collect()
}

#[test]
fn a_bill_like_the_approved_ones_has_no_finding() {
    let card = card();
    assert_eq!(found(&card, &with("currency", "EUR")), []);
    assert_eq!(card.number_form().as_deref(), Some("RE-9999-9999"));
    assert_eq!(card.date_order(), Some(DateOrder::DayFirst));
    assert_eq!(card.decimal_sign(), Some(','));
    assert_eq!(card.totals()[0], "100.00 EUR");
}

#[test]
fn what_differs_is_said_with_what_is_usual() {
    use FindingCode::{
        AmountUnlikeBefore, BankDetailsChanged, CurrencyUnlikeBefore, NumberUnlikeBefore,
    };
    let cases = [
        (
            "iban",
            "GB33BUKB20201555555555",
            BankDetailsChanged,
            "the IBAN GB33BUKB20201555555555 is in none of the 4 approved bills of Nord GmbH, where it is DE89370400440532013000: ask the supplier, at a number that you know, before it is paid",
        ),
        (
            "currency",
            "USD",
            CurrencyUnlikeBefore,
            "the currency is USD; it is EUR in the 4 approved bills of Nord GmbH",
        ),
        (
            "invoice_number",
            "RE-2026-019",
            NumberUnlikeBefore,
            "the number RE-2026-019 has another form than those of the 4 approved bills of Nord GmbH: RE-9999-9999, where 9 stands for any digit",
        ),
        (
            "gross_total",
            "390.01",
            AmountUnlikeBefore,
            "the total of 390.01 EUR is more than 3 times the greatest of the 4 approved bills of Nord GmbH: -90.00 EUR to 130.00 EUR",
        ),
        (
            "gross_total",
            "29.99",
            AmountUnlikeBefore,
            "the total of 29.99 EUR is less than a third of the smallest of the 4 approved bills of Nord GmbH: -90.00 EUR to 130.00 EUR",
        ),
    ];
    for (field, value, code, message) in cases {
        let expected = [(code, message.to_owned())];
        assert_eq!(found(&card(), &with(field, value)), expected);
    }
    for (field, value) in [
        ("gross_total", "390.00"),
        ("gross_total", "30.00"),
        ("iban", ""),
        ("gross_total", "illegible"),
    ] {
        assert_eq!(found(&card(), &with(field, value)), [], "{field} {value}");
    }
}

#[test]
fn a_date_in_another_order_is_said_with_the_date_that_it_would_be() {
    let mut record = with("issue_date", "2026-05-04");
    record.evidence = vec![on_page("issue_date", "05/04/2026")];
    let expected = "05/04/2026 was read as 2026-05-04; with the day first, as in the 4 approved bills of Nord GmbH, it is 2026-04-05";
    assert_eq!(
        found(&card(), &record),
        [(FindingCode::DateOrderUnlikeBefore, expected.to_owned())]
    );
    for text in ["04/05/2026", "4 May 2026", "2026-05-04"] {
        record.evidence = vec![on_page("issue_date", text)];
        assert_eq!(found(&card(), &record), [], "{text}");
    }
}

#[test]
fn a_first_account_is_flagged_and_a_memory_needs_three_bills() {
    let mut card = card();
    card.ibans.clear();
    let (_, message) = found(&card, &with("currency", "EUR")).remove(0);
    assert!(message.contains("which state no IBAN"), "{message}");
    card.last.truncate(2);
    card.bills = 2;
    let codes: Vec<_> = card
        .differences(&with("currency", "USD"))
        .iter()
        .map(|f| f.code)
        .collect();
    assert_eq!(codes, [FindingCode::BankDetailsChanged]);
}

#[test]
fn a_memory_that_approved_bills_contradict_twice_is_not_used() {
    let mut card = card();
    let is_flagged = |card: &SupplierCard| !card.differences(&with("currency", "USD")).is_empty();
    card.last[0].fields["currency"] = "CHF".into();
    assert!(is_flagged(&card), "one contradiction is not enough");
    card.last.push(card.last[0].clone());
    assert!(!is_flagged(&card));
}

#[test]
fn what_is_empty_is_filled_with_a_finding_and_nothing_is_overwritten() {
    let mut record = with("currency", "USD");
    record.status = Status::NeedsReview;
    record.fields["seller_vat_id"] = Value::Null;
    let missing = Finding::new(FindingCode::Missing, Some("seller_vat_id"), "it is empty");
    record.findings.push(missing);
    let before = record.clone();
    card().fill(&mut record);
    assert_eq!(record.fields["currency"], "USD");
    assert_eq!(record.fields["seller_vat_id"], "DE136695976");
    let [filled] = &record.findings[..] else {
        panic!("{:?}", record.findings)
    };
    assert_eq!(
        (filled.code, filled.field.as_deref()),
        (FindingCode::FilledFromCard, Some("seller_vat_id"))
    );
    assert_eq!(
        filled.message,
        "seller vat id is empty on the document; DE136695976 is that of the 4 approved bills of Nord GmbH: compare it with the page"
    );
    assert_eq!(
        (record.status, &record.evidence),
        (Status::NeedsReview, &before.evidence)
    );

    let mut einvoice = with("currency", "EUR");
    einvoice.source = Source::EmbeddedXml;
    einvoice.fields["currency"] = Value::Null;
    let unchanged = einvoice.clone();
    card().fill(&mut einvoice);
    assert_eq!(einvoice, unchanged, "an e-invoice states what it states");
}

#[test]
fn suppliers_with_two_vat_identifiers_get_none() {
    let mut card = card();
    card.vat_ids.push("ATU12345675".into());
    let mut record = with("currency", "EUR");
    record.fields["seller_vat_id"] = Value::Null;
    card.fill(&mut record);
    assert_eq!(record.fields["seller_vat_id"], Value::Null);
}

#[test]
fn printed_forms_tell_order_and_sign_or_nothing() {
    let order = |text| date_order(text, date(2026, 4, 3));
    assert_eq!(order("03/04/26"), Some(DateOrder::DayFirst));
    assert_eq!(order("4-3-2026"), Some(DateOrder::MonthFirst));
    for text in [
        "3 April 2026",
        "2026-04-03",
        "3.4.",
        "",
        "99999999999/3/2026",
    ] {
        assert_eq!(order(text), None, "{text}");
    }
    assert_eq!(date_order("03/03/2026", date(2026, 3, 3)), None);
    assert_eq!(decimal_sign("EUR 1.234,50 €"), Some(','));
    assert_eq!(decimal_sign("$12.5"), Some('.'));
    for text in ["1,234", "7", "1.234.567", "ab,", "1,٣٤"] {
        assert_eq!(decimal_sign(text), None, "{text}");
    }
}
