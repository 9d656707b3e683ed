//! Records for tests, which change what they need.

use serde_json::Value;

use super::{Record, Source, Status};

/// An accepted record of page 0, read by a model without confidences. `fields`
/// must be a JSON object.
pub fn record(doc_type: &str, fields: Value) -> Record {
    let Value::Object(fields) = fields else {
        panic!("fields are an object, not {fields}");
    };
    Record {
        doc_type: Some(doc_type.to_owned()),
        pages: vec![0],
        status: Status::Accepted,
        source: Source::Model,
        fields,
        findings: Vec::new(),
        confidence: None,
        field_confidence: Vec::new(),
        logprobs: Vec::new(),
        type_probability: None,
        calibrated: None,
        evidence: Vec::new(),
        keys: Vec::new(),
    }
}
