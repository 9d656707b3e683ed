//! Finds a value on a page, and chooses among several places.

use std::str::FromStr;

use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::captions::Captions;
use super::page_words::Span;
use super::text::{EvidencePage, fold};
use crate::domain::{DocType, FieldPath, Format, PageRule, scalar_text};

/// How a value is compared, by its `format` in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    Amount,
    Quantity,
    Date,
    Currency,
    Iban,
    VatId,
    Text,
}

impl ValueKind {
    pub fn of(property: &Value) -> ValueKind {
        match Format::of(property) {
            Some(Format::Amount) => ValueKind::Amount,
            Some(Format::Quantity) => ValueKind::Quantity,
            Some(Format::Date) => ValueKind::Date,
            Some(Format::Currency) => ValueKind::Currency,
            Some(Format::Iban) => ValueKind::Iban,
            Some(Format::VatId) => ValueKind::VatId,
            Some(Format::Bic) | None => ValueKind::Text,
        }
    }

    /// The kind of a leaf such as `line_items[2].quantity`.
    pub fn of_path(doc_type: &DocType, path: &str) -> ValueKind {
        let property = FieldPath::parse(path).property(&doc_type.schema);
        property.map_or(ValueKind::Text, ValueKind::of)
    }
}

/// Some words of a page.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub text: &'a EvidencePage,
    pub span: Span,
}

impl Place<'_> {
    /// As [`crate::domain::Word::bbox`].
    pub fn bbox(&self) -> [f32; 4] {
        self.text.bbox(self.span)
    }
}

/// All places of the value on the page.
pub fn occurrences(text: &EvidencePage, kind: ValueKind, value: &Value) -> Vec<Span> {
    let Some(spelled) = scalar_text(value) else {
        return Vec::new();
    };
    let as_text = || text.find(&spelled);
    match kind {
        ValueKind::Amount | ValueKind::Quantity => match Decimal::from_str(&spelled) {
            Ok(number) => numbers(text, kind, number),
            Err(_) => as_text(),
        },
        ValueKind::Date => match Date::from_str(&spelled) {
            Ok(date) => {
                let dates = text.dates.iter().filter(|placed| placed.value == date);
                dates.map(|placed| placed.span).collect()
            }
            Err(_) => as_text(),
        },
        ValueKind::Currency => currency(text, &spelled),
        ValueKind::VatId => vat_id(text, &spelled),
        ValueKind::Iban | ValueKind::Text => as_text(),
    }
}

/// The places of a number with its sign, otherwise without: pages print deductions and
/// refunds with and without a minus.
fn numbers(text: &EvidencePage, kind: ValueKind, wanted: Decimal) -> Vec<Span> {
    let spans = |fits: &dyn Fn(Decimal) -> bool| -> Vec<Span> {
        let numbers = text.numbers.iter().filter(|placed| {
            fits(placed.value.value) && (kind == ValueKind::Quantity || !placed.value.is_percent)
        });
        numbers.map(|placed| placed.span).collect()
    };
    let exact = spans(&|value| value == wanted);
    if !exact.is_empty() {
        return exact;
    }
    spans(&|value| value.abs() == wanted.abs())
}

/// The places of a currency. A sign of several currencies (`$`) counts for each, since
/// the code was read elsewhere.
fn currency(text: &EvidencePage, code: &str) -> Vec<Span> {
    let Some(code) = Currency::from_code(code) else {
        return Vec::new();
    };
    let shows = text.currencies.iter().filter(|c| c.value.contains(code));
    let mut spans: Vec<Span> = shows.map(|placed| placed.span).collect();
    spans.dedup();
    spans
}

/// The places of a VAT identifier with or without its country, which domestic invoices
/// omit.
fn vat_id(text: &EvidencePage, id: &str) -> Vec<Span> {
    const LEAST: usize = 8;
    let whole = text.find(id);
    let national = id.get(2..).filter(|rest| fold(rest).len() >= LEAST);
    match national {
        Some(national) if whole.is_empty() => text.find(national),
        _ => whole,
    }
}

/// The most probable place of a field's value: the nearest to one of the field's
/// captions; otherwise the last place for fields of the last page, the first for
/// others.
pub fn scalar<'a>(
    doc_type: &DocType,
    field: &str,
    value: &Value,
    property: &Value,
    texts: &'a [EvidencePage],
) -> Option<Place<'a>> {
    let kind = ValueKind::of(property);
    let mut places: Vec<Place<'a>> = Vec::new();
    for text in texts {
        let spans = occurrences(text, kind, value);
        places.extend(spans.into_iter().map(|span| Place { text, span }));
    }
    if places.len() < 2 {
        return places.pop();
    }
    let near = texts.iter().filter_map(|text| {
        let captions = Captions::find(doc_type, text);
        let of_page = places.iter().filter(|place| place.text.page == text.page);
        of_page
            .filter_map(|place| Some((captions.distance(field, place.bbox())?, *place)))
            .min_by(|a, b| a.0.total_cmp(&b.0))
    });
    if let Some((_, place)) = near.min_by(|a, b| a.0.total_cmp(&b.0)) {
        return Some(place);
    }
    if is_on_last_page(doc_type, field) {
        places.pop()
    } else {
        places.into_iter().next()
    }
}

fn is_on_last_page(doc_type: &DocType, field: &str) -> bool {
    let rule = doc_type.read.as_ref().map(|rules| &rules.pages);
    matches!(rule, Some(PageRule::Merge { last, .. }) if last.iter().any(|name| name == field))
}
