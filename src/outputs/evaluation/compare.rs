//! Compares values regardless of their spelling, as an accountant would.

use std::str::FromStr;

use jiff::civil::Date;
use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::documents::values::date::{self, Order};
use crate::domain::scalar_text;

/// A scalar in the form in which it is compared; `None` for null and empty.
///
/// Amounts and quantities are numbers (`12.5` is `12.50`), unless they begin
/// with a 0 that is not a whole part: `0012` is an identifier and not 12. Dates are
/// days, be they written `2024-03-01`, `1.3.2024` or `01/03/2024` (day first).
/// Of all other text, case, punctuation and spacing do not count.
pub fn normal(value: &Value) -> Option<String> {
    let text = scalar_text(value)?;
    let text = text.trim();
    if let Some(number) = number(text) {
        return Some(number.normalize().to_string());
    }
    if let Some(date) = date(text) {
        return Some(date.to_string());
    }
    let letters = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' });
    let upper: String = letters.flat_map(char::to_uppercase).collect();
    let words: Vec<&str> = upper.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

pub(super) fn number(text: &str) -> Option<Decimal> {
    let digits = text.trim_start_matches(['-', '+']);
    let is_padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    match is_padded {
        true => None,
        false => Decimal::from_str(text).ok(),
    }
}

pub(super) fn date(text: &str) -> Option<Date> {
    let other = || date::parse(text, None).ok()?.under(Order::DayFirst);
    Date::from_str(text).ok().or_else(other)
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

/// A scalar as text, for similarity and for showing; `None` for null and empty.
pub fn text(value: &Value) -> Option<String> {
    scalar_text(value).filter(|text| !text.trim().is_empty())
}

/// Weight of an equal field in a pair of lines.
const EQUAL: i64 = 1000;
/// Greatest weight of a field that is only similar, less than half of [`EQUAL`].
const ALIKE: f64 = 499.0;

/// Pairs the lines of two lists so that the sum of their agreement is highest
/// (Kuhn 1955, Munkres 1957): a pair is worth [`EQUAL`] for each field that is
/// the same and [`ALIKE`] x ANLS for one that is only similar. It decides only which lines are
/// compared, so it hides no wrong value. Returns for each line of `truth` the index (from 0) of
/// its line in `read`; lines without any agreement have no pair.
pub fn assign(truth: &[&Value], read: &[&Value], fields: &[&str]) -> Vec<Option<usize>> {
    if truth.is_empty() || read.is_empty() {
        return vec![None; truth.len()];
    }
    let worth = |a: &Value, b: &Value| -> i64 {
        let of_field = |field: &&str| match (text(&a[*field]), text(&b[*field])) {
            (Some(_), Some(_)) if same(&a[*field], &[], &b[*field]) => EQUAL,
            (Some(a), Some(b)) => (ALIKE * anls(&a, &b)) as i64,
            _ => 0,
        };
        fields.iter().map(of_field).sum()
    };
    // The crate wants no more rows than columns.
    let is_wide = truth.len() <= read.len();
    let (rows, columns) = match is_wide {
        true => (truth, read),
        false => (read, truth),
    };
    let weights = Matrix::from_fn(rows.len(), columns.len(), |(row, column)| match is_wide {
        true => worth(rows[row], columns[column]),
        false => worth(columns[column], rows[row]),
    });
    let (_, column_of) = kuhn_munkres(&weights);
    let mut pairs = vec![None; truth.len()];
    for (row, &column) in column_of.iter().enumerate() {
        let (of_truth, of_read) = match is_wide {
            true => (row, column),
            false => (column, row),
        };
        if weights[(row, column)] > 0 {
            pairs[of_truth] = Some(of_read);
        }
    }
    pairs
}

/// Every field that some line of the list has.
pub fn line_fields<'a>(list: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    let mut fields: Vec<&str> = list
        .into_iter()
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
            (json!("0.50"), json!("0.5"), true),
            (json!("-3"), json!("-3.00"), true),
            (json!("Corner-Shop Ltd."), json!("CORNER SHOP LTD"), true),
            (json!("2024-03-04"), json!("2024-03-04"), true),
            (json!("2024-03-04"), json!("4.3.2024"), true),
            (json!("2024-03-04"), json!("03/04/2024"), false),
            (json!("12.50"), json!("12.05"), false),
            (json!("0012"), json!("12"), false),
            (json!("0012"), json!("0012"), true),
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

    fn lines(list: &[(&str, &str)]) -> Vec<Value> {
        let line = |(d, a): &(&str, &str)| json!({"d": d, "a": a});
        list.iter().map(line).collect()
    }

    fn pairs(truth: &[Value], read: &[Value]) -> Vec<Option<usize>> {
        let (truth, read): (Vec<_>, Vec<_>) = (truth.iter().collect(), read.iter().collect());
        assign(&truth, &read, &["a", "d"])
    }

    #[test]
    fn an_inserted_line_does_not_spoil_those_after_it() {
        let truth = lines(&[("tea", "1"), ("bun", "2"), ("jam", "3")]);
        let read = lines(&[("noise", "9"), ("tea", "1"), ("bun", "5"), ("jam", "3")]);
        assert_eq!(pairs(&truth, &read), [Some(1), Some(2), Some(3)]);
        assert_eq!(pairs(&truth, &read[1..2]), [Some(0), None, None]);
        assert_eq!(pairs(&[], &read), []);
        assert_eq!(pairs(&truth, &[]), [None, None, None]);
    }

    #[test]
    fn lines_of_which_no_field_is_right_are_paired_by_likeness_or_not_at_all() {
        let truth = lines(&[("green tea", "1"), ("currant bun", "2")]);
        let read = lines(&[("currant bum", "7"), ("green tee", "8"), ("zzz", "9")]);
        assert_eq!(pairs(&truth, &read), [Some(1), Some(0)]);
        assert_eq!(pairs(&truth, &read[2..]), [None, None]);
    }
}
