use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::domain::{EvidenceClass, FieldEvidence, test_data};
use crate::store::DocumentId;

const TODAY: Date = jiff::civil::date(2026, 12, 1);

/// An accepted invoice whose hash begins with zeros and has `chance` in the digits that
/// decide.
fn stored(chance: u64) -> StoredRecord {
    let fields = json!({"invoice_number": "A-15", "issue_date": "2026-01-31", "due_date": null, "currency": "EUR",
        "seller_name": "Nord 24 GmbH", "seller_vat_id": null, "buyer_name": null, "buyer_vat_id": null, "iban": null,
        "bic": null, "line_items": [], "net_total": "100.00", "tax_total": "19.00", "gross_total": "119.00"});
    let mut record = test_data::record("invoice", fields);
    let evidence = |field: &str, text: &str| FieldEvidence {
        class: EvidenceClass::TextLayer,
        page: Some(0),
        text: Some(text.into()),
        ..FieldEvidence::model_only(field)
    };
    record.evidence = vec![
        evidence("invoice_number", "No. A-15"),
        evidence("issue_date", "31.01.2026"),
        evidence("gross_total", "119,00"),
        evidence("net_total", "100,00"),
    ];
    StoredRecord {
        id: 7,
        document_id: DocumentId(3),
        record,
        paths: vec!["/in/a.pdf".into()],
        blake3: format!("{:016x}{chance:016x}{:032x}", 0, 0),
        run_id: 2,
        created_at: 0,
        models: vec![],
        prompts: vec![],
        schemas: vec![],
    }
}

fn altered(stored: &StoredRecord) -> Option<SeededError> {
    alter(&DocTypes::load(None).unwrap(), stored, TODAY, 0.8)
}

#[test]
fn one_digit_that_no_check_notices_is_altered() {
    let mut fields = BTreeSet::new();
    for chance in (0..40).map(|chance| chance << 32 | chance) {
        let stored = stored(chance);
        let seeded = altered(&stored).unwrap();
        let own = stored.record.fields[&seeded.field].as_str().unwrap();
        let shown = seeded.shown.as_str().unwrap();
        let differing = shown.chars().zip(own.chars()).filter(|(a, b)| a != b);
        assert_eq!((differing.count(), shown.len()), (1, own.len()), "{shown}");
        // A sum covers the amounts but for some cents.
        let amounts: Result<Vec<f64>, _> = [own, shown].iter().map(|text| text.parse()).collect();
        if let Ok(amounts) = amounts {
            assert!((amounts[0] - amounts[1]).abs() < 0.1, "{own} {shown}");
        }
        assert_eq!(altered(&stored), Some(seeded.clone()), "always the same");
        fields.insert(seeded.field);
    }
    assert!(fields.contains("invoice_number"), "{fields:?}");
    assert!(
        !fields.contains("issue_date"),
        "the page has it in another form"
    );
    let mut no_text = stored(1);
    no_text.record.evidence.clear();
    assert_eq!(altered(&no_text), None);
}

#[test]
fn the_copy_has_the_altered_value_everywhere() {
    let stored = stored(1);
    let seeded = SeededError {
        record: 7,
        field: "invoice_number".into(),
        shown: json!("A-75"),
    };
    let mut copy = stored.record.clone();
    show(&mut copy, &seeded);
    assert_eq!(copy.fields["invoice_number"], "A-75");
    assert_eq!(copy.evidence[0].text.as_deref(), Some("No. A-75"));
    assert!(!serde_json::to_string(&copy).unwrap().contains("A-15"));
    assert_eq!(copy.evidence[1..], stored.record.evidence[1..]);
}

#[test]
fn whoever_approves_without_mending_has_missed_it() {
    let seeded = SeededError {
        record: 7,
        field: "invoice_number".into(),
        shown: json!("A-75"),
    };
    let mut copy = stored(1).record;
    show(&mut copy, &seeded);
    assert_eq!(noticed(Some(&seeded), &copy, true), Noticed::Missed);
    assert_eq!(noticed(Some(&seeded), &copy, false), Noticed::Unknown);
    copy.fields["invoice_number"] = json!("A-15");
    assert_eq!(noticed(Some(&seeded), &copy, true), Noticed::Mended);
    let types = DocTypes::load(None).unwrap();
    let shown = message(types.get("invoice"), &copy, &seeded, Noticed::Missed);
    let expected = "You missed a seeded error: invoice number was shown as A-75, and is A-15. \
        Nothing was stored; the record is as it was: decide again.";
    assert_eq!(shown, expected);
}
