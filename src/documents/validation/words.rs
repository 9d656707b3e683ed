//! Fields and amounts as an accountant would say them.

use rust_decimal::Decimal;

use crate::domain::DocType;

/// A field in words: its `title` in the schema, else its name with blanks;
/// `line_items[2].unit_price` is `line 3: unit price`.
pub fn field(doc_type: &DocType, path: &str) -> String {
    let Some((list, rest)) = path.split_once('[') else {
        return title(doc_type, &format!("/properties/{path}"), path);
    };
    let (index, leaf) = rest.split_once("].").unwrap_or((rest, ""));
    let pointer = format!("/properties/{list}/items/properties/{leaf}");
    let leaf = title(doc_type, &pointer, leaf);
    match index.parse::<usize>() {
        Ok(index) => format!("line {}: {leaf}", index + 1),
        Err(_) => leaf,
    }
}

/// A field of every line (`items[].quantity`), or of the record, in words.
pub fn of_type(doc_type: &DocType, path: &str) -> String {
    match path.split_once("[].") {
        Some((list, leaf)) => {
            let pointer = format!("/properties/{list}/items/properties/{leaf}");
            format!("{} of the lines", title(doc_type, &pointer, leaf))
        }
        None => field(doc_type, path),
    }
}

fn title(doc_type: &DocType, pointer: &str, name: &str) -> String {
    doc_type
        .schema
        .pointer(pointer)
        .and_then(|property| property.get("title"))
        .and_then(serde_json::Value::as_str)
        .map_or_else(|| name.replace('_', " "), str::to_owned)
}

/// An amount that was computed: two decimals, more where they count.
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
