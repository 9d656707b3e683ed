use serde_json::json;

use super::*;
use crate::documents::acceptance::{Column, Data, Reader, Reliability, Scorer};
use crate::domain::{FieldLogprob, FindingCode};

pub fn doc_type() -> DocType {
    let text = json!({"type": ["string", "null"], "maxLength": 100});
    let short = json!({"type": ["string", "null"], "maxLength": 20});
    let format = |format: &str| json!({"type": ["string", "null"], "format": format});
    let schema = json!({"type": "object", "properties": {
        "total": format("amount"), "date": format("date"), "currency": format("currency"),
        "name": text, "number": short, "note": text,
        "items": {"type": "array", "items": {"type": "object",
            "properties": {"text": text, "amount": format("amount")}}},
    }});
    DocType {
        name: "receipt".into(),
        schema,
        schema_hash: String::new(),
        labels: Vec::new(),
        read: None,
    }
}

/// Every value read with a probability of 0.8.
pub fn record(fields: Value) -> Record {
    let fields = fields.as_object().unwrap().clone();
    let mut paths = Vec::new();
    for (name, value) in &fields {
        match value.as_array() {
            Some(lines) => {
                for (index, line) in lines.iter().enumerate() {
                    let leaves = line.as_object().unwrap().keys();
                    paths.extend(leaves.map(|leaf| format!("{name}[{index}].{leaf}")));
                }
            }
            None => paths.push(name.clone()),
        }
    }
    let logprob = |field| FieldLogprob {
        field,
        sum: 0.8f32.ln(),
        min: 0.8f32.ln(),
        tokens: 2,
    };
    Record {
        doc_type: Some("receipt".into()),
        pages: vec![0],
        status: Status::Accepted,
        source: crate::domain::Source::Model,
        fields,
        findings: Vec::new(),
        confidence: Some(0.8),
        field_confidence: Vec::new(),
        logprobs: paths.into_iter().map(logprob).collect(),
        type_probability: None,
        calibrated: None,
        evidence: vec![],
        keys: vec![],
    }
}

/// Believes the model, but no name: its probability becomes 0.5.
pub fn calibration(threshold: Option<f64>) -> Calibration {
    let column = |signal: &str, weight| Column {
        signal: signal.into(),
        center: 0.0,
        scale: 1.0,
        weight,
    };
    let certificate = |max_error, threshold: Option<f64>| Certificate {
        max_error,
        threshold,
        documents: 100,
        risk: 0.0,
        coverage: 0.5,
        p_value: 0.2,
        needed: threshold.is_none().then_some(460),
    };
    Calibration {
        version: Calibration::VERSION,
        reader: Reader {
            name: "nano".into(),
            hash: "r".into(),
        },
        created: "2025-01-01T00:00:00Z".into(),
        docmill: "0".into(),
        types: vec!["receipt".into()],
        data: Data {
            fitted: 50,
            certified: 100,
            claims: 1000,
        },
        confidence: 0.9,
        certificates: vec![certificate(0.005, None), certificate(0.02, threshold)],
        before: Reliability::default(),
        after: Reliability::default(),
        scorer: Scorer {
            intercept: 0.0,
            columns: vec![
                column("sum", 1.0),
                column("field:receipt:name", -(4f64.ln())),
            ],
            strength: 1.0,
        },
        hash: "c".into(),
    }
}

fn policy(threshold: Option<f64>, max_error: f64) -> Policy {
    Policy {
        calibration: Some(Arc::new(calibration(threshold))),
        max_error,
        min_confidence: 0.7,
    }
}

#[test]
fn a_record_is_accepted_when_each_of_its_values_is_believed_enough() {
    let mut good = record(json!({"total": "1.00", "note": null}));
    policy(Some(0.75), 0.02).apply(Some(&doc_type()), &mut good);
    assert_eq!((good.status, good.findings.len()), (Status::Accepted, 0));
    let calibrated = good.calibrated.unwrap();
    assert_eq!(calibrated.calibration, "c");
    assert!((calibrated.fields[0].1 - 0.8).abs() < 1e-6);
    assert_eq!(good.confidence, Some(0.8), "the model's own is kept");
}

