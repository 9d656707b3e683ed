//! Runs of digits with their separators, and their possible values.

use rust_decimal::Decimal;

use super::super::chars::{Glyph, GlyphKind, Script, Sign};
use super::types::{Convention, NumberMeaning};

/// Digits with single signs between them, as in a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DigitRun {
    /// Index of the first glyph; `end` is the index after the last one.
    pub first: usize,
    pub end: usize,
    /// The first is empty where the number begins with a sign: `.99`.
    pub groups: Vec<String>,
    /// One fewer than groups.
    pub signs: Vec<Sign>,
    /// Two raised digits at the end: `12⁹⁹`.
    pub raised: Option<String>,
    pub script: Script,
}

/// All runs of a text, without those with digits of several scripts.
pub(super) fn runs(glyphs: &[Glyph]) -> Vec<DigitRun> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < glyphs.len() {
        match run_at(glyphs, at) {
            Some(run) => {
                at = run.end;
                runs.push(run);
            }
            None => at += 1,
        }
    }
    runs
}

fn run_at(glyphs: &[Glyph], first: usize) -> Option<DigitRun> {
    let mut groups = vec![String::new()];
    let mut signs = Vec::new();
    let mut script = None;
    let mut at = first;
    while let Some(glyph) = glyphs.get(at) {
        match glyph.kind {
            GlyphKind::Digit { value, script: of } => {
                if script.is_some_and(|script| script != of) {
                    break;
                }
                script = Some(of);
                groups.last_mut()?.push(char::from(b'0' + value));
            }
            GlyphKind::Mark(sign) if glyphs.get(at + 1).is_some_and(Glyph::is_digit) => {
                if at == first && !may_lead(glyphs, at, sign) {
                    return None;
                }
                let follows = glyphs[at + 1];
                if script.is_some_and(|script| !is_of(follows, script)) {
                    break;
                }
                signs.push(sign);
                groups.push(String::new());
            }
            // `12€50`: a sign between the units and two digits of cents.
            GlyphKind::Currency
                if at > first && signs.is_empty() && are_cents(&glyphs[at + 1..], Glyph::digit) =>
            {
                signs.push(Sign::Currency);
                groups.push(String::new());
            }
            _ => break,
        }
        at += 1;
    }
    let script = script?;
    // `12⁹⁹`, `12,⁹⁹`.
    let sign = matches!(
        glyphs.get(at).map(|glyph| glyph.kind),
        Some(GlyphKind::Mark(Sign::Point | Sign::Comma))
    );
    let raised_at = at + usize::from(sign);
    let raised = raised(glyphs, raised_at);
    let end = raised
        .as_ref()
        .map_or(at, |raised| raised_at + raised.len());
    Some(DigitRun {
        first,
        end,
        groups,
        signs,
        raised,
        script,
    })
}

fn is_of(glyph: Glyph, script: Script) -> bool {
    matches!(glyph.kind, GlyphKind::Digit { script: of, .. } if of == script)
}

/// Whether a decimal sign may begin a number (`.99`, `$.99`): not where it ends a word or a
/// sentence.
fn may_lead(glyphs: &[Glyph], at: usize, sign: Sign) -> bool {
    let is_decimal = matches!(sign, Sign::Point | Sign::Comma | Sign::ArabicDecimal);
    let before = at.checked_sub(1).map(|before| glyphs[before]);
    is_decimal
        && before.is_none_or(|before| match before.kind {
            GlyphKind::Blank(_)
            | GlyphKind::Break
            | GlyphKind::Dash
            | GlyphKind::Plus
            | GlyphKind::Currency => true,
            _ => matches!(before.char, '(' | '*' | ':' | '=' | '"' | '|' | '['),
        })
}

/// Whether exactly two digits follow.
fn are_cents(glyphs: &[Glyph], digit: impl Fn(&Glyph) -> Option<u8>) -> bool {
    let digits = glyphs.iter().take_while(|glyph| digit(glyph).is_some());
    digits.take(3).count() == 2
}

fn raised(glyphs: &[Glyph], at: usize) -> Option<String> {
    let digit = |glyph: &Glyph| match glyph.kind {
        GlyphKind::Raised(value) => Some(value),
        _ => None,
    };
    let rest = &glyphs[at.min(glyphs.len())..];
    let digits = rest.iter().map_while(digit);
    are_cents(rest, digit).then(|| digits.map(|d| char::from(b'0' + d)).collect())
}

