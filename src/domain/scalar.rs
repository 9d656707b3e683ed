use serde_json::Value;

/// A scalar as plain text: a text as it is, without quotes; numbers and booleans as JSON
/// writes them. `None` for null.
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
