//! Whether two records are of one document: its copy, scan or photo again.
//!
//! Documents of one seller resemble each other in everything but their number,
//! date and amounts, so looks and text only suggest which records to compare.
//! The values decide.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Facts;
use super::fold::{folded, folded_words};

/// Letters and digits of a document number from which an equal number outweighs
/// other values that differ: a shorter one may be equal by chance.
const UNMISTAKABLE: usize = 4;
/// Characters of a party's name from which [`DAMAGED_LETTERS`] are allowed.
const LONG_NAME: usize = 8;
/// Most letters (edit distance) by which the names of one party differ, since OCR
/// misreads letters.
const DAMAGED_LETTERS: usize = 2;
/// Lowest share (0 to 1, Jaccard) of words with digits that two readings of one
/// page have in common.
const SAME_DIGITS: f64 = 0.9;
/// Most words with digits that a difference names.
const NAMED: usize = 4;

/// What of a record is compared with another one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capture {
    pub facts: Facts,
    /// The words of its pages, folded.
    pub words: BTreeSet<String>,
    /// The numbers and dates of its pages, as [`number_token`] and [`date_token`]
    /// write them.
    pub numbers: BTreeSet<String>,
}

/// Whether two records are of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every value is equal: another capture of the same document.
    SameDocument,
    /// Values are missing, or one differs that may have been misread.
    Undecided,
    /// A value differs for sure: two documents, perhaps of one seller.
    Sibling,
}

/// A verdict, and in words what differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub differences: Vec<String>,
}

enum Comparison {
    Equal,
    /// At least one of the records has no value.
    Unknown,
    /// `sure`: neither page shows the other's value.
    Different {
        words: String,
        sure: bool,
    },
}

/// Compares two records by party, date, total, currency and number.
pub fn judge(a: &Capture, b: &Capture) -> Judgement {
    let number = number(a, b);
    let compared = [party(a, b), date(a, b), total(a, b), currency(a, b)];
    let is_sure = |c: &Comparison| matches!(c, Comparison::Different { sure: true, .. });
    let differs = compared.iter().any(is_sure) || is_sure(&number);
    let known = [&a.facts.number, &b.facts.number].map(Option::is_some);
    let is_numbered = known == [true, true];
    let same_number = is_numbered && matches!(number, Comparison::Equal) && is_long(&a.facts);
    let is_equal = |c: &Comparison| matches!(c, Comparison::Equal);
    let all_equal = compared.iter().all(is_equal) && known[0] == known[1];
    let mut verdict = match () {
        () if differs && !same_number => Verdict::Sibling,
        () if all_equal && is_equal(&number) => Verdict::SameDocument,
        () => Verdict::Undecided,
    };
    let mut differences: Vec<_> = compared
        .into_iter()
        .chain([number])
        .filter_map(|comparison| match comparison {
            Comparison::Different { words, .. } => Some(words),
            _ => None,
        })
        .collect();
    if verdict == Verdict::SameDocument
        && !is_numbered
        && let Some(words) = other_digits(a, b)
    {
        verdict = Verdict::Undecided;
        differences.push(words);
    }
    Judgement {
        verdict,
        differences,
    }
}

fn is_long(facts: &Facts) -> bool {
    let number = facts.number.as_deref().unwrap_or_default();
    folded(number).chars().count() >= UNMISTAKABLE
}

fn compare(
    name: &str,
    values: [&Option<String>; 2],
    is_equal: impl Fn(&str, &str) -> bool,
    is_shown: impl Fn(&str) -> bool,
) -> Comparison {
    let [Some(one), Some(other)] = values else {
        return Comparison::Unknown;
    };
    if is_equal(one, other) {
        return Comparison::Equal;
    }
    Comparison::Different {
        words: format!("{name} {one} and {other}"),
        sure: !is_shown(one) && !is_shown(other),
    }
}

/// Both pages have these words.
fn both_have(a: &Capture, b: &Capture, text: &str) -> bool {
    let words = folded_words(text);
    [a, b]
        .iter()
        .all(|capture| words.iter().all(|word| capture.words.contains(word)))
}

