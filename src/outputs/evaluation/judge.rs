//! One document's records beside what is true of it, value by value.
//!
//! The document is one in the truth, but a program may make several records of
//! it. The record of the right type with the most right values stands for the
//! document. Lines of lists are compared over all records of the right type
//! together, in their order: a document that was parted is not punished for it
//! line by line. What a further record says of another field counts as read:
//! wrong if it differs from the truth, and not a second time if it repeats it.
//! Parted documents are counted as such, and are never whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::causes::{Cause, Trouble};
use super::compare::{anls, assign, line_fields, normal, same, text};
use super::truth::Case;
use crate::documents::acceptance::{Claim, LOW_CONFIDENCE, NOT_CERTIFIED, Verdict};
use crate::domain::{EvidenceClass, LIST_REPEATS, Record, Severity, Status};

/// A record as it was stored, and what acceptance makes of its values.
#[derive(Clone, Debug)]
pub struct Seen {
    pub id: i64,
    pub record: Record,
    pub verdicts: Vec<Verdict>,
    /// Taken from data embedded in the document, not read from its pages.
    pub embedded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Right,
    Wrong,
    /// The document has a value, none was read.
    Missing,
    /// A value was read where the document has none.
    Invented,
    /// Neither has a value.
    Absent,
    /// A further record says again what is right.
    Repeated,
    /// A value of a record of another type than the document's: nothing to
    /// compare it with, and wrong to import.
    WrongType,
}

impl Outcome {
    /// Whether somebody who imports it is told nothing wrong.
    pub fn is_right(self) -> bool {
        matches!(self, Outcome::Right | Outcome::Absent | Outcome::Repeated)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Right => "right",
            Outcome::Wrong => "wrong",
            Outcome::Missing => "missing",
            Outcome::Invented => "invented",
            Outcome::Absent => "absent",
            Outcome::Repeated => "repeated",
            Outcome::WrongType => "wrong_type",
        }
    }
}

/// One value: true, read, or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// `total`, `items.amount`.
    pub field: String,
    /// Where in the truth: `items[2].amount`; `items[+].amount` for a line that
    /// is not there.
    pub path: String,
    pub outcome: Outcome,
    /// Where it is not right, and there is something to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// Similarity of truth and value, 0 to 1.
    pub anls: f64,
    /// The model's own probability of what was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    #[serde(default)]
    pub accepted: bool,
    #[serde(skip)]
    pub claim: Option<Claim>,
}

impl Leaf {
    /// Whether a value was read.
    pub fn is_value(&self) -> bool {
        self.read.is_some()
    }
}

/// How a document was worked on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub pages: u64,
    /// Over all attempts at its pages.
    pub stage_seconds: BTreeMap<String, f64>,
    /// Attempts to read a page, and those that failed, by reason.
    pub attempts: u64,
    pub failed_attempts: BTreeMap<String, u64>,
    /// The document, or one of its pages, could not be read at all: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub name: String,
    #[serde(rename = "type")]
    pub doc_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    pub group: String,
    /// Type of its record; `-`: none.
    pub taken_for: String,
    /// Statuses of its records.
    pub records: Vec<String>,
    /// Records of the right type, where there are more than one.
    pub parted: bool,
    /// Taken from data embedded in the document: no reading of it.
    #[serde(default)]
    pub embedded: bool,
    /// Nothing of it was read as a record of its type.
    #[serde(default)]
    pub unread: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Every known field right, in one record.
    pub whole: bool,
    /// Every record accepted without a person.
    pub accepted: bool,
    /// No finding but doubt of a value's probability keeps it from that.
    #[serde(default)]
    pub unobjected: bool,
    /// Probability of its least believed value or null: calibrated, or else the
    /// model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    pub work: Work,
    pub fields: Vec<Leaf>,
}

