//! Finds the probability from which values may be accepted, with a guarantee.
//!
//! Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei 2021, arXiv
//! 2110.01052). The loss of a document is the share of its accepted values that
//! is wrong. The unit is a document, since values of one page fail together.
//! For a threshold the null hypothesis is that this loss, averaged over the
//! documents of which anything is accepted, exceeds the wanted error; its
//! p-value is the Hoeffding-Bentkus one, which holds for any number of
//! documents. Thresholds are tested one after the other, in an order fixed by
//! documents that take no part in the test, until the first is not rejected. So
//! the probability that a threshold is certified wrongly is at most
//! `1 - confidence`, however many are tested.
//!
//! Conformal risk control (arXiv 2208.02814) does not apply: it needs a loss
//! that falls as the threshold rises, and the share of *accepted* values that is
//! wrong may rise.

use serde::{Deserialize, Serialize};

/// The values of a document that may be accepted: the probability (0 to 1) of each,
/// and whether it is right.
pub type DocumentValues = Vec<(f64, bool)>;

/// Most thresholds in the sequence.
const GRID: usize = 200;

/// The result for one wanted error rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Highest allowed share (0 to 1) of wrong values among accepted ones.
    pub max_error: f64,
    /// Lowest probability (0 to 1) of an accepted value; `None`: no threshold could
    /// be certified, and nothing is accepted.
    pub threshold: Option<f64>,
    /// Documents of which something is accepted. This and the following figures are
    /// those at `threshold`, or at the first threshold tested.
    pub documents: u64,
    /// Mean over these documents of the share (0 to 1) of accepted values that is
    /// wrong.
    pub risk: f64,
    /// Share (0 to 1) of all values that is accepted.
    pub coverage: f64,
    /// See [`p_value`]; 0 to 1.
    pub p_value: f64,
    /// Documents for certification that would have been enough at this risk; `None`
    /// where certified, or where the risk exceeds `max_error`.
    pub needed: Option<u64>,
}

/// The figures of a [`Certificate`] at one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThresholdResult {
    pub documents: u64,
    pub risk: f64,
    pub coverage: f64,
}

/// Share (0 to 1) of the documents, by group, from which the scorer is learned. The
/// others are for certification.
pub const FITTED: f64 = 0.3;

/// Number of documents that a calibration needs so that `certifying` of them are for
/// certification.
pub fn total_required(certifying: u64) -> u64 {
    (certifying as f64 / (1.0 - FITTED)).ceil() as u64
}

/// Certifies a threshold for `max_error` (0 to 1) with probability `confidence` (0 to
/// 1). The order of thresholds comes from `choose`, the decision from `test`; they
/// must be different documents.
pub fn certify(
    choose: &[DocumentValues],
    test: &[DocumentValues],
    max_error: f64,
    confidence: f64,
) -> Certificate {
    let delta = 1.0 - confidence;
    let order = order(choose, test.len(), max_error);
    let mut best: Option<(f64, ThresholdResult, f64)> = None;
    let mut first: Option<(ThresholdResult, f64)> = None;
    for threshold in order {
        let result = evaluate_at(test, threshold);
        let p = p_value(result.documents, result.risk, max_error);
        first.get_or_insert((result, p));
        if p > delta {
            break;
        }
        best = Some((threshold, result, p));
    }
    let (found, p_value) = match best {
        Some((_, result, p)) => (result, p),
        None => first.unwrap_or((
            ThresholdResult {
                documents: 0,
                risk: 0.0,
                coverage: 0.0,
            },
            1.0,
        )),
    };
    Certificate {
        max_error,
        threshold: best.map(|(threshold, ..)| threshold),
        documents: found.documents,
        risk: found.risk,
        coverage: found.coverage,
        p_value,
        needed: match best {
            Some(_) => None,
            None => needed(found, test.len() as u64, max_error, delta),
        },
    }
}

/// The figures of `values` where values with a probability of at least `threshold`
/// are accepted.
pub fn evaluate_at(values: &[DocumentValues], threshold: f64) -> ThresholdResult {
    let (mut documents, mut losses, mut accepted, mut all) = (0, 0.0, 0, 0);
    for document in values {
        let taken = document.iter().filter(|(p, _)| *p >= threshold);
        let (count, wrong) = taken.fold((0u64, 0u64), |(count, wrong), (_, right)| {
            (count + 1, wrong + u64::from(!right))
        });
        all += document.len();
        accepted += count;
        if count > 0 {
            documents += 1;
            losses += wrong as f64 / count as f64;
        }
    }
    ThresholdResult {
        documents,
        risk: losses / (documents.max(1) as f64),
        coverage: accepted as f64 / all.max(1) as f64,
    }
}

