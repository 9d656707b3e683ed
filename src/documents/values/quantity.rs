//! Quantities: a number and its unit.

use std::ops::Range;

use super::number::{self, NumberError, NumberReading, NumberRole};
use super::units;

/// A number with or without a unit: `2x`, `1,5 kg`, `3 Stk.`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    pub number: NumberReading,
    /// Its unit in the spelling of [`units::unit`]; `None`: a number without a unit.
    pub unit: Option<&'static str>,
}

/// The place of a number with a unit, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantitySpan {
    /// The number without its unit.
    pub number: Range<usize>,
    /// The number with its unit.
    pub whole: Range<usize>,
    pub quantity: Quantity,
}

/// Parses a text that is a number, with or without a unit after it, or with a multiplication
/// sign on either side (`2x`, `x2`). `Err` for other texts.
pub fn parse(text: &str) -> Result<Quantity, NumberError> {
    let text = text.trim();
    let bare = text.trim_start_matches(['x', 'X', '×']).trim_start();
    let times = bare.len() < text.len();
    let span = number::find(bare)?;
    match span.role {
        NumberRole::Plain if span.currency.is_none() => Ok(Quantity {
            number: span.reading,
            unit: times.then_some("x"),
        }),
        NumberRole::Quantity(unit) if !times => Ok(Quantity {
            number: span.reading,
            unit: units::unit(&bare[unit]),
        }),
        NumberRole::Percent => Err(NumberError::Percent),
        _ => Err(NumberError::NoNumber),
    }
}

/// Every number with a unit in a text.
pub fn scan(text: &str) -> Vec<QuantitySpan> {
    let of = |span: number::NumberSpan| match span.role {
        NumberRole::Quantity(ref unit) => Some(QuantitySpan {
            number: span.range.clone(),
            whole: span.whole.clone(),
            quantity: Quantity {
                unit: units::unit(&text[unit.clone()]),
                number: span.reading,
            },
        }),
        _ => None,
    };
    number::scan(text).into_iter().filter_map(of).collect()
}
