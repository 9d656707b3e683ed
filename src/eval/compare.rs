//! Values compared as an accountant would: what a different spelling does not
//! change is equal.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// A scalar in the form in which it is compared; `None` for null and empty.
pub fn normal(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    if let Ok(number) = Decimal::from_str(&text) {
        return Some(number.normalize().to_string());
    }
    let letters = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' });
    let upper: String = letters.flat_map(char::to_uppercase).collect();
    let words: Vec<&str> = upper.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether `read` says the same as `truth` or one of its alternatives.
pub fn same(truth: &Value, alternatives: &[String], read: &Value) -> bool {
    let read = normal(read);
    read == normal(truth)
        || (read.is_some()
            && alternatives
                .iter()
                .any(|other| normal(&Value::from(other.as_str())) == read))
}

/// Average normalised Levenshtein similarity of two texts (Biten et al. 2019,
/// "Scene Text Visual Question Answering"): 1 - distance / longer length,
/// below 0.5 counted as 0.
pub fn anls(truth: &str, read: &str) -> f64 {
    let similarity = strsim::normalized_levenshtein(&truth.to_lowercase(), &read.to_lowercase());
    if similarity < 0.5 { 0.0 } else { similarity }
}

/// Pairs lines of two lists so that as many fields as possible agree. Returns
/// for each line of `truth` the index of its line in `read`.
pub fn assign(truth: &[Value], read: &[Value], fields: &[&str]) -> Vec<Option<usize>> {
    let agreement = |a: &Value, b: &Value| -> i64 {
        fields
            .iter()
            .filter(|field| same(&a[**field], &[], &b[**field]))
            .count() as i64
    };
    let size = truth.len().max(read.len());
    // The Hungarian method minimises: cost is what does not agree.
    let cost = |i: usize, j: usize| -> i64 {
        match (truth.get(i), read.get(j)) {
            (Some(a), Some(b)) => -agreement(a, b),
            _ => 0,
        }
    };
    let column_of_row = hungarian(size, cost);
    (0..truth.len())
        .map(|i| Some(column_of_row[i]).filter(|&j| j < read.len()))
        .collect()
}

/// Column of each row in a cheapest assignment of a `size` x `size` cost
/// matrix (Kuhn-Munkres with potentials, O(size^3)).
fn hungarian(size: usize, cost: impl Fn(usize, usize) -> i64) -> Vec<usize> {
    // Rows and columns count from 1; column 0 stands for "none".
    let (mut u, mut v) = (vec![0i64; size + 1], vec![0i64; size + 1]);
    let (mut row_of, mut way) = (vec![0usize; size + 1], vec![0usize; size + 1]);
    for row in 1..=size {
        row_of[0] = row;
        let mut column = 0;
        let (mut least, mut used) = (vec![i64::MAX; size + 1], vec![false; size + 1]);
        while row_of[column] != 0 {
            used[column] = true;
            let (current, mut delta, mut next) = (row_of[column], i64::MAX, 0);
            for j in 1..=size {
                if used[j] {
                    continue;
                }
                let reduced = cost(current - 1, j - 1) - u[current] - v[j];
                if reduced < least[j] {
                    (least[j], way[j]) = (reduced, column);
                }
                if least[j] < delta {
                    (delta, next) = (least[j], j);
                }
            }
            for j in 0..=size {
                if used[j] {
                    u[row_of[j]] += delta;
                    v[j] -= delta;
                } else {
                    least[j] = least[j].saturating_sub(delta);
                }
            }
            column = next;
        }
        while column != 0 {
            let previous = way[column];
            row_of[column] = row_of[previous];
            column = previous;
        }
    }
    let mut column_of = vec![0; size];
    for j in 1..=size {
        column_of[row_of[j] - 1] = j - 1;
    }
    column_of
}

/// Every field that some line of either list has.
pub fn line_fields<'a>(lists: impl IntoIterator<Item = &'a [Value]>) -> Vec<&'a str> {
    let mut fields: Vec<&str> = lists
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spelling_that_changes_nothing_is_equal_and_null_is_only_null() {
        let cases = [
            (json!("12.50"), json!("12.5"), true),
            (json!("Corner-Shop Ltd."), json!("CORNER SHOP LTD"), true),
            (json!("2024-03-04"), json!("2024-03-04"), true),
            (json!("12.50"), json!("12.05"), false),
            (json!(null), json!(""), true),
            (json!(null), json!("x"), false),
        ];
        for (truth, read, expected) in cases {
            assert_eq!(same(&truth, &[], &read), expected, "{truth} {read}");
        }
        assert!(same(
            &json!("Free"),
            &["Free SAS".into()],
            &json!("FREE SAS")
        ));
    }

    #[test]
    fn similarity_forgives_a_letter_and_not_a_word() {
        assert!((anls("abcd", "abce") - 0.75).abs() < 1e-9);
        assert_eq!(anls("abcd", "wxyz"), 0.0);
    }

    #[test]
    fn an_inserted_line_does_not_spoil_those_after_it() {
        let line = |d: &str, a: &str| json!({"d": d, "a": a});
        let truth = [line("tea", "1"), line("bun", "2"), line("jam", "3")];
        let read = [
            line("noise", "9"),
            line("tea", "1"),
            line("bun", "5"),
            line("jam", "3"),
        ];
        assert_eq!(
            assign(&truth, &read, &["d", "a"]),
            [Some(1), Some(2), Some(3)]
        );
        assert_eq!(
            assign(&truth, &read[..1], &["d", "a"])
                .iter()
                .flatten()
                .count(),
            1
        );
        assert_eq!(assign(&[], &read, &["d"]), []);
    }
}
