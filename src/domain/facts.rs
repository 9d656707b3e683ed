//! The values by which a person recognises a record, whatever its document type
//! calls them.

use rust_decimal::Decimal;
use serde_json::Value;

use super::Fields;

const PARTIES: [&str; 4] = ["merchant_name", "seller_name", "counterparty", "app_name"];
const DATES: [&str; 2] = ["date", "issue_date"];
const TOTALS: [&str; 3] = ["total", "gross_total", "amount"];
const NUMBERS: [&str; 2] = ["invoice_number", "reference"];
/// Endings of field names in the user's own types that mean the same.
const PARTY_ENDINGS: [&str; 1] = ["_name"];
const DATE_ENDINGS: [&str; 1] = ["_date"];
const TOTAL_ENDINGS: [&str; 2] = ["_total", "_amount"];
const NUMBER_ENDINGS: [&str; 2] = ["_number", "_reference"];

/// The values by which records of all types are compared; `None` where a value
/// is null or the type has no such field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Seller, merchant or other party.
    pub party: Option<String>,
    /// ISO 8601; otherwise the text as read.
    pub date: Option<String>,
    /// A decimal number with `.`; otherwise the text as read.
    pub total: Option<String>,
    /// ISO 4217; otherwise the text as read.
    pub currency: Option<String>,
    /// Of the invoice, or the payment's reference.
    pub number: Option<String>,
}

impl Facts {
    pub fn of(fields: &Fields) -> Facts {
        Facts {
            party: find(fields, &PARTIES, &PARTY_ENDINGS),
            date: find(fields, &DATES, &DATE_ENDINGS),
            total: find(fields, &TOTALS, &TOTAL_ENDINGS),
            currency: find(fields, &["currency"], &[]),
            number: find(fields, &NUMBERS, &NUMBER_ENDINGS),
        }
    }

    /// The total with its currency; empty without a total.
    pub fn total_text(&self) -> String {
        match (&self.total, &self.currency) {
            (None, _) => String::new(),
            (Some(total), None) => total.clone(),
            (Some(total), Some(currency)) => format!("{total} {currency}"),
        }
    }

    /// The total in ten-thousandths of its currency, by which totals are
    /// compared; `None` where it is not a decimal number or exceeds an `i64`.
    pub fn total_units(&self) -> Option<i64> {
        let total: Decimal = self.total.as_deref()?.parse().ok()?;
        total_units(total)
    }

    /// The date; `None` where the text is not an ISO 8601 date.
    pub fn day(&self) -> Option<jiff::civil::Date> {
        self.date.as_deref()?.parse().ok()
    }
}

/// An amount in ten-thousandths of its currency, since schemas allow four
/// decimals; `None` where it exceeds an `i64`.
pub fn total_units(total: Decimal) -> Option<i64> {
    let units = total.checked_mul(Decimal::from(10_000))?.round();
    units.try_into().ok()
}

/// The value of the first of `names` that has one, else of the first field with
/// such an ending where the type has none of the names.
fn find(fields: &Fields, names: &[&str], endings: &[&str]) -> Option<String> {
    if names.iter().any(|name| fields.contains_key(*name)) {
        return names.iter().find_map(|name| text(fields.get(*name)?));
    }
    let fits = |name: &str| endings.iter().any(|ending| name.ends_with(ending));
    let mut fitting = fields.iter().filter(|(name, _)| fits(name));
    fitting.find_map(|(_, value)| text(value))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(fields: Value) -> Facts {
        Facts::of(fields.as_object().unwrap())
    }

    #[test]
    fn an_invoice_has_its_seller_and_gross_total() {
        let facts = facts(json!({
            "invoice_number": "A-7", "issue_date": "2026-01-02", "due_date": "2026-02-01", "currency": "EUR",
            "seller_name": "ACME", "buyer_name": "Us", "net_total": "10.00", "gross_total": "11.90"
        }));
        assert_eq!(facts.party.as_deref(), Some("ACME"));
        assert_eq!(facts.day(), Some(jiff::civil::date(2026, 1, 2)));
        assert_eq!(facts.total_text(), "11.90 EUR");
        assert_eq!(facts.total_units(), Some(119_000));
        assert_eq!(facts.number.as_deref(), Some("A-7"));
    }

    #[test]
    fn a_field_that_is_null_is_not_replaced_by_another() {
        let facts = facts(json!({"issue_date": null, "due_date": "2026-02-01"}));
        assert_eq!(facts, Facts::default());
    }

    #[test]
    fn types_of_the_user_are_recognised_by_the_ends_of_their_names() {
        let facts = facts(json!({
            "cinema_name": "Odeon", "show_date": "soon", "ticket_number": 12, "paid_amount": "x"
        }));
        assert_eq!(facts.party.as_deref(), Some("Odeon"));
        assert_eq!(facts.number.as_deref(), Some("12"));
        assert_eq!((facts.day(), facts.total_units()), (None, None));
    }
}
