//! Completes the texts of lines of a list by the cells of the page in which they stand: a
//! reader may stop before the end of a cell or of its continuation below, and copy the
//! number or the code of the cells beside it.

use std::collections::HashMap;

use serde_json::Value;

use super::table::{ROW, Table};
use crate::documents::validation::cells::{PageCells, TextCell};
use crate::documents::validation::evidence::{Place, Row, ValueKind};
use crate::documents::validation::evidence::{Span, TextSources};
use crate::documents::validation::words;
use crate::domain::{DocType, Fields, Finding, FindingCode};

/// Most lines of a text below its first.
const MAX_LINES: usize = 3;
/// Digits of which a word below a text is a number of its own, such as a serial number.
const ID_DIGITS: usize = 5;

/// Adds a finding for each change.
pub fn complete(doc_type: &DocType, fields: &mut Fields, sources: &TextSources) -> Vec<Finding> {
    let mut findings = Vec::new();
    let page_cells: HashMap<u32, PageCells> = sources
        .preferred()
        .iter()
        .map(|text| (text.page, PageCells::of(text)))
        .collect();
    for (name, value) in fields {
        let (Some(schema), Value::Array(list)) = (doc_type.line_properties(name), value) else {
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
                let Some(page_cells) = page_cells.get(&place.text.page) else {
                    continue;
                };
                if let Some(text) = whole(page_cells, &place, *row, next.copied()) {
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
fn whole(page_cells: &PageCells, place: &Place, row: Row, next: Option<Row>) -> Option<String> {
    let Span { first, last } = place.span;
    let has = |cell: &TextCell, word: usize| cell.words.contains(&word);
    let of_row = page_cells
        .rows
        .iter()
        .find(|cells| cells.iter().any(|cell| has(cell, first)))?;
    if !(first..=last).all(|word| of_row.iter().any(|cell| has(cell, word))) {
        return None;
    }
    let mut cells: Vec<&TextCell> = of_row
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
    let (block, line) = page_cells.place(at(cell))?;
    let right = block.lines.iter().map(|cell| cell.bbox[2]);
    let right = right.fold(0.0, f32::max);
    for lines in block.lines[line..].windows(2).take(MAX_LINES) {
        let [above, below] = lines else { break };
        if has_room(place, above, below, right) || !continues(page_cells, place, below, row, next) {
            break;
        }
        texts.push(&below.text);
    }
    Some(texts.join(" "))
}

/// Whether the first word of `below` would have fitted behind `above` in a column that
/// ends at `right`: then it does not continue it.
fn has_room(place: &Place, above: &TextCell, below: &TextCell, right: f32) -> bool {
    let word = &place.text.words[below.words[0]];
    let letters = word.plain.chars().count().max(1);
    let blank = (word.bbox[2] - word.bbox[0]) / letters as f32;
    above.bbox[2] + blank + (word.bbox[2] - word.bbox[0]) < right
}

/// The first word of a cell.
fn at(cell: &TextCell) -> Span {
    Span {
        first: cell.words[0],
        last: cell.words[0],
    }
}

/// Whether a word is an amount, a quantity (`x2`, `x 2`) or a colon before one.
fn is_value(place: &Place, word: usize) -> bool {
    let mut numbers = place.text.numbers.iter();
    let is_money = numbers.any(|number| number.value.is_money && number.span.first == word);
    let text = place.text.words[word].plain.as_str();
    let behind_sign = text.strip_prefix(['x', 'X', '×']);
    let is_quantity = behind_sign.is_some_and(|rest| !rest.contains(char::is_alphabetic));
    is_money || is_quantity || text.starts_with(':')
}

/// Whether a cell below a text is its continuation: nothing else stands on its line, it
/// is before the next line of the list, and it is no number or detail of its own.
fn continues(
    page_cells: &PageCells,
    place: &Place,
    below: &TextCell,
    row: Row,
    next: Option<Row>,
) -> bool {
    let alone = page_cells
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
    text.contains(':')
        || text.starts_with(['(', '*', '=', '-', '+'])
        || text.split_whitespace().any(has_id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::types::DocTypes;
    use crate::documents::validation::evidence::tests::page;

    /// The descriptions after completion, and the number of findings.
    fn completed(rows: &[&str], lines: Value) -> (Vec<String>, usize) {
        let types = DocTypes::load(None).unwrap();
        let mut fields = json!({ "line_items": lines }).as_object().unwrap().clone();
        let page = page(0, rows);
        let sources = TextSources::of(&[&page]);
        let findings = complete(types.get("invoice").unwrap(), &mut fields, &sources);
        let lines = fields["line_items"].as_array().unwrap();
        let descriptions = lines
            .iter()
            .map(|line| line["description"].as_str().unwrap_or_default().to_owned());
        (descriptions.collect(), findings.len())
    }

    fn line(description: &str, total: &str) -> Value {
        json!({"description": description, "quantity": "1", "unit_price": total, "line_total": total})
    }

    const ROWS: [&str; 6] = [
        "Description|Qty|Amount",
        "Luftballon: Bunt, ca. 500ml|1|316.00",
        "Serial: 80532601",
        "Design (hours): Of a sample and of a|1|160.00",
        "sketch",
        "C53050|Cheese spryest 500g|1|11.61",
    ];

    #[test]
    fn a_description_ends_where_its_cell_ends_and_goes_on_below_where_it_had_no_room() {
        let read = json!([
            line("Luftballon: Bunt, ca.", "316.00"),
            line("Design (hours): Of a sample", "160.00"),
            line("C53050 Cheese spryest 500g", "11.61"),
        ]);
        let whole = [
            "Luftballon: Bunt, ca. 500ml",
            "Design (hours): Of a sample and of a sketch",
            "Cheese spryest 500g",
        ];
        let (completed, findings) = completed(&ROWS, read);
        assert_eq!(completed, whole);
        assert_eq!(findings, 3);
    }

    #[test]
    fn quantities_amounts_and_details_are_no_part_of_a_description() {
        let rows = [
            "Lamp Battery x2|9.00",
            "Milk 4.50|4.50",
            "Bread",
            "(SN 54974)|2.00",
        ];
        let read = ["Lamp Battery", "Milk", "Bread"];
        let lines = json!([
            line(read[0], "9.00"),
            line(read[1], "4.50"),
            line(read[2], "2.00")
        ]);
        assert_eq!(
            completed(&rows, lines),
            (read.map(str::to_owned).to_vec(), 0)
        );
    }
}
