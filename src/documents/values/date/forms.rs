//! Dates in digits: with marks, without marks, and with Roman months.

use super::atoms::{AtomKind, Mark};
use super::cursor::{Cursor, DateSeparator, MARKS, Shape, Triple};
use super::months;
use super::types::{By, Order};

/// `31.12.2024`, `12/31/24`, `2024-12-31`, `31 12 2024`.
pub(super) fn numeric(cursor: &mut Cursor<'_>) -> Option<Shape> {
    let first = cursor.digits(1, 4)?;
    let (separator, blanks) = cursor.separator(&MARKS)?;
    let second = cursor.digits(1, 2)?;
    let (again, more) = cursor.separator(&MARKS)?;
    // `3-21 - 12` is not a date.
    if again != separator || blanks.abs_diff(more) > 1 {
        return None;
    }
    let third = cursor.digits(1, 4)?;
    let own = match separator {
        DateSeparator::Mark(mark) => [mark],
        DateSeparator::Blank => [Mark::Dash],
    };
    if cursor.is_inside(&own) || cursor.goes_on(&own) {
        return None;
    }
    // Only complete dates may have blanks alone; `2025 10 5` has lost its marks.
    let is_full = matches!((first.1, second.1, third.1), (2, 2, 4) | (4, _, 1 | 2));
    if separator == DateSeparator::Blank && !is_full {
        return None;
    }
    // `v1.2.24` is a version, `Date31.12.24` a date.
    let has_year = first.1 == 4 || third.1 == 4;
    let is_two_each = (first.1, second.1, third.1) == (2, 2, 2);
    let joins = |kind: Option<&AtomKind>| match kind {
        Some(AtomKind::Word(word)) => word != "T" && (word.chars().count() < 2 || !is_two_each),
        _ => false,
    };
    if !has_year && (joins(cursor.before(1)) || joins(cursor.peek())) {
        return None;
    }
    Some(Shape {
        end: cursor.at,
        triples: orders(first, second.0, third, separator)?,
        is_marked: separator != DateSeparator::Blank,
    })
}

type DigitRun = (i32, usize);

/// The possible orders of a date in digits.
fn orders(
    first: DigitRun,
    second: i32,
    third: DigitRun,
    separator: DateSeparator,
) -> Option<Vec<Triple>> {
    let by = |order| By::Order(order);
    let day_first = Triple::new(third, second, first.0, by(Order::DayFirst));
    let month_first = Triple::new(third, first.0, second, by(Order::MonthFirst));
    let year_first = Triple::new(first, second, third.0, by(Order::YearFirst));
    match (first.1, third.1) {
        (4, 1 | 2) => Some(vec![Triple {
            by: By::Sure,
            ..year_first
        }]),
        (1 | 2, 4) if separator == DateSeparator::Mark(Mark::Point) => {
            Some(vec![with_points(day_first), month_first.or_else()])
        }
        (1 | 2, 4) => Some(vec![day_first, month_first]),
        (1 | 2, 2) if separator == DateSeparator::Mark(Mark::Point) => {
            let mut orders = vec![with_points(day_first)];
            orders.extend((first.1 == 2).then(|| year_first.or_else()));
            orders.push(month_first.or_else());
            Some(orders)
        }
        (2, 2) => Some(vec![day_first, month_first, year_first]),
        (1, 2) => Some(vec![day_first, month_first]),
        _ => None,
    }
}

/// With points the day comes first. Such a date is no evidence for the order of other dates
/// where it has another possible order.
fn with_points(day_first: Triple) -> Triple {
    let by = if day_first.day > 12 {
        day_first.by
    } else {
        By::Sure
    };
    Triple { by, ..day_first }
}

/// `20241231`, `31122024`.
pub(super) fn compact(cursor: &mut Cursor<'_>) -> Option<Shape> {
    let (number, _) = cursor.digits(8, 8)?;
    let joins = |kind: Option<&AtomKind>, beyond: Option<&AtomKind>| match kind {
        Some(AtomKind::Word(_) | AtomKind::Digits(..)) => true,
        Some(AtomKind::Mark(Mark::Dash | Mark::Slash | Mark::Point | Mark::Comma)) => {
            matches!(beyond, Some(AtomKind::Word(_) | AtomKind::Digits(..)))
        }
        _ => false,
    };
    let is_time = matches!(cursor.peek(), Some(AtomKind::Word(word)) if word == "T")
        || (cursor.peek() == Some(&AtomKind::Mark(Mark::Slash))
            && matches!(cursor.kind(cursor.at + 1), Some(AtomKind::Digits(_, 4 | 6))));
    if joins(cursor.before(1), cursor.before(2))
        || (joins(cursor.peek(), cursor.kind(cursor.at + 1)) && !is_time)
    {
        return None;
    }
    let (high, low) = (number / 10_000, number % 10_000);
    let year_first = Triple::new((high, 4), low / 100, low % 100, By::Sure);
    let year = (low, 4);
    let by = |order| By::Order(order);
    let triples = if (1900..2100).contains(&high) {
        vec![
            year_first,
            Triple::new(year, high % 100, high / 100, by(Order::DayFirst)).or_else(),
        ]
    } else {
        vec![
            Triple::new(year, high % 100, high / 100, by(Order::DayFirst)),
            Triple::new(year, high / 100, high % 100, by(Order::MonthFirst)),
        ]
    };
    Some(Shape {
        end: cursor.at,
        triples,
        is_marked: false,
    })
}

/// `5.XII.2024`, `5 XII 2024`, `2024. XII. 5.`.
pub(super) fn roman(cursor: &mut Cursor<'_>) -> Option<Shape> {
    let first = cursor.digits(1, 4)?;
    let (separator, _) = cursor.separator(&MARKS)?;
    let word = cursor.word()?;
    let month = match months::roman(word) {
        Some(month) => month,
        // Lower-case Roman digits only between points.
        None if separator == DateSeparator::Mark(Mark::Point) => {
            months::roman(&word.to_ascii_uppercase())?
        }
        None => return None,
    };
    if cursor.separator(&MARKS)?.0 != separator {
        return None;
    }
    let third = cursor.digits(1, 4)?;
    if cursor.is_inside(&MARKS) || cursor.goes_on(&MARKS) {
        return None;
    }
    let triple = match (first.1, third.1) {
        (4, 1 | 2) => Triple::new(first, month.into(), third.0, By::Sure),
        (1 | 2, 4) => Triple::new(third, month.into(), first.0, By::Sure),
        (1 | 2, 2) if separator != DateSeparator::Blank => {
            Triple::new(third, month.into(), first.0, By::Sure)
        }
        _ => return None,
    };
    Some(Shape {
        end: cursor.at,
        triples: vec![triple],
        is_marked: true,
    })
}
