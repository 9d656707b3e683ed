//! One JSON object per record.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Exported;
use crate::domain::time::rfc3339;
use crate::domain::{FieldEvidence, Fields, Finding, Source, Status, by_severity};
use crate::store::StoredAnswer;

/// A record as `export --format jsonl`, `run --json` and the API write it.
#[derive(Serialize, ToSchema)]
#[schema(as = Record)]
pub struct RecordLine {
    /// Number of the record, for `show` and `retry`.
    id: i64,
    /// Where the document was first found.
    path: String,
    /// The bytes (hex) of a path that is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    /// Where it was found later, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    other_paths: Vec<String>,
    /// Numbers from 1.
    pages: Vec<u32>,
    #[serde(rename = "type")]
    doc_type: Option<String>,
    status: Status,
    source: Source,
    /// By the type's schema. Amounts are decimal strings; values without the field's format
    /// are null, and their findings quote them.
    #[schema(value_type = Object)]
    fields: Fields,
    /// Amount due of an e-invoice; null if it is the gross total or unknown.
    amount_due: Option<String>,
    /// By column of `ask --column`; left out where nothing was asked.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = HashMap<String, RowAnswer>, required = false)]
    answers: Map<String, Value>,
    /// By severity.
    findings: Vec<Finding>,
    /// Lowest probability (0 to 1, the model's own) of a value.
    confidence: Option<f32>,
    #[schema(value_type = HashMap<String, f32>)]
    field_confidence: Map<String, Value>,
    /// Lowest calibrated probability (0 to 1) of a value; null without a calibration.
    probability: Option<f64>,
    #[schema(value_type = HashMap<String, f64>)]
    field_probability: Map<String, Value>,
    /// Threshold of acceptance; null: no value is accepted.
    accepted_from: Option<f64>,
    /// For each value, with pages from 1.
    evidence: Vec<FieldEvidence>,
    provenance: Provenance,
}

/// What the record was made of: hashes, run, time.
#[derive(Serialize, ToSchema)]
struct Provenance {
    /// BLAKE3 of the content, as in CSV.
    document: String,
    models: Vec<String>,
    prompts: Vec<String>,
    schemas: Vec<String>,
    calibration: Option<String>,
    run: i64,
    /// RFC 3339, UTC.
    time: String,
}

/// An answer to a question.
#[derive(Serialize, ToSchema)]
struct RowAnswer {
    question: String,
    /// A text, number, truth value or null.
    answer: Value,
    /// From 1.
    page: u32,
    /// Left, top, right, bottom as shares of the page.
    place: Option<[f32; 4]>,
    /// The reader's own, 0 to 1.
    probability: Option<f32>,
}

/// The record as one JSON object.
pub fn line(exported: &Exported) -> Value {
    json!(RecordLine::of(exported))
}

impl RecordLine {
    pub fn of(exported: &Exported) -> RecordLine {
        let stored = &exported.stored;
        let record = &stored.record;
        let path = stored.paths.first().map(PathBuf::as_path);
        let path = path.unwrap_or(Path::new(""));
        let others = stored.paths.iter().skip(1);
        let calibrated = record.calibrated.as_ref();
        let fields = calibrated.map(|calibrated| calibrated.fields.as_slice());
        let fields = fields.unwrap_or_default();
        RecordLine {
            id: stored.id,
            path: path.to_string_lossy().into_owned(),
            path_bytes: bytes_of(path),
            other_paths: others
                .map(|path| path.to_string_lossy().into_owned())
                .collect(),
            pages: record.pages.iter().map(|index| index + 1).collect(),
            doc_type: record.doc_type.clone(),
            status: record.status,
            source: record.source,
            fields: record.fields.clone(),
            amount_due: exported.amount_due.clone(),
            answers: exported
                .answers
                .iter()
                .map(|answer| (answer.name.clone(), json!(RowAnswer::of(answer))))
                .collect(),
            findings: by_severity(&record.findings).into_iter().cloned().collect(),
            confidence: record.confidence,
            field_confidence: record
                .field_confidence
                .iter()
                .map(|(field, confidence)| (field.clone(), json!(confidence)))
                .collect(),
            probability: fields.iter().map(|(_, p)| *p).min_by(f64::total_cmp),
            field_probability: fields
                .iter()
                .map(|(field, p)| (field.clone(), json!(p)))
                .collect(),
            accepted_from: calibrated.and_then(|calibrated| calibrated.threshold),
            evidence: record.evidence.iter().map(evidence).collect(),
            provenance: Provenance {
                document: stored.blake3.clone(),
                models: stored.models.clone(),
                prompts: stored.prompts.clone(),
                schemas: stored.schemas.clone(),
                calibration: calibrated.map(|calibrated| calibrated.calibration.clone()),
                run: stored.run_id,
                time: rfc3339(stored.created_at),
            },
        }
    }
}

/// The bytes (hex) of a path that is not UTF-8.
fn bytes_of(path: &Path) -> Option<String> {
    if path.to_str().is_some() {
        return None;
    }
    let bytes = path.as_os_str().as_bytes().iter();
    Some(bytes.map(|byte| format!("{byte:02x}")).collect())
}

impl RowAnswer {
    fn of(answer: &StoredAnswer) -> RowAnswer {
        RowAnswer {
            question: answer.question.clone(),
            answer: answer.answer.clone(),
            page: answer.page + 1,
            place: answer.place,
            probability: answer.probability,
        }
    }
}

/// Pages count from 1, as everywhere that people see them.
fn evidence(of_field: &FieldEvidence) -> FieldEvidence {
    FieldEvidence {
        page: of_field.page.map(|index| index + 1),
        ..of_field.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_line_has_everything_about_a_record() {
        let line = line(&super::super::example());
        let expected = json!({
            "id": 7, "path": "/in/a.pdf", "other_paths": ["/in/copy.pdf"], "pages": [1, 2], "type": "receipt",
            "status": "needs_review", "source": "model", "fields": super::super::example().stored.record.fields, "amount_due": "-2.20",
            "answers": {"terms": {"question": "payment terms?", "answer": "30 days", "page": 1,
                "place": [0.1f32, 0.2f32, 0.3f32, 0.25], "probability": 0.75}},
            "findings": [{"code": "missing", "severity": "warning", "field": "date", "message": "date was not found"}],
            "confidence": 0.5, "field_confidence": {"total": 0.5},
            "probability": 0.25, "field_probability": {"total": 0.25}, "accepted_from": 0.97,
            "evidence": [{"field": "merchant_name", "class": "model_only"},
                {"field": "total", "class": "text_layer", "page": 2, "bbox": [0.5, 0.25, 0.75, 0.5], "text": "4.20-"}],
            "provenance": {"document": "ab12", "models": ["m"], "prompts": ["p"], "schemas": ["s"],
                "calibration": "c", "run": 2, "time": "2025-01-01T00:00:00Z"},
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_path_that_is_not_utf8_comes_with_its_bytes() {
        let mut stored = super::super::example();
        stored.stored.paths = vec![OsStr::from_bytes(b"/f\xfcr").into()];
        assert_eq!(line(&stored)["path_bytes"], "2f66fc72");
    }
}
