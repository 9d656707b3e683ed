//! Replaces a list that does not add up to its total by the rows of the page that do:
//! neighbouring rows above the total whose last amounts have the total as their sum.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::table::{ROW, Table, cells, decimal, pair, quantity_and_price, text_field};
use crate::documents::validation::assemble::Draft;
use crate::documents::validation::cells::{PageCells, TextCell, text_of};
use crate::documents::validation::evidence::{
    Captions, EvidencePage, Place, Row, Span, TextSources,
};
use crate::documents::validation::{checks, printed, words};
use crate::domain::{Check, DocType, Fields, Finding, FindingCode, Format, count};

/// Fewest letters of a description.
const LETTERS: usize = 3;

/// A list, the amount of its lines and the fields of which one is their sum.
struct Listing<'a> {
    list: &'a str,
    amount: &'a str,
    totals: Vec<&'a str>,
    tolerance: Decimal,
}

/// A row of the page with an amount at its end.
struct AmountRow<'a> {
    place: Place<'a>,
    amount: Decimal,
    /// Index among the lines of the page.
    line: usize,
    /// Whether it is a charge, an allowance or a rounding, which a check adds itself.
    is_extra: bool,
}

/// Replaces lists, with a finding for each.
pub fn replace(
    doc_type: &DocType,
    draft: &mut Draft,
    sources: &TextSources,
    findings: &mut Vec<Finding>,
) {
    for check in doc_type.checks() {
        let Some(listing) = Listing::of(check) else {
            continue;
        };
        let Some(schema) = doc_type.line_properties(listing.list) else {
            continue;
        };
        let read = match draft.fields.get(listing.list) {
            Some(Value::Array(lines)) => lines.clone(),
            _ => continue,
        };
        if listing.adds_up(&draft.fields, &read) {
            continue;
        }
        let Some((lines, places)) =
            lines(doc_type, &listing, schema, &draft.fields, &read, sources)
        else {
            continue;
        };
        let message = format!(
            "{} set to the {} of the page that add up to the total; those read ({}) do not",
            words::field(doc_type, listing.list),
            count(lines.len() as u64, "row"),
            count(read.len() as u64, "line"),
        );
        draft.move_lines(listing.list, &places);
        findings.push(Finding::new(
            FindingCode::CompletedByArithmetic,
            Some(listing.list),
            message,
        ));
        draft
            .fields
            .insert(listing.list.to_owned(), Value::Array(lines));
    }
}

