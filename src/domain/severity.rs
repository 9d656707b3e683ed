use serde::{Deserialize, Serialize};

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
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; does not keep a record from being accepted.
    Info,
    /// A person should look: the record needs review.
    Warning,
    /// Certainly wrong: the record needs review.
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
