//! Parses numbers in the notations of documents to exact decimals.
//!
//! A number is digits with decimal and grouping signs and its own marks: a
//! leading point (`.99`), a dash for no cents (`45.-`), a minus on either side,
//! brackets, CR and DR. A currency, percent sign or unit may stand beside it.
//! `1.234` has two readings, and both are given; [`Locale`] decides between them.

mod edges;
mod locale;
mod marks;
mod phones;
mod refuse;
mod run;
mod scan;
#[cfg(test)]
mod tests;
mod types;

use rust_decimal::Decimal;

use super::chars;

pub use locale::{ConventionReason, Locale, NumberDecision};
pub use scan::scan;
pub use types::{
    Convention, NumberError, NumberMeaning, NumberReading, NumberRole, NumberSpan, Repair,
};

/// Parses a text that is an amount or number, with or without a currency. `Err` for other text.
pub fn parse(text: &str) -> Result<NumberReading, NumberError> {
    let span = find(text)?;
    match span.role {
        NumberRole::Plain => Ok(span.reading),
        NumberRole::Percent => Err(NumberError::Percent),
        NumberRole::Quantity(unit) => Err(NumberError::Unit(text[unit].to_owned())),
    }
}

/// The number that is the whole text, in any role.
pub fn find(text: &str) -> Result<NumberSpan, NumberError> {
    let shows = |c: char| !c.is_whitespace() && !chars::is_invisible(c);
    let start = text.find(shows).unwrap_or(text.len());
    let end = text.trim_end_matches(|c| !shows(c)).len();
    // The bytes of a character may end in invisible marks.
    let fills = |span: &&NumberSpan| {
        span.whole.start == start && span.whole.end.min(end) == end && !span.is_loose
    };
    let spans = scan(text);
    // Of the readings with and without a separate sign, the one with it.
    match spans.iter().find(fills) {
        Some(span) => Ok(span.clone()),
        None => Err(refuse::why(text, &spans)),
    }
}

/// A number in the schema's form: an optional minus, digits, an optional point with digits.
pub fn plain(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (units, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (is_digits(units) && is_digits(decimals))
        .then(|| Decimal::from_str_exact(text).ok())
        .flatten()
}

/// Whether the point of a number in this form may group thousands: `1.234`, not `0.234` or
/// `1234.567`.
pub fn may_be_thousands(value: Decimal) -> bool {
    let units = value.trunc().abs();
    value.scale() == 3 && units >= Decimal::ONE && units < Decimal::ONE_THOUSAND
}
