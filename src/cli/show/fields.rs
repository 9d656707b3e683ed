//! The values of a record as `docmill show` prints them.

use serde_json::Value;

use crate::cli::app::App;
use crate::cli::output::{self, cell, count};
use crate::cli::summary::{command, plain};
use crate::documents::acceptance::rounded_down;
use crate::domain::{DocType, EvidenceClass, FieldPath, Record};
use crate::store::StoredRecord;

/// The lowest probability among the fields that decide, and what is required.
pub fn lowest_probability(
    doc_type: Option<&DocType>,
    record: &Record,
    min_confidence: f32,
) -> String {
    let of_record = probabilities(record).into_iter();
    let deciding = of_record.filter(|(field, _)| !is_supporting(doc_type, field));
    let Some((field, least)) = deciding.min_by(|a, b| a.1.total_cmp(&b.1)) else {
        return String::new();
    };
    let from = match &record.calibrated {
        Some(calibrated) => match calibrated.threshold {
            Some(threshold) => format!("accepted from {threshold:.4}"),
            None => "no threshold is certified".to_owned(),
        },
        None => format!("not calibrated, accepted from {min_confidence}"),
    };
    let least = rounded_down(least);
    format!(", lowest probability of a deciding field {least} ({field}), {from}")
}

fn is_supporting(doc_type: Option<&DocType>, field: &str) -> bool {
    doc_type.is_some_and(|of| of.is_supporting(&FieldPath::parse(field)))
}

pub fn print(
    app: &mut App,
    doc_type: Option<&DocType>,
    stored: &StoredRecord,
) -> anyhow::Result<()> {
    let record = &stored.record;
    if record.fields.is_empty() {
        return Ok(());
    }
    app.out.line("\nFields")?;
    let probabilities = probabilities(record);
    let heading = match record.calibrated {
        Some(_) => "probability",
        None => "model's own probability",
    };
    let mut headings = vec!["field", "value", heading, "evidence"];
    // The values of an e-invoice are stated: they have no probability.
    let is_estimated = !probabilities.is_empty();
    if !is_estimated {
        headings.remove(2);
    }
    let mut table = output::table(&headings);
    let mut lists = Vec::new();
    for (name, value) in &record.fields {
        match value.as_array() {
            Some(entries) => lists.push((name, entries)),
            None => {
                let probability = probabilities.iter().find(|(field, _)| field == name);
                let probability = probability.map(|(_, p)| rounded_down(*p));
                let mut row = vec![cell(name), cell(&plain(value))];
                if is_estimated {
                    row.push(cell(&probability.unwrap_or_default()));
                }
                row.push(cell(&evidence_of(record, name)));
                table.add_row(row);
            }
        }
    }
    app.out.table(&table)?;
    for (name, entries) in lists {
        app.out.line(&format!("\n{name} ({})", entries.len()))?;
        if !entries.is_empty() {
            app.out.table(&list(entries))?;
            let prefix = format!("{name}[");
            print_unconfirmed(app, record, &prefix)?;
            print_least(app, doc_type, stored, &prefix)?;
        }
    }
    Ok(())
}

/// Probability of each value: calibrated, or else the model's own.
fn probabilities(record: &Record) -> Vec<(&str, f64)> {
    match &record.calibrated {
        Some(calibrated) => {
            let fields = calibrated.fields.iter();
            fields.map(|(field, p)| (field.as_str(), *p)).collect()
        }
        None => {
            let fields = record.field_confidence.iter();
            fields
                .map(|(field, p)| (field.as_str(), f64::from(*p)))
                .collect()
        }
    }
}

/// What confirms or contradicts a value, in few words.
fn evidence_of(record: &Record, field: &str) -> String {
    let Some(evidence) = record.evidence.iter().find(|e| e.field == field) else {
        return String::new();
    };
    let place = evidence.page.map(|index| match evidence.bbox {
        Some(bbox) => format!(", page {}, {}", index + 1, output::place(bbox)),
        None => format!(", page {}", index + 1),
    });
    let seen = match evidence.class {
        EvidenceClass::TextLayer => "text layer",
        EvidenceClass::Ocr => "OCR",
        EvidenceClass::EmbeddedXml => "embedded XML",
        EvidenceClass::Person => "a person",
        EvidenceClass::ModelOnly => "model only",
    };
    let mut words = format!("{seen}{}", place.unwrap_or_default());
    let codes = evidence.contradicted_by.iter();
    let contradicted_by = codes.map(|code| code.to_string()).collect();
    for (what, by) in [
        ("confirmed by", &evidence.confirmed_by),
        ("contradicted by", &contradicted_by),
    ] {
        if !by.is_empty() {
            let by = by.join(" and ").replace('_', " ");
            words.push_str(&format!(", {what} {by}"));
        }
    }
    words
}

