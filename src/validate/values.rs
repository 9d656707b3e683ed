//! Typed values: dates, amounts, quantities and currencies, by the schema's
//! `format` annotations.

use std::str::FromStr;

use iso_currency::Currency;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::amount::{self, Amount};
use crate::domain::{DocType, Fields, Finding, Severity};

/// Nothing that docmill is used for is older.
const FIRST_YEAR: i16 = 1970;
/// Due dates lie ahead, but not this far.
const YEARS_AHEAD: i16 = 5;

/// Brings values into the schema's form where that needs no guess, and tells
/// of those that are not what they should be.
pub fn type_values(
    doc_type: &DocType,
    fields: &mut Fields,
    today: Date,
    findings: &mut Vec<Finding>,
) {
    let Some(properties) = doc_type.schema["properties"].as_object() else {
        return;
    };
    for (name, property) in properties {
        let Some(value) = fields.get_mut(name) else {
            continue;
        };
        if let (Value::Array(list), Some(lines)) =
            (&mut *value, property.pointer("/items/properties"))
        {
            for (index, line) in list.iter_mut().enumerate() {
                type_line(
                    &format!("{name}[{index}]."),
                    line,
                    lines.as_object(),
                    today,
                    findings,
                );
            }
        } else {
            type_value(name, value, property, today, findings);
        }
    }
}

fn type_line(
    prefix: &str,
    line: &mut Value,
    properties: Option<&Map<String, Value>>,
    today: Date,
    findings: &mut Vec<Finding>,
) {
    let (Some(line), Some(properties)) = (line.as_object_mut(), properties) else {
        return;
    };
    for (name, property) in properties {
        if let Some(value) = line.get_mut(name) {
            type_value(&format!("{prefix}{name}"), value, property, today, findings);
        }
    }
}

fn type_value(
    field: &str,
    value: &mut Value,
    property: &Value,
    today: Date,
    findings: &mut Vec<Finding>,
) {
    let Value::String(text) = &*value else { return };
    let result = match property.get("format").and_then(Value::as_str) {
        Some("amount" | "quantity") => number(text),
        Some("date") => date(text, today),
        Some("currency") => currency(text),
        _ => return,
    };
    match result {
        Typed::Fine => {}
        Typed::Rewritten(new) => {
            let message = format!("{field} was written `{text}` and is stored as {new}");
            findings.push(Finding::new(
                "normalised",
                Severity::Info,
                Some(field),
                message,
            ));
            *value = Value::String(new);
        }
        Typed::Doubtful(code, why) => {
            let message = format!("{field} is `{text}`: {why}");
            findings.push(Finding::new(code, Severity::Warning, Some(field), message));
        }
    }
}

enum Typed {
    Fine,
    Rewritten(String),
    Doubtful(&'static str, String),
}

fn number(text: &str) -> Typed {
    match amount::parse(text) {
        Amount::Plain(_) => Typed::Fine,
        Amount::Normalised(value) => Typed::Rewritten(value.to_string()),
        Amount::Ambiguous => Typed::Doubtful(
            "ambiguous_amount",
            "the separator may be for thousands or for decimals".into(),
        ),
        Amount::Unreadable => Typed::Doubtful("not_an_amount", "this is not a number".into()),
    }
}

fn date(text: &str, today: Date) -> Typed {
    let Ok(date) = Date::from_str(text) else {
        return Typed::Doubtful("not_a_date", "there is no such date".into());
    };
    if date.year() < FIRST_YEAR || date.year() > today.year() + YEARS_AHEAD {
        return Typed::Doubtful("implausible_date", "the year is hardly right".into());
    }
    Typed::Fine
}

fn currency(text: &str) -> Typed {
    match Currency::from_code(text) {
        Some(_) => Typed::Fine,
        None => Typed::Doubtful("unknown_currency", "ISO 4217 has no such currency".into()),
    }
}
