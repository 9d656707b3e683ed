use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::known::{Judged, KnownFlags};
use super::output::{count, table};
use crate::config::UsageError;
use crate::documents::acceptance::{
    Bin, CONFIDENCE, CalibratedReader, Calibration, Certificate, Folders, TypeCalibration, percent,
    total_required,
};
use crate::engines::models::Installation;
use crate::outputs::evaluation;

/// Calibrate a reader on documents whose values are known
///
/// Each document type is calibrated by itself, for the reader that read the
/// documents; later runs with that reader use it. Types that are not measured
/// keep the calibration that they have. docs/evaluation.md says how many
/// documents are needed.
#[derive(Args)]
pub struct CalibrateArgs {
    /// Folder, or file that ends in .json, for the calibration
    /// [default: the setting `acceptance.calibration`, otherwise the user's data folder]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Confidence (0.5 to 1) of each certified error rate
    #[arg(long, value_name = "P", default_value_t = CONFIDENCE)]
    confidence: f64,
    /// Print the calibration as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub known: KnownFlags,
}

impl CalibrateArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if !(0.5..1.0).contains(&self.confidence) {
            let why = "--confidence must be at least 0.5 and below 1";
            return Err(UsageError(why.into()).into());
        }
        let judged = self.known.judge(&mut app).await?;
        if judged.interrupted {
            return Ok(ExitStatus::Interrupted);
        }
        let reader = reader(&app, &judged)?;
        let path = self.target(&app, &reader.hash)?;
        let (mut types, mut refused) = (BTreeMap::new(), Vec::new());
        for (name, made) in evaluation::calibrate(&judged.documents, self.confidence) {
            match made {
                Ok(made) => drop(types.insert(name, made)),
                Err(error) => refused.push(format!("{error:#}")),
            }
        }
        if types.is_empty() {
            let why = match refused.is_empty() {
                true => "no document was read by a model: name a folder with scans, not e-invoices alone".to_owned(),
                false => refused.join("\n"),
            };
            return Err(UsageError(why).into());
        }
        for why in refused {
            tracing::warn!("{why}");
        }
        let made: Vec<String> = types.keys().cloned().collect();
        let mut calibration = with_other_types(reader, types, &path)?;
        calibration.save(&path)?;
        if self.json {
            let mut value = serde_json::to_value(&calibration)?;
            value["path"] = json!(path);
            value["hash"] = json!(calibration.hash);
            app.out.json(&value)?;
        } else {
            let name = &calibration.reader.name;
            for doc_type in &made {
                print(&mut app, name, doc_type, &calibration.types[doc_type])?;
            }
            app.out.line(&format!("Written to {}", path.display()))?;
        }
        Ok(ExitStatus::Success)
    }

    fn target(&self, app: &App, hash: &str) -> anyhow::Result<PathBuf> {
        let setting = self
            .out
            .as_deref()
            .or(app.settings().acceptance.calibration.as_deref());
        Folders::new(setting, None).target(hash)
    }
}

/// With the types that an earlier calibration of the same reader has in this file.
fn with_other_types(
    reader: CalibratedReader,
    types: BTreeMap<String, TypeCalibration>,
    path: &Path,
) -> anyhow::Result<Calibration> {
    let made = Calibration {
        version: Calibration::VERSION,
        reader,
        types,
        hash: String::new(),
    };
    if !path.is_file() {
        return Ok(made);
    }
    let earlier = Calibration::load(path)
        .context("another file has this name: remove it, or name another with --out")?;
    Ok(match earlier.reader.hash == made.reader.hash {
        true => Calibration::joined(made, earlier),
        false => made,
    })
}

