//! Estimates from the pixels, before a model runs, the height of the letters and
//! the parts of the page with ink.

use super::raster::{Raster, Window};
use super::regions;

/// Side in pixels of the window with whose mean a pixel is compared.
const WINDOW: usize = 31;
/// Least difference from the mean (0 to 255) of a letter's pixel. Faint thermal
/// print has about 25.
const CONTRAST: i16 = 18;
/// Least difference from the mean, darker or lighter, of a pixel that marks its
/// cell as one with ink.
const FAINT: i16 = 10;
/// Side in pixels of the cells of the ink map.
pub const CELL: usize = 32;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// Height of capitals and digits in pixels: the median over the letters,
    /// weighted by their widths. `None` when there are hardly any letters.
    pub letter_height: Option<f32>,
    /// Whether each cell of `CELL` x `CELL` pixels has ink, row by row.
    pub cells: Vec<bool>,
    /// Cells in a row.
    pub columns: usize,
}

impl Survey {
    /// The bounds of all cells with ink, in pixels; `None` without any.
    pub fn window(&self) -> Option<Window> {
        let inked = |i: &usize| self.cells[*i];
        let places = || (0..self.cells.len()).filter(inked);
        let x = |i: usize| i % self.columns;
        let (x0, x1) = (places().map(x).min()?, places().map(x).max()?);
        let (y0, y1) = (
            places().next()? / self.columns,
            places().next_back()? / self.columns,
        );
        Some(Window {
            x: x0 * CELL,
            y: y0 * CELL,
            width: (x1 + 1 - x0) * CELL,
            height: (y1 + 1 - y0) * CELL,
        })
    }

    /// Whether there is ink in a part of the page, in pixels.
    pub fn has_ink(&self, x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> bool {
        let row = |y: usize| &self.cells[y * self.columns..][..self.columns];
        let rows = self.cells.len() / self.columns.max(1);
        (y.start / CELL..y.end.div_ceil(CELL).min(rows)).any(|r| {
            let to = x.end.div_ceil(CELL).min(self.columns);
            row(r)[(x.start / CELL).min(to)..to].contains(&true)
        })
    }
}

/// Surveys a page. It looks for dark letters on light ground, on a mostly dark
/// page for light ones.
pub fn survey(page: &Raster) -> Survey {
    let mut grey = page.luminance();
    let mean = grey.iter().map(|&v| u64::from(v)).sum::<u64>() / grey.len().max(1) as u64;
    if mean < 110 {
        grey.iter_mut().for_each(|v| *v = 255 - *v);
    }
    let (width, height) = (page.width, page.height);
    let darker = darker_than_around(&grey, width, height);
    let runs = regions::runs(width, height, |x, y| darker[y * width + x] > CONTRAST);
    let (labels, count) = regions::label(&runs);
    let mut blobs = vec![Blob::default(); count];
    for (run, &label) in runs.iter().zip(&labels) {
        blobs[label].add(run);
    }
    let columns = width.div_ceil(CELL);
    let mut cells = vec![false; columns * height.div_ceil(CELL)];
    for (y, row) in darker.chunks_exact(width).enumerate() {
        for (x, value) in row.iter().enumerate() {
            if value.abs() > FAINT {
                cells[y / CELL * columns + x / CELL] = true;
            }
        }
    }
    Survey {
        letter_height: median_height(&blobs),
        cells,
        columns,
    }
}

/// By how much each pixel is darker than the mean of its window.
fn darker_than_around(grey: &[u8], width: usize, height: usize) -> Vec<i16> {
    let means = Means::of(grey, width, height);
    let mut darker = Vec::with_capacity(grey.len());
    for (y, row) in grey.chunks_exact(width).enumerate() {
        darker.extend(
            row.iter()
                .enumerate()
                .map(|(x, &v)| means.at(x, y) - i16::from(v)),
        );
    }
    darker
}

fn median_height(blobs: &[Blob]) -> Option<f32> {
    let mut letters: Vec<(usize, usize)> = blobs.iter().filter_map(Blob::letter).collect();
    if letters.len() < 8 {
        return None;
    }
    letters.sort_unstable();
    let all: usize = letters.iter().map(|l| l.1).sum();
    let mut sum = 0;
    let middle = letters.iter().find(|l| {
        sum += l.1;
        2 * sum >= all
    });
    middle.map(|l| l.0 as f32)
}

#[derive(Clone, Copy)]
struct Blob {
    x0: usize,
    x1: usize,
    y0: usize,
    y1: usize,
    area: usize,
}

impl Default for Blob {
    fn default() -> Blob {
        Blob {
            x0: usize::MAX,
            x1: 0,
            y0: usize::MAX,
            y1: 0,
            area: 0,
        }
    }
}

impl Blob {
    fn add(&mut self, run: &regions::PixelRun) {
        self.x0 = self.x0.min(run.x0);
        self.x1 = self.x1.max(run.x1);
        self.y0 = self.y0.min(run.y);
        self.y1 = self.y1.max(run.y);
        self.area += run.x1 - run.x0 + 1;
    }

