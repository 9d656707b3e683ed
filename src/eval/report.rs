//! Scores by document type and field.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::compare::{anls, assign, line_fields, same};
use super::truth::Case;
use crate::domain::Record;

/// Counts for one field over many documents.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Field {
    /// Values that the documents hold.
    pub expected: u64,
    /// Values that were read, right or wrong, where the truth is known.
    pub read: u64,
    /// Values that were read and are right.
    pub right: u64,
    /// Sum over the documents' values of their similarity (0 to 1).
    pub anls_sum: f64,
}

impl Field {
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.read)
    }

    pub fn recall(&self) -> f64 {
        ratio(self.right, self.expected)
    }

    pub fn f1(&self) -> f64 {
        ratio(2 * self.right, self.expected + self.read)
    }

    pub fn anls(&self) -> f64 {
        if self.expected == 0 {
            1.0
        } else {
            self.anls_sum / self.expected as f64
        }
    }

    fn add(&mut self, other: &Field) {
        self.expected += other.expected;
        self.read += other.read;
        self.right += other.right;
        self.anls_sum += other.anls_sum;
    }

    fn count(&mut self, truth: &Value, alternatives: &[String], read: &Value) {
        let (is_expected, is_read) = (is_present(truth), is_present(read));
        self.expected += u64::from(is_expected);
        self.read += u64::from(is_read);
        let is_right = is_read && same(truth, alternatives, read);
        self.right += u64::from(is_right);
        if is_expected && is_read {
            let text = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            self.anls_sum += if is_right {
                1.0
            } else {
                anls(&text(truth), &text(read))
            };
        }
    }
}

/// Nothing wrong out of nothing is right.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

fn is_present(value: &Value) -> bool {
    !matches!(value, Value::Null) && value.as_str() != Some("")
}

/// One document type, or one layout of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    pub documents: u64,
    /// Documents with every known field right.
    pub whole: u64,
    pub fields: BTreeMap<String, Field>,
    /// Mean over groups of near-copies of each group's F1.
    pub group_f1: f64,
    #[serde(skip)]
    groups: BTreeMap<String, Field>,
}

impl Table {
    /// All fields together.
    pub fn total(&self) -> Field {
        self.fields
            .values()
            .fold(Field::default(), |mut sum, field| {
                sum.add(field);
                sum
            })
    }
}

/// How a set of documents was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// By type, or `type (layout)`.
    pub tables: BTreeMap<String, Table>,
    /// How often documents of a type (outer) were taken for one (inner; `-`:
    /// none).
    pub routing: BTreeMap<String, BTreeMap<String, u64>>,
    /// Records by status.
    pub statuses: BTreeMap<String, u64>,
    /// Values of accepted records that are wrong, and all of them.
    pub accepted_wrong: u64,
    pub accepted_values: u64,
}

impl Report {
    /// Adds a document with the records that were made of it.
    pub fn add(&mut self, case: &Case, records: &[Record]) {
        let record = best(case, records);
        let taken_for = record
            .and_then(|record| record.doc_type.clone())
            .unwrap_or_else(|| "-".to_owned());
        *self
            .routing
            .entry(case.doc_type.clone())
            .or_default()
            .entry(taken_for)
            .or_default() += 1;
        for record in records {
            *self
                .statuses
                .entry(record.status.as_str().to_owned())
                .or_default() += 1;
        }
        let nothing = Map::new();
        let fields = score(case, record.map_or(&nothing, |record| &record.fields));
        if record.is_some_and(|record| record.status == crate::domain::Status::Accepted) {
            for field in fields.values() {
                self.accepted_values += field.read;
                self.accepted_wrong += field.read - field.right;
            }
        }
        let name = match &case.layout {
            Some(layout) => format!("{} ({layout})", case.doc_type),
            None => case.doc_type.clone(),
        };
        let table = self.tables.entry(name).or_default();
        table.documents += 1;
        table.whole += u64::from(
            fields
                .values()
                .all(|f| f.right == f.expected && f.read == f.expected),
        );
        let group = table.groups.entry(case.group.clone()).or_default();
        for (field, counts) in fields {
            group.add(&counts);
            table.fields.entry(field).or_default().add(&counts);
        }
        table.group_f1 =
            table.groups.values().map(Field::f1).sum::<f64>() / table.groups.len() as f64;
    }
}

/// The record that stands for the document: the one of the right type with the
/// most values, else the one with the most values.
fn best<'a>(case: &Case, records: &'a [Record]) -> Option<&'a Record> {
    let values = |record: &Record| {
        record
            .fields
            .values()
            .filter(|value| is_present(value))
            .count()
    };
    records.iter().max_by_key(|record| {
        (
            record.doc_type.as_deref() == Some(&case.doc_type),
            values(record),
        )
    })
}

