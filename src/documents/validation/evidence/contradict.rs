//! Finds values that the page contradicts.
//!
//! To avoid false findings, only a value that is not on the pages can be contradicted,
//! and only by another value of the same field, which the finding names.

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::captions::Captions;
use super::find::{Place, ValueKind};
use super::page_values::Number;
use super::page_words::Placed;
use super::sources::{TextSources, is_absent};
use super::text::{EvidencePage, fold};
use crate::documents::validation::words;
use crate::domain::{DocType, EvidenceClass, FieldEvidence, Fields, Finding, FindingCode};

/// Least confidence (0 to 1) of OCR words that contradict a value: below it OCR may be
/// wrong itself.
const LEAST_OCR_CONFIDENCE: f32 = 0.85;
/// Fewest letters of a text that is compared: shorter ones resemble too many others.
const LEAST_LETTERS: usize = 5;
/// One of so many letters of a text may be misread.
const LETTERS_AN_ERROR: usize = 6;

/// The value that a page has in place of another.
struct Other {
    /// As the page has it.
    words: String,
    page: u32,
    /// The caption that it stands beside.
    caption: Option<String>,
    class: EvidenceClass,
}

pub fn contradictions(
    doc_type: &DocType,
    fields: &Fields,
    sources: &TextSources,
    evidence: &[FieldEvidence],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (field, value) in fields {
        if value.is_array() || is_absent(value) {
            continue;
        }
        let kind = ValueKind::of(&doc_type.schema["properties"][field]);
        let of_field = evidence.iter().find(|e| e.field == *field);
        if of_field.is_none_or(|e| e.class != EvidenceClass::ModelOnly) {
            continue;
        }
        let question = Question {
            doc_type,
            fields,
            field,
            kind,
            value,
        };
        let other = question.text_layer(&sources.text_layer).or_else(|| {
            // Model and OCR read the same pixels, so a check that holds decides.
            (!of_field.is_some_and(FieldEvidence::is_confirmed))
                .then(|| question.ocr(&sources.ocr))
                .flatten()
        });
        findings.extend(other.map(|other| question.finding(&other)));
    }
    findings
}

/// A value that the pages do not have.
struct Question<'a> {
    doc_type: &'a DocType,
    fields: &'a Fields,
    field: &'a str,
    kind: ValueKind,
    value: &'a Value,
}

