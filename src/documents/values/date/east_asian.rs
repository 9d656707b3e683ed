//! The forms of dates in East Asia.

use super::super::chars::fold;
use super::atoms::{AtomKind, Mark};
use super::cursor::{Cursor, MARKS, Shape, Triple};
use super::types::By;

/// `2024年12月31日`, `2024년 12월 31일`.
pub(super) fn east_asian(cursor: &mut Cursor<'_>) -> Option<Shape> {
    let year = cursor.digits(2, 4).filter(|(_, digits)| *digits != 3)?;
    let (month, day) = month_and_day(cursor)?;
    Some(Shape {
        end: cursor.at,
        triples: vec![Triple::new(year, month, day, By::Sure)],
        is_marked: true,
    })
}

/// The rest after the number of the year: `年12月31日`.
fn month_and_day(cursor: &mut Cursor<'_>) -> Option<(i32, i32)> {
    let mut unit = |wanted: &[&str]| {
        cursor.blank();
        let word = cursor.word()?;
        cursor.blank();
        wanted.contains(&word).then_some(())?;
        Some(cursor.digits(1, 2))
    };
    let (month, _) = unit(&["年", "년"])??;
    let (day, _) = unit(&["月", "월"])??;
    let at = cursor.at;
    cursor.blank();
    match cursor.word() {
        Some("日" | "号" | "號" | "일") => Some((month, day)),
        _ => {
            cursor.at = at;
            None
        }
    }
}

/// Eras of Japan and the Republic of China: name, first year, number of years.
const ERAS: [(&str, i32, i32); 10] = [
    ("令和", 2019, 99),
    ("平成", 1989, 31),
    ("昭和", 1926, 64),
    ("大正", 1912, 15),
    ("明治", 1868, 45),
    ("民國", 1912, 199),
    ("民国", 1912, 199),
    ("R", 2019, 99),
    ("H", 1989, 31),
    ("S", 1926, 64),
];

/// `令和6年12月31日`, `令和元年5月1日`, `R6.12.31`.
pub(super) fn era(cursor: &mut Cursor<'_>) -> Option<Shape> {
    if matches!(
        cursor.before(1),
        Some(AtomKind::Digits(..) | AtomKind::Mark(Mark::Dash | Mark::Slash | Mark::Point))
    ) {
        return None;
    }
    let mut name = cursor.word()?.to_owned();
    let is_letter = name.len() == 1;
    if is_letter && matches!(cursor.before(1), Some(AtomKind::Word(_))) {
        return None;
    }
    if !is_letter && name.chars().count() == 1 {
        name.push_str(cursor.word()?);
    }
    let (_, first, most) = *ERAS.iter().find(|(era, ..)| *era == name)?;
    if !is_letter {
        cursor.blank();
    }
    let (year, _) = match cursor.peek() {
        Some(AtomKind::Word(word)) if word == "元" => {
            cursor.at += 1;
            (1, 1)
        }
        _ => cursor.digits(1, 3)?,
    };
    if !(1..=most).contains(&year) {
        return None;
    }
    let (month, day) = month_and_day(cursor).or_else(|| era_in_marks(cursor, &name))?;
    let year = (first + year - 1, 4);
    Some(Shape {
        end: cursor.at,
        triples: vec![Triple::new(year, month, day, By::Sure)],
        is_marked: true,
    })
}

fn era_in_marks(cursor: &mut Cursor<'_>, name: &str) -> Option<(i32, i32)> {
    let year = cursor.kind(cursor.at.checked_sub(1)?)?.clone();
    let mark = cursor.mark(&MARKS)?;
    let month = cursor.digits(1, 2)?;
    cursor.mark(&[mark])?;
    let day = cursor.digits(1, 2)?;
    if cursor.goes_on(&MARKS) || matches!(cursor.peek(), Some(AtomKind::Word(_))) {
        return None;
    }
    // `H1.2.3` is a heading.
    let AtomKind::Digits(_, digits) = year else {
        return None;
    };
    let is_clear = name != "H" && name != "S" || digits + month.1 + day.1 > 3;
    is_clear.then_some((month.0, day.0))
}

/// `31 tháng 12 năm 2024`.
pub(super) fn vietnamese(cursor: &mut Cursor<'_>) -> Option<Shape> {
    let (day, _) = cursor.digits(1, 2)?;
    let mut named = |wanted: &str, least, most| {
        cursor.mark(&[Mark::Comma]);
        cursor.blank();
        let word = cursor.word()?;
        cursor.blank();
        (fold(word) == wanted).then_some(())?;
        cursor.digits(least, most)
    };
    let (month, _) = named("thang", 1, 2)?;
    let year = named("nam", 4, 4)?;
    Some(Shape {
        end: cursor.at,
        triples: vec![Triple::new(year, month, day, By::Sure)],
        is_marked: true,
    })
}