impl<'a> Listing<'a> {
    fn of(check: &'a Check) -> Option<Listing<'a>> {
        let alternatives = match check {
            Check::AnyOf(alternatives) => alternatives.as_slice(),
            check => std::slice::from_ref(check),
        };
        let mut listing: Option<Listing> = None;
        for check in alternatives {
            let Check::Sum {
                of,
                equals,
                tolerance,
            } = check
            else {
                return None;
            };
            let [path] = of.as_slice() else { return None };
            let (list, amount) = path.split_once("[].")?;
            let found = listing.get_or_insert(Listing {
                list,
                amount,
                totals: Vec::new(),
                tolerance: checks::allowed(tolerance),
            });
            if (found.list, found.amount) != (list, amount) {
                return None;
            }
            found.totals.push(equals);
        }
        listing
    }

    fn adds_up(&self, fields: &Fields, lines: &[Value]) -> bool {
        let amounts = lines.iter().map(|line| decimal(line.get(self.amount)));
        let sum: Option<Decimal> = amounts.sum();
        let totals = self
            .totals
            .iter()
            .filter_map(|total| decimal(fields.get(*total)));
        let mut differences = totals.filter_map(|total| sum?.checked_sub(total));
        differences.any(|difference| difference.abs() <= self.tolerance)
    }
}

/// The lines of the only run of rows that adds up to one of the totals, and where lines
/// that were read are among them.
fn lines(
    doc_type: &DocType,
    listing: &Listing,
    schema: &Map<String, Value>,
    fields: &Fields,
    read: &[Value],
    sources: &TextSources,
) -> Option<(Vec<Value>, BTreeMap<usize, usize>)> {
    let [text] = sources.preferred() else {
        return None;
    };
    let page_cells = PageCells::of(text);
    let rows = rows_above_total(doc_type, listing, text, &page_cells);
    let totals = listing
        .totals
        .iter()
        .filter_map(|total| decimal(fields.get(*total)));
    let run = only_run(&rows, &totals.collect::<Vec<_>>())?;
    let table = Table::of(read, schema, sources, &[]);
    let mut places = BTreeMap::new();
    let mut lines = Vec::new();
    for (index, row) in run.iter().enumerate() {
        let from = match index {
            0 => row.line.saturating_sub(1),
            _ => run[index - 1].line + 1,
        };
        let known = (0..read.len()).find(|&line| {
            !places.contains_key(&line) && is_of(&table, line, &read[line], row, listing)
        });
        if let Some(line) = known {
            places.insert(line, index);
        }
        let known = known.map(|line| &read[line]);
        let description = match known.and_then(|line| named(line, schema)) {
            Some(known) => known,
            None => {
                let next = run.get(index + 1).map_or(row.line + 1, |next| next.line);
                description(
                    &page_cells.rows[from..=row.line],
                    &page_cells.rows[row.line + 1..next],
                )?
            }
        };
        lines.push(line(listing, schema, row, known, description));
    }
    Some((lines, places))
}

/// Whether a line that was read stands in the row with its amount.
fn is_of(table: &Table, line: usize, read: &Value, row: &AmountRow, listing: &Listing) -> bool {
    let distance = table.rows[line].and_then(|of| of.distance(&row.place));
    distance.is_some_and(|distance| distance <= ROW)
        && decimal(read.get(listing.amount)) == Some(row.amount)
}

fn named(line: &Value, schema: &Map<String, Value>) -> Option<String> {
    line.get(text_field(schema)?)?.as_str().map(str::to_owned)
}

/// The words of the last line that has some, without numbers and codes; otherwise of the
/// first line below.
fn description(lines: &[Vec<TextCell>], below: &[Vec<TextCell>]) -> Option<String> {
    let texts = lines.iter().rev().chain(below).map(|cells| {
        let words = cells.iter().flat_map(|cell| cell.text.split_whitespace());
        let words: Vec<&str> = words.filter(|word| is_word(word)).collect();
        words.join(" ")
    });
    let letters = |text: &String| text.chars().filter(|c| c.is_alphabetic()).count();
    texts.into_iter().find(|text| letters(text) >= LETTERS)
}

/// Letters rather than digits: no code, no amount.
fn is_word(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters > digits && letters > 1
}

fn line(
    listing: &Listing,
    schema: &Map<String, Value>,
    row: &AmountRow,
    known: Option<&Value>,
    description: String,
) -> Value {
    let all = cells(row.place.text, Row::of(&row.place));
    let others: Vec<_> = all
        .into_iter()
        .filter(|cell| cell.is_apart(row.place.span))
        .collect();
    let factors = pair(&others, row.amount).map(quantity_and_price);
    let value = |name: &String, property: &Value| match Format::of(property) {
        _ if name == listing.amount => Value::String(row.amount.to_string()),
        None => Value::String(description.clone()),
        Some(Format::Quantity) => match (factors, known.and_then(|line| line.get(name))) {
            (Some([quantity, _]), _) => Value::String(quantity.value.normalize().to_string()),
            (None, Some(known)) => known.clone(),
            (None, None) => property.get("default").cloned().unwrap_or_default(),
        },
        Some(Format::Amount) => match factors {
            Some([_, price]) => Value::String(price.value.to_string()),
            None => known
                .and_then(|line| line.get(name))
                .cloned()
                .unwrap_or_default(),
        },
        Some(_) => Value::Null,
    };
    let values = schema
        .iter()
        .map(|(name, property)| (name.clone(), value(name, property)));
    Value::Object(values.collect())
}

/// The rows with an amount above the first row with a caption of a total.
fn rows_above_total<'a>(
    doc_type: &DocType,
    listing: &Listing,
    text: &'a EvidencePage,
    page_cells: &PageCells,
) -> Vec<AmountRow<'a>> {
    let captions = Captions::find(doc_type, text);
    let mut rows = Vec::new();
    for (line, cells) in page_cells.rows.iter().enumerate() {
        let words: Vec<usize> = cells
            .iter()
            .flat_map(|cell| cell.words.iter().copied())
            .collect();
        let amounts = text.numbers.iter().filter(|number| {
            number.value.is_money && !number.value.is_percent && words.contains(&number.span.last)
        });
        let right = |span: Span| text.words[span.last].bbox[2];
        let Some(amount) = amounts.max_by(|a, b| right(a.span).total_cmp(&right(b.span))) else {
            continue;
        };
        if listing
            .totals
            .iter()
            .any(|total| captions.is_among(total, &words))
        {
            break;
        }
        rows.push(AmountRow {
            place: Place {
                text,
                span: amount.span,
            },
            amount: amount.value.value,
            line,
            is_extra: printed::extra(&text_of(cells)).is_some(),
        });
    }
    rows
}

