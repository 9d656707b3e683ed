//! Fields and amounts in words for messages.

use rust_decimal::Decimal;

use crate::domain::{DocType, FieldPath};

/// A field in words: its `title` in the schema, otherwise its name with blanks;
/// `line_items[2].unit_price` is `line 3: unit price`.
pub fn field(doc_type: &DocType, path: &str) -> String {
    let path = FieldPath::parse(path);
    let title = title(doc_type, &path);
    match path.line() {
        Some(line) => format!("line {}: {title}", line + 1),
        None => title,
    }
}

/// A field of every line (`items[].quantity`), or of the record, in words.
pub fn of_type(doc_type: &DocType, path: &str) -> String {
    let path = FieldPath::parse(path);
    let title = title(doc_type, &path);
    match path.is_wildcard() {
        true => format!("{title} of the lines"),
        false => title,
    }
}

fn title(doc_type: &DocType, path: &FieldPath) -> String {
    let property = path.property(&doc_type.schema);
    let title = property.and_then(|property| property.get("title"));
    match title.and_then(serde_json::Value::as_str) {
        Some(title) => title.to_owned(),
        None => path.leaf_in_list().unwrap_or(path.root()).replace('_', " "),
    }
}

/// A computed amount: two decimals, more where they are not 0.
pub fn amount(value: Decimal) -> String {
    let mut value = value.normalize();
    if value.scale() < 2 {
        value.rescale(2);
    }
    value.to_string()
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
