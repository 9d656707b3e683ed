//! Sums and products in exact decimals.

use iso_currency::Currency;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{CheckOutcome, CheckedFields, Weight, value, words};
use crate::documents::validation::printed;
use crate::documents::values::currency::{cash_step, of_country};
use crate::domain::{FieldPath, Fields, Finding, FindingCode, Format};

/// Why a sum is equal to a stated amount.
enum Bridge {
    Exact,
    /// After rounding to the smallest coin.
    Rounded,
    /// With further printed amounts, which the text names.
    Printed(String),
}

impl CheckedFields<'_> {
    /// `None` when an operand is absent.
    pub(super) fn sum(
        &self,
        of: &[String],
        equals: &str,
        tolerance: Decimal,
    ) -> Option<CheckOutcome> {
        let stated = value(self.fields, equals)?;
        let operands = self.operands(of)?;
        let sum = operands
            .iter()
            .map(|(_, operand)| *operand)
            .try_fold(Decimal::ZERO, Decimal::checked_add)?;
        let what = || match of {
            [path] if FieldPath::parse(path).is_wildcard() => match operands.len() {
                1 => format!("the only line is {}", words::amount(sum)),
                n => format!("the {n} lines add up to {}", words::amount(sum)),
            },
            [path] => format!("{} is {}", self.words(path), words::amount(sum)),
            _ => format!("{} is {}", self.addition(&operands), words::amount(sum)),
        };
        let bridge = self.bridge(sum, stated, tolerance);
        let finding = bridge.is_none().then(|| {
            let message = format!(
                "{}, but {} is {stated}: a difference of {}",
                what(),
                self.words(equals),
                words::amount((sum - stated).abs())
            );
            Finding::new(FindingCode::SumMismatch, Some(equals), message)
        });
        let note = match &bridge {
            Some(Bridge::Printed(extras)) => {
                let message = format!(
                    "{}, and {} is {stated}: {extras}",
                    what(),
                    self.words(equals)
                );
                Some(Finding::new(FindingCode::Allowances, Some(equals), message))
            }
            _ => None,
        };
        let non_zero = operands.iter().filter(|(_, operand)| !operand.is_zero());
        Some(CheckOutcome {
            name: format!("{} = {equals}", of.join(" + ")),
            // Several operands give the same rounded sum, and a printed extra may have
            // another reason.
            weight: match bridge {
                Some(Bridge::Rounded | Bridge::Printed(_)) => Weight::Plausible,
                _ => computes_if(non_zero.count() > 1),
            },
            fields: operands
                .into_iter()
                .map(|(path, _)| path)
                .chain([equals.to_owned()])
                .collect(),
            finding,
            note,
        })
    }

    /// Why a sum is equal to the stated amount; `None`: it is not.
    fn bridge(&self, sum: Decimal, stated: Decimal, tolerance: Decimal) -> Option<Bridge> {
        if is_within(sum, stated, tolerance) {
            return Some(Bridge::Exact);
        }
        let difference = stated.checked_sub(sum)?;
        let extras = self.printed.extras();
        if let Some(found) = printed::explain(&extras, difference) {
            let found = found.iter().map(|(extra, amount)| {
                format!(
                    "the page prints {} {}",
                    extra.caption,
                    words::amount(*amount)
                )
            });
            return Some(Bridge::Printed(found.collect::<Vec<_>>().join(", ")));
        }
        self.is_rounded(sum, stated).then_some(Bridge::Rounded)
    }

    /// Whether a total is the sum rounded to the smallest coin of the record's
    /// currency, or of the currency of the country that the page shows: 57.00 for
    /// 57.40 Swedish kronor. For the euro the country decides.
    fn is_rounded(&self, sum: Decimal, stated: Decimal) -> bool {
        let properties = self.doc_type.properties();
        let mut properties = properties.into_iter().flatten();
        let currency = properties.find_map(|(name, property)| {
            let is_currency = Format::of(property) == Some(Format::Currency);
            let code = self.fields.get(name)?.as_str()?;
            is_currency.then(|| Currency::from_code(code)).flatten()
        });
        let country = self.printed.country();
        let currency = currency.or_else(|| of_country(country?));
        let step = currency.and_then(|currency| cash_step(currency, country));
        step.is_some_and(|step| {
            let is_multiple = stated.checked_rem(step).is_some_and(|rest| rest.is_zero());
            is_multiple && is_within(sum, stated, step / Decimal::TWO)
        })
    }

    /// `net 100.00 plus VAT 19.00`.
    fn addition(&self, operands: &[(String, Decimal)]) -> String {
        let terms = operands
            .iter()
            .map(|(path, operand)| format!("{} {operand}", self.words(path)));
        terms.collect::<Vec<_>>().join(" plus ")
    }

    /// Every operand with its path, those of a list line by line.
    fn operands(&self, of: &[String]) -> Option<Vec<(String, Decimal)>> {
        let mut operands = Vec::new();
        for path in of {
            let parsed = FieldPath::parse(path);
            let Some(field) = parsed.leaf_in_list() else {
                operands.push((path.clone(), value(self.fields, path)?));
                continue;
            };
            let list = parsed.root();
            let lines = self.fields.get(list)?.as_array()?;
            let before = operands.len();
            for (index, line) in lines.iter().enumerate() {
                let line = line.as_object()?;
                if is_heading(line, field) {
                    continue;
                }
                let operand = value(line, field)?;
                operands.push((FieldPath::in_line(list, index, field).to_string(), operand));
            }
            if operands.len() == before {
                return None;
            }
        }
        Some(operands)
    }

    pub(super) fn products(
        &self,
        each: Option<&str>,
        of: &[String],
        equals: &str,
        tolerance: Decimal,
    ) -> Vec<CheckOutcome> {
        let Some(list) = each else {
            return self
                .product(self.fields, "", of, equals, tolerance)
                .into_iter()
                .collect();
        };
        let lines = self
            .fields
            .get(list)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let product = |(index, line): (usize, &Value)| {
            let prefix = format!("{list}[{index}].");
            self.product(line.as_object()?, &prefix, of, equals, tolerance)
        };
        lines.iter().enumerate().filter_map(product).collect()
    }

    fn product(
        &self,
        fields: &Fields,
        prefix: &str,
        of: &[String],
        equals: &str,
        tolerance: Decimal,
    ) -> Option<CheckOutcome> {
        let stated = value(fields, equals)?;
        let operands: Vec<Decimal> = of
            .iter()
            .map(|path| value(fields, path))
            .collect::<Option<_>>()?;
        let product = operands
            .iter()
            .copied()
            .try_fold(Decimal::ONE, Decimal::checked_mul)?;
        let result = format!("{prefix}{equals}");
        let finding = (!is_within(product, stated, tolerance)).then(|| {
            let factors: Vec<String> = operands.iter().map(Decimal::to_string).collect();
            let words = self.words(&result);
            let (place, name) = match words.split_once(": ") {
                Some((place, name)) => (format!("{place}: "), name),
                None => (String::new(), words.as_str()),
            };
            let message = format!(
                "{place}{} is {}, but {name} is {stated}: a difference of {}",
                factors.join(" x "),
                words::amount(product),
                words::amount((product - stated).abs())
            );
            Finding::new(FindingCode::ProductMismatch, Some(&result), message)
        });
        Some(CheckOutcome {
            name: format!("{} = {equals}", of.join(" x ")),
            fields: of
                .iter()
                .map(|path| format!("{prefix}{path}"))
                .chain([result])
                .collect(),
            finding,
            note: None,
            weight: computes_if(operands.iter().all(|operand| *operand != Decimal::ONE)),
        })
    }
}

/// Whether a line has one value that is not the operand, such as column headings or a
/// caption among the lines.
fn is_heading(line: &Fields, operand: &str) -> bool {
    let stated = line.iter().filter(|(_, value)| !value.is_null());
    let mut names = stated.map(|(name, _)| name);
    names.next().is_some_and(|name| name != operand) && names.next().is_none()
}

fn computes_if(more_than_a_copy: bool) -> Weight {
    if more_than_a_copy {
        Weight::Computes
    } else {
        Weight::Equal
    }
}

/// Whether the amounts differ by at most `tolerance`; `false` where their difference
/// overflows.
fn is_within(computed: Decimal, stated: Decimal, tolerance: Decimal) -> bool {
    computed
        .checked_sub(stated)
        .is_some_and(|difference| difference.abs() <= tolerance)
}
