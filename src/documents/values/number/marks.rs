//! The marks around the digits of a number that belong to it: signs, brackets, the dash for
//! no cents, currencies, units; and marks that show that the digits are not a number.

use std::ops::Range;

use super::super::chars::{Glyph, GlyphKind, Sign};
use super::super::currency;
use super::super::units;
use super::edges::{self, looks_like_digit};
use super::run::DigitRun;
use super::types::{NumberError, Repair};

/// A run with its marks. Ranges are of glyphs where nothing else is stated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Marked {
    /// Digits and the number's own marks.
    pub own: Range<usize>,
    /// With the currency, percent sign or unit beside them.
    pub whole: Range<usize>,
    pub negative: bool,
    /// Whether a long dash follows whole units: a minus, or no cents.
    pub may_be_negative: bool,
    pub no_cents: bool,
    /// Whether a point may end the word before or begin the decimals: `RM.50`.
    pub may_lead: bool,
    pub percent: bool,
    /// Bytes of the unit of a quantity.
    pub unit: Option<Range<usize>>,
    /// Bytes of the currency before the number; `after`: after it.
    pub before: Option<Range<usize>>,
    pub after: Option<Range<usize>>,
    pub repair: Option<Repair>,
    /// Whether letters are directly beside it.
    pub is_loose: bool,
}

pub(super) struct Marker<'a> {
    pub text: &'a str,
    pub glyphs: &'a [Glyph],
    /// Whether a sign with a blank between it and the digits counts.
    pub detached: bool,
}

/// The marks found so far.
struct Around<'a> {
    run: &'a DigitRun,
    marked: Marked,
    sign: bool,
    open: bool,
    closed: bool,
}

