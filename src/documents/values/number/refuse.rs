//! Reasons why a text is not a number.

use super::super::chars::{self, Glyph, GlyphKind, Sign};
use super::super::date;
use super::marks::Marker;
use super::phones;
use super::run::{self, DigitRun};
use super::types::{NumberError, NumberSpan};

/// The reason for a text that is not one number.
pub(super) fn why(text: &str, spans: &[NumberSpan]) -> NumberError {
    if text.trim().is_empty() {
        return NumberError::Empty;
    }
    let glyphs = chars::glyphs(text);
    let runs = run::runs(&glyphs);
    if runs.is_empty() {
        return NumberError::NoNumber;
    }
    if date::scan(text, None).iter().any(|span| span.is_marked) {
        return NumberError::Date;
    }
    if !phones::phones(&glyphs).is_empty() {
        return NumberError::Phone;
    }
    if let Some(error) = of_run(text, &glyphs, &runs) {
        return error;
    }
    let is_open = |glyph: &&Glyph| matches!(glyph.kind, GlyphKind::Mark(Sign::Point | Sign::Comma));
    if glyphs.last().filter(is_open).is_some() && runs.len() == 1 {
        return NumberError::OpenEnd;
    }
    let wholes = spans.iter().filter(|span| !span.is_part);
    if wholes.count() > 1 || runs.len() > 1 {
        return NumberError::Several;
    }
    NumberError::Words
}

/// Why the digits are not a number.
fn of_run(text: &str, glyphs: &[Glyph], runs: &[DigitRun]) -> Option<NumberError> {
    let marker = Marker {
        text,
        glyphs,
        detached: true,
    };
    runs.iter().find_map(|run| {
        let error = marker.marked(run).err();
        let no_value = || {
            let is_long = run.digits() > 28;
            let why = if is_long {
                NumberError::TooLong
            } else {
                NumberError::Grouping
            };
            run.readings(false).is_empty().then_some(why)
        };
        let is_loose = || {
            let marked = marker.marked(run).ok()?;
            marked.is_loose.then_some(NumberError::Words)
        };
        error.or_else(no_value).or_else(is_loose)
    })
}
