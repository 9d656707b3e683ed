use serde_json::json;

use super::*;
use crate::documents::acceptance::file::tests::calibration;
use crate::documents::acceptance::test_data::{doc_type, read_rules, record};
use crate::domain::FindingCode;

fn policy(threshold: Option<f64>, max_error: f64) -> Policy {
    Policy {
        calibration: Some(Arc::new(calibration(threshold))),
        max_error,
        min_confidence: 0.7,
    }
}

#[test]
fn a_record_is_accepted_when_every_value_is_above_the_threshold() {
    let mut good = record(json!({"total": "1.00", "note": null}));
    policy(Some(0.75), 0.02).apply(Some(&doc_type()), &mut good);
    assert_eq!((good.status, good.findings.len()), (Status::Accepted, 0));
    let calibrated = good.calibrated.unwrap();
    assert_eq!(calibrated.calibration, "c");
    assert!((calibrated.fields[0].1 - 0.8).abs() < 1e-6);
    assert_eq!(good.confidence, Some(0.8), "the model's own is kept");
}

#[test]
fn a_value_below_the_threshold_has_a_finding_with_its_probability_and_the_threshold() {
    let mut uncertain = record(json!({"name": "Tea House", "total": "1.00"}));
    let policy = policy(Some(0.75), 0.02);
    policy.apply(Some(&doc_type()), &mut uncertain);
    // Once more: nothing is reported twice.
    policy.apply(Some(&doc_type()), &mut uncertain);
    assert_eq!(uncertain.status, Status::NeedsReview);
    let messages: Vec<_> = uncertain
        .findings
        .iter()
        .map(|f| f.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "the model is not sure of name (0.500): compare it with the page; \
             accepted from 0.7500 (at most 2 % of accepted fields wrong)"
        ]
    );
}

#[test]
fn a_supporting_field_may_be_uncertain_in_an_accepted_record() {
    let mut doc_type = doc_type();
    doc_type.read = Some(read_rules(&["name", "items[].text"]));
    let fields = json!({"name": "Tea House", "total": "1.00",
        "items": [{"text": "tea", "amount": "1.00"}]});
    let mut uncertain = record(fields);
    for logprob in &mut uncertain.logprobs {
        let is_supporting = logprob.field == "name" || logprob.field.ends_with("text");
        logprob.sum = if is_supporting { -5.0 } else { -0.01 };
    }
    let mut policy = policy(None, 0.02);
    policy.calibration = None;
    policy.apply(Some(&doc_type), &mut uncertain);
    assert_eq!(
        uncertain.status,
        Status::Accepted,
        "{:?}",
        uncertain.findings
    );
    let accepted: Vec<bool> = policy
        .scored(&doc_type, &uncertain)
        .iter()
        .map(|scored| scored.accepted)
        .collect();
    assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 2);
    doc_type.read.as_mut().unwrap().supporting.pop();
    policy.apply(Some(&doc_type), &mut uncertain);
    assert_eq!(uncertain.status, Status::NeedsReview);
}

#[test]
fn fields_below_the_threshold_are_named_with_their_probabilities_up_to_a_few() {
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
        "the model is not sure of line 2: amount (0.305), line 2: text (0.355), line 1: amount (0.405), \
         line 1: text (0.455) and 3 more: compare them with the page; \
         accepted from 0.7 (acceptance.min_confidence)"
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
        let of_type = &calibration.types["receipt"];
        assert_eq!(policy.threshold(of_type), expected, "{max_error}");
    }
}

#[test]
fn a_flagged_value_is_not_accepted_whatever_its_probability() {
    let mut record = record(json!({"total": "1.00", "date": "2024-01-01"}));
    record.findings = vec![Finding::new(FindingCode::SumMismatch, Some("total"), "x")];
    let scored = policy(Some(0.1), 0.02).scored(&doc_type(), &record);
    let accepted: Vec<_> = scored.iter().map(|v| v.accepted).collect();
    assert_eq!(accepted, [false, true]);
}

#[test]
fn without_a_calibration_the_models_own_probability_decides_and_the_finding_says_so() {
    let mut other = doc_type();
    other.name = "ticket".into();
    let mut record = record(json!({"total": "1.00"}));
    record.logprobs[0].sum = 0.5f32.ln();
    // The calibration knows nothing of tickets.
    policy(Some(0.1), 0.02).apply(Some(&other), &mut record);
    assert!(record.calibrated.is_none());
    assert_eq!(
        record.findings[0].message,
        "the model is not sure of total (0.500): compare it with the page; accepted from 0.7 (acceptance.min_confidence)"
    );
    record.logprobs[0].sum = 0.9f32.ln();
    policy(Some(0.1), 0.02).apply(Some(&other), &mut record);
    let codes: Vec<_> = record.findings.iter().map(|f| f.code).collect();
    assert_eq!(
        codes,
        [FindingCode::Uncalibrated],
        "a note for an accountant"
    );
    assert_eq!(record.status, Status::Accepted);
}

#[test]
fn probabilities_are_rounded_so_that_none_below_a_threshold_looks_equal_to_it() {
    assert_eq!(rounded_down(0.80289), "0.802");
    assert_eq!(rounded_down(0.99699), "0.9969");
    assert_eq!(rounded_down(0.97), "0.970");
    assert_eq!(
        (percent(0.005), percent(0.02), percent(0.1)),
        ("0.5 %".into(), "2 %".into(), "10 %".into())
    );
}
