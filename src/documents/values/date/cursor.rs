//! A cursor that reads a date from a place in a text.

use super::atoms::{Atom, AtomKind, Mark};
use super::types::By;

/// A possible date: its days in the order of preference.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Index of the atom after it.
    pub end: usize,
    pub triples: Vec<Triple>,
    pub is_marked: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Triple {
    /// With `is_short` the last two digits.
    pub year: i32,
    /// Whether the year has only two digits.
    pub is_short: bool,
    /// 1 to 12 in a valid date.
    pub month: i32,
    /// 1 to 31 in a valid date.
    pub day: i32,
    pub by: By,
    /// Whether it counts only where the previous ones are not valid days.
    pub is_fallback: bool,
}

impl Triple {
    pub fn new((year, digits): (i32, usize), month: i32, day: i32, by: By) -> Triple {
        Triple {
            year: if digits > 2 { gregorian(year) } else { year },
            is_short: digits <= 2,
            month,
            day,
            by,
            is_fallback: false,
        }
    }

    pub fn or_else(self) -> Triple {
        Triple {
            is_fallback: true,
            ..self
        }
    }
}

/// Converts Buddhist years (Thailand), which are 543 higher.
fn gregorian(year: i32) -> i32 {
    const BUDDHIST: i32 = 543;
    if (1900 + BUDDHIST..2100 + BUDDHIST).contains(&year) {
        year - BUDDHIST
    } else {
        year
    }
}

/// A place among the atoms.
pub(super) struct Cursor<'a> {
    pub atoms: &'a [Atom],
    pub start: usize,
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn kind(&self, at: usize) -> Option<&'a AtomKind> {
        self.atoms.get(at).map(|atom| &atom.kind)
    }

    pub fn peek(&self) -> Option<&'a AtomKind> {
        self.kind(self.at)
    }

    /// A number with `least` to `most` digits, and how many it has.
    pub fn digits(&mut self, least: usize, most: usize) -> Option<(i32, usize)> {
        let Some(AtomKind::Digits(value, digits)) = self.peek() else {
            return None;
        };
        if !(least..=most).contains(digits) {
            return None;
        }
        self.at += 1;
        Some((i32::try_from(*value).ok()?, *digits))
    }

    pub fn word(&mut self) -> Option<&'a str> {
        let Some(AtomKind::Word(word)) = self.peek() else {
            return None;
        };
        self.at += 1;
        Some(word)
    }

    pub fn mark(&mut self, wanted: &[Mark]) -> Option<Mark> {
        match self.peek() {
            Some(AtomKind::Mark(mark)) if wanted.contains(mark) => {
                self.at += 1;
                Some(*mark)
            }
            _ => None,
        }
    }

    pub fn blank(&mut self) -> bool {
        let is_blank = self.peek() == Some(&AtomKind::Blank);
        self.at += usize::from(is_blank);
        is_blank
    }

    /// A mark between numbers with at most one blank on each side, or a single blank; and the
    /// number of blanks.
    pub fn separator(&mut self, marks: &[Mark]) -> Option<(DateSeparator, usize)> {
        let before = self.blank();
        match self.mark(marks) {
            Some(mark) => {
                let after = self.blank();
                Some((
                    DateSeparator::Mark(mark),
                    usize::from(before) + usize::from(after),
                ))
            }
            None => before.then_some((DateSeparator::Blank, 0)),
        }
    }

    pub fn before(&self, back: usize) -> Option<&'a AtomKind> {
        self.start.checked_sub(back).map(|at| &self.atoms[at].kind)
    }

    fn is_mark_and_digits(&self, at: usize, marks: &[Mark]) -> bool {
        matches!(self.kind(at), Some(AtomKind::Mark(mark)) if marks.contains(mark))
            && matches!(self.kind(at + 1), Some(AtomKind::Digits(..)))
    }

    /// Whether digits continue after the apparent end: `12.5.10.20`, `2 May 15.00`. A time
    /// (`,14:30`) does not count.
    pub fn goes_on(&self, own: &[Mark]) -> bool {
        let is_time = self.kind(self.at + 2) == Some(&AtomKind::Mark(Mark::Colon));
        let decimals = self.is_mark_and_digits(self.at, &[Mark::Point, Mark::Comma]) && !is_time;
        decimals
            || self.is_mark_and_digits(self.at, own)
            || matches!(self.peek(), Some(AtomKind::Digits(..)))
    }

    /// Whether the first digits continue earlier ones: `4.12.03.2025`.
    pub fn is_inside(&self, own: &[Mark]) -> bool {
        let is_digits = |kind: Option<&AtomKind>| matches!(kind, Some(AtomKind::Digits(..)));
        match self.before(1) {
            Some(AtomKind::Digits(..)) => true,
            Some(AtomKind::Mark(mark @ (Mark::Point | Mark::Comma))) => {
                is_digits(self.before(2)) && (own.contains(mark) || !self.ends_date())
            }
            Some(AtomKind::Mark(mark)) if own.contains(mark) => {
                is_digits(self.before(2)) || matches!(self.before(2), Some(AtomKind::Word(_)))
            }
            _ => false,
        }
    }

    /// Whether a date ends here, as in `24,12-31-2024`: a list of dates, not one number.
    fn ends_date(&self) -> bool {
        matches!(self.before(2), Some(AtomKind::Digits(_, 4)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DateSeparator {
    Mark(Mark),
    Blank,
}

/// Marks between day, month and year in digits.
pub(super) const MARKS: [Mark; 3] = [Mark::Point, Mark::Slash, Mark::Dash];