/// Falling thresholds, from the one that seems easiest to certify: with higher ones,
/// too few documents have accepted values.
fn order(choose: &[DocumentValues], tested: usize, max_error: f64) -> Vec<f64> {
    let mut grid: Vec<f64> = choose.iter().flatten().map(|(p, _)| *p).collect();
    grid.sort_by(|a, b| b.total_cmp(a));
    grid.dedup();
    let step = grid.len().div_ceil(GRID).max(1);
    let grid: Vec<f64> = grid.into_iter().step_by(step).collect();
    let expected = |threshold: f64| {
        let seen = evaluate_at(choose, threshold);
        let share = seen.documents as f64 / choose.len().max(1) as f64;
        // Few documents give a poor estimate, so the risk that follows from the
        // probabilities counts as much.
        let promised = promised_risk(choose, threshold);
        let risk = (seen.risk + promised) / 2.0;
        p_value((share * tested as f64).floor() as u64, risk, max_error)
    };
    let easiest = grid
        .iter()
        .map(|&threshold| expected(threshold))
        .enumerate()
        .min_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let start = easiest.map_or(0, |(at, _)| at);
    grid[start..].to_vec()
}

fn promised_risk(values: &[DocumentValues], threshold: f64) -> f64 {
    let of_document = |document: &DocumentValues| {
        let risks: Vec<f64> = document
            .iter()
            .filter(|(p, _)| *p >= threshold)
            .map(|(p, _)| 1.0 - p)
            .collect();
        (!risks.is_empty()).then(|| risks.iter().sum::<f64>() / risks.len() as f64)
    };
    let all: Vec<f64> = values.iter().filter_map(of_document).collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

/// Upper bound (0 to 1) of the probability that `n` independent losses of 0 to 1 have
/// a mean of at most `mean` where their expectation is above `bound`: the smaller of
/// Hoeffding's bound in its Kullback-Leibler form and Bentkus's (2004) e x P(Binomial
/// <= n mean). Angelopoulos et al., section on Hoeffding-Bentkus p-values.
pub fn p_value(n: u64, mean: f64, bound: f64) -> f64 {
    if n == 0 || mean >= bound {
        return 1.0;
    }
    let hoeffding = (-(n as f64) * divergence(mean, bound)).exp();
    // A sum of integer losses must not become one more by rounding.
    let most = (n as f64 * mean - 1e-9).ceil().max(0.0) as u64;
    let bentkus = std::f64::consts::E * binomial_at_most(most, n, bound);
    hoeffding.min(bentkus).min(1.0)
}

/// Kullback-Leibler divergence of Bernoulli distributions with `a` and `b`, where
/// `a` <= `b`, in nats.
fn divergence(a: f64, b: f64) -> f64 {
    let term = |p: f64, q: f64| if p == 0.0 { 0.0 } else { p * (p / q).ln() };
    term(a, b) + term(1.0 - a, 1.0 - b)
}

/// P(X <= `k`) of X ~ Binomial(`n`, `p`), summed from the largest term on in
/// logarithms: `(1 - p)^n` is 0 in doubles for large `n`.
fn binomial_at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let odds = (p / (1.0 - p)).ln();
    let mut term = n as f64 * (1.0 - p).ln();
    let mut terms = vec![term];
    for i in 0..k {
        term += ((n - i) as f64 / (i + 1) as f64).ln() + odds;
        terms.push(term);
    }
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms.iter().map(|term| (term - most).exp()).sum();
    (most + sum.ln()).exp().min(1.0)
}

/// The share (0 to 1) that, with this confidence, is not exceeded where `wrong` of
/// `n` independent draws were wrong: Clopper and Pearson's upper bound (1934).
pub fn highest_share(wrong: u64, n: u64, confidence: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    if wrong >= n {
        return high;
    }
    // 40 halvings: closer than any number that is printed.
    for _ in 0..40 {
        let share = (low + high) / 2.0;
        match binomial_at_most(wrong, n, share) > 1.0 - confidence {
            true => low = share,
            false => high = share,
        }
    }
    high
}

/// Documents for certification that would be enough at the risk found, if the share of
/// them with accepted values stayed the same.
fn needed(found: ThresholdResult, tested: u64, max_error: f64, delta: f64) -> Option<u64> {
    if found.documents == 0 || found.risk >= max_error {
        return None;
    }
    let with_accepted = (1.0 / delta).ln() / divergence(found.risk, max_error);
    let share = found.documents as f64 / tested as f64;
    Some((with_accepted / share).ceil() as u64)
}

