//! Seeded errors: accepted records that the page shows with one altered value, to see whether
//! people notice.
//!
//! Only what the page shows is altered. Any decision about such a record ends the error and
//! is not carried out, so that no altered value gets beyond the page: the person is told, and
//! decides again about the record as it is.

use jiff::civil::Date;
use serde_json::Value;

use super::caller::Caller;
use super::correction::{self, Edits};
use super::reply::Error;
use super::service::Service;
use crate::documents::types::DocTypes;
use crate::documents::validation::field_in_words;
use crate::domain::{DocType, FieldPath, Fields, Finding, Record, Severity, scalar_text};
use crate::store::{ReviewQueue, SeededError, StoredRecord};

/// Most records that one look at the queue prepares.
const AT_ONCE: u32 = 100;
/// Most alterations of a record that are tried.
const TRIES: usize = 12;

/// What a decision says about a seeded error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    Mended,
    /// It was approved with the error.
    Missed,
    /// It was neither approved nor mended.
    Unknown,
}

impl Service {
    /// The record as it is shown to the caller: a browser may see one with a seeded error,
    /// which is returned too.
    pub async fn find_shown(
        &self,
        id: i64,
        caller: &Caller,
    ) -> Result<(StoredRecord, Option<SeededError>), Error> {
        let mut stored = self.find(id).await?;
        let seeded = match caller.is_program() {
            true => None,
            false => self.store.seeded_error(id).await?,
        };
        if let Some(seeded) = &seeded {
            show(&mut stored.record, seeded);
        }
        Ok((stored, seeded))
    }

    /// Prepares the accepted records of the share that are new. Returns whether any record
    /// may be shown with an error.
    pub async fn seed_errors(&self, today: Date) -> Result<bool, Error> {
        if self.seeded_share <= 0.0 {
            return Ok(false);
        }
        for id in self.store.to_seed(self.seeded_share, AT_ONCE).await? {
            if let Some(stored) = self.store.record(id).await? {
                let seeded = alter(&self.types, &stored, today, self.min_confidence);
                self.store.seed(id, seeded.as_ref()).await?;
            }
        }
        Ok(true)
    }

    /// Ends the seeded error of a record that a decision is about; the error tells the person.
    /// `seeded`: as [`Service::find_shown`] returned it. `Ok`: it has none.
    pub async fn end_seeded(
        &self,
        seeded: Option<SeededError>,
        noticed: Noticed,
        caller: &Caller,
    ) -> Result<(), Error> {
        let Some(seeded) = seeded else { return Ok(()) };
        let found = match noticed {
            Noticed::Mended => Some(true),
            Noticed::Missed => Some(false),
            Noticed::Unknown => None,
        };
        let id = seeded.record;
        self.store.settle_seeded(id, &caller.by, found).await?;
        let stored = self.find(id).await?;
        let doc_type = correction::type_of(&self.types, &stored.record).ok();
        Err(Error::Seeded(message(
            doc_type,
            &stored.record,
            &seeded,
            noticed,
        )))
    }
}

/// Whether a decision mends the error: `edited` is the record, as it was shown, with the
/// person's edits.
pub fn noticed(seeded: Option<&SeededError>, edited: &Record, approve: bool) -> Noticed {
    let value = seeded.and_then(|seeded| edited.fields.get(&seeded.field));
    match seeded.is_some_and(|seeded| value == Some(&seeded.shown)) {
        false => Noticed::Mended,
        true if approve => Noticed::Missed,
        true => Noticed::Unknown,
    }
}

fn message(
    doc_type: Option<&DocType>,
    record: &Record,
    seeded: &SeededError,
    noticed: Noticed,
) -> String {
    let field = match doc_type {
        Some(doc_type) => field_in_words(doc_type, &seeded.field),
        None => seeded.field.clone(),
    };
    let own = record.fields.get(&seeded.field).and_then(scalar_text);
    let begin = match noticed {
        Noticed::Mended => "You found a seeded error",
        Noticed::Missed => "You missed a seeded error",
        Noticed::Unknown => "This was a record with a seeded error",
    };
    format!(
        "{begin}: {field} was shown as {}, and is {}. Nothing was stored; the record is as it was: decide again.",
        scalar_text(&seeded.shown).unwrap_or_default(),
        own.unwrap_or_default()
    )
}

/// Gives the fields the altered value.
fn show_fields(fields: &mut Fields, seeded: &SeededError) {
    if let Some(value) = fields.get_mut(&seeded.field) {
        *value = seeded.shown.clone();
    }
}

