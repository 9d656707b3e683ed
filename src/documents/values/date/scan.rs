//! Finds the dates of a text.

use std::ops::Range;

use jiff::civil::Date;

use super::atoms::{self, Atom, AtomKind};
use super::cursor::{Cursor, Shape, Triple};
use super::types::{DateError, DateMeaning, DateReading, DateSpan};
use super::{east_asian, forms, words};

/// Every date of a text, from left to right. Years of two digits are at most a year after
/// `today`, if it is given.
pub fn scan(text: &str, today: Option<Date>) -> Vec<DateSpan> {
    find(text, today).0
}

/// The dates, and the error of the first text that has the form of a date but names no day.
pub(super) fn find(text: &str, today: Option<Date>) -> (Vec<DateSpan>, Option<DateError>) {
    let atoms = atoms::atoms(text);
    let (mut spans, mut failed) = (Vec::new(), None);
    let mut start = 0;
    while start < atoms.len() {
        match longest(&atoms, start, today) {
            Some(Ok((span, end))) => {
                spans.push(span);
                start = end;
            }
            Some(Err(error)) => {
                failed.get_or_insert(error);
                start += 1;
            }
            None => start += 1,
        }
    }
    (spans, failed)
}

type Found = Result<(DateSpan, usize), DateError>;

/// The longest date that begins at an atom.
fn longest(atoms: &[Atom], start: usize, today: Option<Date>) -> Option<Found> {
    let (mut best, mut failed): (Option<(DateSpan, usize)>, _) = (None, None);
    for shape in shapes(atoms, start) {
        match evaluate(&shape, today) {
            Ok(reading) => {
                let end = shape.end;
                if best.as_ref().is_none_or(|(_, longest)| end > *longest) {
                    let range = atoms[start].range.start..atoms[end - 1].range.end;
                    let is_marked = shape.is_marked;
                    let span = DateSpan {
                        range,
                        reading,
                        is_marked,
                    };
                    best = Some((span, end));
                }
            }
            Err(error) => {
                failed.get_or_insert(error);
            }
        }
    }
    best.map(Ok).or(failed.map(Err))
}

/// The days that a shape can be, at least one.
fn evaluate(shape: &Shape, today: Option<Date>) -> Result<DateReading, DateError> {
    let (mut readings, mut failed) = (Vec::<DateMeaning>::new(), None);
    for triple in &shape.triples {
        match day(triple, today) {
            Ok(date) => {
                // A fallback counts only where the previous orders give no day.
                if triple.is_fallback && !readings.is_empty() {
                    continue;
                }
                readings.push(DateMeaning {
                    date,
                    by: triple.by,
                });
            }
            Err(error) => {
                failed.get_or_insert(error);
            }
        }
    }
    if readings.is_empty() {
        return Err(failed.unwrap_or(DateError::NotADate));
    }
    Ok(DateReading(readings))
}

/// The years of documents.
const YEARS: Range<i32> = 1900..2100;

fn day(triple: &Triple, today: Option<Date>) -> Result<Date, DateError> {
    let Triple {
        year, month, day, ..
    } = *triple;
    let full = if triple.is_short {
        if year < 70 { 2000 + year } else { 1900 + year }
    } else {
        year
    };
    let no_day = DateError::NoSuchDay {
        year: full,
        month,
        day,
    };
    if !YEARS.contains(&full) {
        return Err(DateError::Year(full));
    }
    let number = |n: i32| i8::try_from(n).ok();
    let (Ok(year), Some(month), Some(day)) = (i16::try_from(full), number(month), number(day))
    else {
        return Err(no_day);
    };
    let date = Date::new(year, month, day).map_err(|_| no_day)?;
    let latest = today.and_then(|today| today.checked_add(jiff::Span::new().days(YEAR_AHEAD)).ok());
    if triple.is_short && latest.is_some_and(|latest| date > latest) {
        return Err(DateError::FarAhead(full));
    }
    Ok(date)
}

/// Most days in the future of a date with a year of two digits; due dates are nearer.
const YEAR_AHEAD: i64 = 380;

/// Every form that fits at an atom.
fn shapes(atoms: &[Atom], start: usize) -> Vec<Shape> {
    let readers: &[fn(&mut Cursor<'_>) -> Option<Shape>] = match atoms[start].kind {
        AtomKind::Digits(..) => &[
            forms::numeric,
            forms::compact,
            forms::roman,
            east_asian::east_asian,
            east_asian::vietnamese,
            words::day_first,
            words::year_first,
        ],
        AtomKind::Word(_) => &[east_asian::era, words::month_first],
        _ => return Vec::new(),
    };
    let shapes = readers.iter().filter_map(|read| {
        read(&mut Cursor {
            atoms,
            start,
            at: start,
        })
    });
    shapes.collect()
}
