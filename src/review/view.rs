//! The view of a record on the page: every field with its state and the reason.

use serde::Serialize;
use serde_json::Value;

use super::queue::by_urgency;
use crate::documents::acceptance::uncertain;
use crate::documents::validation::field_in_words;
use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, FieldPath, Finding, FindingCode, Format, Record,
    Severity, Status, scalar_text,
};

/// The state of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FieldState)]
pub enum State {
    /// A check fails, or the value does not have the form of its field.
    Wrong,
    /// A person should look.
    Check,
    /// A person entered or confirmed it.
    Person,
    /// The text of the page has it.
    Page,
    /// It follows from other values.
    Arithmetic,
    /// The e-invoice states it.
    Einvoice,
    /// The document has no such value.
    Empty,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FieldView {
    pub path: String,
    pub label: String,
    pub format: Option<&'static str>,
    /// Null: the document has no such value.
    pub value: Option<String>,
    pub state: State,
    /// The reasons of the state, in sentences.
    pub why: Vec<String>,
    /// Index (from 0) of the page that has it.
    pub page: Option<u32>,
    /// Left, top, right, bottom as shares (0 to 1) of the upright page.
    pub bbox: Option<[f32; 4]>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListView {
    pub path: String,
    pub label: String,
    pub columns: Vec<Column>,
    pub lines: Vec<Vec<FieldView>>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Column {
    pub leaf: String,
    pub label: String,
    pub format: Option<&'static str>,
}

/// A finding that the page does not show beside a field.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FindingView {
    pub code: FindingCode,
    pub severity: Severity,
    pub message: String,
}

/// The values of a record, and the results of its checks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Checked {
    pub status: Status,
    pub fields: Vec<FieldView>,
    pub lists: Vec<ListView>,
    pub findings: Vec<FindingView>,
    /// Messages of failed checks: with any, approving needs a reason.
    pub failed: Vec<String>,
    /// Why it cannot be stored as it is.
    pub unusable: Option<String>,
}

/// The view of a record. `doc_type`: `None` where the program does not know the type.
/// `min_confidence`: as for [`uncertain`].
pub fn checked(
    doc_type: Option<&DocType>,
    record: &Record,
    unusable: Option<&Finding>,
    min_confidence: f32,
) -> Checked {
    let is_uncertain = record.findings.iter().any(is_about_certainty);
    let view = View {
        doc_type,
        record,
        uncertain: match is_uncertain {
            true => uncertain(doc_type, record, min_confidence),
            false => Vec::new(),
        },
    };
    let mut fields = Vec::new();
    let mut lists = Vec::new();
    for (name, value) in &record.fields {
        match view.list(name, value) {
            Some(list) => lists.push(list),
            None => fields.push(view.field(name, value)),
        }
    }
    let is_shown = |finding: &&Finding| {
        if is_about_certainty(finding) {
            return view.uncertain.is_empty();
        }
        let field = finding.field.as_deref().map(FieldPath::parse);
        let value = field
            .as_ref()
            .and_then(|path| path.value_at(&record.fields));
        !value.is_some_and(|value| !value.is_array() && !value.is_object())
    };
    let sorted = by_urgency(&record.findings);
    let findings = sorted.iter().copied().filter(is_shown);
    let failed = sorted.iter().filter(|finding| finding.is_failed_check());
    Checked {
        status: record.status,
        fields,
        lists,
        findings: findings
            .map(|finding| FindingView {
                code: finding.code,
                severity: finding.severity,
                message: finding.message.clone(),
            })
            .collect(),
        failed: failed.map(|finding| finding.message.clone()).collect(),
        unusable: unusable.map(|finding| finding.message.clone()),
    }
}

/// Whether the finding is about all uncertain values; the page shows it beside each of them.
fn is_about_certainty(finding: &Finding) -> bool {
    finding.code == FindingCode::LowConfidence
}

struct View<'a> {
    doc_type: Option<&'a DocType>,
    record: &'a Record,
    /// Uncertain values with their probabilities, 0 to 1.
    uncertain: Vec<(String, f64)>,
}

