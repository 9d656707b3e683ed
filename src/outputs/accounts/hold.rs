//! Why a bill is held.

use std::fmt::Display;

/// The kinds of reasons. The snake_case name is printed and may not be renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum HoldCode {
    // Missing or wrong values of the record.
    /// A value that every target needs is missing.
    Missing,
    /// The amounts of the record do not add up exactly.
    Totals,
    /// The lines do not add up to the net total exactly.
    Lines,
    /// The target's format does not allow the value.
    Value,
    /// The target has no such document.
    NotSupported,
    /// The source file, which is to lie beside the row, is not where it was.
    Document,

    // Missing entries of accounts.toml.
    /// The supplier is not in accounts.toml.
    Supplier,
    /// No tax code, or several, for the rate of the bill.
    TaxCode,
    /// A value that this target needs is not in accounts.toml.
    Setting,

    // Another payment of the same debt.
    /// The same bill was exported: supplier, number, currency and amount.
    SameBill,
    /// Supplier and number of an exported bill, with another amount.
    OtherAmount,
    /// Supplier, amount and date of an exported bill, with another number.
    OtherNumber,
    /// Amount of an exported bill, and its number but for one character that
    /// looks alike.
    LookAlike,
    /// Supplier and amount of an exported bill, and a number that may have been misread;
    /// the dates do not tell them apart.
    UnsureNumber,
    /// A receipt or a payment shows that the debt is paid, or was exported as
    /// another kind of paper.
    PaidAlready,
}

impl HoldCode {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What to do about a value that was read wrongly, or that the document lacks.
pub const CORRECT: &str = "correct the record (`docmill correct ID FIELD=VALUE`)";
/// What to do about a value that is right and that the target cannot have.
pub const BY_HAND: &str = "enter the bill by hand";

/// What to do about lines that do not add up or that the target cannot have.
pub const SINGLE_LINE: &str = "set single_line = true for the supplier in accounts.toml";

/// One reason, in terms that an accountant uses, with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub code: HoldCode,
    pub message: String,
}

impl Hold {
    /// `what`: what is wrong. `remedy`: what the accountant does about it.
    pub fn new(code: HoldCode, what: impl Display, remedy: impl Display) -> Hold {
        Hold {
            code,
            message: format!("{what}: {remedy}"),
        }
    }
}
