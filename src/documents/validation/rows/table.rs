//! Lists as the tables of a page: their lines, rows and numbers.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::documents::validation::evidence::{
    EvidencePage, LineLeaves, Place, Row, Span, TextSources, best_source,
};
use crate::documents::values::number;
use crate::domain::{Check, DocType, Format};

/// A check that in each line of a list a quantity times a price is an amount.
pub struct Product<'a> {
    pub list: &'a str,
    /// In the schema's order: the quantity first.
    pub factors: [&'a str; 2],
    pub amount: &'a str,
}

impl Product<'_> {
    pub fn holds(&self, line: &Value) -> bool {
        let value = |name| decimal(line.get(name));
        let [a, b] = self.factors.map(value);
        let product = a.zip(b).and_then(|(a, b)| a.checked_mul(b));
        let difference = product
            .zip(value(self.amount))
            .map(|(p, amount)| p - amount);
        difference.is_some_and(|difference| difference.abs() <= ROUNDING)
    }
}

fn product(check: &Check) -> Option<Product<'_>> {
    let Check::Product {
        each: Some(list),
        of,
        equals,
        ..
    } = check
    else {
        return None;
    };
    let [a, b] = of.as_slice() else { return None };
    Some(Product {
        list,
        factors: [a, b],
        amount: equals,
    })
}

pub fn products(doc_type: &DocType) -> Vec<Product<'_>> {
    doc_type.checks().iter().filter_map(product).collect()
}

/// The first field of a list's lines that is a text: their description.
pub fn text_field(schema: &Map<String, Value>) -> Option<&String> {
    let mut fields = schema.iter();
    let text = fields.find(|(_, property)| Format::of(property).is_none())?;
    Some(text.0)
}

/// The lines of a list with their rows on the page.
pub struct Table<'a> {
    pub lines: Vec<LineLeaves<'a>>,
    pub rows: Vec<Option<Row>>,
}

impl<'a> Table<'a> {
    /// `without` are fields that do not decide a line's row: a value taken from another
    /// row would move it.
    pub fn of(
        list: &[Value],
        schema: &Map<String, Value>,
        sources: &'a TextSources,
        without: &[&str],
    ) -> Table<'a> {
        let line = |values: &Value| {
            let values = values.as_object().cloned().unwrap_or_default();
            best_source("", &values, Some(schema), sources).1
        };
        let lines: Vec<LineLeaves> = list.iter().map(line).collect();
        let mut before = None;
        let row = |line: &LineLeaves<'a>| {
            let row = line.without(without).row(before);
            before = row.or(before);
            row
        };
        let rows = lines.iter().map(row).collect();
        Table { lines, rows }
    }
}

/// Greatest distance of numbers of one row from each other, in heights of a line.
pub const ROW: f32 = 0.6;

/// Greatest difference of a rounded amount, in the currency's unit: half a cent.
const ROUNDING: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// A number in a row of the page.
#[derive(Clone, Copy)]
pub struct Cell {
    pub value: Decimal,
    pub is_money: bool,
    pub span: Span,
}

impl Cell {
    /// Whether the cells have no word in common.
    pub fn is_apart(&self, span: Span) -> bool {
        self.span.last < span.first || span.last < self.span.first
    }
}

/// Most numbers in the row of a line of a list.
const MAX_CELLS: usize = 32;

/// The numbers of a row without percentages, from left to right; none if they are more
/// than [`MAX_CELLS`]. A number in several notations is in it several times.
pub fn cells(text: &EvidencePage, row: Row) -> Vec<Cell> {
    let in_row = |span| {
        let distance = row.distance(&Place { text, span });
        distance.is_some_and(|distance| distance <= ROW)
    };
    let mut cells: Vec<Cell> = text
        .numbers
        .iter()
        .filter(|number| !number.value.is_percent && in_row(number.span))
        .map(|number| Cell {
            value: number.value.value,
            is_money: number.value.is_money,
            span: number.span,
        })
        .collect();
    if cells.len() > MAX_CELLS {
        return Vec::new();
    }
    let left = |cell: &Cell| text.words[cell.span.first].bbox[0];
    cells.sort_by(|a, b| left(a).total_cmp(&left(b)));
    cells
}

/// The only pair of cells, the left one first, whose product is the amount after
/// rounding; `None` for no pair or several with other values.
pub fn pair(cells: &[Cell], amount: Decimal) -> Option<[Cell; 2]> {
    let mut found: Option<[Cell; 2]> = None;
    for (index, left) in cells.iter().enumerate() {
        for right in cells[index + 1..].iter().filter(|c| c.is_apart(left.span)) {
            let product = left.value.checked_mul(right.value);
            if product.is_none_or(|product| (product - amount).abs() > ROUNDING) {
                continue;
            }
            match &found {
                Some([a, b]) if (a.value, b.value) == (left.value, right.value) => {}
                Some(_) => return None,
                None => found = Some([*left, *right]),
            }
        }
    }
    found
}

/// The pair as quantity and price. Of an integer and a number with two decimals, the
/// integer is the quantity; otherwise the left one.
pub fn quantity_and_price([left, right]: [Cell; 2]) -> [Cell; 2] {
    match left.is_money && !right.is_money {
        true => [right, left],
        false => [left, right],
    }
}

pub fn decimal(value: Option<&Value>) -> Option<Decimal> {
    number::plain(value?.as_str()?)
}