fn score(case: &Case, read: &Map<String, Value>) -> BTreeMap<String, Field> {
    let mut scores: BTreeMap<String, Field> = BTreeMap::new();
    for (name, truth) in &case.fields {
        if case.unscored.contains(name) {
            continue;
        }
        let value = read.get(name).unwrap_or(&Value::Null);
        match truth {
            Value::Array(lines) => {
                let lines_read = value.as_array().map(Vec::as_slice).unwrap_or_default();
                score_lines(case, name, lines, lines_read, &mut scores);
            }
            _ => {
                let alternatives = case
                    .alternatives
                    .get(name)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                scores
                    .entry(name.clone())
                    .or_default()
                    .count(truth, alternatives, value);
            }
        }
    }
    scores
}

fn score_lines(
    case: &Case,
    list: &str,
    truth: &[Value],
    read: &[Value],
    scores: &mut BTreeMap<String, Field>,
) {
    let is_scored = |field: &&str| !case.unscored.contains(*field);
    // Only fields that the truth knows of some line can be judged.
    let known: Vec<&str> = line_fields([truth]).into_iter().filter(is_scored).collect();
    let pairs = assign(truth, read, &known);
    let null = Value::Null;
    for field in known {
        let score = scores.entry(format!("{list}.{field}")).or_default();
        for (line, pair) in truth.iter().zip(&pairs) {
            if line.get(field).is_some() {
                score.count(&line[field], &[], pair.map_or(&null, |at| &read[at][field]));
            }
        }
        // Lines that are not there were read all the same.
        let extra = (0..read.len()).filter(|at| !pairs.contains(&Some(*at)));
        score.read += extra.filter(|&at| is_present(&read[at][field])).count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Status;

    fn case(fields: Value) -> Case {
        Case {
            path: "a".into(),
            doc_type: "receipt".into(),
            layout: None,
            group: "g".into(),
            fields: fields.as_object().unwrap().clone(),
            alternatives: BTreeMap::new(),
            unscored: ["skipped".to_owned()].into(),
        }
    }

    fn record(fields: Value) -> Record {
        Record {
            doc_type: Some("receipt".into()),
            pages: vec![0],
            status: Status::Accepted,
            fields: fields.as_object().unwrap().clone(),
            findings: vec![],
            confidence: None,
            field_confidence: vec![],
        }
    }

    #[test]
    fn right_wrong_missing_and_invented_values_are_counted_by_field() {
        let truth = json!({"a": "1.00", "b": "x", "c": "y", "d": null, "skipped": "z",
            "items": [{"n": "tea"}, {"n": "bun"}]});
        let read = json!({"a": "1", "b": "w", "c": null, "d": "made up", "items": [{"n": "bun"}, {"n": "jam"}, {"n": "tea"}]});
        let mut report = Report::default();
        report.add(&case(truth), &[record(read)]);
        let table = &report.tables["receipt"];
        let counts = |name: &str| {
            let field = &table.fields[name];
            (field.expected, field.read, field.right)
        };
        assert_eq!(counts("a"), (1, 1, 1));
        assert_eq!(counts("b"), (1, 1, 0));
        assert_eq!(counts("c"), (1, 0, 0));
        assert_eq!(counts("d"), (0, 1, 0));
        assert_eq!(counts("items.n"), (2, 3, 2));
        assert!(!table.fields.contains_key("skipped"));
        let total = table.total();
        assert_eq!((total.expected, total.read, total.right), (5, 6, 3));
        assert!((total.f1() - 6.0 / 11.0).abs() < 1e-9);
        assert_eq!(
            (table.whole, report.accepted_wrong, report.accepted_values),
            (0, 3, 6)
        );
    }

    #[test]
    fn a_document_that_gave_no_record_counts_as_unread() {
        let mut report = Report::default();
        report.add(&case(json!({"a": "1"})), &[]);
        assert_eq!(report.routing["receipt"]["-"], 1);
        assert_eq!(report.tables["receipt"].fields["a"].recall(), 0.0);
    }

    #[test]
    fn a_group_of_near_copies_counts_once() {
        let mut report = Report::default();
        for _ in 0..3 {
            report.add(&case(json!({"a": "1"})), &[record(json!({"a": "1"}))]);
        }
        let other = Case {
            group: "other".into(),
            ..case(json!({"a": "1"}))
        };
        report.add(&other, &[record(json!({"a": "2"}))]);
        assert!((report.tables["receipt"].group_f1 - 0.5).abs() < 1e-9);
    }
}
