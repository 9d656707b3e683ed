use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; does not keep a record from being accepted.
    Info,
    /// A person should look: the record needs review.
    Warning,
    /// Something is wrong for certain: the record needs review.
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Code of the finding that a list repeated itself and was closed.
pub const LIST_REPEATS: &str = "list_repeats";
/// Another document may be the same payment.
pub const POSSIBLE_DUPLICATE: &str = "possible_duplicate";
/// The file holds something else by now.
pub const REPLACED: &str = "replaced";
/// Amounts are to be credited, not paid.
pub const CREDIT_NOTE: &str = "credit_note";
/// A payment that was not made, or not yet.
pub const NOT_COMPLETED: &str = "not_completed";
/// The page shows otherwise than the e-invoice that it carries.
pub const PAGE_CONTRADICTS: &str = "page_contradicts";
/// Less is to be paid than the gross total, or more.
pub const AMOUNT_DUE: &str = "amount_due";
/// Codes of values that could not be brought into the form that their schema
/// asks for: as they stand they are no decimal, date or ISO 4217 code, or more
/// than one.
pub const NOT_IN_FORM: [&str; 4] = [
    "not_an_amount",
    "ambiguous_amount",
    "not_a_date",
    "unknown_currency",
];

/// One observation about a record, in the words of an accountant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable snake_case name of the kind of finding, e.g. `sum_mismatch`.
    pub code: String,
    pub severity: Severity,
    /// The field it is about, e.g. `net_total` or `line_items[2].quantity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub message: String,
}

impl Finding {
    pub fn new(
        code: &str,
        severity: Severity,
        field: Option<&str>,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            code: code.to_owned(),
            severity,
            field: field.map(str::to_owned),
            message: message.into(),
        }
    }

    /// Less is graver: what is wrong for certain before what would be paid
    /// twice or in vain, before what else is doubtful, before mere notes.
    pub fn rank(&self) -> usize {
        const FIRST: [&str; 4] = [
            POSSIBLE_DUPLICATE,
            CREDIT_NOTE,
            NOT_COMPLETED,
            PAGE_CONTRADICTS,
        ];
        match self.severity {
            Severity::Error => 0,
            Severity::Warning => {
                let place = FIRST.iter().position(|code| *code == self.code);
                1 + place.unwrap_or(FIRST.len())
            }
            Severity::Info => 2 + FIRST.len(),
        }
    }
}

/// The gravest first; of equals the first told.
pub fn by_gravity(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.rank());
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certain_comes_first_then_what_would_be_paid_wrongly_then_doubts_then_notes() {
        let finding = |code, severity| Finding::new(code, severity, None, "");
        let told = [
            finding(AMOUNT_DUE, Severity::Info),
            finding("unconfirmed", Severity::Warning),
            finding("missing", Severity::Warning),
            finding(PAGE_CONTRADICTS, Severity::Warning),
            finding(CREDIT_NOTE, Severity::Warning),
            finding(POSSIBLE_DUPLICATE, Severity::Warning),
            finding("schema_violation", Severity::Error),
        ];
        let codes: Vec<_> = by_gravity(&told).iter().map(|f| f.code.as_str()).collect();
        let expected = [
            "schema_violation",
            POSSIBLE_DUPLICATE,
            CREDIT_NOTE,
            PAGE_CONTRADICTS,
            "unconfirmed",
            "missing",
            AMOUNT_DUE,
        ];
        assert_eq!(codes, expected);
    }
}
