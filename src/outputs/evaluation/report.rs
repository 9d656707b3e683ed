//! Scores by document type and field.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::accepted::{Acceptance, RateThresholds};
use super::causes::ErrorCounts;
use super::judged::{JudgedDocument, JudgedValue, ValueOutcome};
use crate::domain::sum;

/// Counts for one field over many documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldScores {
    /// Values that the documents hold.
    pub expected: u64,
    /// Values that were read, right or wrong, where the truth is known.
    pub read: u64,
    /// Values that were read and are right.
    pub right: u64,
    /// Sum over the documents' values of their similarity (0 to 1).
    pub anls_sum: f64,
}

impl FieldScores {
    /// 0 to 1; `None`: no value was read.
    pub fn precision(&self) -> Option<f64> {
        share(self.right, self.read)
    }

    /// 0 to 1; `None`: the documents hold no value.
    pub fn recall(&self) -> Option<f64> {
        share(self.right, self.expected)
    }

    /// 0 to 1; `None`: the documents hold no value and none was read.
    pub fn f1(&self) -> Option<f64> {
        share(2 * self.right, self.expected + self.read)
    }

    /// 0 to 1; `None`: the documents hold no value.
    pub fn anls(&self) -> Option<f64> {
        (self.expected > 0).then(|| self.anls_sum / self.expected as f64)
    }

    fn add(&mut self, other: &FieldScores) {
        self.expected += other.expected;
        self.read += other.read;
        self.right += other.right;
        self.anls_sum += other.anls_sum;
    }

    fn of(leaf: &JudgedValue) -> FieldScores {
        let is = |outcomes: &[ValueOutcome]| u64::from(outcomes.contains(&leaf.outcome));
        use ValueOutcome::*;
        FieldScores {
            expected: is(&[Right, Wrong, Missing]),
            read: is(&[Right, Wrong, Spurious]),
            right: is(&[Right]),
            anls_sum: leaf.anls,
        }
    }
}

impl Serialize for FieldScores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Figures {
            expected: u64,
            read: u64,
            right: u64,
            precision: Option<f64>,
            recall: Option<f64>,
            f1: Option<f64>,
            anls: Option<f64>,
        }
        let figures = Figures {
            expected: self.expected,
            read: self.read,
            right: self.right,
            precision: self.precision(),
            recall: self.recall(),
            f1: self.f1(),
            anls: self.anls(),
        };
        figures.serialize(serializer)
    }
}

/// `part` / `whole`, 0 to 1; `None` where `whole` is 0.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// One document type, or one layout of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TypeScores {
    pub documents: u64,
    /// Documents with every known field right.
    pub exact: u64,
    /// Documents that were split into several records.
    pub split: u64,
    /// F1 (0 to 1) of all fields together; 1 where there is no value and none was read.
    pub f1: f64,
    /// Mean ANLS (0 to 1) of all fields together.
    pub anls: f64,
    /// Number of groups of near-copies.
    pub groups: u64,
    /// Mean of the groups' F1, 0 to 1.
    pub group_f1: f64,
    /// Mean of the groups' shares (0 to 1) of exact documents.
    pub group_exact: f64,
    pub fields: BTreeMap<String, FieldScores>,
    pub causes: ErrorCounts,
}

impl TypeScores {
    fn new(documents: &[&JudgedDocument]) -> TypeScores {
        let mut fields: BTreeMap<String, FieldScores> = BTreeMap::new();
        let mut groups: BTreeMap<&str, (FieldScores, u64, u64)> = BTreeMap::new();
        for document in documents {
            let (sum, count, exact) = groups.entry(&document.group).or_default();
            *count += 1;
            *exact += u64::from(document.exact);
            for leaf in document.fields.iter().filter(|l| is_scored(l)) {
                let counts = FieldScores::of(leaf);
                sum.add(&counts);
                fields.entry(leaf.field.clone()).or_default().add(&counts);
            }
        }
        let count =
            |is: fn(&JudgedDocument) -> bool| documents.iter().filter(|d| is(d)).count() as u64;
        let mean = |of: &dyn Fn(&(FieldScores, u64, u64)) -> f64| {
            sum(groups.values().map(of)) / groups.len().max(1) as f64
        };
        let total = total(&fields);
        TypeScores {
            documents: documents.len() as u64,
            exact: count(|d| d.exact),
            split: count(|d| d.split),
            f1: total.f1().unwrap_or(1.0),
            anls: total.anls().unwrap_or(1.0),
            groups: groups.len() as u64,
            group_f1: mean(&|(sum, ..)| sum.f1().unwrap_or(1.0)),
            group_exact: mean(&|(_, count, exact)| share(*exact, *count).unwrap_or(1.0)),
            fields,
            causes: ErrorCounts::of(documents),
        }
    }
}

