//! The numbers on a page, however they are written.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::super::amount::{self, Amount};
use super::text::{PageWord, Placed, Span, on_one_line};

/// A number that a page may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    pub value: Decimal,
    /// It is written with two decimals, as money is.
    pub is_money: bool,
    pub is_percent: bool,
}

/// Letters beside a number that may be a currency or a unit (`RM`, `Stk`).
const MOST_LETTERS: usize = 4;
/// What follows a number of pieces, in lower case.
const COUNTS: [&str; 12] = [
    "x", "pc", "pcs", "st", "stk", "stck", "ea", "u", "un", "pz", "h", "kg",
];
/// Words that a number with blanks between its thousands may spread over.
const MOST_WORDS: usize = 4;

/// Every number that the words may be read as. A text such as `1.234` counts
/// as both of its meanings, and `1 234,56` as its parts and the whole: what is
/// looked for is known, so that a second meaning does no harm.
pub fn scan(words: &[PageWord]) -> Vec<Placed<Number>> {
    let mut numbers = Vec::new();
    for (index, word) in words.iter().enumerate() {
        for run in runs(&word.plain) {
            let negative = is_negative(words, index, &run);
            let is_percent = run.is_percent
                || (run.at_end && words.get(index + 1).is_some_and(|next| next.plain == "%"));
            push(
                &mut numbers,
                &run.digits,
                negative,
                is_percent,
                Span {
                    first: index,
                    last: index,
                },
            );
            join(&mut numbers, words, index, &run, negative);
        }
    }
    numbers
}

/// Digits with what separates them, as they stand in a word.
struct Run {
    digits: String,
    /// It begins, ends its word.
    at_start: bool,
    at_end: bool,
    has_minus: bool,
    is_percent: bool,
}

fn runs(word: &str) -> Vec<Run> {
    let chars: Vec<char> = word.chars().collect();
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let mut runs = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if !is_digit(at) {
            at += 1;
            continue;
        }
        let start = at;
        while is_digit(at) || (chars.get(at).is_some_and(|c| is_separator(*c)) && is_digit(at + 1))
        {
            at += 1;
        }
        let letters = |chars: &mut dyn Iterator<Item = &char>| {
            chars.take_while(|c| c.is_alphabetic()).count()
        };
        let beside =
            letters(&mut chars[..start].iter().rev()).max(letters(&mut chars[at..].iter()));
        if beside > MOST_LETTERS || is_part_of_name(&chars, start, at) {
            continue;
        }
        let before: String = chars[..start].iter().collect();
        runs.push(Run {
            digits: chars[start..at].iter().map(|c| plain_mark(*c)).collect(),
            at_start: start == 0,
            at_end: at == chars.len(),
            has_minus: before.ends_with(is_minus)
                || before.starts_with(is_minus) && !before.contains(char::is_alphanumeric)
                || (before.ends_with('(') && chars.get(at) == Some(&')'))
                || (chars.get(at).is_some_and(|c| is_minus(*c)) && at + 1 == chars.len()),
            is_percent: chars.get(at) == Some(&'%'),
        });
    }
    runs
}

/// One or two digits that belong to letters beside them are no number of their
/// own: `DE1`, `M8`, `1m`; `2x` and `3pcs` are.
fn is_part_of_name(chars: &[char], start: usize, end: usize) -> bool {
    if end - start > 2 {
        return false;
    }
    let after: String = chars[end..]
        .iter()
        .take_while(|c| c.is_alphabetic())
        .flat_map(|c| c.to_lowercase())
        .collect();
    let before = start.checked_sub(1).map(|at| chars[at]);
    let is_counted = after.is_empty() || COUNTS.contains(&after.as_str());
    !is_counted || before.is_some_and(|c| c.is_alphabetic() && !c.eq_ignore_ascii_case(&'x'))
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '\u{2019}')
}

/// One byte a character from here on.
fn plain_mark(c: char) -> char {
    if c == '\u{2019}' { '\'' } else { c }
}

fn is_minus(c: char) -> bool {
    matches!(c, '-' | '\u{2212}' | '\u{2013}' | '\u{2010}')
}

fn is_negative(words: &[PageWord], index: usize, run: &Run) -> bool {
    let lone_minus = || {
        let before = index.checked_sub(1).map(|before| &words[before]);
        run.at_start
            && before.is_some_and(|before| {
                before.plain.chars().all(is_minus) && on_one_line(before.bbox, words[index].bbox)
            })
    };
    run.has_minus || lone_minus()
}

