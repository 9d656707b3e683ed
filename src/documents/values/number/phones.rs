//! Finds phone numbers, whose digits are not amounts.

use std::ops::Range;

use super::super::chars::{Glyph, GlyphKind};

/// Digits of a phone number: ITU-T E.164 allows 15; fewer than 8 with a prefix are rare.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Byte ranges of sequences of several groups of digits that begin with a plus or a zero:
/// `+49 30 1234567`, `(030) 123 45 67`, `030/1234567`.
pub(super) fn phones(glyphs: &[Glyph]) -> Vec<Range<usize>> {
    let mut phones = Vec::new();
    let mut at = 0;
    while at < glyphs.len() {
        match phone_at(glyphs, at) {
            Some(end) => {
                phones.push(glyphs[at].start..glyphs[end - 1].end);
                at = end;
            }
            None => at += 1,
        }
    }
    phones
}

fn phone_at(glyphs: &[Glyph], start: usize) -> Option<usize> {
    let before = start.checked_sub(1).map(|at| glyphs[at]);
    if before.is_some_and(|before| before.is_word() || matches!(before.kind, GlyphKind::Mark(_))) {
        return None;
    }
    let has_plus = glyphs[start].kind == GlyphKind::Plus;
    let mut at = start + usize::from(has_plus);
    at += usize::from(glyphs.get(at).is_some_and(|glyph| glyph.char == '('));
    let first = digits(glyphs, at);
    let is_trunk = first >= 2 && glyphs[at].digit() == Some(0);
    if first == 0 || first > 6 || !(has_plus || is_trunk) {
        return None;
    }
    let (mut groups, mut total) = (1, first);
    at += first;
    loop {
        let next = skip(glyphs, at);
        let more = digits(glyphs, next);
        if next == at || more == 0 {
            break;
        }
        (groups, total, at) = (groups + 1, total + more, next + more);
    }
    // Cents follow, so the last group is the beginning of an amount.
    let is_amount = matches!(
        glyphs.get(at).map(|glyph| glyph.kind),
        Some(GlyphKind::Mark(_))
    ) && glyphs.get(at + 1).is_some_and(Glyph::is_digit);
    (groups >= 2 && DIGITS.contains(&total) && !is_amount).then_some(at)
}

fn digits(glyphs: &[Glyph], at: usize) -> usize {
    let rest = glyphs.get(at..).unwrap_or_default().iter();
    rest.take_while(|glyph| glyph.is_digit()).count()
}

/// Index of the glyph after the separator at `at`: a blank, dash, slash or brackets.
fn skip(glyphs: &[Glyph], at: usize) -> usize {
    const MOST: usize = 3;
    let is_between = |glyph: &&Glyph| {
        glyph.is_blank() || glyph.kind == GlyphKind::Dash || matches!(glyph.char, '/' | '(' | ')')
    };
    let rest = glyphs.get(at..).unwrap_or_default().iter();
    let between: Vec<_> = rest.take_while(is_between).take(MOST).collect();
    let blanks = between
        .windows(2)
        .any(|two| two[0].is_blank() && two[1].is_blank());
    if blanks { at } else { at + between.len() }
}
