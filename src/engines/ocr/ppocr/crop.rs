//! Line images: cut out of the page along their quads, scaled to the
//! recogniser's height.

use super::geometry::{Point, Quad};
use super::raster::{Raster, luminance};

/// The recogniser's input height in pixels.
pub const HEIGHT: usize = 48;
/// Greatest width of a line image in pixels: no line of a page has 200 times its
/// height.
const WIDEST: usize = 200 * HEIGHT;
/// A line image with a median brightness (0 to 255) below it is light on dark.
const DARK: u8 = 100;

/// A line image: RGB, 8 bits a channel.
#[derive(Clone, Debug)]
pub struct Crop {
    /// Pixels.
    pub width: usize,
    /// Shape `[HEIGHT, width, 3]`.
    pub pixels: Vec<u8>,
}

/// Width in pixels of a quad scaled to the recogniser's height.
fn scaled_width(quad: &Quad) -> usize {
    let height = quad.height().max(1.0);
    let width = quad.width() / height * HEIGHT as f32;
    (width.round() as usize).clamp(8, WIDEST)
}

/// Cuts a quad out of the page with bilinear interpolation. Where the line is
/// higher than the recogniser's input, each pixel is the mean of several samples.
/// Light text on dark is inverted.
pub fn cut(page: &Raster<'_>, quad: &Quad) -> Crop {
    let width = scaled_width(quad);
    let [a, b, _, d] = quad.0;
    let samples = ((quad.height() / HEIGHT as f32).ceil() as usize).clamp(1, 6);
    let step = |from: Point, to: Point, n: usize| {
        Point::new((to.x - from.x) / n as f32, (to.y - from.y) / n as f32)
    };
    let right = step(a, b, width * samples);
    let down = step(a, d, HEIGHT * samples);
    let mut pixels = vec![0u8; width * HEIGHT * 3];
    let share = 1.0 / (samples * samples) as f32;
    for (y, row) in pixels.chunks_exact_mut(width * 3).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let mut sum = [0.0f32; 3];
            for i in 0..samples * samples {
                let u = (x * samples + i % samples) as f32 + 0.5;
                let v = (y * samples + i / samples) as f32 + 0.5;
                let value = sample(
                    page,
                    a.x + right.x * u + down.x * v - 0.5,
                    a.y + right.y * u + down.y * v - 0.5,
                );
                for (s, v) in sum.iter_mut().zip(value) {
                    *s += v;
                }
            }
            for (p, s) in pixel.iter_mut().zip(sum) {
                *p = (s * share + 0.5) as u8;
            }
        }
    }
    let mut crop = Crop { width, pixels };
    if crop.background() < DARK {
        crop.pixels.iter_mut().for_each(|v| *v = 255 - *v);
    }
    crop
}

/// The bilinear value at a place; outside of the page the edge pixels repeat.
fn sample(page: &Raster<'_>, x: f32, y: f32) -> [f32; 3] {
    let x = x.clamp(0.0, (page.width - 1) as f32);
    let y = y.clamp(0.0, (page.height - 1) as f32);
    let (x0, y0) = (x as usize, y as usize);
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let right = if x0 + 1 < page.width {
        page.channels
    } else {
        0
    };
    let below = if y0 + 1 < page.height {
        page.width * page.channels
    } else {
        0
    };
    let at = (y0 * page.width + x0) * page.channels;
    let one = |c: usize| {
        let value = |offset: usize| f32::from(page.pixels[at + offset + c]);
        let top = value(0) + (value(right) - value(0)) * fx;
        let bottom = value(below) + (value(below + right) - value(below)) * fx;
        top + (bottom - top) * fy
    };
    match page.channels {
        1 => [one(0); 3],
        _ => [one(0), one(1), one(2)],
    }
}

impl Crop {
    /// The median brightness (0 to 255): the background's, since letters cover less
    /// than half of the image.
    fn background(&self) -> u8 {
        percentile(&self.histogram(), 0.5)
    }

    fn histogram(&self) -> [usize; 256] {
        let mut histogram = [0; 256];
        for pixel in self.pixels.chunks_exact(3) {
            histogram[usize::from(luminance(pixel))] += 1;
        }
        histogram
    }

    /// For each column, whether it has ink.
    pub fn inked(&self) -> Vec<bool> {
        let histogram = self.histogram();
        let ground = i32::from(percentile(&histogram, 0.5));
        let range =
            i32::from(percentile(&histogram, 0.99)) - i32::from(percentile(&histogram, 0.01));
        let least = (range * 35 / 100).max(12);
        // The neighbouring lines may reach into the edges.
        let rows = HEIGHT / 10..HEIGHT - HEIGHT / 10;
        let mut columns = vec![false; self.width];
        for row in self
            .pixels
            .chunks_exact(self.width * 3)
            .take(rows.end)
            .skip(rows.start)
        {
            for (column, pixel) in columns.iter_mut().zip(row.chunks_exact(3)) {
                *column |= (i32::from(luminance(pixel)) - ground).abs() > least;
            }
        }
        columns
    }

    /// The columns `from..to`, which must be within the image.
    pub fn part(&self, from: usize, to: usize) -> Crop {
        let rows = self.pixels.chunks_exact(self.width * 3);
        Crop {
            width: to - from,
            pixels: rows
                .flat_map(|row| &row[from * 3..to * 3])
                .copied()
                .collect(),
        }
    }
}

/// The value (0 to 255) below which the share `share` (0 to 1) of a histogram lies.
fn percentile(histogram: &[usize; 256], share: f32) -> u8 {
    let all: usize = histogram.iter().sum();
    let wanted = (all as f32 * share) as usize;
    let mut sum = 0;
    let found = histogram.iter().position(|&n| {
        sum += n;
        sum > wanted
    });
    found.unwrap_or(255) as u8
}
