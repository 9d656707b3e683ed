//! Typed values: dates, amounts, quantities, currencies and identifiers, by the
//! schema's `format` annotations.

use std::str::FromStr;

use iso_currency::Currency;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::amount::{self, Amount};
use super::identifiers::{self, Verdict};
use super::words;
use crate::domain::{Check, DocType, FieldPath, Fields, Finding, FindingCode, Format};

/// Nothing that docmill is used for is older.
const FIRST_YEAR: i16 = 1970;
/// Due dates lie ahead, but not this far.
const YEARS_AHEAD: i16 = 5;

/// Brings values into the schema's form where that needs no guess, and tells
/// of those that are not what they should be; `is_read`: by a model, from a
/// page, where a point may part thousands. Returns the fields whose own
/// check digits bear them out, each with the name of that proof.
pub fn type_values(
    doc_type: &DocType,
    fields: &mut Fields,
    is_read: bool,
    today: Date,
    findings: &mut Vec<Finding>,
) -> Vec<(String, &'static str)> {
    let mut typing = Typing {
        doc_type,
        today,
        doubts_thousands: is_read && !has_thousandths(doc_type, fields),
        findings,
        proven: Vec::new(),
    };
    let Some(properties) = doc_type.schema["properties"].as_object() else {
        return Vec::new();
    };
    for (name, property) in properties {
        let Some(value) = fields.get_mut(name) else {
            continue;
        };
        if let (Value::Array(list), Some(lines)) =
            (&mut *value, property.pointer("/items/properties"))
        {
            for (index, line) in list.iter_mut().enumerate() {
                typing.line(&format!("{name}[{index}]."), line, lines.as_object());
            }
        } else {
            typing.value(name, value, property);
        }
    }
    typing.proven
}

struct Typing<'a> {
    doc_type: &'a DocType,
    today: Date,
    doubts_thousands: bool,
    findings: &'a mut Vec<Finding>,
    proven: Vec<(String, &'static str)>,
}

impl Typing<'_> {
    fn line(&mut self, prefix: &str, line: &mut Value, properties: Option<&Map<String, Value>>) {
        let (Some(line), Some(properties)) = (line.as_object_mut(), properties) else {
            return;
        };
        for (name, property) in properties {
            if let Some(value) = line.get_mut(name) {
                self.value(&format!("{prefix}{name}"), value, property);
            }
        }
    }

    fn value(&mut self, field: &str, value: &mut Value, property: &Value) {
        let Value::String(text) = &*value else { return };
        let Some(format) = Format::of(property) else {
            return;
        };
        let typed = match format {
            Format::Amount if self.doubts_thousands && !is_factor(self.doc_type, field) => {
                amount(text)
            }
            Format::Amount | Format::Quantity => number(text),
            Format::Date => date(text, self.today),
            Format::Currency => currency(text),
            Format::Iban => return self.identifier(field, value, identifiers::iban),
            Format::Bic => return self.identifier(field, value, identifiers::bic),
            Format::VatId => return self.identifier(field, value, identifiers::vat_id),
        };
        match typed {
            Typed::Fine => {}
            Typed::Rewritten(new) => self.rewrite(field, value, new),
            Typed::Doubtful(code, why) => {
                let message = format!("{} is `{text}`: {why}", self.words(field));
                self.tell(code, field, message);
            }
        }
    }

    fn identifier(&mut self, field: &str, value: &mut Value, check: fn(&str) -> (String, Verdict)) {
        let Value::String(text) = &*value else { return };
        if text.trim().is_empty() {
            return;
        }
        let (plain, verdict) = check(text);
        match verdict {
            Verdict::Right { proof } => {
                self.proven
                    .extend(proof.map(|proof| (field.to_owned(), proof)));
            }
            Verdict::Unknown(why) => {
                let message = format!("{} {text} was not checked: {why}", self.words(field));
                self.tell(FindingCode::VatIdUnchecked, field, message);
            }
            Verdict::Wrong(code, why) => {
                self.tell(
                    code,
                    field,
                    format!("{} {text} cannot be right: {why}", self.words(field)),
                );
            }
        }
        if plain != *text {
            self.rewrite(field, value, plain);
        }
    }

    fn rewrite(&mut self, field: &str, value: &mut Value, new: String) {
        let message = match &*value {
            Value::String(text) => format!(
                "{} was written `{text}` and is stored as {new}",
                self.words(field)
            ),
            other => format!("{} was {other} and is stored as {new}", self.words(field)),
        };
        self.tell(FindingCode::Normalised, field, message);
        *value = Value::String(new);
    }

    fn words(&self, field: &str) -> String {
        words::field(self.doc_type, field)
    }

    fn tell(&mut self, code: FindingCode, field: &str, message: String) {
        self.findings.push(Finding::new(code, Some(field), message));
    }
}

