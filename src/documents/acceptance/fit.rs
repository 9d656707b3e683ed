//! Learns a scorer from documents with known values: one logistic regression over
//! all values. Kinds, types and fields have weights of their own with larger
//! penalties, so that rare ones are judged mostly by the common weights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::features::{Feature, Scope};
use super::logistic::{self, dot, sigmoid};
use super::predictions::Prediction;

/// A prediction, and whether it is right.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPrediction {
    pub prediction: Prediction,
    /// The model's own probability, 0 to 1.
    pub own: f64,
    pub right: bool,
    /// Index of its document, since values of one document fail together.
    pub document: usize,
}

/// L2 penalty (see [`super::logistic::fit`]) of weights that concern all values.
const PENALTY: f64 = 0.5;
/// Penalty of weights of a kind, type or check.
const PENALTY_OF_SOME: f64 = 2.0;
/// Penalty of weights of one field.
const PENALTY_OF_FIELD: f64 = 4.0;
/// Multiples of the penalties among which cross-validation chooses.
const STRENGTHS: [f64; 3] = [1.0, 4.0, 16.0];
/// Parts of the cross-validation.
const FOLDS: usize = 5;

/// Turns a prediction's features into a probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scorer {
    /// Logit where all features have their `center`.
    pub intercept: f64,
    pub columns: Vec<FeatureWeight>,
    /// The one of [`STRENGTHS`] that cross-validation chose.
    pub strength: f64,
}

/// `weight` x (value of the feature - `center`) / `scale` is added to the logit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureWeight {
    #[serde(rename = "signal")]
    pub feature: Feature,
    pub center: f64,
    pub scale: f64,
    pub weight: f64,
}

impl Scorer {
    /// Probability (0 to 1) that the prediction is right.
    pub fn probability(&self, prediction: &Prediction) -> f64 {
        sigmoid(dot(&self.row(prediction), &self.weights()))
    }

    fn weights(&self) -> Vec<f64> {
        let weights = self.columns.iter().map(|column| column.weight);
        [self.intercept].into_iter().chain(weights).collect()
    }

    fn row(&self, prediction: &Prediction) -> Vec<f64> {
        let scaled = self.columns.iter().map(|column| {
            let value = prediction.features.value(&column.feature);
            (value - column.center) / column.scale
        });
        [1.0].into_iter().chain(scaled).collect()
    }
}

/// Learns a scorer; cross-validation over documents chooses the strength of the
/// penalties. Also returns the probability (0 to 1) of each prediction from a scorer that
/// was learned without the prediction's part.
pub fn learn(known: &[LabelledPrediction]) -> (Scorer, Vec<f64>) {
    let tried = STRENGTHS.map(|strength| {
        let out = out_of_fold(known, strength);
        (log_loss(known, &out), strength, out)
    });
    let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let (_, strength, out) = best.expect("there are strengths to try");
    (fit(&known.iter().collect::<Vec<_>>(), strength), out)
}

fn out_of_fold(known: &[LabelledPrediction], strength: f64) -> Vec<f64> {
    let mut out = vec![0.5; known.len()];
    for fold in 0..FOLDS {
        let others: Vec<&LabelledPrediction> = known
            .iter()
            .filter(|k| k.document % FOLDS != fold)
            .collect();
        let scorer = fit(&others, strength);
        for (slot, held) in out.iter_mut().zip(known) {
            if held.document % FOLDS == fold {
                *slot = scorer.probability(&held.prediction);
            }
        }
    }
    out
}

fn log_loss(known: &[LabelledPrediction], probabilities: &[f64]) -> f64 {
    let loss = |(known, p): (&LabelledPrediction, &f64)| {
        let of_outcome = if known.right { *p } else { 1.0 - p };
        -of_outcome.max(1e-12).ln()
    };
    known.iter().zip(probabilities).map(loss).sum()
}

fn fit(known: &[&LabelledPrediction], strength: f64) -> Scorer {
    let mut scorer = Scorer {
        intercept: 0.0,
        columns: columns(known),
        strength,
    };
    let rows: Vec<_> = known.iter().map(|k| scorer.row(&k.prediction)).collect();
    let right: Vec<_> = known.iter().map(|k| k.right).collect();
    let penalty = scorer.columns.iter().map(|column| {
        strength
            * match column.feature.scope() {
                Scope::Every => PENALTY,
                Scope::Some => PENALTY_OF_SOME,
                Scope::OneField => PENALTY_OF_FIELD,
            }
    });
    // A very small penalty of the intercept keeps it finite where all outcomes are
    // equal.
    let penalty: Vec<f64> = [1e-3].into_iter().chain(penalty).collect();
    let weights = logistic::fit(&rows, &right, &penalty);
    scorer.intercept = weights[0];
    for (column, weight) in scorer.columns.iter_mut().zip(&weights[1..]) {
        column.weight = *weight;
    }
    scorer
}

