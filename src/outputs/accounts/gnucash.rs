//! GnuCash: bills as CSV for "Import Bills & Invoices", comma separated with
//! quotes.
//!
//! 22 fields, without a heading, which would be read as a bill. Rows with the same
//! id are one bill. A bill is posted on import: a second import would add its
//! lines again to one that is not posted.

use super::bill::{Bill, BillKind, FileLine};
use super::hold::{BY_HAND, Hold, HoldCode, SINGLE_LINE};
use super::settings::{Accounts, SupplierSettings};
use super::target::{
    BatchHeader, Candidate, Target, TargetFile, amount, decimal, missing_setting, not_supported,
    plain,
};

/// Number of fields in a row.
const FIELDS: usize = 22;
/// Indices (from 0) of the fields that may have a quote, doubled: notes and description.
const QUOTABLE: [usize; 2] = [4, 6];
/// Most bytes of a row: the importer reads lines of at most 1,000.
const ROW: usize = 900;

pub struct GnuCash<'a>(pub &'a Accounts);

impl Target for GnuCash<'_> {
    type Entry = String;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<String, Hold> {
        let bill = &candidate.bill;
        if bill.kind != BillKind::Invoice {
            return Err(not_supported(
                "the import of bills for GnuCash has neither receipts nor credits",
                BY_HAND,
            ));
        }
        let supplier = supplier?;
        let vendor = supplier.number.as_deref().ok_or_else(|| {
            missing_setting("number for the supplier", "add it: the vendor number")
        })?;
        let payable = self.0.gnucash.payable.as_deref().ok_or_else(|| {
            missing_setting(
                "payable in [gnucash]",
                "add the account that bills are posted to on import",
            )
        })?;
        let (_, tax) = bill.net_and_tax()?;
        let tax_table = match tax.is_zero() {
            true => "",
            false => bill.tax_code(supplier)?,
        };
        let expense = bill.account(supplier)?;
        let due = bill.due_date(supplier)?;
        let (date, due) = (self.0.dates.write(bill.date), self.0.dates.write(due));
        let id = bill.id.label(8);
        let number = bill.reference();
        plain("the number", &number)?;
        let row = |line: &FileLine| {
            plain("the description", &line.description)?;
            let (quantity, price) = (decimal(line.quantity), amount(line.unit_price));
            let taxable = if tax.is_zero() { "N" } else { "Y" };
            row(&[
                &id,
                &date,
                vendor,
                &number,
                "",
                &date,
                &line.description,
                "",
                expense,
                &quantity,
                &price,
                "",
                "",
                "",
                taxable,
                "N",
                tax_table,
                &date,
                &due,
                payable,
                &number,
                "N",
            ])
        };
        bill.file_lines(supplier)?.iter().map(row).collect()
    }

    fn files(
        &self,
        entries: &[(&Bill, String)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let text: String = entries.iter().map(|(_, rows)| rows.as_str()).collect();
        let name = format!("{}.csv", batch.stem("gnucash"));
        let bytes = text.into_bytes();
        Ok(vec![TargetFile::only(name, bytes, entries.len())])
    }
}

/// Every field is quoted.
fn row(fields: &[&str; FIELDS]) -> Result<String, Hold> {
    let mut row = String::new();
    for (index, field) in fields.iter().enumerate() {
        if field.contains('"') && !QUOTABLE.contains(&index) {
            let what = format!("GnuCash takes no quote in `{field}`");
            let remedy = "change the name in accounts.toml, or correct the record";
            return Err(Hold::new(HoldCode::Value, what, remedy));
        }
        let separator = if index == 0 { "" } else { "," };
        row.push_str(&format!("{separator}\"{}\"", field.replace('"', "\"\"")));
    }
    row.push('\n');
    match row.len() {
        length if length > ROW => {
            let what = format!("a line takes {length} bytes, GnuCash reads {ROW} at most");
            Err(Hold::new(HoldCode::Value, what, SINGLE_LINE))
        }
        _ => Ok(row),
    }
}
