//! Checks across fields, as the type's annotations declare them. A check that holds
//! confirms its values.

mod arithmetic;
mod dates;
mod differ;
mod settled;
mod tax;

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::printed::Printed;
use super::words;
use crate::documents::values::number;
use crate::domain::{BusinessKey, Check, DocType, Fields, Finding, letters_and_digits};

/// The outcome of a check that applies.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckOutcome {
    /// Short name of the check, e.g. `net_total + tax_total = gross_total`.
    pub name: String,
    /// Paths of the values that the check uses.
    pub fields: Vec<String>,
    /// Why it does not hold; `None` where it holds.
    pub finding: Option<Finding>,
    /// A further finding although it holds.
    pub note: Option<Finding>,
    pub weight: Weight,
}

/// How much a check that holds says about its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It computes one value from others: they confirm each other.
    Computes,
    /// It says that two values are equal (`subtotal = total`, one line, a
    /// quantity of 1): evidence of one is evidence of the other.
    Equal,
    /// It only excludes impossible values.
    Plausible,
}

impl CheckOutcome {
    pub fn holds(&self) -> bool {
        self.finding.is_none()
    }
}

/// The outcomes of the type's checks, one for each place where a check applies. A check
/// does not apply where operands are absent, or are not numbers or dates.
pub fn run(
    doc_type: &DocType,
    fields: &Fields,
    printed: &Printed,
    today: Date,
) -> Vec<CheckOutcome> {
    let record = CheckedFields {
        doc_type,
        fields,
        printed,
        today,
    };
    let outcomes = doc_type
        .checks()
        .iter()
        .flat_map(|check| record.apply(check));
    outcomes.collect()
}

/// The business keys that the type's `unique` checks make of the record.
pub fn keys(doc_type: &DocType, fields: &Fields) -> Vec<BusinessKey> {
    let key = |check: &Check| match check {
        Check::Unique(of) => business_key(doc_type, fields, of),
        _ => None,
    };
    let mut keys: Vec<_> = doc_type.checks().iter().filter_map(key).collect();
    keys.sort_by(|a, b| a.key.cmp(&b.key));
    keys
}

/// `None` when one of the fields is absent.
fn business_key(doc_type: &DocType, fields: &Fields, of: &[String]) -> Option<BusinessKey> {
    let mut key = doc_type.name.clone();
    let mut said = Vec::new();
    for field in of {
        let text = fields.get(field)?.as_str()?;
        let plain = match number::plain(text) {
            Some(value) => value.normalize().to_string(),
            None => comparable(text)?,
        };
        key.push_str(&format!("|{field}={plain}"));
        said.push(format!("{} {text}", words::field(doc_type, field)));
    }
    let words = words::list(&said);
    Some(BusinessKey { key, words })
}

/// The letters and digits of a value in upper case; `None` without any.
fn comparable(text: &str) -> Option<String> {
    Some(letters_and_digits(text)).filter(|plain| !plain.is_empty())
}

/// The record that is checked.
struct CheckedFields<'a> {
    doc_type: &'a DocType,
    fields: &'a Fields,
    printed: &'a Printed,
    today: Date,
}

impl CheckedFields<'_> {
    fn apply(&self, check: &Check) -> Vec<CheckOutcome> {
        match check {
            Check::Sum {
                of,
                equals,
                tolerance,
            } => self
                .sum(of, equals, allowed(tolerance))
                .into_iter()
                .collect(),
            Check::Product {
                each,
                of,
                equals,
                tolerance,
            } => self.products(each.as_deref(), of, equals, allowed(tolerance)),
            Check::Order {
                earlier,
                later,
                within_days,
            } => self
                .order(earlier, later, *within_days)
                .into_iter()
                .collect(),
            Check::NotAhead { date, days_ahead } => {
                self.not_ahead(date, *days_ahead).into_iter().collect()
            }
            Check::TaxRate {
                net,
                gross,
                tax,
                country,
            } => self
                .tax_rate(net.as_deref(), gross.as_deref(), tax, country)
                .into_iter()
                .collect(),
            Check::Unsettled { field, values } => {
                self.unsettled(field, values).into_iter().collect()
            }
            Check::Differ(a, b) => self.differ(a, b).into_iter().collect(),
            // The store compares with other documents.
            Check::Unique(_) => Vec::new(),
            Check::AnyOf(checks) => self.any_of(checks),
        }
    }

    /// The outcomes that hold; where none does, the first one.
    fn any_of(&self, checks: &[Check]) -> Vec<CheckOutcome> {
        let outcomes: Vec<_> = checks.iter().flat_map(|check| self.apply(check)).collect();
        if outcomes.iter().any(CheckOutcome::holds) {
            outcomes.into_iter().filter(CheckOutcome::holds).collect()
        } else {
            outcomes.into_iter().take(1).collect()
        }
    }

    fn words(&self, path: &str) -> String {
        words::field(self.doc_type, path)
    }
}

/// The tolerance of a check; 0 without one.
pub fn allowed(tolerance: &Option<String>) -> Decimal {
    tolerance
        .as_deref()
        .and_then(|text| Decimal::from_str(text).ok())
        .unwrap_or_default()
}

/// A number with one meaning. A number that is ambiguous in the schema's form (`1.234`)
/// is reported where values are converted.
fn exact(text: &str) -> Option<Decimal> {
    number::plain(text).or_else(|| number::parse(text).ok()?.only())
}

/// A field's exact amount; `None` when it is absent or has no clear meaning.
fn value(fields: &Fields, path: &str) -> Option<Decimal> {
    match fields.get(path)? {
        Value::String(text) => exact(text),
        Value::Number(number) => Decimal::from_str(&number.to_string()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
