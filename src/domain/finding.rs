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
}