impl Marker<'_> {
    pub fn marked(&self, run: &DigitRun) -> Result<Marked, NumberError> {
        let own = run.first..run.end;
        let mut around = Around {
            run,
            marked: Marked {
                own: own.clone(),
                whole: own,
                negative: false,
                may_be_negative: false,
                no_cents: false,
                may_lead: false,
                percent: false,
                unit: None,
                before: None,
                after: None,
                repair: None,
                is_loose: false,
            },
            sign: false,
            open: false,
            closed: false,
        };
        self.no_cents(&mut around);
        while self.left(&mut around) {}
        while self.right(&mut around) {}
        if around.open && !around.closed {
            self.without_bracket(&mut around);
        }
        around.marked.negative |= around.closed;
        let is_loose = edges::check(
            self.glyphs,
            run,
            around.marked.whole.clone(),
            around.marked.is_loose || around.marked.after.is_some(),
        )?;
        around.marked.is_loose |= is_loose;
        Ok(around.marked)
    }

    fn kind(&self, at: usize) -> Option<GlyphKind> {
        self.glyphs.get(at).map(|glyph| glyph.kind)
    }

    fn char(&self, at: usize) -> Option<char> {
        self.glyphs.get(at).map(|glyph| glyph.char)
    }

    fn before(&self, at: usize) -> Option<Glyph> {
        at.checked_sub(1).map(|before| self.glyphs[before])
    }

    /// The first byte of a glyph, or the end of the text.
    fn byte(&self, at: usize) -> usize {
        self.glyphs
            .get(at)
            .map_or(self.text.len(), |glyph| glyph.start)
    }

    fn end_byte(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |last| self.glyphs[last].end)
    }

    /// The glyph that begins at a byte or after it.
    fn glyph_at(&self, byte: usize) -> usize {
        self.glyphs.partition_point(|glyph| glyph.start < byte)
    }

    /// `45.-`, `45,–`, `45:-`, `45,--`, `45.=`, `45/-`.
    fn no_cents(&self, around: &mut Around<'_>) {
        let (run, end) = (around.run, around.run.end);
        let has_sign = matches!(
            self.kind(end),
            Some(GlyphKind::Mark(Sign::Point | Sign::Comma | Sign::MiddleDot))
        ) || matches!(self.char(end), Some(':' | '/'));
        if !has_sign || run.raised.is_some() {
            return;
        }
        let is_line = |at: &usize| {
            self.kind(*at) == Some(GlyphKind::Dash) || self.char(*at).is_some_and(|c| c == '=')
        };
        let lines = (end + 1..).take(3).take_while(is_line).count();
        let next = end + 1 + lines;
        let is_money = |at: usize| currency::match_after(self.text, self.byte(at)).is_some();
        let goes_on = self.glyphs.get(next).is_some_and(Glyph::is_word) && !is_money(next);
        if !(1..=2).contains(&lines) || goes_on || run.readings(true).is_empty() {
            return;
        }
        around.marked.no_cents = true;
        around.marked.own.end = next;
        around.marked.whole.end = next;
    }

    /// Takes one mark to the left, if there is one.
    fn left(&self, around: &mut Around<'_>) -> bool {
        let start = around.marked.whole.start;
        let Some(near) = self.before(start) else {
            return false;
        };
        let is_apart = near.is_blank();
        let at = if is_apart {
            start.saturating_sub(1)
        } else {
            start
        };
        let Some(glyph) = self.before(at) else {
            return false;
        };
        match glyph.kind {
            GlyphKind::Dash | GlyphKind::Plus if !around.sign => {
                self.sign_left(around, at - 1, is_apart)
            }
            GlyphKind::Other if glyph.char == '(' && !around.open => {
                around.open = true;
                around.marked.whole.start = at - 1;
                true
            }
            // `2.50*3` is a product.
            GlyphKind::Other
                if glyph.char == '*'
                    && !is_apart
                    && !self.before(at - 1).is_some_and(|before| before.is_word()) =>
            {
                around.marked.whole.start = at - 1;
                true
            }
            GlyphKind::Letter | GlyphKind::Currency | GlyphKind::Mark(_) | GlyphKind::Other
                if around.marked.before.is_none() =>
            {
                self.currency_left(around, at, is_apart)
            }
            _ => false,
        }
    }

    fn sign_left(&self, around: &mut Around<'_>, at: usize, is_apart: bool) -> bool {
        let before = self.before(at);
        let is_minus = self.kind(at) == Some(GlyphKind::Dash);
        // No sign in `INV-2024`, `10-20`, `---`; a sign in `RM-4.05`.
        let is_money = || currency::match_before(self.text, self.byte(at)).is_some();
        if before.is_some_and(|b| b.kind == GlyphKind::Dash || (b.is_word() && !is_money())) {
            return false;
        }
        if is_apart && around.marked.before.is_none() {
            // `Item - 4.00` has a dash or a minus; in `10 - 4.00` it is not a sign.
            let last = (0..at).rev().find(|at| !self.glyphs[*at].is_blank());
            let near = last.is_some_and(|last| at - last <= 2);
            let is_number = last.is_some_and(|last| {
                let glyph = self.glyphs[last];
                glyph.is_word() && !matches!(glyph.kind, GlyphKind::Letter)
                    || glyph.kind == GlyphKind::Percent
                    || glyph.char == ')'
            });
            if !self.detached || (near && is_number) {
                return false;
            }
            around.marked.repair = Some(Repair::SignApart);
        }
        around.sign = true;
        around.marked.negative |= is_minus;
        around.marked.own.start = at;
        around.marked.whole.start = at;
        true
    }

    fn currency_left(&self, around: &mut Around<'_>, at: usize, is_apart: bool) -> bool {
        let end = self.end_byte(at);
        let Some(start) = currency::match_before(self.text, end) else {
            return false;
        };
        let form = &self.text[start..end];
        if is_letter(form) && !around.run.has_cents() {
            return false;
        }
        // `/=` follows the number.
        if form.starts_with('/') {
            return false;
        }
        let point = form.ends_with('.') && !currency::has_own_point(form);
        let is_beside = around.marked.whole.start == around.run.first;
        around.marked.may_lead = point && !is_apart && is_beside && around.run.is_whole();
        around.marked.before = Some(start..end);
        around.marked.whole.start = self.glyph_at(start);
        true
    }

    /// Takes one mark to the right, if there is one.
    fn right(&self, around: &mut Around<'_>) -> bool {
        let end = around.marked.whole.end;
        let Some(near) = self.glyphs.get(end) else {
            return false;
        };
        let is_apart = near.is_blank();
        let at = end + usize::from(is_apart);
        let Some(glyph) = self.glyphs.get(at) else {
            return false;
        };
        let is_amount = around.marked.unit.is_none() && !around.marked.percent;
        match glyph.kind {
            GlyphKind::Dash if !around.sign && is_amount => self.sign_right(around, at, is_apart),
            GlyphKind::Percent if is_amount && around.marked.after.is_none() => {
                around.marked.percent = true;
                around.marked.whole.end = at + 1;
                true
            }
            GlyphKind::Other if glyph.char == ')' && around.open && !around.closed => {
                around.closed = true;
                around.marked.own = around.bracketed(at + 1, self.glyphs);
                around.marked.whole.end = at + 1;
                true
            }
            GlyphKind::Other
                if glyph.char == '*'
                    && !is_apart
                    && !self.glyphs.get(at + 1).is_some_and(Glyph::is_word) =>
            {
                around.marked.whole.end = at + 1;
                true
            }
            GlyphKind::Letter | GlyphKind::Currency | GlyphKind::Other | GlyphKind::Mark(_)
                if is_amount =>
            {
                self.word_right(around, at, is_apart)
            }
            _ => false,
        }
    }

    fn sign_right(&self, around: &mut Around<'_>, at: usize, is_apart: bool) -> bool {
        let next = self.glyphs.get(at + 1);
        let follows = |at: usize| {
            let rest = self.glyphs[at..].iter();
            let mut rest = rest.skip_while(|glyph| glyph.is_blank());
            rest.next().is_some_and(Glyph::is_digit)
        };
        let goes_on = match next {
            None => false,
            Some(next) if next.is_blank() => !around.run.has_cents() && follows(at + 1),
            Some(next) => {
                let is_money = || currency::match_after(self.text, next.start).is_some();
                next.kind == GlyphKind::Dash || (next.is_word() && !is_money()) || next.char == '>'
            }
        };
        if goes_on {
            return false;
        }
        if is_apart {
            let ends = match next {
                None => true,
                Some(next) if next.is_blank() => {
                    self.glyphs.get(at + 2).is_none_or(Glyph::is_blank)
                }
                Some(next) => next.kind == GlyphKind::Break,
            };
            if !self.detached || !ends {
                return false;
            }
            around.marked.repair = Some(Repair::SignApart);
        }
        let is_long = matches!(
            self.char(at),
            Some('\u{2013}' | '\u{2014}' | '\u{2015}' | '\u{2012}')
        );
        around.sign = true;
        if is_long && around.run.is_whole() {
            around.marked.may_be_negative = true;
        } else {
            around.marked.negative = true;
        }
        around.marked.own.end = at + 1;
        around.marked.whole.end = at + 1;
        true
    }

    /// Takes CR or DR, a currency, a unit, or a tax code to the right.
    fn word_right(&self, around: &mut Around<'_>, at: usize, is_apart: bool) -> bool {
        let byte = self.byte(at);
        let rest = &self.text[byte..];
        if !around.sign
            && let Some((end, credit)) = side_of_account(rest, around.run.has_cents())
        {
            around.sign = true;
            around.marked.negative |= credit;
            let end = self.glyph_at(byte + end);
            around.marked.own.end = end;
            around.marked.whole.end = end;
            return true;
        }
        if around.marked.after.is_some() {
            return false;
        }
        // `1st` is not a quantity.
        let is_ordinal = !is_apart && rest.starts_with("st") && around.run.ends_with('1');
        if let Some(end) = units::match_unit(rest).filter(|_| !is_ordinal) {
            around.marked.unit = Some(byte..byte + end);
            around.marked.whole.end = self.glyph_at(byte + end);
            return true;
        }
        if let Some(end) = currency::match_after(self.text, byte) {
            let form = &self.text[byte..end];
            if !is_letter(form) {
                around.marked.after = Some(byte..end);
                around.marked.whole.end = self.glyph_at(end);
                return true;
            }
        }
        // `12.50A` has a tax code, `12.5O` a misread digit.
        let is_code = |c: char| c.is_ascii_uppercase() && !looks_like_digit(c);
        let ends = !self.glyphs.get(at + 1).is_some_and(Glyph::is_word);
        if !is_apart && ends && around.run.has_cents() && self.char(at).is_some_and(is_code) {
            around.marked.is_loose = true;
        }
        false
    }

    /// Removes an open bracket that is not closed.
    fn without_bracket(&self, around: &mut Around<'_>) {
        let (own, whole) = (&mut around.marked.own, &mut around.marked.whole);
        let inside = (whole.start..around.run.first).rev();
        let bracket = inside.into_iter().find(|at| self.char(*at) == Some('('));
        if let Some(bracket) = bracket {
            let mut start = bracket + 1;
            while self.glyphs[start].is_blank() {
                start += 1;
            }
            let byte = self.byte(bracket);
            if own.start <= bracket {
                // A minus before the bracket does not belong to the number either.
                own.start = own.start.max(start);
                around.marked.negative = false;
            }
            if around
                .marked
                .before
                .as_ref()
                .is_some_and(|before| before.start < byte)
            {
                around.marked.before = None;
            }
            whole.start = start;
            own.start = own.start.max(start);
        }
    }
}

impl Around<'_> {
    /// The range of the brackets with everything between them.
    fn bracketed(&self, end: usize, glyphs: &[Glyph]) -> Range<usize> {
        let own = &self.marked.own;
        let inside = (self.marked.whole.start..self.run.first).rev();
        let open = inside.into_iter().find(|at| glyphs[*at].char == '(');
        open.map_or(own.start, |open| open.min(own.start))..end
    }
}

/// Whether a form has one letter (`R`): it is a currency only before amounts with cents.
fn is_letter(form: &str) -> bool {
    let mut letters = form.chars().filter(|c| *c != '.');
    letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next().is_none()
}

/// `CR` (credit: deducted; `true`) or `DR` (debit), with its length in bytes.
fn side_of_account(rest: &str, has_cents: bool) -> Option<(usize, bool)> {
    let word: String = rest
        .chars()
        .take_while(|c| c.is_alphabetic())
        .take(3)
        .collect();
    let credit = word.eq_ignore_ascii_case("cr");
    let is_clear = has_cents || (word == "CR" || word == "DR");
    if !(credit || word.eq_ignore_ascii_case("dr")) || !is_clear {
        return None;
    }
    let point = usize::from(rest[2..].starts_with('.'));
    Some((2 + point, credit))
}
