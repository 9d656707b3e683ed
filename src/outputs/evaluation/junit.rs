//! The evaluation as JUnit XML, which CI systems show: a test suite for each
//! document type, a test case for each document and field (a list is one field),
//! and one for whether the document could be read at all.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::judged::{JudgedDocument, JudgedValue, ValueOutcome};
use super::report::EvaluationReport;
use crate::domain::{count, sum};

/// Most lines of a failure's text.
const MAX_LINES: usize = 40;

pub fn write(report: &EvaluationReport, out: impl Write) -> anyhow::Result<()> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for document in &report.documents {
        let suite = suites.entry(&document.doc_type);
        let suite = suite.or_insert_with(|| TestSuite::new(document.doc_type.as_str()));
        suite.add_test_case(document_case(document));
        suite.add_test_cases(field_cases(document));
    }
    let mut report = Report::new("docmill eval");
    report.add_test_suites(suites.into_values());
    Ok(report.serialize(out)?)
}

/// Whether the document was read, as one record of its type.
fn document_case(document: &JudgedDocument) -> TestCase {
    let work = &document.work;
    let status = match &work.failure {
        Some(why) => {
            let mut status = failed(NonSuccessKind::Error, "the document could not be read");
            status.set_description(why.as_str());
            status
        }
        None if document.classified_as != document.doc_type => {
            let message = match document.classified_as.as_str() {
                "-" => "it was not classified".to_owned(),
                other => format!("it was classified as {other}"),
            };
            failed(NonSuccessKind::Failure, &message)
        }
        None if document.split => {
            failed(NonSuccessKind::Failure, "it was split into several records")
        }
        None => TestCaseStatus::success(),
    };
    let mut case = case(document, "document", status);
    let seconds = sum(work.stage_seconds.values().copied());
    case.set_time(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    case
}

fn field_cases(document: &JudgedDocument) -> Vec<TestCase> {
    let mut groups: BTreeMap<&str, Vec<&JudgedValue>> = BTreeMap::new();
    for value in &document.fields {
        // The case of the document says that its type is wrong.
        if value.outcome != ValueOutcome::WrongType {
            let group = value.field.split('.').next().unwrap_or(&value.field);
            groups.entry(group).or_default().push(value);
        }
    }
    let groups = groups.into_iter();
    let cases = groups.map(|(name, values)| case(document, name, field_status(&values)));
    cases.collect()
}

fn field_status(values: &[&JudgedValue]) -> TestCaseStatus {
    let wrong = values.iter().filter(|value| !value.outcome.is_right());
    let sentences: Vec<String> = wrong.map(|value| sentence(value)).collect();
    let message = match (sentences.as_slice(), values.len()) {
        ([], _) => return TestCaseStatus::success(),
        ([one], 1) => one.clone(),
        (wrong, all) => format!(
            "not right: {} of {}",
            wrong.len(),
            count(all as u64, "value")
        ),
    };
    let mut lines = sentences[..sentences.len().min(MAX_LINES)].to_vec();
    if sentences.len() > MAX_LINES {
        lines.push(format!("and {} more", sentences.len() - MAX_LINES));
    }
    let mut status = failed(NonSuccessKind::Failure, &message);
    status.set_description(lines.join("\n"));
    status
}

fn failed(kind: NonSuccessKind, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}

fn case(document: &JudgedDocument, name: &str, mut status: TestCaseStatus) -> TestCase {
    status.set_type(name);
    let doc_type = &document.doc_type;
    // CI systems take dots for packages.
    let document = document.name.replace('.', "_");
    let document = document
        .strip_prefix(&format!("{doc_type}/"))
        .unwrap_or(&document);
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("{doc_type}.{document}"));
    case
}

/// What is wrong with a value.
pub(super) fn sentence(value: &JudgedValue) -> String {
    let text = |value: &Option<String>| match value {
        Some(text) => format!("`{text}`"),
        None => "nothing".to_owned(),
    };
    let (path, truth, read) = (&value.path, text(&value.truth), text(&value.read));
    match value.outcome {
        ValueOutcome::Spurious => format!("{path}: {read} was read where there is nothing"),
        ValueOutcome::Missing => format!("{path}: {truth} was not read"),
        _ => format!("{path}: {read} was read, {truth} is right"),
    }
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::events::Event;
    use serde_json::json;

    use super::super::judge::judge;
    use super::super::judge::tests::{case, seen};
    use super::*;
    use crate::store::DocumentWork;

    #[test]
    fn each_document_and_field_is_a_case_and_the_totals_are_theirs() {
        let truth = json!({"a": "1", "b": "x", "items": [{"n": "tea"}, {"n": "bun"}]});
        let read = json!({"a": "1", "b": "<\u{1}&>", "items": [{"n": "tea"}]});
        let half = judge(
            &case(truth.clone()),
            &[seen(1, read)],
            DocumentWork::default(),
        );
        let lost = DocumentWork {
            failure: Some("corrupt: broken".into()),
            ..DocumentWork::default()
        };
        let mut lost = judge(&case(truth), &[], lost);
        lost.name = "b.pdf".into();
        let report = EvaluationReport::new(vec![half, lost], &[]);
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (mut cases, mut failures, mut errors) = (0, 0, 0);
        let mut reader = Reader::from_str(&text);
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(e) | Event::Empty(e) => match e.name().as_ref() {
                    "testcase" => cases += 1,
                    "failure" => failures += 1,
                    "error" => errors += 1,
                    _ => {}
                },
                _ => {}
            }
        }
        assert_eq!((cases, failures, errors), (8, 5, 1), "{text}");
        assert!(
            text.contains(r#"tests="8" failures="5" errors="1""#),
            "{text}"
        );
        assert!(
            text.contains("b: `&lt;&amp;&gt;` was read, `x` is right"),
            "{text}"
        );
        assert!(text.contains("receipt.b_pdf"), "{text}");
    }
}
