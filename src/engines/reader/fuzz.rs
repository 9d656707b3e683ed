//! What must hold for any text: see [`crate::fuzzing`].

use std::collections::BTreeSet;

use serde_json::Value;

use super::json::Scanner;
use super::repeat::is_endless;

/// On JSON, the scanner finds the same leaves as a parser; on other text it does not
/// panic.
pub fn answer(bytes: &[u8]) {
    let mut scanner = Scanner::new();
    let mut seen = BTreeSet::new();
    for byte in bytes {
        if scanner.push(*byte).leaf {
            seen.insert(scanner.path());
        }
    }
    is_endless(bytes);
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let mut expected = BTreeSet::new();
    if value.is_object() && leaves(&value, String::new(), &mut expected) == Some(keys(bytes)) {
        assert_eq!(seen, expected, "{}", String::from_utf8_lossy(bytes));
    }
}

/// Collects the paths of leaves and counts keys. `None`: docmill's schemas do not
/// allow one of the keys.
fn leaves(value: &Value, path: String, found: &mut BTreeSet<String>) -> Option<usize> {
    let mut keys = 0;
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if key.is_empty() || !key.chars().all(is_plain) {
                    return None;
                }
                let path = match path.as_str() {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                keys += 1 + leaves(value, path, found)?;
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                keys += leaves(value, format!("{path}[{index}]"), found)?;
            }
        }
        _ => drop(found.insert(path)),
    }
    Some(keys)
}

/// Number of keys in the text: more than a parser finds where a key occurs twice or
/// has escapes.
fn keys(bytes: &[u8]) -> usize {
    let (mut in_text, mut escaped, mut keys) = (false, false, 0);
    for byte in bytes {
        match byte {
            _ if escaped => {
                escaped = false;
                // An escape makes the count wrong on purpose.
                keys += 1 << 20;
            }
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b':' if !in_text => keys += 1,
            _ => {}
        }
    }
    keys
}
