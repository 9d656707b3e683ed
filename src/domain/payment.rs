//! What distinguishes one payment from another, in any type of document.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The kind of document that states a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// Asks for a payment; a credit note has a negative amount.
    Invoice,
    /// Shows a payment made at a till.
    Receipt,
    /// Shows a payment made in an app or at a bank.
    Screenshot,
}

/// The values by which two papers are found to be one payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentKey {
    pub paper: Paper,
    /// Who is paid: words without case, punctuation and legal form.
    pub supplier: Vec<String>,
    /// Letters and digits of the supplier's VAT identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    /// Invoice number without case, punctuation and leading zeros; look-alike
    /// letters as digits. `None` also for one that was read without a digit: it is a
    /// word beside the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Whether the number may have been misread.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_number_unsure: bool,
    /// ISO 4217.
    pub currency: String,
    /// Gross total in `currency`; negative where it is credited.
    pub gross: Decimal,
    pub date: Date,
    /// Whether the date may have been misread.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_date_unsure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
}
