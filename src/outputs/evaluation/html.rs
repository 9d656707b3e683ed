//! The evaluation as one page of HTML that needs nothing else: for a person who
//! was not there.

use anyhow::Context;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::baseline::Changes;
use super::causes::{Cause, Trouble};
use super::judge::{Document, Leaf, Outcome};
use super::junit::sentence;
use super::plots;
use super::report::Report;
use crate::documents::acceptance::percent;

const TEMPLATE: &str = include_str!("report.html");
/// Documents whose wrong values are listed, at most.
const MOST_DOCUMENTS: usize = 200;
/// Wrong values listed of one document.
const MOST_VALUES: usize = 60;

/// What was measured, and with what.
#[derive(Clone, Debug, Default, Serialize)]
pub struct About {
    pub folder: String,
    /// RFC 3339.
    pub time: String,
    pub version: String,
    /// Names or hashes of the readers whose records were judged.
    pub readers: Vec<String>,
    /// Hashes of the calibrations that were gone by.
    pub calibrations: Vec<String>,
    /// Wanted: at most this share of accepted fields is wrong.
    pub max_error: f64,
    /// Judged from the database; nothing was read for it.
    pub stored: bool,
}

/// The page.
pub fn page(report: &Report, about: &About, changes: Option<&Changes>) -> anyhow::Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_filter("percent", |share: f64| format!("{:.1} %", share * 100.0));
    environment.add_filter("rate", percent);
    environment.add_filter("seconds", |value: f64| format!("{value:.2} s"));
    environment.add_filter("figure", |value: f64| format!("{value:.3}"));
    let acceptance = &report.acceptance;
    let calibrated = acceptance.calibrated.as_ref();
    let curve = calibrated.map(|_| acceptance.curve.as_slice());
    let svg = |text: String| Value::from_safe_string(text);
    let routed: u64 = report
        .routing
        .iter()
        .map(|(t, n)| n.get(t).copied().unwrap_or(0))
        .sum();
    let context = context! {
        about => Value::from(Serde(about)),
        report => Value::from(Serde(report)),
        changes => Value::from(Serde(changes)),
        causes => Cause::ALL.map(Cause::as_str).to_vec(),
        troubles => Trouble::ALL.map(Trouble::as_str).to_vec(),
        routed,
        whole => report.documents.iter().filter(|d| d.whole).count(),
        coverage => acceptance.now.coverage(),
        risk => acceptance.now.risk(),
        seconds => report.effort.seconds_a_page(),
        rates => acceptance.rates.iter().map(rate).collect::<Vec<_>>(),
        risk_plot => svg(plots::risk_coverage(curve, &acceptance.own_curve, about.max_error)),
        reliability_plot => svg(plots::reliability(calibrated, &acceptance.own)),
        confusion_plot => svg(plots::confusion(&report.routing)),
        stage_plot => svg(plots::stages(&report.effort.stage_seconds, report.effort.pages)),
        documents => report.documents.iter().filter(|d| !d.whole).take(MOST_DOCUMENTS).map(wrong).collect::<Vec<_>>(),
        more_documents => report.documents.iter().filter(|d| !d.whole).count().saturating_sub(MOST_DOCUMENTS),
    };
    let page = environment.render_str(TEMPLATE, context);
    page.context("cannot make the page of the evaluation")
}

fn rate(rate: &super::accepted::Rate) -> Value {
    let accepted = &rate.accepted;
    context! {
        max_error => rate.max_error,
        threshold => rate.threshold.map(|t| format!("{t:.4}")),
        accepted => Value::from(Serde(accepted)),
        coverage => accepted.coverage(),
        risk => accepted.risk(),
    }
}

fn wrong(document: &Document) -> Value {
    let is_wrong = |outcome: Outcome| !outcome.is_right() && outcome != Outcome::WrongType;
    let wrong = document.fields.iter().filter(|leaf| is_wrong(leaf.outcome));
    let count = wrong.clone().count();
    let taken = match document.taken_for.as_str() {
        "-" => Some("taken for no type".to_owned()),
        other if other != document.doc_type => Some(format!("taken for {other}")),
        _ => None,
    };
    context! {
        name => document.name.clone(),
        doc_type => document.doc_type.clone(),
        failure => document.work.failure.clone(),
        parted => document.parted,
        taken,
        count,
        right => document.fields.iter().filter(|leaf| leaf.outcome == Outcome::Right).count(),
        sentences => wrong.take(MOST_VALUES).map(because).collect::<Vec<_>>(),
        more => count.saturating_sub(MOST_VALUES),
    }
}

fn because(leaf: &Leaf) -> String {
    match leaf.cause {
        Some(cause) => format!("{} ({})", sentence(leaf), cause.as_str().replace('_', " ")),
        None => sentence(leaf),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::baseline::Change;
    use super::super::judge::tests::{case, seen};
    use super::super::judge::{Work, judge};
    use super::*;

    #[test]
    fn the_page_stands_alone_and_escapes_what_documents_say() {
        let truth = json!({"a": "<script>alert(1)</script>", "b": "2"});
        let read = json!({"a": "<img src=x>", "b": "2"});
        let mut document = judge(&case(truth), &[seen(1, read)], Work::default());
        document.name = "a&b.pdf".into();
        let report = Report::new(vec![document], &[(0.005, None), (0.02, Some(0.97))]);
        let about = About {
            folder: "fixtures".into(),
            readers: vec!["nano".into()],
            ..About::default()
        };
        let change = Change {
            document: "a&b.pdf".into(),
            path: "b".into(),
            truth: Some("2".into()),
            before: None,
            now: Some("2".into()),
        };
        let changes = Changes {
            better: vec![change],
            only_now: vec!["a&b.pdf".into()],
            ..Changes::default()
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
