//! Odoo: vendor bills as CSV for its general import, whose columns are called by the
//! technical names of the fields (docs/accounting-import.md).
//!
//! A bill begins with a row that has its own values; its further lines have rows without
//! them. The external ID makes a second import change the bill instead of adding one.

use rust_decimal::Decimal;

use super::bill::{Bill, BillKind, FileLine};
use super::hold::{BY_HAND, Hold, HoldCode, SINGLE_LINE};
use super::ledger_text::document;
use super::settings::SupplierSettings;
use super::target::{
    BatchHeader, Candidate, Target, TargetFile, csv, decimal, iso, not_supported, plain,
};

#[rustfmt::skip]
pub const HEADING: [&str; 12] = [
    "id", "move_type", "partner_id", "ref", "invoice_date", "invoice_date_due", "currency_id", "invoice_line_ids/name",
    "invoice_line_ids/quantity", "invoice_line_ids/price_unit", "invoice_line_ids/account_id", "invoice_line_ids/tax_ids",
];
/// Columns of the bill, before those of its lines.
const OF_BILL: usize = 7;
/// Most decimals of a quantity or price: what Odoo is set to before anybody changes it.
const DECIMALS: u32 = 2;

pub struct Odoo;

impl Target for Odoo {
    type Entry = Vec<Vec<String>>;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<Vec<Vec<String>>, Hold> {
        let bill = &candidate.bill;
        let (move_type, sign) = match bill.kind {
            BillKind::Invoice => ("in_invoice", Decimal::ONE),
            // Amounts of a refund are positive.
            BillKind::CreditNote => ("in_refund", Decimal::NEGATIVE_ONE),
            BillKind::Receipt => {
                let why = "vendor bills are open, and a receipt is paid";
                return Err(not_supported(why, BY_HAND));
            }
        };
        let supplier = supplier?;
        let payee = bill.payee(supplier);
        let reference = bill.reference();
        let account = bill.account(supplier)?;
        let tax = bill.tax_code(supplier)?;
        if tax.contains(',') {
            let what = format!("the tax `{tax}` has a comma, which separates taxes in Odoo");
            return Err(Hold::new(HoldCode::TaxCode, what, "rename it in Odoo"));
        }
        let mut of_bill = vec![
            // A dot would name a module.
            format!("docmill_{}", document(bill).replace('-', "_")),
            move_type.to_owned(),
            plain("the supplier", &payee)?.to_owned(),
            plain("the number", &reference)?.to_owned(),
            iso(bill.date),
            iso(bill.due_date(supplier)?),
            bill.currency.clone(),
        ];
        let mut rows = Vec::new();
        for line in bill.file_lines(supplier)? {
            let mut row = std::mem::replace(&mut of_bill, vec![String::new(); OF_BILL]);
            row.extend(line_cells(&line, sign)?);
            row.extend([account.to_owned(), tax.to_owned()]);
            rows.push(row);
        }
        Ok(rows)
    }

    fn files(
        &self,
        entries: &[(&Bill, Vec<Vec<String>>)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let rows: Vec<_> = entries.iter().flat_map(|(_, rows)| rows.clone()).collect();
        let name = format!("{}.csv", batch.stem("odoo"));
        let bytes = csv(&HEADING, &rows)?;
        Ok(vec![TargetFile::only(name, bytes, entries.len())])
    }
}

/// Description, quantity and price.
fn line_cells(line: &FileLine, sign: Decimal) -> Result<[String; 3], Hold> {
    // Odoo rounds both before it multiplies.
    for value in [line.quantity, line.unit_price] {
        if value.normalize().scale() > DECIMALS {
            let what = format!("{value} has more than {DECIMALS} decimals");
            return Err(Hold::new(HoldCode::Value, what, SINGLE_LINE));
        }
    }
    Ok([
        plain("the description", &line.description)?.to_owned(),
        decimal(line.quantity * sign),
        decimal(line.unit_price),
    ])
}