    /// Height and width in pixels, where the region may be a letter or a few that
    /// touch.
    fn letter(&self) -> Option<(usize, usize)> {
        let (w, h) = (self.x1 + 1 - self.x0, self.y1 + 1 - self.y0);
        let letter = (5..=120).contains(&h)
            && w >= 2
            && w <= 3 * h
            && self.area >= 8
            && self.area * 100 >= 15 * w * h;
        letter.then_some((h, w))
    }
}

/// Means over a window by a summed-area table.
struct Means {
    sums: Vec<u32>,
    width: usize,
    height: usize,
}

impl Means {
    fn of(grey: &[u8], width: usize, height: usize) -> Means {
        let mut sums = vec![0u32; (width + 1) * (height + 1)];
        for (y, row) in grey.chunks_exact(width).enumerate() {
            let (above, below) = sums.split_at_mut((y + 1) * (width + 1));
            let above = &above[y * (width + 1)..];
            let mut sum = 0u32;
            for (x, &value) in row.iter().enumerate() {
                sum = sum.wrapping_add(u32::from(value));
                below[x + 1] = above[x + 1].wrapping_add(sum);
            }
        }
        Means {
            sums,
            width,
            height,
        }
    }

    fn at(&self, x: usize, y: usize) -> i16 {
        let half = WINDOW / 2;
        let (x0, x1) = (x.saturating_sub(half), (x + half + 1).min(self.width));
        let (y0, y1) = (y.saturating_sub(half), (y + half + 1).min(self.height));
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        let sum = at(x1, y1)
            .wrapping_sub(at(x0, y1))
            .wrapping_sub(at(x1, y0))
            .wrapping_add(at(x0, y0));
        (sum / ((x1 - x0) * (y1 - y0)) as u32) as i16
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// Bars as high as capitals: `count` of them, from (40, 40) on.
    fn page(
        width: usize,
        height: usize,
        bar: usize,
        count: usize,
        ground: u8,
        ink: u8,
    ) -> Raster<'static> {
        let mut pixels = vec![ground; width * height];
        for i in 0..count {
            let (x, y) = (40 + i * bar, 40);
            for row in y..y + bar {
                pixels[row * width + x..][..(bar / 3).max(2)].fill(ink);
            }
        }
        Raster {
            width,
            height,
            channels: 1,
            pixels: Cow::Owned(pixels),
        }
    }

    #[test]
    fn letters_are_measured_dark_on_light_and_light_on_dark() {
        for (ground, ink) in [(250, 40), (10, 220), (200, 170)] {
            let survey = survey(&page(700, 200, 18, 30, ground, ink));
            assert_eq!(survey.letter_height, Some(18.0), "{ground} {ink}");
        }
    }

    #[test]
    fn ink_is_known_by_place() {
        let survey = survey(&page(700, 400, 18, 12, 250, 40));
        let window = survey.window().unwrap();
        // The bars lie in x 40 to 256 and y 40 to 58; the ground within half a
        // window of them counts as ink too.
        let (right, bottom) = (window.x + window.width, window.y + window.height);
        assert!(window.x <= 32 && window.y <= 32, "{window:?}");
        assert!(
            (256..=288).contains(&right) && (64..=96).contains(&bottom),
            "{window:?}"
        );
        assert!(survey.has_ink(0..700, 40..60));
        assert!(!survey.has_ink(0..700, 200..400));
        assert!(!survey.has_ink(500..9000, 0..9000));
    }

    #[test]
    fn an_empty_page_has_neither_letters_nor_ink() {
        let survey = survey(&page(50, 3, 1, 0, 255, 0));
        assert_eq!((survey.letter_height, survey.window()), (None, None));
    }
}
