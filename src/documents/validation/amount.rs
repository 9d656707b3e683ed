//! Amounts as people write them.

use std::str::FromStr;

use iso_currency::Currency;
use rust_decimal::Decimal;

/// What a text says about an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// In the form that schemas ask for: digits, a point, digits.
    Plain(Decimal),
    /// Written otherwise, but with one meaning only.
    Normalised(Decimal),
    /// Two readings are possible, such as `1,234`.
    Ambiguous,
    Unreadable,
}

impl Amount {
    /// Where it is certain.
    pub fn value(self) -> Option<Decimal> {
        match self {
            Amount::Plain(value) | Amount::Normalised(value) => Some(value),
            Amount::Ambiguous | Amount::Unreadable => None,
        }
    }
}

pub fn parse(text: &str) -> Amount {
    if is_plain(text) {
        return Decimal::from_str(text).map_or(Amount::Unreadable, Amount::Plain);
    }
    let Some((negative, number)) = bare(text) else {
        return Amount::Unreadable;
    };
    match without_separators(number) {
        Some(Some(digits)) => match Decimal::from_str(&digits) {
            Ok(value) => Amount::Normalised(if negative { -value } else { value }),
            Err(_) => Amount::Unreadable,
        },
        Some(None) => Amount::Ambiguous,
        None => Amount::Unreadable,
    }
}

fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut parts = digits.splitn(2, '.');
    let whole = |part: Option<&str>| {
        part.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    };
    whole(parts.next()) && parts.next().is_none_or(|part| whole(Some(part)))
}

/// The number without sign, brackets, currency and blanks around it.
fn bare(text: &str) -> Option<(bool, &str)> {
    let text = text.trim();
    let (bracketed, text) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let around = |c: char| !c.is_ascii_digit();
    let number = text.trim_matches(around);
    let start = text.find(number)?;
    let (before, after) = (&text[..start], &text[start + number.len()..]);
    if number.is_empty() || !is_currency(before) || !is_currency(after) {
        return None;
    }
    let minus = |c: char| matches!(c, '-' | '\u{2212}' | '\u{2013}');
    Some((
        bracketed || before.contains(minus) || after.contains(minus),
        number,
    ))
}

/// What currencies are called beside their ISO 4217 codes, in small letters.
const SYMBOLS: [&str; 28] = [
    "rm", "rs", "kr", "kč", "zł", "ft", "lei", "fr", "sfr", "tl", "rp", "dm", "dh", "dhs", "sr",
    "qr", "ksh", "din", "kn", "лв", "r", "us", "s", "a", "c", "nt", "hk", "nz",
];

/// Signs, currency codes and symbols, blanks: what may stand beside a number.
/// Another letter may be a digit that was misread: `l2.50`.
fn is_currency(text: &str) -> bool {
    let is_sign = |c: char| c.is_whitespace() || "+-\u{2212}\u{2013}$€£¥₹.".contains(c);
    text.chars().all(|c| c.is_alphabetic() || is_sign(c))
        && text
            .split(is_sign)
            .filter(|word| !word.is_empty())
            .all(|word| {
                Currency::from_code(&word.to_uppercase()).is_some()
                    || SYMBOLS.contains(&word.to_lowercase().as_str())
            })
}

/// Whether a plain number may have its thousands parted by the point: `1.234`,
/// not `0.234` or `1234.567`.
pub fn may_be_thousands(value: Decimal) -> bool {
    let whole = value.trunc().abs();
    value.scale() == 3 && whole >= Decimal::ONE && whole < Decimal::ONE_THOUSAND
}

