//! The values of a record that stay uncertain after a person has corrected or
//! confirmed some.

use super::policy::{UncertainValue, accepted_from, certified, low_confidence};
use crate::domain::{Calibrated, DocType, EvidenceClass, FieldPath, Finding, Record};

/// The values with a probability (0 to 1) below the threshold of the record's
/// calibration, the least probable first, without supporting fields.
/// `min_confidence`: the threshold (0 to 1) without a calibration. Empty where no
/// threshold is certified.
pub fn uncertain(
    doc_type: Option<&DocType>,
    record: &Record,
    min_confidence: f32,
) -> Vec<(String, f64)> {
    let (probabilities, threshold) = match &record.calibrated {
        Some(Calibrated {
            threshold: Some(threshold),
            fields,
            ..
        }) => (fields.clone(), *threshold),
        Some(_) => return Vec::new(),
        None => (confidences(record), f64::from(min_confidence)),
    };
    let is_supporting =
        |field: &str| doc_type.is_some_and(|of| of.is_supporting(&FieldPath::parse(field)));
    let mut below: Vec<_> = probabilities
        .into_iter()
        .filter(|(field, probability)| *probability < threshold && !is_supporting(field))
        .collect();
    below.sort_by(|a, b| a.1.total_cmp(&b.1));
    below
}

/// The confidences (0 to 1) without a calibration, of the values that the model is said to
/// have read.
fn confidences(record: &Record) -> Vec<(String, f64)> {
    let confidence = |(field, _): &(String, f32)| Some((field.clone(), confidence(record, field)?));
    let fields = record.field_confidence.iter();
    fields.filter_map(confidence).collect()
}

/// The confidence (0 to 1) in a field's value without a calibration: the model's own, at most
/// that of OCR for a value copied from OCR. `None` where neither is known.
pub fn confidence(record: &Record, field: &str) -> Option<f64> {
    let own = record.field_confidence.iter();
    let own = own.filter(|(name, _)| name == field).map(|(_, p)| *p);
    let of_ocr = record
        .evidence
        .iter()
        .find(|evidence| evidence.class == EvidenceClass::Ocr && evidence.field == field);
    let of_ocr = of_ocr.and_then(|evidence| evidence.ocr_confidence);
    own.chain(of_ocr).reduce(f32::min).map(f64::from)
}

/// The finding about the values that stay uncertain; `None` where there are none.
pub fn uncertain_finding(
    doc_type: &DocType,
    record: &Record,
    min_confidence: f32,
) -> Option<Finding> {
    let left = uncertain(Some(doc_type), record, min_confidence);
    let value = |(field, probability): (String, f64)| {
        let path = FieldPath::parse(&field);
        let value = path.value_at(&record.fields);
        UncertainValue {
            words: doc_type.in_words(&path),
            is_empty: value.is_none_or(serde_json::Value::is_null),
            field,
            probability,
        }
    };
    let left: Vec<_> = left.into_iter().map(value).collect();
    let from = match &record.calibrated {
        Some(calibrated) => certified(
            calibrated.threshold.unwrap_or_default(),
            calibrated.max_error,
        ),
        None => accepted_from(min_confidence),
    };
    low_confidence(&left, &from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::acceptance::test_data::{doc_type, read_rules};

    fn record() -> Record {
        serde_json::from_value(json!({
            "doc_type": "receipt", "pages": [0], "status": "needs_review",
            "fields": {"total": "1.00", "tax": null, "date": "2026-01-02"}, "findings": [],
            "confidence": 0.5,
            "field_confidence": [["total", 0.75], ["tax", 0.5], ["date", 0.9375]],
            "evidence": [{"field": "date", "class": "ocr", "ocr_confidence": 0.25}],
        }))
        .unwrap()
    }

    #[test]
    fn what_is_below_the_threshold_is_named_the_least_sure_first() {
        let mut record = record();
        let fields = |record: &Record| -> Vec<String> {
            let below = uncertain(None, record, 0.8).into_iter();
            below.map(|(field, _)| field).collect()
        };
        assert_eq!(fields(&record), ["date", "tax", "total"]);
        let finding = uncertain_finding(&doc_type(), &record, 0.8).unwrap();
        assert_eq!(finding.field.as_deref(), Some("date"));
        let expected = "the model is not sure of date (0.250), tax (empty, 0.500) and total (0.750): \
            compare them with the page; accepted from 0.8 (acceptance.min_confidence)";
        assert_eq!(finding.message, expected);
        assert!(uncertain_finding(&doc_type(), &record, 0.2).is_none());
        let calibrated = json!({"calibration": "c", "max_error": 0.005, "threshold": 0.97,
            "fields": [["total", 0.96], ["date", 0.99]]});
        record.calibrated = serde_json::from_value(calibrated).unwrap();
        assert_eq!(fields(&record), ["total"]);
        record.calibrated.as_mut().unwrap().threshold = None;
        assert_eq!(fields(&record), Vec::<String>::new());
    }

    #[test]
    fn supporting_fields_are_left_out() {
        let mut doc_type = doc_type();
        doc_type.read = Some(read_rules(&["date"]));
        let below = uncertain(Some(&doc_type), &record(), 0.8).into_iter();
        let fields: Vec<String> = below.map(|(field, _)| field).collect();
        assert_eq!(fields, ["tax", "total"]);
    }
}
