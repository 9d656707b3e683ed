use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, Replaced, by_reason, cell, clean, count};
use crate::config::UsageError;
use crate::outputs::report::{self, RunReport, RunState};
use crate::outputs::words::duration;
use crate::store::Store;

/// Width that a terminal has at least.
const WIDTH: usize = 80;
/// Room for the names before report.
const INDENT: usize = 18;
/// Slow pages and causes shown at the end of a run; `report` shows more.
const SOME: usize = 3;

/// Show what a run did: results, speed, memory, worker restarts
///
/// Works for a run that is still running, finished or killed.
#[derive(Args)]
pub struct ReportArgs {
    /// Number of the run [default: the latest]
    run: Option<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Write the report to a file: JSON (.json) or a page with plots (.html)
    #[arg(long, short, value_name = "FILE")]
    out: Vec<PathBuf>,
}

impl ReportArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        check_files(&self.out)?;
        let store = Store::open_to_read(&app.settings().db).await?;
        let Some(report) = report::of_run(&store, self.run).await? else {
            return Err(no_run(&store, self.run).await?.into());
        };
        write_files(&self.out, &report)?;
        if self.json {
            app.out.json(&report)?;
        } else if self.out.is_empty() {
            print(&mut app, &report)?;
        }
        Ok(ExitStatus::Success)
    }
}

async fn no_run(store: &Store, run: Option<i64>) -> anyhow::Result<UsageError> {
    let latest = store.run(None).await?;
    Ok(UsageError(match (run, latest) {
        (Some(run), Some(latest)) => format!(
            "there is no run {run}; runs are numbered from 1 to {}",
            latest.id.0
        ),
        _ => "there is no run yet: `docmill run` reads files and folders".to_owned(),
    }))
}

/// Reports an unwritable report file before anything is read.
pub fn check_files(files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        Kind::of(file)?;
        output::check_place(file)?;
    }
    Ok(())
}

enum Kind {
    Json,
    Html,
}

impl Kind {
    fn of(file: &Path) -> Result<Kind, UsageError> {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Ok(Kind::Json),
            Some("html" | "htm") => Ok(Kind::Html),
            _ => Err(UsageError(format!(
                "the name of a report file must end in .json or .html: {}",
                file.display()
            ))),
        }
    }
}

/// Writes each file atomically, readable by its owner alone.
pub fn write_files(files: &[PathBuf], report: &RunReport) -> anyhow::Result<()> {
    for file in files {
        let text = match Kind::of(file)? {
            Kind::Json => serde_json::to_string_pretty(report)? + "\n",
            Kind::Html => report::to_html(report)?,
        };
        let mut replaced = Replaced::create(file)?;
        replaced.write_all(text.as_bytes())?;
        replaced.commit()?;
    }
    Ok(())
}

/// Review reasons, time by stage, slow pages, memory and workers that died, in a few lines.
pub fn brief(report: &RunReport) -> Vec<String> {
    facts(report, SOME + 1)
}

/// [`brief`] with at most so many review reasons.
fn facts(report: &RunReport, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, items: Vec<String>| lines.extend(entry(name, &items));
    if report.records.needs_review > 0 {
        add("review reasons", review_reasons(report, most));
    }
    if report.pages.attempts > 0 {
        // XML files have no page to draw or read.
        if !report.stages.is_empty() {
            add("time by stage", stages(report));
        }
        add("slowest pages", slow_pages(report));
    }
    let is_paid = report.readers.iter().any(|reader| reader.cost.is_some());
    if report.readers.len() > 1 || is_paid {
        for reader in &report.readers {
            add("reader", reader_use(reader));
        }
    }
    let workers = &report.workers;
    for (name, counts) in [
        ("worker restarts", &workers.restarts),
        ("workers recycled", &workers.recycled),
    ] {
        if !counts.is_empty() {
            add(name, causes(counts));
        }
    }
    if report.pages.attempts > 0 {
        add("peak memory, MiB", peaks(report));
    }
    lines
}

