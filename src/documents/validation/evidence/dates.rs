//! The dates on a page: numeric ones by day, month or year first, and those
//! with a month's name in English, German, French, Spanish, Italian, Dutch or
//! Malay.

use jiff::civil::Date;

use super::text::{PageWord, Placed, Span, fold};

/// A piece of a page's text that a date may be made of.
#[derive(Clone, Debug, PartialEq)]
enum Atom {
    /// Its digits, and the number.
    Digits(String),
    /// Letters, folded.
    Letters(String),
    /// `.`, `-`, `/` and the like; a blank between words.
    Mark(char),
}

/// Every date that the words may be read as: `03/04/2025` is one in March and
/// one in April.
pub fn scan(words: &[PageWord]) -> Vec<Placed<Date>> {
    let atoms = atoms(words);
    let mut dates = Vec::new();
    for start in 0..atoms.len() {
        if is_inside_a_number(&atoms, start) {
            continue;
        }
        for read in [numeric, day_first, month_first, year_first, compact] {
            read(
                &mut Reader {
                    atoms: &atoms,
                    at: start,
                },
                &mut |date, end| {
                    let span = Span {
                        first: atoms[start].1,
                        last: atoms[end - 1].1,
                    };
                    let placed = Placed { value: date, span };
                    if !dates.contains(&placed) {
                        dates.push(placed);
                    }
                },
            );
        }
    }
    dates
}

fn atoms(words: &[PageWord]) -> Vec<(Atom, usize)> {
    let mut atoms: Vec<(Atom, usize)> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            atoms.push((Atom::Mark(' '), index));
        }
        let mut of_word: Vec<Atom> = Vec::new();
        for c in word.plain.chars() {
            match (of_word.last_mut(), c) {
                (Some(Atom::Digits(digits)), c) if c.is_ascii_digit() => digits.push(c),
                (_, c) if c.is_ascii_digit() => of_word.push(Atom::Digits(c.into())),
                (Some(Atom::Letters(letters)), c) if c.is_alphabetic() => letters.push(c),
                (_, c) if c.is_alphabetic() => of_word.push(Atom::Letters(c.into())),
                (_, c) => of_word.push(Atom::Mark(c)),
            }
        }
        atoms.extend(of_word.into_iter().map(|atom| match atom {
            Atom::Letters(letters) => (Atom::Letters(fold(&letters).into_iter().collect()), index),
            other => (other, index),
        }));
    }
    atoms
}

/// `12.` of `4.12.03.2025` begins no date.
fn is_inside_a_number(atoms: &[(Atom, usize)], start: usize) -> bool {
    let before = |back: usize| start.checked_sub(back).map(|at| &atoms[at].0);
    matches!(atoms[start].0, Atom::Digits(_))
        && matches!(before(1), Some(Atom::Mark('.' | ',' | '/' | '-')))
        && matches!(before(2), Some(Atom::Digits(_)))
}

struct Reader<'a> {
    atoms: &'a [(Atom, usize)],
    at: usize,
}

type Found<'a> = &'a mut dyn FnMut(Date, usize);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Atom> {
        self.atoms.get(self.at).map(|(atom, _)| atom)
    }

    /// A number of at most `most` digits, with how many it has.
    fn digits(&mut self, least: usize, most: usize) -> Option<(i32, usize)> {
        let Some(Atom::Digits(digits)) = self.peek() else {
            return None;
        };
        if !(least..=most).contains(&digits.len()) {
            return None;
        }
        self.at += 1;
        Some((digits.parse().ok()?, digits.len()))
    }

    fn letters(&mut self) -> Option<&'a str> {
        let Some(Atom::Letters(letters)) = self.peek() else {
            return None;
        };
        self.at += 1;
        Some(letters)
    }

    fn mark(&mut self, marks: &str) -> Option<char> {
        match self.peek() {
            Some(Atom::Mark(mark)) if marks.contains(*mark) => {
                self.at += 1;
                Some(*mark)
            }
            _ => None,
        }
    }

    fn skip(&mut self, marks: &str) {
        while self.mark(marks).is_some() {}
    }

    /// A mark between numbers, with the blanks around it.
    fn separator(&mut self) -> Option<char> {
        self.skip(" ");
        let mark = self.mark("./-\u{2010}\u{2011}\u{2013}\u{2212}");
        self.skip(" ");
        mark
    }

    /// A day with what may follow it: `1st`, `1er`, `12.`.
    fn day(&mut self) -> Option<i32> {
        let (day, _) = self.digits(1, 2)?;
        const ORDINALS: [&str; 7] = ["st", "nd", "rd", "th", "er", "o", "a"];
        if let Some(Atom::Letters(letters)) = self.peek()
            && ORDINALS.contains(&letters.as_str())
        {
            self.at += 1;
        }
        Some(day)
    }

    fn month(&mut self) -> Option<i32> {
        month(self.letters()?)
    }

    fn year(&mut self) -> Option<i32> {
        let (year, digits) = self.digits(2, 4)?;
        match digits {
            4 => Some(year),
            2 => Some(full_year(year)),
            _ => None,
        }
    }

    /// Nothing goes on that would make a longer number of it.
    fn ends(&self) -> bool {
        !matches!(self.peek(), Some(Atom::Digits(_)))
    }
}

