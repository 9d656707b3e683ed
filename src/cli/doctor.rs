use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{count, table};
use super::settings::EngineFlags;
use crate::config::{OcrMode, Settings};
use crate::documents::acceptance::percent;
use crate::engines::models::Installation;
use crate::engines::rasterize::{DocumentRasterizer, find_pdfium};
use crate::engines::sandbox::{SandboxStatus, describe_gaps};
use crate::pipeline::{self, RunPlan};
use crate::store::Store;

/// Check the installation
///
/// Each line says ok, or what is wrong and what to do.
#[derive(Args)]
pub struct DoctorArgs {
    /// Print one JSON object per check
    #[arg(long)]
    json: bool,
    /// Test the sandbox of every engine with escape attempts from inside
    #[arg(long)]
    test_sandbox: bool,
    #[command(flatten)]
    pub engines: EngineFlags,
}

/// Result of a check; an error says what is wrong and what to do.
type CheckResult = anyhow::Result<CheckNote>;

enum CheckNote {
    Ok(String),
    /// Nothing is wrong, but the consequence should be known.
    Note(String),
}

impl From<String> for CheckNote {
    fn from(message: String) -> CheckNote {
        CheckNote::Ok(message)
    }
}

impl DoctorArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let settings = app.settings().clone();
        if self.test_sandbox {
            return test_sandbox(&mut app, &settings, self.json).await;
        }
        let (engines, sandbox) = engines(&settings).await;
        let checks: [(&str, CheckResult); 10] = [
            ("build", build()),
            ("vector instructions", vector_instructions()),
            ("PDFium", pdfium(&settings)),
            ("document types", types(&settings)),
            ("models", models(&settings)),
            ("calibration", calibration(&settings)),
            ("OCR", ocr(&settings)),
            ("database", database(&settings).await),
            ("engines start", engines),
            ("sandbox", sandbox),
        ];
        for (name, result) in &checks {
            let (mark, message) = match result {
                Ok(CheckNote::Ok(message)) => ("ok   ", message.clone()),
                Ok(CheckNote::Note(message)) => ("note ", message.clone()),
                Err(error) => ("WRONG", format!("{error:#}")),
            };
            if self.json {
                let (ok, note) = (result.is_ok(), matches!(result, Ok(CheckNote::Note(_))));
                app.out
                    .json(&json!({"check": name, "ok": ok, "note": note, "message": message}))?;
            } else {
                app.out.line(&format!("{mark}  {name:<20} {message}"))?;
            }
        }
        match checks.iter().all(|(_, result)| result.is_ok()) {
            true => Ok(ExitStatus::Success),
            false => Ok(ExitStatus::SomeFailed),
        }
    }
}

fn build() -> CheckResult {
    let version = env!("CARGO_PKG_VERSION");
    anyhow::ensure!(
        cfg!(feature = "llama"),
        "docmill {version} was built without llama.cpp and cannot read pages; build it with the default features"
    );
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let accelerators = [
        ("cuda", cfg!(feature = "cuda")),
        ("metal", cfg!(feature = "metal")),
        ("vulkan", cfg!(feature = "vulkan")),
    ];
    let with: Vec<_> = accelerators
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| *name)
        .collect();
    let with = if with.is_empty() {
        "CPU only".to_owned()
    } else {
        with.join(", ")
    };
    Ok(format!("docmill {version}, {profile} profile, {with}").into())
}

/// Instruction sets: name, whether this program uses it, whether the CPU has it.
#[cfg(target_arch = "x86_64")]
fn instruction_sets() -> Vec<(&'static str, bool, bool)> {
    macro_rules! sets {
        ($($name:tt),*) => {
            vec![$(($name, cfg!(target_feature = $name), std::is_x86_feature_detected!($name))),*]
        };
    }
    sets!(
        "avx",
        "avx2",
        "fma",
        "f16c",
        "avx512f",
        "avx512bw",
        "avx512vnni",
        "avx512bf16"
    )
}

/// Other architectures include theirs in the baseline.
#[cfg(not(target_arch = "x86_64"))]
fn instruction_sets() -> Vec<(&'static str, bool, bool)> {
    Vec::new()
}

fn vector_instructions() -> CheckResult {
    let sets = instruction_sets();
    let names = |wanted: fn(&(&str, bool, bool)) -> bool| -> String {
        let names: Vec<_> = sets
            .iter()
            .filter(|set| wanted(set))
            .map(|set| set.0)
            .collect();
        names.join(", ")
    };
    let missing = names(|(_, compiled, present)| *compiled && !present);
    anyhow::ensure!(
        missing.is_empty(),
        "this program needs {missing}, which the CPU does not have; build it on this machine or for x86-64-v3"
    );
    let unused = names(|(_, compiled, present)| !compiled && *present);
    anyhow::ensure!(
        unused.is_empty(),
        "this program does not use {unused} of the CPU and is slower for it; \
         build it on this machine with RUSTFLAGS=\"-C target-cpu=native\""
    );
    let used = names(|(_, compiled, _)| *compiled);
    Ok(match used.is_empty() {
        true => format!("baseline of {}", std::env::consts::ARCH),
        false => format!("{used} (all of the CPU)"),
    }
    .into())
}

fn pdfium(settings: &Settings) -> CheckResult {
    let path = find_pdfium(settings.pdfium.as_deref())?;
    DocumentRasterizer::new(Some(&path))?;
    Ok(path.display().to_string().into())
}

fn types(settings: &Settings) -> CheckResult {
    let types = pipeline::doc_types(settings.types.as_deref())?;
    let names: Vec<_> = types
        .readable()
        .map(|doc_type| doc_type.name.as_str())
        .collect();
    Ok(names.join(", ").into())
}

