//! What the places of a page's words show, as OCR found them.

use super::ink::Ink;
use super::plane::{Plane, median};
use crate::domain::{OcrText, Word};

/// Words from which on the lines of OCR show how high text is.
const FEW_LINED: usize = 6;
/// Words of a block that is a receipt of its own, at least.
const FEW_WORDS: usize = 15;
/// Amounts among them, at least.
const FEW_AMOUNTS: usize = 3;
/// Width of a block as a share of the page's, at least.
const LEAST_WIDTH: f32 = 0.18;
/// Height of a block as a share of the page's, at least.
const LEAST_HEIGHT: f32 = 0.3;
/// Height of the largest hole in a block as a share of the page's, at most: a
/// receipt is printed without holes, unlike the halves of an invoice.
const LARGEST_HOLE: f32 = 0.12;
/// Width of the gap between blocks as a share of the page's, at least.
const LEAST_GAP: f32 = 0.02;
/// Words of one block that stand level with one of the other, as a share, at
/// most: the columns of one table are level.
const MOST_LEVEL: f32 = 0.5;

/// The words that OCR found, with their boxes in pixels.
pub struct TextLines<'a> {
    /// Heights of the lines.
    heights: Vec<f32>,
    words: Vec<(&'a Word, [f32; 4])>,
    width: f32,
    height: f32,
}

impl<'a> TextLines<'a> {
    pub fn new(ocr: Option<&'a OcrText>, plane: &Plane) -> TextLines<'a> {
        let (width, height) = (plane.width as f32, plane.height as f32);
        let lines = ocr.map_or(&[][..], |ocr| &ocr.lines);
        let words = lines.iter().flat_map(|line| &line.words);
        let in_pixels = |[left, top, right, bottom]: [f32; 4]| {
            [left * width, top * height, right * width, bottom * height]
        };
        TextLines {
            heights: lines
                .iter()
                .map(|line| (line.bbox[3] - line.bbox[1]) * height)
                .collect(),
            words: words
                .map(|word| (&word.word, in_pixels(word.word.bbox)))
                .collect(),
            width,
            height,
        }
    }

    /// Median height of the lines; `None` where they have hardly a word: on
    /// a page that OCR cannot read it finds some large lines that are not text.
    pub fn height(&self) -> Option<f32> {
        match self.words.len() {
            0..FEW_LINED => None,
            _ => median(self.heights.clone()),
        }
    }

    /// Words whose ink reaches the edge of the page: at its left or right side
    /// they are of a line each, at its top or foot they count as one line.
    pub fn cut(&self, ink: &Ink) -> u32 {
        // The outermost pixels may be a scanner's.
        const EDGE: f32 = 3.0;
        let (right, foot) = (self.width - EDGE, self.height - EDGE);
        let [mut left_cut, mut right_cut, mut top_cut, mut foot_cut] = [0u32; 4];
        for (_, bbox) in &self.words {
            let [x0, y0, x1, y1] = bbox;
            let columns = *x0 as usize..(x1.ceil() as usize).min(ink.width);
            let rows = *y0 as usize..(y1.ceil() as usize).min(ink.height);
            let column_cut = |x: usize| is_cut(rows.clone().map(|y| ink.at(x, y)));
            let row_cut = |y: usize| is_cut(columns.clone().map(|x| ink.at(x, y)));
            let (last_x, last_y) = (ink.width - 1, ink.height - 1);
            left_cut += u32::from(*x0 < EDGE && column_cut(1.min(last_x)));
            right_cut += u32::from(*x1 > right && column_cut(last_x.saturating_sub(1)));
            top_cut += u32::from(*y0 < EDGE && row_cut(1.min(last_y)));
            foot_cut += u32::from(*y1 > foot && row_cut(last_y.saturating_sub(1)));
        }
        // One word at the top may be a speck.
        let line = |words: u32| u32::from(words >= 2);
        left_cut + right_cut + line(top_cut) + line(foot_cut)
    }

    /// 2 where an empty column parts two blocks that look like receipts of their
    /// own: amounts in both, and lines that are not level.
    pub fn blocks(&self) -> u32 {
        let Some(height) = self.height() else {
            return 1;
        };
        let mut spans: Vec<(f32, f32)> = self.words.iter().map(|(_, b)| (b[0], b[2])).collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut reach, mut widest) = (f32::INFINITY, (0.0, 0.0));
        for (left, right) in spans {
            if left - reach > widest.0 {
                widest = (left - reach, (left + reach) / 2.0);
            }
            reach = if reach.is_finite() {
                reach.max(right)
            } else {
                right
            };
        }
        let (gap, at) = widest;
        if gap < self.width * LEAST_GAP {
            return 1;
        }
        let is_left = |word: &&(&Word, [f32; 4])| word.1[2] < at;
        let (left, right): (Vec<_>, Vec<_>) = self.words.iter().partition(is_left);
        let are_receipts = [&left, &right]
            .into_iter()
            .all(|block| self.is_receipt(block));
        let level = level(&left, &right, height).min(level(&right, &left, height));
        1 + u32::from(are_receipts && level <= MOST_LEVEL)
    }

