//! A rule of EN 16931 that an invoice violates.

use std::fmt;

/// A violated rule, because of which the invoice cannot be written as one of EN 16931.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The business term or group, such as `BT-1`.
    pub term: &'static str,
    /// The rule of EN 16931-1, or of the validation artefacts made from it,
    /// such as `BR-02`.
    pub rule: String,
    /// What is wrong and, where two values disagree, both of them.
    pub message: String,
}

impl Violation {
    pub fn new(
        term: &'static str,
        rule: impl Into<String>,
        message: impl Into<String>,
    ) -> Violation {
        Violation {
            term,
            rule: rule.into(),
            message: message.into(),
        }
    }

    /// `what` names the term.
    pub fn missing(term: &'static str, rule: impl Into<String>, what: &str) -> Violation {
        Violation::new(term, rule, format!("{what} ({term}) is missing"))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.rule)
    }
}
