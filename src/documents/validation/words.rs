//! Fields and amounts in words for messages.

use rust_decimal::Decimal;

use crate::domain::{DocType, FieldPath};

/// A field in words: see [`DocType::in_words`].
pub fn field(doc_type: &DocType, path: &str) -> String {
    doc_type.in_words(&FieldPath::parse(path))
}

/// A field of every line (`items[].quantity`), or of the record, in words.
pub fn of_type(doc_type: &DocType, path: &str) -> String {
    let path = FieldPath::parse(path);
    let name = doc_type.in_words(&path);
    match path.is_wildcard() {
        true => format!("{name} of the lines"),
        false => name,
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
