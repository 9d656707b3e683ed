//! Whether the values that identify a bill were read for sure.

use crate::documents::acceptance::confidence;
use crate::domain::{EvidenceClass, FieldEvidence, FindingCode, Record, Severity, Source};

/// Lowest probability (0 to 1) of a value that counts as sure where no threshold is
/// certified.
const SURE: f64 = 0.8;

/// Whether a person entered the field's value, or an e-invoice states it.
pub fn is_stated(record: &Record, field: &str) -> bool {
    let by_person = |of: &FieldEvidence| of.field == field && of.class == EvidenceClass::Person;
    record.source == Source::EmbeddedXml || record.evidence.iter().any(by_person)
}

/// Whether the field's value may have been misread.
pub fn may_be_misread(record: &Record, field: &str) -> bool {
    if is_stated(record, field) {
        return false;
    }
    let is_doubted = record.findings.iter().any(|finding| {
        let is_doubt = finding.severity >= Severity::Warning;
        is_doubt && finding.field.as_deref() == Some(field) && !is_of_many(finding.code)
    });
    is_doubted || is_below(record, field)
}

/// The finding names the least sure of several values in its field.
fn is_of_many(code: FindingCode) -> bool {
    matches!(code, FindingCode::LowConfidence | FindingCode::NotCertified)
}

/// Whether the value is less probable than its threshold.
fn is_below(record: &Record, field: &str) -> bool {
    let Some(calibrated) = &record.calibrated else {
        return confidence(record, field).is_some_and(|p| p < SURE);
    };
    let mut fields = calibrated.fields.iter();
    let probability = fields.find(|(name, _)| name == field);
    probability.is_some_and(|(_, p)| *p < calibrated.threshold.unwrap_or(SURE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Calibrated, Finding, test_data};

    const NUMBER: &str = "invoice_number";

    fn record() -> Record {
        test_data::record("invoice", json!({"invoice_number": "A-1"}))
    }

    #[test]
    fn a_value_is_doubted_for_its_probability_or_a_finding() {
        let mut sure = record();
        assert!(!may_be_misread(&sure, NUMBER));
        let many = Finding::new(FindingCode::LowConfidence, Some(NUMBER), "");
        sure.findings.push(many);
        assert!(!may_be_misread(&sure, NUMBER));
        sure.field_confidence = vec![(NUMBER.into(), 0.79)];
        assert!(may_be_misread(&sure, NUMBER));
        sure.calibrated = Some(Calibrated {
            calibration: "c".into(),
            max_error: 0.05,
            threshold: Some(0.6),
            fields: vec![(NUMBER.into(), 0.7)],
        });
        assert!(!may_be_misread(&sure, NUMBER));
        sure.calibrated.as_mut().unwrap().threshold = None;
        assert!(may_be_misread(&sure, NUMBER));
        let mut of_ocr = record();
        of_ocr.evidence = vec![FieldEvidence {
            class: EvidenceClass::Ocr,
            ocr_confidence: Some(0.5),
            ..FieldEvidence::model_only(NUMBER)
        }];
        assert!(may_be_misread(&of_ocr, NUMBER));
        let mut differing = record();
        let finding = Finding::new(FindingCode::OcrDiffers, Some(NUMBER), "");
        differing.findings.push(finding);
        assert!(may_be_misread(&differing, NUMBER));
        assert!(!may_be_misread(&differing, "issue_date"));
    }

    #[test]
    fn what_a_person_entered_or_an_einvoice_states_is_sure() {
        let mut unsure = record();
        unsure.field_confidence = vec![(NUMBER.into(), 0.1)];
        let mut by_person = unsure.clone();
        by_person.evidence = vec![FieldEvidence {
            class: EvidenceClass::Person,
            ..FieldEvidence::model_only(NUMBER)
        }];
        assert!(!may_be_misread(&by_person, NUMBER));
        unsure.source = Source::EmbeddedXml;
        assert!(!may_be_misread(&unsure, NUMBER));
    }
}