/// Adds the wholes that the run and the words after it may be parts of:
/// `1 234,56`, `12 ,50`.
fn join(
    numbers: &mut Vec<Placed<Number>>,
    words: &[PageWord],
    index: usize,
    run: &Run,
    negative: bool,
) {
    if !run.at_end && !words[index].plain.ends_with(is_separator) {
        return;
    }
    let mut whole = run.digits.clone();
    for last in index + 1..words.len().min(index + MOST_WORDS) {
        let (before, next) = (&words[last - 1], &words[last]);
        let gap = next.bbox[0] - before.bbox[2];
        // As wide as a line is high: more than a blank, less than a column.
        if !on_one_line(before.bbox, next.bbox) || gap > before.height().max(next.height()) {
            return;
        }
        let open = if run.at_end || last > index + 1 {
            None
        } else {
            before.plain.chars().last()
        };
        let follows = next.plain.strip_prefix(is_separator).unwrap_or(&next.plain);
        let Some(part) = runs(follows)
            .into_iter()
            .next()
            .filter(|part| part.at_start)
        else {
            return;
        };
        let first_group = part
            .digits
            .split(is_separator)
            .next()
            .unwrap_or_default()
            .len();
        let starts_with_mark = follows.len() < next.plain.len();
        match (open, starts_with_mark) {
            (Some(mark), false) if part.digits.len() == 2 => whole.push(plain_mark(mark)),
            (None, true) => whole.push(plain_mark(next.plain.chars().next().unwrap_or('.'))),
            (None, false) if first_group == 3 && leading_group(&whole) <= 3 => whole.push(' '),
            _ => return,
        }
        whole.push_str(&part.digits);
        push(
            numbers,
            &whole,
            negative,
            part.is_percent,
            Span { first: index, last },
        );
        if !part.at_end {
            return;
        }
    }
}

fn leading_group(whole: &str) -> usize {
    whole.chars().take_while(char::is_ascii_digit).count()
}

fn push(
    numbers: &mut Vec<Placed<Number>>,
    digits: &str,
    negative: bool,
    is_percent: bool,
    span: Span,
) {
    for value in meanings(digits) {
        let is_money = value.scale() == 2;
        let value = if negative { -value } else { value };
        numbers.push(Placed {
            value: Number {
                value,
                is_money,
                is_percent,
            },
            span,
        });
    }
}

/// What a run of digits and separators may mean.
fn meanings(digits: &str) -> Vec<Decimal> {
    let (last_mark, marks) = (
        digits.rfind(is_separator),
        digits.matches(is_separator).count(),
    );
    // `1.234` and `1,234`.
    if let (Some(at), 1) = (last_mark, marks)
        && digits.len() - at == 4
        && at <= 3
        && !digits.contains(' ')
    {
        let spellings = [
            digits.replace(is_separator, ""),
            digits.replace(is_separator, "."),
        ];
        return spellings
            .iter()
            .filter_map(|text| Decimal::from_str(text).ok())
            .collect();
    }
    match amount::parse(digits) {
        Amount::Plain(value) | Amount::Normalised(value) => vec![value],
        Amount::Ambiguous => Vec::new(),
        Amount::Unreadable => other_groups(digits).into_iter().collect(),
    }
}

/// Thousands grouped otherwise, as in India: `12,34,567.00`. The decimals must
/// be parted by another mark than the groups, or it may be a date.
fn other_groups(digits: &str) -> Option<Decimal> {
    let at = digits.rfind(is_separator)?;
    let (whole, decimals) = (&digits[..at], &digits[at + 1..]);
    let mark = digits[at..].chars().next()?;
    if decimals.len() != 2 || whole.contains(mark) {
        return None;
    }
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    Decimal::from_str(&format!("{whole}.{decimals}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_a_name_are_no_numbers_and_counts_are() {
        for (word, is_number) in [
            ("DE1", false),
            ("M8", false),
            ("1m", false),
            ("2x", true),
            ("3pcs", true),
            ("12", true),
            ("RM5.00", true),
        ] {
            let found = runs(word);
            assert_eq!(!found.is_empty(), is_number, "{word}");
        }
    }

    /// Words in a row, a blank apart.
    fn row(texts: &[&str]) -> Vec<PageWord> {
        let mut left = 0.0;
        texts
            .iter()
            .map(|text| {
                let right = left + 0.01 * text.chars().count() as f32;
                let word = PageWord::new(text, [left, 0.1, right, 0.12], None);
                left = right + 0.005;
                word
            })
            .collect()
    }

    fn values(texts: &[&str]) -> Vec<String> {
        let numbers = scan(&row(texts));
        numbers
            .iter()
            .map(|number| number.value.value.normalize().to_string())
            .collect()
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let cases: [(&[&str], &str); 16] = [
            (&["119,00"], "119"),
            (&["€1.190,50"], "1190.5"),
            (&["RM12.50"], "12.5"),
            (&["12.50SR"], "12.5"),
            (&["1", "234,56"], "1234.56"),
            (&["1", "234", "567,89", "EUR"], "1234567.89"),
            (&["Total:119.00"], "119"),
            (&["1'234.50"], "1234.5"),
            (&["12,34,567.00"], "1234567"),
            (&["12", ",50"], "12.5"),
            (&["12.", "50"], "12.5"),
            (&["(12.00)"], "-12"),
            (&["-$4.00"], "-4"),
            (&["12.00-"], "-12"),
            (&["-", "4.20"], "-4.2"),
            (&["1.234"], "1234"),
        ];
        for (texts, expected) in cases {
            let values = values(texts);
            assert!(
                values.contains(&expected.to_owned()),
                "{texts:?}: {values:?}"
            );
        }
    }

    #[test]
    fn dates_and_far_words_are_no_amounts() {
        assert!(values(&["31.12.2024"]).is_empty());
        let mut far = row(&["1", "234.00"]);
        far[1].bbox[0] += 0.3;
        far[1].bbox[2] += 0.3;
        let numbers = scan(&far);
        assert!(numbers.iter().all(|n| n.value.value != Decimal::from(1234)));
        assert!(scan(&row(&["19", "%"]))[0].value.is_percent);
    }
}
