use serde_json::json;

use super::*;

pub fn case(fields: Value) -> Case {
    Case {
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

pub fn seen(id: i64, fields: Value) -> Seen {
    Seen {
        id,
        record: Record {
            doc_type: Some("receipt".into()),
            pages: vec![0],
            status: Status::Accepted,
            source: crate::domain::Source::Model,
            fields: fields.as_object().unwrap().clone(),
            findings: vec![],
            confidence: None,
            field_confidence: vec![],
            logprobs: vec![],
            type_probability: None,
            calibrated: None,
            evidence: vec![],
            keys: vec![],
        },
        verdicts: vec![],
        embedded: false,
    }
}

/// Path and outcome of every value, in order.
fn outcomes(document: &Document) -> Vec<(&str, Outcome)> {
    let leaves = document.fields.iter();
    leaves.map(|l| (l.path.as_str(), l.outcome)).collect()
}

#[test]
fn right_wrong_missing_and_invented_values_are_told_apart() {
    let truth = json!({"a": "1.00", "b": "x", "c": "y", "d": null, "e": null, "skipped": "z",
        "items": [{"n": "tea"}, {"n": "bun"}]});
    let read = json!({"a": "1", "b": "w", "c": null, "d": "made up", "e": null,
        "items": [{"n": "bun"}, {"n": "jam"}, {"n": "tea"}]});
    let document = judge(&case(truth), &[seen(1, read)], Work::default());
    assert_eq!(
        outcomes(&document),
        [
            ("a", Outcome::Right),
            ("b", Outcome::Wrong),
            ("c", Outcome::Missing),
            ("d", Outcome::Invented),
            ("e", Outcome::Absent),
            ("items[0].n", Outcome::Right),
            ("items[1].n", Outcome::Right),
            ("items[+].n", Outcome::Invented),
        ]
    );
    assert!(!document.whole);
}

#[test]
fn a_document_is_whole_when_its_one_record_has_every_field_right() {
    let truth = json!({"a": "1.00", "b": null});
    let good = seen(1, json!({"a": "1.0", "b": null}));
    let whole = judge(
        &case(truth.clone()),
        std::slice::from_ref(&good),
        Work::default(),
    );
    assert!(whole.whole && !whole.parted && whole.accepted);
    let twice = judge(&case(truth), &[good.clone(), good], Work::default());
    assert!(!twice.whole && twice.parted);
}

#[test]
fn a_parted_document_keeps_its_lines_and_its_further_values_are_not_hidden() {
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
    let document = judge(&case(truth), &records, Work::default());
    assert_eq!(
        outcomes(&document),
        [
            ("number", Outcome::Right),
            ("number[+]", Outcome::Invented),
            ("total", Outcome::Right),
            ("items[0].n", Outcome::Right),
            ("items[1].n", Outcome::Right),
            ("items[2].n", Outcome::Right),
        ]
    );
}

#[test]
fn a_record_of_another_type_reads_nothing_of_the_document() {
    let mut other = seen(1, json!({"a": "1"}));
    other.record.doc_type = Some("invoice".into());
    let document = judge(&case(json!({"a": "1"})), &[other], Work::default());
    assert_eq!(document.taken_for, "invoice");
    assert_eq!(outcomes(&document), [("a", Outcome::Missing)]);
    let none = judge(&case(json!({"a": "1"})), &[], Work::default());
    assert_eq!((none.taken_for.as_str(), none.accepted), ("-", false));
}

#[test]
fn what_is_embedded_is_held_to_values_that_the_page_lacks() {
    let truth = json!({"a": "1", "skipped": "z"});
    let mut record = seen(1, json!({"a": "1", "skipped": "q"}));
    let page = judge(
        &case(truth.clone()),
        std::slice::from_ref(&record),
        Work::default(),
    );
    assert_eq!(outcomes(&page), [("a", Outcome::Right)]);
    record.embedded = true;
    let embedded = judge(&case(truth), &[record], Work::default());
    assert_eq!(outcomes(&embedded)[1], ("skipped", Outcome::Wrong));
}
