//! Identifiers with check digits or a fixed form: IBAN, BIC, VAT identifiers.

mod bank;
mod check_digits;
mod vat_id;

pub use bank::{bic, iban};
pub use vat_id::vat_id;

use crate::domain::FindingCode;

/// The result of checking an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentifierCheck {
    /// It has the right form; its check digits fit where `proof` names their rule.
    Valid { proof: Option<&'static str> },
    /// There is no check for it, for this reason.
    Unchecked(String),
    /// It is wrong: code of the finding, and reason.
    Invalid(FindingCode, String),
}

/// The text in upper case, without white space and grouping marks.
fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/' | '\u{2011}' | '\u{2013}'))
        .flat_map(char::to_uppercase)
        .collect()
}
