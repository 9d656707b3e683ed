//! Supplier cards as the page and the command line show them, and what the page offers for
//! other waiting records of the supplier.

use std::collections::BTreeMap;

use serde::Serialize;

use super::caller::Caller;
use super::others::{CorrectionRules, shared_corrections};
use super::reply::Error;
use super::service::Service;
use crate::documents::validation::field_in_words;
use crate::domain::{DocType, SupplierCard, scalar_text};
use crate::outputs::accounts::Accounts;
use crate::store::StoredRecord;

/// What the approved bills of a supplier say; null where it is not known or differs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CardView {
    pub name: String,
    /// Number of approved bills.
    pub bills: u64,
    /// Names on these bills, the last one first.
    pub names: Vec<String>,
    pub vat_ids: Vec<String>,
    pub ibans: Vec<String>,
    pub currency: Option<String>,
    /// Form of the invoice numbers: 9 stands for any digit.
    pub number_form: Option<String>,
    /// `day` or `month`: what comes first.
    pub date_order: Option<&'static str>,
    /// `.` or `,`
    pub decimal_sign: Option<char>,
    /// With their currency, the last one first.
    pub last_totals: Vec<String>,
    /// Of accounts.toml.
    pub account: Option<String>,
    /// Of accounts.toml, by VAT rate in percent.
    pub tax_codes: BTreeMap<String, String>,
}

impl CardView {
    pub fn of(card: &SupplierCard, accounts: Option<&Accounts>) -> CardView {
        let vat_id = card.vat_ids.first().map(String::as_str);
        let entry = accounts.and_then(|accounts| accounts.supplier(card.name(), vat_id).ok());
        let codes = entry.map(|entry| &entry.tax_codes).into_iter().flatten();
        CardView {
            name: card.name().to_owned(),
            bills: card.bills,
            names: card.names.clone(),
            vat_ids: card.vat_ids.clone(),
            ibans: card.ibans.clone(),
            currency: card.currency(),
            number_form: card.number_form(),
            date_order: card.date_order().map(|order| order.in_words()),
            decimal_sign: card.decimal_sign(),
            last_totals: card.totals(),
            account: entry.and_then(|entry| entry.account.clone()),
            tax_codes: codes
                .map(|(rate, code)| (rate.0.to_string(), code.clone()))
                .collect(),
        }
    }
}

/// A correction that other waiting records of the supplier may need too.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Offer {
    field: String,
    label: String,
    before: Option<String>,
    after: Option<String>,
    /// Number of these records.
    records: usize,
}

impl Service {
    pub async fn supplier_card(&self, stored: &StoredRecord) -> Result<Option<CardView>, Error> {
        let card = self.store.supplier_card(&stored.record.fields).await?;
        Ok(card.map(|card| CardView::of(&card, self.accounts.as_ref())))
    }

    /// The corrections by which record `made` was made that other waiting records of its
    /// supplier may need too.
    pub async fn offers(&self, doc_type: &DocType, made: i64) -> Result<Vec<Offer>, Error> {
        let made = self.find(made).await?;
        let mut offers = Vec::new();
        for correction in shared_corrections(&self.store, &made).await? {
            let records = correction.records(&self.store).await?.len();
            let change = correction.change;
            if records > 0 {
                offers.push(Offer {
                    label: field_in_words(doc_type, &change.field),
                    before: scalar_text(&change.before),
                    after: scalar_text(&change.after),
                    field: change.field,
                    records,
                });
            }
        }
        Ok(offers)
    }

    /// Makes a correction of record `made` in the other waiting records of its supplier
    /// too. Returns what was done, in words. Records that other people have open stay.
    pub async fn apply_to_others(
        &self,
        made: i64,
        field: &str,
        caller: &Caller,
    ) -> Result<String, Error> {
        let record = self.find(made).await?;
        let mut corrections = shared_corrections(&self.store, &record).await?;
        corrections.retain(|correction| correction.change.field == field);
        let Some(correction) = corrections.pop() else {
            let why = format!(
                "Record {made} was not made by a correction of {field} that holds for its supplier."
            );
            return Err(Error::Conflict(why));
        };
        let rules = CorrectionRules {
            types: &self.types,
            min_confidence: self.min_confidence,
            second_approval_from: self.second_approval_from,
        };
        let done = correction.apply(&self.store, &rules, &caller.by, &caller.session);
        let done = done.await?;
        let left = match done.open.len() {
            0 => String::new(),
            1 => " 1 stays as it is: somebody has it open.".to_owned(),
            left => format!(" {left} stay as they are: somebody has them open."),
        };
        Ok(format!(
            "{} corrected too.{left}",
            crate::domain::count(done.made.len() as u64, "record")
        ))
    }
}