/// POSIX: 69 to 99 are of the last century.
fn full_year(year: i32) -> i32 {
    if year < 69 { 2000 + year } else { 1900 + year }
}

fn tell(found: Found<'_>, year: i32, month: i32, day: i32, end: usize) {
    let number = |n: i32| i8::try_from(n).ok();
    if let (Ok(year), Some(month), Some(day)) = (i16::try_from(year), number(month), number(day))
        && (1900..2100).contains(&year)
        && let Ok(date) = Date::new(year, month, day)
    {
        found(date, end);
    }
}

/// `31.12.2024`, `12/31/24`, `2024-12-31`, `31 12 2024`.
fn numeric(reader: &mut Reader<'_>, found: Found<'_>) {
    let mut read = || {
        let first = reader.digits(1, 4)?;
        let mark = reader.separator();
        let second = reader.digits(1, 2)?;
        let again = reader.separator();
        let third = reader.digits(1, 4)?;
        // `4.12.03` of `4.12.03.2025` is none.
        if let (Some(again), Some(Atom::Mark(mark))) = (again, reader.peek())
            && again == *mark
            && matches!(reader.atoms.get(reader.at + 1), Some((Atom::Digits(_), _)))
        {
            return None;
        }
        // Blanks alone part only a date in full.
        let in_full = first.1 >= 2 && second.1 == 2 && third.1 == 4;
        ((mark.is_some() && mark == again) || (mark.is_none() && again.is_none() && in_full))
            .then_some((first, second, third))
    };
    let Some((first, second, third)) = read() else {
        return;
    };
    let end = reader.at;
    if first.1 == 4 && third.1 <= 2 {
        tell(found, first.0, second.0, third.0, end);
    } else if first.1 <= 2 && matches!(third.1, 2 | 4) {
        let year = if third.1 == 4 {
            third.0
        } else {
            full_year(third.0)
        };
        tell(found, year, second.0, first.0, end);
        tell(found, year, first.0, second.0, end);
        // Two digits each may also be year first.
        if third.1 == 2 && first.1 == 2 {
            tell(found, full_year(first.0), second.0, third.0, end);
        }
    }
}

/// `31 December 2024`, `31. Dez. 2024`, `31 de diciembre de 2024`, `31-Dec-24`.
fn day_first(reader: &mut Reader<'_>, found: Found<'_>) {
    let mut read = || {
        let day = reader.day()?;
        reader.skip(" .-/");
        skip_of(reader);
        let month = reader.month()?;
        reader.skip(" .,-/'\u{2019}");
        skip_of(reader);
        Some((day, month, reader.year()?))
    };
    if let Some((day, month, year)) = read()
        && reader.ends()
    {
        tell(found, year, month, day, reader.at);
    }
}

/// `December 31, 2024`, `Dec 31st 2024`.
fn month_first(reader: &mut Reader<'_>, found: Found<'_>) {
    let mut read = || {
        let month = reader.month()?;
        reader.skip(" .-/");
        let day = reader.day()?;
        reader.skip(" .,-/");
        Some((day, month, reader.year()?))
    };
    if let Some((day, month, year)) = read()
        && reader.ends()
    {
        tell(found, year, month, day, reader.at);
    }
}

/// `2024 December 31`, `2024-Dec-31`.
fn year_first(reader: &mut Reader<'_>, found: Found<'_>) {
    let mut read = || {
        let (year, _) = reader.digits(4, 4)?;
        reader.skip(" .,-/");
        let month = reader.month()?;
        reader.skip(" .-/");
        Some((year, month, reader.day()?))
    };
    if let Some((year, month, day)) = read() {
        tell(found, year, month, day, reader.at);
    }
}

/// `20241231`, `31122024`.
fn compact(reader: &mut Reader<'_>, found: Found<'_>) {
    if let Some((number, 8)) = reader.digits(8, 8) {
        let end = reader.at;
        tell(
            found,
            number / 10_000,
            number / 100 % 100,
            number % 100,
            end,
        );
        tell(
            found,
            number % 10_000,
            number / 10_000 % 100,
            number / 1_000_000,
            end,
        );
    }
}

