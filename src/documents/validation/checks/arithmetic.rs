//! Sums and products in exact decimals.

use iso_currency::Currency;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{CheckOutcome, Checked, Weight, value, words};
use crate::documents::values::currency::cash_step;
use crate::domain::{FieldPath, Fields, Finding, FindingCode, Format};

impl Checked<'_> {
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
        let is_exact = is_within(sum, stated, tolerance);
        let holds = is_exact || self.is_rounded(sum, stated);
        let finding = (!holds).then(|| {
            let message = format!(
                "{}, but {} is {stated}: a difference of {}",
                what(),
                self.words(equals),
                words::amount((sum - stated).abs())
            );
            Finding::new(FindingCode::SumMismatch, Some(equals), message)
        });
        let non_zero = operands.iter().filter(|(_, operand)| !operand.is_zero());
        Some(CheckOutcome {
            name: format!("{} = {equals}", of.join(" + ")),
            // A rounded sum leaves its operands room.
            weight: match is_exact {
                true => computes_if(non_zero.count() > 1),
                false => Weight::Plausible,
            },
            fields: operands
                .into_iter()
                .map(|(path, _)| path)
                .chain([equals.to_owned()])
                .collect(),
            finding,
        })
    }

    /// Whether a total is the sum rounded to the smallest coin of the record's
    /// currency: 57.00 for 57.40 Swedish kronor.
    fn is_rounded(&self, sum: Decimal, stated: Decimal) -> bool {
        let properties = self.doc_type.schema["properties"].as_object();
        let mut properties = properties.into_iter().flatten();
        let currency = properties.find_map(|(name, property)| {
            let is_currency = Format::of(property) == Some(Format::Currency);
            let code = self.fields.get(name)?.as_str()?;
            is_currency.then(|| Currency::from_code(code)).flatten()
        });
        let step = currency.and_then(|currency| cash_step(currency, None));
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
            if lines.is_empty() {
                return None;
            }
            for (index, line) in lines.iter().enumerate() {
                let operand = value(line.as_object()?, field)?;
                operands.push((FieldPath::in_line(list, index, field).to_string(), operand));
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
            weight: computes_if(operands.iter().all(|operand| *operand != Decimal::ONE)),
        })
    }
}

fn computes_if(more_than_a_copy: bool) -> Weight {
    if more_than_a_copy {
        Weight::Computes
    } else {
        Weight::Equal
    }
}

/// Amounts too large to subtract are not within anything.
fn is_within(computed: Decimal, stated: Decimal, tolerance: Decimal) -> bool {
    computed
        .checked_sub(stated)
        .is_some_and(|difference| difference.abs() <= tolerance)
}
