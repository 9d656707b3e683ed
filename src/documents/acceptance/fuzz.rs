//! What must hold for any bytes: see [`crate::fuzzing`].

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Calibration, ERROR_RATES, Policy};
use crate::domain::{DocType, FieldLogprob, Record, Status, test_data};

/// An accepted calibration gives every value a probability, accepts no value below
/// its threshold, and its serialised form reads back.
pub fn calibration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(calibration) = Calibration::parse(text) else {
        return;
    };
    let written = serde_json::to_string(&calibration).expect("a calibration can be written");
    Calibration::parse(&written).expect("what was written can be read");
    let calibration = Arc::new(calibration);
    for doc_type in calibration.types.keys().take(2) {
        let doc_type = doc_type_named(doc_type);
        for max_error in ERROR_RATES {
            let policy = Policy {
                calibration: Some(calibration.clone()),
                max_error,
                min_confidence: 0.8,
            };
            judge(&policy, &doc_type);
        }
    }
}

fn judge(policy: &Policy, doc_type: &DocType) {
    let calibration = policy.calibration.as_ref();
    let calibration = calibration.and_then(|calibration| calibration.types.get(&doc_type.name));
    let threshold = calibration.and_then(|calibration| policy.threshold(calibration));
    let mut record = record(&doc_type.name);
    for scored in policy.scored(doc_type, &record) {
        let probability = scored.probability.expect("the type is one of its own");
        assert!((0.0..=1.0).contains(&probability), "{probability}");
        let is_above = threshold.is_some_and(|threshold| probability >= threshold);
        assert!(is_above || !scored.accepted, "{scored:?}");
    }
    policy.apply(Some(doc_type), &mut record);
    assert!(threshold.is_some() || record.status == Status::NeedsReview);
    let stored = serde_json::to_string(&record.calibrated).expect("it can be stored");
    assert!(!stored.contains("[\"total\",null]"), "{stored}");
}

fn doc_type_named(name: &str) -> DocType {
    let text = json!({"type": ["string", "null"]});
    let amount = json!({"type": ["string", "null"], "format": "amount"});
    DocType {
        name: name.to_owned(),
        schema: json!({"type": "object", "properties": {"merchant_name": text, "total": amount}}),
        schema_hash: String::new(),
        labels: Vec::new(),
        phrases: Vec::new(),
        read: None,
    }
}

fn record(doc_type: &str) -> Record {
    let Value::Object(fields) = json!({"merchant_name": null, "total": "7.40"}) else {
        unreachable!("an object was written");
    };
    let logprob = |(field, sum): (&String, f32)| FieldLogprob {
        field: field.clone(),
        sum,
        min: sum,
        tokens: 3,
    };
    let logprobs = fields.keys().zip([-0.001, -20.0]).map(logprob).collect();
    Record {
        logprobs,
        ..test_data::record(doc_type, Value::Object(fields))
    }
}
