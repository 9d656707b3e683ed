//! Divides a text into the pieces of which dates are made.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::super::chars::{self, GlyphKind, Sign};

/// Digits, a word, or a mark between them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Atom {
    pub kind: AtomKind,
    /// Byte range in the text.
    pub range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum AtomKind {
    /// The number of at most 8 digits, and how many they are; more count as a mark.
    Digits(u32, usize),
    /// Letters in compatibility form (NFKC); each Chinese character is a word.
    Word(String),
    Blank,
    Mark(Mark),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Point,
    Comma,
    Dash,
    Slash,
    Apostrophe,
    Colon,
    Break,
    Other,
}

/// Most digits of a date.
const MOST_DIGITS: usize = 8;

pub(super) fn atoms(text: &str) -> Vec<Atom> {
    let glyphs = chars::glyphs(text);
    let mut atoms: Vec<Atom> = Vec::new();
    let mut at = 0;
    while at < glyphs.len() {
        let glyph = glyphs[at];
        let same = |of: &dyn Fn(&chars::Glyph) -> bool| {
            at + glyphs[at..].iter().take_while(|glyph| of(glyph)).count()
        };
        let (kind, end) = match glyph.kind {
            GlyphKind::Digit { script, .. } => {
                let end = same(
                    &|glyph| matches!(glyph.kind, GlyphKind::Digit { script: of, .. } if of == script),
                );
                (digits(&glyphs[at..end]), end)
            }
            GlyphKind::Letter if is_han(glyph.char) => (word(text, &glyphs[at..=at]), at + 1),
            GlyphKind::Letter => {
                let end = same(&|glyph| glyph.kind == GlyphKind::Letter && !is_han(glyph.char));
                (word(text, &glyphs[at..end]), end)
            }
            GlyphKind::Blank(_) => (AtomKind::Blank, at + 1),
            GlyphKind::Mark(Sign::Point) => (AtomKind::Mark(Mark::Point), at + 1),
            GlyphKind::Mark(Sign::Comma) => (AtomKind::Mark(Mark::Comma), at + 1),
            GlyphKind::Mark(Sign::Apostrophe) => (AtomKind::Mark(Mark::Apostrophe), at + 1),
            GlyphKind::Dash => (AtomKind::Mark(Mark::Dash), at + 1),
            GlyphKind::Break => (AtomKind::Mark(Mark::Break), at + 1),
            // Ordinals: `1º`, `1ª` are letters; superscripts are not.
            _ => (other(glyph.char), at + 1),
        };
        let range = glyph.start..glyphs[end - 1].end;
        atoms.push(Atom { kind, range });
        at = end;
    }
    let split = (0..atoms.len())
        .rev()
        .filter_map(|at| time_behind(text, &atoms, at));
    let split: Vec<_> = split.collect();
    for (at, kept) in split {
        part(text, &mut atoms, at, kept);
    }
    atoms
}

/// Finds a time after a year or day without a blank (`03-02-1802:56PM`, `15/06/201612:03`,
/// `25-03-201804219AM`), as OCR may give it: the atom, and how many of its digits are the
/// date's.
fn time_behind(text: &str, atoms: &[Atom], at: usize) -> Option<(usize, usize)> {
    let kind = |at: usize| atoms.get(at).map(|atom| &atom.kind);
    let is_third = matches!(
        kind(at.checked_sub(1)?),
        Some(AtomKind::Mark(Mark::Point | Mark::Slash | Mark::Dash))
    ) && matches!(
        kind(at.checked_sub(2)?),
        Some(AtomKind::Digits(_, 1 | 2) | AtomKind::Word(_))
    );
    let piece = &text[atoms[at].range.clone()];
    if !is_third || !piece.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year: u32 = piece.get(..4)?.parse().ok()?;
    let has_year = (1900..2100).contains(&year);
    if has_year && piece.len() > 4 {
        return Some((at, 4));
    }
    let is_time = kind(at + 1) == Some(&AtomKind::Mark(Mark::Colon))
        && matches!(kind(at + 2), Some(AtomKind::Digits(minute, 2)) if *minute < 60);
    let is_hour = piece.len() == 4 && year % 100 < 24;
    (is_time && is_hour && !has_year).then_some((at, 2))
}

/// Splits an atom after its first `kept` digits, with an empty blank in between.
fn part(text: &str, atoms: &mut Vec<Atom>, at: usize, kept: usize) {
    let range = atoms[at].range.clone();
    let middle = range.start + kept;
    let piece = |range: Range<usize>| Atom {
        kind: match text[range.clone()].parse() {
            Ok(value) if range.len() <= MOST_DIGITS => AtomKind::Digits(value, range.len()),
            _ => AtomKind::Mark(Mark::Other),
        },
        range,
    };
    let blank = Atom {
        kind: AtomKind::Blank,
        range: middle..middle,
    };
    let (first, second) = (piece(range.start..middle), piece(middle..range.end));
    atoms.splice(at..=at, [first, blank, second]);
}

fn digits(glyphs: &[chars::Glyph]) -> AtomKind {
    if glyphs.len() > MOST_DIGITS {
        return AtomKind::Mark(Mark::Other);
    }
    let digits = glyphs.iter().filter_map(chars::Glyph::digit);
    let value = digits.fold(0, |value, digit| value * 10 + u32::from(digit));
    AtomKind::Digits(value, glyphs.len())
}

fn word(text: &str, glyphs: &[chars::Glyph]) -> AtomKind {
    let bytes = glyphs[0].start..glyphs[glyphs.len() - 1].end;
    let chars = text[bytes].chars().filter(|c| !chars::is_invisible(*c));
    AtomKind::Word(chars.nfkc().collect())
}

fn other(char: char) -> AtomKind {
    match char {
        '/' | '\u{2044}' | '\u{2215}' | '\u{ff0f}' => AtomKind::Mark(Mark::Slash),
        ':' | '\u{ff1a}' => AtomKind::Mark(Mark::Colon),
        // Roman digits of one character are not letters in Unicode.
        '\u{2160}'..='\u{216b}' => AtomKind::Word([char].into_iter().nfkc().collect()),
        // Names of eras in one character.
        '\u{337b}'..='\u{337e}' | '\u{32ff}' => AtomKind::Word([char].into_iter().nfkc().collect()),
        _ => AtomKind::Mark(Mark::Other),
    }
}

/// Whether it is a Chinese character, as in Japanese dates.
fn is_han(char: char) -> bool {
    matches!(char, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}
