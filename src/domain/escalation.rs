use super::FindingCode;

/// Why a record's pages should be read by the next reader tier: its most severe
/// finding. Only the code is logged, since the message may quote the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationReason {
    pub code: FindingCode,
    pub message: String,
}

impl std::fmt::Display for EscalationReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
