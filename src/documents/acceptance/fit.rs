//! From documents whose values are known to a scorer: one logistic regression
//! over all values, with weights of their own for kinds, types and fields that
//! are drawn towards nothing, so that what was seen seldom is judged by what it
//! has in common with the rest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::claims::Claim;
use super::logistic::{self, dot, sigmoid};

/// A claim of which it is known whether it is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub claim: Claim,
    /// The model's own probability, 0 to 1.
    pub own: f64,
    pub right: bool,
    /// Number of its document; values of one document fail together.
    pub unit: usize,
}

/// Penalties of weights that concern all values, and those of a kind, type or
/// check; of one field.
const PENALTY: f64 = 0.5;
const PENALTY_OF_SOME: f64 = 2.0;
const PENALTY_OF_FIELD: f64 = 4.0;
/// Penalties are tried at these multiples.
const STRENGTHS: [f64; 3] = [1.0, 4.0, 16.0];
/// Parts for choosing among them.
const FOLDS: usize = 5;

/// Makes a probability of a claim's signals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scorer {
    pub intercept: f64,
    pub columns: Vec<Column>,
    /// Multiple of the penalties that cross-validation chose.
    pub strength: f64,
}

/// One signal: `weight` x (value - `center`) / `scale` is added to the logit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub signal: String,
    pub center: f64,
    pub scale: f64,
    pub weight: f64,
}

impl Scorer {
    /// Probability (0 to 1) that the claim is right. Signals that calibration
    /// did not see count as 0.
    pub fn probability(&self, claim: &Claim) -> f64 {
        sigmoid(dot(&self.row(claim), &self.weights()))
    }

    fn weights(&self) -> Vec<f64> {
        let weights = self.columns.iter().map(|column| column.weight);
        [self.intercept].into_iter().chain(weights).collect()
    }

    fn row(&self, claim: &Claim) -> Vec<f64> {
        let signals: BTreeMap<&str, f64> = claim
            .signals
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        let scaled = self.columns.iter().map(|column| {
            let value = signals.get(column.signal.as_str()).copied();
            (value.unwrap_or(0.0) - column.center) / column.scale
        });
        [1.0].into_iter().chain(scaled).collect()
    }
}

/// Learns a scorer; how strongly weights are held is chosen by
/// cross-validation over documents. Also returns the probabilities that each
/// claim got from the documents other than its own part.
pub fn learn(known: &[Known]) -> (Scorer, Vec<f64>) {
    let tried = STRENGTHS.map(|strength| {
        let out = out_of_fold(known, strength);
        (log_loss(known, &out), strength, out)
    });
    let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let (_, strength, out) = best.expect("there are strengths to try");
    (fit(&known.iter().collect::<Vec<_>>(), strength), out)
}

fn out_of_fold(known: &[Known], strength: f64) -> Vec<f64> {
    let mut out = vec![0.5; known.len()];
    for fold in 0..FOLDS {
        let others: Vec<&Known> = known.iter().filter(|k| k.unit % FOLDS != fold).collect();
        let scorer = fit(&others, strength);
        for (slot, held) in out.iter_mut().zip(known) {
            if held.unit % FOLDS == fold {
                *slot = scorer.probability(&held.claim);
            }
        }
    }
    out
}

fn log_loss(known: &[Known], probabilities: &[f64]) -> f64 {
    let loss = |(known, p): (&Known, &f64)| {
        let of_outcome = if known.right { *p } else { 1.0 - p };
        -of_outcome.max(1e-12).ln()
    };
    known.iter().zip(probabilities).map(loss).sum()
}

