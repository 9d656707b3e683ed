//! Which pixels are ink: those that differ from the background around them.

use super::plane::{Plane, median, percentile};

/// Share of the background's gray level by which ink differs from it: more than
/// four standard deviations of a scanner's noise, less than faded thermal print.
const DIFFERENCE: f32 = 0.12;
/// The same in gray levels where the background is dark.
const LEAST_DIFFERENCE: u8 = 12;
/// Share of each side that is left out where ink is counted: borders of
/// scanners and of what lies under the paper.
const MARGIN: f32 = 0.03;
/// Lines of OCR are higher than rows of ink by this factor, which is the median
/// of 90 real receipts (10 % to 90 % of them: 1.8 to 2.1).
const LINE_TO_ROW: f32 = 1.9;
/// Strips of the page in which lines of text are separated although it is skewed.
const STRIPS: usize = 12;

/// The page's ink.
pub struct Ink {
    pub width: usize,
    pub height: usize,
    is_ink: Vec<bool>,
    /// Side of the squares that have one background each, in pixels.
    pub side: usize,
    /// Inked pixels of each square, row by row.
    pub in_squares: Vec<u32>,
}

impl Ink {
    pub fn of(plane: &Plane) -> Ink {
        // Larger than letters, smaller than shadows.
        let side = (plane.width.max(plane.height) / 32).clamp(24, 96);
        let mut ink = Ink {
            width: plane.width,
            height: plane.height,
            is_ink: vec![false; plane.gray.len()],
            side,
            in_squares: Vec::new(),
        };
        for (columns, rows) in plane.squares(side) {
            // A quarter of the pixels shows the median as well.
            let mut counts = [0; 256];
            for y in rows.clone().step_by(2) {
                for gray in plane.row(y)[columns.clone()].iter().step_by(2) {
                    counts[usize::from(*gray)] += 1;
                }
            }
            let background = percentile(&counts, 0.5);
            let least = (f32::from(background) * DIFFERENCE) as u8;
            let least = least.max(LEAST_DIFFERENCE);
            let mut inked = 0;
            for y in rows {
                let row = &plane.row(y)[columns.clone()];
                let start = y * plane.width + columns.start;
                for (at, gray) in row.iter().enumerate() {
                    let is_ink = gray.abs_diff(background) > least;
                    ink.is_ink[start + at] = is_ink;
                    inked += u32::from(is_ink);
                }
            }
            ink.in_squares.push(inked);
        }
        ink
    }

    pub fn at(&self, x: usize, y: usize) -> bool {
        self.is_ink[y * self.width + x]
    }

    fn row(&self, y: usize) -> &[bool] {
        &self.is_ink[y * self.width..(y + 1) * self.width]
    }

    /// The share of inked pixels within the margins. One without an inked pixel
    /// to the right or below is dust or noise.
    pub fn share(&self) -> f32 {
        let margin = |side: usize| (side as f32 * MARGIN) as usize;
        let (across, down) = (margin(self.width), margin(self.height));
        let (mut inked, mut all) = (0usize, 0usize);
        for y in down..self.height - down {
            let row = &self.row(y)[across..self.width - across];
            let below = match y + 1 < self.height {
                true => &self.row(y + 1)[across..self.width - across],
                false => row,
            };
            let is_right = row.iter().skip(1).chain([&false]);
            let pixels = row.iter().zip(is_right).zip(below);
            inked += pixels
                .filter(|((here, right), below)| **here && (**right || **below))
                .count();
            all += row.len();
        }
        inked as f32 / all.max(1) as f32
    }

    /// Height in pixels that the lines of OCR would have, by the median of the rows
    /// of ink: `None` where there are hardly any.
    pub fn line_height(&self) -> Option<f32> {
        /// Fewer rows are no text.
        const FEW: usize = 6;
        let most = self.height / 8;
        let strip = (self.width / STRIPS).max(1);
        let mut heights = Vec::new();
        for left in (0..self.width).step_by(strip) {
            let columns = left..(left + strip).min(self.width);
            let mut height = 0;
            for y in 0..self.height {
                if self.row(y)[columns.clone()].contains(&true) {
                    height += 1;
                } else {
                    // Lower ones are rules and dust.
                    if (4..=most).contains(&height) {
                        heights.push(height as f32);
                    }
                    height = 0;
                }
            }
        }
        match heights.len() {
            0..FEW => None,
            _ => median(heights).map(|height| height * LINE_TO_ROW),
        }
    }

    /// Points at which ink ends downwards, at most about `most` of them.
    pub fn lower_edges(&self, most: usize) -> Vec<(f32, f32)> {
        let is_end = |x: usize, y: usize| {
            self.at(x, y) && !self.at(x, y + 1) && (y == 0 || self.at(x, y - 1))
        };
        let rows = 0..self.height.saturating_sub(1);
        // Columns of a step of their own: the lines of print have another one.
        let step = 3;
        let ends: Vec<(f32, f32)> = rows
            .flat_map(|y| (0..self.width).step_by(step).map(move |x| (x, y)))
            .filter(|(x, y)| is_end(*x, *y))
            .map(|(x, y)| (x as f32, y as f32))
            .collect();
        let skip = ends.len().div_ceil(most.max(1)).max(1);
        ends.into_iter().step_by(skip).collect()
    }
}
