//! Completes the texts of lines of a list by the cells of the page in which they stand: a
//! reader may stop before the end of a cell or of its continuation below, and copy the
//! number or the code of the cells beside it.

use std::collections::HashMap;

use serde_json::Value;

use super::table::{ROW, Table, line_schema};
use crate::documents::validation::evidence::{Place, Row, ValueKind};
use crate::documents::validation::evidence::{Span, TextSources};
use crate::documents::validation::layout::{Cell, Layout};
use crate::documents::validation::words;
use crate::domain::{DocType, Fields, Finding, FindingCode};

/// Most lines of a text below its first.
const MAX_LINES: usize = 3;
/// Digits of which a word below a text is a number of its own, such as a serial number.
const ID_DIGITS: usize = 5;

/// Adds a finding for each change.
pub fn complete(doc_type: &DocType, fields: &mut Fields, sources: &TextSources) -> Vec<Finding> {
    let mut findings = Vec::new();
    let layouts: HashMap<u32, Layout> = sources
        .preferred()
        .iter()
        .map(|text| (text.page, Layout::of(text)))
        .collect();
    for (name, value) in fields {
        let (Some(schema), Value::Array(list)) = (line_schema(doc_type, name), value) else {
            continue;
        };
        let table = Table::of(list, schema, sources, &[]);
        let mut changes = Vec::new();
        for (index, (line, row)) in table.lines.iter().zip(&table.rows).enumerate() {
            let Some(row) = row else { continue };
            let next = table.rows[index + 1..].iter().flatten().next();
            let texts = line
                .leaves
                .iter()
                .filter(|leaf| leaf.kind == ValueKind::Text);
            for leaf in texts {
                let Some(place) = leaf.in_row(*row) else {
                    continue;
                };
                let Some(layout) = layouts.get(&place.text.page) else {
                    continue;
                };
                if let Some(text) = whole(layout, &place, *row, next.copied()) {
                    changes.push((index, leaf.path.clone(), text));
                }
            }
        }
        for (index, leaf, text) in changes {
            let field = format!("{name}[{index}].{leaf}");
            let read = list[index][&leaf].as_str().unwrap_or_default();
            if read == text {
                continue;
            }
            let message = format!(
                "{}: the reader copied `{read}`; set to `{text}`, the whole text of its cell",
                words::field(doc_type, &field)
            );
            findings.push(Finding::new(FindingCode::Normalised, Some(&field), message));
            list[index][&leaf] = Value::String(text);
        }
    }
    findings
}

/// The text of the cell in which a place stands, with its continuation below; `None`
/// where it stands in no cell or in several.
fn whole(layout: &Layout, place: &Place, row: Row, next: Option<Row>) -> Option<String> {
    let Span { first, last } = place.span;
    let has = |cell: &Cell, word: usize| cell.words.contains(&word);
    let of_row = layout
        .rows
        .iter()
        .find(|cells| cells.iter().any(|cell| has(cell, first)))?;
    if !(first..=last).all(|word| of_row.iter().any(|cell| has(cell, word))) {
        return None;
    }
    let mut cells: Vec<&Cell> = of_row
        .iter()
        .filter(|cell| (first..=last).any(|word| has(cell, word)))
        .collect();
    cells.retain(|cell| !is_code(&cell.text));
    let [cell] = cells.as_slice() else {
        return None;
    };
    let added = cell
        .words
        .iter()
        .filter(|word| !(first..=last).contains(word));
    if cell.words[0] < first || added.clone().any(|word| is_value(place, *word)) {
        return None;
    }
    let mut texts = vec![cell.text.as_str()];
    let (block, line) = layout.place(at(cell))?;
    for below in block.lines[line + 1..].iter().take(MAX_LINES) {
        if !continues(layout, place, below, row, next) {
            break;
        }
        texts.push(&below.text);
    }
    Some(texts.join(" "))
}

/// The first word of a cell.
fn at(cell: &Cell) -> Span {
    Span {
        first: cell.words[0],
        last: cell.words[0],
    }
}

/// Whether a word is an amount, or a colon before one.
fn is_value(place: &Place, word: usize) -> bool {
    let mut numbers = place.text.numbers.iter();
    let is_money = numbers.any(|number| number.value.is_money && number.span.first == word);
    is_money || place.text.words[word].text.starts_with(':')
}

/// Whether a cell below a text is its continuation: nothing else stands on its line, it
/// is before the next line of the list, and it is no number or detail of its own.
fn continues(layout: &Layout, place: &Place, below: &Cell, row: Row, next: Option<Row>) -> bool {
    let alone = layout
        .rows
        .iter()
        .any(|cells| cells.len() == 1 && cells[0].words == below.words);
    let at = Place {
        text: place.text,
        span: at(below),
    };
    let mut dates = place.text.dates.iter();
    let has_date = dates.any(|date| below.words.contains(&date.span.first));
    let is_before = next.is_none_or(|next| {
        next.distance(&at).is_none_or(|distance| distance > ROW)
            && Row::of(&at).order() < next.order()
    });
    let is_own = row.distance(&at).is_some_and(|distance| distance > ROW);
    alone && is_before && is_own && !has_date && !is_detail(&below.text)
}

/// A number, or a code without blanks.
fn is_code(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit()) && !text.contains(' ')
}

/// `Serial: 4711`, `(SN 54974)`, `EAN 7790558955960`.
fn is_detail(text: &str) -> bool {
    let has_id = |word: &str| word.chars().filter(char::is_ascii_digit).count() >= ID_DIGITS;
    text.contains(':') || text.starts_with('(') || text.split_whitespace().any(has_id)
}
