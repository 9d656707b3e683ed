//! Makes words with boxes of characters with places.

use std::ops::Range;

use super::ctc::Character;
use super::geometry::Quad;
use super::page::{RecognisedLine, RecognisedWord};
use super::recognise::LineCharacters;
use super::split;

/// A line image for the recogniser: its quad on the page and whether each of its
/// columns has ink.
#[derive(Clone, Debug)]
pub struct Piece {
    pub quad: Quad,
    pub inked: Vec<bool>,
}

/// The line of a piece; `None` where nothing was read.
pub fn assemble(piece: &Piece, reading: &LineCharacters) -> Option<RecognisedLine> {
    let words: Vec<RecognisedWord> = word_ranges(&reading.characters)
        .into_iter()
        .map(|range| word(piece, reading, range))
        .collect();
    if words.is_empty() {
        return None;
    }
    let text: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    Some(RecognisedLine {
        text: text.join(" "),
        quad: piece.quad,
        bounds: piece.quad.bounds(),
        row: 0,
        confidence: reading.confidence(),
        words,
    })
}

/// The runs of characters between blanks.
fn word_ranges(characters: &[Character]) -> Vec<Range<usize>> {
    let blank = |c: &Character| c.text.trim().is_empty();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for i in (0..characters.len()).filter(|&i| !blank(&characters[i])) {
        match ranges.last_mut() {
            Some(range) if range.end == i => range.end = i + 1,
            _ => ranges.push(i..i + 1),
        }
    }
    ranges
}

fn word(piece: &Piece, reading: &LineCharacters, range: Range<usize>) -> RecognisedWord {
    let (from, to) = extent(piece, reading, &range);
    let width = piece.inked.len().max(1) as f32;
    let share = |x: usize| (x as f32 / width).clamp(0.0, 1.0);
    let mut word = RecognisedWord {
        text: String::new(),
        bounds: piece.quad.part(share(from), share(to)).bounds(),
        confidence: 1.0,
        characters: Vec::new(),
    };
    for c in &reading.characters[range] {
        word.text.push_str(&c.text);
        word.confidence = word.confidence.min(c.confidence);
        word.characters.extend(c.text.chars().map(|_| c.confidence));
    }
    word
}

/// The columns of a word: from the gap before it to the gap after it, without the
/// blank columns at its ends.
fn extent(piece: &Piece, reading: &LineCharacters, range: &Range<usize>) -> (usize, usize) {
    let inked = &piece.inked;
    let last = inked.len();
    let centre = |i: usize| {
        let steps = reading.characters[i].steps;
        let x = (steps.0 + steps.1 + 1) as f32 / 2.0 * reading.step;
        (x as usize).min(last)
    };
    // The column between the word that ends with `a` and the one that begins with
    // `b`.
    let parting = |a: usize, b: usize| {
        let (left, right) = (centre(a), centre(b).max(centre(a)));
        let gap = split::widest_gap(inked, left..right);
        gap.map_or((left + right) / 2, |gap| (gap.start + gap.end) / 2)
    };
    let outer = |i: usize| {
        reading.characters[..i]
            .iter()
            .rposition(|c| !c.text.trim().is_empty())
    };
    let next = (range.end..reading.characters.len())
        .find(|&i| !reading.characters[i].text.trim().is_empty());
    let from = outer(range.start).map_or(0, |before| parting(before, range.start));
    let to = next.map_or(last, |after| parting(range.end - 1, after));
    let ink = |x: &usize| inked[*x];
    let first = (from..to).find(ink).unwrap_or(from);
    let end = (from..to).rev().find(ink).map_or(to, |x| x + 1);
    (first, end.max(first))
}
