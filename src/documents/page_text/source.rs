//! Chooses the source of a page's words: its text layer where that can be used,
//! otherwise OCR, or both where the layer covers a part of the page.

use super::Segment;
use crate::domain::{OcrText, PageImage, Word};

/// Fewest words of a layer that is used: others are stamps and page numbers on a scan.
const MIN_WORDS: usize = 10;
/// Least share (0 to 1) of the inked cells that a layer covers where OCR is not needed.
const MIN_COVERED: f32 = 0.7;
/// Side of the cells in which ink is looked for, as a share (0 to 1) of the page's
/// width: about a letter of small print.
const CELL: f32 = 1.0 / 160.0;
/// Least difference (0 to 255) by which a pixel of ink is darker than the paper.
const INK: u8 = 80;

/// How much of a page's text layer is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerUse {
    /// It has the page's words.
    All,
    /// It has some of them; OCR has the others.
    WithOcr,
    /// It is missing or has hardly any word. The rasterizer leaves an unreadable layer
    /// out.
    None,
}

impl LayerUse {
    pub fn of(words: &[Word], image: &PageImage) -> LayerUse {
        if words.len() < MIN_WORDS {
            LayerUse::None
        } else if covered(words, image) < MIN_COVERED {
            LayerUse::WithOcr
        } else {
            LayerUse::All
        }
    }
}

/// Share (0 to 1) of the page's inked cells that are in a word's box. Rules and
/// pictures count as ink; they may cause an OCR without further words.
fn covered(words: &[Word], image: &PageImage) -> f32 {
    let side = ((image.width as f32 * CELL) as usize).max(2);
    let (columns, rows) = (
        (image.width as usize).div_ceil(side),
        (image.height as usize).div_ceil(side),
    );
    let mut inked = vec![false; columns * rows];
    let paper = paper(image);
    for (y, row) in image.rgb.chunks_exact(image.width as usize * 3).enumerate() {
        for (x, pixel) in row.chunks_exact(3).enumerate() {
            if paper.saturating_sub(gray(pixel)) > INK {
                inked[y / side * columns + x / side] = true;
            }
        }
    }
    let mut in_word = vec![false; columns * rows];
    for word in words {
        let [x0, y0, x1, y1] = word.bbox;
        let cell = |share: f32, count: usize, pixels: u32| {
            let at = share.clamp(0.0, 1.0) * pixels as f32 / side as f32;
            (at as usize).min(count - 1)
        };
        // Boxes of text layers may leave out descenders.
        let margin = (y1 - y0) * 0.2;
        for row in cell(y0 - margin, rows, image.height)..=cell(y1 + margin, rows, image.height) {
            let (from, to) = (
                cell(x0, columns, image.width),
                cell(x1, columns, image.width),
            );
            in_word[row * columns + from..=row * columns + to].fill(true);
        }
    }
    let (mut all, mut both) = (0u32, 0u32);
    for (inked, in_word) in inked.iter().zip(&in_word) {
        all += u32::from(*inked);
        both += u32::from(*inked && *in_word);
    }
    match all {
        0 => 1.0,
        all => both as f32 / all as f32,
    }
}

/// Brightness (0 to 255) of the paper: the most frequent one, in steps of 8.
fn paper(image: &PageImage) -> u8 {
    let mut counts = [0u32; 32];
    for pixel in image.rgb.chunks_exact(3).step_by(7) {
        counts[usize::from(gray(pixel) / 8)] += 1;
    }
    let most = (0..32).max_by_key(|step| counts[*step]).unwrap_or(31);
    (most * 8 + 7) as u8
}

fn gray(pixel: &[u8]) -> u8 {
    let sum = pixel.iter().map(|channel| u16::from(*channel)).sum::<u16>();
    (sum / 3) as u8
}

/// The segments of a page: the layer's words, and OCR's lines where the layer has no
/// words.
pub fn segments<'a>(
    layer: &'a [Word],
    ocr: Option<&OcrText>,
    texts: &'a [String],
) -> Vec<Segment<'a>> {
    let words = layer.iter().map(|word| Segment {
        text: &word.text,
        bbox: word.bbox,
    });
    let mut segments: Vec<Segment<'a>> = words.collect();
    let lines = ocr.iter().flat_map(|ocr| &ocr.lines).zip(texts);
    for (line, text) in lines {
        let [x0, y0, x1, y1] = line.bbox;
        let (x, y) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
        let is_in_layer = layer.iter().any(|word| {
            let [left, top, right, bottom] = word.bbox;
            (left..=right).contains(&x) && (top..=bottom).contains(&y)
        });
        if !is_in_layer {
            segments.push(Segment {
                text,
                bbox: line.bbox,
            });
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white page of 320 x 320 px with black bars at these shares of its
    /// height, from 10 to 90 % of its width.
    fn page(bars: &[f32]) -> PageImage {
        let mut rgb = vec![255; 320 * 320 * 3];
        for bar in bars {
            let top = (bar * 320.0) as usize;
            for y in top..top + 8 {
                rgb[(y * 320 + 32) * 3..(y * 320 + 288) * 3].fill(0);
            }
        }
        PageImage::new(320, 320, rgb).unwrap()
    }

    /// Twelve words over the bar at this share of the height.
    fn words(bar: f32, text: &str) -> Vec<Word> {
        let word = |n: usize| Word {
            text: text.into(),
            bbox: [
                0.1 + n as f32 * 0.8 / 12.0,
                bar,
                0.1 + (n + 1) as f32 * 0.8 / 12.0,
                bar + 0.025,
            ],
        };
        (0..12).map(word).collect()
    }

    #[test]
    fn a_layer_is_used_where_it_covers_what_is_printed() {
        let layer = words(0.2, "word");
        assert_eq!(LayerUse::of(&layer, &page(&[0.2])), LayerUse::All);
        let more = page(&[0.2, 0.5, 0.7]);
        assert_eq!(LayerUse::of(&layer, &more), LayerUse::WithOcr);
        assert_eq!(LayerUse::of(&layer[..3], &page(&[0.2])), LayerUse::None);
        assert_eq!(LayerUse::of(&layer, &page(&[])), LayerUse::All);
    }

    #[test]
    fn ocr_fills_in_where_the_layer_has_no_words() {
        let layer = words(0.2, "word");
        let line = |y: f32| crate::domain::OcrLine {
            words: Vec::new(),
            bbox: [0.1, y, 0.9, y + 0.025],
        };
        let ocr = OcrText {
            lines: vec![line(0.2), line(0.5)],
            quarter_turns: 0,
        };
        let texts = ["as in the layer".to_owned(), "only printed".to_owned()];
        let segments = segments(&layer, Some(&ocr), &texts);
        assert_eq!(segments.len(), 13);
        assert_eq!(segments[12].text, "only printed");
    }
}
