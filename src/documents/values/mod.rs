//! Values as documents write them: numbers, dates, currencies, quantities.
//!
//! Pure functions on text, the same for a reader's answer, a page's text and
//! any other text: `parse` takes a text that is one value, `scan` finds the
//! values in a text, and both agree, since `parse` is a `scan` whose value
//! fills the text. What has two meanings gives both; what has none is refused
//! with a reason.

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
