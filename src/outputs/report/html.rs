//! The report as one HTML page that needs nothing else.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};

use super::chart::{self, Part, Series, duration};
use super::{Reader, Report, State, by_role};

const TEMPLATE: &str = include_str!("report.html");
const GREEN: &str = "#009e73";
const AMBER: &str = "#e69f00";
const RED: &str = "#d55e00";

/// The whole page.
pub fn to_html(report: &Report) -> anyhow::Result<String> {
    let mut environment = Environment::new();
    // File names and messages come from strangers' files.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
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
    let svg = Value::from_safe_string;
    Ok(environment.render_str(
        TEMPLATE,
        context! {
            run => Serde(&report.run), files => Serde(&report.files),
            pages => Serde(&report.pages), records => Serde(&report.records),
            state => state(report.run.state),
            began => format!("{} UTC", report.run.started_at.get(..16).unwrap_or_default().replace('T', " at ")),
            took => duration(report.run.seconds),
            per_minute => format!("{:.0}", report.pages.per_minute),
            failed_pages => report.pages.failed_number(),
            all_records => report.records.accepted + report.records.needs_review + report.records.failed,
            turned_away => report.files.turned_away.values().sum::<u64>(),
            restarts => report.workers.restarts.values().flat_map(BTreeMap::values).sum::<u64>(),
            recycled => recycled(report), readers => readers(report),
            more_ends => report.workers.restarts.values().flat_map(BTreeMap::values).sum::<u64>() as usize - ends.len(),
            outcome_plot => svg(outcomes(report)), doubt_plot => svg(counts(&report.records.doubts)),
            failure_plot => svg(counts(&report.pages.failed)), reject_plot => svg(counts(&report.files.turned_away)),
            throughput_plot => svg(throughput(report)), stage_plot => svg(stages(report)),
            memory_plot => svg(memory(report)), peak_plot => svg(peaks(report)),
            throughput_span => duration(report.throughput.span),
            slowest => slowest, ends => ends,
            settings => serde_json::to_string_pretty(&report.run.settings)?,
        },
    )?)
}

fn recycled(report: &Report) -> Vec<Value> {
    let rows = by_role(&report.workers.recycled).into_iter();
    rows.map(|(role, reason, number)| context! { role => role, reason => reason, number => number })
        .collect()
}

fn readers(report: &Report) -> Vec<Value> {
    let row = |reader: &Reader| {
        context! {
            reader => reader.reader.as_str(), calls => reader.calls, failed => reader.failed, pages => reader.pages,
            seconds => duration(reader.seconds), input => reader.input_tokens, output => reader.output_tokens,
            cost => reader.price().unwrap_or_default(),
        }
    };
    report.readers.iter().map(row).collect()
}

fn state(state: State) -> &'static str {
    match state {
        State::Finished => "came to its end",
        State::Interrupted => "was stopped by a signal; the pages in hand were finished",
        State::Running => "is still running",
        State::Killed => "was killed, or the machine stopped; the next run goes on where it ended",
    }
}

fn outcomes(report: &Report) -> String {
    let records = &report.records;
    let part = |name: &str, number, colour| Part {
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
fn counts(counts: &BTreeMap<String, u64>) -> String {
    let mut rows: Vec<_> = (counts.iter())
        .map(|(name, n)| (name.replace('_', " "), *n as f64, n.to_string()))
        .collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    chart::rows(&rows)
}

fn throughput(report: &Report) -> String {
    let (span, pages) = (report.throughput.span, &report.throughput.pages);
    let last = pages.len().saturating_sub(1);
    let per_minute = |(index, pages): (usize, &u64)| {
        // The last span is as long as the run went on.
        let length = match index == last {
            true => (report.run.seconds - span * last as f64).clamp(span / 4.0, span),
            false => span,
        };
        *pages as f64 * 60.0 / length
    };
    let values: Vec<f64> = pages.iter().enumerate().map(per_minute).collect();
    chart::bars("Pages a minute over time", "pages a minute", span, &values)
}

fn stages(report: &Report) -> String {
    let rows: Vec<_> = (report.stages.iter())
        .map(|stage| {
            let words = format!(
                "{:.0} % ({:.1} s); a page {:.2} s, half within {:.2} s, 95 % within {:.2} s, longest {:.1} s",
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

fn memory(report: &Report) -> String {
    let mut series: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in &report.memory.samples {
        let points = series.entry(&sample.role).or_default();
        points.push((sample.at, sample.mib));
    }
    let series: Vec<Series> = (series.into_iter())
        .map(|(role, points)| Series {
            name: role.to_owned(),
            points,
        })
        .collect();
    chart::lines("Memory by role over time", "MiB", &series)
}

fn peaks(report: &Report) -> String {
    let rows: Vec<_> = (report.memory.peak.iter())
        .map(|(role, mib)| (role.clone(), *mib as f64, format!("{mib} MiB")))
        .collect();
    chart::rows(&rows)
}
