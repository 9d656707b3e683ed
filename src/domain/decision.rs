use serde::{Deserialize, Serialize};

/// What a person decides about a whole record.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    /// It is right.
    Approved,
    /// Another person found it right as well.
    SecondApproval,
    /// It is not paid or booked.
    Rejected,
    /// There is nothing to book: a letter, an advertisement.
    NotABill,
    /// It comes back to the queue on a day.
    Postponed,
    /// It needs review again.
    Reopened,
}

impl Decision {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn in_words(self) -> String {
        self.as_str().replace('_', " ")
    }
}