/// Standardises features that concern all predictions. Features of some predictions keep their
/// 0 and get a root mean square of 1 over the predictions where they are not 0.
fn columns(known: &[&LabelledPrediction]) -> Vec<FeatureWeight> {
    let mut sums: BTreeMap<Feature, (f64, f64, f64)> = BTreeMap::new();
    for prediction in known.iter().map(|k| &k.prediction) {
        for feature in prediction.features.names() {
            let value = prediction.features.value(&feature);
            let is_of_all = feature.scope() == Scope::Every;
            let (count, sum, squares) = sums.entry(feature).or_default();
            if is_of_all || value != 0.0 {
                *count += 1.0;
                *sum += value;
                *squares += value * value;
            }
        }
    }
    let column = |(feature, (count, sum, squares)): (Feature, (f64, f64, f64))| {
        let count = f64::max(count, 1.0);
        let center = match feature.scope() {
            Scope::Every => sum / count,
            _ => 0.0,
        };
        let variance = squares / count - center * center;
        let scale = variance.max(0.0).sqrt();
        FeatureWeight {
            feature,
            center,
            scale: if scale > 1e-9 { scale } else { 1.0 },
            weight: 0.0,
        }
    };
    sums.into_iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::acceptance::features::example;
    use crate::documents::acceptance::{PredictionKind, reliability};

    fn known(document: usize, kind: PredictionKind, sum: f64, right: bool) -> LabelledPrediction {
        LabelledPrediction {
            prediction: Prediction {
                field: "f".into(),
                kind,
                features: example(kind, sum),
                is_flagged: false,
                is_supporting: false,
                ocr_confidence: None,
            },
            own: 0.5,
            right,
            document,
        }
    }

    /// A model that is overconfident about amounts alone: a logit of 2 is right
    /// half the time.
    fn overconfident(documents: usize) -> Vec<LabelledPrediction> {
        let mut all = Vec::new();
        for unit in 0..documents {
            for (kind, shift) in [(PredictionKind::Amount, 2.0), (PredictionKind::Date, 0.0)] {
                let sum = (unit % 9) as f64 - 3.0;
                let truth = sigmoid(sum - shift);
                // A low-discrepancy sequence in place of chance.
                let draw = ((unit as f64 + 0.5) * 0.618_033_988_75).fract();
                all.push(known(unit, kind, sum, draw < truth));
            }
        }
        all
    }

    #[test]
    fn each_kind_gets_its_own_correction() {
        let all = overconfident(2_000);
        let (scorer, out) = learn(&all);
        let at = |kind| scorer.probability(&known(0, kind, 2.0, true).prediction);
        assert!(
            (at(PredictionKind::Amount) - 0.5).abs() < 0.05,
            "{}",
            at(PredictionKind::Amount)
        );
        assert!(
            (at(PredictionKind::Date) - sigmoid(2.0)).abs() < 0.05,
            "{}",
            at(PredictionKind::Date)
        );
        let raw = all
            .iter()
            .map(|k| (sigmoid(k.prediction.features.sum), k.right));
        let fitted = out.iter().zip(&all).map(|(p, k)| (*p, k.right));
        let before = reliability(&raw.collect::<Vec<_>>()).ece;
        let after = reliability(&fitted.collect::<Vec<_>>()).ece;
        assert!(after < 0.03 && after < before / 3.0, "{before} {after}");
    }

    #[test]
    fn a_kind_seen_once_is_judged_by_the_others() {
        let mut all = overconfident(500);
        all.push(known(501, PredictionKind::Identifier, 2.0, false));
        let (scorer, _) = learn(&all);
        let seldom =
            scorer.probability(&known(0, PredictionKind::Identifier, 2.0, true).prediction);
        // Between the two kinds that were seen, not at 0.
        assert!((0.4..0.9).contains(&seldom), "{seldom}");
    }

    #[test]
    fn one_outcome_only_gives_probabilities_short_of_certainty() {
        let all: Vec<_> = (0..40)
            .map(|u| known(u, PredictionKind::Date, 1.0, true))
            .collect();
        let (scorer, _) = learn(&all);
        let p = scorer.probability(&all[0].prediction);
        assert!(p > 0.9 && p < 1.0, "{p}");
    }
}
