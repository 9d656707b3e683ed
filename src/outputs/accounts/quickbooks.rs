//! QuickBooks Online: bills as CSV, whose columns the user assigns at import, and receipts
//! as the three columns of a bank file.

use rust_decimal::Decimal;

use super::bill::{Bill, BillKind, FileLine};
use super::hold::{BY_HAND, Hold, HoldCode, SINGLE_LINE};
use super::settings::{Accounts, SupplierSettings};
use super::target::{
    BatchHeader, Candidate, Target, TargetFile, amount, at_most, by_rows, csv, decimal,
    not_supported, numbered, plain,
};

/// Most rows in a file.
const ROWS: usize = 1000;
/// Most characters of a bill's number.
const NUMBER: usize = 21;
/// Most decimals of a quantity or price.
const DECIMALS: u32 = 5;

#[rustfmt::skip]
pub const BILLS: [&str; 11] = [
    "Bill No", "Vendor", "Bill Date", "Due Date", "Currency", "Line Account", "Line Description", "Line Qty", "Line Unit Price",
    "Line Amount", "Line Tax Code",
];
/// The columns of a bank file; others are not allowed. Money out is negative.
pub const BANK: [&str; 3] = ["Date", "Description", "Amount"];

pub struct QuickBooks<'a>(pub &'a Accounts);

pub enum QuickBooksEntry {
    Bill(Vec<Vec<String>>),
    Receipt(Vec<String>),
}

impl Target for QuickBooks<'_> {
    type Entry = QuickBooksEntry;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<QuickBooksEntry, Hold> {
        let bill = &candidate.bill;
        match bill.kind {
            BillKind::Receipt => {
                let name = plain("the merchant", &bill.supplier)?;
                Ok(QuickBooksEntry::Receipt(vec![
                    self.0.dates.write(bill.date),
                    name.to_owned(),
                    amount(Decimal::ZERO - bill.gross),
                ]))
            }
            BillKind::CreditNote => Err(not_supported(
                "the import of bills for QuickBooks has no credits",
                BY_HAND,
            )),
            BillKind::Invoice => self.bill(bill, supplier?).map(QuickBooksEntry::Bill),
        }
    }

    fn files(
        &self,
        entries: &[(&Bill, QuickBooksEntry)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let stem = batch.stem("quickbooks");
        let mut files = Vec::new();
        for (suffix, heading) in [("bills", &BILLS[..]), ("bank", &BANK[..])] {
            let rows_of = |entry: &QuickBooksEntry| match (entry, suffix) {
                (QuickBooksEntry::Bill(rows), "bills") => rows.clone(),
                (QuickBooksEntry::Receipt(row), "bank") => vec![row.clone()],
                _ => Vec::new(),
            };
            let counts = entries.iter().enumerate();
            let counts = counts.map(|(index, (_, entry))| (index, rows_of(entry).len()));
            let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
            let parts = by_rows(&counts, ROWS);
            for (place, bills) in parts.iter().enumerate() {
                let rows: Vec<_> = bills
                    .iter()
                    .flat_map(|&bill| rows_of(&entries[bill].1))
                    .collect();
                files.push(TargetFile {
                    name: numbered(&format!("{stem}-{suffix}"), place, parts.len(), "csv"),
                    bytes: csv(heading, &rows)?,
                    bills: bills.clone(),
                });
            }
        }
        Ok(files)
    }
}

impl QuickBooks<'_> {
    fn bill(&self, bill: &Bill, supplier: &SupplierSettings) -> Result<Vec<Vec<String>>, Hold> {
        let (_, tax) = bill.net_and_tax()?;
        // Companies without sales tax have no tax codes.
        let tax_code = match supplier.tax_codes.is_empty() && tax.is_zero() {
            true => "",
            false => bill.tax_code(supplier)?,
        };
        let payee = bill.payee(supplier);
        let number = bill.reference();
        let account = bill.account(supplier)?;
        plain("the supplier", &payee)?;
        plain("the number", at_most("the number", &number, NUMBER)?)?;
        let due = bill.due_date(supplier)?;
        let row = |line: &FileLine| {
            plain("the description", &line.description)?;
            for value in [line.quantity, line.unit_price] {
                if value.normalize().scale() > DECIMALS {
                    let what = format!("{value} has more than {DECIMALS} decimals");
                    return Err(Hold::new(HoldCode::Value, what, SINGLE_LINE));
                }
            }
            Ok(vec![
                number.clone(),
                payee.clone(),
                self.0.dates.write(bill.date),
                self.0.dates.write(due),
                bill.currency.clone(),
                account.to_owned(),
                line.description.clone(),
                decimal(line.quantity),
                amount(line.unit_price),
                amount(line.amount),
                tax_code.to_owned(),
            ])
        };
        bill.file_lines(supplier)?.iter().map(row).collect()
    }
}
