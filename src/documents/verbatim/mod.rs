//! Verbatim answers: each value is `null` or a copy of the page's text. The grammar of a page
//! allows nothing else, so no value is invented and each has its place on the page. The
//! meaning of a copy (which date, which decimal) is decided later, in
//! [`crate::documents::validation`].

mod grammar;
mod pieces;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use grammar::{answer_grammar, grammar};
pub use pieces::Pieces;

use crate::domain::{FieldPath, Format, PathSegment, Reading, line_properties};

/// The allowed form of a value in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copy {
    /// Whole words of the page, with at most this many characters.
    Text(u64),
    Date,
    /// A number that is not a percentage.
    Amount,
    Number,
    Currency,
    Iban,
    Bic,
    VatId,
    /// One of the schema's words, which need not be on the page.
    OneOf(Vec<String>),
}

/// One member of an answer, in the order in which the reader writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerMember {
    Value(String, Copy),
    /// A list of rows; a row is an array of values without keys.
    List {
        name: String,
        max_rows: u64,
        columns: Vec<(String, Copy)>,
    },
}

/// The members of an answer: the fields of `decoding`, a part of the type's
/// `schema` in the order in which the reader writes.
pub fn members(schema: &Value, decoding: &Value) -> Vec<AnswerMember> {
    let properties = &schema["properties"];
    let asked = decoding["properties"].as_object();
    let member = |(name, asked): (&String, &Value)| {
        let property = &properties[name];
        let Some(columns) = line_properties(asked) else {
            return AnswerMember::Value(name.clone(), Copy::of(property));
        };
        let row = &property["items"]["properties"];
        let columns = columns.keys();
        AnswerMember::List {
            name: name.clone(),
            max_rows: property["maxItems"].as_u64().unwrap_or(MAX_ROWS),
            columns: columns
                .map(|column| (column.clone(), Copy::of(&row[column])))
                .collect(),
        }
    };
    asked.into_iter().flatten().map(member).collect()
}

/// Most rows of a list whose schema has no limit.
const MAX_ROWS: u64 = 200;
/// Most characters of a text whose schema has no limit.
const MAX_LETTERS: u64 = 200;

impl Copy {
    fn of(property: &Value) -> Copy {
        if let Some(words) = property["enum"].as_array() {
            let words = words.iter().filter_map(Value::as_str).map(str::to_owned);
            return Copy::OneOf(words.collect());
        }
        match Format::of(property) {
            Some(Format::Amount) => Copy::Amount,
            Some(Format::Quantity) => Copy::Number,
            Some(Format::Date) => Copy::Date,
            Some(Format::Currency) => Copy::Currency,
            Some(Format::Iban) => Copy::Iban,
            Some(Format::Bic) => Copy::Bic,
            Some(Format::VatId) => Copy::VatId,
            None => Copy::Text(property["maxLength"].as_u64().unwrap_or(MAX_LETTERS)),
        }
    }
}

/// Adds the keys to the rows of an answer, in its fields and in the paths of its
/// log-probabilities (`items[0][1]` becomes `items[0].amount`).
pub fn name_columns(members: &[AnswerMember], reading: &mut Reading) {
    for member in members {
        let AnswerMember::List { name, columns, .. } = member else {
            continue;
        };
        if let Some(Value::Array(rows)) = reading.fields.get_mut(name) {
            for row in rows {
                if let Value::Array(values) = row {
                    let names = columns.iter().map(|(name, _)| name.clone());
                    let keyed: Map<String, Value> = names.zip(std::mem::take(values)).collect();
                    *row = Value::Object(keyed);
                }
            }
        }
        for logprob in &mut reading.logprobs {
            let path = FieldPath::parse(&logprob.field);
            if let [
                PathSegment::Name(list),
                PathSegment::Line(row),
                PathSegment::Line(column),
            ] = path.segments()
                && list == name
                && let Some((column, _)) = columns.get(*column)
            {
                logprob.field = FieldPath::in_line(list, *row, column).to_string();
            }
        }
    }
}

#[cfg(test)]
mod tests;
