//! Dates with the month in words.

use super::super::chars::fold;
use super::atoms::{AtomKind, Mark};
use super::cursor::{Cursor, Shape, Triple};
use super::months::{self, NamedMonth};
use super::types::By;

/// Marks that may stand between day, month and year.
const BETWEEN: [Mark; 5] = [
    Mark::Point,
    Mark::Comma,
    Mark::Dash,
    Mark::Slash,
    Mark::Apostrophe,
];
/// Most atoms between two parts: `. `, ` - `, `, '`.
const MOST_BETWEEN: usize = 3;

/// Folded words between day, month and year without a meaning of their own.
const FILLERS: [&str; 22] = [
    "de", "del", "of", "di", "da", "d", "den", "do", "the", "mi", "na", "m", "gada", "gads",
    "metu", "года", "г", "พ", "ค", "ศ", "ar", "urte",
];

/// `31 December 2024`, `31. Dez. 2024`, `31 de diciembre de 2024`, `31-DEC-24`.
pub(super) fn day_first(cursor: &mut Cursor<'_>) -> Option<Shape> {
    if cursor.is_inside(&[Mark::Dash, Mark::Slash]) || is_beside_word(cursor) {
        return None;
    }
    let day = day(cursor)?;
    between(cursor);
    let months = month(cursor)?;
    between(cursor);
    let year = year(cursor)?;
    Some(shape(cursor, months, day, year))
}

/// `December 31, 2024`, `Dec 31st 2024`.
pub(super) fn month_first(cursor: &mut Cursor<'_>) -> Option<Shape> {
    if matches!(
        cursor.before(1),
        Some(AtomKind::Digits(..) | AtomKind::Word(_))
    ) {
        return None;
    }
    let months = month(cursor)?;
    between(cursor);
    let day = day(cursor)?;
    let marks = between(cursor);
    let year = year(cursor)?;
    // `May 12 24` may be a list of numbers.
    let is_marked = marks.contains(&Mark::Comma)
        || marks.contains(&Mark::Apostrophe)
        || marks.contains(&Mark::Dash)
        || marks.contains(&Mark::Slash);
    if year.1 == 2 && !is_marked {
        return None;
    }
    Some(shape(cursor, months, day, year))
}

/// `2024 December 31`, `2024. december 31.`, `2024 m. gruodžio 31 d.`, `2024.
/// gada 31. decembris`.
pub(super) fn year_first(cursor: &mut Cursor<'_>) -> Option<Shape> {
    if cursor.is_inside(&[Mark::Dash, Mark::Slash]) || is_beside_word(cursor) {
        return None;
    }
    let year = cursor.digits(4, 4)?;
    between(cursor);
    let before = cursor.digits(1, 2);
    if before.is_some() {
        between(cursor);
    }
    let months = month(cursor)?;
    let day = match before {
        Some((day, _)) => day,
        None => {
            between(cursor);
            day(cursor)?
        }
    };
    (!cursor.goes_on(&[Mark::Dash, Mark::Slash])).then(|| shape(cursor, months, day, year))
}

fn is_beside_word(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.before(1), Some(AtomKind::Word(_)))
}

fn shape(cursor: &Cursor<'_>, months: Vec<NamedMonth>, day: i32, year: (i32, usize)) -> Shape {
    let by = |named: &NamedMonth| {
        if months.len() == 1 {
            By::Sure
        } else {
            By::Language(named.language)
        }
    };
    let triple = |named: &NamedMonth| {
        // Thai dates shorten Buddhist years to two digits.
        let year = match (named.language, year.1) {
            ("th", 2) => (2500 + year.0, 4),
            _ => year,
        };
        Triple::new(year, named.month.into(), day, by(named))
    };
    Shape {
        end: cursor.at,
        triples: months.iter().map(triple).collect(),
        is_marked: true,
    }
}

/// A day with a possible suffix: `1st`, `1er`, `12.`, `1º`.
fn day(cursor: &mut Cursor<'_>) -> Option<i32> {
    const ORDINALS: [&str; 12] = [
        "st", "nd", "rd", "th", "er", "o", "a", "os", "u", "ste", "de", "e",
    ];
    let (day, _) = cursor.digits(1, 2)?;
    if let Some(AtomKind::Word(word)) = cursor.peek()
        && ORDINALS.contains(&fold(word).as_str())
        && matches!(
            cursor.kind(cursor.at + 1),
            Some(AtomKind::Blank | AtomKind::Mark(_)) | None
        )
    {
        cursor.at += 1;
    }
    Some(day)
}

/// A month's name, or an abbreviation with a point.
fn month(cursor: &mut Cursor<'_>) -> Option<Vec<NamedMonth>> {
    let start = cursor.at;
    let word = cursor.word()?;
    if let Some(month) = irish(cursor, word) {
        return Some(month);
    }
    let named = months::months(word);
    if !named.is_empty() {
        return Some(named);
    }
    // `ธ.ค.`: two short pieces with points.
    cursor.mark(&[Mark::Point])?;
    let second = cursor.word()?;
    let named = months::months(&format!("{word}{second}"));
    if named.is_empty() || second.chars().count() > 2 {
        cursor.at = start;
        return None;
    }
    cursor.mark(&[Mark::Point]);
    Some(named)
}

/// `Meán Fómhair` and `Deireadh Fómhair`.
fn irish(cursor: &mut Cursor<'_>, word: &str) -> Option<Vec<NamedMonth>> {
    let month = match fold(word).as_str() {
        "mean" | "mhean" => 9,
        "deireadh" | "dheireadh" => 10,
        _ => return None,
    };
    cursor.blank();
    let second = fold(cursor.word()?);
    (second == "fomhair" || second == "fhomhair").then(|| {
        vec![NamedMonth {
            month,
            language: "ga",
        }]
    })
}

/// Skips marks, blanks and fillers, and returns the marks.
fn between(cursor: &mut Cursor<'_>) -> Vec<Mark> {
    let mut marks = Vec::new();
    for _ in 0..2 {
        for _ in 0..MOST_BETWEEN {
            match cursor.mark(&BETWEEN) {
                Some(mark) => marks.push(mark),
                None if cursor.blank() => {}
                None => break,
            }
        }
        if !filler(cursor) {
            break;
        }
        for _ in 0..MOST_BETWEEN {
            if cursor.mark(&BETWEEN).is_none() && !cursor.blank() {
                break;
            }
        }
    }
    marks
}

fn filler(cursor: &mut Cursor<'_>) -> bool {
    match cursor.peek() {
        Some(AtomKind::Word(word)) if FILLERS.contains(&fold(word).as_str()) => {
            cursor.at += 1;
            true
        }
        _ => false,
    }
}

/// A year of four digits, or of two that are not the beginning of another value; and its
/// number of digits.
fn year(cursor: &mut Cursor<'_>) -> Option<(i32, usize)> {
    let year = cursor.digits(2, 4).filter(|(_, digits)| *digits != 3)?;
    if cursor.goes_on(&[Mark::Dash, Mark::Slash]) {
        return None;
    }
    if year.1 == 2 {
        let is_time = cursor.peek() == Some(&AtomKind::Mark(Mark::Colon));
        let is_unit = matches!(cursor.peek(), Some(AtomKind::Word(_)));
        let full_follows = cursor.peek() == Some(&AtomKind::Blank)
            && matches!(cursor.kind(cursor.at + 1), Some(AtomKind::Digits(year, 4)) if (1900..2100).contains(year));
        if is_time || is_unit || full_follows {
            return None;
        }
    }
    Some(year)
}
