mod print;

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::known::{Judged, KnownFlags};
use super::output::Replaced;
use crate::config::UsageError;
use crate::documents::acceptance::{ERROR_RATES, Policy};
use crate::domain::time::now_rfc3339;
use crate::outputs::evaluation::{
    self, Baseline, EvaluationInfo, EvaluationReport, RateThresholds,
};

/// Measure accuracy on documents whose values are known
///
/// Records go to a temporary database unless --keep or --stored is given.
#[derive(Args)]
pub struct EvalArgs {
    /// Print one JSON object, which a later --baseline accepts
    #[arg(long)]
    json: bool,
    /// Write JUnit XML: a test case for each document and field
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write an HTML page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Compare with an earlier --json and list changed values
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Exit with code 1 if the F1 (0 to 1) of a type is lower
    #[arg(long, value_name = "F1", value_parser = share)]
    fail_under: Option<f64>,
    #[command(flatten)]
    pub known: KnownFlags,
}

fn share(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it must be a number".to_owned())?;
    match (0.0..=1.0).contains(&number) {
        true => Ok(number),
        false => Err("it must be from 0 to 1".to_owned()),
    }
}

impl EvalArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        // Reported before everything is read.
        let baseline = self.baseline.as_deref().map(Baseline::load).transpose();
        let baseline = baseline.map_err(|error| UsageError(format!("{error:#}")))?;
        let mut files = Files::open(&self)?;
        let mut judged = self.known.judge(&mut app).await?;
        if judged.interrupted {
            return Ok(ExitStatus::Interrupted);
        }
        let documents = std::mem::take(&mut judged.documents);
        let report = EvaluationReport::new(documents, &rates(&judged));
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
        let without_records = report.documents.iter().all(|of| of.records.is_empty());
        if without_records {
            tracing::error!("the database has no record of these files");
        }
        match below.is_empty() && !without_records {
            true => Ok(ExitStatus::Success),
            false => Ok(ExitStatus::SomeFailed),
        }
    }
}

/// Output files, opened before the work so that a wrong path is reported first.
struct Files {
    junit: Option<Replaced>,
    html: Option<Replaced>,
}

impl Files {
    fn open(eval: &EvalArgs) -> anyhow::Result<Files> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Replaced::create).transpose();
        Ok(Files {
            junit: open(&eval.junit).context("--junit")?,
            html: open(&eval.html).context("--html")?,
        })
    }
}

/// The thresholds of the calibration, if all records have the same one.
fn rates(judged: &Judged) -> Vec<RateThresholds> {
    let policies = judged.policies.values();
    let mut calibrated = policies.filter_map(|p| Some((p, p.calibration.as_ref()?)));
    let (Some((policy, calibration)), None) = (calibrated.next(), calibrated.next()) else {
        return Vec::new();
    };
    let at = |max_error| {
        let policy = Policy {
            max_error,
            ..policy.clone()
        };
        let types = calibration.types.iter();
        let thresholds = types.map(|(name, of_type)| (name.clone(), policy.threshold(of_type)));
        RateThresholds {
            max_error,
            thresholds: thresholds.collect(),
        }
    };
    ERROR_RATES.map(at).into()
}

fn about(app: &App, judged: &Judged) -> EvaluationInfo {
    let short = |hash: &String| hash.chars().take(12).collect::<String>();
    EvaluationInfo {
        folder: judged.folder.clone(),
        time: now_rfc3339(),
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
