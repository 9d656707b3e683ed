use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::domain::test_data;

pub fn case(fields: Value) -> KnownDocument {
    KnownDocument {
        truth_file: "expected.json".into(),
        path: "/in/a".into(),
        name: "a".into(),
        doc_type: "receipt".into(),
        layout: None,
        group: "g".into(),
        fields: fields.as_object().unwrap().clone(),
        alternatives: BTreeMap::new(),
        unscored: ["skipped".to_owned()].into(),
        page: None,
    }
}

pub fn seen(id: i64, fields: Value) -> CandidateRecord {
    CandidateRecord {
        id,
        record: test_data::record("receipt", fields),
        scored: vec![],
        embedded: false,
    }
}

/// Path and outcome of every value, in order.
fn outcomes(document: &JudgedDocument) -> Vec<(&str, ValueOutcome)> {
    let leaves = document.fields.iter();
    leaves.map(|l| (l.path.as_str(), l.outcome)).collect()
}

#[test]
fn right_wrong_missing_and_spurious_values_are_distinguished() {
    let truth = json!({"a": "1.00", "b": "x", "c": "y", "d": null, "e": null, "skipped": "z",
        "items": [{"n": "tea"}, {"n": "bun"}]});
    let read = json!({"a": "1", "b": "w", "c": null, "d": "made up", "e": null,
        "items": [{"n": "bun"}, {"n": "jam"}, {"n": "tea"}]});
    let document = judge(&case(truth), &[seen(1, read)], DocumentWork::default());
    assert_eq!(
        outcomes(&document),
        [
            ("a", ValueOutcome::Right),
            ("b", ValueOutcome::Wrong),
            ("c", ValueOutcome::Missing),
            ("d", ValueOutcome::Spurious),
            ("e", ValueOutcome::Absent),
            ("items[0].n", ValueOutcome::Right),
            ("items[1].n", ValueOutcome::Right),
            ("items[+].n", ValueOutcome::Spurious),
        ]
    );
    assert!(!document.exact);
}

#[test]
fn a_document_is_exact_when_its_one_record_has_every_field_right() {
    let truth = json!({"a": "1.00", "b": null});
    let good = seen(1, json!({"a": "1.0", "b": null}));
    let exact = judge(
        &case(truth.clone()),
        std::slice::from_ref(&good),
        DocumentWork::default(),
    );
    assert!(exact.exact && !exact.split && exact.accepted);
    let twice = judge(&case(truth), &[good.clone(), good], DocumentWork::default());
    assert!(!twice.exact && twice.split);
}

#[test]
fn a_split_document_keeps_its_lines_and_its_further_values_are_not_hidden() {
    let truth = json!({"number": "R-1", "total": "9.00",
        "items": [{"n": "tea"}, {"n": "bun"}, {"n": "jam"}]});
    let records = [
        seen(
            1,
            json!({"number": "R-7", "total": null, "items": [{"n": "tea"}]}),
        ),
        seen(
            2,
            json!({"number": "R-1", "total": "9.00", "items": [{"n": "bun"}, {"n": "jam"}]}),
        ),
    ];
    let document = judge(&case(truth), &records, DocumentWork::default());
    assert_eq!(
        outcomes(&document),
        [
            ("number", ValueOutcome::Right),
            ("number[+]", ValueOutcome::Spurious),
            ("total", ValueOutcome::Right),
            ("items[0].n", ValueOutcome::Right),
            ("items[1].n", ValueOutcome::Right),
            ("items[2].n", ValueOutcome::Right),
        ]
    );
}

#[test]
fn a_record_of_another_type_reads_nothing_of_the_document() {
    let mut other = seen(1, json!({"a": "1"}));
    other.record.doc_type = Some("invoice".into());
    let document = judge(&case(json!({"a": "1"})), &[other], DocumentWork::default());
    assert_eq!(document.classified_as, "invoice");
    assert_eq!(outcomes(&document), [("a", ValueOutcome::Missing)]);
    let none = judge(&case(json!({"a": "1"})), &[], DocumentWork::default());
    assert_eq!((none.classified_as.as_str(), none.accepted), ("-", false));
}

#[test]
fn what_is_embedded_is_held_to_values_that_the_page_lacks() {
    let truth = json!({"a": "1", "skipped": "z"});
    let mut record = seen(1, json!({"a": "1", "skipped": "q"}));
    let page = judge(
        &case(truth.clone()),
        std::slice::from_ref(&record),
        DocumentWork::default(),
    );
    assert_eq!(outcomes(&page), [("a", ValueOutcome::Right)]);
    record.embedded = true;
    let embedded = judge(&case(truth), &[record], DocumentWork::default());
    assert_eq!(outcomes(&embedded)[1], ("skipped", ValueOutcome::Wrong));
}
