//! The predictions of a record, one for each value, with their features.

use serde_json::Value;

use super::features::{Features, PageFeatures, PredictionKind};
use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, FieldLogprob, FieldPath, Finding, FindingCode, Format,
    Record, Severity,
};

/// Greatest `maxLength` of fields that are codes and numbers; fields with a greater
/// one are names and other text.
const IDENTIFIER_LENGTH: u64 = 64;
/// Greatest absolute logit; beyond it differences are rounding errors.
const MOST_LOGIT: f64 = 14.0;

/// One value (or null) that a model read.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Path in the record, e.g. `items[2].amount`.
    pub field: String,
    pub kind: PredictionKind,
    pub features: Features,
    /// Whether a warning or error is about this value: it is then not accepted with
    /// any probability.
    pub is_flagged: bool,
    /// Whether the type names the field as supporting: it may be uncertain in an
    /// accepted record.
    pub is_supporting: bool,
    /// Lowest confidence (0 to 1) of its OCR words; `None`: OCR did not read the value.
    pub ocr_confidence: Option<f32>,
}

impl Prediction {
    pub fn is_absent(&self) -> bool {
        self.kind == PredictionKind::Absent
    }
}

/// The predictions for every value and null of the record that the model chose, in the
/// order read.
pub fn predictions(doc_type: &DocType, record: &Record) -> Vec<Prediction> {
    let page = page_features(record);
    let logprobs = record.logprobs.iter();
    logprobs
        .map(|logprob| prediction(doc_type, record, logprob, page))
        .collect()
}

/// Probability that counts for a type that the user gave.
const GIVEN_TYPE: f32 = 0.999;

fn page_features(record: &Record) -> PageFeatures {
    let logits: Vec<f64> = record.logprobs.iter().map(|p| logit(p.sum)).collect();
    let flags = record.findings.iter().filter(|finding| is_flag(finding));
    let is_completion = |finding: &&Finding| finding.code == FindingCode::CompletedByArithmetic;
    let completions = record.findings.iter().filter(is_completion);
    let on_page = record.evidence.iter().filter(|e| is_on_page(e));
    PageFeatures {
        least: logits.iter().copied().fold(MOST_LOGIT, f64::min),
        mean: logits.iter().sum::<f64>() / logits.len().max(1) as f64,
        findings: (flags.count() as f64).ln_1p(),
        completions: (completions.count() as f64).ln_1p(),
        doc_type: logit(record.type_probability.unwrap_or(GIVEN_TYPE).ln()),
        on_page: on_page.count() as f64 / record.evidence.len().max(1) as f64,
    }
}

/// Whether a text source beside the model has the value on the page.
fn is_on_page(evidence: &FieldEvidence) -> bool {
    matches!(
        evidence.class,
        EvidenceClass::TextLayer | EvidenceClass::Ocr
    )
}

/// Whether the finding is against a value. Findings of acceptance itself, findings
/// without a field, and a missing text source are not.
fn is_flag(finding: &Finding) -> bool {
    finding.severity > Severity::Info
        && finding.field.is_some()
        && !finding.code.is_from_acceptance()
        && finding.code != FindingCode::NoTextSource
}

fn prediction(
    doc_type: &DocType,
    record: &Record,
    logprob: &FieldLogprob,
    page: PageFeatures,
) -> Prediction {
    let field = &logprob.field;
    let path = FieldPath::parse(field);
    let value = path.value_at(&record.fields).unwrap_or(&Value::Null);
    let kind = kind(doc_type, &path, value);
    let flags = || record.findings.iter().filter(|finding| is_flag(finding));
    let is_flagged = flags().any(|finding| finding.field.as_deref() == Some(field));
    let has_mismatch = flags().any(|finding| finding.code.is_mismatch());
    let mean = f64::from(logprob.sum) / f64::from(logprob.tokens.max(1));
    let evidence = record.evidence.iter().find(|e| e.field == *field);
    let has = |what: fn(&FieldEvidence) -> bool| evidence.is_some_and(what);
    let ocr_confidence = evidence.and_then(|e| e.ocr_confidence);
    let features = Features {
        doc_type: doc_type.name.clone(),
        field: path.to_wildcard().to_string(),
        kind,
        sum: logit(logprob.sum),
        min: logit(logprob.min),
        mean: mean.max(-3.0),
        tokens: f64::from(logprob.tokens).ln_1p(),
        page,
        is_flagged,
        has_mismatch: has_mismatch
            && matches!(kind, PredictionKind::Amount | PredictionKind::LineAmount),
        is_confirmed: has(|e| !e.confirmed_by.is_empty()),
        is_contradicted: has(|e| !e.contradicted_by.is_empty()),
        is_on_page: has(is_on_page),
        // Only where the page had a text source.
        is_not_on_page: page.on_page > 0.0 && has(|e| !is_on_page(e)),
        ocr_risk: ocr_confidence.map_or(0.0, ocr_risk),
    };
    Prediction {
        field: field.clone(),
        kind,
        features,
        is_flagged,
        is_supporting: doc_type.is_supporting(&path),
        ocr_confidence,
    }
}

