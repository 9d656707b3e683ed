//! Types and records for tests.

use serde_json::{Value, json};

use crate::domain::{DocType, FieldLogprob, PageRule, ReadRules, Record, test_data};

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
        phrases: Vec::new(),
        read: None,
    }
}

/// Rules of a type with these supporting fields and no checks.
pub fn read_rules(supporting: &[&str]) -> ReadRules {
    ReadRules {
        prompts: Vec::new(),
        pages: PageRule::Each,
        checks: Vec::new(),
        required: Vec::new(),
        supporting: supporting.iter().map(|field| (*field).into()).collect(),
        captions: Default::default(),
        parties: None,
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
        confidence: Some(0.8),
        logprobs: paths.into_iter().map(logprob).collect(),
        ..test_data::record("receipt", Value::Object(fields))
    }
}
