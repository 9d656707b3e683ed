//! Parses values in the notations of documents: numbers, dates, currencies, quantities.
//!
//! The functions work on any text: answers of a reader, text of a page. `parse` accepts a
//! text that is one value, `scan` finds the values in a text; `parse` is a `scan` whose
//! value is the whole text, so both agree. A text with two meanings gives both; a text
//! without a meaning gives an error with a reason.

mod chars;
mod country;
pub mod currency;
pub mod date;
#[cfg(test)]
mod decision_tests;
#[cfg(test)]
mod forms_tests;
pub mod number;
mod pieces;
pub mod quantity;
pub mod units;

pub use chars::Sign;
pub use country::{CountryGuess, country, folded_words, has_phrase};
pub use pieces::{ValuePieces, pieces};
