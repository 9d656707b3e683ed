//! What hledger and beancount share: a bill as a transaction of three postings,
//! each with its amount, so that a wrong sum fails their balance check.

use rust_decimal::Decimal;

use super::bill::{Bill, BillKind};
use super::hold::Hold;
use super::settings::{LedgerAccounts, Supplier};
use super::target::{BatchHeader, TargetFile, amount};

/// Accounts with the amounts that are posted to them, in the bill's currency.
pub fn postings(
    bill: &Bill,
    supplier: &Supplier,
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

/// The name of the document in links and tags: start of its hash and page.
pub fn document(bill: &Bill) -> String {
    let start = bill.id.blake3.get(..16).unwrap_or(&bill.id.blake3);
    let page = bill.id.pages.first().map_or(1, |page| page + 1);
    format!("{start}-{page}")
}

/// `    Expenses:Print  100.00 EUR`.
pub fn posting_line(indent: usize, account: &str, value: Decimal, currency: &str) -> String {
    format!("{:indent$}{account}  {} {currency}\n", "", amount(value))
}

/// One file with all entries, to be included; both formats have the same comment.
pub fn file(entries: &[(&Bill, String)], batch: &BatchHeader, name: String) -> TargetFile {
    let mut text = format!("; docmill batch {}\n", batch.id);
    for (_, entry) in entries {
        text.push('\n');
        text.push_str(entry);
    }
    TargetFile {
        name,
        bytes: text.into_bytes(),
        bills: (0..entries.len()).collect(),
    }
}
