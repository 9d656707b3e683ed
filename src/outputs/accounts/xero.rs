//! Xero: bills as CSV.
//!
//! Columns and rules: the import template with 26 columns that other programs write,
//! and a test report of its import (docs/accounting-import.md). Rows with the
//! same contact and number are one bill. Xero recalculates totals and asks at
//! import whether prices include tax, so receipts have a file of their own.

use super::bill::{Bill, BillKind, FileLine};
use super::hold::{BY_HAND, Hold, HoldCode};
use super::settings::{Accounts, SupplierSettings};
use super::target::{
    BatchHeader, Candidate, Target, TargetFile, amount, by_rows, csv, decimal, missing_setting,
    not_supported, numbered, plain,
};

/// Most rows in a file; Xero accepts about 500.
const ROWS: usize = 500;

#[rustfmt::skip]
pub const HEADING: [&str; 26] = [
    "*ContactName", "EmailAddress", "POAddressLine1", "POAddressLine2", "POAddressLine3", "POAddressLine4", "POCity", "PORegion",
    "POPostalCode", "POCountry", "*InvoiceNumber", "*InvoiceDate", "*DueDate", "Total", "InventoryItemCode", "Description",
    "*Quantity", "*UnitAmount", "*AccountCode", "*TaxType", "TaxAmount", "TrackingName1", "TrackingOption1", "TrackingName2",
    "TrackingOption2", "Currency",
];

pub struct Xero<'a>(pub &'a Accounts);

/// Rows without heading.
pub struct XeroEntry {
    rows: Vec<Vec<String>>,
    includes_tax: bool,
}

impl Target for Xero<'_> {
    type Entry = XeroEntry;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<XeroEntry, Hold> {
        let bill = &candidate.bill;
        let is_receipt = bill.kind == BillKind::Receipt;
        if bill.gross.is_sign_negative() {
            return Err(not_supported(
                "bills for Xero cannot be negative",
                "enter the credit by hand",
            ));
        }
        let supplier = supplier?;
        let (lines, tax_type, due) = match is_receipt {
            true => {
                let line = bill.single_line(supplier, bill.gross);
                (vec![line], self.receipt_tax_type(bill)?, bill.date)
            }
            false => (
                bill.file_lines(supplier)?,
                bill.tax_code(supplier)?,
                bill.due_date(supplier)?,
            ),
        };
        let payee = bill.payee(supplier);
        let reference = bill.reference();
        let account = bill.account(supplier)?;
        plain("the supplier", &payee)?;
        plain("the number", &reference)?;
        let row = |line: &FileLine| {
            let mut row = vec![String::new(); HEADING.len()];
            plain("the description", &line.description)?;
            row[0] = payee.clone();
            row[10] = reference.clone();
            row[11] = self.0.dates.write(bill.date);
            row[12] = self.0.dates.write(due);
            row[13] = amount(bill.gross);
            row[15] = line.description.clone();
            row[16] = decimal(line.quantity);
            row[17] = amount(line.unit_price);
            row[18] = account.to_owned();
            row[19] = tax_type.to_owned();
            row[25] = bill.currency.clone();
            Ok(row)
        };
        Ok(XeroEntry {
            rows: lines.iter().map(row).collect::<Result<_, Hold>>()?,
            includes_tax: is_receipt,
        })
    }

    fn files(
        &self,
        entries: &[(&Bill, XeroEntry)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let mut files = Vec::new();
        for (suffix, includes_tax) in [("bills", false), ("receipts", true)] {
            let stem = format!("{}-{suffix}", batch.stem("xero"));
            let of_kind = entries.iter().enumerate();
            let of_kind = of_kind.filter(|(_, (_, entry))| entry.includes_tax == includes_tax);
            let rows: Vec<_> = of_kind
                .map(|(index, (_, entry))| (index, entry.rows.len()))
                .collect();
            let parts = by_rows(&rows, ROWS);
            for (place, bills) in parts.iter().enumerate() {
                let rows: Vec<_> = bills
                    .iter()
                    .flat_map(|&bill| entries[bill].1.rows.clone())
                    .collect();
                files.push(TargetFile {
                    name: numbered(&stem, place, parts.len(), "csv"),
                    bytes: csv(&HEADING, &rows)?,
                    bills: bills.clone(),
                });
            }
        }
        Ok(files)
    }
}

impl Xero<'_> {
    /// The tax type of a receipt: never that of another country or rate.
    fn receipt_tax_type(&self, bill: &Bill) -> Result<&str, Hold> {
        let xero = &self.0.xero;
        let currency = xero.receipt_currency.as_deref().ok_or_else(|| {
            let why = "add it, since the tax types of receipts are those of one country";
            missing_setting("receipt_currency in [xero]", why)
        })?;
        if bill.currency != currency {
            let what = format!(
                "the receipt is in {}, the tax types are for {currency}",
                bill.currency
            );
            return Err(Hold::new(HoldCode::TaxCode, what, BY_HAND));
        }
        if bill.tax.is_none() {
            return Err(Hold::new(
                HoldCode::TaxCode,
                "the receipt states no tax",
                "`docmill correct ID tax=…`, with tax=0.00 if there is none",
            ));
        }
        bill.code_of_rate(&xero.receipt_tax_types, "receipt_tax_types in [xero]")
    }
}
