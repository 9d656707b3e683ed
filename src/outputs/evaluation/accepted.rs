//! Values and documents that are accepted without a person, and how many of them
//! are wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::judged::{JudgedDocument, JudgedValue};
use crate::documents::acceptance::{Reliability, RiskPoint, aurc, reliability, risk_coverage};

/// Most points of a curve: more would not be visible.
const POINTS: usize = 200;

/// Acceptance of values whose truth is known (nulls are not values). All but
/// `embedded` counts documents that a model read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Acceptance {
    /// With the current settings.
    pub now: AcceptedCounts,
    /// Of documents with values from their e-invoice, which no reader read. Their values
    /// are accepted with the document.
    pub embedded: AcceptedCounts,
    /// At other allowed error rates; of documents whose type has a calibration.
    pub rates: Vec<RateOutcome>,
    /// Types of documents that have no calibration: `min_confidence` decides.
    pub uncalibrated: BTreeSet<String>,
    /// The model's own probabilities, and the calibrated ones, if any.
    pub own: Reliability,
    pub calibrated: Option<Reliability>,
    /// Risk against coverage by the probability that decides.
    pub curve: Vec<RiskPoint>,
    /// Area under `curve`, 0 to 1.
    pub aurc: Option<f64>,
    /// Risk against coverage by the model's own probability.
    pub own_curve: Vec<RiskPoint>,
    /// Area under `own_curve`, 0 to 1.
    pub own_aurc: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AcceptedCounts {
    pub values: u64,
    pub accepted_values: u64,
    pub wrong_values: u64,
    /// Documents with an accepted value.
    pub documents_with_accepted: u64,
    /// Mean over these documents of the share (0 to 1) of wrong values among the accepted
    /// ones, which the calibration limits.
    pub document_risk: f64,
    pub documents: u64,
    /// Accepted documents.
    pub accepted_documents: u64,
    /// Of these, documents with a wrong deciding value.
    pub wrong_documents: u64,
    /// Of the accepted documents, those with wrong supporting values alone.
    pub wrong_supporting: u64,
}

impl AcceptedCounts {
    /// Share (0 to 1) of values that is accepted.
    pub fn coverage(&self) -> f64 {
        self.accepted_values as f64 / self.values.max(1) as f64
    }

    /// Share (0 to 1) of accepted values that is wrong.
    pub fn risk(&self) -> f64 {
        self.wrong_values as f64 / self.accepted_values.max(1) as f64
    }
}

/// An allowed error rate (0 to 1) with the threshold that each document type has
/// for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateThresholds {
    pub max_error: f64,
    /// By type; `None`: no threshold is certified, so nothing is accepted.
    pub thresholds: BTreeMap<String, Option<f64>>,
}

impl RateThresholds {
    /// In words: each type with its threshold.
    pub fn described(&self) -> Vec<String> {
        let of_type = |(name, threshold): (&String, &Option<f64>)| match threshold {
            Some(threshold) => format!("{name} {threshold:.4}"),
            None => format!("{name} not certified"),
        };
        self.thresholds.iter().map(of_type).collect()
    }

