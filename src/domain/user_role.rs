use serde::Serialize;

use super::TokenRole;

/// What a person who signs in to the review page may do. Each role includes those before it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UserRole {
    /// To see records, pages and the queue.
    Viewer,
    /// To correct, approve and reject records, and to upload.
    Reviewer,
    /// To give the second approval.
    Approver,
    /// To export bills.
    Admin,
}

impl UserRole {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the person may do what a token of this role may.
    pub fn includes(self, needed: TokenRole) -> bool {
        self >= match needed {
            TokenRole::Read => UserRole::Viewer,
            TokenRole::Upload | TokenRole::Review => UserRole::Reviewer,
            TokenRole::Export => UserRole::Admin,
        }
    }
}