enum Typed {
    Fine,
    Rewritten(String),
    Doubtful(FindingCode, String),
}

/// Whether the record's currency has thousandths, as the Kuwaiti dinar (ISO
/// 4217).
fn has_thousandths(doc_type: &DocType, fields: &Fields) -> bool {
    let properties = doc_type.schema["properties"].as_object();
    properties.into_iter().flatten().any(|(name, property)| {
        let code = fields.get(name).and_then(Value::as_str).unwrap_or_default();
        Format::of(property) == Some(Format::Currency)
            && Currency::from_code(code).is_some_and(|currency| currency.exponent() == Some(3))
    })
}

/// Whether a check multiplies it: prices of a litre have three decimals, and the
/// product tells whether they are right.
fn is_factor(doc_type: &DocType, field: &str) -> bool {
    let path = FieldPath::parse(field);
    let (list, leaf) = match path.leaf_in_list() {
        Some(leaf) => (Some(path.root()), leaf),
        None => (None, field),
    };
    let checks = doc_type.read.iter().flat_map(|rules| &rules.checks);
    checks.into_iter().any(|check| {
        matches!(check, Check::Product { each, of, .. }
            if each.as_deref() == list && of.iter().any(|factor| factor == leaf))
    })
}

fn amount(text: &str) -> Typed {
    match number(text) {
        Typed::Fine
            if amount::parse(text)
                .value()
                .is_some_and(amount::may_be_thousands) =>
        {
            Typed::Doubtful(
                FindingCode::AmbiguousAmount,
                "the point may be for thousands or for decimals".into(),
            )
        }
        other => other,
    }
}

fn number(text: &str) -> Typed {
    match amount::parse(text) {
        Amount::Plain(_) => Typed::Fine,
        Amount::Normalised(value) => Typed::Rewritten(value.to_string()),
        Amount::Ambiguous => Typed::Doubtful(
            FindingCode::AmbiguousAmount,
            "the separator may be for thousands or for decimals".into(),
        ),
        Amount::Unreadable => {
            Typed::Doubtful(FindingCode::NotAnAmount, "this is not a number".into())
        }
    }
}

fn date(text: &str, today: Date) -> Typed {
    let Ok(date) = Date::from_str(text.trim()) else {
        return Typed::Doubtful(FindingCode::NotADate, "there is no such date".into());
    };
    if date.year() < FIRST_YEAR || date.year() > today.year() + YEARS_AHEAD {
        return Typed::Doubtful(
            FindingCode::ImplausibleDate,
            "the year is hardly right".into(),
        );
    }
    // ISO 8601 has other forms: 20240301, 2024-03-01T10:00.
    let plain = date.to_string();
    if plain != text {
        return Typed::Rewritten(plain);
    }
    Typed::Fine
}

fn currency(text: &str) -> Typed {
    match Currency::from_code(text) {
        Some(_) => Typed::Fine,
        None => Typed::Doubtful(
            FindingCode::UnknownCurrency,
            "ISO 4217 has no such currency".into(),
        ),
    }
}
