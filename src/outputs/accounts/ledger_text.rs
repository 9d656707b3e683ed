//! What hledger and beancount share: a bill as a transaction of three postings,
//! each with its amount, so that a wrong sum fails their balance check.

use rust_decimal::Decimal;

use super::bill::{Bill, BillKind};
use super::hold::Hold;
use super::settings::{LedgerAccounts, SupplierSettings};
use super::target::{BatchHeader, TargetFile, amount};

/// Accounts with the amounts that are posted to them, in the bill's currency.
fn postings(
    bill: &Bill,
    supplier: &SupplierSettings,
    accounts: &LedgerAccounts,
) -> Result<Vec<(String, Decimal)>, Hold> {
    let (net, tax) = bill.net_and_tax()?;
    let paid_from = match bill.kind {
        BillKind::Receipt => &accounts.cash,
        BillKind::Invoice | BillKind::CreditNote => &accounts.payable,
    };
    let mut postings = vec![(bill.account(supplier)?.to_owned(), net)];
    if !tax.is_zero() {
        postings.push((accounts.tax.clone(), tax));
    }
    postings.push((paid_from.clone(), Decimal::ZERO - bill.gross));
    Ok(postings)
}

/// The name of the document in links and tags.
pub fn document(bill: &Bill) -> String {
    bill.id.label(16)
}

/// A line for each posting, `    Expenses:Print  100.00 EUR`; `check` says
/// whether the format takes an account's name.
pub fn posting_lines(
    bill: &Bill,
    supplier: &SupplierSettings,
    accounts: &LedgerAccounts,
    indent: usize,
    check: fn(&str) -> Result<(), Hold>,
) -> Result<String, Hold> {
    let mut lines = String::new();
    for (account, value) in postings(bill, supplier, accounts)? {
        check(&account)?;
        let (value, currency) = (amount(value), &bill.currency);
        lines.push_str(&format!("{:indent$}{account}  {value} {currency}\n", ""));
    }
    Ok(lines)
}

/// One file with all entries, to be included; both formats have the same comment.
pub fn file(entries: &[(&Bill, String)], batch: &BatchHeader, name: String) -> TargetFile {
    let mut text = format!("; docmill batch {}\n", batch.id);
    for (_, entry) in entries {
        text.push('\n');
        text.push_str(entry);
    }
    TargetFile::only(name, text.into_bytes(), entries.len())
}
