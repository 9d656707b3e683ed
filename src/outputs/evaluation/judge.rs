//! Compares the records of a document with the truth, value by value.
//!
//! A program may split a document into several records. The record of the right
//! type with the most right values represents the document. Lines of lists are compared over all records of the right type
//! together, in their order, so that a split does not make every line wrong. Other
//! fields of a further record count as read: wrong if they differ from the truth,
//! and not a second time if they repeat it. Split documents are never an exact
//! match.

use serde_json::{Map, Value};

use super::causes::{cause, problem};
use super::compare::{anls, assign, line_fields, normal, same, text};
use super::judged::{JudgedDocument, JudgedValue, ValueOutcome};
use super::truth::KnownDocument;
use crate::documents::acceptance::ScoredPrediction;
use crate::domain::{EvidenceClass, FieldPath, FindingCode, Record, Severity, Status};
use crate::store::DocumentWork;

/// A stored record, and which of its values are accepted.
#[derive(Clone, Debug)]
pub struct CandidateRecord {
    pub id: i64,
    pub record: Record,
    pub scored: Vec<ScoredPrediction>,
    /// Taken from data embedded in the document, not read from its pages.
    pub embedded: bool,
}

pub fn judge(case: &KnownDocument, seen: &[CandidateRecord], work: DocumentWork) -> JudgedDocument {
    let is_ours = |seen: &&CandidateRecord| seen.record.doc_type.as_deref() == Some(&case.doc_type);
    let ours: Vec<&CandidateRecord> = seen.iter().filter(is_ours).collect();
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
    let classified_as = best.or(seen.iter().find(|seen| seen.record.doc_type.is_some()));
    let classified_as = classified_as.and_then(|seen| seen.record.doc_type.clone());
    let repeats = ours.iter().any(|seen| {
        seen.record
            .findings
            .iter()
            .any(|f| f.code == FindingCode::ListRepeats)
    });
    let is_exact =
        |leaf: &JudgedValue| matches!(leaf.outcome, ValueOutcome::Right | ValueOutcome::Absent);
    JudgedDocument {
        name: case.name.clone(),
        doc_type: case.doc_type.clone(),
        layout: case.layout.clone(),
        group: case.group.clone(),
        embedded,
        unread: ours.iter().all(|s| s.record.status == Status::Failed),
        problem: problem(
            work.failure.as_deref(),
            classified_as.as_deref(),
            &case.doc_type,
            repeats,
        ),
        classified_as: classified_as.unwrap_or_else(|| "-".to_owned()),
        records: seen
            .iter()
            .map(|seen| seen.record.status.as_str().to_owned())
            .collect(),
        split: ours.len() > 1,
        exact: ours.len() == 1 && leaves.iter().all(is_exact),
        accepted: !seen.is_empty()
            && seen
                .iter()
                .all(|seen| seen.record.status == Status::Accepted),
        unobjected: !seen.is_empty() && seen.iter().all(|seen| is_unobjected(&seen.record)),
        least: seen
            .iter()
            .flat_map(|seen| &seen.scored)
            .filter(|v| !v.prediction.is_supporting)
            .map(|v| v.probability.unwrap_or(v.confidence))
            .min_by(f64::total_cmp),
        work,
        fields: leaves,
    }
}

fn is_unobjected(record: &Record) -> bool {
    let mut objections = record
        .findings
        .iter()
        .filter(|f| f.severity > Severity::Info && !f.code.is_from_acceptance());
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
    case: &'a KnownDocument,
    known: Vec<(String, String)>,
    leaves: Vec<JudgedValue>,
}

impl Judge<'_> {
    fn alternatives(&self, field: &str) -> &[String] {
        let known = self.case.alternatives.get(field);
        known.map(Vec::as_slice).unwrap_or_default()
    }

    /// The record with the most right values; the first of equals.
    fn best<'s>(
        &self,
        truth: &Map<String, Value>,
        ours: &[&'s CandidateRecord],
    ) -> Option<&'s CandidateRecord> {
        let right = |seen: &CandidateRecord| {
            let is_right = |(name, value): &(&String, &Value)| {
                let read = seen.record.fields.get(*name).unwrap_or(&Value::Null);
                text(read).is_some() && same(value, self.alternatives(name), read)
            };
            truth.iter().filter(is_right).count()
        };
        let last_of_best = ours.iter().rev().max_by_key(|seen| right(seen));
        last_of_best.copied()
    }

    fn scalar(
        &mut self,
        name: &str,
        truth: &Value,
        best: Option<&CandidateRecord>,
        ours: &[&CandidateRecord],
    ) {
        let alternatives = self.alternatives(name).to_vec();
        let read =
            |seen: &CandidateRecord| seen.record.fields.get(name).cloned().unwrap_or_default();
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
                true => ValueOutcome::Repeated,
                false => ValueOutcome::Spurious,
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
        ours: &[&CandidateRecord],
        is_scored: impl Fn(&&str) -> bool,
    ) {
        let read: Vec<(&CandidateRecord, usize, &Value)> = ours
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
                    self.push(&name, &path, ValueOutcome::Spurious, None, value, place);
                }
            }
        }
    }

    fn wrong_type(&mut self, other: &CandidateRecord) {
        for scored in other
            .scored
            .iter()
            .filter(|one| !one.prediction.is_absent())
        {
            let field = &scored.prediction.field;
            let path = FieldPath::parse(field);
            let value = path.value_at(&other.record.fields);
            let value = value.cloned().unwrap_or_default();
            let outcome = ValueOutcome::WrongType;
            let name = path.to_wildcard().to_string().replace("[]", "");
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
        place: Option<(&CandidateRecord, &str)>,
    ) {
        let outcome = match (text(truth), text(read)) {
            (None, None) => ValueOutcome::Absent,
            (None, Some(_)) => ValueOutcome::Spurious,
            (Some(_), None) => ValueOutcome::Missing,
            _ if same(truth, alternatives, read) => ValueOutcome::Right,
            _ => ValueOutcome::Wrong,
        };
        self.push(name, path, outcome, text(truth), read, place);
    }

    fn push(
        &mut self,
        name: &str,
        path: &str,
        outcome: ValueOutcome,
        truth: Option<String>,
        read: &Value,
        place: Option<(&CandidateRecord, &str)>,
    ) {
        let read = text(read);
        let anls = match (&truth, &read) {
            _ if outcome == ValueOutcome::Right => 1.0,
            (Some(truth), Some(read)) => anls(truth, read),
            _ => 0.0,
        };
        let scored = place.and_then(|(seen, path)| {
            let mut scored = seen.scored.iter();
            scored.find(|one| one.prediction.field == path)
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
        let mut leaf = JudgedValue {
            field: name.to_owned(),
            path: path.to_owned(),
            outcome,
            cause: None,
            truth,
            read,
            anls,
            confidence: scored.map(|scored| scored.confidence),
            probability: scored.and_then(|scored| scored.probability),
            accepted: scored.is_some_and(|scored| scored.accepted),
            prediction: scored.map(|scored| scored.prediction.clone()),
        };
        leaf.cause = cause(&leaf, is_other, on_page);
        self.leaves.push(leaf);
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
pub(super) mod tests;
