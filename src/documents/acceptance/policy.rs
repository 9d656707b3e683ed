//! What is accepted, and in which words a person is told why not.

use std::sync::Arc;

use serde_json::Value;

use super::claims::{Claim, Kind, claims};
use super::{Calibration, Certificate, in_all};
use crate::domain::{
    Calibrated, DocType, FieldPath, Finding, FindingCode, Record, Severity, Status,
};

/// By what values are accepted.
#[derive(Clone, Debug)]
pub struct Policy {
    /// That of the reader in use, where there is one.
    pub calibration: Option<Arc<Calibration>>,
    /// Wanted: at most this share (0 to 1) of accepted fields is wrong.
    pub max_error: f64,
    /// Without a calibration, values from this probability on, the model's own,
    /// are accepted.
    pub min_confidence: f32,
}

/// What the policy makes of one claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub claim: Claim,
    /// The model's own probability, 0 to 1.
    pub confidence: f64,
    /// Calibrated; `None` without a calibration.
    pub probability: Option<f64>,
    pub accepted: bool,
}

impl Policy {
    /// Changes when the policy may accept otherwise.
    pub fn key(&self) -> String {
        let calibration = self
            .calibration
            .as_ref()
            .map_or("none", |c| c.hash.as_str());
        format!("{calibration} {} {}", self.max_error, self.min_confidence)
    }

    /// The calibration, if it says anything of this type.
    fn calibration_of(&self, doc_type: &DocType) -> Option<&Calibration> {
        let calibration = self.calibration.as_deref()?;
        calibration
            .types
            .contains(&doc_type.name)
            .then_some(calibration)
    }

    /// The certificate to go by: what is certified for a smaller error rate
    /// holds for a larger one.
    pub fn certificate<'a>(&self, calibration: &'a Calibration) -> Option<&'a Certificate> {
        let fits = |c: &&Certificate| c.max_error <= self.max_error + 1e-12;
        let fitting = || calibration.certificates.iter().filter(fits).rev();
        // Not the lowest threshold of all: each holds with the certificate's
        // confidence, the best of several does not.
        fitting()
            .find(|c| c.threshold.is_some())
            .or_else(|| fitting().next())
    }

    pub fn threshold(&self, calibration: &Calibration) -> Option<f64> {
        self.certificate(calibration)?.threshold
    }

    /// Every claim of the record with its probability and whether it is
    /// accepted.
    pub fn verdicts(&self, doc_type: &DocType, record: &Record) -> Vec<Verdict> {
        let calibration = self.calibration_of(doc_type);
        let threshold = calibration.map(|calibration| self.threshold(calibration));
        let verdict = |(claim, logprob): (Claim, &crate::domain::FieldLogprob)| {
            let confidence = f64::from(logprob.probability());
            let probability = calibration.map(|c| c.scorer.probability(&claim));
            let believed = match (probability, threshold) {
                (Some(probability), Some(Some(threshold))) => probability >= threshold,
                (Some(_), _) => false,
                (None, _) => logprob.probability() >= self.min_confidence,
            };
            Verdict {
                accepted: believed && !claim.is_doubted,
                claim,
                confidence,
                probability,
            }
        };
        claims(doc_type, record)
            .into_iter()
            .zip(&record.logprobs)
            .map(verdict)
            .collect()
    }

    /// Gives the record its probabilities, its findings about them and its
    /// status, in place of earlier ones.
    pub fn apply(&self, doc_type: Option<&DocType>, record: &mut Record) {
        record
            .findings
            .retain(|finding| !finding.code.is_from_acceptance());
        record.calibrated = None;
        let verdicts = match doc_type {
            Some(doc_type) => self.verdicts(doc_type, record),
            None => Vec::new(),
        };
        let calibration = doc_type.and_then(|doc_type| self.calibration_of(doc_type));
        if let (Some(calibration), false) = (calibration, verdicts.is_empty()) {
            record.calibrated = Some(Calibrated {
                calibration: calibration.hash.clone(),
                max_error: self.max_error,
                threshold: self.threshold(calibration),
                fields: verdicts
                    .iter()
                    .map(|v| (v.claim.field.clone(), v.probability.unwrap_or_default()))
                    .collect(),
            });
            record
                .findings
                .extend(self.tell_calibrated(calibration, record, &verdicts));
        } else {
            record
                .findings
                .extend(self.tell_uncalibrated(record, &verdicts));
        }
        if record.status != Status::Failed {
            record.status = status(&record.findings);
        }
    }

    fn tell_calibrated(
        &self,
        calibration: &Calibration,
        record: &Record,
        verdicts: &[Verdict],
    ) -> Option<Finding> {
        let wanted = format!(
            "at most {} of accepted fields wrong",
            percent(self.max_error)
        );
        let least = verdicts
            .iter()
            .min_by(|a, b| probability(a).total_cmp(&probability(b)))?;
        let Some(threshold) = self.threshold(calibration) else {
            let why = match self.certificate(calibration) {
                Some(Certificate {
                    needed: Some(needed),
                    ..
                }) => format!(
                    "about {} documents with known values would be needed, not {} (`docmill calibrate`)",
                    in_all(*needed),
                    calibration.data.fitted + calibration.data.certified
                ),
                Some(Certificate { documents: 0, .. }) => {
                    "the model is hardly ever sure enough for that".to_owned()
                }
                Some(_) => {
                    "the model is wrong more often than that where it is most sure".to_owned()
                }
                None => "no threshold was looked for at so low an error rate".to_owned(),
            };
            let message = format!(
                "no field is accepted, since no threshold is certified for {wanted}: {why}; the least believed: {}",
                believed(record, least)
            );
            return Some(Finding::new(FindingCode::NotCertified, None, message));
        };
        let doubtful = below(verdicts, threshold);
        let (least, others) = doubtful.split_first()?;
        let message = format!(
            "{}; fields are accepted from {} on ({wanted}){}",
            believed(record, least),
            rounded_up(threshold),
            also(others),
        );
        Some(doubt(least, message))
    }

    fn tell_uncalibrated(&self, record: &Record, verdicts: &[Verdict]) -> Option<Finding> {
        let doubtful = below(verdicts, f64::from(self.min_confidence));
        let (least, others) = doubtful.split_first()?;
        let message = format!(
            "{}, the model's own and uncalibrated; fields are accepted from {} on (min_confidence){}",
            believed(record, least),
            self.min_confidence,
            also(others),
        );
        Some(doubt(least, message))
    }
}

