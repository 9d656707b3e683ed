//! Decides by the neighbouring characters whether digits with their marks are a number.

use std::ops::Range;

use super::super::chars::{Glyph, GlyphKind};
use super::run::DigitRun;
use super::types::NumberError;

/// `Err` for digits that are part of another text; otherwise whether letters are directly
/// beside them. `whole` is a range of glyphs.
pub(super) fn check(
    glyphs: &[Glyph],
    run: &DigitRun,
    whole: Range<usize>,
    has_word: bool,
) -> Result<bool, NumberError> {
    let edges = Edges { glyphs, run };
    let left = match whole.start.checked_sub(1) {
        Some(before) => edges.left(glyphs[before], whole.start)?,
        None => false,
    };
    let right = match glyphs.get(whole.end) {
        Some(after) => edges.right(*after, whole.end, has_word)?,
        None => false,
    };
    Ok(left || right)
}

struct Edges<'a> {
    glyphs: &'a [Glyph],
    run: &'a DigitRun,
}

impl Edges<'_> {
    fn left(&self, before: Glyph, start: usize) -> Result<bool, NumberError> {
        let run = self.run;
        let beyond = start.checked_sub(2).map(|at| self.glyphs[at]);
        let is_word = beyond.is_some_and(|glyph| glyph.is_word());
        let is_digit = beyond.is_some_and(|glyph| glyph.is_digit());
        match before.kind {
            GlyphKind::Digit { .. } | GlyphKind::Raised(_) => Err(NumberError::Misread),
            GlyphKind::Letter if is_times(before.char) && is_digit => Ok(true),
            GlyphKind::Letter => {
                let letters = self.glyphs[..start].iter().rev();
                let letters = letters.take_while(|g| g.kind == GlyphKind::Letter).count();
                if looks_like_digit(before.char) {
                    return Err(NumberError::Misread);
                }
                if letters < 2 || !run.has_cents() {
                    return Err(NumberError::Code);
                }
                Ok(true)
            }
            GlyphKind::Dash if is_word && !(run.has_cents() && is_digit) => Err(NumberError::Code),
            GlyphKind::Mark(_) if is_digit => Err(NumberError::Grouping),
            // `O.50`, not `No.50`.
            GlyphKind::Mark(_) if beyond.is_some_and(|glyph| looks_like_digit(glyph.char)) => {
                let further = start.checked_sub(3).map(|at| self.glyphs[at]);
                match further.is_none_or(|glyph| glyph.kind != GlyphKind::Letter) {
                    true => Err(NumberError::Misread),
                    false => Ok(false),
                }
            }
            GlyphKind::Other | GlyphKind::Currency => match before.char {
                '#' | '№' | '_' | '^' => Err(NumberError::Code),
                '/' | '\\' if is_word && run.is_whole() => Err(NumberError::Code),
                ':' if is_digit => Err(NumberError::Time),
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }

    /// `has_word`: whether a currency or a tax code follows the digits.
    fn right(&self, after: Glyph, end: usize, has_word: bool) -> Result<bool, NumberError> {
        let run = self.run;
        let beyond = self.glyphs.get(end + 1);
        let is_word = beyond.is_some_and(Glyph::is_word);
        let is_digit = beyond.is_some_and(Glyph::is_digit);
        match after.kind {
            GlyphKind::Digit { .. } => Err(NumberError::Misread),
            // A footnote after an amount.
            GlyphKind::Raised(_) if run.has_cents() => Ok(false),
            GlyphKind::Raised(_) => Err(NumberError::Misread),
            GlyphKind::Letter if has_word => Ok(false),
            GlyphKind::Letter if is_times(after.char) && is_digit => Ok(true),
            GlyphKind::Letter => {
                let letters = self.glyphs[end..].iter();
                let letters = letters.take_while(|g| g.kind == GlyphKind::Letter).count();
                if looks_like_digit(after.char) || letters < 2 {
                    return Err(NumberError::Misread);
                }
                if !run.has_cents() {
                    return Err(NumberError::Code);
                }
                Ok(true)
            }
            GlyphKind::Dash if is_word && !(run.has_cents() && is_digit) => Err(NumberError::Code),
            // `12.O0`.
            GlyphKind::Mark(_)
                if beyond.is_some_and(|glyph| looks_like_digit(glyph.char))
                    && self
                        .glyphs
                        .get(end + 2)
                        .is_none_or(|glyph| glyph.kind != GlyphKind::Letter) =>
            {
                Err(NumberError::Misread)
            }
            GlyphKind::Other => match after.char {
                '_' | '^' | '\\' => Err(NumberError::Code),
                '/' if is_digit && run.is_whole() => Err(NumberError::Code),
                ':' if is_digit => Err(NumberError::Time),
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }
}

/// Whether it is a multiplication sign: `3X8.00`.
fn is_times(c: char) -> bool {
    matches!(c, 'x' | 'X')
}

/// Whether it is a letter that OCR gives for a digit.
pub(super) fn looks_like_digit(c: char) -> bool {
    matches!(c, 'l' | 'I' | 'O' | 'o' | 'О' | 'о' | '|')
}