    fn of(&self, document: &JudgedDocument) -> Option<f64> {
        self.thresholds
            .get(&document.classified_as)
            .copied()
            .flatten()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateOutcome {
    #[serde(flatten)]
    pub rate: RateThresholds,
    pub accepted: AcceptedCounts,
}

impl Acceptance {
    pub fn of(documents: &[JudgedDocument], rates: &[RateThresholds]) -> Acceptance {
        let (embedded, documents): (Vec<&JudgedDocument>, Vec<&JudgedDocument>) =
            documents.iter().partition(|document| document.embedded);
        let documents = documents.as_slice();
        let pairs = |probability: fn(&JudgedValue) -> Option<f64>| -> Vec<(f64, bool)> {
            let leaves = documents.iter().flat_map(|d| &d.fields);
            leaves
                .filter(|leaf| leaf.is_value())
                .filter_map(|leaf| Some((probability(leaf)?, leaf.outcome.is_right())))
                .collect()
        };
        let own = pairs(|leaf| leaf.confidence);
        let calibrated = pairs(|leaf| leaf.probability);
        let deciding = pairs(probability);
        let (curve, own_curve) = (risk_coverage(&deciding), risk_coverage(&own));
        let known = rates.first().map(|rate| &rate.thresholds);
        let is_calibrated = |document: &&&JudgedDocument| {
            known.is_some_and(|known| known.contains_key(&document.classified_as))
        };
        let (of_calibrated, others): (Vec<&JudgedDocument>, Vec<&JudgedDocument>) =
            documents.iter().partition(is_calibrated);
        let at = |rate: &RateThresholds| RateOutcome {
            rate: rate.clone(),
            accepted: accepted(
                &of_calibrated,
                |document, leaf| is_at(leaf, rate.of(document)),
                |document| {
                    let enough = |t: f64| document.least.is_none_or(|least| least >= t);
                    document.unobjected && rate.of(document).is_some_and(enough)
                },
            ),
        };
        Acceptance {
            now: accepted(documents, |_, leaf| leaf.accepted, |d| d.accepted),
            embedded: accepted(&embedded, |d, _| d.accepted, |d| d.accepted),
            rates: match of_calibrated.is_empty() {
                true => Vec::new(),
                false => rates.iter().map(at).collect(),
            },
            uncalibrated: others.iter().map(|d| d.classified_as.clone()).collect(),
            own: reliability(&own),
            calibrated: (!calibrated.is_empty()).then(|| reliability(&calibrated)),
            aurc: aurc(&curve),
            curve: thinned(curve),
            own_aurc: aurc(&own_curve),
            own_curve: thinned(own_curve),
        }
    }
}

fn probability(leaf: &JudgedValue) -> Option<f64> {
    leaf.probability.or(leaf.confidence)
}

fn is_at(leaf: &JudgedValue, threshold: Option<f64>) -> bool {
    let is_flagged = leaf
        .prediction
        .as_ref()
        .is_some_and(|prediction| prediction.is_flagged);
    let (Some(probability), Some(threshold)) = (leaf.probability, threshold) else {
        return false;
    };
    !is_flagged && probability >= threshold
}

fn accepted(
    documents: &[&JudgedDocument],
    of_value: impl Fn(&JudgedDocument, &JudgedValue) -> bool,
    of_document: impl Fn(&JudgedDocument) -> bool,
) -> AcceptedCounts {
    let mut sum = AcceptedCounts::default();
    let mut risks = 0.0;
    for document in documents {
        sum.documents += 1;
        if of_document(document) {
            sum.accepted_documents += 1;
            let wrong = |leaf: &&JudgedValue| !leaf.outcome.is_right();
            let mut wrong = document.fields.iter().filter(wrong);
            let is_supporting = !document.split && wrong.all(JudgedValue::is_supporting);
            sum.wrong_documents += u64::from(!document.exact && !is_supporting);
            sum.wrong_supporting += u64::from(!document.exact && is_supporting);
        }
        let (mut count, mut wrong) = (0u64, 0u64);
        for leaf in document.fields.iter().filter(|leaf| leaf.is_value()) {
            sum.values += 1;
            if of_value(document, leaf) {
                count += 1;
                wrong += u64::from(!leaf.outcome.is_right());
            }
        }
        sum.accepted_values += count;
        sum.wrong_values += wrong;
        if count > 0 {
            sum.documents_with_accepted += 1;
            risks += wrong as f64 / count as f64;
        }
    }
    sum.document_risk = risks / sum.documents_with_accepted.max(1) as f64;
    sum
}

fn thinned(points: Vec<RiskPoint>) -> Vec<RiskPoint> {
    let step = points.len().div_ceil(POINTS).max(1);
    let last = points.len().saturating_sub(1);
    points
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index % step == 0 || *index == last)
        .map(|(_, point)| point)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::judge::judge;
    use super::super::judge::tests::{case, seen};
    use super::*;
    use crate::documents::acceptance::{
        Prediction, PredictionKind, ScoredPrediction, example_features,
    };
    use crate::store::DocumentWork;

    impl RateThresholds {
        pub(in super::super) fn of_one(max_error: f64, name: &str, at: Option<f64>) -> Self {
            RateThresholds {
                max_error,
                thresholds: BTreeMap::from([(name.to_owned(), at)]),
            }
        }
    }

    fn believing(mut document: JudgedDocument, probabilities: &[(f64, bool)]) -> JudgedDocument {
        for (leaf, (probability, accepted)) in document.fields.iter_mut().zip(probabilities) {
            leaf.probability = Some(*probability);
            leaf.confidence = Some(0.5);
            leaf.accepted = *accepted;
        }
        document
    }

    #[test]
    fn coverage_and_risk_count_values_and_documents() {
        let truth = json!({"a": "1", "b": "2", "c": null});
        let mut record = seen(1, json!({"a": "1", "b": "9", "c": null}));
        record.scored = vec![ScoredPrediction {
            prediction: Prediction {
                field: "a".into(),
                kind: PredictionKind::Text,
                features: example_features(PredictionKind::Text, 0.0),
                is_flagged: false,
                is_supporting: false,
                ocr_confidence: None,
            },
            confidence: 0.5,
            probability: Some(0.7),
            accepted: true,
        }];
        let half = judge(&case(truth.clone()), &[record], DocumentWork::default());
        let half = believing(half, &[(0.95, true), (0.9, true), (0.99, true)]);
        let good = judge(
            &case(truth),
            &[seen(1, json!({"a": "1", "b": "2"}))],
            DocumentWork::default(),
        );
        let good = believing(good, &[(0.99, true), (0.5, false)]);
        let name = half.classified_as.clone();
        let rates = [
            RateThresholds::of_one(0.01, &name, None),
            RateThresholds::of_one(0.1, &name, Some(0.93)),
        ];
        let found = Acceptance::of(&[half, good], &rates);
        assert_eq!(
            (
                found.now.values,
                found.now.accepted_values,
                found.now.wrong_values
            ),
            (4, 3, 1)
        );
        assert_eq!(
            (found.now.documents_with_accepted, found.now.document_risk),
            (2, 0.25)
        );
        assert_eq!(
            (found.now.accepted_documents, found.now.wrong_documents),
            (2, 1)
        );
        assert_eq!(found.rates[0].accepted.accepted_values, 0);
        let rate = &found.rates[1].accepted;
        assert_eq!((rate.accepted_values, rate.wrong_values), (2, 0));
        assert_eq!(
            rate.accepted_documents, 1,
            "the lowest probability of the other is 0.7"
        );
        assert_eq!(found.curve.len(), 4);
        assert!(found.calibrated.is_some());
    }

    #[test]
    fn values_of_e_invoices_are_not_counted_as_read() {
        let truth = json!({"a": "1", "b": "2"});
        let read = judge(
            &case(truth.clone()),
            &[seen(1, json!({"a": "1", "b": "9"}))],
            DocumentWork::default(),
        );
        let read = believing(read, &[(0.9, true), (0.6, false)]);
        let mut stated = seen(2, truth.clone());
        stated.embedded = true;
        let stated = judge(&case(truth), &[stated], DocumentWork::default());
        let rate = RateThresholds::of_one(0.1, &read.classified_as, Some(0.5));
        let found = Acceptance::of(&[read, stated], &[rate]);
        let counts = |a: &AcceptedCounts| {
            let values = (a.values, a.accepted_values, a.wrong_values);
            (
                values,
                (a.documents, a.accepted_documents, a.wrong_documents),
            )
        };
        assert_eq!(counts(&found.now), ((2, 1, 0), (1, 1, 1)));
        assert_eq!(counts(&found.embedded), ((2, 2, 0), (1, 1, 0)));
        assert_eq!(found.rates[0].accepted.documents, 1);
    }
}
