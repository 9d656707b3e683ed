//! UBL 2.1: one file for each invoice, as `docmill export --format ubl` writes it.

use super::bill::Bill;
use super::hold::{CORRECT, Hold, HoldCode};
use super::settings::SupplierSettings;
use super::target::{BatchHeader, Candidate, Target, TargetFile, not_supported};
use crate::outputs::export::{UblResult, ubl_file_name};

pub struct Ubl;

impl Target for Ubl {
    type Entry = String;

    fn entry(
        &self,
        candidate: &Candidate,
        _: Result<&SupplierSettings, Hold>,
    ) -> Result<String, Hold> {
        match &candidate.ubl {
            Some(UblResult::Written(text)) => Ok(text.clone()),
            Some(UblResult::Refused(violations)) => {
                let what = format!("it violates EN 16931 ({})", violations.join("; "));
                Err(Hold::new(HoldCode::Value, what, CORRECT))
            }
            Some(UblResult::NoInvoice) | None => Err(not_supported(
                "UBL is for invoices",
                "use another target for it",
            )),
        }
    }

    fn files(
        &self,
        entries: &[(&Bill, String)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let file = |(index, (bill, text)): (usize, &(&Bill, String))| {
            let page = bill.id.pages.first().copied();
            let name = ubl_file_name(bill.number.as_deref(), &bill.id.blake3, page);
            TargetFile {
                name: format!("{}-{name}", batch.stem("ubl")),
                bytes: text.clone().into_bytes(),
                bills: vec![index],
            }
        };
        Ok(entries.iter().enumerate().map(file).collect())
    }
}