fn print(app: &mut App, report: &RunReport) -> anyhow::Result<()> {
    let (run, pages, records) = (&report.run, &report.pages, &report.records);
    let state = match run.state {
        RunState::Finished => "finished",
        RunState::Interrupted => "interrupted by a signal",
        RunState::Running => "still running",
        RunState::Killed => "killed before it finished",
    };
    let (failed, files) = (pages.failed_number(), &report.files);
    let lines = [
        entry("run", &[format!("{}, {state}", run.id)]),
        entry(
            "started",
            &[format!(
                "{}, took {}",
                run.started_at,
                duration(run.seconds)
            )],
        ),
        entry(
            "files",
            &[
                format!("{} found", files.found),
                format!("{} rejected", files.rejected.values().sum::<u64>())
                    + &by_reason(&files.rejected),
                format!("{} skipped", files.skipped),
            ],
        ),
        entry(
            "pages",
            &[
                format!("{} read", pages.done),
                format!("{failed} failed") + &by_reason(&pages.failed),
                count(pages.attempts, "attempt"),
                format!("{:.0} per minute", pages.per_minute),
            ],
        ),
        entry(
            "records",
            &[
                format!("{} accepted", records.accepted),
                format!("{} to review", records.needs_review),
                format!("{} failed", records.failed),
            ],
        ),
        entry(
            "earlier runs",
            &[
                format!(
                    "{} with a record to review",
                    count(report.earlier_runs.to_review, "file")
                ),
                format!("{} with a failed page", report.earlier_runs.failed),
            ],
        ),
        entry("exit code", &[exit_code(run.exit_code)]),
    ];
    for line in lines.into_iter().flatten() {
        app.out.line(&line)?;
    }
    for line in facts(report, usize::MAX) {
        app.out.line(&line)?;
    }
    if report.slowest.len() > SOME {
        app.out.line("")?;
        let mut table = output::table(&["seconds", "page", "outcome", "slowest pages"]);
        for page in &report.slowest {
            table.add_row([
                cell(&format!("{:.1}", page.seconds)),
                cell(&page.page.to_string()),
                cell(page.reason.as_deref().unwrap_or("read")),
                cell(&output::short(&page.path)),
            ]);
        }
        app.out.table(&table)?;
    }
    if !files.first_rejected.is_empty() {
        app.out.line("")?;
        let mut table = output::table(&["rejected file", "why, and what to do"]);
        for file in &files.first_rejected {
            table.add_row([cell(&output::short(&file.path)), cell(&file.message)]);
        }
        app.out.table(&table)?;
    }
    if !report.workers.ends.is_empty() {
        app.out.line("")?;
        let mut table = output::table(&["after", "worker", "what happened"]);
        for end in &report.workers.ends {
            table.add_row([cell(&duration(end.at)), cell(&end.role), cell(&end.message)]);
        }
        app.out.table(&table)?;
    }
    Ok(())
}

/// The exit code with its meaning.
fn exit_code(code: Option<u64>) -> String {
    let Some(code) = code else {
        return "none: the run did not finish".to_owned();
    };
    let all = [
        (ExitStatus::Success, "all good"),
        (ExitStatus::SomeFailed, "something failed or was rejected"),
        (ExitStatus::NeedsReview, "something needs review"),
        (
            ExitStatus::TryAgainLater,
            "another run was reading some of the pages",
        ),
        (ExitStatus::Interrupted, "interrupted"),
    ];
    let known = all
        .iter()
        .find(|(status, _)| u64::from(status.number()) == code);
    known.map_or_else(
        || code.to_string(),
        |(_, meaning)| format!("{code}, {meaning}"),
    )
}

