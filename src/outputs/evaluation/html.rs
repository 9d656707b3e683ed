//! The evaluation as one HTML page without external files.

use anyhow::Context;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::baseline::BaselineChanges;
use super::judged::{DocumentProblem, ErrorCause, JudgedDocument, JudgedValue, ValueOutcome};
use super::junit::sentence;
use super::plots;
use super::report::EvaluationReport;
use crate::outputs::markup;

const PAGE_TEMPLATE: &str = include_str!("report.html");
/// Most documents whose wrong values are listed.
const MOST_DOCUMENTS: usize = 200;
/// Most wrong values that are listed for one document.
const MOST_VALUES: usize = 60;

/// What was measured, and with what.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EvaluationInfo {
    pub folder: String,
    /// RFC 3339.
    pub time: String,
    pub version: String,
    /// Names or hashes of the readers whose records were judged.
    pub readers: Vec<String>,
    /// Hashes of the calibrations that were used.
    pub calibrations: Vec<String>,
    /// Highest allowed share (0 to 1) of wrong values among accepted fields.
    pub max_error: f64,
    /// Whether stored records were judged and nothing was read.
    pub stored: bool,
}

/// The page.
pub fn page(
    report: &EvaluationReport,
    about: &EvaluationInfo,
    changes: Option<&BaselineChanges>,
) -> anyhow::Result<String> {
    let acceptance = &report.acceptance;
    let calibrated = acceptance.calibrated.as_ref();
    let curve = calibrated.map(|_| acceptance.curve.as_slice());
    let routed: u64 = report
        .routing
        .iter()
        .map(|(t, n)| n.get(t).copied().unwrap_or(0))
        .sum();
    let context = context! {
        about => Value::from(Serde(about)),
        report => Value::from(Serde(report)),
        changes => Value::from(Serde(changes)),
        causes => ErrorCause::ALL.map(ErrorCause::as_str).to_vec(),
        problems => DocumentProblem::ALL.map(DocumentProblem::as_str).to_vec(),
        routed,
        exact => report.documents.iter().filter(|d| d.exact).count(),
        coverage => acceptance.now.coverage(),
        risk => acceptance.now.risk(),
        seconds => report.effort.seconds_a_page(),
        rates => acceptance.rates.iter().map(rate).collect::<Vec<_>>(),
        risk_plot => plots::risk_coverage(curve, &acceptance.own_curve, about.max_error).into_value(),
        reliability_plot => plots::reliability(calibrated, &acceptance.own).into_value(),
        confusion_plot => plots::confusion(&report.routing).into_value(),
        stage_plot => plots::stages(&report.effort.stage_seconds, report.effort.pages).into_value(),
        documents => report.documents.iter().filter(|d| !d.exact).take(MOST_DOCUMENTS).map(wrong).collect::<Vec<_>>(),
        more_documents => report.documents.iter().filter(|d| !d.exact).count().saturating_sub(MOST_DOCUMENTS),
    };
    let page = markup::environment().render_str(PAGE_TEMPLATE, context);
    page.context("cannot write the page of the evaluation")
}

fn rate(rate: &super::accepted::RateOutcome) -> Value {
    let accepted = &rate.accepted;
    context! {
        max_error => rate.rate.max_error,
        thresholds => rate.rate.described().join(", "),
        accepted => Value::from(Serde(accepted)),
        coverage => accepted.coverage(),
        risk => accepted.risk(),
    }
}

fn wrong(document: &JudgedDocument) -> Value {
    let is_wrong =
        |outcome: ValueOutcome| !outcome.is_right() && outcome != ValueOutcome::WrongType;
    let wrong = document.fields.iter().filter(|leaf| is_wrong(leaf.outcome));
    let count = wrong.clone().count();
    let classified = match document.classified_as.as_str() {
        "-" => Some("not classified".to_owned()),
        other if other != document.doc_type => Some(format!("classified as {other}")),
        _ => None,
    };
    context! {
        name => document.name.clone(),
        doc_type => document.doc_type.clone(),
        failure => document.work.failure.clone(),
        split => document.split,
        classified,
        count,
        right => document.fields.iter().filter(|leaf| leaf.outcome == ValueOutcome::Right).count(),
        sentences => wrong.take(MOST_VALUES).map(because).collect::<Vec<_>>(),
        more => count.saturating_sub(MOST_VALUES),
    }
}

fn because(leaf: &JudgedValue) -> String {
    match leaf.cause {
        Some(cause) => format!("{} ({})", sentence(leaf), cause.as_str().replace('_', " ")),
        None => sentence(leaf),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::accepted::RateThresholds;
    use super::super::baseline::ValueChange;
    use super::super::judge::judge;
    use super::super::judge::tests::{case, seen};
    use super::*;
    use crate::store::DocumentWork;

    #[test]
    fn the_page_stands_alone_and_escapes_what_documents_say() {
        let truth = json!({"a": "<script>alert(1)</script>", "b": "2"});
        let read = json!({"a": "<img src=x>", "b": "2"});
        let mut document = judge(&case(truth), &[seen(1, read)], DocumentWork::default());
        document.name = "a&b.pdf".into();
        let name = document.classified_as.clone();
        let rates = [(0.005, None), (0.02, Some(0.97))];
        let rates = rates.map(|(rate, at)| RateThresholds::of_one(rate, &name, at));
        let report = EvaluationReport::new(vec![document], &rates);
        let about = EvaluationInfo {
            folder: "fixtures".into(),
            readers: vec!["nano".into()],
            ..EvaluationInfo::default()
        };
        let change = ValueChange {
            document: "a&b.pdf".into(),
            path: "b".into(),
            truth: Some("2".into()),
            before: None,
            now: Some("2".into()),
        };
        let changes = BaselineChanges {
            better: vec![change],
            only_now: vec!["a&b.pdf".into()],
            ..BaselineChanges::default()
        };
        let page = page(&report, &about, Some(&changes)).unwrap();
        assert!(page.contains("&lt;img src=x&gt;") && page.contains("a&amp;b.pdf"));
        for outside in ["<script", "<img", "http:", "https:", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<svg").count(), 4);
        assert!(page.contains("not certified"));
        assert!(page.contains("is right (elsewhere)"), "{page}");
        let row = "<td>receipt</td><td>0</td><td>0</td><td>0</td><td>0</td><td>0</td><td>1</td>";
        assert!(page.contains(row), "{page}");
    }
}