/// ln((1 - `confidence` + `LEAST`) / `LEAST`): 0 where OCR is certain, about 7 at a
/// confidence of 0.
fn ocr_risk(confidence: f32) -> f64 {
    const LEAST: f64 = 1e-3;
    let error = 1.0 - f64::from(confidence).clamp(0.0, 1.0);
    ((error + LEAST) / LEAST).ln()
}

/// ln(p / (1 - p)) of a probability given as its logarithm.
fn logit(log_probability: f32) -> f64 {
    let log = f64::from(log_probability).min(0.0);
    let other = (-log.exp_m1()).max(f64::MIN_POSITIVE).ln();
    (log - other).clamp(-MOST_LOGIT, MOST_LOGIT)
}

/// The kind by the form that the schema gives the value, so that it works with a
/// user's own types.
fn kind(doc_type: &DocType, path: &FieldPath, value: &Value) -> PredictionKind {
    if value.is_null() {
        return PredictionKind::Absent;
    }
    let property = path.property(&doc_type.schema).unwrap_or(&Value::Null);
    match (Format::of(property), path.leaf_in_list().is_some()) {
        (Some(format), true) if format.is_number() => PredictionKind::LineAmount,
        (_, true) => PredictionKind::LineText,
        (Some(format), false) if format.is_number() => PredictionKind::Amount,
        (Some(Format::Date), false) => PredictionKind::Date,
        (_, false) => {
            let length = property.get("maxLength").and_then(Value::as_u64);
            let is_short = length.is_some_and(|length| length <= IDENTIFIER_LENGTH);
            let has = |key| property.get(key).is_some();
            match has("format") || has("enum") || is_short {
                true => PredictionKind::Identifier,
                false => PredictionKind::Text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::acceptance::test_data::{doc_type, record};

    #[test]
    fn a_prediction_has_the_kind_that_its_schema_gives_it() {
        let record = record(
            json!({"total": "1.00", "date": "2024-01-01", "currency": "EUR", "name": "Tea House", "number": "A1",
                "note": null, "items": [{"text": "tea", "amount": "1.00"}]}),
        );
        let found = predictions(&doc_type(), &record);
        let kinds: Vec<_> = found.iter().map(|c| (c.field.as_str(), c.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("total", PredictionKind::Amount),
                ("date", PredictionKind::Date),
                ("currency", PredictionKind::Identifier),
                ("name", PredictionKind::Text),
                ("number", PredictionKind::Identifier),
                ("note", PredictionKind::Absent),
                ("items[0].text", PredictionKind::LineText),
                ("items[0].amount", PredictionKind::LineAmount),
            ]
        );
    }

    #[test]
    fn a_finding_flags_the_value_that_it_names_unless_it_is_of_acceptance() {
        let mut record = record(json!({"total": "1.00", "name": "Tea"}));
        let finding = |code, field| Finding::new(code, field, "x");
        record.findings = vec![
            finding(FindingCode::SumMismatch, Some("total")),
            finding(FindingCode::LowConfidence, Some("name")),
            finding(FindingCode::PageFailed, None),
        ];
        let found = predictions(&doc_type(), &record);
        assert!(found[0].is_flagged && !found[1].is_flagged);
        assert!(found[0].features.has_mismatch && !found[1].features.has_mismatch);
        assert!((found[0].features.page.findings - 2f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn evidence_of_a_value_is_a_feature() {
        let mut record = record(json!({"total": "1.00", "name": "Tea"}));
        let mut seen = FieldEvidence::model_only("total");
        seen.class = EvidenceClass::TextLayer;
        seen.confirmed_by = vec!["sum".into()];
        record.evidence = vec![seen, FieldEvidence::model_only("name")];
        let found = predictions(&doc_type(), &record);
        let [total, name] = [0, 1].map(|at| &found[at].features);
        assert!(total.is_on_page && !total.is_not_on_page && total.is_confirmed);
        assert!(!name.is_on_page && name.is_not_on_page && !name.is_confirmed);
        assert_eq!([total.page.on_page, name.page.on_page], [0.5, 0.5]);
    }

    #[test]
    fn what_ocr_was_unsure_of_is_a_feature() {
        let mut record = record(json!({"total": "1.00", "name": "Tea"}));
        let mut seen = FieldEvidence::model_only("total");
        seen.ocr_confidence = Some(0.5);
        record.evidence = vec![seen, FieldEvidence::model_only("name")];
        let found = predictions(&doc_type(), &record);
        assert_eq!(found[0].ocr_confidence, Some(0.5));
        assert!(found[0].features.ocr_risk > 6.0);
        assert_eq!(found[1].features.ocr_risk, 0.0);
        assert_eq!(ocr_risk(1.0), 0.0);
    }

    #[test]
    fn logits_of_certainty_and_of_nothing_are_bounded() {
        assert_eq!(logit(0.0), MOST_LOGIT);
        assert_eq!(logit(-1e9), -MOST_LOGIT);
        assert!(logit(0.5f32.ln()).abs() < 1e-6);
    }
}
