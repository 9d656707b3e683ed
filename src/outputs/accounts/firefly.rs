//! Firefly III: receipts as CSV for its data importer. The columns have the names of their
//! roles there.

use rust_decimal::Decimal;

use super::bill::{Bill, BillKind};
use super::hold::Hold;
use super::ledger_text::document;
use super::settings::{Accounts, SupplierSettings};
use super::target::{
    BatchHeader, Candidate, Target, TargetFile, amount, csv, iso, missing_setting, not_supported,
    plain,
};

pub const HEADING: [&str; 7] = [
    "account-name",
    "date_transaction",
    "amount",
    "currency-code",
    "opposing-name",
    "description",
    "external-id",
];

pub struct Firefly<'a>(pub &'a Accounts);

impl Target for Firefly<'_> {
    type Entry = Vec<String>;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<Vec<String>, Hold> {
        let bill = &candidate.bill;
        if bill.kind != BillKind::Receipt {
            return Err(not_supported(
                "Firefly III has transactions, not open bills",
                "export the payment's receipt",
            ));
        }
        let account = self.0.firefly.cash_account.as_deref().ok_or_else(|| {
            missing_setting(
                "cash_account in [firefly]",
                "add the account that receipts were paid from",
            )
        })?;
        let name = match supplier {
            Ok(supplier) => bill.payee(supplier),
            Err(_) => bill.supplier.clone(),
        };
        let reference = bill.reference();
        Ok(vec![
            account.to_owned(),
            iso(bill.date),
            amount(Decimal::ZERO - bill.gross),
            bill.currency.clone(),
            plain("the merchant", &name)?.to_owned(),
            format!("Receipt {reference}"),
            format!("docmill-{}", document(bill)),
        ])
    }

    fn files(
        &self,
        entries: &[(&Bill, Vec<String>)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let rows: Vec<_> = entries.iter().map(|(_, row)| row.clone()).collect();
        let name = format!("{}.csv", batch.stem("firefly"));
        let bytes = csv(&HEADING, &rows)?;
        Ok(vec![TargetFile::only(name, bytes, entries.len())])
    }
}