/// Gives the records with a seeded error the values that their pages show.
pub fn show_in_queue(waiting: &mut ReviewQueue, seeded: &[SeededError]) {
    for record in &mut waiting.records {
        if let Some(seeded) = seeded.iter().find(|seeded| seeded.record == record.id) {
            show_fields(&mut record.fields, seeded);
        }
    }
}

/// Gives the record the altered value, also where the page's text is quoted for it.
fn show(record: &mut Record, seeded: &SeededError) {
    show_fields(&mut record.fields, seeded);
    let shown = seeded.shown.as_str().unwrap_or_default();
    for evidence in &mut record.evidence {
        if evidence.field == seeded.field
            && let Some(text) = &mut evidence.text
        {
            *text = with_digits(text, shown);
        }
    }
}

/// `text` with the digits of `value`, one after the other.
fn with_digits(text: &str, value: &str) -> String {
    let mut digits = value.chars().filter(char::is_ascii_digit);
    let digit = |c: char| match c.is_ascii_digit() {
        true => digits.next().unwrap_or(c),
        false => c,
    };
    text.chars().map(digit).collect()
}

/// An error for the record: one other digit in a deciding value, which no check notices.
/// `None`: it has no such value. The document's hash decides, so that it is always the same.
fn alter(
    types: &DocTypes,
    stored: &StoredRecord,
    today: Date,
    min_confidence: f32,
) -> Option<SeededError> {
    let record = &stored.record;
    let doc_type = correction::type_of(types, record).ok()?;
    let chance = chance(&stored.blake3);
    let mut places = alterable(doc_type, record);
    let first = chance as usize % places.len().max(1);
    places.rotate_left(first);
    // 1 to 9: another digit.
    let by = 1 + (chance >> 32) as u8 % 9;
    places.iter().take(TRIES).find_map(|(field, place)| {
        let value = record.fields.get(field)?.as_str()?;
        let shown = with_other_digit(value, *place, by);
        let checked = |value: &str| {
            let edits = Edits {
                values: vec![(field.clone(), value.to_owned())],
                ..Edits::default()
            };
            let checked = correction::apply(doc_type, record, &edits, today, min_confidence);
            Some(checked.ok()?.record)
        };
        // Checks that are made again have no page: some find more than those of the run.
        let (own, altered) = (checked(value)?, checked(&shown)?);
        let is_plain = altered.fields.get(field)?.as_str() == Some(&shown);
        let is_known = |finding: &Finding| {
            finding.severity < Severity::Warning || own.findings.contains(finding)
        };
        let is_unmarked = altered.findings.iter().all(is_known);
        (is_plain && is_unmarked).then(|| SeededError {
            record: stored.id,
            field: field.clone(),
            shown: Value::String(shown),
        })
    })
}

/// A number that the document's hash gives.
fn chance(blake3: &str) -> u64 {
    let digits = blake3.get(16..32).unwrap_or_default();
    u64::from_str_radix(digits, 16).unwrap_or_default()
}

/// The digits of deciding values, by field and place in the value. The page's text has the
/// same digits, so that what it is quoted with can be altered as well.
fn alterable(doc_type: &DocType, record: &Record) -> Vec<(String, usize)> {
    let mut places = Vec::new();
    for (field, value) in &record.fields {
        let Some(value) = value.as_str() else {
            continue;
        };
        let digits = |text: &str| {
            text.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        let mut evidence = record.evidence.iter();
        let is_quoted = evidence.any(|of| {
            let text = of.text.as_deref().unwrap_or_default();
            of.field == *field && digits(text) == digits(value)
        });
        if is_quoted && !doc_type.is_supporting(&FieldPath::new(field)) {
            let of_field = value.char_indices().filter(|(_, c)| c.is_ascii_digit());
            places.extend(of_field.map(|(place, _)| (field.clone(), place)));
        }
    }
    places
}

/// `value` with the digit at the byte `place` raised by `by`, past 9 from 0.
fn with_other_digit(value: &str, place: usize, by: u8) -> String {
    let other = |(at, c): (usize, char)| match c.to_digit(10) {
        Some(digit) if at == place => char::from(b'0' + (digit as u8 + by) % 10),
        _ => c,
    };
    value.char_indices().map(other).collect()
}

#[cfg(test)]
#[path = "seeded_tests.rs"]
mod tests;