/// The least believed first.
fn below(verdicts: &[Verdict], bar: f64) -> Vec<&Verdict> {
    let is_below = |verdict: &&Verdict| probability(verdict) < bar;
    let mut doubtful: Vec<_> = verdicts.iter().filter(is_below).collect();
    doubtful.sort_by(|a, b| probability(a).total_cmp(&probability(b)));
    doubtful
}

fn doubt(least: &Verdict, message: String) -> Finding {
    let field = Some(least.claim.field.as_str());
    Finding::new(FindingCode::LowConfidence, field, message)
}

fn probability(verdict: &Verdict) -> f64 {
    verdict.probability.unwrap_or(verdict.confidence)
}

/// A person has to look where anything is worse than a remark.
pub fn status(findings: &[Finding]) -> Status {
    match findings.iter().any(|f| f.severity > Severity::Info) {
        true => Status::NeedsReview,
        false => Status::Accepted,
    }
}

fn believed(record: &Record, verdict: &Verdict) -> String {
    let field = &verdict.claim.field;
    let probability = rounded_down(probability(verdict));
    if verdict.claim.kind == Kind::Absent {
        return format!("{field} is believed to be absent with probability {probability}");
    }
    let value = match FieldPath::parse(field).value_at(&record.fields) {
        Some(Value::String(text)) => shortened(text),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    format!("{field} {value} is believed with probability {probability}")
}

fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Further fields below the bar, each with its probability.
fn also(others: &[&Verdict]) -> String {
    /// More would not be read; `show` has all.
    const NAMED: usize = 5;
    if others.is_empty() {
        return String::new();
    }
    let name = |v: &&Verdict| format!("{} {}", v.claim.field, rounded_down(probability(v)));
    let named: Vec<String> = others.iter().take(NAMED).map(name).collect();
    let more = match others.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("; also below: {}{more}", named.join(", "))
}

/// Two digits, or as many as tell the number from 1; away from what would make
/// a doubtful value look accepted.
fn rounded_down(p: f64) -> String {
    rounded(p, f64::floor)
}

fn rounded_up(p: f64) -> String {
    rounded(p, f64::ceil)
}

fn rounded(p: f64, round: fn(f64) -> f64) -> String {
    let digits = match 1.0 - p {
        doubt if doubt >= 0.05 => 2,
        doubt if doubt >= 0.005 => 3,
        _ => 4,
    };
    let scale = 10f64.powi(digits);
    format!("{:.*}", digits as usize, round(p * scale) / scale)
}

/// `0.5 %`
pub fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
#[path = "policy_tests.rs"]
pub(super) mod tests;
