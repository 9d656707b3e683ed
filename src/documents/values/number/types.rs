//! Types of numbers, and errors.

use std::fmt;
use std::ops::Range;

use rust_decimal::Decimal;

use super::super::chars::Sign;
use super::super::currency::Candidates;

/// The meaning of the signs of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Convention {
    /// Sign between units and decimals; `None`: the number does not show it.
    pub decimal: Option<Sign>,
    /// Sign between groups of digits; `None`: the number does not show it.
    pub grouping: Option<Sign>,
}

impl Convention {
    /// Whether both are possible in one document.
    pub fn agrees(&self, other: &Convention) -> bool {
        let same = |a: Option<Sign>, b: Option<Sign>| a.is_none() || b.is_none() || a == b;
        let apart = |a: Option<Sign>, b: Option<Sign>| a.is_none() || a != b;
        same(self.decimal, other.decimal)
            && apart(self.decimal, other.grouping)
            && apart(self.grouping, other.decimal)
    }
}

/// A possible value of a number, with the meaning of its signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberMeaning {
    /// With as many decimals as in the text.
    pub value: Decimal,
    pub convention: Convention,
}

/// A number of a text: one value, or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberReading {
    pub(super) first: NumberMeaning,
    pub(super) second: Option<NumberMeaning>,
    /// The error that was corrected to read it.
    pub repair: Option<Repair>,
}

impl NumberReading {
    /// The value where there is only one.
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

    /// The value in a document with this convention; `None` where that does not decide.
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

/// An error in the notation of a number that can still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// A blank beside the decimal or grouping sign: `12. 50`, `1, 234.50`.
    Blank,
    /// A blank between the minus and the digits: `- 4.00`.
    SignApart,
}

/// The role of a number, by the text beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberRole {
    Plain,
    Percent,
    /// A quantity with the byte range of its unit.
    Quantity(Range<usize>),
}

/// The place of a number in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberSpan {
    /// Bytes of its digits and own marks.
    pub range: Range<usize>,
    /// Bytes with the currency, percent sign or unit beside it.
    pub whole: Range<usize>,
    pub reading: NumberReading,
    pub role: NumberRole,
    /// The currencies of the sign, code or word beside it.
    pub currency: Option<Candidates>,
    /// Whether it is part of a longer number with blanks: `234,56` in `1 234,56`.
    pub is_part: bool,
    /// Whether letters are directly beside it: `Total45.60`. It is then not a separate word.
    pub is_loose: bool,
}

impl NumberSpan {
    /// Byte ranges of the text before and after the number that belongs to it.
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
    /// Letters, or digits of another script, are among its digits: `l2.50`.
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
    /// There are other words beside it.
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
