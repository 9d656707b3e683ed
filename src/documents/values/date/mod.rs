//! Parses dates in the notations of documents to days of the Gregorian calendar.
//!
//! `03/04/2024` is a day in April or in March: both are given, and
//! [`DateDecision`] chooses by the other dates of the document.
//! With points the order is day, month, year where that is a valid day, since no country
//! writes the month first with points. Years of two digits are 1970 to 2069; Buddhist years
//! and Japanese eras are converted. A time beside a date is not part of it.

mod atoms;
mod cursor;
mod east_asian;
mod forms;
mod months;
mod order;
mod refuse;
mod scan;
#[cfg(test)]
mod tests;
mod types;
mod words;

use jiff::civil::Date;

pub use order::{DateDecision, OrderReason};
pub use scan::scan;
pub use types::{By, DateError, DateMeaning, DateReading, DateSpan, Order};

/// Parses a text that is a date, with or without a day of the week before it and a time
/// beside it. `today` limits years of two digits: see [`scan`]. `Err` for other text.
pub fn parse(text: &str, today: Option<Date>) -> Result<DateReading, DateError> {
    if text.trim().is_empty() {
        return Err(DateError::Empty);
    }
    let (spans, failed) = scan::find(text, today);
    match spans.as_slice() {
        [] => Err(failed.unwrap_or_else(|| refuse::why(text))),
        [span] => {
            let beside = [&text[..span.range.start], &text[span.range.end..]];
            if beside.iter().all(|text| refuse::may_stand_beside(text)) {
                Ok(span.reading.clone())
            } else {
                Err(DateError::Words)
            }
        }
        _ => Err(DateError::Several),
    }
}
