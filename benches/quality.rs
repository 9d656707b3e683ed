//! How long measuring the quality of a page takes, without OCR: rows of letters on two
//! million pixels, with noise.
//!
//! ```text
//! cargo bench --bench quality
//! ```

use std::hint::black_box;
use std::time::Instant;

use docmill::documents::quality::{PageWords, measure};
use docmill::domain::PageImage;

const WIDTH: u32 = 1240;
const HEIGHT: u32 = 1612;
const PAGES: u32 = 50;

fn main() {
    let mut state = 0x2545_f491_u32;
    let rgb = (0..WIDTH * HEIGHT).flat_map(|at| {
        let (x, y) = (at % WIDTH, at / WIDTH);
        // Lines 36 pixels apart, bars 12 pixels apart, some of them left out.
        let is_ink = y % 36 < 22 && x % 12 < 3 && x / 12 % 7 != 6;
        // A linear congruential generator (Knuth).
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 28) as u8;
        let gray = if is_ink { 40 + noise } else { 230 + noise };
        [gray; 3]
    });
    let page = PageImage::new(WIDTH, HEIGHT, rgb.collect()).expect("three bytes a pixel");
    let start = Instant::now();
    for _ in 0..PAGES {
        black_box(measure(black_box(&page), PageWords::default()));
    }
    let each = start.elapsed().as_secs_f64() * 1000.0 / f64::from(PAGES);
    println!("{each:.1} ms a page of {WIDTH} x {HEIGHT} pixels");
}
