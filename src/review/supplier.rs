//! Supplier cards as the page and the command line show them, and corrections that hold
//! for other waiting records of the supplier.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::caller::Caller;
use super::correction::Edits;
use super::reply::Error;
use super::service::Service;
use crate::documents::validation::field_in_words;
use crate::domain::{DocType, FieldPath, SupplierCard, scalar_text};
use crate::outputs::accounts::Accounts;
use crate::store::{ChangeRow, FieldChange, StoredRecord};

/// Fields whose value is the same on all documents of a supplier.
const OF_SUPPLIER: [&str; 7] = [
    "seller_name",
    "seller_vat_id",
    "currency",
    "iban",
    "bic",
    "buyer_name",
    "buyer_vat_id",
];

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

    /// The corrections of a record that other waiting records of its supplier may need
    /// too. `made`: the record with the corrections, which were made in `stored`.
    pub async fn offers(
        &self,
        doc_type: &DocType,
        stored: &StoredRecord,
        made: i64,
        changes: &[FieldChange],
    ) -> Result<Vec<Offer>, Error> {
        let mut offers = Vec::new();
        for change in changes {
            let records = self.others(stored, made, change).await?.len();
            if records > 0 {
                offers.push(Offer {
                    field: change.field.clone(),
                    label: field_in_words(doc_type, &change.field),
                    before: scalar_text(&change.before),
                    after: scalar_text(&change.after),
                    records,
                });
            }
        }
        Ok(offers)
    }

    /// Waiting records of the same supplier, before or after the change, that have the
    /// value before it.
    async fn others(
        &self,
        stored: &StoredRecord,
        made: i64,
        change: &FieldChange,
    ) -> Result<Vec<i64>, Error> {
        if !OF_SUPPLIER.contains(&change.field.as_str()) || change.before == change.after {
            return Ok(Vec::new());
        }
        let old = &stored.record.fields;
        let mut new = old.clone();
        if let Some(value) = FieldPath::parse(&change.field).value_at_mut(&mut new) {
            *value = change.after.clone();
        }
        let (field, before) = (&change.field, &change.before);
        let mut ids = self
            .store
            .waiting_of_supplier([old, &new], field, before)
            .await?;
        ids.retain(|id| *id != made);
        Ok(ids)
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
        let history = self.store.changes(record.document_id).await?;
        let is_it =
            |row: &&ChangeRow| row.made_record_id == made && row.field.as_deref() == Some(field);
        let Some(row) = history.iter().rfind(is_it) else {
            let why = format!("The field {field} of record {made} was not corrected.");
            return Err(Error::Conflict(why));
        };
        let value = |json: &Option<String>| -> Value {
            let text = json.as_deref().unwrap_or("null");
            serde_json::from_str(text).unwrap_or_default()
        };
        let change = FieldChange {
            field: field.to_owned(),
            before: value(&row.before),
            after: value(&row.after),
        };
        let before = self.store.any_record(row.record_id).await?;
        let before = before.ok_or_else(|| Error::Absent("The record was forgotten.".into()))?;
        let locks = self.store.review_locks(&caller.session).await?;
        let edits = Edits {
            values: vec![(
                field.to_owned(),
                scalar_text(&change.after).unwrap_or_default(),
            )],
            ..Edits::default()
        };
        let reason = format!("as in record {made}");
        let (mut done, mut left) = (0, 0);
        for id in self.others(&before, made, &change).await? {
            let is_open = locks.iter().any(|lock| lock.record_id == id);
            match !is_open && self.apply_one(id, &edits, (&caller.by, &reason)).await? {
                true => done += 1,
                false => left += 1,
            }
        }
        let left = match left {
            0 => String::new(),
            1 => " 1 stays as it is: somebody has it open.".to_owned(),
            left => format!(" {left} stay as they are: somebody has them open."),
        };
        Ok(format!(
            "{} corrected too.{left}",
            crate::domain::count(done, "record")
        ))
    }

    /// `false`: the record was replaced meanwhile.
    async fn apply_one(
        &self,
        id: i64,
        edits: &Edits,
        (by, reason): (&str, &str),
    ) -> Result<bool, Error> {
        let Some(stored) = self.store.record(id).await? else {
            return Ok(false);
        };
        let (_, mut corrected) = self.apply(&stored, edits)?;
        let from = self.second_approval_from;
        let made = corrected.store(&self.store, &stored, false, (by, reason), from);
        Ok(made.await?.is_some())
    }
}
