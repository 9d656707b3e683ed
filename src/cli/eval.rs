use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use super::App;
use super::exit::Outcome;
use super::output::table;
use super::settings::Engines;
use super::signals;
use crate::config::UsageError;
use crate::eval::{self, Report};
use crate::pipeline::{self, RunRequest, Summary};
use crate::store::Store;

/// Read documents whose values are known and tell how well that went
///
/// DIR holds <type>/<case>/expected.json beside input.*, or a MANIFEST.json.
/// The database is thrown away.
#[derive(Args)]
pub struct Eval {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only this split of a corpus, e.g. dev
    #[arg(long)]
    split: Option<String>,
    /// Only documents of this type
    #[arg(long, value_name = "TYPE")]
    only: Option<String>,
    /// Take each document for what it is instead of asking CLIP (with --only)
    #[arg(long, requires = "only")]
    no_routing: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Fail (exit code 1) when some type's F1 (0 to 1) is below this
    #[arg(long, value_name = "F1")]
    fail_under: Option<f64>,
    #[command(flatten)]
    pub engines: Engines,
}

impl Eval {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let cases = eval::load(&self.folder, self.split.as_deref(), self.only.as_deref());
        let cases = cases.map_err(|error| UsageError(format!("{error:#}")))?;
        let folder = tempfile::tempdir()?;
        let mut settings = app.settings().clone();
        settings.db = folder.path().join("eval.db");
        let request = RunRequest {
            paths: cases.iter().map(|case| case.path.clone()).collect(),
            doc_type: self.only.filter(|_| self.no_routing),
            ..RunRequest::default()
        };
        let stop = signals::stop()?;
        let (events, _) = mpsc::unbounded_channel();
        let summary = pipeline::run(&settings, request, events, stop).await?;
        if summary.interrupted {
            return Ok(Outcome::Interrupted);
        }
        let store = Store::open_existing(&settings.db).await?;
        let mut report = Report::default();
        for case in &cases {
            let records = store.records_at(&case.path).await?;
            let records: Vec<_> = records.into_iter().map(|stored| stored.record).collect();
            report.add(case, &records);
        }
        if self.json {
            let mut value = serde_json::to_value(&report)?;
            value["run"] = serde_json::to_value(&summary)?;
            for (name, table) in &report.tables {
                value["tables"][name]["f1"] = json!(table.total().f1());
            }
            app.out.json(&value)?;
        } else {
            print(&mut app, &report, &summary)?;
        }
        let worst = report
            .tables
            .values()
            .map(|table| table.total().f1())
            .fold(1.0, f64::min);
        match self.fail_under {
            Some(floor) if worst < floor => Ok(Outcome::SomeFailed),
            _ => Ok(Outcome::Good),
        }
    }
}

fn print(app: &mut App, report: &Report, summary: &Summary) -> anyhow::Result<()> {
    for (name, scores) in &report.tables {
        let total = scores.total();
        app.out.line(&format!(
            "{name}: {} documents, F1 {:.3} (mean of groups {:.3}), {} with every field right",
            scores.documents,
            total.f1(),
            scores.group_f1,
            scores.whole
        ))?;
        let mut rows = table(&["field", "values", "precision", "recall", "F1", "ANLS"]);
        for (field, score) in &scores.fields {
            let figure = |value: f64| format!("{value:.3}");
            rows.add_row([
                field.clone(),
                score.expected.to_string(),
                figure(score.precision()),
                figure(score.recall()),
                figure(score.f1()),
                figure(score.anls()),
            ]);
        }
        app.out.table(&rows)?;
        app.out.line("")?;
    }
    app.out.line("Routing (documents of a type: taken for)")?;
    for (truth, taken) in &report.routing {
        let each: Vec<_> = taken
            .iter()
            .map(|(name, number)| format!("{name} {number}"))
            .collect();
        app.out.line(&format!("  {truth}: {}", each.join(", ")))?;
    }
    let statuses: Vec<_> = report
        .statuses
        .iter()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    app.out.line(&format!("Records: {}", statuses.join(", ")))?;
    app.out.line(&format!(
        "Accepted without a person: {} values, {} of them wrong",
        report.accepted_values, report.accepted_wrong
    ))?;
    let pages = summary.pages_done + summary.pages_failed.values().sum::<u64>();
    app.out.line(&format!(
        "{pages} pages in {:.1} s, {:.2} s a page; failed: {}",
        summary.seconds,
        summary.seconds / pages.max(1) as f64,
        super::summary::by_reason(&summary.pages_failed)
    ))
}
