//! Cells and blocks of a page: words of one column that stand below each other.

use super::evidence::{EvidencePage, Span, on_one_line};
use crate::domain::bbox_union;

/// Least gap between two cells of a line, in widths of a letter.
const CELL_GAP: f32 = 1.6;
/// Most letters by which the left edges of a block's lines differ.
const INDENT: f32 = 2.0;
/// Greatest gap between two lines of a block, in heights of a line.
const LINE_GAP: f32 = 2.5;

/// Neighbouring words of a line.
#[derive(Clone, Debug)]
pub struct TextCell {
    pub text: String,
    pub bbox: [f32; 4],
    /// Indices of the words on the page, from left to right.
    pub words: Vec<usize>,
}

impl TextCell {
    fn height(&self) -> f32 {
        self.bbox[3] - self.bbox[1]
    }
}

/// Cells below each other with one left or right edge, from top to bottom.
#[derive(Debug, Default)]
pub struct TextBlock {
    pub lines: Vec<TextCell>,
}

/// The text of cells of one line, two blanks apart.
pub fn text_of(cells: &[TextCell]) -> String {
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
    texts.join("  ")
}

/// The blocks of a page and the cells of each of its lines.
#[derive(Debug, Default)]
pub struct PageCells {
    pub blocks: Vec<TextBlock>,
    pub rows: Vec<Vec<TextCell>>,
}

impl PageCells {
    pub fn of(text: &EvidencePage) -> PageCells {
        let letter = letter_width(text);
        let rows: Vec<Vec<TextCell>> = rows(text)
            .iter()
            .map(|row| cells(text, row, letter))
            .collect();
        let mut blocks: Vec<TextBlock> = Vec::new();
        for cell in rows.iter().flatten() {
            let below = |edge: usize| {
                blocks.iter().rposition(|block| {
                    let last = block.lines.last();
                    last.is_some_and(|last| continues(last, cell, edge, letter))
                })
            };
            let above = below(LEFT).or_else(|| below(RIGHT));
            let above = above.map(|index| &mut blocks[index]);
            match above {
                Some(block) => block.lines.push(cell.clone()),
                None => blocks.push(TextBlock {
                    lines: vec![cell.clone()],
                }),
            }
        }
        PageCells { blocks, rows }
    }

    /// The block and its line (from 0) that have the words.
    pub fn place(&self, span: Span) -> Option<(&TextBlock, usize)> {
        self.block_of(|cell| cell.words.contains(&span.first))
    }

    /// The block and its line (from 0) of the cell to the left of one.
    pub fn left_of(&self, cell: &TextCell) -> Option<(&TextBlock, usize)> {
        let is_it = |other: &TextCell| other.words == cell.words;
        let row = self.rows.iter().find(|row| row.iter().any(is_it))?;
        let at = row.iter().position(is_it)?;
        let left = row.get(at.checked_sub(1)?)?;
        self.block_of(|cell| cell.words == left.words)
    }

    fn block_of(&self, is_it: impl Fn(&TextCell) -> bool) -> Option<(&TextBlock, usize)> {
        self.blocks.iter().find_map(|block| {
            let line = block.lines.iter().position(&is_it)?;
            Some((block, line))
        })
    }
}

/// Places of the edges in a box.
const LEFT: usize = 0;
const RIGHT: usize = 2;

/// Whether a cell stands directly below another, with the same edge.
fn continues(last: &TextCell, cell: &TextCell, edge: usize, letter: f32) -> bool {
    let height = last.height().min(cell.height());
    let gap = cell.bbox[1] - last.bbox[3];
    gap > -height / 2.0
        && gap < LINE_GAP * height
        && (cell.bbox[edge] - last.bbox[edge]).abs() < INDENT * letter
}

/// The words of each line, from top to bottom and left to right.
fn rows(text: &EvidencePage) -> Vec<Vec<usize>> {
    let bbox = |index: usize| text.words[index].bbox;
    let middle = |index: usize| bbox(index)[1] + bbox(index)[3];
    let mut order: Vec<usize> = (0..text.words.len()).collect();
    order.sort_by(|a, b| middle(*a).total_cmp(&middle(*b)));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for word in order {
        let row = rows
            .last_mut()
            .filter(|row| on_one_line(bbox(row[0]), bbox(word)));
        match row {
            Some(row) => row.push(word),
            None => rows.push(vec![word]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| bbox(*a)[0].total_cmp(&bbox(*b)[0]));
    }
    rows
}

/// Median width of a letter in words of at least three, as a share of the page's width.
fn letter_width(text: &EvidencePage) -> f32 {
    let mut widths: Vec<f32> = text
        .words
        .iter()
        .map(|word| (word, word.plain.chars().count()))
        .filter(|(_, letters)| *letters > 2)
        .map(|(word, letters)| (word.bbox[2] - word.bbox[0]) / letters as f32)
        .collect();
    widths.sort_by(f32::total_cmp);
    widths.get(widths.len() / 2).copied().unwrap_or(0.01)
}

fn cells(text: &EvidencePage, row: &[usize], letter: f32) -> Vec<TextCell> {
    let mut cells: Vec<TextCell> = Vec::new();
    for &index in row {
        let word = &text.words[index];
        let before = cells.last_mut().filter(|cell| {
            word.bbox[0] - cell.bbox[2] < CELL_GAP * letter || word.text.starts_with(':')
        });
        match before {
            Some(cell) => {
                cell.text.push(' ');
                cell.text.push_str(word.text.trim());
                cell.bbox = bbox_union(cell.bbox, word.bbox);
                cell.words.push(index);
            }
            None => cells.push(TextCell {
                text: word.text.trim().to_owned(),
                bbox: word.bbox,
                words: vec![index],
            }),
        }
    }
    cells
}