fn models(settings: &Settings) -> CheckResult {
    let installation = Installation::find(settings.models.as_deref())?;
    let readers = installation.readers(&settings.reading, &settings.escalation)?;
    let clip = installation.clip(&settings.routing)?;
    let readers: Vec<_> = readers.iter().map(|reader| reader.name.as_str()).collect();
    Ok(format!(
        "reader {}, CLIP {}: all files verified",
        readers.join(", then "),
        clip.name
    )
    .into())
}

/// A missing calibration is a note, not an error.
fn calibration(settings: &Settings) -> CheckResult {
    let installation = Installation::find(settings.models.as_deref())?;
    let reader = installation.first(&settings.reading)?;
    let policy = pipeline::policy(&settings.acceptance, installation.folder(), &reader.hash)?;
    let wanted = percent(policy.max_error);
    let Some(calibration) = &policy.calibration else {
        let min = policy.min_confidence;
        return Ok(CheckNote::Note(format!(
            "none for reader {}: no error rate is promised for accepted records. Values are accepted from the \
             reader's own probability of {min} (`acceptance.min_confidence`), and records have the note `uncalibrated`. \
             `docmill calibrate DIR` makes a calibration from documents with known values (docs/evaluation.md)",
            reader.name
        )));
    };
    let hash: String = calibration.hash.chars().take(12).collect();
    let accepted =
        calibration
            .types
            .iter()
            .map(|(name, of_type)| match policy.threshold(of_type) {
                Some(threshold) => format!("{name} from probability {threshold:.4}"),
                None => format!("{name} never, because no threshold is certified"),
            });
    let accepted: Vec<String> = accepted.collect();
    let text = format!(
        "{hash}: values are accepted (at most {wanted} of accepted fields are wrong): {}. Other types are not \
         calibrated: from the reader's own probability of {}",
        accepted.join(", "),
        policy.min_confidence
    );
    let thresholds = calibration.types.values().map(|of| policy.threshold(of));
    Ok(match thresholds.flatten().next() {
        Some(_) => text.into(),
        None => CheckNote::Note(text),
    })
}

/// Checks the OCR engine.
fn ocr(settings: &Settings) -> CheckResult {
    if settings.ocr.mode == OcrMode::Off {
        return Ok(CheckNote::Note("none (setting `ocr.mode`)".to_owned()));
    }
    let ocr = Installation::find(settings.models.as_deref())?.ocr()?;
    Ok(match ocr {
        Some(ocr) => ocr.name.into(),
        None => CheckNote::Note("none in the manifest: scans have no words".to_owned()),
    })
}

async fn database(settings: &Settings) -> CheckResult {
    let path = &settings.db;
    if path.exists() {
        let store = Store::open_existing(path).await?;
        let counts = store.counts().await?;
        return Ok(format!(
            "{}, {}",
            path.display(),
            count(counts.documents, "document")
        )
        .into());
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    tempfile::tempfile_in(folder).map_err(|error| {
        anyhow::anyhow!(
            "cannot create {}: {error}; choose another path with --db",
            path.display()
        )
    })?;
    Ok(format!("{} will be created by the first run", path.display()).into())
}

/// Starts every engine in a worker process, as a run does. Returns the checks of
/// the engines and of their sandbox.
async fn engines(settings: &Settings) -> (CheckResult, CheckResult) {
    let start = async {
        let plan = Arc::new(RunPlan::make(settings).await?);
        let (events, _) = mpsc::unbounded_channel();
        let (deaths, _) = mpsc::unbounded_channel();
        let engines = pipeline::Engines::start(settings, plan, &events, &deaths).await?;
        engines.stages.text.start().await?;
        anyhow::Ok(engines)
    };
    match start.await {
        Ok(engines) => {
            let report = engines.sandbox();
            let sandbox = match report.status() {
                SandboxStatus::Enforced => Ok(report.to_string().into()),
                SandboxStatus::Partial | SandboxStatus::Unavailable => Err(anyhow::anyhow!(
                    "workers are only partially sandboxed: {}. With --require-sandbox, docmill stops instead",
                    describe_gaps(&report.gaps())
                )),
            };
            (answers(&engines).await, sandbox)
        }
        Err(error) => (
            Err(error),
            Err(anyhow::anyhow!("unknown, because the engines do not start")),
        ),
    }
}

/// Lists the engines that started, and the answers of endpoints.
async fn answers(engines: &pipeline::Engines) -> CheckResult {
    let started = match engines.stages.text.pool() {
        Some(_) => "rasterizer, OCR, router and reader",
        None => "rasterizer, router and reader",
    };
    let mut found = vec![started.to_owned()];
    for readers in &engines.stages.readers {
        if let Some(answer) = readers.probe().await {
            found.push(answer?);
        }
    }
    Ok(found.join("; ").into())
}

/// Prints a table of the escape attempts.
async fn test_sandbox(
    app: &mut App,
    settings: &Settings,
    json: bool,
) -> anyhow::Result<ExitStatus> {
    let results = pipeline::test_sandbox(settings).await?;
    let mut rows = table(&["worker", "attempt", "result", "message"]);
    for result in &results {
        if json {
            app.out.json(&json!({
                "worker": result.role,
                "probe": result.probe,
                "held": result.held,
                "message": result.message,
            }))?;
        }
        let mark = if result.held { "blocked" } else { "ESCAPED" };
        rows.add_row([result.role, result.description, mark, &result.message]);
    }
    if !json {
        app.out.table(&rows)?;
    }
    Ok(match results.iter().all(|result| result.held) {
        true => ExitStatus::Success,
        false => ExitStatus::SomeFailed,
    })
}
