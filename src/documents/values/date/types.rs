//! Types of dates, and errors.

use std::fmt;
use std::ops::Range;

use jiff::civil::Date;

/// The order of day, month and year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    DayFirst,
    MonthFirst,
    YearFirst,
}

/// The assumption of a reading of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// None: a month in words, or a year of four digits first.
    Sure,
    Order(Order),
    /// The language (ISO 639) of the month's name: `listopad`.
    Language(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateMeaning {
    pub date: Date,
    pub by: By,
}

/// A date of a text: one day, or several among which the document decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateReading(pub(super) Vec<DateMeaning>);

impl DateReading {
    /// The day where there is only one.
    pub fn only(&self) -> Option<Date> {
        let first = self.0.first()?.date;
        let same = self.0.iter().all(|reading| reading.date == first);
        same.then_some(first)
    }

    pub fn is_ambiguous(&self) -> bool {
        self.only().is_none()
    }

    pub fn readings(&self) -> &[DateMeaning] {
        &self.0
    }

    pub fn dates(&self) -> impl Iterator<Item = Date> {
        self.0.iter().map(|reading| reading.date)
    }

    /// The day in a document with this order.
    pub fn under(&self, order: Order) -> Option<Date> {
        self.only().or_else(|| {
            let mut readings = self.0.iter();
            let fits = readings.find(|reading| reading.by == By::Order(order));
            fits.map(|reading| reading.date)
        })
    }

    /// The day where the language of the month's name is `language`.
    pub fn in_language(&self, language: &str) -> Option<Date> {
        self.only().or_else(|| {
            let mut readings = self.0.iter();
            let fits = readings.find(|r| matches!(r.by, By::Language(of) if of == language));
            fits.map(|reading| reading.date)
        })
    }
}

/// The place of a date in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct DateSpan {
    /// Byte range, without a time or day of the week beside it.
    pub range: Range<usize>,
    pub reading: DateReading,
    /// Whether it has marks or words: `20241231` and `31 12 2024` may be numbers.
    pub is_marked: bool,
}

/// Why a text is not a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateError {
    Empty,
    NotADate,
    /// `31.02.2024`.
    NoSuchDay {
        year: i32,
        month: i32,
        day: i32,
    },
    /// `31.12.45`: a year of two digits that is too far in the future.
    FarAhead(i32),
    /// `31.12.1812`: a year outside of 1900 to 2099.
    Year(i32),
    /// `31 December`.
    NoYear,
    /// `12/2024`, `May 2024`.
    NoDay,
    Several,
    /// There are other words beside it.
    Words,
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DateError::Empty => "there is no text",
            DateError::NotADate => "this is not a date",
            DateError::NoSuchDay { year, month, day } => {
                return match month {
                    1..=12 => write!(f, "there is no day {day} in month {month} of {year}"),
                    _ => write!(f, "there is no month {month}"),
                };
            }
            DateError::FarAhead(year) => {
                return write!(f, "its year would be {year}, which lies far ahead");
            }
            DateError::Year(year) => {
                return write!(f, "the year {year} is out of range (1900 to 2099)");
            }
            DateError::NoYear => "the year is missing",
            DateError::NoDay => "this is a month, not a day",
            DateError::Several => "there are several dates",
            DateError::Words => "other words stand beside the date",
        })
    }
}

impl std::error::Error for DateError {}
