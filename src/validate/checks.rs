//! Arithmetic and order across fields, as the type's annotations declare them.

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::amount::{self, Amount};
use crate::domain::{Check, DocType, Fields, Finding, Severity};

pub fn run(doc_type: &DocType, fields: &Fields, findings: &mut Vec<Finding>) {
    let checks = doc_type
        .read
        .as_ref()
        .map(|rules| rules.checks.as_slice())
        .unwrap_or_default();
    for check in checks {
        findings.extend(apply(check, fields).into_iter().flatten());
    }
}

/// One entry for each place where the check applies: `None` where it holds.
fn apply(check: &Check, fields: &Fields) -> Vec<Option<Finding>> {
    match check {
        Check::Sum {
            of,
            equals,
            tolerance,
        } => sum(fields, of, equals, decimal(tolerance))
            .into_iter()
            .collect(),
        Check::Product {
            each: Some(list),
            of,
            equals,
            tolerance,
        } => {
            let lines = fields
                .get(list)
                .and_then(Value::as_array)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let product = |(index, line): (usize, &Value)| {
                product(
                    line.as_object()?,
                    &format!("{list}[{index}]."),
                    of,
                    equals,
                    decimal(tolerance),
                )
            };
            lines.iter().enumerate().filter_map(product).collect()
        }
        Check::Product {
            each: None,
            of,
            equals,
            tolerance,
        } => product(fields, "", of, equals, decimal(tolerance))
            .into_iter()
            .collect(),
        Check::Order { earlier, later } => order(fields, earlier, later).into_iter().collect(),
        Check::AnyOf(checks) => {
            let outcomes: Vec<_> = checks
                .iter()
                .flat_map(|check| apply(check, fields))
                .collect();
            let holds = outcomes.iter().any(Option::is_none);
            if holds {
                Vec::new()
            } else {
                outcomes.into_iter().take(1).collect()
            }
        }
    }
}

fn decimal(tolerance: &Option<String>) -> Decimal {
    tolerance
        .as_deref()
        .and_then(|text| Decimal::from_str(text).ok())
        .unwrap_or_default()
}

/// `None` when an operand is absent.
fn sum(
    fields: &Fields,
    of: &[String],
    equals: &str,
    tolerance: Decimal,
) -> Option<Option<Finding>> {
    let stated = value(fields, equals)?;
    let mut operands = Vec::new();
    for path in of {
        match path.split_once("[].") {
            Some((list, field)) => {
                let lines = fields
                    .get(list)?
                    .as_array()
                    .filter(|lines| !lines.is_empty())?;
                for line in lines {
                    operands.push(value(line.as_object()?, field)?);
                }
            }
            None => operands.push(value(fields, path)?),
        }
    }
    let sum = operands
        .iter()
        .copied()
        .try_fold(Decimal::ZERO, Decimal::checked_add)?;
    let what = match of {
        [path] if path.contains("[].") => format!("the {} lines add up to {sum}", operands.len()),
        [path] => format!("{path} is {sum}"),
        _ => format!("{} is {sum}", of.join(" + ")),
    };
    Some(mismatch(
        "sum_mismatch",
        equals,
        what,
        sum,
        stated,
        tolerance,
    ))
}

fn product(
    fields: &Fields,
    prefix: &str,
    of: &[String],
    equals: &str,
    tolerance: Decimal,
) -> Option<Option<Finding>> {
    let stated = value(fields, equals)?;
    let operands: Vec<Decimal> = of
        .iter()
        .map(|path| value(fields, path))
        .collect::<Option<_>>()?;
    let product = operands
        .iter()
        .copied()
        .try_fold(Decimal::ONE, Decimal::checked_mul)?;
    let factors: Vec<String> = operands.iter().map(Decimal::to_string).collect();
    let what = format!("{} is {}", factors.join(" x "), product.normalize());
    Some(mismatch(
        "product_mismatch",
        &format!("{prefix}{equals}"),
        what,
        product,
        stated,
        tolerance,
    ))
}

fn mismatch(
    code: &str,
    field: &str,
    what: String,
    computed: Decimal,
    stated: Decimal,
    tolerance: Decimal,
) -> Option<Finding> {
    let difference = (computed - stated).abs();
    if difference <= tolerance {
        return None;
    }
    let message = format!(
        "{what}, but {field} is {stated}: a difference of {}",
        difference.normalize()
    );
    Some(Finding::new(code, Severity::Warning, Some(field), message))
}

fn order(fields: &Fields, earlier: &str, later: &str) -> Option<Option<Finding>> {
    let date = |path: &str| Date::from_str(fields.get(path)?.as_str()?).ok();
    let (first, second) = (date(earlier)?, date(later)?);
    let message = || format!("{later} ({second}) is before {earlier} ({first})");
    Some(
        (first > second)
            .then(|| Finding::new("date_order", Severity::Warning, Some(later), message())),
    )
}

/// A field's exact amount; `None` when it is absent or has no clear meaning.
fn value(fields: &Fields, path: &str) -> Option<Decimal> {
    match fields.get(path)? {
        Value::String(text) => match amount::parse(text) {
            Amount::Plain(value) | Amount::Normalised(value) => Some(value),
            Amount::Ambiguous | Amount::Unreadable => None,
        },
        Value::Number(number) => Decimal::from_str(&number.to_string()).ok(),
        _ => None,
    }
}
