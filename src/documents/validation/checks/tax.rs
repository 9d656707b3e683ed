//! Whether the tax is one of the country's rates.

use rust_decimal::Decimal;

use super::{CheckOutcome, CheckedFields, Weight, value, words};
use crate::documents::vat_rates::{self, Country};
use crate::domain::{Finding, FindingCode, Format};

/// Most by which a tax may differ from its rate, 0.02 of the currency: it is rounded
/// for each line or once.
const ROUNDING: Decimal = Decimal::from_parts(2, 0, 0, false, 2);
/// Least tax, 2.00 of the currency, that confirms the net amount: smaller ones fit one
/// of several rates by chance too often.
const LEAST_CONFIRMING: Decimal = Decimal::from_parts(2, 0, 0, false, 0);

impl CheckedFields<'_> {
    /// `None` when an amount is absent, the country is not known or has no
    /// known rates, or the tax is a blend of several rates.
    pub(super) fn tax_rate(
        &self,
        net: Option<&str>,
        gross: Option<&str>,
        tax: &str,
        country: &[String],
    ) -> Option<CheckOutcome> {
        let taxed = value(self.fields, tax)?;
        let base = net.or(gross)?;
        let base_amount = match net {
            Some(net) => value(self.fields, net)?,
            None => value(self.fields, base)?.checked_sub(taxed)?,
        };
        if taxed.is_zero() || base_amount.is_zero() {
            return None;
        }
        let country = self.country(country)?;
        let highest = country.highest();
        let outcome = |name, weight, finding| {
            Some(CheckOutcome {
                name,
                fields: vec![base.to_owned(), tax.to_owned()],
                finding,
                note: None,
                weight,
            })
        };
        let name =
            |rate: Decimal| format!("{tax} is {} % of {base} ({})", percent(rate), country.code);
        let most = base_amount.checked_mul(highest)?;
        let same_sign = taxed.is_sign_negative() == base_amount.is_sign_negative();
        if !same_sign || taxed.abs() > most.abs() + ROUNDING {
            let implied = taxed.checked_div(base_amount)?.round_dp(3);
            let message = format!(
                "{} {taxed} on {} is {} %, but the highest rate in {} is {} %",
                self.words(tax),
                words::amount(base_amount),
                percent(implied),
                country.name,
                percent(highest)
            );
            let finding = Finding::new(FindingCode::TaxRate, Some(tax), message);
            return outcome(name(highest), Weight::Computes, Some(finding));
        }
        let hit = country.rates().find(|rate| {
            let expected = base_amount.checked_mul(*rate);
            expected.is_some_and(|expected| (expected - taxed).abs() <= ROUNDING)
        })?;
        let weight = if taxed.abs() >= LEAST_CONFIRMING {
            Weight::Computes
        } else {
            Weight::Plausible
        };
        outcome(name(hit), weight, None)
    }

    /// The country of the first of these fields that has one.
    fn country(&self, fields: &[String]) -> Option<&'static Country> {
        let of_field = |field: &String| {
            let text = self.fields.get(field)?.as_str()?.trim().to_uppercase();
            match Format::of(&self.doc_type.schema["properties"][field]) {
                Some(Format::Currency) => vat_rates::of_currency(&text),
                Some(Format::VatId | Format::Iban) => vat_rates::country(text.get(..2)?),
                _ => vat_rates::country(&text),
            }
        };
        fields.iter().find_map(of_field)
    }
}

fn percent(rate: Decimal) -> Decimal {
    (rate * Decimal::ONE_HUNDRED).normalize()
}
