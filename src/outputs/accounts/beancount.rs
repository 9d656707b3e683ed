//! beancount: one file for each batch, to be included.

use super::bill::Bill;
use super::hold::{Hold, HoldCode};
use super::ledger_text::{document, file, posting_lines};
use super::settings::{Accounts, SupplierSettings};
use super::target::{BatchHeader, Candidate, Target, TargetFile, amount, iso};

const ROOTS: [&str; 5] = ["Assets", "Liabilities", "Equity", "Income", "Expenses"];

pub struct Beancount<'a>(pub &'a Accounts);

impl Target for Beancount<'_> {
    type Entry = String;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<String, Hold> {
        let (bill, supplier) = (&candidate.bill, supplier?);
        let mut text = format!(
            "{} * {} {} ^docmill-{}\n  document-hash: \"{}\"\n",
            iso(bill.date),
            quoted(&bill.payee(supplier)),
            quoted(&bill.reference()),
            document(bill),
            bill.id.blake3
        );
        if let Some(due) = bill.due_date {
            text.push_str(&format!("  due: {}\n", iso(due)));
        }
        if let Some(due) = bill.amount_due {
            let currency = &bill.currency;
            text.push_str(&format!("  amount-due: {} {currency}\n", amount(due)));
        }
        if let Some(file) = &candidate.file {
            text.push_str(&format!("  document: {}\n", quoted(&file.name)));
        }
        let ledger = &self.0.ledger;
        text.push_str(&posting_lines(bill, supplier, ledger, 2, check_account)?);
        Ok(text)
    }

    fn files(
        &self,
        entries: &[(&Bill, String)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let name = format!("{}.beancount", batch.stem("beancount"));
        Ok(vec![file(entries, batch, name)])
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `Err` unless the account has one of five roots, then parts that begin with a capital letter
/// or digit.
fn check_account(account: &str) -> Result<(), Hold> {
    let mut parts = account.split(':');
    let is_root = parts.next().is_some_and(|root| ROOTS.contains(&root));
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    let rest: Vec<&str> = parts.collect();
    match is_root && !rest.is_empty() && rest.iter().all(|part| is_part(part)) {
        true => Ok(()),
        false => Err(Hold::new(
            HoldCode::Setting,
            format!("`{account}` in accounts.toml is not an account name for beancount"),
            "name it like Expenses:Print, below one of beancount's five roots",
        )),
    }
}
