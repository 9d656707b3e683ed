//! Drawn pages for tests.

use image::{GrayImage, Luma, imageops};

use crate::domain::{OcrLine, OcrText, OcrWord, PageImage, Word};

pub const PAPER: u8 = 240;
pub const INK: u8 = 40;

/// Rows of letters of this height (two bars and a crossbar, 60 % as wide), half
/// as far apart as they are high, falling by `slope` to the right.
pub fn print(width: u32, height: u32, letter: u32, slope: f32) -> GrayImage {
    let mut page = paper(width, height);
    let across = (letter * 6 / 10).max(3);
    let stroke = (letter / 7).max(1);
    let (left, right) = (width / 10, width * 9 / 10);
    for row in (height / 10..height * 9 / 10).step_by(letter as usize * 3 / 2) {
        for (at, x) in (left..right - across)
            .step_by(across as usize * 4 / 3)
            .enumerate()
        {
            // Words have a gap between them.
            if at % 7 == 6 {
                continue;
            }
            let y = (row as f32 + slope * x as f32) as i64;
            for bar in [x, x + across - stroke] {
                fill(&mut page, bar.into(), y, stroke, letter);
            }
            fill(
                &mut page,
                x.into(),
                y + i64::from(letter / 2),
                across,
                stroke,
            );
        }
    }
    page
}

pub fn paper(width: u32, height: u32) -> GrayImage {
    GrayImage::from_pixel(width, height, Luma([PAPER]))
}

/// A rectangle of ink, as far as it lies on the page.
pub fn fill(page: &mut GrayImage, x: i64, y: i64, width: u32, height: u32) {
    let mark = GrayImage::from_pixel(width, height, Luma([INK]));
    imageops::overlay(page, &mark, x, y);
}

/// The noise of a scanner: about normal, with this standard deviation.
pub fn noisy(mut page: GrayImage, deviation: f32) -> GrayImage {
    // xorshift (Marsaglia 2003); the sum of four even draws is nearly normal.
    let mut state = 0x2545_f491_u32;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    };
    for pixel in page.pixels_mut() {
        let noise = (draw() + draw() + draw() + draw()) * 1.732 * deviation;
        pixel.0[0] = (f32::from(pixel.0[0]) + noise).clamp(0.0, 255.0) as u8;
    }
    page
}

pub fn rgb(page: &GrayImage) -> PageImage {
    let rgb = page.pixels().flat_map(|pixel| [pixel.0[0]; 3]).collect();
    PageImage::new(page.width(), page.height(), rgb).unwrap()
}

/// What OCR would find: words with their left, top, right and bottom as shares
/// of the page, a line each.
pub fn ocr(words: &[(&str, [f32; 4])]) -> OcrText {
    let line = |(text, bbox): &(&str, [f32; 4])| OcrLine {
        words: vec![OcrWord {
            word: Word {
                text: (*text).to_owned(),
                bbox: *bbox,
            },
            confidence: 0.9,
        }],
        bbox: *bbox,
    };
    OcrText {
        lines: words.iter().map(line).collect(),
        quarter_turns: 0,
    }
}
