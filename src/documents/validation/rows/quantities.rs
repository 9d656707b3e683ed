//! Finds quantities that a reader took from another line of a list.

use serde_json::{Map, Value};

use super::table::Table;
use crate::documents::validation::evidence::{
    Leaf, LineLeaves, Place, Row, TextSources, ValueKind,
};
use crate::documents::validation::words;
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
}
