//! Finds the quantity and the price of lines whose product is not the amount.

use serde_json::Value;

use super::table::{Cell, Product, Table, cells, decimal, pair, quantity_and_price};
use crate::documents::validation::evidence::{Row, TextSources};
use crate::documents::validation::words;
use crate::domain::{DocType, Fields, Finding, FindingCode};

/// Sets missing or misread factors of a line where its row on the page has one pair of
/// numbers whose product is the line's amount, with a finding for each line.
pub fn complete(
    doc_type: &DocType,
    fields: &mut Fields,
    sources: &TextSources,
    product: &Product,
) -> Vec<Finding> {
    let (Some(schema), Some(Value::Array(list))) = (
        doc_type.line_properties(product.list),
        fields.get_mut(product.list),
    ) else {
        return Vec::new();
    };
    if list.iter().all(|line| product.holds(line)) {
        return Vec::new();
    }
    let table = Table::of(list, schema, sources, &product.factors);
    let mut findings = Vec::new();
    for (index, line) in list.iter_mut().enumerate() {
        if product.holds(line) {
            continue;
        }
        let Some(found) = of_row(&table, index, line, product) else {
            continue;
        };
        for (name, cell) in product.factors.into_iter().zip(found) {
            if decimal(line.get(name)) == Some(cell.value) {
                continue;
            }
            let read = std::mem::replace(&mut line[name], Value::String(cell.value.to_string()));
            let field = format!("{}[{index}].{name}", product.list);
            let before = match read.as_str() {
                Some(read) => format!("read as {read}"),
                None => "not read".to_owned(),
            };
            let message = format!(
                "{} was {before}; {} is stored: the page prints it in this row, and quantity times price is the amount only with it",
                words::field(doc_type, &field),
                cell.value
            );
            findings.push(Finding::new(
                FindingCode::CompletedByArithmetic,
                Some(&field),
                message,
            ));
        }
    }
    findings
}

/// Quantity and price of the line's row; `None` where no pair or several fit.
fn of_row(table: &Table, index: usize, line: &Value, product: &Product) -> Option<[Cell; 2]> {
    let amount = decimal(line.get(product.amount))?;
    let row = table.rows[index]?;
    let mut leaves = table.lines[index].leaves.iter();
    let place = leaves
        .find(|leaf| leaf.path == product.amount)?
        .in_row(row)?;
    let mut others = cells(place.text, Row::of(&place));
    others.retain(|cell| cell.is_apart(place.span));
    Some(quantity_and_price(pair(&others, amount)?))
}
