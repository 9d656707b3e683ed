//! Finds quantities that a reader took from another line of a list.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::table::{Table, decimal};
use crate::documents::validation::evidence::{
    Leaf, LineLeaves, Place, Row, TextSources, ValueKind, on_one_line,
};
use crate::documents::validation::words;
use crate::documents::values::number;
use crate::domain::{DocType, Fields, Finding, FindingCode, Format, scalar_text};

/// Distance, in heights of a line, within which a quantity belongs to either of two
/// lines: some receipts print it above the amount, some below.
const TIE: f32 = 0.4;

/// Sets quantities that stand only on other lines, or that are the line's amount
/// itself, to the schema's default, with a finding for each. Quantities without a
/// place on the page stay.
pub fn correct(doc_type: &DocType, fields: &mut Fields, sources: &TextSources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in fields {
        let (Some(schema), Value::Array(list)) = (doc_type.line_properties(name), value) else {
            continue;
        };
        let Some((quantity, default)) = with_default(schema) else {
            continue;
        };
        for (index, printed) in beside_signs(list, quantity, schema, sources) {
            let field = format!("{name}[{index}].{quantity}");
            let message = format!(
                "{}: set to {printed}, which its row prints beside a multiplication sign; the reader copied {}",
                words::field(doc_type, &field),
                text(&list[index][quantity])
            );
            list[index][quantity] = Value::String(printed.to_string());
            findings.push(Finding::new(FindingCode::Normalised, Some(&field), message));
        }
        for index in elsewhere(list, quantity, schema, sources) {
            let field = format!("{name}[{index}].{quantity}");
            let read = std::mem::replace(&mut list[index][quantity], default.clone());
            let message = format!(
                "{} was read as {}, which is of another line or the amount; {} is stored, since the line prints no quantity",
                words::field(doc_type, &field),
                text(&read),
                text(default)
            );
            findings.push(Finding::new(FindingCode::Normalised, Some(&field), message));
        }
    }
    findings
}

fn text(value: &Value) -> String {
    scalar_text(value).unwrap_or_default()
}

/// The quantity of a line that has a default.
fn with_default(properties: &Map<String, Value>) -> Option<(&str, &Value)> {
    properties.iter().find_map(|(name, property)| {
        let default = property.get("default")?;
        (Format::of(property) == Some(Format::Quantity)).then_some((name.as_str(), default))
    })
}

/// The lines whose row prints one quantity beside a multiplication sign, which is not
/// the one that was read.
fn beside_signs(
    list: &[Value],
    quantity: &str,
    schema: &Map<String, Value>,
    sources: &TextSources,
) -> Vec<(usize, Decimal)> {
    let table = Table::of(list, schema, sources, &[quantity]);
    let printed = |index: usize| {
        let amount = leaf(&table.lines[index], ValueKind::Amount)?;
        let place = amount.in_row(table.rows[index]?)?;
        let page = place.text;
        let mut words: Vec<usize> = (0..page.words.len())
            .filter(|&word| on_one_line(page.words[word].bbox, place.bbox()))
            .collect();
        words.sort_by(|a, b| page.words[*a].bbox[0].total_cmp(&page.words[*b].bbox[0]));
        let words: Vec<&str> = words
            .iter()
            .map(|&word| page.words[word].plain.as_str())
            .collect();
        let printed = beside_sign(&words)?;
        let of_line = |name: &str| decimal(list[index].get(name));
        let mut others = list[index]
            .as_object()?
            .keys()
            .filter(|name| *name != quantity);
        let is_amount = others.any(|name| of_line(name) == Some(printed));
        (!is_amount && of_line(quantity) != Some(printed)).then_some((index, printed))
    };
    (0..list.len()).filter_map(printed).collect()
}

