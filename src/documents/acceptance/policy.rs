//! Decides which records are accepted, and makes the findings that say why others are
//! not.

use std::sync::Arc;

use serde_json::Value;

use super::claims::{ValueClaim, claims};
use super::features::ClaimKind;
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

/// The policy's decision about one claim.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimDecision {
    pub claim: ValueClaim,
    /// The model's own probability, 0 to 1.
    pub confidence: f64,
    /// Calibrated probability, 0 to 1; `None` without a calibration.
    pub probability: Option<f64>,
    pub accepted: bool,
}

impl Policy {
    /// A text that is equal only for policies with equal decisions.
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

    /// Every claim of the record with its probability and whether it is
    /// accepted.
    pub fn decisions(&self, doc_type: &DocType, record: &Record) -> Vec<ClaimDecision> {
        let calibration = self.calibration_of(doc_type);
        let threshold = calibration.map(|calibration| self.threshold(calibration));
        let decision = |(claim, logprob): (ValueClaim, &crate::domain::FieldLogprob)| {
            // The confidence of a value copied from OCR is at most that of OCR.
            let of_ocr = claim.ocr_confidence.unwrap_or(1.0);
            let confidence = f64::from(logprob.probability().min(of_ocr));
            let probability = calibration.map(|c| c.scorer.probability(&claim));
            let is_above = match (probability, threshold) {
                (Some(probability), Some(Some(threshold))) => probability >= threshold,
                (Some(_), _) => false,
                (None, _) => confidence >= f64::from(self.min_confidence),
            };
            ClaimDecision {
                accepted: is_above && !claim.is_flagged,
                claim,
                confidence,
                probability,
            }
        };
        claims(doc_type, record)
            .into_iter()
            .zip(&record.logprobs)
            .map(decision)
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
        let decisions = match doc_type {
            Some(doc_type) => self.decisions(doc_type, record),
            None => Vec::new(),
        };
        let calibration = doc_type.and_then(|doc_type| self.calibration_of(doc_type));
        if let (Some(calibration), false) = (calibration, decisions.is_empty()) {
            record.calibrated = Some(Calibrated {
                calibration: self.calibration_hash().unwrap_or_default().to_owned(),
                max_error: self.max_error,
                threshold: self.threshold(calibration),
                fields: decisions
                    .iter()
                    .map(|v| (v.claim.field.clone(), v.probability.unwrap_or_default()))
                    .collect(),
            });
            record
                .findings
                .extend(self.calibrated_finding(calibration, record, &decisions));
        } else {
            record
                .findings
                .extend(self.uncalibrated_finding(&decisions));
            if let (Some(doc_type), false) = (doc_type, decisions.is_empty()) {
                record.findings.push(self.note_uncalibrated(doc_type));
            }
        }
        if record.status != Status::Failed {
            record.status = status(&record.findings);
        }
    }

    fn calibrated_finding(
        &self,
        calibration: &TypeCalibration,
        record: &Record,
        decisions: &[ClaimDecision],
    ) -> Option<Finding> {
        let least = decisions
            .iter()
            .filter(|decision| !decision.claim.is_supporting)
            .min_by(|a, b| probability(a).total_cmp(&probability(b)))?;
        let Some(threshold) = self.threshold(calibration) else {
            let why = match self.certificate(calibration) {
                Some(Certificate {
                    needed: Some(needed),
                    ..
                }) => format!(
                    "about {} documents with known values would be needed, not {} (`docmill calibrate`)",
                    total_required(*needed),
                    calibration.data.fitted + calibration.data.certified
                ),
                Some(Certificate { documents: 0, .. }) => {
                    "the model's probabilities are almost never high enough".to_owned()
                }
                Some(_) => {
                    "the values with the highest probabilities are wrong more often than that"
                        .to_owned()
                }
                None => "thresholds were only tested for larger error rates".to_owned(),
            };
            let message = format!(
                "no field is accepted, since no threshold is certified for {}: {why}; the least certain: {}",
                wanted(self.max_error),
                described(record, least)
            );
            return Some(Finding::new(FindingCode::NotCertified, None, message));
        };
        let uncertain = below(decisions, threshold);
        let message = format!(
            "{}; {}",
            uncertain_fields(&named(&uncertain)),
            certified(threshold, self.max_error),
        );
        Some(low_confidence(uncertain.first()?, message))
    }

