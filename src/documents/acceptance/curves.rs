//! Quality of probabilities: reliability, calibration error, risk against coverage.

use serde::{Deserialize, Serialize};

use crate::domain::sum;

/// Bins of a reliability diagram, of equal width (Guo et al. 2017, "On
/// Calibration of Modern Neural Networks", take 15).
pub const BINS: usize = 15;

/// Values with probabilities of one interval of a width of 1 / [`BINS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    pub values: u64,
    /// Mean of their probabilities, 0 to 1.
    pub probability: f64,
    /// Share (0 to 1) of them that is right.
    pub right: f64,
}

/// Probabilities compared with outcomes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    pub values: u64,
    /// Expected calibration error (0 to 1; Guo et al. 2017): mean over all values of
    /// the distance between their bin's mean probability and its share of right ones.
    pub ece: f64,
    /// Mean squared distance of probability and outcome, 0 to 1 (Brier 1950).
    pub brier: f64,
    /// Bins that hold values, by rising probability.
    pub bins: Vec<Bin>,
    /// Share of right values as a rising function of the probability, by
    /// isotonic regression (CORP: Dimitriadis, Gneiting and Jordan 2021,
    /// "Stable reliability diagrams for probabilistic classifiers"), which does not
    /// depend on the choice of bins. Corners of the steps, both values 0 to 1.
    pub isotonic: Vec<(f64, f64)>,
}

/// `predictions`: probability (0 to 1), and whether the value is right.
pub fn reliability(predictions: &[(f64, bool)]) -> Reliability {
    let mut bins = vec![(0u64, 0.0, 0u64); BINS];
    let mut brier = 0.0;
    for (probability, right) in predictions {
        let at = ((probability * BINS as f64) as usize).min(BINS - 1);
        bins[at].0 += 1;
        bins[at].1 += probability;
        bins[at].2 += u64::from(*right);
        brier += (probability - f64::from(u8::from(*right))).powi(2);
    }
    let count = predictions.len().max(1) as f64;
    let bins: Vec<Bin> = bins
        .into_iter()
        .filter(|(values, ..)| *values > 0)
        .map(|(values, sum, right)| Bin {
            values,
            probability: sum / values as f64,
            right: right as f64 / values as f64,
        })
        .collect();
    let distance = |bin: &Bin| bin.values as f64 * (bin.probability - bin.right).abs();
    Reliability {
        values: predictions.len() as u64,
        ece: sum(bins.iter().map(distance)) / count,
        brier: brier / count,
        bins,
        isotonic: isotonic(predictions),
    }
}

/// Isotonic regression by the pool adjacent violators algorithm: the rising step
/// function nearest to the outcomes (least squares). Returns both corners of each
/// step as (probability, share right), 0 to 1.
pub fn isotonic(predictions: &[(f64, bool)]) -> Vec<(f64, f64)> {
    struct Block {
        first: f64,
        last: f64,
        right: f64,
        count: f64,
    }
    let mut sorted = predictions.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut blocks: Vec<Block> = Vec::new();
    for (probability, right) in sorted {
        let outcome = f64::from(u8::from(right));
        // Equal probabilities are one point.
        match blocks.last_mut().filter(|last| last.last == probability) {
            Some(last) => {
                last.right += outcome;
                last.count += 1.0;
            }
            None => blocks.push(Block {
                first: probability,
                last: probability,
                right: outcome,
                count: 1.0,
            }),
        }
    }
    let mut pooled: Vec<Block> = Vec::new();
    for mut block in blocks {
        while let Some(before) =
            pooled.pop_if(|before| before.right * block.count >= block.right * before.count)
        {
            block.first = before.first;
            block.right += before.right;
            block.count += before.count;
        }
        pooled.push(block);
    }
    pooled
        .iter()
        .flat_map(|block| {
            let share = block.right / block.count;
            [(block.first, share), (block.last, share)]
        })
        .collect()
}

/// Coverage and risk at a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskPoint {
    /// Lowest probability (0 to 1) of an accepted value.
    pub threshold: f64,
    /// Share (0 to 1) of all values that is accepted.
    pub coverage: f64,
    /// Share (0 to 1) of the accepted values that is wrong.
    pub risk: f64,
}

/// Risk against coverage, by falling threshold; values of equal probability are
/// accepted together.
pub fn risk_coverage(predictions: &[(f64, bool)]) -> Vec<RiskPoint> {
    let mut sorted = predictions.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut wrong, mut points) = (0u64, Vec::new());
    for (index, (probability, right)) in sorted.iter().enumerate() {
        wrong += u64::from(!right);
        if sorted
            .get(index + 1)
            .is_none_or(|next| next.0 < *probability)
        {
            let accepted = (index + 1) as f64;
            points.push(RiskPoint {
                threshold: *probability,
                coverage: accepted / sorted.len() as f64,
                risk: wrong as f64 / accepted,
            });
        }
    }
    points
}

/// Area under the curve of risk against coverage: the mean risk over all
/// coverages (Geifman, Uziel and El-Yaniv 2018, "Bias-Reduced Uncertainty
/// Estimation for Deep Neural Classifiers"), 0 (best) to 1. `None` without values.
pub fn aurc(points: &[RiskPoint]) -> Option<f64> {
    let mut before = 0.0;
    let area = points.iter().map(|point| {
        let width = point.coverage - before;
        before = point.coverage;
        width * point.risk
    });
    (!points.is_empty()).then(|| area.sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn probabilities_that_keep_their_word_have_no_calibration_error() {
        let mut predictions = vec![(0.9, true); 9];
        predictions.push((0.9, false));
        let good = reliability(&predictions);
        assert!(good.ece < 1e-9 && good.bins.len() == 1, "{good:?}");
        // Sure of itself and wrong half the time.
        let bad = reliability(&[(1.0, true), (1.0, false)]);
        assert!((bad.ece - 0.5).abs() < 1e-9 && (bad.brier - 0.5).abs() < 1e-9);
        // Not -0.
        assert_eq!(format!("{:.3}", reliability(&[]).ece), "0.000");
    }

    #[test]
    fn risk_grows_as_uncertain_values_are_accepted() {
        let points = risk_coverage(&[(0.9, true), (0.5, false), (0.5, true), (0.2, false)]);
        let seen: Vec<_> = points.iter().map(|p| (p.coverage, p.risk)).collect();
        assert_eq!(seen, [(0.25, 0.0), (0.75, 1.0 / 3.0), (1.0, 0.5)]);
        let area = aurc(&points).unwrap();
        assert!((area - (0.5 / 3.0 + 0.125)).abs() < 1e-9, "{area}");
        assert_eq!(aurc(&[]), None);
    }

    proptest! {
        #[test]
        fn isotonic_steps_rise_stay_in_range_and_keep_the_mean(
            predictions in prop::collection::vec((0.0..=1.0f64, any::<bool>()), 1..80),
        ) {
            let steps = isotonic(&predictions);
            for pair in steps.windows(2) {
                prop_assert!(pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1 + 1e-12);
            }
            prop_assert!(steps.iter().all(|(_, share)| (0.0..=1.0).contains(share)));
            let value = |x: f64| steps.iter().rev().find(|(at, _)| *at <= x).unwrap().1;
            let fitted: f64 = predictions.iter().map(|(x, _)| value(*x)).sum();
            let right = predictions.iter().filter(|(_, right)| *right).count() as f64;
            prop_assert!((fitted - right).abs() < 1e-6, "{fitted} {right}");
        }
    }
}
