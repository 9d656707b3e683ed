//! Identifiers with check digits or a fixed form: IBAN, BIC, VAT identifiers.

mod bank;
mod check_digits;
mod vat_id;

pub use bank::{bic, iban};
pub use vat_id::vat_id;

use crate::domain::FindingCode;

/// Whether an identifier can be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentifierCheck {
    /// Well formed; with its check digits, where `proof` names them.
    Valid { proof: Option<&'static str> },
    /// There is no check for it, and why.
    Unchecked(String),
    /// It cannot be right: code of the finding, and why.
    Invalid(FindingCode, String),
}

/// In upper case, without white space and grouping marks.
fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/' | '\u{2011}' | '\u{2013}'))
        .flat_map(char::to_uppercase)
        .collect()
}
