//! Identifiers that carry their own proof: IBAN, BIC, VAT numbers.

mod bank;
mod check_digits;
mod vat_id;

pub use bank::{bic, iban};
pub use vat_id::vat_id;

use crate::domain::FindingCode;

/// What an identifier says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Well formed; with its check digits, where `proof` names them.
    Right { proof: Option<&'static str> },
    /// Of no kind that docmill knows how to check, and why.
    Unknown(String),
    /// It cannot be right: code of the finding, and why.
    Wrong(FindingCode, String),
}

/// In upper case, without blanks and the marks that people group it by.
fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/' | '\u{2011}' | '\u{2013}'))
        .flat_map(char::to_uppercase)
        .collect()
}
