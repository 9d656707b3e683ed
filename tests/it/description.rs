//! Answers of the API against its own description.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::http::{Reply, send};

/// The description, which all servers of one program share.
pub fn description(address: &str) -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| {
        let host = [("Host", address)];
        let reply = send(address, "GET", "/api/openapi.json", &host, "");
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    })
}

/// The operation for a method and a path with values.
pub fn operation<'a>(description: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let path = path.split('?').next().unwrap();
    let paths = description["paths"].as_object().unwrap();
    // A path without values before one with: /api/exports/{batch}.
    let exact = paths.get(path);
    let fits = |route: &str| {
        let (parts, given) = (route.split('/'), path.split('/'));
        parts.clone().count() == given.clone().count()
            && parts
                .zip(given)
                .all(|(part, given)| part == given || (part.starts_with('{') && !given.is_empty()))
    };
    let item = exact.or_else(|| {
        let mut all = paths.iter();
        all.find(|(route, _)| fits(route)).map(|(_, item)| item)
    });
    item?.get(method.to_ascii_lowercase())
}

/// Panics where an answer of the API is not what its description says.
pub fn check(address: &str, method: &str, path: &str, reply: &Reply) {
    let description = description(address);
    let what = format!("{method} {path}: {reply:?}");
    let error = json!({"$ref": "#/components/responses/Error"});
    let answer = match operation(description, method, path) {
        Some(operation) => {
            let answers = &operation["responses"];
            let of_status = answers.get(reply.status.to_string());
            of_status.or(answers.get("default")).cloned()
        }
        None => {
            assert!([400, 401, 403, 404, 405].contains(&reply.status), "{what}");
            Some(error.clone())
        }
    };
    let mut answer = answer.unwrap_or_else(|| panic!("not described: {what}"));
    if answer == error {
        answer = description["components"]["responses"]["Error"].clone();
        assert!(reply.status >= 400, "not described: {what}");
    }
    let media_type = reply.header("content-type").unwrap_or_default();
    let content = &answer["content"][media_type];
    assert!(
        content.is_object(),
        "the content type is not described: {what}"
    );
    if media_type == "application/json" && content["schema"].is_object() {
        let problems = problems(description, &content["schema"], &reply.json());
        assert!(problems.is_empty(), "{what}\n{}", problems.join("\n"));
    }
}

/// What is wrong with a value by a schema of the description. A key that the schema does
/// not have is wrong as well.
fn problems(description: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut whole = json!({"components": description["components"], "allOf": [schema]});
    forbid_other_keys(&mut whole);
    let validator = jsonschema::validator_for(&whole).unwrap();
    let errors = validator.iter_errors(value);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn forbid_other_keys(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let is_object = object.get("properties").is_some_and(Value::is_object);
            object.values_mut().for_each(forbid_other_keys);
            if is_object && object.get("type").is_some() {
                let closed = Value::Bool(false);
                object.entry("additionalProperties").or_insert(closed);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(forbid_other_keys),
        _ => {}
    }
}
