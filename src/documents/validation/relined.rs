//! Changes the lines of a list when a person adds or removes some.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{DocType, FieldPath, Finding, Record};

/// The record with other lines in `list`. `order` has for each new line its previous
/// number (from 0), or `None` for an added line, whose values are null. Findings,
/// evidence and confidences follow their line. Those of removed lines, and findings
/// about the whole list, are removed. Returns `None` where `list` is not a list of the
/// type, or a number is not that of a line or occurs twice.
pub fn relined(
    doc_type: &DocType,
    record: &Record,
    list: &str,
    order: &[Option<usize>],
) -> Option<Record> {
    let lines = record.fields.get(list)?.as_array()?;
    let leaves = doc_type.line_properties(list)?;
    let mut places = BTreeMap::new();
    let mut new_lines = Vec::with_capacity(order.len());
    for (place, from) in order.iter().enumerate() {
        new_lines.push(match from {
            Some(from) => {
                if places.insert(*from, place).is_some() {
                    return None;
                }
                lines.get(*from)?.clone()
            }
            None => empty_line(leaves),
        });
    }
    let moved = |field: &mut String| FieldPath::move_text(field, list, &places);
    let mut new = record.clone();
    new.fields.insert(list.to_owned(), Value::Array(new_lines));
    new.field_confidence.retain_mut(|(field, _)| moved(field));
    new.logprobs.retain_mut(|logprob| moved(&mut logprob.field));
    new.evidence
        .retain_mut(|evidence| moved(&mut evidence.field));
    if let Some(calibrated) = &mut new.calibrated {
        calibrated.fields.retain_mut(|(field, _)| moved(field));
    }
    new.findings
        .retain_mut(|finding| follow(finding, list, &places));
    Some(new)
}

fn empty_line(leaves: &Map<String, Value>) -> Value {
    let nulls = leaves.keys().map(|leaf| (leaf.clone(), Value::Null));
    Value::Object(nulls.collect())
}

/// Changes the line number of a finding, in its message too. `false`: it is about a
/// removed line, or about the list.
pub(super) fn follow(finding: &mut Finding, list: &str, places: &BTreeMap<usize, usize>) -> bool {
    let Some(field) = &finding.field else {
        return true;
    };
    let path = FieldPath::parse(field);
    if path.root() != list {
        return true;
    }
    let Some(line) = path.line() else {
        return false;
    };
    let Some(moved) = path.moved(list, places) else {
        return false;
    };
    let place = moved.line().unwrap_or(line);
    let rest = finding.message.strip_prefix(&format!("line {}:", line + 1));
    if let Some(rest) = rest {
        finding.message = format!("line {}:{rest}", place + 1);
    }
    finding.field = Some(moved.to_string());
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{FieldEvidence, FindingCode};

    fn doc_type() -> DocType {
        DocType {
            name: "bill".into(),
            schema: json!({"properties": {
                "total": {},
                "items": {"items": {"properties": {"name": {}, "amount": {}}}},
            }}),
            schema_hash: String::new(),
            labels: Vec::new(),
            phrases: Vec::new(),
            read: None,
        }
    }

    fn record() -> Record {
        let line = |name: &str| json!({"name": name, "amount": "1.00"});
        let mut record: Record = serde_json::from_value(json!({
            "doc_type": "bill", "pages": [0], "status": "needs_review",
            "fields": {"total": "3.00", "items": [line("a"), line("b"), line("c")]},
            "findings": [], "confidence": null,
            "field_confidence": [["items[0].name", 0.5], ["items[2].name", 0.75], ["total", 0.25]],
        }))
        .unwrap();
        record.evidence = vec![FieldEvidence::model_only("items[2].amount")];
        let finding = |field: &str, message: &str| {
            Finding::new(FindingCode::TextDiffers, Some(field), message)
        };
        record.findings = vec![
            finding("items[0].name", "line 1: name differs"),
            finding("items[2].amount", "line 3: amount differs"),
            finding("items", "the list repeats"),
            finding("total", "total differs"),
        ];
        record
    }

    #[test]
    fn what_is_known_about_a_line_moves_with_it() {
        let new = relined(&doc_type(), &record(), "items", &[Some(1), None, Some(2)]).unwrap();
        let lines = new.fields["items"].as_array().unwrap().iter();
        let names: Vec<_> = lines.map(|line| line["name"].clone()).collect();
        assert_eq!(names, [json!("b"), Value::Null, json!("c")]);
        assert_eq!(
            new.fields["items"][1],
            json!({"name": null, "amount": null})
        );
        let expected = [
            ("items[2].name".to_owned(), 0.75),
            ("total".to_owned(), 0.25),
        ];
        assert_eq!(new.field_confidence, expected);
        assert_eq!(new.evidence[0].field, "items[2].amount");
        let messages: Vec<_> = new.findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(messages, ["line 3: amount differs", "total differs"]);
        let first_gone = relined(&doc_type(), &record(), "items", &[Some(2)]).unwrap();
        assert_eq!(first_gone.findings[0].message, "line 1: amount differs");
        assert_eq!(
            first_gone.findings[0].field.as_deref(),
            Some("items[0].amount")
        );
    }

    #[test]
    fn places_that_are_no_lines_are_refused() {
        for (list, order) in [
            ("total", vec![]),
            ("other", vec![]),
            ("items", vec![Some(3)]),
            ("items", vec![Some(1), Some(1)]),
        ] {
            assert!(relined(&doc_type(), &record(), list, &order).is_none());
        }
    }
}
