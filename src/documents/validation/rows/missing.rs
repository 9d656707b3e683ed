//! Adds lines that the page prints and the reader left out.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::table::{Product, ROW, Table, cells, decimal, pair, quantity_and_price, text_field};
use crate::documents::validation::assemble::Draft;
use crate::documents::validation::evidence::{EvidencePage, Place, Row, Span, TextSources};
use crate::documents::validation::relined::follow;
use crate::domain::{Check, DocType, FieldPath, Fields, Finding, FindingCode, count};

/// A row of the page that has the form of a line.
struct RowCandidate {
    row: Row,
    values: Map<String, Value>,
    amount: Decimal,
}

/// Adds the rows of the page that the list lacks and whose last number is the product of
/// two others, if the list adds up to its total with all of them, and only then.
pub fn add(
    doc_type: &DocType,
    draft: &mut Draft,
    sources: &TextSources,
    product: &Product,
    findings: &mut Vec<Finding>,
) {
    let Some(schema) = doc_type.line_properties(product.list) else {
        return;
    };
    let lines = match draft.fields.get(product.list) {
        Some(Value::Array(lines)) => lines.clone(),
        _ => return,
    };
    let Some(lacking) = lacking(doc_type, &draft.fields, &lines, product) else {
        return;
    };
    let table = Table::of(&lines, schema, sources, &product.factors);
    let Some(rows) = table.rows.iter().copied().collect::<Option<Vec<Row>>>() else {
        return;
    };
    let found = candidates(sources, &rows, schema, product);
    let sum: Option<Decimal> = found
        .iter()
        .try_fold(Decimal::ZERO, |sum, c| sum.checked_add(c.amount));
    if found.is_empty() || sum != Some(lacking) {
        return;
    }
    insert(draft, product.list, lines, &rows, found, findings);
}

/// The amount by which the lines are less than their total; `None` where a line has no
/// amount, the total is absent, or nothing lacks.
fn lacking(
    doc_type: &DocType,
    fields: &Fields,
    lines: &[Value],
    product: &Product,
) -> Option<Decimal> {
    let path = format!("{}[].{}", product.list, product.amount);
    let total = doc_type.checks().iter().find_map(|check| match check {
        Check::Sum { of, equals, .. } if of.as_slice() == [path.as_str()] => Some(equals),
        _ => None,
    })?;
    let mut lacking = decimal(fields.get(total))?;
    for line in lines {
        lacking = lacking.checked_sub(decimal(line.get(product.amount))?)?;
    }
    (lacking > Decimal::ZERO).then_some(lacking)
}

/// The rows in the form of a line beside `rows`, in the order of the page.
fn candidates(
    sources: &TextSources,
    rows: &[Row],
    schema: &Map<String, Value>,
    product: &Product,
) -> Vec<RowCandidate> {
    let is_new = |place: &Place| {
        let mut distances = rows.iter().filter_map(|row| row.distance(place));
        !distances.any(|distance| distance <= ROW)
    };
    let firsts = sources.preferred().iter().flat_map(firsts_of_rows);
    firsts
        .filter(is_new)
        .filter_map(|place| candidate(&place, schema, product))
        .collect()
}

/// One number of each row that has numbers, from top to bottom.
fn firsts_of_rows(text: &EvidencePage) -> Vec<Place<'_>> {
    let mut places: Vec<Place> = text
        .numbers
        .iter()
        .map(|number| Place {
            text,
            span: number.span,
        })
        .collect();
    places.sort_by(|a, b| Row::of(a).order().total_cmp(&Row::of(b).order()));
    places.dedup_by(|next, first| {
        let distance = Row::of(first).distance(next);
        distance.is_some_and(|distance| distance <= ROW)
    });
    places
}