    fn note_uncalibrated(&self, doc_type: &DocType) -> Finding {
        let message = format!(
            "judged by the reader's own probabilities (min_confidence {}), which are not calibrated for {}: no error rate is promised",
            self.min_confidence, doc_type.name
        );
        Finding::new(FindingCode::Uncalibrated, None, message)
    }

    fn uncalibrated_finding(&self, decisions: &[ClaimDecision]) -> Option<Finding> {
        let uncertain = below(decisions, f64::from(self.min_confidence));
        let message = format!(
            "{}; at least {} is required (min_confidence; the reader's own estimate, not calibrated)",
            uncertain_fields(&named(&uncertain)),
            self.min_confidence,
        );
        Some(low_confidence(uncertain.first()?, message))
    }
}

fn wanted(max_error: f64) -> String {
    format!("at most {} of accepted fields wrong", percent(max_error))
}

/// Words for a certified threshold and its error rate.
pub(super) fn certified(threshold: f64, max_error: f64) -> String {
    format!(
        "at least {threshold:.4} is required ({})",
        wanted(max_error)
    )
}

/// Deciding fields below a threshold, the least probable first.
fn below(decisions: &[ClaimDecision], threshold: f64) -> Vec<&ClaimDecision> {
    let is_below = |decision: &&ClaimDecision| {
        !decision.claim.is_supporting && probability(decision) < threshold
    };
    let mut uncertain: Vec<_> = decisions.iter().filter(is_below).collect();
    uncertain.sort_by(|a, b| probability(a).total_cmp(&probability(b)));
    uncertain
}

fn low_confidence(least: &ClaimDecision, message: String) -> Finding {
    let field = Some(least.claim.field.as_str());
    Finding::new(FindingCode::LowConfidence, field, message)
}

fn probability(decision: &ClaimDecision) -> f64 {
    decision.probability.unwrap_or(decision.confidence)
}

/// Accepted without warnings and errors; otherwise needs review.
pub fn status(findings: &[Finding]) -> Status {
    match findings.iter().any(|f| f.severity > Severity::Info) {
        true => Status::NeedsReview,
        false => Status::Accepted,
    }
}

fn described(record: &Record, decision: &ClaimDecision) -> String {
    let field = &decision.claim.field;
    let probability = rounded_down(probability(decision));
    if decision.claim.kind == ClaimKind::Absent {
        return format!("{field} is absent with probability {probability}");
    }
    let value = match FieldPath::parse(field).value_at(&record.fields) {
        Some(Value::String(text)) => shortened(text),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    format!("{field} {value} is right with probability {probability}")
}

fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn named(decisions: &[&ClaimDecision]) -> Vec<(String, f64)> {
    let name = |decision: &&ClaimDecision| {
        let absent = match decision.claim.kind {
            ClaimKind::Absent => " (absent)",
            _ => "",
        };
        let field = &decision.claim.field;
        (format!("{field}{absent}"), probability(decision))
    };
    decisions.iter().map(name).collect()
}

/// Fields with their probabilities, the least certain first.
pub(super) fn uncertain_fields(fields: &[(String, f64)]) -> String {
    /// Most fields that are named; `docmill show` has all.
    const NAMED: usize = 4;
    let name = |(name, p): &(String, f64)| format!("{name} {}", rounded_down(*p));
    let named: Vec<String> = fields.iter().take(NAMED).map(name).collect();
    let more = match fields.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("uncertain: {}{more}", named.join(", "))
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