pub fn judge(case: &Case, seen: &[Seen], work: Work) -> Document {
    let is_ours = |seen: &&Seen| seen.record.doc_type.as_deref() == Some(&case.doc_type);
    let ours: Vec<&Seen> = seen.iter().filter(is_ours).collect();
    let embedded = ours.iter().any(|seen| seen.embedded);
    let (truth, unscored) = case.truth(embedded);
    let mut judge = Judge {
        case,
        known: known(truth),
        leaves: Vec::new(),
    };
    let best = judge.best(truth, &ours);
    for (name, value) in truth {
        if unscored.contains(name) {
            continue;
        }
        match value {
            Value::Array(lines) => {
                let is_scored = |field: &&str| !unscored.contains(*field);
                judge.list(name, lines, &ours, is_scored);
            }
            value => judge.scalar(name, value, best, &ours),
        }
    }
    for other in seen.iter().filter(|seen| !is_ours(seen)) {
        judge.wrong_type(other);
    }
    let leaves = judge.leaves;
    let taken_for = best.or(seen.iter().find(|seen| seen.record.doc_type.is_some()));
    let taken_for = taken_for.and_then(|seen| seen.record.doc_type.clone());
    let repeats = ours
        .iter()
        .any(|seen| seen.record.findings.iter().any(|f| f.code == LIST_REPEATS));
    let is_whole = |leaf: &Leaf| matches!(leaf.outcome, Outcome::Right | Outcome::Absent);
    Document {
        name: case.name.clone(),
        doc_type: case.doc_type.clone(),
        layout: case.layout.clone(),
        group: case.group.clone(),
        embedded,
        unread: ours.iter().all(|s| s.record.status == Status::Failed),
        trouble: Trouble::of(
            work.failure.as_deref(),
            taken_for.as_deref(),
            &case.doc_type,
            repeats,
        ),
        taken_for: taken_for.unwrap_or_else(|| "-".to_owned()),
        records: seen
            .iter()
            .map(|seen| seen.record.status.as_str().to_owned())
            .collect(),
        parted: ours.len() > 1,
        whole: ours.len() == 1 && leaves.iter().all(is_whole),
        accepted: !seen.is_empty()
            && seen
                .iter()
                .all(|seen| seen.record.status == Status::Accepted),
        unobjected: !seen.is_empty() && seen.iter().all(|seen| is_unobjected(&seen.record)),
        least: seen
            .iter()
            .flat_map(|seen| &seen.verdicts)
            .map(|v| v.probability.unwrap_or(v.confidence))
            .min_by(f64::total_cmp),
        work,
        fields: leaves,
    }
}

fn is_unobjected(record: &Record) -> bool {
    let own = [LOW_CONFIDENCE, NOT_CERTIFIED];
    let mut objections = record
        .findings
        .iter()
        .filter(|f| f.severity > Severity::Info && !own.contains(&f.code.as_str()));
    record.status != Status::Failed && objections.next().is_none()
}

/// Every true value with its path, in the form in which values are compared.
fn known(truth: &Map<String, Value>) -> Vec<(String, String)> {
    let mut known = Vec::new();
    for (name, value) in truth {
        let lines = value.as_array().into_iter().flatten().enumerate();
        let of_lines = lines.flat_map(|(at, line)| {
            let fields = line.as_object().into_iter().flatten();
            fields.map(move |(field, value)| (format!("{name}[{at}].{field}"), value))
        });
        let scalar = (!value.is_array()).then(|| (name.clone(), value));
        let values = of_lines.chain(scalar);
        known.extend(values.filter_map(|(path, value)| Some((path, normal(value)?))));
    }
    known
}

struct Judge<'a> {
    case: &'a Case,
    known: Vec<(String, String)>,
    leaves: Vec<Leaf>,
}