#[test]
fn a_doubtful_value_is_told_with_its_probability_and_what_is_asked_for() {
    let mut doubtful = record(json!({"name": "Tea House", "total": "1.00"}));
    let policy = policy(Some(0.75), 0.02);
    policy.apply(Some(&doc_type()), &mut doubtful);
    // Once more: nothing is told twice.
    policy.apply(Some(&doc_type()), &mut doubtful);
    assert_eq!(doubtful.status, Status::NeedsReview);
    let messages: Vec<_> = doubtful
        .findings
        .iter()
        .map(|f| f.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "name Tea House is believed with probability 0.50; fields are accepted from 0.75 on (at most 2 % of accepted fields wrong)"
        ]
    );
}

#[test]
fn every_field_below_the_bar_is_named_with_its_probability_up_to_a_few() {
    let fields = json!({"name": "Tea House", "total": "1.00", "note": null,
        "items": [{"text": "tea", "amount": "1.00"}, {"text": "bun", "amount": "2.00"}]});
    let mut record = record(fields);
    for (index, logprob) in record.logprobs.iter_mut().enumerate() {
        logprob.sum = (0.605 - 0.05 * index as f32).ln();
    }
    let mut uncalibrated = policy(None, 0.02);
    uncalibrated.calibration = None;
    uncalibrated.apply(Some(&doc_type()), &mut record);
    let finding = &record.findings[0];
    assert_eq!(finding.field.as_deref(), Some("items[1].amount"));
    assert_eq!(
        finding.message,
        "items[1].amount 2.00 is believed with probability 0.30, the model's own and uncalibrated; fields are accepted \
         from 0.7 on (min_confidence); also below: items[1].text 0.35, items[0].amount 0.40, items[0].text 0.45, \
         note 0.50, total 0.55 and 1 more"
    );
}

#[test]
fn nothing_is_accepted_where_nothing_is_certified() {
    let mut record = record(json!({"total": "1.00"}));
    policy(Some(0.75), 0.005).apply(Some(&doc_type()), &mut record);
    assert_eq!(record.status, Status::NeedsReview);
    assert_eq!(record.findings[0].code, FindingCode::NotCertified);
    assert!(
        record.findings[0].message.contains("658 documents"),
        "{}",
        record.findings[0].message
    );
    assert_eq!(record.calibrated.unwrap().threshold, None);
}

#[test]
fn a_certificate_for_less_holds_for_more() {
    for (max_error, expected) in [
        (0.001, None),
        (0.01, None),
        (0.02, Some(0.75)),
        (0.3, Some(0.75)),
    ] {
        let policy = policy(Some(0.75), max_error);
        let calibration = policy.calibration.clone().unwrap();
        assert_eq!(policy.threshold(&calibration), expected, "{max_error}");
    }
}

#[test]
fn a_value_that_a_check_speaks_against_is_not_accepted_however_sure() {
    let mut record = record(json!({"total": "1.00", "date": "2024-01-01"}));
    record.findings = vec![Finding::new(FindingCode::SumMismatch, Some("total"), "x")];
    let verdicts = policy(Some(0.1), 0.02).verdicts(&doc_type(), &record);
    let accepted: Vec<_> = verdicts.iter().map(|v| v.accepted).collect();
    assert_eq!(accepted, [false, true]);
}

#[test]
fn without_a_calibration_the_models_own_probability_decides_and_is_called_so() {
    let mut other = doc_type();
    other.name = "ticket".into();
    let mut record = record(json!({"total": "1.00"}));
    record.logprobs[0].sum = 0.5f32.ln();
    // The calibration knows nothing of tickets.
    policy(Some(0.1), 0.02).apply(Some(&other), &mut record);
    assert!(record.calibrated.is_none());
    assert_eq!(
        record.findings[0].message,
        "total 1.00 is believed with probability 0.50, the model's own and uncalibrated; fields are accepted from 0.7 on (min_confidence)"
    );
    record.logprobs[0].sum = 0.9f32.ln();
    policy(Some(0.1), 0.02).apply(Some(&other), &mut record);
    assert_eq!(record.status, Status::Accepted);
}

#[test]
fn numbers_are_rounded_so_that_no_doubtful_value_looks_accepted() {
    assert_eq!(
        (rounded_down(0.6299), rounded_up(0.601)),
        ("0.62".into(), "0.61".into())
    );
    assert_eq!(
        (rounded_down(0.9969), rounded_up(0.9961)),
        ("0.9969".into(), "0.9961".into())
    );
    assert_eq!(rounded_down(0.97), "0.970");
    assert_eq!(
        (percent(0.005), percent(0.02), percent(0.1)),
        ("0.5 %".into(), "2 %".into(), "10 %".into())
    );
}