/// Values that cannot be compared, and repetitions, are not scored.
fn is_scored(leaf: &JudgedValue) -> bool {
    !matches!(
        leaf.outcome,
        ValueOutcome::WrongType | ValueOutcome::Repeated
    )
}

fn total(fields: &BTreeMap<String, FieldScores>) -> FieldScores {
    fields
        .values()
        .fold(FieldScores::default(), |mut sum, field| {
            sum.add(field);
            sum
        })
}

/// Time that the reading took, and how often it failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effort {
    pub pages: u64,
    /// Seconds by stage, summed over pages and attempts; stages of different pages run in
    /// parallel.
    pub stage_seconds: BTreeMap<String, f64>,
    /// Attempts at pages.
    pub attempts: u64,
    /// Of these, attempts whose answer was not complete JSON.
    pub cut_off: u64,
    pub refused: u64,
    pub failed_attempts: BTreeMap<String, u64>,
    /// Documents that could not be read at all: why.
    pub failed_documents: BTreeMap<String, String>,
}

impl Effort {
    fn of(documents: &[JudgedDocument]) -> Effort {
        let mut effort = Effort::default();
        for document in documents {
            let work = &document.work;
            effort.pages += work.pages;
            effort.attempts += work.attempts;
            for (stage, seconds) in &work.stage_seconds {
                *effort.stage_seconds.entry(stage.clone()).or_default() += seconds;
            }
            for (reason, count) in &work.failed_attempts {
                *effort.failed_attempts.entry(reason.clone()).or_default() += count;
            }
            if let Some(why) = &work.failure {
                let name = document.name.clone();
                effort.failed_documents.insert(name, why.clone());
            }
        }
        let failed = |reason: &str| effort.failed_attempts.get(reason).copied();
        effort.cut_off = failed("output_cut_off").unwrap_or(0);
        effort.refused =
            failed("output_empty").unwrap_or(0) + failed("output_refused").unwrap_or(0);
        effort
    }

    /// Seconds of all stages per page, without the wait for a free engine.
    pub fn seconds_a_page(&self) -> f64 {
        let work = self
            .stage_seconds
            .iter()
            .filter(|(stage, _)| *stage != "wait");
        sum(work.map(|(_, seconds)| *seconds)) / self.pages.max(1) as f64
    }
}

/// How a set of documents was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EvaluationReport {
    /// By type, or `type (layout)`.
    pub tables: BTreeMap<String, TypeScores>,
    /// How often documents of a type (outer) were classified as one (inner; `-`:
    /// none).
    pub routing: BTreeMap<String, BTreeMap<String, u64>>,
    /// Records by status.
    pub statuses: BTreeMap<String, u64>,
    pub effort: Effort,
    pub acceptance: Acceptance,
    pub documents: Vec<JudgedDocument>,
}

