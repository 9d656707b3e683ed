use serde::{Deserialize, Serialize};

/// What a token of the API allows.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TokenRole {
    /// To see records, pages, the queue and exports.
    Read,
    /// To upload documents and to see what became of them.
    Upload,
    /// To correct, approve and reject records, and to read.
    Review,
    /// To export bills, and to read.
    Export,
}

impl TokenRole {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it allows what `needed` allows.
    pub fn includes(self, needed: TokenRole) -> bool {
        let reads = matches!(self, TokenRole::Review | TokenRole::Export);
        self == needed || (reads && needed == TokenRole::Read)
    }
}