fn fit(known: &[&Known], strength: f64) -> Scorer {
    let mut scorer = Scorer {
        intercept: 0.0,
        columns: columns(known),
        strength,
    };
    let rows: Vec<_> = known.iter().map(|k| scorer.row(&k.claim)).collect();
    let right: Vec<_> = known.iter().map(|k| k.right).collect();
    let penalty = scorer.columns.iter().map(|column| {
        let name = &column.signal;
        strength
            * match name.contains(':') {
                false => PENALTY,
                true if name.starts_with("field:") => PENALTY_OF_FIELD,
                true => PENALTY_OF_SOME,
            }
    });
    // The intercept is free but for a trace, for data of one outcome only.
    let penalty: Vec<f64> = [1e-3].into_iter().chain(penalty).collect();
    let weights = logistic::fit(&rows, &right, &penalty);
    scorer.intercept = weights[0];
    for (column, weight) in scorer.columns.iter_mut().zip(&weights[1..]) {
        column.weight = *weight;
    }
    scorer
}

/// Signals of all values are standardised; those of some values keep their 0
/// and are brought to a root mean square of 1 where they are not 0.
fn columns(known: &[&Known]) -> Vec<Column> {
    let names: BTreeSet<&str> = known
        .iter()
        .flat_map(|k| k.claim.signals.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut sums: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for (name, value) in known.iter().flat_map(|k| &k.claim.signals) {
        if name.contains(':') && *value == 0.0 {
            continue;
        }
        let (count, sum, squares) = sums.entry(name).or_default();
        *count += 1.0;
        *sum += value;
        *squares += value * value;
    }
    names
        .into_iter()
        .map(|name| {
            let (count, sum, squares) = sums.get(name).copied().unwrap_or((1.0, 0.0, 1.0));
            let center = match name.contains(':') {
                true => 0.0,
                false => sum / count,
            };
            let variance = squares / count - center * center;
            let scale = variance.max(0.0).sqrt();
            Column {
                signal: name.to_owned(),
                center,
                scale: if scale > 1e-9 { scale } else { 1.0 },
                weight: 0.0,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::acceptance::{Kind, reliability};

    fn known(unit: usize, kind: Kind, sum: f64, right: bool) -> Known {
        let name = kind.as_str();
        let signals = [
            ("sum".to_owned(), sum),
            (format!("kind:{name}"), 1.0),
            (format!("kind:{name}:sum"), sum),
        ];
        Known {
            claim: Claim {
                field: "f".into(),
                kind,
                signals: signals.into(),
                is_doubted: false,
            },
            own: 0.5,
            right,
            unit,
        }
    }

    /// A model that is too sure of amounts: a logit of 2 is right half the
    /// time, while dates keep their word.
    fn overconfident(documents: usize) -> Vec<Known> {
        let mut all = Vec::new();
        for unit in 0..documents {
            for (kind, shift) in [(Kind::Amount, 2.0), (Kind::Date, 0.0)] {
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
        let at = |kind| scorer.probability(&known(0, kind, 2.0, true).claim);
        assert!(
            (at(Kind::Amount) - 0.5).abs() < 0.05,
            "{}",
            at(Kind::Amount)
        );
        assert!(
            (at(Kind::Date) - sigmoid(2.0)).abs() < 0.05,
            "{}",
            at(Kind::Date)
        );
        let raw = all.iter().map(|k| (sigmoid(k.claim.signals[0].1), k.right));
        let fitted = out.iter().zip(&all).map(|(p, k)| (*p, k.right));
        let before = reliability(&raw.collect::<Vec<_>>()).ece;
        let after = reliability(&fitted.collect::<Vec<_>>()).ece;
        assert!(after < 0.03 && after < before / 3.0, "{before} {after}");
    }

    #[test]
    fn a_kind_seen_once_is_judged_by_the_others() {
        let mut all = overconfident(500);
        all.push(known(501, Kind::Identifier, 2.0, false));
        let (scorer, _) = learn(&all);
        let seldom = scorer.probability(&known(0, Kind::Identifier, 2.0, true).claim);
        // Between the two kinds that were seen, not at 0.
        assert!((0.4..0.9).contains(&seldom), "{seldom}");
    }

    #[test]
    fn one_outcome_only_gives_probabilities_short_of_certainty() {
        let all: Vec<_> = (0..40).map(|u| known(u, Kind::Date, 1.0, true)).collect();
        let (scorer, _) = learn(&all);
        let p = scorer.probability(&all[0].claim);
        assert!(p > 0.9 && p < 1.0, "{p}");
    }
}
