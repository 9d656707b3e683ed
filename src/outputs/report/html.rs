//! The report as one HTML page without external files.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::chart::{self, BarPart, Series};
use super::{ReaderUse, RunReport, RunState, by_role};
use crate::outputs::markup::{self, Markup};
use crate::outputs::words::duration;

const PAGE_TEMPLATE: &str = include_str!("report.html");
const GREEN: &str = "#009e73";
const AMBER: &str = "#e69f00";
const RED: &str = "#d55e00";

/// The whole page.
pub fn to_html(report: &RunReport) -> anyhow::Result<String> {
    let slowest: Vec<Value> = (report.slowest.iter())
        .map(|page| {
            let file = page.path.file_name().unwrap_or(page.path.as_os_str());
            context! {
                file => file.to_string_lossy(), path => page.path.to_string_lossy(), page => page.page,
                seconds => format!("{:.1}", page.seconds), reason => page.reason.clone(),
            }
        })
        .collect();
    let ends: Vec<Value> = (report.workers.ends.iter())
        .map(|end| {
            context! { at => duration(end.at), role => end.role.as_str(), reason => end.reason.as_str(), message => end.message.as_str() }
        })
        .collect();
    let restarts = report.workers.restarts.values();
    let restarts: u64 = restarts.flat_map(BTreeMap::values).sum();
    Ok(markup::environment().render_str(
        PAGE_TEMPLATE,
        context! {
            run => Serde(&report.run), files => Serde(&report.files),
            pages => Serde(&report.pages), records => Serde(&report.records),
            earlier => Serde(&report.earlier_runs),
            state => state(report.run.state),
            began => format!("{} UTC", report.run.started_at.get(..16).unwrap_or_default().replace('T', " at ")),
            took => duration(report.run.seconds),
            per_minute => format!("{:.0}", report.pages.per_minute),
            failed_pages => report.pages.failed_number(),
            all_records => report.records.accepted + report.records.needs_review + report.records.failed,
            rejected => report.files.rejected.values().sum::<u64>(),
            restarts => restarts,
            recycled => recycled(report), readers => readers(report),
            more_ends => (restarts as usize).saturating_sub(ends.len()),
            outcome_plot => outcomes(report).into_value(),
            review_plot => counts(&report.records.review_reasons).into_value(),
            failure_plot => counts(&report.pages.failed).into_value(),
            rejected_plot => counts(&report.files.rejected).into_value(),
            throughput_plot => throughput(report).into_value(), stage_plot => stages(report).into_value(),
            memory_plot => memory(report).into_value(), peak_plot => peaks(report).into_value(),
            throughput_span => duration(report.throughput.span),
            slowest => slowest, ends => ends,
            settings => serde_json::to_string_pretty(&report.run.settings)?,
        },
    )?)
}

fn recycled(report: &RunReport) -> Vec<Value> {
    let rows = by_role(&report.workers.recycled).into_iter();
    rows.map(|(role, reason, number)| context! { role => role, reason => reason, number => number })
        .collect()
}

fn readers(report: &RunReport) -> Vec<Value> {
    let row = |reader: &ReaderUse| {
        context! {
            reader => reader.reader.as_str(), calls => reader.calls, failed => reader.failed, pages => reader.pages,
            seconds => duration(reader.seconds), input => reader.input_tokens, output => reader.output_tokens,
            cost => reader.price().unwrap_or_default(),
        }
    };
    report.readers.iter().map(row).collect()
}

fn state(state: RunState) -> &'static str {
    match state {
        RunState::Finished => "finished",
        RunState::Interrupted => "was stopped by a signal after the pages in progress",
        RunState::Running => "is still running",
        RunState::Killed => {
            "was killed, or the machine stopped; the next run continues where it ended"
        }
    }
}

fn outcomes(report: &RunReport) -> Markup {
    let records = &report.records;
    let part = |name: &str, number, colour| BarPart {
        name: name.to_owned(),
        number,
        colour,
    };
    let parts = [
        part("accepted", records.accepted, GREEN),
        part("to review", records.needs_review, AMBER),
        part("failed", records.failed, RED),
    ];
    chart::parts("Records by outcome", &parts)
}

/// Names with numbers, the largest first.
fn counts(counts: &BTreeMap<String, u64>) -> Markup {
    let mut rows: Vec<_> = (counts.iter())
        .map(|(name, n)| (name.replace('_', " "), *n as f64, n.to_string()))
        .collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    chart::rows(&rows)
}

fn throughput(report: &RunReport) -> Markup {
    let (span, pages) = (report.throughput.span, &report.throughput.pages);
    let last = pages.len().saturating_sub(1);
    let per_minute = |(index, pages): (usize, &u64)| {
        // The last span ends with the run.
        let length = match index == last {
            true => (report.run.seconds - span * last as f64).clamp(span / 4.0, span),
            false => span,
        };
        *pages as f64 * 60.0 / length
    };
    let values: Vec<f64> = pages.iter().enumerate().map(per_minute).collect();
    chart::bars(
        "Pages per minute over time",
        "pages per minute",
        span,
        &values,
    )
}

fn stages(report: &RunReport) -> Markup {
    let rows: Vec<_> = (report.stages.iter())
        .map(|stage| {
            let words = format!(
                "{:.0} % ({:.1} s); per page: mean {:.2} s, median {:.2} s, 95th percentile {:.2} s, longest {:.1} s",
                stage.share * 100.0,
                stage.seconds,
                stage.mean,
                stage.median,
                stage.p95,
                stage.max
            );
            (stage.stage.clone(), stage.seconds, words)
        })
        .collect();
    chart::rows(&rows)
}

fn memory(report: &RunReport) -> Markup {
    let mut series: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for measured in &report.memory.measurements {
        let points = series.entry(&measured.role).or_default();
        points.push((measured.at, measured.mib));
    }
    let series: Vec<Series> = (series.into_iter())
        .map(|(role, points)| Series {
            name: role.to_owned(),
            points,
        })
        .collect();
    chart::lines("Memory by role over time", "MiB", &series)
}

fn peaks(report: &RunReport) -> Markup {
    let rows: Vec<_> = (report.memory.peak.iter())
        .map(|(role, mib)| (role.clone(), *mib as f64, format!("{mib} MiB")))
        .collect();
    chart::rows(&rows)
}
