//! The numbers and dates of a text as tokens, so that `1.234,50` finds
//! `1,234.50` and `3 May 2024` finds `2024-05-03`.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::documents::values::{date, number};
use crate::domain::{date_token, number_token};

/// A number or date with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueSpan {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// One token for each possible value.
    pub tokens: Vec<String>,
    /// Whether it is part of a longer number with blanks.
    pub is_part: bool,
}

/// The numbers and dates of a text, in the order of their start.
pub fn values(text: &str) -> Vec<ValueSpan> {
    let numbers = number::scan(text).into_iter().map(|span| ValueSpan {
        range: span.range,
        tokens: distinct(span.reading.values().map(number_token)),
        is_part: span.is_part,
    });
    let dates = date::scan(text, None).into_iter().map(|span| ValueSpan {
        range: span.range,
        tokens: distinct(span.reading.dates().map(date_token)),
        is_part: false,
    });
    let mut spans: Vec<_> = numbers.chain(dates).collect();
    spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
    spans
}

fn distinct(tokens: impl Iterator<Item = String>) -> Vec<String> {
    let distinct: BTreeSet<_> = tokens.collect();
    distinct.into_iter().collect()
}

/// The tokens of a record's value, in which a point always separates decimals.
pub fn value_tokens(value: &str) -> BTreeSet<String> {
    match number::plain(value) {
        Some(number) => BTreeSet::from([number_token(number)]),
        None => values(value)
            .into_iter()
            .flat_map(|span| span.tokens)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form_however_it_is_written() {
        for text in [
            "1.234,50",
            "1,234.50",
            "1 234,50",
            "1'234.50",
            "-1234.5",
            "EUR 1234,50",
        ] {
            let tokens: Vec<_> = values(text).into_iter().flat_map(|v| v.tokens).collect();
            assert!(tokens.contains(&"n1234d5".to_owned()), "{text}: {tokens:?}");
        }
        assert_eq!(values("1.234")[0].tokens, ["n1234", "n1d234"]);
        assert_eq!(value_tokens("1.234"), BTreeSet::from(["n1d234".to_owned()]));
    }

    #[test]
    fn a_date_has_one_form_however_it_is_written() {
        for text in [
            "14.03.2024",
            "2024-03-14",
            "14 March 2024",
            "March 14, 2024",
        ] {
            let tokens: Vec<_> = values(text).into_iter().flat_map(|v| v.tokens).collect();
            assert!(
                tokens.contains(&"d20240314".to_owned()),
                "{text}: {tokens:?}"
            );
        }
    }
}
