//! An evaluation in tables.

use super::super::app::App;
use super::super::known::Judged;
use super::super::output::by_reason;
use super::super::output::{self, cell, count, table};
use crate::documents::acceptance::percent;
use crate::outputs::evaluation::{
    AcceptedCounts, BaselineChanges, DocumentProblem, ErrorCause, EvaluationReport, ValueChange,
};

/// Most changes shown for each direction; `--json` and `--html` have all.
const MAX_CHANGES: usize = 60;

fn figure(value: f64) -> String {
    format!("{value:.3}")
}

/// `-`: there is nothing to measure.
fn figure_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), figure)
}

pub fn report(app: &mut App, report: &EvaluationReport, judged: &Judged) -> anyhow::Result<()> {
    for (name, scores) in &report.tables {
        let split = match scores.split {
            0 => String::new(),
            n => format!(", {n} split into several records"),
        };
        app.out.line(&format!(
            "{name}: {}, F1 {:.3}, ANLS {:.3}, {} with every field right{split}",
            count(scores.documents, "document"),
            scores.f1,
            scores.anls,
            scores.exact
        ))?;
        if scores.groups < scores.documents {
            app.out.line(&format!(
                "{} of near-copies, each counted once: F1 {:.3}, {:.1} % with every field right",
                count(scores.groups, "group"),
                scores.group_f1,
                scores.group_exact * 100.0
            ))?;
        }
        let mut rows = table(&["field", "values", "precision", "recall", "F1", "ANLS"]);
        for (field, score) in &scores.fields {
            rows.add_row([
                field.clone(),
                score.expected.to_string(),
                figure_or_none(score.precision()),
                figure_or_none(score.recall()),
                figure_or_none(score.f1()),
                figure_or_none(score.anls()),
            ]);
        }
        app.out.table(&rows)?;
        app.out.line("")?;
    }
    causes(app, report)?;
    routing(app, report)?;
    acceptance(app, report, judged)?;
    effort(app, report, judged)
}

/// Wrong values by cause; docs/evaluation.md defines the causes.
fn causes(app: &mut App, report: &EvaluationReport) -> anyhow::Result<()> {
    let words = |name: &str| name.replace('_', " ");
    app.out.line("Wrong values by cause")?;
    let names = ErrorCause::ALL.map(|cause| words(cause.as_str()));
    let heads: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut rows = table(&[&["type", "wrong"], heads.as_slice()].concat());
    for (name, scores) in &report.tables {
        let values = &scores.causes.values;
        let counts = [values.values().sum()].into_iter();
        let counts = counts.chain(ErrorCause::ALL.map(|cause| values[&cause]));
        rows.add_row(
            [name.clone()]
                .into_iter()
                .chain(counts.map(|n: u64| n.to_string())),
        );
    }
    app.out.table(&rows)?;
    for (name, scores) in &report.tables {
        let causes = &scores.causes;
        if causes.unread_documents > 0 {
            app.out.line(&format!(
                "Not included: {} of {} without a record of this type",
                count(causes.unread_values, "value"),
                count(causes.unread_documents, &format!("{name} document")),
            ))?;
        }
    }
    let has_problem = |scores: &crate::outputs::evaluation::TypeScores| {
        scores.causes.documents.values().any(|n| *n > 0)
    };
    if report.tables.values().any(has_problem) {
        app.out.line("\nProblems with documents")?;
        let names = DocumentProblem::ALL.map(|problem| words(problem.as_str()));
        let heads: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut rows = table(&[&["type"], heads.as_slice()].concat());
        for (name, scores) in &report.tables {
            let counts = DocumentProblem::ALL.map(|t| scores.causes.documents[&t].to_string());
            rows.add_row([name.clone()].into_iter().chain(counts));
        }
        app.out.table(&rows)?;
    }
    app.out.line("")
}

