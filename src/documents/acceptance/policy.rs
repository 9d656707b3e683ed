//! Decides which records are accepted, and makes the findings that say why others are
//! not.

use std::sync::Arc;

use serde_json::Value;

use super::features::PredictionKind;
use super::predictions::{Prediction, predictions};
use super::{Calibration, Certificate, TypeCalibration, total_required};
use crate::domain::{
    Calibrated, DocType, FieldPath, Finding, FindingCode, Record, Severity, Status,
};

/// How values and records are accepted.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The calibration of the reader in use.
    pub calibration: Option<Arc<Calibration>>,
    /// Highest allowed share (0 to 1) of wrong values among accepted fields.
    pub max_error: f64,
    /// Without a calibration: lowest confidence (0 to 1, the model's own) of an
    /// accepted value.
    pub min_confidence: f32,
}

/// A prediction with its probability, and whether the policy accepts it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredPrediction {
    pub prediction: Prediction,
    /// The model's own probability, 0 to 1.
    pub confidence: f64,
    /// Calibrated probability, 0 to 1; `None` without a calibration.
    pub probability: Option<f64>,
    pub accepted: bool,
}

impl Policy {
    /// A text that is equal only for policies that decide alike.
    pub fn key(&self) -> String {
        let calibration = self.calibration_hash().unwrap_or("none");
        format!("{calibration} {} {}", self.max_error, self.min_confidence)
    }

    fn calibration_hash(&self) -> Option<&str> {
        Some(self.calibration.as_ref()?.hash.as_str())
    }

    fn calibration_of(&self, doc_type: &DocType) -> Option<&TypeCalibration> {
        self.calibration.as_ref()?.types.get(&doc_type.name)
    }

    /// The certificate that applies: one for a smaller error rate holds for a
    /// larger one.
    pub fn certificate<'a>(&self, calibration: &'a TypeCalibration) -> Option<&'a Certificate> {
        let fits = |c: &&Certificate| c.max_error <= self.max_error + 1e-12;
        let fitting = || calibration.certificates.iter().filter(fits).rev();
        // Not the lowest of all thresholds: a choice among several would not hold
        // with the confidence of each.
        fitting()
            .find(|c| c.threshold.is_some())
            .or_else(|| fitting().next())
    }

    pub fn threshold(&self, calibration: &TypeCalibration) -> Option<f64> {
        self.certificate(calibration)?.threshold
    }

    /// Every prediction of the record with its probability and whether it is
    /// accepted.
    pub fn scored(&self, doc_type: &DocType, record: &Record) -> Vec<ScoredPrediction> {
        let calibration = self.calibration_of(doc_type);
        let threshold = calibration.map(|calibration| self.threshold(calibration));
        let score = |(prediction, logprob): (Prediction, &crate::domain::FieldLogprob)| {
            // The confidence of a value copied from OCR is at most that of OCR.
            let of_ocr = prediction.ocr_confidence.unwrap_or(1.0);
            let confidence = f64::from(logprob.probability().min(of_ocr));
            let probability = calibration.map(|c| c.scorer.probability(&prediction));
            let is_above = match (probability, threshold) {
                (Some(probability), Some(Some(threshold))) => probability >= threshold,
                (Some(_), _) => false,
                (None, _) => confidence >= f64::from(self.min_confidence),
            };
            ScoredPrediction {
                accepted: is_above && !prediction.is_flagged,
                prediction,
                confidence,
                probability,
            }
        };
        predictions(doc_type, record)
            .into_iter()
            .zip(&record.logprobs)
            .map(score)
            .collect()
    }

    /// Decides whether a record with all other findings is accepted: sets its
    /// probabilities, the findings about them and its status. Applied again, it
    /// replaces what an earlier policy set.
    pub fn apply(&self, doc_type: Option<&DocType>, record: &mut Record) {
        record
            .findings
            .retain(|finding| !finding.code.is_from_acceptance());
        record.calibrated = None;
        if let Some(doc_type) = doc_type {
            self.judge(doc_type, record);
        }
        if record.status != Status::Failed {
            record.status = status(&record.findings);
        }
    }

    /// Sets the record's probabilities and the findings about them.
    fn judge(&self, doc_type: &DocType, record: &mut Record) {
        let scored = self.scored(doc_type, record);
        if scored.is_empty() {
            return;
        }
        if let Some(calibration) = self.calibration_of(doc_type) {
            record.calibrated = Some(Calibrated {
                calibration: self.calibration_hash().unwrap_or_default().to_owned(),
                max_error: self.max_error,
                threshold: self.threshold(calibration),
                fields: scored
                    .iter()
                    .map(|v| {
                        (
                            v.prediction.field.clone(),
                            v.probability.unwrap_or_default(),
                        )
                    })
                    .collect(),
            });
            let finding = self.calibrated_finding(doc_type, calibration, record, &scored);
            record.findings.extend(finding);
        } else {
            let uncertain = below(&scored, f64::from(self.min_confidence));
            let from = accepted_from(self.min_confidence);
            record
                .findings
                .extend(low_confidence(&named(doc_type, &uncertain), &from));
            record.findings.push(self.note_uncalibrated(doc_type));
        }
    }

    fn calibrated_finding(
        &self,
        doc_type: &DocType,
        calibration: &TypeCalibration,
        record: &Record,
        scored: &[ScoredPrediction],
    ) -> Option<Finding> {
        let least = scored
            .iter()
            .filter(|one| !one.prediction.is_supporting)
            .min_by(|a, b| probability(a).total_cmp(&probability(b)))?;
        let Some(threshold) = self.threshold(calibration) else {
            let why = match self.certificate(calibration) {
                Some(Certificate {
                    needed: Some(needed),
                    ..
                }) => format!(
                    "`docmill calibrate` needs about {} documents with known values, and had {}",
                    total_required(*needed),
                    calibration.data.fitted + calibration.data.certified
                ),
                Some(Certificate { documents: 0, .. }) => {
                    "the model is almost never sure enough".to_owned()
                }
                Some(_) => "the values of which it is surest are wrong more often".to_owned(),
                None => "the calibration has thresholds for larger error rates alone".to_owned(),
            };
            let message = format!(
                "no value is accepted: no threshold is certified for {}, because {why}; compare all values with the page, first {}",
                wanted(self.max_error),
                described(doc_type, record, least)
            );
            return Some(Finding::new(FindingCode::NotCertified, None, message));
        };
        let uncertain = below(scored, threshold);
        low_confidence(
            &named(doc_type, &uncertain),
            &certified(threshold, self.max_error),
        )
    }

    fn note_uncalibrated(&self, doc_type: &DocType) -> Finding {
        let message = format!(
            "the reader's own probabilities decided, from {} on (acceptance.min_confidence): there is no calibration for {}, so no error rate is promised",
            self.min_confidence, doc_type.name
        );
        Finding::new(FindingCode::Uncalibrated, None, message)
    }
}

