use serde_json::json;

use super::*;
use crate::documents::types::DocTypes;

#[test]
fn the_members_of_a_type_follow_the_readers_order_and_the_schemas_formats() {
    let types = DocTypes::load(None).unwrap();
    let receipt = types.get("receipt").unwrap();
    let decoding = json!({"properties": {
        "total": {},
        "merchant_name": {},
        "items": {"items": {"properties": {"description": {}, "amount": {}}}},
    }});
    let members = members(&receipt.schema, &decoding);
    assert_eq!(
        members,
        [
            AnswerMember::Value("total".into(), Copy::Amount),
            AnswerMember::Value("merchant_name".into(), Copy::Text(120)),
            AnswerMember::List {
                name: "items".into(),
                max_rows: 200,
                columns: vec![
                    ("description".into(), Copy::Text(120)),
                    ("amount".into(), Copy::Amount)
                ],
            },
        ]
    );
}

#[test]
fn rows_and_their_log_probabilities_get_the_names_of_their_columns() {
    let members = [AnswerMember::List {
        name: "items".into(),
        max_rows: 5,
        columns: vec![("a".into(), Copy::Date), ("b".into(), Copy::Number)],
    }];
    let logprob = |field: &str| crate::domain::FieldLogprob {
        field: field.into(),
        sum: -0.1,
        min: -0.1,
        tokens: 1,
    };
    let mut reading = Reading {
        fields: json!({"x": "1", "items": [["p", null], ["q", "2"]]})
            .as_object()
            .unwrap()
            .clone(),
        logprobs: vec![logprob("x"), logprob("items[0][0]"), logprob("items[1][1]")],
        ..Reading::default()
    };
    name_columns(&members, &mut reading);
    assert_eq!(
        Value::Object(reading.fields),
        json!({"x": "1", "items": [{"a": "p", "b": null}, {"a": "q", "b": "2"}]})
    );
    let paths: Vec<_> = reading.logprobs.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(paths, ["x", "items[0].a", "items[1].b"]);
}