    fn is_receipt(&self, block: &[&(&Word, [f32; 4])]) -> bool {
        let amounts = block.iter().filter(|(word, _)| is_amount(&word.text));
        let extent = |from: usize, to: usize| {
            let least = block.iter().map(|(_, b)| b[from]).fold(f32::MAX, f32::min);
            block.iter().map(|(_, b)| b[to]).fold(0.0, f32::max) - least
        };
        block.len() >= FEW_WORDS
            && amounts.count() >= FEW_AMOUNTS
            && extent(0, 2) >= self.width * LEAST_WIDTH
            && extent(1, 3) >= self.height * LEAST_HEIGHT
            && hole(block) <= self.height * LARGEST_HOLE
    }
}

/// Height of the largest part of a block without words.
fn hole(block: &[&(&Word, [f32; 4])]) -> f32 {
    let mut rows: Vec<(f32, f32)> = block.iter().map(|(_, b)| (b[1], b[3])).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut reach, mut largest) = (f32::INFINITY, 0f32);
    for (top, foot) in rows {
        largest = largest.max(top - reach);
        reach = match reach.is_finite() {
            true => reach.max(foot),
            false => foot,
        };
    }
    largest
}

/// Whether letters go on beyond these pixels at the edge: some of them are ink,
/// and not all, as a border's would be.
fn is_cut(pixels: impl Iterator<Item = bool>) -> bool {
    let (mut inked, mut all) = (0usize, 0usize);
    for is_ink in pixels {
        inked += usize::from(is_ink);
        all += 1;
    }
    inked >= 2 && inked * 10 >= all && inked * 10 <= all * 9
}

/// The share of the words of one block that stand level with one of the other.
fn level(of: &[&(&Word, [f32; 4])], with: &[&(&Word, [f32; 4])], height: f32) -> f32 {
    let middle = |bbox: &[f32; 4]| (bbox[1] + bbox[3]) / 2.0;
    let is_level = |word: &&&(&Word, [f32; 4])| {
        let near =
            |other: &&(&Word, [f32; 4])| (middle(&other.1) - middle(&word.1)).abs() < height / 4.0;
        with.iter().any(near)
    };
    of.iter().filter(is_level).count() as f32 / of.len().max(1) as f32
}

/// `12.50`, `1.234,50`: ends with two digits after a separator.
fn is_amount(text: &str) -> bool {
    let bytes = text
        .trim_end_matches(|c: char| !c.is_ascii_digit())
        .as_bytes();
    match bytes {
        [.., before, separator, a, b] => {
            before.is_ascii_digit()
                && matches!(separator, b'.' | b',')
                && a.is_ascii_digit()
                && b.is_ascii_digit()
        }
        _ => false,
    }
}
