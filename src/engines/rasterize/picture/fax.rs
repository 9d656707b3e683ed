//! Fax coding of black and white rows: ITU-T T.4 (Group 3, one and two
//! dimensions), T.6 (Group 4) and TIFF's own variant of Group 3.

use std::convert::Infallible;

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, ByteReader, Color};

/// How rows are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Group 3 in one dimension without ends of line; each row begins at a byte
    /// boundary (TIFF 6.0, section 10).
    Rle,
    /// With ends of line; in two dimensions the bit after each states the coding of
    /// the next row.
    Group3 {
        two_dimensional: bool,
    },
    Group4,
}

/// An end of line: number of bits and their value.
const END: (u8, u16) = (12, 1);

/// Pixel positions (from 0) at which a row changes its colour, increasing and all
/// below the width. A row begins white.
type ChangingElements = Vec<u32>;

/// The rows of a strip, at most `height`, each with `width` pixels; true is black.
/// Ends at the first row that cannot be decoded.
pub fn rows(bytes: &[u8], coding: Coding, width: u32, height: u32) -> Vec<Vec<bool>> {
    let bits = bytes.iter().map(|&byte| Ok::<u8, Infallible>(byte));
    let Ok(reader) = ByteReader::new(bits);
    let mut decoder = FaxDecoder {
        reader,
        width,
        reference: ChangingElements::new(),
    };
    let mut rows = Vec::new();
    while rows.len() < height as usize {
        let Some(changes) = decoder.row(coding) else {
            break;
        };
        rows.push(pixels(&changes, width));
        decoder.reference = changes;
    }
    rows
}

fn pixels(changes: &[u32], width: u32) -> Vec<bool> {
    let mut row = vec![false; width as usize];
    for pair in changes.chunks(2) {
        let end = pair.get(1).map_or(width, |end| *end);
        row[pair[0] as usize..end as usize].fill(true);
    }
    row
}

struct FaxDecoder<R> {
    reader: ByteReader<R>,
    width: u32,
    /// The row before.
    reference: ChangingElements,
}

impl<R: Iterator<Item = Result<u8, Infallible>>> FaxDecoder<R> {
    /// The next row; `None` at the end of the data and where they are damaged.
    fn row(&mut self, coding: Coding) -> Option<ChangingElements> {
        match coding {
            Coding::Group4 => self.row_by_reference(),
            Coding::Rle => {
                let row = self.row_by_runs();
                let rest = self.reader.bits_to_byte_boundary();
                let _ = self.reader.consume(rest);
                row
            }
            Coding::Group3 { two_dimensional } => {
                let is_by_runs = self.skip_ends_of_line(two_dimensional)?;
                let row = match is_by_runs.unwrap_or(true) {
                    true => self.row_by_runs(),
                    false => self.row_by_reference(),
                };
                row.or_else(|| self.resume())
            }
        }
    }

    /// Skips to the next end of line and repeats the previous row in place of the
    /// damaged one; `None` at the end of the data.
    fn resume(&mut self) -> Option<ChangingElements> {
        while self.reader.peek(END.0)? != END.1 {
            let Ok(()) = self.reader.consume(1);
        }
        Some(self.reference.clone())
    }

    /// Skips fill bits and ends of line. Returns the tag bit of the last one, which
    /// says whether the next row is coded in one dimension. `None`: six ends of line
    /// in a row end the page.
    fn skip_ends_of_line(&mut self, tagged: bool) -> Option<Option<bool>> {
        let mut tag = None;
        for count in 0.. {
            while self.reader.peek(END.0) == Some(0) {
                let Ok(()) = self.reader.consume(1);
            }
            if self.reader.peek(END.0) != Some(END.1) {
                break;
            }
            let Ok(()) = self.reader.consume(END.0);
            if tagged {
                tag = Some(self.reader.peek(1)? == 1);
                let Ok(()) = self.reader.consume(1);
            }
            if count == 5 {
                return None;
            }
        }
        Some(tag)
    }

    fn row_by_runs(&mut self) -> Option<ChangingElements> {
        let mut row = FaxRow::new(self.width);
        let mut colour = Color::White;
        while row.at < self.width {
            row.run(self.length(colour)?);
            colour = !colour;
        }
        Some(row.changes)
    }

    /// A row coded by its differences from the previous row (T.4, 4.2).
    fn row_by_reference(&mut self) -> Option<ChangingElements> {
        let mut row = FaxRow::new(self.width);
        let mut colour = Color::White;
        let mut has_begun = false;
        while row.at < self.width {
            let (b1, b2) = self.changes_after(has_begun.then_some(row.at), colour);
            match mode::decode(&mut self.reader)? {
                Mode::Pass => row.at = b2,
                Mode::Horizontal => {
                    row.run(self.length(colour)?);
                    row.run(self.length(!colour)?);
                }
                Mode::Vertical(by) => {
                    let to = b1.checked_add_signed(by.into())?;
                    row.run(to.checked_sub(row.at)?);
                    colour = !colour;
                }
                Mode::Extension | Mode::EOF => return None,
            }
            has_begun = true;
        }
        Some(row.changes)
    }

    /// The first change of the previous row that is right of `at` and from `colour`
    /// to the other colour, and the change after it (b1 and b2 of T.4).
    fn changes_after(&self, at: Option<u32>, colour: Color) -> (u32, u32) {
        let reference = &self.reference;
        let right = match at {
            Some(at) => reference.partition_point(|change| *change <= at),
            None => 0,
        };
        let from_black = usize::from(colour == Color::Black);
        let first = right + (right % 2 + from_black) % 2;
        let change = |index: usize| reference.get(index).copied().unwrap_or(self.width);
        (change(first), change(first + 1))
    }

    /// Length of a run in pixels: make-up codes of 64 and more, then a terminating
    /// code below 64.
    fn length(&mut self, colour: Color) -> Option<u32> {
        let mut sum = 0u32;
        loop {
            let part = match colour {
                Color::White => white::decode(&mut self.reader)?,
                Color::Black => black::decode(&mut self.reader)?,
            };
            sum = sum.checked_add(part.into())?;
            if part < 64 {
                return Some(sum);
            }
        }
    }
}

/// A row while it is decoded.
struct FaxRow {
    changes: ChangingElements,
    width: u32,
    at: u32,
}

impl FaxRow {
    fn new(width: u32) -> FaxRow {
        FaxRow {
            changes: ChangingElements::new(),
            width,
            at: 0,
        }
    }

    /// Adds `length` pixels and changes the colour.
    fn run(&mut self, length: u32) {
        self.at = self.at.saturating_add(length);
        if self.changes.last() == Some(&self.at) {
            // A run of no pixels: the colour changes back.
            self.changes.pop();
        } else if self.at < self.width {
            self.changes.push(self.at);
        }
    }
}
