//! Converts values to the schema's forms: dates, amounts, quantities, currencies and
//! identifiers, by `format`.

mod conventions;
#[cfg(test)]
mod tests;
mod typed;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::identifiers::{self, IdentifierCheck};
use super::words;
use crate::domain::{
    Check, DocType, FieldPath, Fields, Finding, FindingCode, Format, PageResult, line_properties,
};
use conventions::Conventions;
use typed::{Note, Typed};

/// Where a record's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// An e-invoice states them, always in the same form.
    Stated,
    /// A reader was asked for the schema's forms.
    Typed,
    /// A reader copied the page's text letter for letter.
    Verbatim,
}

/// Converts values to the schema's form where that is certain, and reports the others.
/// Conversions of copies of the page's text are not reported. The other values of the
/// document decide ambiguous ones. `pages` are those of the record. Returns the fields
/// that their own check digits confirm, each with the name of the rule.
pub fn type_values(
    doc_type: &DocType,
    fields: &mut Fields,
    answers: Answers,
    pages: &[&PageResult],
    today: Date,
    findings: &mut Vec<Finding>,
) -> Vec<(String, &'static str)> {
    let pages = match answers {
        Answers::Stated => &[],
        Answers::Typed | Answers::Verbatim => pages,
    };
    let conventions = Conventions::of(doc_type, fields, answers == Answers::Verbatim, pages, today);
    let mut typing = Typing {
        doc_type,
        today,
        answers,
        checks_thousands: answers == Answers::Typed && !has_thousandths(doc_type, fields),
        conventions,
        findings,
        proven: Vec::new(),
    };
    let Some(properties) = doc_type.properties() else {
        return Vec::new();
    };
    for (name, property) in properties {
        let Some(value) = fields.get_mut(name) else {
            continue;
        };
        if let (Value::Array(list), Some(lines)) = (&mut *value, line_properties(property)) {
            for (index, line) in list.iter_mut().enumerate() {
                typing.line(&format!("{name}[{index}]."), line, Some(lines));
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
    answers: Answers,
    /// Whether the point of `1.234` may separate thousands.
    checks_thousands: bool,
    conventions: Conventions,
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
        if self.answers == Answers::Verbatim {
            take_defaults(line, properties);
        }
    }

    fn value(&mut self, field: &str, value: &mut Value, property: &Value) {
        let Some(format) = Format::of(property) else {
            return;
        };
        if format == Format::Currency && value.is_null() && self.answers == Answers::Verbatim {
            return self.find_currency(field, value);
        }
        if format == Format::Date && value.is_null() && self.answers == Answers::Verbatim {
            return self.find_date(field, value);
        }
        let text = match &*value {
            Value::String(text) => text.clone(),
            // Some readers write JSON numbers.
            Value::Number(number) if format.is_number() => number.to_string(),
            _ => return,
        };
        let conventions = &self.conventions;
        let typed = match format {
            Format::Amount | Format::Quantity if self.is_stored_form(&text, value) => {
                match self.checks_thousands && format == Format::Amount {
                    true if !is_factor(self.doc_type, field) => typed::check_thousands(&text),
                    _ => Typed::Fine,
                }
            }
            Format::Amount => typed::amount(&text, conventions),
            Format::Quantity => typed::quantity(&text, conventions),
            Format::Date => typed::date(&text, conventions, self.today),
            Format::Currency => typed::currency(&text, conventions),
            Format::Iban => return self.identifier(field, value, identifiers::iban),
            Format::Bic => return self.identifier(field, value, identifiers::bic),
            Format::VatId => return self.identifier(field, value, identifiers::vat_id),
        };
        self.take(field, value, &text, typed);
    }

    /// Whether the text is in the schema's form: digits with a point are, where the
    /// reader was asked for that form; in a copy the point may separate thousands.
    fn is_stored_form(&self, text: &str, value: &Value) -> bool {
        self.answers != Answers::Verbatim
            && value.is_string()
            && crate::documents::values::number::plain(text).is_some()
    }

    fn take(&mut self, field: &str, value: &mut Value, text: &str, typed: Typed) {
        match typed {
            Typed::Fine => {}
            Typed::Rewritten { value: new, note } => {
                let is_reported =
                    self.answers != Answers::Verbatim || matches!(note, Some(Note::Repair(_)));
                if new != text && is_reported {
                    self.report_rewritten(field, value, &new, note);
                }
                *value = Value::String(new);
            }
            Typed::Assumed { value: new, why } => {
                let message = format!("{} is `{text}`: {why}", self.words(field));
                self.report(FindingCode::AmbiguousDate, field, message);
                *value = Value::String(new);
            }
            Typed::Doubtful(code, why) => {
                let message = format!("{} is `{text}`: {why}", self.words(field));
                self.report(code, field, message);
            }
        }
    }

    /// Sets a missing date that the type requires to the only one that the pages print.
    fn find_date(&mut self, field: &str, value: &mut Value) {
        let rules = self.doc_type.read.as_ref();
        let is_required =
            rules.is_some_and(|rules| rules.required.iter().any(|name| name == field));
        let Some(day) = self.conventions.day.filter(|_| is_required) else {
            return;
        };
        let words = self.words(field);
        let message = format!("{words} was not read; {day} is the only date on the page");
        self.report(FindingCode::DateFromPage, field, message);
        *value = Value::String(day.to_string());
    }

    /// Sets a missing currency to the only one that the pages print, otherwise to that
    /// of the country that they show. A finding says which.
    fn find_currency(&mut self, field: &str, value: &mut Value) {
        let words = self.words(field);
        let (code, currency, message) = if let Some(currency) = self.conventions.of_page() {
            let code = currency.code();
            let message = format!("{words} was not read; {code} is the only currency on the page");
            (FindingCode::CurrencyFromPage, currency, message)
        } else if let Some((currency, guess)) = self.conventions.of_country() {
            let message = format!(
                "{words} was not read on the page; {} is the currency of {}, which the page shows (`{}`)",
                currency.code(),
                guess.country.name(),
                guess.because.join("`, `")
            );
            (FindingCode::CurrencyFromCountry, currency, message)
        } else {
            return;
        };
        self.report(code, field, message);
        *value = Value::String(currency.code().to_owned());
    }

    fn identifier(
        &mut self,
        field: &str,
        value: &mut Value,
        check: fn(&str) -> (String, IdentifierCheck),
    ) {
        let Value::String(text) = &*value else { return };
        if text.trim().is_empty() {
            return;
        }
        let (plain, outcome) = check(text);
        match outcome {
            IdentifierCheck::Valid { proof } => {
                self.proven
                    .extend(proof.map(|proof| (field.to_owned(), proof)));
            }
            IdentifierCheck::Unchecked(why) => {
                let message = format!("{} {text} was not checked: {why}", self.words(field));
                self.report(FindingCode::VatIdUnchecked, field, message);
            }
            IdentifierCheck::Invalid(code, why) => {
                self.report(
                    code,
                    field,
                    format!("{} {text} cannot be right: {why}", self.words(field)),
                );
            }
        }
        if plain != *text {
            if self.answers != Answers::Verbatim {
                self.report_rewritten(field, value, &plain, None);
            }
            *value = Value::String(plain);
        }
    }

    fn report_rewritten(&mut self, field: &str, value: &Value, new: &str, note: Option<Note>) {
        let was = match value {
            Value::String(text) => format!("was written `{text}`"),
            other => format!("was {other}"),
        };
        let note = match note {
            Some(Note::Reason(note) | Note::Repair(note)) => format!(" ({note})"),
            None => String::new(),
        };
        let message = format!("{} {was} and is stored as {new}{note}", self.words(field));
        self.report(FindingCode::Normalised, field, message);
    }

    fn words(&self, field: &str) -> String {
        words::field(self.doc_type, field)
    }

    fn report(&mut self, code: FindingCode, field: &str, message: String) {
        self.findings.push(Finding::new(code, Some(field), message));
    }
}

/// Sets missing values of a line with an amount to the schema's defaults, e.g. a
/// quantity of 1.
fn take_defaults(line: &mut Map<String, Value>, properties: &Map<String, Value>) {
    let has_amount = properties.iter().any(|(name, property)| {
        Format::of(property) == Some(Format::Amount)
            && line.get(name).is_some_and(|value| !value.is_null())
    });
    if !has_amount {
        return;
    }
    for (name, property) in properties {
        if let (Some(value), Some(default)) = (line.get_mut(name), property.get("default"))
            && value.is_null()
        {
            value.clone_from(default);
        }
    }
}

/// Whether the record's currency has three decimals (ISO 4217), as the Kuwaiti dinar.
fn has_thousandths(doc_type: &DocType, fields: &Fields) -> bool {
    let properties = doc_type.properties();
    properties.into_iter().flatten().any(|(name, property)| {
        let code = fields.get(name).and_then(Value::as_str).unwrap_or_default();
        Format::of(property) == Some(Format::Currency)
            && iso_currency::Currency::from_code(code)
                .is_some_and(|currency| currency.exponent() == Some(3))
    })
}

/// Whether a check multiplies the field: a price of a litre may have three decimals,
/// and the product shows whether it is right.
fn is_factor(doc_type: &DocType, field: &str) -> bool {
    let path = FieldPath::parse(field);
    let (list, leaf) = match path.leaf_in_list() {
        Some(leaf) => (Some(path.root()), leaf),
        None => (None, field),
    };
    doc_type.checks().iter().any(|check| {
        matches!(check, Check::Product { each, of, .. }
            if each.as_deref() == list && of.iter().any(|factor| factor == leaf))
    })
}