/// The fewest documents that certify `max_error`, where each has accepted values and
/// none of them is wrong: (1 - `max_error`)^n <= 1 - `confidence`.
pub fn fewest(max_error: f64, confidence: f64) -> u64 {
    ((1.0 - confidence).ln() / (1.0 - max_error).ln()).ceil() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::documents::acceptance::logistic::sigmoid;

    #[test]
    fn the_highest_share_is_clopper_and_pearsons() {
        // Of none wrong, 1 - (1 - confidence)^(1/n). The second was found by
        // bisection over the sum of its two binomial terms.
        let near = |share: f64, expected: f64| (share - expected).abs() < 1e-4;
        let none = 1.0 - 0.1f64.powf(1.0 / 30.0);
        assert!(near(highest_share(0, 30, 0.9), none));
        assert!(near(highest_share(1, 40, 0.9), 0.093797));
        assert_eq!(highest_share(0, 0, 0.9), 1.0);
        assert_eq!(highest_share(5, 5, 0.9), 1.0);
    }

    /// A small generator of its own: draws must be the same everywhere.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            // splitmix64 (Steele, Lea and Flood 2014)
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// Documents whose values fail together: a bad page makes all of them wrong, and
    /// the probabilities are too sure of themselves.
    fn documents(random: &mut Random, count: usize) -> Vec<DocumentValues> {
        (0..count)
            .map(|_| {
                let page = 4.0 * random.next() - 1.0;
                let is_bad = random.next() < 0.01;
                (0..1 + (random.next() * 12.0) as usize)
                    .map(|_| {
                        let score = page + 6.0 * random.next();
                        let truth = if is_bad { 0.3 } else { sigmoid(score) };
                        (sigmoid(score + 0.5), random.next() < truth)
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_certified_risk_holds_as_often_as_promised() {
        let mut random = Random(7);
        let population = documents(&mut random, 60_000);
        let (draws, confidence) = (300, 0.9);
        let (mut certified, mut broken) = (0, 0);
        for _ in 0..draws {
            let choose = documents(&mut random, 150);
            let test = documents(&mut random, 400);
            let found = certify(&choose, &test, 0.03, confidence);
            if let Some(threshold) = found.threshold {
                certified += 1;
                broken += usize::from(evaluate_at(&population, threshold).risk > 0.03);
            }
        }
        assert!(certified > draws / 3, "only {certified} were certified");
        // 10 % of 300, and three standard deviations of it.
        assert!(broken <= 30 + 16, "{broken} of {draws} do not hold");
    }

    #[test]
    fn perfect_documents_are_certified_from_the_stated_number_on() {
        for (max_error, expected) in [(0.005, 460), (0.01, 230), (0.02, 114), (0.05, 45)] {
            let n = fewest(max_error, 0.9);
            assert_eq!(n, expected);
            let document = vec![(0.99, true)];
            let choose = vec![document.clone(); 20];
            let few = certify(
                &choose,
                &vec![document.clone(); n as usize - 1],
                max_error,
                0.9,
            );
            assert_eq!((few.threshold, few.documents), (None, n - 1));
            assert!(few.needed.unwrap().abs_diff(n) <= 1, "{few:?}");
            let enough = certify(&choose, &vec![document.clone(); n as usize], max_error, 0.9);
            assert_eq!(enough.threshold, Some(0.99), "{enough:?}");
        }
    }

    #[test]
    fn documents_with_too_many_errors_are_distinguished_from_too_few_documents() {
        let poor: Vec<DocumentValues> = (0..500).map(|i| vec![(0.9, i % 4 > 0)]).collect();
        let found = certify(&poor[..100], &poor[100..], 0.01, 0.9);
        assert_eq!((found.threshold, found.needed), (None, None), "{found:?}");
        let none = certify(&[], &[], 0.01, 0.9);
        assert_eq!((none.threshold, none.documents), (None, 0));
    }

    #[test]
    fn a_long_document_weighs_as_much_as_a_short_one() {
        let long = vec![(0.9, true); 99];
        let short = vec![(0.9, false)];
        let result = evaluate_at(&[long, short], 0.5);
        assert_eq!(
            (result.documents, result.risk, result.coverage),
            (2, 0.5, 1.0)
        );
    }

    proptest! {
        #[test]
        fn a_p_value_is_a_probability_that_falls_with_more_documents(
            n in 1u64..2000, mean in 0.0..1.0f64, bound in 0.001..0.5f64,
        ) {
            let p = p_value(n, mean, bound);
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!(p_value(n, mean / 2.0, bound) <= p + 1e-12);
            prop_assert!(mean < bound || p == 1.0);
        }

        #[test]
        fn binomial_sums_agree_with_products(n in 1u64..40, k in 0u64..40, p in 0.01..0.9f64) {
            let mut sum = 0.0;
            for i in 0..=k.min(n) {
                let choose: f64 = (0..i).map(|j| (n - j) as f64 / (j + 1) as f64).product();
                sum += choose * p.powi(i as i32) * (1.0 - p).powi((n - i) as i32);
            }
            prop_assert!((binomial_at_most(k, n, p) - sum).abs() < 1e-9);
        }
    }
}
