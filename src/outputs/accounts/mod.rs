//! Bills for accounting programs: the files of a batch for each target, and the bills that
//! are held, with the reason.
//!
//! The result depends only on the records, accounts.toml and the export ledger; only
//! `gather` and `batch` use the database, and only `batch` and `documents` use files.

mod batch;
mod batch_view;
mod beancount;
mod bill;
mod certainty;
mod datev;
mod documents;
mod double_payment;
mod firefly;
mod gather;
mod gnucash;
mod hledger;
mod hold;
mod ledger_text;
mod odoo;
mod package;
mod plan;
mod quickbooks;
mod sage;
mod settings;
mod target;
mod target_name;
mod ubl;
mod xero;
mod xlsx;

pub use batch::{ExportOrder, ExportOutcome, export, write_files};
pub use batch_view::{BatchView, ExportView};
pub use gather::is_same_bill;
pub use hold::{Hold, HoldCode};
pub use plan::{BatchInput, BatchPlan, Held, PartlyDue, plan, sha256};
pub use settings::Accounts;
pub use target_name::TargetName;

#[cfg(test)]
mod bill_tests;
#[cfg(test)]
mod read_back_tests;
#[cfg(test)]
mod strict_reader;
#[cfg(test)]
mod tests;