fn wanted(max_error: f64) -> String {
    format!("at most {} of accepted fields wrong", percent(max_error))
}

/// Words for a certified threshold and its error rate.
pub(super) fn certified(threshold: f64, max_error: f64) -> String {
    format!("accepted from {threshold:.4} ({})", wanted(max_error))
}

/// Words for the threshold without a calibration.
pub(super) fn accepted_from(min_confidence: f32) -> String {
    format!("accepted from {min_confidence} (acceptance.min_confidence)")
}

/// Deciding fields below a threshold, the least probable first.
fn below(scored: &[ScoredPrediction], threshold: f64) -> Vec<&ScoredPrediction> {
    let is_below =
        |one: &&ScoredPrediction| !one.prediction.is_supporting && probability(one) < threshold;
    let mut uncertain: Vec<_> = scored.iter().filter(is_below).collect();
    uncertain.sort_by(|a, b| probability(a).total_cmp(&probability(b)));
    uncertain
}

/// The finding about uncertain values, the least certain first; `None` without any.
/// `from`: words for the threshold.
pub(super) fn low_confidence(uncertain: &[UncertainValue], from: &str) -> Option<Finding> {
    /// Most values that are named; `docmill show` has all.
    const NAMED: usize = 4;
    let least = uncertain.first()?;
    let name = |value: &UncertainValue| {
        let empty = if value.is_empty { "empty, " } else { "" };
        format!(
            "{} ({empty}{})",
            value.words,
            rounded_down(value.probability)
        )
    };
    let mut names: Vec<String> = uncertain.iter().take(NAMED).map(name).collect();
    if uncertain.len() > NAMED {
        names.push(format!("{} more", uncertain.len() - NAMED));
    }
    let last = names.pop()?;
    let (names, them) = match names.is_empty() {
        true => (last, "it"),
        false => (format!("{} and {last}", names.join(", ")), "them"),
    };
    let message = format!("the model is not sure of {names}: compare {them} with the page; {from}");
    let field = Some(least.field.as_str());
    Some(Finding::new(FindingCode::LowConfidence, field, message))
}

/// A value that is not accepted.
pub(super) struct UncertainValue {
    /// Its path.
    pub field: String,
    /// The field in words.
    pub words: String,
    pub is_empty: bool,
    /// That it is right, 0 to 1.
    pub probability: f64,
}

fn probability(scored: &ScoredPrediction) -> f64 {
    scored.probability.unwrap_or(scored.confidence)
}

/// Accepted without warnings and errors; otherwise needs review.
pub fn status(findings: &[Finding]) -> Status {
    match findings.iter().any(|f| f.severity > Severity::Info) {
        true => Status::NeedsReview,
        false => Status::Accepted,
    }
}

fn described(doc_type: &DocType, record: &Record, scored: &ScoredPrediction) -> String {
    let path = FieldPath::parse(&scored.prediction.field);
    let probability = rounded_down(probability(scored));
    let value = match path.value_at(&record.fields) {
        _ if scored.prediction.kind == PredictionKind::Absent => "empty".to_owned(),
        Some(Value::String(text)) => shortened(text),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    format!("{} ({value}, {probability})", doc_type.in_words(&path))
}

fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn named(doc_type: &DocType, scored: &[&ScoredPrediction]) -> Vec<UncertainValue> {
    let value = |one: &&ScoredPrediction| UncertainValue {
        words: doc_type.in_words(&FieldPath::parse(&one.prediction.field)),
        field: one.prediction.field.clone(),
        is_empty: one.prediction.kind == PredictionKind::Absent,
        probability: probability(one),
    };
    scored.iter().map(value).collect()
}

/// A probability (0 to 1) for people: three decimals, or four where it is almost 1,
/// rounded down so that a value below a threshold never looks equal to it.
pub fn rounded_down(p: f64) -> String {
    let digits = if 1.0 - p >= 0.005 { 3 } else { 4 };
    let scale = 10f64.powi(digits);
    // 0.41 as a single-precision float is less than 0.41.
    let floor = (p * scale + 1e-4).floor();
    format!("{:.*}", digits as usize, floor / scale)
}

/// `0.5 %` for the share 0.005.
pub fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
