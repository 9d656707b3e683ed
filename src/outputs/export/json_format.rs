//! One JSON object per record.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::Exported;
use crate::domain::{FieldEvidence, by_severity};
use crate::store::StoredAnswer;

/// The record as `export --format jsonl` and `run --json` write it:
///
/// - `id`: number of the record, for `show` and `retry`
/// - `path`: where the document was first found; `path_bytes` (hex) if the path is
///   not UTF-8; `other_paths`: where it was found later, in this order
/// - `pages`: numbers from 1
/// - `type`, `status`: `accepted`, `needs_review`, `needs_second_approval`, `failed`,
///   `rejected` or `not_a_bill`
/// - `source`: `model`, or `embedded_xml` if the values come from an e-invoice
/// - `fields`: by the type's schema; amounts are decimal strings; values without
///   the field's format are null, and their findings quote them
/// - `amount_due`: amount due of an e-invoice; null if it is the gross total or
///   unknown
/// - `answers`: by column of `ask --column`: `question`, `answer`, `page` from 1,
///   `place`, `probability`; left out where nothing was asked
/// - `findings`: `code`, `severity`, `field`, `message`, by severity
/// - `confidence`: lowest probability (0 to 1, the model's own) of a value, or null;
///   `field_confidence`: by field
/// - `probability`: lowest calibrated probability of a value, or null without a
///   calibration; `field_probability`: by field; `accepted_from`: threshold of
///   acceptance, null: no value is accepted
/// - `evidence`: for each value `field`, `class` (`text_layer`, `ocr`,
///   `embedded_xml`, `person` or `model_only`), where it was found (`page` from 1, `bbox`:
///   left, top, right, bottom as shares of the page, `text`, `ocr_confidence`)
///   and the checks in `confirmed_by` and `contradicted_by`
/// - `provenance`: document (BLAKE3 of the content, as in CSV), models, prompts, schemas, calibration
///   (hashes), run, time (RFC 3339, UTC)
pub fn line(exported: &Exported) -> Value {
    let stored = &exported.stored;
    let record = &stored.record;
    let mut line = Map::new();
    line.insert("id".into(), stored.id.into());
    let mut paths = stored.paths.iter();
    let path = paths
        .next()
        .map(|path| path.as_path())
        .unwrap_or(Path::new(""));
    line.insert("path".into(), path.to_string_lossy().into());
    if path.to_str().is_none() {
        let hex: String = path
            .as_os_str()
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        line.insert("path_bytes".into(), hex.into());
    }
    let others: Vec<_> = paths.map(|path| path.to_string_lossy()).collect();
    if !others.is_empty() {
        line.insert("other_paths".into(), json!(others));
    }
    line.insert(
        "pages".into(),
        record
            .pages
            .iter()
            .map(|index| index + 1)
            .collect::<Vec<_>>()
            .into(),
    );
    line.insert("type".into(), json!(record.doc_type));
    line.insert("status".into(), record.status.as_str().into());
    line.insert("source".into(), record.source.as_str().into());
    line.insert("fields".into(), Value::Object(record.fields.clone()));
    line.insert("amount_due".into(), json!(exported.amount_due));
    if !exported.answers.is_empty() {
        let answers = exported.answers.iter();
        let answers = answers.map(|answer| (answer.name.clone(), of_question(answer)));
        line.insert("answers".into(), Value::Object(answers.collect()));
    }
    line.insert("findings".into(), json!(by_severity(&record.findings)));
    line.insert("confidence".into(), json!(record.confidence));
    let by_field = record
        .field_confidence
        .iter()
        .map(|(field, confidence)| (field.clone(), json!(confidence)));
    line.insert("field_confidence".into(), Value::Object(by_field.collect()));
    let calibrated = record.calibrated.as_ref();
    let fields = calibrated.map(|calibrated| calibrated.fields.as_slice());
    let fields = fields.unwrap_or_default();
    let least = fields.iter().map(|(_, p)| *p).min_by(f64::total_cmp);
    line.insert("probability".into(), json!(least));
    let by_field = fields.iter().map(|(field, p)| (field.clone(), json!(p)));
    line.insert(
        "field_probability".into(),
        Value::Object(by_field.collect()),
    );
    let accepted_from = calibrated.and_then(|calibrated| calibrated.threshold);
    line.insert("accepted_from".into(), json!(accepted_from));
    line.insert(
        "evidence".into(),
        record.evidence.iter().map(evidence).collect(),
    );
    line.insert(
        "provenance".into(),
        json!({
            "document": stored.blake3,
            "models": stored.models,
            "prompts": stored.prompts,
            "schemas": stored.schemas,
            "calibration": calibrated.map(|calibrated| &calibrated.calibration),
            "run": stored.run_id,
            "time": time(stored.created_at),
        }),
    );
    Value::Object(line)
}

fn of_question(answer: &StoredAnswer) -> Value {
    json!({
        "question": answer.question,
        "answer": answer.answer,
        "page": answer.page + 1,
        "place": answer.place,
        "probability": answer.probability,
    })
}

/// Pages count from 1, as everywhere that people see them.
fn evidence(of_field: &FieldEvidence) -> Value {
    json!(FieldEvidence {
        page: of_field.page.map(|index| index + 1),
        ..of_field.clone()
    })
}

/// Unix milliseconds as RFC 3339 in UTC.
pub(super) fn time(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map(|time| time.to_string())
        .unwrap_or_default()
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