/// The quantity of `x4`, `4x`, `x 4` or `4 x 2.80`; `None` for none or several.
fn beside_sign(words: &[&str]) -> Option<Decimal> {
    const SIGNS: [char; 3] = ['x', 'X', '×'];
    let number = |word: &str| {
        let starts = word.starts_with(|c: char| c.is_ascii_digit());
        let number = number::plain(&word.replace(',', ".")).filter(|_| starts)?;
        (number > Decimal::ZERO && number < MOST.into()).then_some(number)
    };
    // A price follows the sign where its quantity was not recognised.
    let is_price = |word: &str| {
        let decimals = word.rsplit_once(['.', ',']).map(|(_, decimals)| decimals);
        decimals.is_some_and(|decimals| decimals.len() == 2 && decimals != "00")
    };
    let has_digit = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let mut found = words.iter().enumerate().filter_map(|(at, word)| {
        let before = at
            .checked_sub(1)
            .map(|before| words[before])
            .filter(has_digit);
        let behind = match word.strip_prefix(SIGNS) {
            Some("") => words.get(at + 1).copied(),
            behind => behind,
        };
        match (before, behind) {
            (Some(before), Some(_)) => number(before),
            (None, Some(behind)) if !is_price(behind) => number(behind),
            (None, Some(_)) => None,
            (_, None) => number(word.strip_suffix(SIGNS)?),
        }
    });
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// The lines whose quantity is on the page, but not with them.
fn elsewhere(
    list: &[Value],
    quantity: &str,
    schema: &Map<String, Value>,
    sources: &TextSources,
) -> Vec<usize> {
    let table = Table::of(list, schema, sources, &[quantity]);
    let amounts: Vec<Option<Place>> = table
        .lines
        .iter()
        .zip(&table.rows)
        .map(|(line, row)| leaf(line, ValueKind::Amount)?.in_row((*row)?))
        .collect();
    (0..list.len())
        .filter(|&index| {
            let quantity = leaf(&table.lines[index], ValueKind::Quantity);
            let amount = amounts[index].as_ref();
            quantity
                .zip(amount)
                .is_some_and(|(quantity, amount)| is_elsewhere(quantity, amount, &amounts))
        })
        .collect()
}

fn leaf<'a, 'b>(line: &'b LineLeaves<'a>, kind: ValueKind) -> Option<&'b Leaf<'a>> {
    line.leaves.iter().find(|leaf| leaf.kind == kind)
}

/// Whether each place of the quantity is nearer to the amount of another line, or is
/// that of the amount.
fn is_elsewhere(quantity: &Leaf, amount: &Place, amounts: &[Option<Place>]) -> bool {
    let own = Row::of(amount);
    let belongs = |place| {
        let Some(distance) = own.distance(place) else {
            return false;
        };
        let all = amounts.iter().flatten().map(Row::of);
        let nearest = all
            .filter_map(|row| row.distance(place))
            .fold(f32::INFINITY, f32::min);
        distance <= nearest + TIE && place.span != amount.span
    };
    !quantity.places.is_empty() && !quantity.places.iter().any(belongs)
}

/// A quantity of a receipt is less; a greater number is a code.
const MOST: u32 = 1000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::types::DocTypes;
    use crate::documents::validation::evidence::tests::page;

    /// The quantities after correction, and the lines with a finding.
    fn corrected(rows: &[&str], items: Value) -> (Vec<String>, Vec<String>) {
        let types = DocTypes::load(None).unwrap();
        let mut fields = json!({ "items": items }).as_object().unwrap().clone();
        let mut page = page(0, rows);
        // As close as till printers set them.
        for word in &mut page.words {
            let top = word.bbox[1] * 0.52;
            word.bbox = [word.bbox[0], top, word.bbox[2], top + 0.012];
        }
        let findings = correct(
            types.get("receipt").unwrap(),
            &mut fields,
            &TextSources::of(&[&page]),
        );
        let items = fields["items"].as_array().unwrap();
        (
            items.iter().map(|item| text(&item["quantity"])).collect(),
            findings.into_iter().filter_map(|f| f.field).collect(),
        )
    }

    fn item(description: &str, quantity: &str, amount: &str) -> Value {
        json!({"description": description, "quantity": quantity, "amount": amount})
    }

    #[test]
    fn a_quantity_of_another_line_or_the_amount_itself_is_none() {
        let rows = [
            "Paper A4||",
            "2 x 5.49||10.98",
            "Ball pens||3.99",
            "Folder||",
            "4 x 1.25||5.00",
            "Stapler||8.75",
        ];
        let items = json!([
            item("Paper A4", "2", "10.98"),
            item("Ball pens", "2", "3.99"),
            item("Folder", "4", "5.00"),
            item("Stapler", "8.75", "8.75"),
        ]);
        let (quantities, changed) = corrected(&rows, items);
        assert_eq!(quantities, ["2", "1", "4", "1"]);
        assert_eq!(changed, ["items[1].quantity", "items[3].quantity"]);
    }

    #[test]
    fn a_quantity_may_stand_below_its_amount_or_in_a_column() {
        let below = ["Paper A4||10.98", "2 x 5.49||", "Ball pens||3.99"];
        let items = json!([
            item("Paper A4", "2", "10.98"),
            item("Ball pens", "1", "3.99")
        ]);
        assert_eq!(corrected(&below, items).0, ["2", "1"]);
        let columns = ["Tea|2|4.00", "Cake|3|9.00"];
        let items = json!([item("Tea", "2", "4.00"), item("Cake", "3", "9.00")]);
        assert_eq!(corrected(&columns, items).1, [""; 0]);
    }

    #[test]
    fn a_quantity_stands_beside_a_multiplication_sign() {
        let of =
            |row: &str| beside_sign(&row.split(' ').collect::<Vec<_>>()).map(|n| n.to_string());
        for (row, quantity) in [
            ("BERUS x3 61.50", Some("3")),
            ("MILK 2x 9.00", Some("2")),
            ("9555221301081 4 X 2.80 11.20", Some("4")),
            ("Nusbrour x3.428 12.10", Some("3.428")),
            ("Nusbrour 2.00 x 4.77 9.54", Some("2.00")),
            ("9064422 X 1.50 3.00", None),
            ("Nasi 2 X4.77 9.54", Some("2")),
            ("Nasi PCS X4.77 9.54", None),
            ("TISSUE x 12 60.00", Some("12")),
            ("Box 5 61.50", None),
            ("BOLT 3x 4x 1.00", None),
            ("x9555221301081 2.00", None),
        ] {
            assert_eq!(of(row).as_deref(), quantity, "{row}");
        }
    }
}