fn skip_of(reader: &mut Reader<'_>) {
    if let Some(Atom::Letters(letters)) = reader.peek()
        && ["de", "del", "of", "di"].contains(&letters.as_str())
    {
        reader.at += 1;
        reader.skip(" ");
    }
}

/// Months by their names without accents.
const MONTHS: [(i32, &[&str]); 12] = [
    (
        1,
        &[
            "january", "januar", "jaenner", "janner", "janvier", "enero", "gennaio", "januari",
        ],
    ),
    (
        2,
        &[
            "february", "februar", "fevrier", "febrero", "febbraio", "februari", "pebruari",
        ],
    ),
    (
        3,
        &[
            "march", "marz", "maerz", "mars", "marzo", "maart", "mrt", "mac",
        ],
    ),
    (4, &["april", "avril", "abril", "aprile"]),
    (5, &["may", "mai", "mayo", "maggio", "mei"]),
    (6, &["june", "juni", "juin", "junio", "giugno", "jun"]),
    (7, &["july", "juli", "juillet", "julio", "luglio", "julai"]),
    (8, &["august", "aout", "agosto", "augustus", "ogos"]),
    (
        9,
        &[
            "september",
            "septembre",
            "septiembre",
            "setiembre",
            "settembre",
        ],
    ),
    (10, &["october", "oktober", "octobre", "octubre", "ottobre"]),
    (11, &["november", "novembre", "noviembre"]),
    (
        12,
        &[
            "december",
            "dezember",
            "decembre",
            "diciembre",
            "dicembre",
            "disember",
        ],
    ),
];

/// A month by its name or at least three letters of its beginning, where these
/// tell it in every language.
fn month(letters: &str) -> Option<i32> {
    if letters.chars().count() < 3 {
        return None;
    }
    let begins = |(_, names): &&(i32, &[&str])| names.iter().any(|name| name.starts_with(letters));
    let mut months = MONTHS.iter().filter(begins);
    match (months.next(), months.next()) {
        (Some((month, _)), None) => Some(*month),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn dates(text: &str) -> Vec<Date> {
        let words: Vec<_> = text
            .split_whitespace()
            .map(|word| PageWord::new(word, [0.0; 4], None))
            .collect();
        scan(&words)
            .into_iter()
            .map(|placed| placed.value)
            .collect()
    }

    #[test]
    fn one_day_in_every_form_and_language() {
        for text in [
            "31.12.2024",
            "31. 12. 2024",
            "31/12/24",
            "12/31/2024",
            "2024-12-31",
            "2024/12/31",
            "20241231",
            "31122024",
            "31 12 2024",
            "Date:31-12-2024",
            "31 December 2024",
            "31st of December, 2024",
            "December 31, 2024",
            "Dec. 31 2024",
            "31-DEC-24",
            "31DEC2024",
            "31. Dezember 2024",
            "31 décembre 2024",
            "31 de diciembre de 2024",
            "31 dicembre 2024",
            "31 december 2024",
            "31 Disember 2024",
            "31/12/2024 14:30:05",
        ] {
            assert!(
                dates(text).contains(&date(2024, 12, 31)),
                "{text}: {:?}",
                dates(text)
            );
        }
        for (text, day) in [
            ("1er mars 2025", date(2025, 3, 1)),
            ("1. März 2025", date(2025, 3, 1)),
            ("3 Mac 2025", date(2025, 3, 3)),
            ("7 août 2025", date(2025, 8, 7)),
            ("5 juil. 2025", date(2025, 7, 5)),
            ("5 Ogos 2025", date(2025, 8, 5)),
        ] {
            assert_eq!(dates(text), [day], "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "1.234.567",
            "12.50",
            "99/99/2024",
            "2024",
            "31.12",
            "May 2024",
            "192.168.10.12",
            "1 2 2024",
            "4.12.03.2",
        ] {
            assert!(dates(text).is_empty(), "{text}: {:?}", dates(text));
        }
    }

    proptest! {
        #[test]
        fn any_day_is_found_however_it_is_written(year in 1970i16..2069, month in 1i8..=12, day in 1i8..=28) {
            let wanted = date(year, month, day);
            for text in [
                format!("{day}.{month}.{year}"),
                format!("{day:02}/{month:02}/{:02}", year % 100),
                format!("{month}/{day}/{year}"),
                wanted.to_string(),
                wanted.strftime("%d %B %Y").to_string(),
                wanted.strftime("%b %d, %Y").to_string(),
            ] {
                prop_assert!(dates(&text).contains(&wanted), "{}", text);
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            dates(&text);
        }
    }
}
