//! Lays a page's words out as text for a reader with `anchor = "text"`. Training uses
//! the same rules (`training/weights/page_text.py`; both are tested on the same cases).

pub mod parts;
mod source;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use source::{LayerUse, segments};

/// A word of a text layer, or a text line of OCR, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment<'a> {
    pub text: &'a str,
    /// Left, top, right, bottom in any unit, the same for all segments; y grows
    /// downwards.
    pub bbox: [f32; 4],
}

/// A page as lines of text. Gaps between columns are two to six spaces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageText {
    /// Top to bottom; none is empty or has `"`, `\` or a line break.
    pub lines: Vec<String>,
    /// Cells of one column below each other, joined by a space: a value of several
    /// lines beside another column.
    pub columns: Vec<String>,
}

/// Least gap between two cells, in widths of a letter.
const CELL_GAP: f32 = 1.6;
/// Widest gap that is written, in spaces.
const MAX_SPACES: usize = 6;

impl PageText {
    pub fn lay_out(segments: &[Segment<'_>]) -> PageText {
        let placed: Vec<PlacedSegment> = segments.iter().filter_map(PlacedSegment::of).collect();
        let rows = rows(placed);
        let letter = letter_width(&rows);
        let lines: Vec<Vec<LineCell>> = rows.iter().map(|row| cells(row, letter)).collect();
        PageText {
            columns: columns(&lines, letter),
            lines: lines.iter().map(|cells| line(cells)).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// The text without characters that would end the quoting of a prompt or of a JSON
/// string, white space collapsed.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push('\''),
            '\\' => out.push('/'),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'
            | '\u{feff}'
            | '\u{ad}' => {}
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.trim().replace("<|", "< |")
}

#[derive(Clone, Debug)]
struct PlacedSegment {
    text: String,
    left: f32,
    right: f32,
    middle: f32,
    height: f32,
}

impl PlacedSegment {
    fn of(segment: &Segment<'_>) -> Option<PlacedSegment> {
        let [x0, y0, x1, y1] = segment.bbox;
        let text = clean(segment.text);
        let is_placed = segment.bbox.iter().all(|side| side.is_finite());
        (is_placed && !text.is_empty()).then(|| PlacedSegment {
            text,
            left: x0,
            right: x1,
            middle: (y0 + y1) / 2.0,
            height: y1 - y0,
        })
    }
}

/// Segments by line, top to bottom, each line from left to right.
fn rows(mut segments: Vec<PlacedSegment>) -> Vec<Vec<PlacedSegment>> {
    segments.sort_by(|a, b| a.middle.total_cmp(&b.middle));
    let mut rows: Vec<Vec<PlacedSegment>> = Vec::new();
    for segment in segments {
        match rows.last_mut().filter(|row| is_on_line(&segment, row)) {
            Some(row) => row.push(segment),
            None => rows.push(vec![segment]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
    }
    rows
}

fn is_on_line(segment: &PlacedSegment, row: &[PlacedSegment]) -> bool {
    let mean = |of: fn(&PlacedSegment) -> f32| row.iter().map(of).sum::<f32>() / row.len() as f32;
    let (middle, height) = (mean(|p| p.middle), mean(|p| p.height));
    let distance = (segment.middle - middle).abs();
    distance < 0.5 * segment.height.min(height) || distance < 0.35 * segment.height.max(height)
}

/// Median width of a letter in segments with more than two letters.
fn letter_width(rows: &[Vec<PlacedSegment>]) -> f32 {
    let mut widths: Vec<f32> = rows
        .iter()
        .flatten()
        .map(|segment| (segment, segment.text.chars().count()))
        .filter(|(_, count)| *count > 2)
        .map(|(segment, count)| (segment.right - segment.left) / count as f32)
        .collect();
    widths.sort_by(f32::total_cmp);
    let median = widths.get(widths.len() / 2).copied();
    median.unwrap_or(8.0).max(1e-3)
}

/// Neighbouring segments of a line with small gaps.
#[derive(Clone, Debug)]
struct LineCell {
    text: String,
    left: f32,
    /// Spaces before it on its line; 0 for the first.
    spaces: usize,
}

fn cells(row: &[PlacedSegment], letter: f32) -> Vec<LineCell> {
    let mut cells: Vec<LineCell> = Vec::new();
    let mut end = f32::NEG_INFINITY;
    for segment in row {
        let gap = (segment.left - end) / letter;
        match cells.last_mut() {
            Some(cell) if gap < CELL_GAP => {
                cell.text.push(' ');
                cell.text.push_str(&segment.text);
            }
            last => {
                let spaces = last.map_or(0, |_| MAX_SPACES.min(2 + (gap / 4.0) as usize));
                cells.push(LineCell {
                    text: segment.text.clone(),
                    left: segment.left,
                    spaces,
                });
            }
        }
        end = segment.right;
    }
    cells
}

fn line(cells: &[LineCell]) -> String {
    let mut line = String::new();
    for cell in cells {
        line.extend(std::iter::repeat_n(' ', cell.spaces));
        line.push_str(&cell.text);
    }
    line
}

/// Runs of left-aligned cells on neighbouring lines, where a line has more than one
/// cell. Text without other cells on its lines is in `lines` already.
fn columns(lines: &[Vec<LineCell>], letter: f32) -> Vec<String> {
    let mut open: Vec<(f32, String, usize, bool)> = Vec::new();
    let mut done = Vec::new();
    for (index, cells) in lines.iter().enumerate() {
        for cell in cells {
            let near = |left: f32| (left - cell.left).abs() < 2.0 * letter;
            // A line of another column may be between two of this one.
            let run = open
                .iter_mut()
                .find(|(left, _, last, _)| near(*left) && index - *last <= 2 && index > *last);
            match run {
                Some((_, text, last, is_beside)) => {
                    text.push(' ');
                    text.push_str(&cell.text);
                    *last = index;
                    *is_beside |= cells.len() > 1;
                }
                None => open.push((cell.left, cell.text.clone(), index, cells.len() > 1)),
            }
        }
        let (still, ended): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|(_, _, last, _)| index - last < 2);
        open = still;
        done.extend(ended);
    }
    done.extend(open);
    done.into_iter()
        .filter(|(_, text, _, is_beside)| *is_beside && text.contains(' '))
        .map(|(_, text, _, _)| text)
        .collect()
}
