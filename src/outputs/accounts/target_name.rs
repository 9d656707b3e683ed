use serde::Deserialize;

/// The accounting programs and formats.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TargetName {
    Xlsx,
    Xero,
    Quickbooks,
    Datev,
    Hledger,
    Beancount,
    Gnucash,
    Firefly,
    Sage,
    Odoo,
    Ubl,
}

impl TargetName {
    pub const NAMES: &'static [&'static str] = <TargetName as strum::VariantNames>::VARIANTS;

    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
