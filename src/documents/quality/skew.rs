//! By how much the lines of a page fall to the right.

use super::ink::Ink;

/// Points that are compared.
const POINTS: usize = 6000;
/// Fewer show no direction.
const FEW: usize = 200;
/// Degrees to each side.
const RANGE: f32 = 10.0;
/// The best direction's score as a multiple of the mean of all.
const STANDS_OUT: f32 = 1.25;

/// As [`crate::domain::PageQuality::skew`]. Of all directions, that along which
/// the lower ends of letters fall into the fewest rows: the sum of squares of a
/// projection profile, as in Postl's "Detection of linear oblique structures and
/// skew scan in digitized documents" (ICPR 1986).
pub fn degrees(ink: &Ink) -> Option<f32> {
    let points = ink.lower_edges(POINTS);
    if points.len() < FEW {
        return None;
    }
    // A third of a small letter.
    let bin = (ink.height as f32 / 500.0).max(1.0);
    let score = |degrees: f32| score(&points, degrees, bin, ink);
    let coarse: Vec<(f32, f32)> = steps(-RANGE, RANGE, 0.5).map(|a| (a, score(a))).collect();
    let mean = coarse.iter().map(|(_, score)| score).sum::<f32>() / coarse.len() as f32;
    let best = |found: &[(f32, f32)]| {
        let best = found.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        best.copied().unwrap_or((0.0, 0.0))
    };
    let (around, _) = best(&coarse);
    let fine: Vec<(f32, f32)> = steps(around - 0.4, around + 0.4, 0.1)
        .map(|a| (a, score(a)))
        .collect();
    let (degrees, top) = best(&fine);
    (top > mean * STANDS_OUT).then_some((degrees * 10.0).round() / 10.0)
}

fn steps(from: f32, to: f32, by: f32) -> impl Iterator<Item = f32> {
    let count = ((to - from) / by).round() as usize;
    (0..=count).map(move |step| from + step as f32 * by)
}

fn score(points: &[(f32, f32)], degrees: f32, bin: f32, ink: &Ink) -> f32 {
    let slope = degrees.to_radians().tan();
    let reach = ink.width as f32 * slope.abs();
    let bins = ((ink.height as f32 + 2.0 * reach) / bin) as usize + 2;
    let mut counts = vec![0u32; bins];
    for (x, y) in points {
        let at = (y - x * slope + reach) / bin;
        counts[(at.max(0.0) as usize).min(bins - 1)] += 1;
    }
    counts.iter().map(|count| (count * count) as f32).sum()
}