impl View<'_> {
    /// `None`: it is not a list of lines.
    fn list(&self, name: &str, value: &Value) -> Option<ListView> {
        let leaves = self.doc_type?.line_properties(name)?;
        let column = |(leaf, property): (&String, &Value)| Column {
            leaf: leaf.clone(),
            label: self.label(&format!("{name}[].{leaf}")),
            format: Format::of(property).map(Format::as_str),
        };
        let line = |(index, line): (usize, &Value)| -> Vec<FieldView> {
            let value = |leaf: &String| {
                let path = FieldPath::in_line(name, index, leaf).to_string();
                self.field(&path, line.get(leaf).unwrap_or(&Value::Null))
            };
            leaves.keys().map(value).collect()
        };
        let lines = value.as_array()?.iter().enumerate().map(line).collect();
        Some(ListView {
            path: name.to_owned(),
            label: self.label(name),
            columns: leaves.iter().map(column).collect(),
            lines,
        })
    }

    /// Whether only the e-invoice states the value, and the page seems to be another invoice.
    fn is_unprinted(&self, evidence: &FieldEvidence) -> bool {
        let mut findings = self.record.findings.iter();
        evidence.class == EvidenceClass::EmbeddedXml
            && findings
                .any(|found| found.code == FindingCode::PageContradicts && found.field.is_none())
    }

    fn label(&self, path: &str) -> String {
        match self.doc_type {
            Some(doc_type) => field_in_words(doc_type, path),
            None => path.replace('_', " "),
        }
    }

    fn field(&self, path: &str, value: &Value) -> FieldView {
        let evidence = self.record.evidence.iter().find(|e| e.field == path);
        let own = self.record.findings.iter();
        let own: Vec<Finding> = own
            .filter(|finding| {
                finding.field.as_deref() == Some(path) && !is_about_certainty(finding)
            })
            .cloned()
            .collect();
        let probability = self.uncertain.iter().find(|(field, _)| field == path);
        let (state, mut why) = match evidence {
            _ if own.iter().any(|f| f.is_failed_check()) => (State::Wrong, Vec::new()),
            _ if own.iter().any(|f| f.severity > Severity::Info) => (State::Check, Vec::new()),
            _ if probability.is_some() => {
                (State::Check, probability.map(unsure).into_iter().collect())
            }
            _ if value.is_null() => (State::Empty, Vec::new()),
            Some(evidence) if self.is_unprinted(evidence) => {
                (State::Check, vec![OTHER_PAGE.to_owned()])
            }
            Some(evidence) => confirmed(evidence),
            None => (State::Check, vec![MODEL_ALONE.to_owned()]),
        };
        let messages = by_urgency(&own).into_iter();
        why.splice(0..0, messages.map(|finding| finding.message.clone()));
        let property = self
            .doc_type
            .and_then(|doc_type| FieldPath::parse(path).property(&doc_type.schema));
        FieldView {
            label: self.label(path),
            format: property.and_then(Format::of).map(Format::as_str),
            value: scalar_text(value),
            state,
            why,
            page: evidence.and_then(|e| e.page),
            bbox: evidence.and_then(|e| e.bbox),
            path: path.to_owned(),
        }
    }
}

fn unsure((_, probability): &(String, f64)) -> String {
    format!("the reader is not sure: probability {probability:.2}")
}

const OTHER_PAGE: &str =
    "stated by the e-invoice, and not found on the page, which seems to be another invoice";

const MODEL_ALONE: &str = "only the model has read this: not found on the page";

/// The state of a value that no finding is about.
fn confirmed(evidence: &FieldEvidence) -> (State, Vec<String>) {
    if !evidence.contradicted_by.is_empty() {
        let codes: Vec<_> = evidence
            .contradicted_by
            .iter()
            .map(|code| code.as_str().replace('_', " "))
            .collect();
        let why = format!("a check with this value fails: {}", codes.join(", "));
        return (State::Check, vec![why]);
    }
    let on_page = || match (&evidence.text, evidence.page) {
        (Some(text), Some(page)) => format!("page {} says “{text}”", page + 1),
        _ => "found on the page".to_owned(),
    };
    let sums = evidence.confirmed_by.iter();
    let mut sums: Vec<String> = sums
        .map(|name| name.replace("[].", " ").replace('_', " "))
        .collect();
    let (state, said) = match evidence.class {
        EvidenceClass::Person => (State::Person, "entered or confirmed by a person".to_owned()),
        EvidenceClass::TextLayer | EvidenceClass::Ocr => (State::Page, on_page()),
        EvidenceClass::EmbeddedXml => (State::Einvoice, "stated by the e-invoice".to_owned()),
        EvidenceClass::ModelOnly if sums.is_empty() => (State::Check, MODEL_ALONE.to_owned()),
        EvidenceClass::ModelOnly => (State::Arithmetic, "not found on the page".to_owned()),
    };
    sums.insert(0, said);
    (state, sums)
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
