//! Logistic regression with an L2 penalty, by Newton's method (iteratively
//! reweighted least squares).

/// Most Newton steps; usually five to ten are enough.
const STEPS: usize = 50;
/// Largest change of a weight at which the iteration ends.
const PRECISION: f64 = 1e-9;

/// 1 / (1 + e^-x), 0 to 1.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The `[d]` weights that minimise the negative log-likelihood plus half the sum of
/// `penalty` x weight squared. `rows` has shape `[n, d]`, a constant 1 for the
/// intercept included, and `penalty` shape `[d]`. A penalty above 0 keeps a weight
/// finite that the data do not determine.
pub fn fit(rows: &[Vec<f64>], right: &[bool], penalty: &[f64]) -> Vec<f64> {
    let mut weights = vec![0.0; penalty.len()];
    let mut loss = objective(rows, right, penalty, &weights);
    for _ in 0..STEPS {
        let (gradient, hessian) = derivatives(rows, right, penalty, &weights);
        let Some(step) = solve(hessian, gradient) else {
            break;
        };
        // A Newton step may be too long far from the solution: halve it until the
        // loss falls.
        let mut scale = 1.0;
        let taken = loop {
            let tried: Vec<f64> = weights
                .iter()
                .zip(&step)
                .map(|(weight, change)| weight - scale * change)
                .collect();
            let tried_loss = objective(rows, right, penalty, &tried);
            if tried_loss <= loss {
                (weights, loss) = (tried, tried_loss);
                break true;
            }
            scale /= 2.0;
            if scale < 1e-6 {
                break false;
            }
        };
        let change = step.iter().fold(0.0, |most: f64, s| most.max(s.abs())) * scale;
        if !taken || change < PRECISION {
            break;
        }
    }
    weights
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn objective(rows: &[Vec<f64>], right: &[bool], penalty: &[f64], weights: &[f64]) -> f64 {
    let of_data: f64 = rows
        .iter()
        .zip(right)
        .map(|(row, &right)| {
            let score = dot(row, weights);
            softplus(if right { -score } else { score })
        })
        .sum();
    let of_penalty: f64 = weights.iter().zip(penalty).map(|(w, p)| p * w * w).sum();
    of_data + of_penalty / 2.0
}

fn derivatives(
    rows: &[Vec<f64>],
    right: &[bool],
    penalty: &[f64],
    weights: &[f64],
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let size = weights.len();
    let mut gradient: Vec<f64> = weights.iter().zip(penalty).map(|(w, p)| p * w).collect();
    let mut hessian = vec![vec![0.0; size]; size];
    for (i, p) in penalty.iter().enumerate() {
        // The small constant keeps the matrix positive definite without data.
        hessian[i][i] = p + 1e-9;
    }
    for (row, &right) in rows.iter().zip(right) {
        let probability = sigmoid(dot(row, weights));
        let error = probability - f64::from(u8::from(right));
        let curvature = probability * (1.0 - probability);
        // Most columns of a row are 0, since they concern one kind or field.
        let filled: Vec<usize> = (0..size).filter(|&i| row[i] != 0.0).collect();
        for &i in &filled {
            gradient[i] += error * row[i];
            for &j in filled.iter().take_while(|&&j| j <= i) {
                hessian[i][j] += curvature * row[i] * row[j];
            }
        }
    }
    (gradient, hessian)
}

/// Solves A x = b for a symmetric positive definite A by Cholesky decomposition; only
/// the lower triangle of A is read. `None` where A is not positive definite.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let size = b.len();
    for i in 0..size {
        for j in 0..=i {
            let sum = a[i][j] - (0..j).map(|k| a[i][k] * a[j][k]).sum::<f64>();
            if i == j {
                if sum <= 0.0 || !sum.is_finite() {
                    return None;
                }
                a[i][i] = sum.sqrt();
            } else {
                a[i][j] = sum / a[j][j];
            }
        }
    }
    for i in 0..size {
        let known: f64 = (0..i).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    for i in (0..size).rev() {
        let known: f64 = (i + 1..size).map(|k| a[k][i] * b[k]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_constant_gives_the_share_that_is_right() {
        let rows = vec![vec![1.0]; 10];
        let right: Vec<bool> = (0..10).map(|i| i < 7).collect();
        let weights = fit(&rows, &right, &[0.0]);
        assert!((sigmoid(weights[0]) - 0.7).abs() < 1e-6);
    }

    #[test]
    fn a_slope_is_found_again_and_a_penalty_draws_it_towards_nothing() {
        // Shares of a logistic curve with intercept -1 and slope 2.
        let (mut rows, mut right) = (Vec::new(), Vec::new());
        for x in [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5] {
            let times = (sigmoid(-1.0 + 2.0 * x) * 10_000.0).round() as usize;
            for i in 0..10_000 {
                rows.push(vec![1.0, x]);
                right.push(i < times);
            }
        }
        let weights = fit(&rows, &right, &[0.0, 0.0]);
        assert!(
            (weights[0] + 1.0).abs() < 0.01 && (weights[1] - 2.0).abs() < 0.01,
            "{weights:?}"
        );
        let held = fit(&rows, &right, &[0.0, 1e7]);
        assert!(held[1].abs() < 0.01, "{held:?}");
    }

    #[test]
    fn values_that_separate_fully_do_not_run_away() {
        let rows: Vec<_> = (0..20).map(|i| vec![1.0, f64::from(i) - 9.5]).collect();
        let right: Vec<_> = (0..20).map(|i| i >= 10).collect();
        let weights = fit(&rows, &right, &[1e-3, 1.0]);
        assert!(weights.iter().all(|w| w.is_finite() && w.abs() < 10.0));
    }

    proptest! {
        #[test]
        fn probabilities_stay_in_range_and_the_gradient_is_nothing_at_the_end(
            data in prop::collection::vec((-5.0..5.0f64, -5.0..5.0f64, any::<bool>()), 2..60),
        ) {
            let rows: Vec<_> = data.iter().map(|(a, b, _)| vec![1.0, *a, *b]).collect();
            let right: Vec<_> = data.iter().map(|(_, _, right)| *right).collect();
            let penalty = [0.01, 1.0, 1.0];
            let weights = fit(&rows, &right, &penalty);
            for row in &rows {
                let p = sigmoid(dot(row, &weights));
                prop_assert!((0.0..=1.0).contains(&p));
            }
            let (gradient, _) = derivatives(&rows, &right, &penalty, &weights);
            prop_assert!(gradient.iter().all(|g| g.abs() < 1e-4), "{gradient:?}");
        }
    }
}