impl EvaluationReport {
    /// `rates`: allowed error rates, each with the thresholds that are certified
    /// for it.
    pub fn new(documents: Vec<JudgedDocument>, rates: &[RateThresholds]) -> EvaluationReport {
        let mut tables: BTreeMap<String, Vec<&JudgedDocument>> = BTreeMap::new();
        let mut report = EvaluationReport::default();
        for document in &documents {
            let name = match &document.layout {
                Some(layout) => format!("{} ({layout})", document.doc_type),
                None => document.doc_type.clone(),
            };
            tables.entry(name).or_default().push(document);
            let taken = report.routing.entry(document.doc_type.clone()).or_default();
            *taken.entry(document.classified_as.clone()).or_default() += 1;
            for status in &document.records {
                *report.statuses.entry(status.clone()).or_default() += 1;
            }
        }
        report.tables = tables
            .into_iter()
            .map(|(name, documents)| (name, TypeScores::new(&documents)))
            .collect();
        report.effort = Effort::of(&documents);
        report.acceptance = Acceptance::of(&documents, rates);
        report.documents = documents;
        report
    }

    /// Types (or layouts) whose F1 is below the bar, with it.
    pub fn below(&self, bar: f64) -> Vec<(&str, f64)> {
        let scores = self.tables.iter().map(|(name, t)| (name.as_str(), t.f1));
        scores.filter(|(_, f1)| *f1 < bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::judge::judge;
    use super::super::judge::tests::{case, seen};
    use super::super::truth::KnownDocument;
    use super::*;
    use crate::store::DocumentWork;

    fn document(truth: Value, read: Value) -> JudgedDocument {
        judge(&case(truth), &[seen(1, read)], DocumentWork::default())
    }

    #[test]
    fn right_wrong_missing_and_spurious_values_are_counted_by_field() {
        let truth = json!({"a": "1.00", "b": "x", "c": "y", "d": null, "skipped": "z",
            "items": [{"n": "tea"}, {"n": "bun"}]});
        let read = json!({"a": "1", "b": "w", "c": null, "d": "made up", "items": [{"n": "bun"}, {"n": "jam"}, {"n": "tea"}]});
        let report = EvaluationReport::new(vec![document(truth, read)], &[]);
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
        assert!((table.f1 - 6.0 / 11.0).abs() < 1e-9);
        assert_eq!(table.exact, 0);
        assert_eq!(report.below(0.6), [("receipt", table.f1)]);
        assert!(report.below(table.f1).is_empty());
    }

    #[test]
    fn a_document_that_gave_no_record_counts_as_unread() {
        let document = judge(&case(json!({"a": "1"})), &[], DocumentWork::default());
        let report = EvaluationReport::new(vec![document], &[]);
        assert_eq!(report.routing["receipt"]["-"], 1);
        assert_eq!(report.tables["receipt"].fields["a"].recall(), Some(0.0));
    }

    #[test]
    fn a_group_of_near_copies_counts_once_and_layouts_are_apart() {
        let right = document(json!({"a": "1"}), json!({"a": "1"}));
        let other = KnownDocument {
            group: "other".into(),
            ..case(json!({"a": "1"}))
        };
        let wrong = judge(
            &other,
            &[seen(1, json!({"a": "2"}))],
            DocumentWork::default(),
        );
        let mut designed = right.clone();
        designed.layout = Some("designed".into());
        let all = vec![right.clone(), right.clone(), right, wrong, designed];
        let report = EvaluationReport::new(all, &[]);
        let table = &report.tables["receipt"];
        assert_eq!((table.documents, table.groups, table.exact), (4, 2, 3));
        assert!((table.group_f1 - 0.5).abs() < 1e-9 && (table.f1 - 0.75).abs() < 1e-9);
        assert!((table.group_exact - 0.5).abs() < 1e-9);
        assert_eq!(report.tables["receipt (designed)"].documents, 1);
    }

    #[test]
    fn failed_attempts_are_counted_by_reason() {
        let work = DocumentWork {
            pages: 2,
            attempts: 5,
            failed_attempts: [("output_cut_off".to_owned(), 2), ("deadline".to_owned(), 1)].into(),
            stage_seconds: [("decode".to_owned(), 3.0), ("wait".to_owned(), 9.0)].into(),
            failure: None,
        };
        let document = judge(&case(json!({"a": "1"})), &[], work);
        let effort = EvaluationReport::new(vec![document], &[]).effort;
        assert_eq!((effort.cut_off, effort.refused, effort.attempts), (2, 0, 5));
        assert!((effort.seconds_a_page() - 1.5).abs() < 1e-9);
    }
}