impl Question<'_> {
    fn text_layer(&self, texts: &[EvidencePage]) -> Option<Other> {
        match self.kind {
            ValueKind::Amount => self
                .amount_beside_caption(texts)
                .or_else(|| self.amount_like(texts)),
            ValueKind::Date => self
                .date_beside_caption(texts)
                .or_else(|| self.date_like(texts)),
            ValueKind::Iban | ValueKind::VatId | ValueKind::Text => self.text_like(texts),
            ValueKind::Currency | ValueKind::Quantity => None,
        }
    }

    /// The contradiction by OCR. Only amounts beside captions count, since OCR confuses
    /// letters as often as the model does.
    fn ocr(&self, texts: &[EvidencePage]) -> Option<Other> {
        (self.kind == ValueKind::Amount)
            .then(|| self.amount_beside_caption(texts))
            .flatten()
    }

    /// The amount beside the field's captions, where all captions agree and it
    /// does not belong to another field.
    fn amount_beside_caption(&self, texts: &[EvidencePage]) -> Option<Other> {
        let read = self.number()?;
        let mut beside = Vec::new();
        for text in texts {
            let captions = Captions::find(self.doc_type, text);
            let money: Vec<_> = money(text).cloned().collect();
            for (amount, caption) in captions.beside(self.field, &money) {
                let sure = text.confidence(amount.span).unwrap_or(1.0);
                if sure >= LEAST_OCR_CONFIDENCE {
                    beside.push((
                        amount.value.value,
                        Place {
                            text,
                            span: amount.span,
                        },
                        caption.to_owned(),
                    ));
                }
            }
        }
        let (value, place, caption) = beside.first()?.clone();
        let all_agree = beside.iter().all(|(other, ..)| *other == value);
        let of_other_field = self.fields.iter().any(|(field, other)| {
            field != self.field && number(other).is_some_and(|other| other == value)
        });
        (all_agree && value.abs() != read.abs() && !value.is_zero() && !of_other_field)
            .then(|| Other::new(place, Some(caption)))
    }

    /// The only amount on the pages that differs by one misread digit.
    fn amount_like(&self, texts: &[EvidencePage]) -> Option<Other> {
        let read = self.number()?;
        let digits = digits(read);
        let misread = |amount: Decimal| {
            let other = self::digits(amount);
            let most = if digits.len() > LEAST_LETTERS { 2 } else { 1 };
            digits.len() > 2
                && other.len() == digits.len()
                && (1..=most).contains(&strsim::damerau_levenshtein(&digits, &other))
        };
        let of_other_field = |amount: Decimal| {
            self.fields
                .iter()
                .any(|(_, other)| number(other) == Some(amount))
        };
        let places = texts.iter().flat_map(|text| {
            let captions = Captions::find(self.doc_type, text);
            let all: Vec<_> = money(text).cloned().collect();
            let like = money(text).filter(|placed| {
                misread(placed.value.value) && !of_other_field(placed.value.value)
            });
            let like: Vec<_> = like
                .filter(|placed| !captions.is_beside_any(placed.span, &all, |of| self.is_open(of)))
                .collect();
            like.into_iter().map(move |placed| {
                (
                    placed.value.value,
                    Place {
                        text,
                        span: placed.span,
                    },
                )
            })
        });
        only(places)
    }

    fn date_beside_caption(&self, texts: &[EvidencePage]) -> Option<Other> {
        let mut beside = Vec::new();
        for text in texts {
            let captions = Captions::find(self.doc_type, text);
            for (date, caption) in captions.beside(self.field, &text.dates) {
                beside.push((
                    Place {
                        text,
                        span: date.span,
                    },
                    caption.to_owned(),
                ));
            }
        }
        let (place, caption) = beside.first()?.clone();
        let words = |place: &Place<'_>| place.text.words_of(place.span);
        let all_agree = beside
            .iter()
            .all(|(other, _)| words(other) == words(&place));
        let read = Date::from_str(self.value.as_str()?).ok()?;
        // The place may belong to another field.
        let of_other_field = self.fields.iter().any(|(field, other)| {
            let date = other.as_str().and_then(|text| Date::from_str(text).ok());
            field != self.field
                && date.is_some_and(|date| {
                    let mut dates = place.text.dates.iter();
                    date != read && dates.any(|d| d.span == place.span && d.value == date)
                })
        });
        (all_agree && !of_other_field).then(|| Other::new(place, Some(caption)))
    }

    /// The only date on the pages that differs in one digit.
    fn date_like(&self, texts: &[EvidencePage]) -> Option<Other> {
        let read = Date::from_str(self.value.as_str()?).ok()?.to_string();
        let is_like = |date: Date| strsim::damerau_levenshtein(&read, &date.to_string()) == 1;
        let of_other_field = |date: Date| {
            self.fields
                .values()
                .any(|other| other.as_str() == Some(date.to_string().as_str()))
        };
        let places = texts.iter().flat_map(|text| {
            let captions = Captions::find(self.doc_type, text);
            let like = text
                .dates
                .iter()
                .filter(|placed| is_like(placed.value) && !of_other_field(placed.value));
            let like: Vec<_> = like
                .filter(|placed| {
                    !captions.is_beside_any(placed.span, &text.dates, |of| self.is_open(of))
                })
                .collect();
            like.into_iter().map(move |placed| {
                (
                    placed.value,
                    Place {
                        text,
                        span: placed.span,
                    },
                )
            })
        });
        only(places)
    }

    /// The most similar run of words, where few letters differ.
    fn text_like(&self, texts: &[EvidencePage]) -> Option<Other> {
        let read: String = fold(self.value.as_str()?).into_iter().collect();
        let letters = read.chars().count();
        if letters < LEAST_LETTERS {
            return None;
        }
        let most = (letters / LETTERS_AN_ERROR).max(1);
        let runs = texts.iter().flat_map(|text| {
            let runs = text.runs_like(letters).into_iter();
            let read = &read;
            runs.map(move |(run, span)| {
                (
                    strsim::damerau_levenshtein(read, &run),
                    run,
                    Place { text, span },
                )
            })
        });
        let near: Vec<_> = runs
            .filter(|(distance, ..)| (1..=most).contains(distance))
            .collect();
        let least = near.iter().map(|(distance, ..)| *distance).min()?;
        only(
            near.into_iter()
                .filter(|(distance, ..)| *distance == least)
                .map(|(_, run, place)| (run, place)),
        )
    }

    /// Whether another field was not read: the value beside its captions is its own, not
    /// this field's.
    fn is_open(&self, field: &str) -> bool {
        field != self.field && self.fields.get(field).is_none_or(is_absent)
    }

    fn number(&self) -> Option<Decimal> {
        number(self.value)
    }

    fn finding(&self, other: &Other) -> Finding {
        let (who, code) = match other.class {
            EvidenceClass::Ocr => ("OCR reads", FindingCode::OcrDiffers),
            _ => ("the page's text has", FindingCode::TextDiffers),
        };
        let beside = match &other.caption {
            Some(caption) => format!(" beside \"{caption}\""),
            None => String::new(),
        };
        let read = self
            .value
            .as_str()
            .map_or_else(|| self.value.to_string(), str::to_owned);
        let message = format!(
            "{} was read as {read}, which is nowhere on the page; {who} {}{beside} (page {})",
            words::field(self.doc_type, self.field),
            other.words,
            other.page + 1
        );
        Finding::new(code, Some(self.field), message)
    }
}

impl Other {
    fn new(place: Place<'_>, caption: Option<String>) -> Other {
        let Place { text, span } = place;
        Other {
            words: text.words_of(span),
            page: text.page,
            caption,
            class: text.class,
        }
    }
}

/// The place of the value, where all places have the same value.
fn only<'a, T: PartialEq>(places: impl Iterator<Item = (T, Place<'a>)>) -> Option<Other> {
    let mut places = places;
    let (value, place) = places.next()?;
    places
        .all(|(other, _)| other == value)
        .then(|| Other::new(place, None))
}

fn money(text: &EvidencePage) -> impl Iterator<Item = &Placed<Number>> {
    text.numbers
        .iter()
        .filter(|placed| placed.value.is_money && !placed.value.is_percent)
}

fn number(value: &Value) -> Option<Decimal> {
    Decimal::from_str(value.as_str()?).ok()
}

/// The digits of an amount with two decimals, as pages print money.
fn digits(amount: Decimal) -> String {
    let mut amount = amount.abs();
    amount.rescale(2);
    amount.to_string()
}
