//! A public report as a test.

use serde_json::Value;

use crate::domain::FindingCode;

/// One report, and the expected result of its input.
pub struct FieldReport {
    /// `owner/repository#number` on GitHub.
    pub source: &'static str,
    pub condition: &'static str,
    pub input: ReportInput,
    /// One for each record.
    pub expected: Vec<Expected>,
    /// As in docs/field-reports.md.
    pub outcome: &'static str,
}

pub enum ReportInput {
    /// An e-invoice.
    Xml(String),
    /// Pages as a reader copied them.
    Pages(Vec<ReportPage>),
}

pub struct ReportPage {
    pub doc_type: &'static str,
    /// Columns are separated by `|`.
    pub rows: &'static [&'static str],
    pub answers: Value,
}

pub struct Expected {
    /// Some of the record's fields.
    pub fields: Value,
    /// The codes of warnings and errors, sorted by name.
    pub flags: &'static [FindingCode],
    /// Part of the message of some finding; empty: none is asked for.
    pub says: &'static str,
}

/// A record with these fields and flags.
pub fn record(fields: Value, flags: &'static [FindingCode], says: &'static str) -> Vec<Expected> {
    vec![Expected {
        fields,
        flags,
        says,
    }]
}

pub fn read(doc_type: &'static str, rows: &'static [&'static str], answers: Value) -> ReportInput {
    ReportInput::Pages(vec![ReportPage {
        doc_type,
        rows,
        answers,
    }])
}