impl Judge<'_> {
    fn alternatives(&self, field: &str) -> &[String] {
        let known = self.case.alternatives.get(field);
        known.map(Vec::as_slice).unwrap_or_default()
    }

    /// The record with the most right values; the first of equals.
    fn best<'s>(&self, truth: &Map<String, Value>, ours: &[&'s Seen]) -> Option<&'s Seen> {
        let right = |seen: &Seen| {
            let is_right = |(name, value): &(&String, &Value)| {
                let read = seen.record.fields.get(*name).unwrap_or(&Value::Null);
                text(read).is_some() && same(value, self.alternatives(name), read)
            };
            truth.iter().filter(is_right).count()
        };
        let last_of_best = ours.iter().rev().max_by_key(|seen| right(seen));
        last_of_best.copied()
    }

    fn scalar(&mut self, name: &str, truth: &Value, best: Option<&Seen>, ours: &[&Seen]) {
        let alternatives = self.alternatives(name).to_vec();
        let read = |seen: &Seen| seen.record.fields.get(name).cloned().unwrap_or_default();
        let value = best.map(read).unwrap_or_default();
        self.leaf(
            name,
            name,
            truth,
            &alternatives,
            &value,
            best.map(|b| (b, name)),
        );
        let further = ours
            .iter()
            .filter(|seen| best.is_none_or(|best| best.id != seen.id));
        for seen in further {
            let value = read(seen);
            if text(&value).is_none() {
                continue;
            }
            let outcome = match same(truth, &alternatives, &value) {
                true => Outcome::Repeated,
                false => Outcome::Invented,
            };
            self.push(
                name,
                &format!("{name}[+]"),
                outcome,
                None,
                &value,
                Some((seen, name)),
            );
        }
    }

    fn list(
        &mut self,
        list: &str,
        truth: &[Value],
        ours: &[&Seen],
        is_scored: impl Fn(&&str) -> bool,
    ) {
        let read: Vec<(&Seen, usize, &Value)> = ours
            .iter()
            .flat_map(|seen| {
                let lines = seen.record.fields.get(list).and_then(Value::as_array);
                let lines = lines.map(Vec::as_slice).unwrap_or_default();
                lines
                    .iter()
                    .enumerate()
                    .map(move |(at, line)| (*seen, at, line))
            })
            .collect();
        // Only fields that the truth knows of some line can be judged.
        let known: Vec<&str> = line_fields(truth).into_iter().filter(is_scored).collect();
        let pairs = assign(
            &truth.iter().collect::<Vec<_>>(),
            &read.iter().map(|(.., line)| *line).collect::<Vec<_>>(),
            &known,
        );
        for field in known {
            let name = format!("{list}.{field}");
            for (number, (line, pair)) in truth.iter().zip(&pairs).enumerate() {
                let Some(truth) = line.get(field) else {
                    continue;
                };
                let path = format!("{list}[{number}].{field}");
                let pair = pair.map(|at| read[at]);
                let value = pair.map(|(.., line)| line[field].clone());
                let place = pair.map(|(seen, at, _)| (seen, format!("{list}[{at}].{field}")));
                let place = place.as_ref().map(|(seen, path)| (*seen, path.as_str()));
                self.leaf(&name, &path, truth, &[], &value.unwrap_or_default(), place);
            }
            let extra = (0..read.len()).filter(|at| !pairs.contains(&Some(*at)));
            for (seen, at, line) in extra.map(|at| read[at]) {
                let value = &line[field];
                if text(value).is_some() {
                    let place = format!("{list}[{at}].{field}");
                    let path = format!("{list}[+].{field}");
                    let place = Some((seen, place.as_str()));
                    self.push(&name, &path, Outcome::Invented, None, value, place);
                }
            }
        }
    }

    fn wrong_type(&mut self, other: &Seen) {
        for verdict in other.verdicts.iter().filter(|v| !v.claim.is_absent()) {
            let field = &verdict.claim.field;
            let value = crate::domain::value_at(&other.record.fields, field);
            let value = value.cloned().unwrap_or_default();
            let outcome = Outcome::WrongType;
            let name = crate::documents::acceptance::generic(field).replace("[]", "");
            self.push(&name, field, outcome, None, &value, Some((other, field)));
        }
    }

    fn leaf(
        &mut self,
        name: &str,
        path: &str,
        truth: &Value,
        alternatives: &[String],
        read: &Value,
        place: Option<(&Seen, &str)>,
    ) {
        let outcome = match (text(truth), text(read)) {
            (None, None) => Outcome::Absent,
            (None, Some(_)) => Outcome::Invented,
            (Some(_), None) => Outcome::Missing,
            _ if same(truth, alternatives, read) => Outcome::Right,
            _ => Outcome::Wrong,
        };
        self.push(name, path, outcome, text(truth), read, place);
    }

    fn push(
        &mut self,
        name: &str,
        path: &str,
        outcome: Outcome,
        truth: Option<String>,
        read: &Value,
        place: Option<(&Seen, &str)>,
    ) {
        let read = text(read);
        let anls = match (&truth, &read) {
            _ if outcome == Outcome::Right => 1.0,
            (Some(truth), Some(read)) => anls(truth, read),
            _ => 0.0,
        };
        let verdict = place.and_then(|(seen, path)| {
            let mut verdicts = seen.verdicts.iter();
            verdicts.find(|verdict| verdict.claim.field == path)
        });
        let on_page = place.is_some_and(|(seen, path)| {
            let mut evidence = seen.record.evidence.iter();
            evidence.any(|e| {
                let is_seen = matches!(e.class, EvidenceClass::TextLayer | EvidenceClass::Ocr);
                e.field == path && is_seen
            })
        });
        let is_other = |read: &str| {
            let mut known = self.known.iter();
            known.any(|(known, value)| known != path && value == read)
        };
        let mut leaf = Leaf {
            field: name.to_owned(),
            path: path.to_owned(),
            outcome,
            cause: None,
            truth,
            read,
            anls,
            confidence: verdict.map(|verdict| verdict.confidence),
            probability: verdict.and_then(|verdict| verdict.probability),
            accepted: verdict.is_some_and(|verdict| verdict.accepted),
            claim: verdict.map(|verdict| verdict.claim.clone()),
        };
        leaf.cause = Cause::of(&leaf, is_other, on_page);
        self.leaves.push(leaf);
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
pub(super) mod tests;