fn routing(app: &mut App, report: &EvaluationReport) -> anyhow::Result<()> {
    app.out
        .line("Routing (type of the documents: classified as)")?;
    for (truth, taken) in &report.routing {
        let name = |name: &str| if name == "-" { "none" } else { name }.to_owned();
        let each = taken
            .iter()
            .map(|(n, number)| format!("{} {number}", name(n)));
        let each: Vec<_> = each.collect();
        app.out.line(&format!("  {truth}: {}", each.join(", ")))?;
    }
    let statuses: Vec<_> = report
        .statuses
        .iter()
        .map(|(name, n)| format!("{} {n}", name.replace('_', " ")))
        .collect();
    let statuses = match statuses.is_empty() {
        true => "none".to_owned(),
        false => statuses.join(", "),
    };
    app.out.line(&format!("Records: {statuses}"))?;
    app.out.line("")
}

fn acceptance(app: &mut App, report: &EvaluationReport, judged: &Judged) -> anyhow::Result<()> {
    let found = &report.acceptance;
    let wanted = percent(app.settings().acceptance.max_error);
    let how = match judged.calibrations().is_empty() {
        true => "by the model's own probability, uncalibrated".to_owned(),
        false if found.rates.is_empty() => {
            "by the model's own probability: the calibration is of other types".to_owned()
        }
        false => format!("at most {wanted} of accepted fields may be wrong"),
    };
    app.out
        .line(&format!("Accepted without a person ({how})"))?;
    app.out.line(&format!("  {}", accepted(&found.now)))?;
    if !found.rates.is_empty() && !found.uncalibrated.is_empty() {
        let types: Vec<_> = found.uncalibrated.iter().map(String::as_str).collect();
        app.out.line(&format!(
            "  not calibrated, by the model's own probability: {}",
            types.join(", ")
        ))?;
    }
    if found.embedded.documents > 0 {
        let stated = accepted(&found.embedded);
        app.out.line(&format!("  from e-invoices: {stated}"))?;
    }
    let aurc = figure_or_none(found.aurc);
    match &found.calibrated {
        Some(calibrated) => app.out.line(&format!(
            "Calibration error of {}: {:.3}, of the model's own probabilities {:.3}; AURC {aurc}, {}",
            count(calibrated.values, "value"),
            calibrated.ece,
            found.own.ece,
            figure_or_none(found.own_aurc),
        ))?,
        None => app.out.line(&format!(
            "Calibration error of {}, of the model's own probabilities: {:.3}; AURC {aurc}",
            count(found.own.values, "value"),
            found.own.ece
        ))?,
    }
    for line in [
        "  Calibration error: how far probabilities are from the share of values that is right; 0 is best.",
        "  AURC: the share of wrong values among the most probable ones, averaged from the first value",
        "  to all of them; 0 is best (docs/evaluation.md).",
    ] {
        app.out.line(line)?;
    }
    if !found.rates.is_empty() {
        rates(app, report)?;
    }
    app.out.line("")
}

fn accepted(accepted: &AcceptedCounts) -> String {
    let share = |part: u64, whole: u64| match whole {
        0 => "-".to_owned(),
        whole => format!("{:.1} %", part as f64 / whole as f64 * 100.0),
    };
    let wrong = match accepted.accepted_values {
        0 => String::new(),
        all => format!(
            ", {} of them wrong ({}; mean of documents {:.1} %)",
            accepted.wrong_values,
            share(accepted.wrong_values, all),
            accepted.document_risk * 100.0
        ),
    };
    format!(
        "{} of {} ({}){wrong}; {} of {}, {} of them wrong, {} wrong in supporting fields alone",
        accepted.accepted_values,
        count(accepted.values, "value"),
        share(accepted.accepted_values, accepted.values),
        accepted.accepted_documents,
        count(accepted.documents, "document"),
        accepted.wrong_documents,
        accepted.wrong_supporting
    )
}