fn party(a: &Capture, b: &Capture) -> Comparison {
    let is_equal = |one: &str, other: &str| {
        let (one, other) = (folded(one), folded(other));
        let is_long = one.chars().count().min(other.chars().count()) >= LONG_NAME;
        one == other
            || one.contains(&other)
            || other.contains(&one)
            || is_long && strsim::osa_distance(&one, &other) <= DAMAGED_LETTERS
    };
    let values = [&a.facts.party, &b.facts.party];
    compare("name", values, is_equal, |text| both_have(a, b, text))
}

fn number(a: &Capture, b: &Capture) -> Comparison {
    let values = [&a.facts.number, &b.facts.number];
    if values == [&None, &None] {
        return Comparison::Equal;
    }
    let glued = |text: &str| folded_words(text).concat();
    let is_equal = |one: &str, other: &str| glued(one) == glued(other);
    compare("number", values, is_equal, |text| both_have(a, b, text))
}

fn date(a: &Capture, b: &Capture) -> Comparison {
    let is_shown = |text: &str| {
        let day = text.parse::<jiff::civil::Date>();
        day.is_ok_and(|day| both_number(a, b, &date_token(day)))
    };
    let values = [&a.facts.date, &b.facts.date];
    compare("date", values, |one, other| one == other, is_shown)
}

fn total(a: &Capture, b: &Capture) -> Comparison {
    let value = |text: &str| text.parse::<rust_decimal::Decimal>().ok();
    let is_equal = |one: &str, other: &str| match (value(one), value(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    };
    let is_shown = |text: &str| {
        let number = value(text);
        number.is_some_and(|number| both_number(a, b, &number_token(number)))
    };
    let values = [&a.facts.total, &b.facts.total];
    compare("total", values, is_equal, is_shown)
}

/// A difference is never sure: a currency that is not printed is derived.
fn currency(a: &Capture, b: &Capture) -> Comparison {
    let values = [&a.facts.currency, &b.facts.currency];
    if values.contains(&&None) {
        return Comparison::Equal;
    }
    compare("currency", values, |one, other| one == other, |_| true)
}

fn both_number(a: &Capture, b: &Capture, token: &str) -> bool {
    a.numbers.contains(token) && b.numbers.contains(token)
}

/// The words with digits that only one of the pages has, where both have some:
/// they distinguish two purchases of one day and price without a number.
fn other_digits(a: &Capture, b: &Capture) -> Option<String> {
    let digits = |capture: &Capture| -> BTreeSet<String> {
        let has_digit = |word: &&String| word.chars().any(|c| c.is_ascii_digit());
        capture.words.iter().filter(has_digit).cloned().collect()
    };
    let (of_a, of_b) = (digits(a), digits(b));
    let shared = of_a.intersection(&of_b).count() as f64;
    let all = of_a.union(&of_b).count() as f64;
    if all == 0.0 || shared / all >= SAME_DIGITS {
        return None;
    }
    let named = |own: &BTreeSet<String>, other| {
        let only: Vec<_> = own.difference(other).take(NAMED).cloned().collect();
        only.join(", ")
    };
    let (of_one, of_other) = (named(&of_a, &of_b), named(&of_b, &of_a));
    // Words that only one page has may be cut off on the other.
    if of_one.is_empty() || of_other.is_empty() {
        return None;
    }
    Some(format!("on one page {of_one}, on the other {of_other}"))
}

/// `n1234d5` for 1234.50 and -1234.5: one word for SQLite's tokenizer.
pub fn number_token(value: rust_decimal::Decimal) -> String {
    let plain = value.abs().normalize().to_string();
    format!("n{}", plain.replace('.', "d"))
}

/// `d20240314` for 14 March 2024: one word for SQLite's tokenizer.
pub fn date_token(day: jiff::civil::Date) -> String {
    format!("d{}", day.strftime("%Y%m%d"))
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
