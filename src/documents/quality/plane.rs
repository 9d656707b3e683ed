//! A page's gray levels.

use std::ops::Range;

use crate::domain::PageImage;

/// The columns and rows of a part of a page.
pub type Square = (Range<usize>, Range<usize>);

/// Gray levels, rows top to bottom.
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub gray: Vec<u8>,
    /// Pixels by gray level.
    counts: [u32; 256],
}

impl Plane {
    pub fn gray(image: &PageImage) -> Plane {
        let mut counts = [0; 256];
        let gray: Vec<u8> = image
            .rgb
            .chunks_exact(3)
            .map(|p| {
                // Rec. 601 luma in 1/256.
                let sum = 77 * u32::from(p[0]) + 150 * u32::from(p[1]) + 29 * u32::from(p[2]);
                let gray = (sum >> 8) as u8;
                counts[usize::from(gray)] += 1;
                gray
            })
            .collect();
        Plane {
            width: image.width as usize,
            height: image.height as usize,
            gray,
            counts,
        }
    }

    pub fn row(&self, y: usize) -> &[u8] {
        &self.gray[y * self.width..(y + 1) * self.width]
    }

    /// The gray level (0 to 1) that this share of the pixels does not exceed.
    pub fn level(&self, share: f32) -> f32 {
        f32::from(percentile(&self.counts, share)) / 255.0
    }

    /// The share of pixels at either end of the scale.
    pub fn clipped(&self) -> f32 {
        (self.counts[0] + self.counts[255]) as f32 / self.gray.len().max(1) as f32
    }

    /// The page in squares of so many pixels, cut at its right and lower edge:
    /// columns and rows of each, row by row.
    pub fn squares(&self, side: usize) -> impl Iterator<Item = Square> + '_ {
        let rows = (0..self.height).step_by(side);
        rows.flat_map(move |y| {
            let columns = (0..self.width).step_by(side);
            columns.map(move |x| {
                (
                    x..(x + side).min(self.width),
                    y..(y + side).min(self.height),
                )
            })
        })
    }
}

/// The least value that at least this share of a histogram does not exceed.
pub fn percentile(counts: &[u32; 256], share: f32) -> u8 {
    let all: u32 = counts.iter().sum();
    let wanted = (all as f32 * share).ceil().max(1.0) as u32;
    let mut below = 0;
    let found = counts.iter().position(|count| {
        below += count;
        below >= wanted
    });
    found.unwrap_or(255) as u8
}

/// The middle one; `None` of none.
pub fn median(mut values: Vec<f32>) -> Option<f32> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f32::total_cmp).1)
}
