mod print;

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::App;
use super::exit::Outcome;
use super::known::{Judged, Known};
use super::output::Replaced;
use crate::config::UsageError;
use crate::outputs::evaluation::{self, About, Baseline, Report};

/// Read documents whose values are known and tell how well that went
///
/// Unless --keep or --stored names a database, the one that is made is thrown
/// away.
#[derive(Args)]
pub struct Eval {
    #[command(flatten)]
    pub known: Known,
    /// One JSON object, which a later --baseline takes
    #[arg(long)]
    json: bool,
    /// Also write JUnit XML: a test case for each document and field
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Also write a page of HTML with plots that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// An earlier --json: tell which fields of which documents changed
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Fail (exit code 1) when some type's F1 (0 to 1) is below this
    #[arg(long, value_name = "F1", value_parser = share)]
    fail_under: Option<f64>,
}

fn share(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    match (0.0..=1.0).contains(&number) {
        true => Ok(number),
        false => Err("it is a number from 0 to 1".to_owned()),
    }
}

impl Eval {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        // Told now, not after all was read.
        let baseline = self.baseline.as_deref().map(Baseline::load).transpose();
        let baseline = baseline.map_err(|error| UsageError(format!("{error:#}")))?;
        let mut files = Files::open(&self)?;
        let mut judged = self.known.judge(&mut app).await?;
        if judged.interrupted {
            return Ok(Outcome::Interrupted);
        }
        let documents = std::mem::take(&mut judged.documents);
        let report = Report::new(documents, &rates(&judged));
        let changes = baseline.map(|baseline| baseline.compare(&report.documents));
        let about = about(&app, &judged);
        if let Some(out) = files.junit.take() {
            let mut out = out;
            evaluation::write_junit(&report, &mut out)?;
            out.commit()?;
        }
        if let Some(mut out) = files.html.take() {
            use std::io::Write;
            let page = evaluation::page(&report, &about, changes.as_ref())?;
            out.write_all(page.as_bytes())?;
            out.commit()?;
        }
        if self.json {
            let mut value = serde_json::to_value(&report)?;
            value["about"] = serde_json::to_value(&about)?;
            value["run"] = serde_json::to_value(&judged.summary)?;
            value["changes"] = serde_json::to_value(&changes)?;
            app.out.json(&value)?;
        } else {
            print::report(&mut app, &report, &judged)?;
            if let Some(changes) = &changes {
                print::changes(&mut app, changes)?;
            }
        }
        let bar = self.fail_under.unwrap_or(0.0);
        let below = report.below(bar);
        for (name, f1) in &below {
            tracing::error!("{name}: F1 {f1:.3} is below the {bar} of --fail-under");
        }
        match below.is_empty() {
            true => Ok(Outcome::Good),
            false => Ok(Outcome::SomeFailed),
        }
    }
}

/// Files to write, opened before the work: a wrong path is told at once.
struct Files {
    junit: Option<Replaced>,
    html: Option<Replaced>,
}

impl Files {
    fn open(eval: &Eval) -> anyhow::Result<Files> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Replaced::create).transpose();
        Ok(Files {
            junit: open(&eval.junit).context("--junit")?,
            html: open(&eval.html).context("--html")?,
        })
    }
}

/// The thresholds of the calibration, where all records have the same one.
fn rates(judged: &Judged) -> Vec<(f64, Option<f64>)> {
    let mut calibrations = judged
        .policies
        .values()
        .filter_map(|p| p.calibration.as_ref());
    let (Some(only), None) = (calibrations.next(), calibrations.next()) else {
        return Vec::new();
    };
    let certificates = only.certificates.iter();
    certificates.map(|c| (c.max_error, c.threshold)).collect()
}

fn about(app: &App, judged: &Judged) -> About {
    let short = |hash: &String| hash.chars().take(12).collect::<String>();
    About {
        folder: judged.folder.clone(),
        time: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        readers: judged
            .policies
            .keys()
            .filter(|hash| !hash.is_empty())
            .map(short)
            .collect(),
        calibrations: judged.calibrations().iter().map(short).collect(),
        max_error: app.settings().acceptance.max_error,
        stored: judged.stored,
    }
}