/// The values of a list that nothing but the model supports.
fn print_unconfirmed(app: &mut App, record: &Record, prefix: &str) -> anyhow::Result<()> {
    let of_list: Vec<_> = record
        .evidence
        .iter()
        .filter(|evidence| evidence.field.starts_with(prefix))
        .collect();
    let alone: Vec<_> = of_list
        .iter()
        .filter(|evidence| !evidence.is_confirmed())
        .map(|evidence| evidence.field.as_str())
        .collect();
    if alone.is_empty() {
        return Ok(());
    }
    app.out.line(&format!(
        "  model only, {} of {}: {}",
        alone.len(),
        count(of_list.len() as u64, "value"),
        alone.join(", ")
    ))
}

/// The least probable value of a list, and where the others are shown.
fn print_least(
    app: &mut App,
    doc_type: Option<&DocType>,
    stored: &StoredRecord,
    prefix: &str,
) -> anyhow::Result<()> {
    let of_record = probabilities(&stored.record).into_iter();
    let of_list = of_record.filter(|(field, _)| field.starts_with(prefix));
    let Some((field, least)) = of_list.min_by(|a, b| a.1.total_cmp(&b.1)) else {
        return Ok(());
    };
    let supporting = match is_supporting(doc_type, field) {
        true => ", a supporting field",
        false => "",
    };
    let json = command(app, &format!("show {} --json", stored.id));
    app.out.line(&format!(
        "  lowest probability {} ({field}{supporting}); places and probabilities of all: {json}",
        rounded_down(least)
    ))
}

/// Entries as rows, their keys as columns.
fn list(entries: &[Value]) -> comfy_table::Table {
    let keys: Vec<&str> = match entries.first().and_then(Value::as_object) {
        Some(entry) => entry.keys().map(String::as_str).collect(),
        None => vec!["value"],
    };
    let mut table = output::table(&keys);
    for entry in entries {
        table.add_row(keys.iter().map(|key| match entry {
            Value::Object(entry) => cell(&entry.get(*key).map(plain).unwrap_or_default()),
            scalar => cell(&plain(scalar)),
        }));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FieldEvidence, Status, test_data};

    fn record() -> Record {
        Record {
            status: Status::NeedsReview,
            evidence: vec![FieldEvidence {
                class: EvidenceClass::TextLayer,
                page: Some(1),
                bbox: Some([0.712, 0.121, 0.8, 0.14]),
                confirmed_by: vec!["net_total + tax_total = gross_total".into()],
                contradicted_by: vec![crate::domain::FindingCode::SumMismatch],
                ..FieldEvidence::model_only("gross_total")
            }],
            field_confidence: vec![("gross_total".into(), 0.75), ("items[0].text".into(), 0.5)],
            ..test_data::record("invoice", serde_json::json!({}))
        }
    }

    #[test]
    fn evidence_of_a_value_is_shown_in_words_with_its_place() {
        assert_eq!(
            evidence_of(&record(), "gross_total"),
            "text layer, page 2, 71 % from the left, 12 % from the top, \
             confirmed by net total + tax total = gross total, contradicted by sum mismatch"
        );
        assert_eq!(evidence_of(&record(), "net_total"), "");
    }

    #[test]
    fn the_lowest_probability_is_shown_with_its_field_and_the_threshold() {
        let mut record = record();
        assert_eq!(
            lowest_probability(None, &record, 0.55),
            ", lowest probability of a deciding field 0.500 (items[0].text), not calibrated, accepted from 0.55"
        );
        record.field_confidence.clear();
        assert_eq!(lowest_probability(None, &record, 0.55), "");
    }
}
