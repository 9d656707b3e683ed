//! hledger: one journal for each batch, to be included.

use super::bill::Bill;
use super::hold::{Hold, HoldCode};
use super::ledger_text::{document, file, posting_lines};
use super::settings::{Accounts, SupplierSettings};
use super::target::{BatchHeader, Candidate, Target, TargetFile, amount, iso};

pub struct Hledger<'a>(pub &'a Accounts);

impl Target for Hledger<'_> {
    type Entry = String;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<String, Hold> {
        let (bill, supplier) = (&candidate.bill, supplier?);
        let payee = bill.payee(supplier);
        let reference = bill.reference();
        // A comment begins at `;`, `|` separates payee and note.
        without("the supplier", &payee, &[';', '|'])?;
        without("the number", &reference, &[')', ';'])?;
        let mut text = format!(
            "{} * ({reference}) {payee}  ; docmill:{}",
            iso(bill.date),
            document(bill)
        );
        if let Some(due) = bill.due_date {
            text.push_str(&format!(", due:{}", iso(due)));
        }
        if let Some(due) = bill.amount_due {
            text.push_str(&format!(", amount-due:{}", amount(due)));
        }
        if let Some(file) = &candidate.file {
            text.push_str(&format!(", file:{}", file.name));
        }
        text.push('\n');
        let ledger = &self.0.ledger;
        text.push_str(&posting_lines(bill, supplier, ledger, 4, check_account)?);
        Ok(text)
    }

    fn files(
        &self,
        entries: &[(&Bill, String)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let name = format!("{}.journal", batch.stem("hledger"));
        Ok(vec![file(entries, batch, name)])
    }
}

fn without(what: &str, text: &str, signs: &[char]) -> Result<(), Hold> {
    match text.chars().find(|c| signs.contains(c)) {
        Some(sign) => {
            let what =
                format!("{what} `{text}` has a `{sign}`, which means something else in a journal");
            let remedy =
                "set name or description for the supplier in accounts.toml, or correct the record";
            Err(Hold::new(HoldCode::Value, what, remedy))
        }
        None => Ok(()),
    }
}

/// `Err` for names with two spaces, which end an account's name, and for brackets, which make
/// it virtual.
fn check_account(account: &str) -> Result<(), Hold> {
    let is_account = !account.is_empty()
        && account.trim() == account
        && !account.contains("  ")
        && !account.contains(|c: char| c.is_control() || ";|".contains(c))
        && !account.starts_with(['(', '[', '*', '!', '=']);
    match is_account {
        true => Ok(()),
        false => {
            let what = format!("`{account}` in accounts.toml is not an account name for hledger");
            Err(Hold::new(
                HoldCode::Setting,
                what,
                "name it like expenses:print",
            ))
        }
    }
}