impl DigitRun {
    /// Whether it has digits alone.
    pub fn is_whole(&self) -> bool {
        self.signs.is_empty() && self.raised.is_none()
    }

    /// Whether it has two digits after the only or last sign, as money has.
    pub fn has_cents(&self) -> bool {
        self.raised.is_some()
            || (!self.signs.is_empty() && self.groups.last().is_some_and(|last| last.len() == 2))
    }

    pub fn ends_with(&self, digit: char) -> bool {
        self.groups.last().is_some_and(|last| last.ends_with(digit))
    }

    pub fn digits(&self) -> usize {
        self.groups.iter().map(String::len).sum()
    }

    /// Its possible values: none, one or two. `no_cents`: a dash stands for the cents
    /// (`45.-`), so that every sign separates thousands.
    pub fn readings(&self, no_cents: bool) -> Vec<NumberMeaning> {
        if let Some(cents) = &self.raised {
            return self.with_cents(cents);
        }
        if no_cents {
            return self.with_cents("00");
        }
        match self.signs.as_slice() {
            [] => reading(&self.groups[0], "", Convention::default())
                .into_iter()
                .collect(),
            [sign] => self.with_one_sign(*sign),
            [signs @ .., last] => {
                if signs.iter().all(|sign| sign == last) {
                    return self.grouped(&self.groups, *last, "", None);
                }
                let (groups, decimals) = self.groups.split_at(self.groups.len() - 1);
                let same = signs.iter().all(|sign| *sign == signs[0]);
                if !same || !is_decimal(*last) || !is_grouping(signs[0]) {
                    return Vec::new();
                }
                self.grouped(groups, signs[0], &decimals[0], Some(*last))
            }
        }
    }

    /// Units, with or without grouping, whose cents are in another notation. A sign directly
    /// before raised cents is not part of the run.
    fn with_cents(&self, cents: &str) -> Vec<NumberMeaning> {
        let Some(sign) = self.signs.first() else {
            let convention = Convention::default();
            return reading(&self.groups[0], cents, convention)
                .into_iter()
                .collect();
        };
        if self.signs.iter().any(|other| other != sign) || !is_grouping(*sign) {
            return Vec::new();
        }
        self.grouped(&self.groups, *sign, cents, None)
    }

    fn with_one_sign(&self, sign: Sign) -> Vec<NumberMeaning> {
        let (units, decimals) = (&self.groups[0], &self.groups[1]);
        let mut readings = Vec::new();
        if is_grouping(sign) {
            readings.extend(self.grouped(&self.groups, sign, "", None));
        }
        // Apostrophes are decimal signs in handwriting, before two digits only.
        let fits = match sign {
            Sign::Apostrophe => decimals.len() == 2 && !units.is_empty(),
            sign => is_decimal(sign),
        };
        if fits {
            let convention = Convention {
                decimal: Some(sign),
                grouping: None,
            };
            readings.extend(reading(units, decimals, convention));
        }
        readings
    }

    /// Groups of thousands, or of Indian lakhs and crores (`12,34,567`).
    fn grouped(
        &self,
        groups: &[String],
        sign: Sign,
        decimals: &str,
        decimal: Option<Sign>,
    ) -> Vec<NumberMeaning> {
        if !(are_thousands(groups) || sign == Sign::Comma && are_lakhs(groups)) {
            return Vec::new();
        }
        let convention = Convention {
            decimal,
            grouping: Some(sign),
        };
        reading(&groups.concat(), decimals, convention)
            .into_iter()
            .collect()
    }
}

fn is_decimal(sign: Sign) -> bool {
    matches!(
        sign,
        Sign::Point | Sign::Comma | Sign::MiddleDot | Sign::ArabicDecimal | Sign::Currency
    )
}

fn is_grouping(sign: Sign) -> bool {
    matches!(
        sign,
        Sign::Point | Sign::Comma | Sign::Apostrophe | Sign::Space | Sign::ArabicThousands
    )
}

/// Whether the groups are 1 to 3 digits that do not begin with a zero, then groups of 3.
fn are_thousands(groups: &[String]) -> bool {
    let Some((first, rest)) = groups.split_first() else {
        return false;
    };
    leads(first, 3) && !rest.is_empty() && rest.iter().all(|group| group.len() == 3)
}