/// The row of a number as a line: its last number is the product of two others, and
/// text stands before them.
fn candidate(
    place: &Place<'_>,
    schema: &Map<String, Value>,
    product: &Product,
) -> Option<RowCandidate> {
    let text = place.text;
    let row = Row::of(place);
    let all = cells(text, row);
    let last = all.iter().map(|cell| cell.span.last).max()?;
    // A number with a blank in it may be two.
    let mut fitting = all.iter().filter(|cell| cell.span.last == last);
    let (amount, [quantity, price]) = fitting.find_map(|amount| {
        let mut others = all.clone();
        others.retain(|cell| cell.is_apart(amount.span));
        let pair = pair(&others, amount.value)?;
        Some((amount.value, quantity_and_price(pair)))
    })?;
    let first = quantity.span.first.min(price.span.first);
    let description = words_before(text, row, first)?;
    let named = text_field(schema)?;
    let value = |name: &str| match name {
        name if name == product.factors[0] => Value::String(quantity.value.to_string()),
        name if name == product.factors[1] => Value::String(price.value.to_string()),
        name if name == product.amount => Value::String(amount.to_string()),
        name if name == named => Value::String(description.clone()),
        _ => Value::Null,
    };
    let values = schema.keys().map(|name| (name.clone(), value(name)));
    Some(RowCandidate {
        row,
        values: values.collect(),
        amount,
    })
}

/// The row's words to the left of a word, without a number at their beginning, which
/// numbers the lines; `None` without a letter.
fn words_before(text: &EvidencePage, row: Row, word: usize) -> Option<String> {
    let right = text.words[word].bbox[0];
    let mut words: Vec<usize> = (0..text.words.len())
        .filter(|&index| {
            let span = Span {
                first: index,
                last: index,
            };
            let distance = row.distance(&Place { text, span });
            distance.is_some_and(|distance| distance <= ROW) && text.words[index].bbox[2] <= right
        })
        .collect();
    words.sort_by(|a, b| text.words[*a].bbox[0].total_cmp(&text.words[*b].bbox[0]));
    let mut texts: Vec<&str> = words
        .iter()
        .map(|&index| text.words[index].text.as_str())
        .collect();
    let is_number = |word: &&str| word.trim_end_matches('.').parse::<u32>().is_ok();
    if texts.first().is_some_and(is_number) {
        texts.remove(0);
    }
    let description = texts.join(" ");
    description
        .contains(char::is_alphabetic)
        .then_some(description)
}

/// Inserts the rows among the lines in the order of the page, with a finding for each.
fn insert(
    draft: &mut Draft,
    list: &str,
    lines: Vec<Value>,
    rows: &[Row],
    found: Vec<RowCandidate>,
    findings: &mut Vec<Finding>,
) {
    let mut all: Vec<(f32, Option<usize>, Value)> = Vec::new();
    for (index, (line, row)) in lines.into_iter().zip(rows).enumerate() {
        all.push((row.order(), Some(index), line));
    }
    for candidate in found {
        let line = Value::Object(candidate.values);
        all.push((candidate.row.order(), None, line));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let numbered = all.iter().enumerate();
    let places: BTreeMap<usize, usize> = numbered
        .clone()
        .filter_map(|(place, (_, index, _))| Some(((*index)?, place)))
        .collect();
    let added: Vec<usize> = numbered
        .filter(|(_, (_, index, _))| index.is_none())
        .map(|(place, _)| place)
        .collect();
    draft.move_lines(list, &places);
    findings.retain_mut(|finding| {
        let is_of_line = |field: &String| FieldPath::parse(field).line().is_some();
        !finding.field.as_ref().is_some_and(is_of_line) || follow(finding, list, &places)
    });
    for place in added {
        let field = format!("{list}[{place}]");
        let message = format!(
            "line {} was not read; it was taken from its row of the page, and the {} add up to the total only with it",
            place + 1,
            count(all.len() as u64, "line")
        );
        findings.push(Finding::new(
            FindingCode::CompletedByArithmetic,
            Some(&field),
            message,
        ));
    }
    let lines = all.into_iter().map(|(_, _, line)| line).collect();
    draft.fields.insert(list.to_owned(), Value::Array(lines));
}
