//! How sharp edges are, where there is ink, and how far ink differs from its
//! background.

use super::ink::Ink;
use super::plane::{Plane, Square, median, percentile};

/// Squares in which blur is measured, at most: more change its median no more.
const MOST: usize = 120;
/// Squares without ink in which noise is measured.
const MOST_EMPTY: usize = 40;
/// Share of inked pixels of a square that has text.
const TEXT: std::ops::RangeInclusive<f32> = 0.03..=0.6;
/// Share of a square's steps that are no steeper than its edges.
const EDGES: f32 = 0.99;
/// Of an edge that a Gaussian of this many pixels blurred, the steepest step
/// between neighbours is about `PEAK / sigma` of its height: the peak of the
/// normal distribution, 1 / sqrt(2 pi).
const PEAK: f32 = 0.398_94;

/// The squares of a page with text.
pub struct Tiles {
    /// Steepest step and contrast of each, in gray levels.
    edges: Vec<(f32, f32)>,
    /// Steepest step of squares without ink: noise.
    noise: f32,
    /// Contrast of the squares that have most of it, where none has text.
    most_contrast: f32,
}

impl Tiles {
    pub fn of(plane: &Plane, ink: &Ink) -> Tiles {
        let squares: Vec<_> = plane.squares(ink.side).zip(&ink.in_squares).collect();
        let share = |((columns, rows), inked): &(Square, &u32)| {
            **inked as f32 / (columns.len() * rows.len()).max(1) as f32
        };
        let sample = |holds: &dyn Fn(f32) -> bool, most: usize| -> Vec<(f32, f32)> {
            let chosen: Vec<_> = squares.iter().filter(|s| holds(share(s))).collect();
            let step = chosen.len().div_ceil(most).max(1);
            let chosen = chosen.into_iter().step_by(step);
            chosen.map(|(square, _)| steepness(plane, square)).collect()
        };
        let edges = sample(&|share| TEXT.contains(&share), MOST);
        let noise = sample(&|share| share == 0.0, MOST_EMPTY);
        // Only where no square has text.
        let mut ranges: Vec<f32> = match edges.is_empty() {
            true => sample(&|_| true, MOST).iter().map(|s| s.1).collect(),
            false => Vec::new(),
        };
        ranges.sort_by(f32::total_cmp);
        Tiles {
            edges,
            noise: median(noise.iter().map(|s| s.0).collect()).unwrap_or(0.0),
            most_contrast: ranges.get(ranges.len() * 9 / 10).copied().unwrap_or(0.0),
        }
    }

    /// As [`crate::domain::PageQuality::blur`].
    pub fn blur(&self) -> Option<f32> {
        let typical = self.typical_contrast()?;
        // Squares with less are of pictures and shadows.
        let clear = self
            .edges
            .iter()
            .filter(|(_, range)| *range >= typical / 2.0);
        let sigmas = clear.map(|(step, range)| {
            // Noise adds to the steps as to any sum of independent deviations.
            let step = (step * step - self.noise * self.noise).max(1.0).sqrt();
            PEAK * range.max(1.0) / step.min(range.max(1.0))
        });
        median(sigmas.collect())
    }

    /// As [`crate::domain::PageQuality::contrast`].
    pub fn contrast(&self) -> f32 {
        self.typical_contrast().unwrap_or(self.most_contrast) / 255.0
    }

    fn typical_contrast(&self) -> Option<f32> {
        median(self.edges.iter().map(|(_, range)| *range).collect())
    }
}

/// The steepest step between neighbours and the range of gray levels, without
/// the last percent of each.
fn steepness(plane: &Plane, (columns, rows): &Square) -> (f32, f32) {
    let (mut steps, mut levels) = ([0; 256], [0; 256]);
    for y in rows.clone() {
        let row = &plane.row(y)[columns.clone()];
        let below = &plane.row((y + 1).min(plane.height - 1))[columns.clone()];
        for (pair, under) in row.windows(2).zip(below) {
            let step = pair[0].abs_diff(pair[1]).max(pair[0].abs_diff(*under));
            steps[usize::from(step)] += 1;
            levels[usize::from(pair[0])] += 1;
        }
    }
    let range = percentile(&levels, 0.99) - percentile(&levels, 0.01);
    (f32::from(percentile(&steps, EDGES)), f32::from(range))
}
