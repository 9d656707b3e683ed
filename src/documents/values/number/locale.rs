//! Decides the number convention of a document from all of its numbers.

use std::fmt;

use iso_currency::Currency;
use rust_decimal::Decimal;

use super::super::chars::Sign;
use super::types::{Convention, NumberReading};
use crate::domain::count;

/// Decides the convention of a document's numbers.
pub struct Locale;

/// A convention with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberDecision {
    pub convention: Convention,
    pub reason: ConventionReason,
    /// Count of numbers that show it.
    pub shown: usize,
    /// Count of numbers that show another decimal sign.
    pub against: usize,
}

/// The reason of a convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConventionReason {
    /// A number has both signs: `1.234,50`.
    BothSigns,
    /// A number has a count of digits other than three after its sign: `12,50`.
    Decimals,
    /// A number has a sign several times: `1,234,567`.
    Grouping,
    /// The currency has no decimals: the yen.
    NoMinorUnit,
}

impl fmt::Display for NumberDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = count(self.shown as u64, "number");
        let decimal = self.convention.decimal.map(Sign::name);
        let grouping = self.convention.grouping.map(Sign::name);
        match (self.reason, decimal, grouping) {
            (ConventionReason::NoMinorUnit, _, Some(sign)) => {
                write!(f, "{sign} groups digits: the currency has no decimals")
            }
            (_, Some(sign), _) => {
                write!(f, "{sign} is the decimal sign of {numbers} of the document")?;
                match self.against {
                    0 => Ok(()),
                    n => write!(f, " (of {n} it is not)"),
                }
            }
            (_, None, Some(sign)) => {
                write!(f, "{sign} groups the digits of {numbers} of the document")
            }
            (_, None, None) => f.write_str("no number of the document shows it"),
        }
    }
}

impl NumberDecision {
    /// The value of a number of the document; `None` where the convention does not decide.
    pub fn value(&self, number: &NumberReading) -> Option<Decimal> {
        number.under(&self.convention)
    }
}

impl Locale {
    /// The convention of a document with these numbers, ambiguous ones included, and this
    /// currency. `None` where the numbers do not show it, or contradict each other.
    pub fn decide<'a>(
        numbers: impl IntoIterator<Item = &'a NumberReading>,
        currency: Option<Currency>,
    ) -> Option<NumberDecision> {
        let numbers: Vec<_> = numbers.into_iter().collect();
        // A number with one reading shows what its signs mean.
        let shown = numbers
            .iter()
            .filter(|number| !number.is_ambiguous() && number.repair.is_none());
        let shown: Vec<Convention> = shown
            .flat_map(|number| number.readings())
            .map(|reading| reading.convention)
            .collect();
        let grouping = most(shown.iter().filter_map(|shown| shown.grouping));
        match most(shown.iter().filter_map(|shown| shown.decimal)) {
            Some((decimal, count, against)) => decide_decimal(&shown, decimal, count, against),
            None => grouping.map(|(sign, shown, against)| NumberDecision {
                convention: Convention {
                    decimal: other(sign),
                    grouping: Some(sign),
                },
                reason: ConventionReason::Grouping,
                shown,
                against,
            }),
        }
        .or_else(|| without_decimals(&numbers, currency))
    }
}

/// Decides the decimal sign. Of several signs, one counts where it is far more frequent, since
/// an item's position `1.10` is not a price.
fn decide_decimal(
    shown: &[Convention],
    decimal: Sign,
    count: usize,
    against: usize,
) -> Option<NumberDecision> {
    const FAR: usize = 4;
    if against * FAR > count {
        return None;
    }
    let of_decimal = shown.iter().filter(|shown| shown.decimal == Some(decimal));
    let both = of_decimal.filter_map(|shown| shown.grouping);
    let both = most(both);
    // The grouping sign of other numbers, unless it is the decimal sign.
    let alone = shown.iter().filter_map(|shown| shown.grouping);
    let alone = most(alone.filter(|sign| *sign != decimal));
    let reason = if both.is_some() {
        ConventionReason::BothSigns
    } else {
        ConventionReason::Decimals
    };
    Some(NumberDecision {
        convention: Convention {
            decimal: Some(decimal),
            grouping: both.or(alone).map(|(sign, ..)| sign),
        },
        reason,
        shown: count,
        against,
    })
}

/// The convention where every number can be an integer and the currency has no decimals.
fn without_decimals(
    numbers: &[&NumberReading],
    currency: Option<Currency>,
) -> Option<NumberDecision> {
    if currency?.exponent() != Some(0) {
        return None;
    }
    let groups = numbers
        .iter()
        .filter(|number| number.is_ambiguous())
        .flat_map(|number| number.readings())
        .filter_map(|reading| reading.convention.grouping);
    let (sign, shown, against) = most(groups)?;
    (against == 0).then_some(NumberDecision {
        convention: Convention {
            decimal: None,
            grouping: Some(sign),
        },
        reason: ConventionReason::NoMinorUnit,
        shown,
        against,
    })
}

/// The decimal sign that belongs to a grouping sign.
fn other(grouping: Sign) -> Option<Sign> {
    match grouping {
        Sign::Point => Some(Sign::Comma),
        Sign::Comma => Some(Sign::Point),
        _ => None,
    }
}

/// The most frequent sign, its count, and the count of the others.
fn most(signs: impl Iterator<Item = Sign>) -> Option<(Sign, usize, usize)> {
    let mut counts: Vec<(Sign, usize)> = Vec::new();
    let mut total = 0;
    for sign in signs {
        total += 1;
        match counts.iter_mut().find(|(known, _)| *known == sign) {
            Some((_, count)) => *count += 1,
            None => counts.push((sign, 1)),
        }
    }
    let (sign, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    Some((sign, count, total - count))
}