/// The only run of neighbouring rows whose amounts add up to one of the totals. A row of
/// 0 before or behind a run makes no other one.
fn only_run<'a, 'b>(rows: &'b [AmountRow<'a>], totals: &[Decimal]) -> Option<&'b [AmountRow<'a>]> {
    let mut found = None;
    for first in 0..rows.len() {
        if rows[first].amount.is_zero() {
            continue;
        }
        let mut sum = Decimal::ZERO;
        for last in first..rows.len() {
            if rows[last].is_extra {
                break;
            }
            sum = sum.checked_add(rows[last].amount)?;
            if totals.contains(&sum) && !rows[last].amount.is_zero() {
                if found.is_some() {
                    return None;
                }
                found = Some(&rows[first..=last]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::types::DocTypes;
    use crate::documents::validation::evidence::tests::page;

    /// The items of a receipt after replacement, as description, quantity and amount, and
    /// the number of findings.
    fn replaced(rows: &[&str], total: &str, read: &[[&str; 3]]) -> (Vec<[String; 3]>, usize) {
        let types = DocTypes::load(None).unwrap();
        let line = |[description, quantity, amount]: &[&str; 3]| json!({"description": description, "quantity": quantity, "amount": amount});
        let items: Vec<Value> = read.iter().map(line).collect();
        let fields = json!({"items": items, "total": total});
        let mut draft = Draft {
            fields: fields.as_object().unwrap().clone(),
            ..Draft::default()
        };
        let page = page(0, rows);
        let mut findings = Vec::new();
        let sources = TextSources::of(&[&page]);
        replace(
            types.get("receipt").unwrap(),
            &mut draft,
            &sources,
            &mut findings,
        );
        let items = draft.fields["items"].as_array().unwrap().iter();
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let items =
            items.map(|item| ["description", "quantity", "amount"].map(|name| text(item, name)));
        (items.collect(), findings.len())
    }

    const ROWS: [&str; 8] = [
        "MEGA STORE|Tel 03-1234",
        "SCISSOR G/FISH",
        "9555221301081|4 X 2.80|11.20",
        "TRAILING SKT 5GN|3.00",
        "SOURING PAD|2 X 1.50|3.00",
        "Total Sales|17.20",
        "CASH|50.00",
        "CHANGE|32.80",
    ];

    #[test]
    fn items_that_do_not_add_up_become_the_rows_that_do() {
        let read = [
            ["SOURING PAD", "1", "9.00"],
            ["TRAILING SKT 5GN", "1", "3.00"],
            ["CASH", "1", "50.00"],
        ];
        let right = [
            ["SCISSOR G/FISH", "4", "11.20"],
            ["TRAILING SKT 5GN", "1", "3.00"],
            ["SOURING PAD", "2", "3.00"],
        ];
        let right = right.map(|line| line.map(str::to_owned)).to_vec();
        assert_eq!(replaced(&ROWS, "17.20", &read), (right.clone(), 1));
        assert_eq!(replaced(&ROWS, "17.20", &[]), (right, 1));
    }

    #[test]
    fn items_stay_where_they_add_up_or_no_run_or_several_runs_do() {
        let whole = [["All", "1", "17.20"]];
        assert_eq!(replaced(&ROWS, "17.20", &whole).1, 0);
        let none = [["SOURING PAD", "1", "9.00"]];
        assert_eq!(replaced(&ROWS, "18.00", &none).1, 0);
        // Two rows are of 3.00.
        assert_eq!(replaced(&ROWS, "3.00", &none).1, 0);
        // Payments below the total are no items.
        assert_eq!(replaced(&ROWS, "82.80", &none).1, 0);
    }
}