/// The number with a point before its decimals. `None`: no number;
/// `Some(None)`: two readings are possible.
fn without_separators(number: &str) -> Option<Option<String>> {
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\'' | '\u{2019}');
    if !number
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',') || is_blank(c))
    {
        return None;
    }
    let last = number.rfind(['.', ',']);
    let Some(last) = last else {
        let groups: Vec<&str> = number.split(is_blank).collect();
        return grouped(&groups).map(Some);
    };
    let (whole, decimals) = (&number[..last], &number[last + 1..]);
    let mark = number.as_bytes()[last] as char;
    let separators: Vec<char> = whole.chars().filter(|c| !c.is_ascii_digit()).collect();
    let same = |c: &char| *c == mark;
    if separators.iter().any(same) {
        // The mark comes several times: it separates thousands, if all do.
        let groups: Vec<&str> = number.split(mark).collect();
        return if separators.iter().all(same) {
            grouped(&groups).map(Some)
        } else {
            None
        };
    }
    if !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let groups: Vec<&str> = whole.split(|c: char| !c.is_ascii_digit()).collect();
    let whole = grouped(&groups)?;
    if separators.is_empty() && decimals.len() == 3 && whole.len() <= 3 && whole != "0" {
        return Some(None);
    }
    Some(Some(format!("{whole}.{decimals}")))
}

/// Groups of thousands put together: the first of 1 to 3 digits, the others of
/// 3; a single group may be of any length.
fn grouped(groups: &[&str]) -> Option<String> {
    let (first, rest) = groups.split_first()?;
    let fits = !first.is_empty()
        && rest.iter().all(|group| group.len() == 3)
        && (rest.is_empty() || first.len() <= 3);
    fits.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_with_one_meaning_are_understood_however_they_are_written() {
        let cases = [
            ("35,27", "35.27"),
            ("USD1,053.52", "1053.52"),
            ("1.234,56", "1234.56"),
            ("1 234,56 €", "1234.56"),
            ("1'234.50", "1234.50"),
            ("(12.00)", "-12.00"),
            ("12.00-", "-12.00"),
            ("-RM 4.05", "-4.05"),
            ("$ 1,234,567", "1234567"),
            ("0,125", "0.125"),
            ("12,5", "12.5"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Amount::Normalised(decimal(expected)), "{text}");
        }
        assert_eq!(parse("-12.50"), Amount::Plain(decimal("-12.50")));
    }

    #[test]
    fn a_guess_is_never_made() {
        for text in ["1,234", "1.234 €", "123,456"] {
            assert_eq!(parse(text), Amount::Ambiguous, "{text}");
        }
        for text in [
            "",
            "-",
            "n/a",
            "12 March",
            "1,2,3",
            "1.23.4",
            "1,23.456,7",
            "12:30",
            "1 23",
            // Misread digits, no currencies.
            "l2.50",
            "O.50",
            "12.5O",
        ] {
            assert_eq!(parse(text), Amount::Unreadable, "{text}");
        }
    }

    #[test]
    fn three_decimals_may_be_thousands() {
        for (text, expected) in [
            ("1.234", true),
            ("-999.000", true),
            ("0.234", false),
            ("1234.567", false),
            ("1.23", false),
            ("1.2345", false),
        ] {
            assert_eq!(may_be_thousands(decimal(text)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_amount_survives_its_german_and_english_spelling(cents in -99_999_999i64..=99_999_999) {
            let value = Decimal::new(cents, 2);
            let plain = value.to_string();
            prop_assert_eq!(parse(&plain), Amount::Plain(value));
            let (whole, decimals) = plain.trim_start_matches('-').split_once('.').unwrap();
            let sign = if cents < 0 { "-" } else { "" };
            for (thousands, mark) in [('.', ','), (',', '.'), (' ', ',')] {
                let mut spelled = String::new();
                for (i, digit) in whole.chars().enumerate() {
                    if i > 0 && (whole.len() - i) % 3 == 0 {
                        spelled.push(thousands);
                    }
                    spelled.push(digit);
                }
                let spelled = format!("{sign}{spelled}{mark}{decimals}");
                let read = parse(&spelled);
                prop_assert!(read == Amount::Normalised(value) || read == Amount::Plain(value), "{} {:?}", spelled, read);
            }
        }

        #[test]
        fn nothing_that_is_parsed_panics(text in "\\PC{0,20}") {
            parse(&text);
        }
    }
}
