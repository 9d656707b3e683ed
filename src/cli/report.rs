use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::App;
use super::exit::Outcome;
use super::output::{self, Replaced, cell, clean, count};
use crate::config::UsageError;
use crate::outputs::report::{self, Report as Figures, State, duration};
use crate::store::Store;

/// Width that a terminal has at least.
const WIDTH: usize = 80;
/// Room for the names before figures.
const INDENT: usize = 18;
/// Slow pages and causes told at the end of a run; `report` tells more.
const SOME: usize = 3;

/// Tell what a run did: outcomes and causes, speed, memory, restarts
///
/// Of the latest run, or of the run with this number, be it still running,
/// finished or killed.
#[derive(Args)]
pub struct Report {
    run: Option<i64>,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Write it to a file: JSON (.json) or a page with plots (.html)
    #[arg(long, short, value_name = "FILE")]
    out: Vec<PathBuf>,
}

impl Report {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        check_files(&self.out)?;
        let store = Store::open_to_read(&app.settings().db).await?;
        let latest = store.run(None).await?.context("there was no run yet")?;
        let figures = report::of_run(&store, self.run).await?;
        let figures = figures.with_context(|| {
            let (run, latest) = (self.run.unwrap_or_default(), latest.id.0);
            format!("there is no run {run}: they are numbered from 1 to {latest}")
        })?;
        write_files(&self.out, &figures)?;
        if self.json {
            app.out.json(&figures)?;
        } else if self.out.is_empty() {
            print(&mut app, &figures)?;
        }
        Ok(Outcome::Good)
    }
}

/// A report that could not be written is told before anything is read.
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
                "a report is written to a file that ends in .json or .html, not {}",
                file.display()
            ))),
        }
    }
}

/// Each whole or not at all, readable by its owner alone.
pub fn write_files(files: &[PathBuf], figures: &Figures) -> anyhow::Result<()> {
    for file in files {
        let text = match Kind::of(file)? {
            Kind::Json => serde_json::to_string_pretty(figures)? + "\n",
            Kind::Html => report::to_html(figures)?,
        };
        let mut replaced = Replaced::create(file)?;
        replaced.write_all(text.as_bytes())?;
        replaced.commit()?;
    }
    Ok(())
}

/// Where the time went, what was slow, what memory was held and which workers
/// died: in a few lines, at the end of a run.
pub fn brief(figures: &Figures) -> Vec<String> {
    let mut lines = Vec::new();
    let mut tell = |name: &str, items: Vec<String>| lines.extend(entry(name, &items));
    if figures.records.needs_review > 0 {
        tell("review because", doubts(figures, SOME + 1));
    }
    if figures.pages.attempts > 0 {
        // Of XML files alone no page is drawn or read.
        if !figures.stages.is_empty() {
            tell("time by stage", stages(figures));
        }
        tell("slowest pages", slow_pages(figures));
    }
    let is_paid = figures.readers.iter().any(|reader| reader.cost.is_some());
    if figures.readers.len() > 1 || is_paid {
        for reader in &figures.readers {
            tell("reader", work(reader));
        }
    }
    let workers = &figures.workers;
    for (name, counts) in [
        ("worker restarts", &workers.restarts),
        ("workers recycled", &workers.recycled),
    ] {
        if !counts.is_empty() {
            tell(name, causes(counts));
        }
    }
    if figures.pages.attempts > 0 {
        tell("peak memory, MiB", peaks(figures));
    }
    lines
}

fn print(app: &mut App, figures: &Figures) -> anyhow::Result<()> {
    let (run, pages, records) = (&figures.run, &figures.pages, &figures.records);
    let state = match run.state {
        State::Finished => "finished",
        State::Interrupted => "interrupted by a signal",
        State::Running => "still running",
        State::Killed => "killed before its end",
    };
    let (failed, files) = (pages.failed_number(), &figures.files);
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
                format!("{} looked at", files.looked_at),
                format!("{} turned away", files.turned_away.values().sum::<u64>())
                    + &reasons(&files.turned_away),
            ],
        ),
        entry(
            "pages",
            &[
                format!("{} read", pages.done),
                format!("{failed} failed") + &reasons(&pages.failed),
                count(pages.attempts, "attempt"),
                format!("{:.0} a minute", pages.per_minute),
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
    ];
    for line in lines.into_iter().flatten() {
        app.out.line(&line)?;
    }
    for line in brief(figures) {
        app.out.line(&line)?;
    }
    if figures.slowest.len() > SOME {
        app.out.line("")?;
        let mut table = output::table(&["seconds", "page", "outcome", "slowest pages"]);
        for page in &figures.slowest {
            table.add_row([
                cell(&format!("{:.1}", page.seconds)),
                cell(&page.page.to_string()),
                cell(page.reason.as_deref().unwrap_or("read")),
                cell(&output::short(&page.path)),
            ]);
        }
        app.out.table(&table)?;
    }
    if !files.first_turned_away.is_empty() {
        app.out.line("")?;
        let mut table = output::table(&["file turned away", "why, and what to do"]);
        for file in &files.first_turned_away {
            table.add_row([cell(&output::short(&file.path)), cell(&file.message)]);
        }
        app.out.table(&table)?;
    }
    if !figures.workers.ends.is_empty() {
        app.out.line("")?;
        let mut table = output::table(&["after", "worker", "what happened"]);
        for end in &figures.workers.ends {
            table.add_row([cell(&duration(end.at)), cell(&end.role), cell(&end.message)]);
        }
        app.out.table(&table)?;
    }
    Ok(())
}

fn doubts(figures: &Figures, most: usize) -> Vec<String> {
    let mut doubts: Vec<_> = figures.records.doubts.iter().collect();
    doubts.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let more = doubts.len().saturating_sub(most);
    let mut items: Vec<String> = (doubts.iter().take(most))
        .map(|(code, number)| format!("{code} {number}"))
        .collect();
    if more > 0 {
        items.push(format!("{more} more"));
    }
    items
}

fn stages(figures: &Figures) -> Vec<String> {
    let tell = |stage: &report::Stage| {
        let (name, share) = (&stage.stage, stage.share * 100.0);
        format!("{name} {share:.0} % ({:.2} s a page)", stage.mean)
    };
    figures.stages.iter().map(tell).collect()
}

/// A line each: paths are long.
fn slow_pages(figures: &Figures) -> Vec<String> {
    let tell = |page: &report::SlowPage| {
        let seconds = format!("{:.1} s ", page.seconds);
        let place = match page.page {
            1 => String::new(),
            number => format!(" page {number}"),
        };
        let room = WIDTH - INDENT - seconds.len() - place.len() - 2;
        seconds + &last_of(&output::short(&page.path), room) + &place
    };
    figures.slowest.iter().take(SOME).map(tell).collect()
}

fn causes(counts: &BTreeMap<String, BTreeMap<String, u64>>) -> Vec<String> {
    let tell = |(role, reason, number)| format!("{role} {reason} {number}");
    report::by_role(counts).into_iter().map(tell).collect()
}

fn work(reader: &report::Reader) -> Vec<String> {
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

fn peaks(figures: &Figures) -> Vec<String> {
    let tell = |(role, mib): (&String, &u64)| format!("{role} {mib}");
    figures.memory.peak.iter().map(tell).collect()
}

fn reasons(reasons: &BTreeMap<String, u64>) -> String {
    super::summary::by_reason(reasons)
}

/// A name and its figures, wrapped at the width of a small terminal.
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

/// The end of a path, which tells more than its start.
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
