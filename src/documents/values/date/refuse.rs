//! Reasons why a text is not a date, and texts that may stand beside one.

use super::super::chars::fold;
use super::atoms::{self, Atom, AtomKind, Mark};
use super::months;
use super::types::DateError;

/// The reason for a text without anything in the form of a date.
pub(super) fn why(text: &str) -> DateError {
    let atoms = atoms::atoms(text);
    let numbers: Vec<(u32, usize)> = atoms.iter().filter_map(digits).collect();
    let named = atoms.iter().any(|atom| match &atom.kind {
        AtomKind::Word(word) => !months::months(word).is_empty(),
        _ => false,
    });
    let is_time = atoms
        .iter()
        .any(|atom| atom.kind == AtomKind::Mark(Mark::Colon));
    let is_year = |(value, digits): (u32, usize)| digits == 4 && (1900..2100).contains(&value);
    match numbers.as_slice() {
        [one] if named && is_year(*one) => DateError::NoDay,
        [one] if named && one.1 <= 2 => DateError::NoYear,
        [first, second] if !is_time && (is_year(*first) || is_year(*second)) => DateError::NoDay,
        [first, second] if first.1 <= 2 && second.1 <= 2 && !is_time && ends_open(&atoms) => {
            DateError::NoYear
        }
        _ => DateError::NotADate,
    }
}

fn digits(atom: &Atom) -> Option<(u32, usize)> {
    match atom.kind {
        AtomKind::Digits(value, digits) => Some((value, digits)),
        _ => None,
    }
}

/// Whether it is a day and a month: `31.12.`, `31/12`.
fn ends_open(atoms: &[Atom]) -> bool {
    let has_slash = atoms
        .iter()
        .any(|atom| atom.kind == AtomKind::Mark(Mark::Slash));
    let ends = atoms.last().map(|atom| &atom.kind);
    has_slash || ends == Some(&AtomKind::Mark(Mark::Point))
}

/// Folded words of times and forms of address beside a date.
#[rustfmt::skip]
const WORDS: [&str; 37] = [
    "am", "pm", "a", "p", "m", "uhr", "h", "hrs", "t", "z", "utc", "gmt", "cet", "cest", "est", "edt", "pst", "pdt", "bst",
    "clock", "o", "at", "um", "kl", "klo", "godz", "r", "g", "d", "г", "the", "on", "den", "ngay", "am", "le", "el",
];

/// Whether the text may stand beside a date: a time, a day of the week, marks, but no other
/// value.
pub(super) fn may_stand_beside(text: &str) -> bool {
    let atoms = atoms::atoms(text);
    let has_time = atoms.iter().any(|atom| match &atom.kind {
        AtomKind::Mark(Mark::Colon) => true,
        AtomKind::Word(word) => matches!(
            fold(word).as_str(),
            "uhr" | "h" | "am" | "pm" | "hrs" | "klo" | "kl"
        ),
        _ => false,
    });
    let is_fine = |at: usize| match &atoms[at].kind {
        AtomKind::Blank => true,
        AtomKind::Mark(mark) => *mark != Mark::Other || is_bracket(&text[atoms[at].range.clone()]),
        // Milliseconds have three digits.
        AtomKind::Digits(_, digits) => has_time && *digits <= 6,
        AtomKind::Word(word) => {
            let folded = fold(word);
            WORDS.contains(&folded.as_str()) || months::is_weekday(&folded)
        }
    };
    (0..atoms.len()).all(is_fine)
}

fn is_bracket(text: &str) -> bool {
    matches!(text, "(" | ")" | "[" | "]" | "+" | "（" | "）")
}
