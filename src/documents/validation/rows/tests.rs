use serde_json::{Value, json};

use super::table::{Cell, pair, quantity_and_price};
use super::*;
use crate::documents::types::DocTypes;
use crate::documents::validation::evidence::Span;
use crate::documents::validation::evidence::tests::page;
use crate::domain::FindingCode;

const ROWS: [&str; 5] = [
    "Description|Qty|Unit price|Amount",
    "1 Hex bolt M8|2|1.15|2.30",
    "2 Steel rod 1m|4|7.95|31.80",
    "3 Washer|8|2.85|22.80",
    "|Net||56.90",
];

/// The lines after repair, and the codes of the findings.
fn repaired(net: &str, lines: Value) -> (Value, Vec<FindingCode>, Draft) {
    let types = DocTypes::load(None).unwrap();
    let fields = json!({"net_total": net, "line_items": lines});
    let mut draft = Draft {
        fields: fields.as_object().unwrap().clone(),
        confidence: vec![
            ("line_items[0].line_total".into(), 0.5),
            ("line_items[1].line_total".into(), 0.6),
        ],
        ..Draft::default()
    };
    let mut findings = Vec::new();
    let page = page(0, &ROWS);
    repair(
        types.get("invoice").unwrap(),
        &mut draft,
        &TextSources::of(&[&page]),
        &mut findings,
    );
    let codes = findings.iter().map(|finding| finding.code).collect();
    (draft.fields["line_items"].clone(), codes, draft)
}

fn line(description: &str, quantity: Value, price: Value, total: &str) -> Value {
    json!({"description": description, "quantity": quantity, "unit_price": price, "line_total": total})
}

#[test]
fn missing_and_misread_factors_are_those_of_the_row_that_multiply_to_the_amount() {
    let lines = json!([
        line("Hex bolt M8", Value::Null, Value::Null, "2.30"),
        line("Steel rod 1m", json!("1"), json!("7.95"), "31.80"),
        line("Washer", json!("8"), json!("2.85"), "22.80"),
    ]);
    let (lines, codes, _) = repaired("56.90", lines);
    let right = json!([
        line("Hex bolt M8", json!("2"), json!("1.15"), "2.30"),
        line("Steel rod 1m", json!("4"), json!("7.95"), "31.80"),
        line("Washer", json!("8"), json!("2.85"), "22.80"),
    ]);
    assert_eq!(lines, right);
    assert_eq!(codes, [FindingCode::CompletedByArithmetic; 3]);
}

#[test]
fn a_line_that_was_left_out_is_added_where_the_total_proves_it() {
    let read = json!([
        line("Hex bolt M8", json!("2"), json!("1.15"), "2.30"),
        line("Washer", json!("8"), json!("2.85"), "22.80"),
    ]);
    let (lines, codes, draft) = repaired("56.90", read.clone());
    assert_eq!(
        lines[1],
        line("Steel rod 1m", json!("4"), json!("7.95"), "31.80")
    );
    assert_eq!(lines.as_array().unwrap().len(), 3);
    assert_eq!(codes, [FindingCode::CompletedByArithmetic]);
    assert_eq!(
        draft.confidence[1],
        ("line_items[2].line_total".into(), 0.6)
    );
    // Another total proves nothing.
    assert_eq!(repaired("60.00", read.clone()).0, read);
    // Without lines, all rows are found.
    assert_eq!(repaired("56.90", json!([])).0.as_array().unwrap().len(), 3);
}

#[test]
fn a_row_with_several_products_or_none_is_left_alone() {
    let cell = |value: &str, word| Cell {
        value: value.parse().unwrap(),
        is_money: value.contains('.'),
        span: Span {
            first: word,
            last: word,
        },
    };
    let several = [cell("2", 0), cell("6", 1), cell("3", 2), cell("4", 3)];
    assert!(pair(&several, 12.into()).is_none());
    assert!(pair(&several[..1], 12.into()).is_none());
    let price_first = quantity_and_price([cell("1.50", 0), cell("3", 1)]);
    assert_eq!(price_first[0].value, 3.into());
}
