//! What a number says, and why a text is not a number.

use std::fmt;
use std::ops::Range;

use rust_decimal::Decimal;

use super::super::chars::Sign;
use super::super::currency::Candidates;

/// What the signs of a number mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Convention {
    /// Between units and decimals; `None`: the number does not show it.
    pub decimal: Option<Sign>,
    /// Between groups of digits; `None`: the number does not show it.
    pub grouping: Option<Sign>,
}

impl Convention {
    /// Whether both can hold in one document.
    pub fn agrees(&self, other: &Convention) -> bool {
        let same = |a: Option<Sign>, b: Option<Sign>| a.is_none() || b.is_none() || a == b;
        let apart = |a: Option<Sign>, b: Option<Sign>| a.is_none() || a != b;
        same(self.decimal, other.decimal)
            && apart(self.decimal, other.grouping)
            && apart(self.grouping, other.decimal)
    }
}

/// One value that a number can have, and what its signs mean then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberMeaning {
    /// With as many decimals as are written.
    pub value: Decimal,
    pub convention: Convention,
}

/// What a number says: one value, or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberReading {
    pub(super) first: NumberMeaning,
    pub(super) second: Option<NumberMeaning>,
    /// What had to be put right to read it.
    pub repair: Option<Repair>,
}

impl NumberReading {
    /// The value where there is but one.
    pub fn only(&self) -> Option<Decimal> {
        self.second.is_none().then_some(self.first.value)
    }

    pub fn is_ambiguous(&self) -> bool {
        self.second.is_some()
    }

    pub fn readings(&self) -> impl Iterator<Item = &NumberMeaning> {
        [Some(&self.first), self.second.as_ref()]
            .into_iter()
            .flatten()
    }

    pub fn values(&self) -> impl Iterator<Item = Decimal> {
        self.readings().map(|reading| reading.value)
    }

    /// The value in a document that writes its numbers so; `None` where that
    /// does not decide.
    pub fn under(&self, convention: &Convention) -> Option<Decimal> {
        if let Some(only) = self.only() {
            return Some(only);
        }
        let agrees = |reading: &&NumberMeaning| reading.convention.agrees(convention);
        let mut fitting = self.readings().filter(agrees);
        match (fitting.next(), fitting.next()) {
            (Some(reading), None) => Some(reading.value),
            _ => None,
        }
    }
}

/// What is not as numbers are written, though it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// A blank beside the decimal or grouping sign: `12. 50`, `1, 234.50`.
    Blank,
    /// A blank between the minus and the digits: `- 4.00`.
    SignApart,
}

/// What a number is, by what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberRole {
    Plain,
    Percent,
    /// With the bytes of its unit.
    Quantity(Range<usize>),
}

/// Where a text has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberSpan {
    /// Bytes of its digits and own marks.
    pub range: Range<usize>,
    /// Bytes with the currency, percent sign or unit beside it.
    pub whole: Range<usize>,
    pub reading: NumberReading,
    pub role: NumberRole,
    /// Of the sign, code or word beside it.
    pub currency: Option<Candidates>,
    /// It stands within a longer number that blanks part: `234,56` in
    /// `1 234,56`.
    pub is_part: bool,
    /// Letters stand right beside it: `Total45.60`. It is not a text of its own.
    pub is_loose: bool,
}

impl NumberSpan {
    /// Bytes of what stands before and behind the number and belongs to it.
    pub fn beside(&self) -> [Range<usize>; 2] {
        let before = self.whole.start..self.range.start;
        [before, self.range.end..self.whole.end]
    }
}

/// Why a text is not a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberError {
    Empty,
    NoNumber,
    /// Letters, or digits of another script, stand among its digits: `l2.50`.
    Misread,
    /// Digits that are part of a code, fraction or range: `INV-2024`, `1/2`.
    Code,
    Date,
    Time,
    Phone,
    Percent,
    /// `2 kg` is a quantity.
    Unit(String),
    Several,
    /// `1.23.4`, `1,2345,67`.
    Grouping,
    /// `45.`: digits may be missing.
    OpenEnd,
    /// More than 28 digits.
    TooLong,
    /// Other words stand beside it.
    Words,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NumberError::Empty => "there is no text",
            NumberError::NoNumber => "this is not a number",
            NumberError::Misread => "letters or other signs stand among the digits",
            NumberError::Code => "these digits are part of a code, a fraction or a range",
            NumberError::Date => "this is a date, not a number",
            NumberError::Time => "this is a time, not a number",
            NumberError::Phone => "this is a phone number",
            NumberError::Percent => "this is a percentage",
            NumberError::Unit(unit) => {
                return write!(f, "this is a quantity (unit `{unit}`), not an amount");
            }
            NumberError::Several => "there are several numbers",
            NumberError::Grouping => "no convention groups the digits of a number so",
            NumberError::OpenEnd => "it ends in a decimal sign: digits may be missing",
            NumberError::TooLong => "it has more than 28 digits",
            NumberError::Words => "other words stand beside the number",
        })
    }
}

impl std::error::Error for NumberError {}

impl NumberMeaning {
    pub(super) fn negated(&self) -> NumberMeaning {
        NumberMeaning {
            value: -self.value,
            ..*self
        }
    }
}