fn rates(app: &mut App, report: &EvaluationReport) -> anyhow::Result<()> {
    let headings = [
        "allowed error",
        "accepted from",
        "values",
        "wrong",
        "mean of documents",
        "documents",
        "wrong",
    ];
    let mut rows = table(&headings);
    app.out.line("Documents of calibrated types:")?;
    for rate in &report.acceptance.rates {
        let found = &rate.accepted;
        let share = |share: f64| format!("{:.1} %", share * 100.0);
        let risk = |risk: f64| match found.accepted_values {
            0 => "-".to_owned(),
            _ => share(risk),
        };
        rows.add_row([
            percent(rate.rate.max_error),
            rate.rate.described().join("\n"),
            share(found.coverage()),
            risk(found.risk()),
            risk(found.document_risk),
            format!("{} of {}", found.accepted_documents, found.documents),
            found.wrong_documents.to_string(),
        ]);
    }
    app.out.table(&rows)
}

fn effort(app: &mut App, report: &EvaluationReport, judged: &Judged) -> anyhow::Result<()> {
    let effort = &report.effort;
    let share = |part: u64| part as f64 / effort.attempts.max(1) as f64 * 100.0;
    app.out.line(&format!(
        "Answers: {}, {} cut off ({:.1} %), {} refused ({:.1} %)",
        effort.attempts,
        effort.cut_off,
        share(effort.cut_off),
        effort.refused,
        share(effort.refused)
    ))?;
    for (name, why) in &effort.failed_documents {
        app.out.line(&format!(
            "  not read: {}: {}",
            output::clean(name),
            output::clean(why)
        ))?;
    }
    let stages: Vec<_> = effort
        .stage_seconds
        .iter()
        .map(|(stage, s)| format!("{stage} {:.2}", s / effort.pages.max(1) as f64))
        .collect();
    let stages = match stages.is_empty() {
        true => String::new(),
        false => format!(" ({})", stages.join(", ")),
    };
    app.out.line(&format!(
        "{}, {:.2} s of work per page over all stages{stages}",
        count(effort.pages, "page"),
        effort.seconds_a_page()
    ))?;
    if let Some(summary) = &judged.summary {
        let failed = summary.pages_failed.values().sum::<u64>();
        let pages = summary.pages_done + failed;
        let failed = match failed {
            0 => "none failed".to_owned(),
            failed => format!("{failed} failed{}", by_reason(&summary.pages_failed)),
        };
        app.out.line(&format!(
            "{} read in {:.1} s, {:.2} s per page by the clock; {failed}",
            count(pages, "page"),
            summary.seconds,
            summary.seconds / pages.max(1) as f64
        ))?;
    }
    Ok(())
}

pub fn changes(app: &mut App, changes: &BaselineChanges) -> anyhow::Result<()> {
    app.out.line("")?;
    for (what, list) in [("Worse", &changes.worse), ("Better", &changes.better)] {
        let mut documents: Vec<&str> = list.iter().map(|c| c.document.as_str()).collect();
        documents.dedup();
        app.out.line(&format!(
            "{what} than the baseline: {} of {}",
            count(list.len() as u64, "field"),
            count(documents.len() as u64, "document")
        ))?;
        if list.is_empty() {
            continue;
        }
        let mut rows = table(&["document", "field", "right", "before", "now"]);
        rows.add_rows(list.iter().take(MAX_CHANGES).map(row));
        app.out.table(&rows)?;
        if list.len() > MAX_CHANGES {
            let more = list.len() - MAX_CHANGES;
            app.out
                .line(&format!("… and {more} more (--json has all)"))?;
        }
    }
    app.out.line(&format!(
        "Still wrong, with another value: {}",
        changes.still_wrong
    ))?;
    for (name, (then, now)) in &changes.rerouted {
        app.out.line(&format!(
            "Classified differently: {}: before {then}, now {now}",
            output::clean(name)
        ))?;
    }
    for (what, names) in [
        ("the baseline", &changes.only_before),
        ("this evaluation", &changes.only_now),
    ] {
        if !names.is_empty() {
            let number = count(names.len() as u64, "document");
            app.out.line(&format!("Only in {what}: {number}"))?;
        }
    }
    Ok(())
}

fn row(change: &ValueChange) -> [comfy_table::Cell; 5] {
    let text = |value: &Option<String>| cell(value.as_deref().unwrap_or("-"));
    [
        cell(&change.document),
        cell(&change.path),
        text(&change.truth),
        text(&change.before),
        text(&change.now),
    ]
}
