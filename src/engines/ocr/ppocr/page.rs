//! Input and output of the engine.

use serde::{Deserialize, Serialize};

use super::geometry::{Quad, Rect};

/// A page image: rows top to bottom without padding, 8 bits a channel.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// 1 (grey) or 3 (RGB).
    pub channels: u32,
    /// Shape `[height, width, channels]`.
    pub pixels: &'a [u8],
}

impl<'a> Image<'a> {
    /// `None` where a side is 0, `channels` is neither 1 nor 3, or the length of
    /// `pixels` does not fit the size.
    pub fn new(width: u32, height: u32, channels: u32, pixels: &'a [u8]) -> Option<Image<'a>> {
        let expected = (width as usize)
            .checked_mul(height as usize)?
            .checked_mul(channels as usize)?;
        let known = channels == 1 || channels == 3;
        (known && expected > 0 && pixels.len() == expected).then_some(Image {
            width,
            height,
            channels,
            pixels,
        })
    }
}

/// All that was read on a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OcrPage {
    /// In reading order: rows top to bottom, within a row left to right.
    pub lines: Vec<RecognisedLine>,
    /// Degrees clockwise that make the page upright: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Median slope of the lines of the upright page in degrees, positive where
    /// they fall to the right.
    pub skew: f32,
    /// Median height of the letters (line boxes) in input pixels; 0 without lines.
    pub line_height: f32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecognisedLine {
    pub text: String,
    /// The corners in input pixels, clockwise from the text's own top left corner.
    pub quad: Quad,
    /// The quad's bounds in input pixels.
    pub bounds: Rect,
    /// Number of its row, from 0 at the top of the upright page.
    pub row: u32,
    /// Mean confidence of the characters, 0 to 1.
    pub confidence: f32,
    pub words: Vec<RecognisedWord>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecognisedWord {
    pub text: String,
    /// In input pixels.
    pub bounds: Rect,
    /// Lowest confidence of the word's characters, 0 to 1.
    pub confidence: f32,
    /// Confidence of each `char` of `text`, 0 to 1: that it was read right and, between
    /// letters, that the word does or does not begin with it.
    pub characters: Vec<f32>,
}

impl OcrPage {
    /// Multiplies all coordinates by `x` and `y`.
    pub(super) fn scale(&mut self, x: f32, y: f32) {
        self.line_height *= y;
        let rect = |r: &mut Rect| {
            *r = Rect {
                x0: r.x0 * x,
                y0: r.y0 * y,
                x1: r.x1 * x,
                y1: r.y1 * y,
            }
        };
        for line in &mut self.lines {
            line.quad = line
                .quad
                .map(|p| super::geometry::Point::new(p.x * x, p.y * y));
            rect(&mut line.bounds);
            line.words
                .iter_mut()
                .for_each(|word| rect(&mut word.bounds));
        }
    }
}