/// The one reader that read all records.
fn reader(app: &App, judged: &Judged) -> anyhow::Result<CalibratedReader> {
    let hashes: Vec<&String> = judged.policies.keys().filter(|h| !h.is_empty()).collect();
    ensure!(
        hashes.len() <= 1 && !hashes.iter().any(|hash| hash.contains('+')),
        "the documents were read by several readers; calibrate with the records of one"
    );
    let hash = hashes.first();
    let hash = hash.ok_or_else(|| {
        anyhow::anyhow!(
            "no document was read by a model: name a folder with scans, not e-invoices alone"
        )
    })?;
    Ok(CalibratedReader {
        name: name_of(app, hash).unwrap_or_else(|| hash.chars().take(12).collect()),
        hash: (*hash).clone(),
    })
}

/// Its name, if the settings name the reader with this hash.
fn name_of(app: &App, hash: &str) -> Option<String> {
    let installation = Installation::find(app.settings().models.as_deref()).ok()?;
    let settings = app.settings();
    let readers = installation.readers(&settings.reading, &settings.escalation);
    let readers = readers.ok()?;
    let reader = readers.iter().find(|reader| reader.hash == hash)?;
    Some(reader.name.clone())
}

fn print(
    app: &mut App,
    reader: &str,
    doc_type: &str,
    calibration: &TypeCalibration,
) -> anyhow::Result<()> {
    let data = &calibration.data;
    app.out.line(&format!(
        "Reader {reader}, {doc_type}: {}; learned from {}, certified with {} others",
        count(data.predictions, "prediction"),
        count(data.fitted, "document"),
        data.certified
    ))?;
    app.out.line(&format!(
        "Expected calibration error over {} of the others: {:.3} before, {:.3} after (Brier {:.3}, {:.3})",
        count(calibration.after.values, "value"),
        calibration.before.ece,
        calibration.after.ece,
        calibration.before.brier,
        calibration.after.brier
    ))?;
    for (what, bins) in [
        ("The model's own probabilities", &calibration.before.bins),
        ("Calibrated", &calibration.after.bins),
    ] {
        app.out.line(&format!("\n{what}"))?;
        diagram(app, bins)?;
    }
    app.out.line("\nAccepted from")?;
    for certificate in &calibration.certificates {
        app.out
            .line(&format!("  {}", sentence(certificate, calibration)))?;
    }
    app.out.line("")
}

/// A reliability diagram in text. Probabilities are exact where the bar ends at the
/// mark.
fn diagram(app: &mut App, bins: &[Bin]) -> anyhow::Result<()> {
    const WIDTH: f64 = 40.0;
    let mut rows = table(&[
        "probability",
        "right",
        "values",
        "right: bar, probability: |",
    ]);
    for bin in bins {
        let at = |share: f64| (share * WIDTH).round() as usize;
        let mut bar: Vec<char> = vec![' '; WIDTH as usize + 1];
        bar[..at(bin.right)].fill('#');
        bar[at(bin.probability)] = '|';
        rows.add_row([
            format!("{:.3}", bin.probability),
            format!("{:.3}", bin.right),
            bin.values.to_string(),
            bar.into_iter().collect::<String>().trim_end().to_owned(),
        ]);
    }
    app.out.table(&rows)
}

fn sentence(certificate: &Certificate, calibration: &TypeCalibration) -> String {
    let wanted = format!(
        "at most {} of accepted fields wrong",
        percent(certificate.max_error)
    );
    let seen = format!(
        "{} of {} with something accepted, {:.2} % wrong",
        certificate.documents,
        count(calibration.data.certified, "document"),
        certificate.risk * 100.0
    );
    match (certificate.threshold, certificate.needed) {
        (Some(threshold), _) => format!(
            "{threshold:.4}  {wanted}, with {} confidence: {:.1} % of values ({seen}, p = {:.3})",
            percent(calibration.confidence),
            certificate.coverage * 100.0,
            certificate.p_value
        ),
        (None, Some(needed)) => format!(
            "nothing  {wanted}: too few documents; about {} in total are needed at this error ({seen})",
            total_required(needed)
        ),
        (None, None) if certificate.documents == 0 => {
            format!("nothing  {wanted}: probabilities are too low for that")
        }
        (None, None) => {
            format!("nothing  {wanted}: too many errors even at the highest probabilities ({seen})")
        }
    }
}
