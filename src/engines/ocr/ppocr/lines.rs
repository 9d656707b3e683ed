//! Makes words with boxes of characters with places.

use std::ops::Range;

use super::ctc::Character;
use super::geometry::Quad;
use super::page::{RecognisedLine, RecognisedWord};
use super::recognise::LineCharacters;
use super::spaces::{self, LineGlyph, WordStart};
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
    let letters = Letters::of(reading);
    let starts = spaces::word_starts(&letters.glyphs(piece));
    let words: Vec<RecognisedWord> = word_ranges(&starts)
        .into_iter()
        .map(|range| letters.word(piece, range, &starts))
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

/// The ranges that begin where a word starts.
fn word_ranges(starts: &[WordStart]) -> Vec<Range<usize>> {
    let begin: Vec<usize> = (0..starts.len()).filter(|&i| starts[i].starts).collect();
    let end = begin.iter().skip(1).copied().chain([starts.len()]);
    begin.iter().copied().zip(end).map(|(a, b)| a..b).collect()
}

/// The characters of a line that are not spaces.
pub struct Letters<'a> {
    characters: Vec<&'a Character>,
    /// Whether the recogniser read a space before each of them.
    after_space: Vec<bool>,
    /// Width of a time step in pixels of the line image.
    step: f32,
}

impl<'a> Letters<'a> {
    pub fn of(reading: &'a LineCharacters) -> Letters<'a> {
        let mut letters = Letters {
            characters: Vec::new(),
            after_space: Vec::new(),
            step: reading.step,
        };
        let mut space = false;
        for character in &reading.characters {
            if character.text.trim().is_empty() {
                space = true;
            } else {
                letters.characters.push(character);
                letters.after_space.push(space);
                space = false;
            }
        }
        letters
    }

    pub fn glyphs(&self, piece: &Piece) -> Vec<LineGlyph<'a>> {
        let glyph = |i: usize| LineGlyph {
            text: &self.characters[i].text,
            centre: self.centre(i),
            gap: match i {
                0 => 0,
                _ => self.gap(piece, i).map_or(0, |gap| gap.len()),
            },
            space: self.characters[i].space_before,
            read_space: self.after_space[i],
        };
        (0..self.characters.len()).map(glyph).collect()
    }

    /// In pixels of the line image.
    fn centre(&self, i: usize) -> f32 {
        let (first, last) = self.characters[i].steps;
        (first + last + 1) as f32 / 2.0 * self.step
    }

    /// The centre as a column of the piece.
    fn column(&self, piece: &Piece, i: usize) -> usize {
        (self.centre(i) as usize).min(piece.inked.len())
    }

    /// The widest run of columns without ink between a character and the one before.
    fn gap(&self, piece: &Piece, i: usize) -> Option<Range<usize>> {
        let left = self.column(piece, i - 1);
        let right = self.column(piece, i).max(left);
        split::widest_gap(&piece.inked, left..right)
    }

    fn word(&self, piece: &Piece, range: Range<usize>, starts: &[WordStart]) -> RecognisedWord {
        let (from, to) = self.extent(piece, &range);
        let width = piece.inked.len().max(1) as f32;
        let share = |x: usize| (x as f32 / width).clamp(0.0, 1.0);
        let mut word = RecognisedWord {
            text: String::new(),
            bounds: piece.quad.part(share(from), share(to)).bounds(),
            confidence: 1.0,
            characters: Vec::new(),
        };
        for i in range {
            // A word may be misread as two, or two as one, where each letter is certain.
            let c = self.characters[i];
            let confidence = c.confidence.min(starts[i].confidence);
            word.text.push_str(&c.text);
            word.confidence = word.confidence.min(confidence);
            word.characters.extend(c.text.chars().map(|_| confidence));
        }
        word
    }

    /// The columns of a word: from the gap before it to the gap after it, without the
    /// blank columns at its ends.
    fn extent(&self, piece: &Piece, range: &Range<usize>) -> (usize, usize) {
        // The column between a character and the one before.
        let parting = |i: usize| match self.gap(piece, i) {
            Some(gap) => (gap.start + gap.end) / 2,
            None => (self.column(piece, i - 1) + self.column(piece, i)) / 2,
        };
        let from = match range.start {
            0 => 0,
            start => parting(start),
        };
        let to = match range.end == self.characters.len() {
            true => piece.inked.len(),
            false => parting(range.end),
        };
        let ink = |x: &usize| piece.inked[*x];
        let first = (from..to).find(ink).unwrap_or(from);
        let end = (from..to).rev().find(ink).map_or(to, |x| x + 1);
        (first, end.max(first))
    }
}