fn review_reasons(report: &RunReport, most: usize) -> Vec<String> {
    let mut reasons: Vec<_> = report.records.review_reasons.iter().collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let more = reasons.len().saturating_sub(most);
    let mut items: Vec<String> = (reasons.iter().take(most))
        .map(|(code, number)| format!("{code} {number}"))
        .collect();
    if more > 0 {
        items.push(format!("{more} more (`docmill report` has all)"));
    }
    items
}

fn stages(report: &RunReport) -> Vec<String> {
    let text = |stage: &report::StageTimes| {
        let (name, share) = (&stage.stage, stage.share * 100.0);
        format!("{name} {share:.0} % ({:.2} s per page)", stage.mean)
    };
    report.stages.iter().map(text).collect()
}

/// A line each: paths are long.
fn slow_pages(report: &RunReport) -> Vec<String> {
    let text = |page: &report::SlowPage| {
        let seconds = format!("{:.1} s ", page.seconds);
        let place = match page.page {
            1 => String::new(),
            number => format!(" page {number}"),
        };
        let room = WIDTH - INDENT - seconds.len() - place.len() - 2;
        seconds + &last_of(&output::short(&page.path), room) + &place
    };
    report.slowest.iter().take(SOME).map(text).collect()
}

fn causes(counts: &BTreeMap<String, BTreeMap<String, u64>>) -> Vec<String> {
    let text = |(role, reason, number)| format!("{role} {reason} {number}");
    report::by_role(counts).into_iter().map(text).collect()
}

fn reader_use(reader: &report::ReaderUse) -> Vec<String> {
    let mut items = vec![
        format!("{}: {}", reader.reader, count(reader.calls, "call")),
        count(reader.pages, "page"),
    ];
    if reader.failed > 0 {
        items.insert(1, format!("{} failed", reader.failed));
    }
    items.push(duration(reader.seconds));
    items.push(format!("{} tokens in", reader.input_tokens));
    items.push(format!("{} out", reader.output_tokens));
    items.extend(reader.price());
    items
}

fn peaks(report: &RunReport) -> Vec<String> {
    let text = |(role, mib): (&String, &u64)| format!("{role} {mib}");
    report.memory.peak.iter().map(text).collect()
}

/// A name and its report, wrapped at the width of a small terminal.
fn entry(name: &str, items: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = format!("{name:<INDENT$}");
    for (index, item) in items.iter().enumerate() {
        let item = clean(item) + if index + 1 < items.len() { ", " } else { "" };
        let is_begun = line.chars().count() > INDENT;
        if is_begun && line.chars().count() + item.trim_end().chars().count() > WIDTH {
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(INDENT);
        }
        line.push_str(&item);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// The end of a path, which says more than its start.
fn last_of(path: &str, room: usize) -> String {
    let length = path.chars().count();
    if length <= room {
        return path.to_owned();
    }
    let kept: String = path.chars().skip(length + 1 - room).collect();
    format!("…{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_wrap_at_the_width_of_a_small_terminal() {
        let items: Vec<String> = (0..9)
            .map(|n| format!("rasterizer worker_died {n}"))
            .collect();
        let lines = entry("worker restarts", &items);
        assert!(lines.len() > 3 && lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[0].starts_with("worker restarts   rasterizer worker_died 0, "));
        assert!(lines[1].starts_with(&" ".repeat(INDENT)));
        assert_eq!(entry("run", &["1".to_owned()]), ["run               1"]);
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        assert_eq!(last_of("scans/2026/august/receipt.png", 12), "…receipt.png");
        assert_eq!(last_of("a.png", 12), "a.png");
    }

    #[test]
    fn a_report_of_an_unknown_kind_or_in_no_folder_is_refused() {
        for file in ["report.pdf", "report", "no/such/folder/report.json"] {
            let error = check_files(&[file.into()]).unwrap_err();
            assert!(error.is::<UsageError>(), "{file}");
        }
        check_files(&["report.html".into(), "report.json".into()]).unwrap();
    }
}
