//! Sage Accounting (UK): purchase quick entries as CSV, one row for each bill, by Sage's
//! "File format for purchases quick entry" for companies that are registered for VAT
//! (docs/accounting-import.md).
//!
//! The format has no currency: entries are in that of the company.

use rust_decimal::Decimal;

use super::bill::{Bill, BillKind};
use super::hold::{BY_HAND, CORRECT, Hold, HoldCode};
use super::settings::{Accounts, SupplierSettings};
use super::target::{
    BatchHeader, Candidate, Target, TargetFile, amount, at_most, by_rows, csv, missing_setting,
    not_supported, numbered, plain,
};

#[rustfmt::skip]
pub const HEADING: [&str; 14] = [
    "Type", "Supplier Reference", "Date", "Supplier Name", "Reference", "Ledger Account", "Details", "Net", "VAT Rate", "VAT",
    "Total", "Analysis Type 1", "Analysis Type 2", "Analysis Type 3",
];
/// The names of VAT rates.
const RATES: [&str; 5] = ["Standard", "Zero Rated", "Lower Rate", "Exempt", "No VAT"];
/// Most bytes of a file: Sage takes 0.5 MB.
const BYTES: usize = 500_000;
/// The least amount with too many digits: 8 and 2 decimals fit.
const TOO_GREAT: i64 = 100_000_000;

pub struct Sage<'a>(pub &'a Accounts);

impl Target for Sage<'_> {
    type Entry = Vec<String>;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<Vec<String>, Hold> {
        let bill = &candidate.bill;
        match bill.kind {
            BillKind::Invoice => {}
            BillKind::Receipt => {
                let why = "quick entries are open bills, and a receipt is paid";
                return Err(not_supported(why, BY_HAND));
            }
            // The format does not say which sign the amounts of a `Cr Note` have.
            BillKind::CreditNote => {
                return Err(not_supported(
                    "credit notes are not written for Sage",
                    BY_HAND,
                ));
            }
        }
        self.check_currency(bill)?;
        let supplier = supplier?;
        let (net, tax) = bill.net_and_tax()?;
        let number = supplier.number.as_deref().ok_or_else(|| {
            let why = "add the supplier's reference in Sage";
            missing_setting("number for the supplier", why)
        })?;
        let payee = bill.payee(supplier);
        let reference = bill.reference();
        let details = supplier.description.as_deref().unwrap_or_default();
        let mut row = vec![
            "Invoice".to_owned(),
            at_most("the supplier's number", number, 10)?.to_owned(),
            bill.date.strftime("%d-%m-%Y").to_string(),
            at_most("the supplier", &payee, 50)?.to_owned(),
            at_most("the number", &reference, 25)?.to_owned(),
            ledger_account(bill.account(supplier)?)?.to_owned(),
            at_most("the description", details, 25)?.to_owned(),
            sum(net)?,
            rate(bill.tax_code(supplier)?)?.to_owned(),
            sum(tax)?,
            sum(bill.gross)?,
        ];
        for (what, index) in [
            ("the supplier's number", 1),
            ("the supplier", 3),
            ("the number", 4),
            ("the description", 6),
        ] {
            plain(what, &row[index])?;
        }
        row.resize(HEADING.len(), String::new());
        Ok(row)
    }

    fn files(
        &self,
        entries: &[(&Bill, Vec<String>)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let heading = csv(&HEADING, &[])?.len();
        let mut sizes = Vec::new();
        for (index, (_, row)) in entries.iter().enumerate() {
            let bytes = csv(&HEADING, std::slice::from_ref(row))?;
            sizes.push((index, bytes.len() - heading));
        }
        let parts = by_rows(&sizes, BYTES - heading);
        let file = |(place, bills): (usize, &Vec<usize>)| {
            let rows: Vec<_> = bills.iter().map(|&bill| entries[bill].1.clone()).collect();
            Ok(TargetFile {
                name: numbered(&batch.stem("sage"), place, parts.len(), "csv"),
                bytes: csv(&HEADING, &rows)?,
                bills: bills.clone(),
            })
        };
        parts.iter().enumerate().map(file).collect()
    }
}

impl Sage<'_> {
    fn check_currency(&self, bill: &Bill) -> Result<(), Hold> {
        let currency = self.0.sage.currency.as_deref().ok_or_else(|| {
            let why = "add the currency of the company in Sage, since the file states none";
            missing_setting("currency in [sage]", why)
        })?;
        match bill.currency == currency {
            true => Ok(()),
            false => Err(not_supported(
                &format!(
                    "the bill is in {}, quick entries are in {currency}",
                    bill.currency
                ),
                BY_HAND,
            )),
        }
    }
}

fn ledger_account(account: &str) -> Result<&str, Hold> {
    let is_number = (1..=8).contains(&account.len()) && account.bytes().all(|c| c.is_ascii_digit());
    match is_number {
        true => Ok(account),
        false => Err(Hold::new(
            HoldCode::Setting,
            format!("the account {account} is not a number of 1 to 8 digits"),
            "set the supplier's account in accounts.toml",
        )),
    }
}

fn rate(code: &str) -> Result<&str, Hold> {
    match RATES.contains(&code) {
        true => Ok(code),
        false => Err(Hold::new(
            HoldCode::TaxCode,
            format!("Sage has no VAT rate `{code}`"),
            format!("use one of {} in tax_codes", RATES.join(", ")),
        )),
    }
}

fn sum(value: Decimal) -> Result<String, Hold> {
    let fits = (Decimal::ZERO..Decimal::from(TOO_GREAT)).contains(&value);
    match fits && value.normalize().scale() <= 2 {
        true => Ok(amount(value)),
        false => Err(Hold::new(
            HoldCode::Value,
            format!("{value} is not an amount of up to 8 digits and 2 decimals"),
            CORRECT,
        )),
    }
}