/// Whether the groups are 1 or 2 digits, groups of 2, and 3 digits at the end.
fn are_lakhs(groups: &[String]) -> bool {
    match groups {
        [first, middle @ .., last] => {
            leads(first, 2)
                && !middle.is_empty()
                && middle.iter().all(|group| group.len() == 2)
                && last.len() == 3
        }
        _ => false,
    }
}

fn leads(first: &str, most: usize) -> bool {
    (1..=most).contains(&first.len()) && !first.starts_with('0')
}

/// A meaning of these digits; `None` for more digits than a decimal has (28).
fn reading(units: &str, decimals: &str, convention: Convention) -> Option<NumberMeaning> {
    let units = if units.is_empty() { "0" } else { units };
    let text = match decimals {
        "" => units.to_owned(),
        decimals => format!("{units}.{decimals}"),
    };
    let value = Decimal::from_str_exact(&text).ok()?;
    Some(NumberMeaning { value, convention })
}

/// Runs with blanks between them, joined where they can be one number.
pub(super) fn joined(glyphs: &[Glyph], runs: &[DigitRun]) -> Vec<Joined> {
    /// Most groups of an amount of money.
    const MOST: usize = 6;
    let mut all = Vec::new();
    for first in 0..runs.len() {
        let mut whole = runs[first].clone();
        if !whole.is_whole() || !leads(&whole.groups[0], 3) {
            all.extend(repaired(glyphs, runs, first));
            continue;
        }
        all.extend(repaired(glyphs, runs, first));
        let mut tight = true;
        for next in runs.iter().skip(first + 1).take(MOST) {
            let Some(is_tight) = blank_between(glyphs, whole.end, next.first) else {
                break;
            };
            let is_group = next.groups[0].len() == 3
                && next.signs.len() <= 1
                && next.script == whole.script
                && next.signs.first().is_none_or(|sign| is_decimal(*sign));
            if !is_group {
                break;
            }
            tight &= is_tight;
            whole.signs.push(Sign::Space);
            whole.append(next);
            all.push(Joined {
                run: whole.clone(),
                is_repaired: false,
                is_tight: tight,
            });
            if !next.is_whole() {
                break;
            }
        }
    }
    all
}

/// One number of several runs.
pub(super) struct Joined {
    pub run: DigitRun,
    /// Whether a blank is at a wrong place: `12. 50`.
    pub is_repaired: bool,
    /// Whether all blanks are no-break spaces: its parts are then not numbers.
    pub is_tight: bool,
}

impl DigitRun {
    fn append(&mut self, next: &DigitRun) {
        self.groups.extend(next.groups.iter().cloned());
        self.signs.extend(&next.signs);
        self.raised.clone_from(&next.raised);
        self.end = next.end;
    }
}

/// `Some` where exactly one blank is between two runs; whether it is a no-break space.
fn blank_between(glyphs: &[Glyph], end: usize, start: usize) -> Option<bool> {
    match glyphs.get(end..start)? {
        [one] => match one.kind {
            GlyphKind::Blank(is_tight) => Some(is_tight),
            _ => None,
        },
        _ => None,
    }
}

/// Joins runs with a blank beside a sign, as OCR may give it: `12. 50`, `12 ,50`, `1, 234.50`.
fn repaired(glyphs: &[Glyph], runs: &[DigitRun], first: usize) -> Option<Joined> {
    let (run, next) = (&runs[first], runs.get(first + 1)?);
    if run.raised.is_some() || run.script != next.script {
        return None;
    }
    let mut whole = run.clone();
    let between = glyphs.get(run.end..next.first)?;
    match between {
        [sign, blank] if blank.is_blank() => {
            let GlyphKind::Mark(sign) = sign.kind else {
                return None;
            };
            let are_cents = next.is_whole() && next.groups[0].len() == 2 && is_decimal(sign);
            let is_group = run.is_whole()
                && next.groups[0].len() == 3
                && next.has_cents()
                && next.signs.first() != Some(&sign);
            if !are_cents && !is_group {
                return None;
            }
            whole.signs.push(sign);
            whole.append(next);
        }
        [blank] if blank.is_blank() && next.groups[0].is_empty() && next.has_cents() => {
            whole.signs.push(next.signs[0]);
            whole.groups.push(next.groups[1].clone());
            whole.end = next.end;
        }
        _ => return None,
    }
    Some(Joined {
        run: whole,
        is_repaired: true,
        is_tight: false,
    })
}
