use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use super::App;
use super::exit::Outcome;
use super::output::{count, table};
use super::settings::EngineFlags;
use crate::config::Settings;
use crate::documents::acceptance::percent;
use crate::engines::models::Installation;
use crate::engines::rasterize::{DocumentRasterizer, find_pdfium};
use crate::engines::sandbox::{SandboxStatus, describe_gaps};
use crate::pipeline::{self, Plan};
use crate::store::Store;

/// Check the installation; each line says ok, or what is wrong and the remedy
#[derive(Args)]
pub struct Doctor {
    /// One JSON object a check
    #[arg(long)]
    json: bool,
    /// Try to break out of every engine's sandbox, from inside
    #[arg(long)]
    test_sandbox: bool,
    #[command(flatten)]
    pub engines: EngineFlags,
}

/// What a check found; an error tells what is wrong and the remedy.
type Finding = anyhow::Result<Told>;

enum Told {
    Fine(String),
    /// Nothing is wrong, but it should be known what follows.
    Note(String),
}

impl From<String> for Told {
    fn from(message: String) -> Told {
        Told::Fine(message)
    }
}

impl Doctor {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let settings = app.settings().clone();
        if self.test_sandbox {
            return test_sandbox(&mut app, &settings, self.json).await;
        }
        let (engines, sandbox) = engines(&settings).await;
        let checks: [(&str, Finding); 10] = [
            ("build", build()),
            ("vector instructions", vector_instructions()),
            ("PDFium", pdfium(&settings)),
            ("document types", types(&settings)),
            ("models", models(&settings)),
            ("calibration", calibration(&settings)),
            ("second opinion", second_opinion(&settings)),
            ("database", database(&settings).await),
            ("engines start", engines),
            ("sandbox", sandbox),
        ];
        for (name, finding) in &checks {
            let (mark, message) = match finding {
                Ok(Told::Fine(message)) => ("ok   ", message.clone()),
                Ok(Told::Note(message)) => ("note ", message.clone()),
                Err(error) => ("WRONG", format!("{error:#}")),
            };
            if self.json {
                let (ok, note) = (finding.is_ok(), matches!(finding, Ok(Told::Note(_))));
                app.out
                    .json(&json!({"check": name, "ok": ok, "note": note, "message": message}))?;
            } else {
                app.out.line(&format!("{mark}  {name:<20} {message}"))?;
            }
        }
        match checks.iter().all(|(_, finding)| finding.is_ok()) {
            true => Ok(Outcome::Good),
            false => Ok(Outcome::SomeFailed),
        }
    }
}

fn build() -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    anyhow::ensure!(
        cfg!(feature = "llama"),
        "docmill {version} was built without llama.cpp, so it cannot read pages: build it with the default features"
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

/// Instruction sets with whether this program uses them and the CPU has them.
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

/// Other architectures have theirs switched on by their baseline.
#[cfg(not(target_arch = "x86_64"))]
fn instruction_sets() -> Vec<(&'static str, bool, bool)> {
    Vec::new()
}

fn vector_instructions() -> Finding {
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
        "this program needs {missing}, which the CPU lacks: build it on this machine, or for x86-64-v3"
    );
    let unused = names(|(_, compiled, present)| !compiled && *present);
    anyhow::ensure!(
        unused.is_empty(),
        "the CPU has {unused}, which this program does not use and is slower for it: \
         build it on this machine with RUSTFLAGS=\"-C target-cpu=native\""
    );
    let used = names(|(_, compiled, _)| *compiled);
    Ok(match used.is_empty() {
        true => format!("the baseline of {}", std::env::consts::ARCH),
        false => format!("{used}: all that the CPU has"),
    }
    .into())
}

fn pdfium(settings: &Settings) -> Finding {
    let path = find_pdfium(settings.pdfium.as_deref())?;
    DocumentRasterizer::new(Some(&path))?;
    Ok(path.display().to_string().into())
}

fn types(settings: &Settings) -> Finding {
    let types = pipeline::doc_types(settings.types.as_deref())?;
    let names: Vec<_> = types
        .readable()
        .map(|doc_type| doc_type.name.as_str())
        .collect();
    Ok(names.join(", ").into())
}

fn models(settings: &Settings) -> Finding {
    let installation = Installation::find(settings.models.as_deref())?;
    let readers = installation.readers(&settings.reading, &settings.escalation)?;
    let clip = installation.clip(&settings.routing)?;
    let readers: Vec<_> = readers.iter().map(|reader| reader.name.as_str()).collect();
    Ok(format!(
        "reader {}, CLIP {}: every file is right",
        readers.join(", then "),
        clip.name
    )
    .into())
}

/// Having none is not wrong: it is said what follows from it.
fn calibration(settings: &Settings) -> Finding {
    let installation = Installation::find(settings.models.as_deref())?;
    let reader = installation.first(&settings.reading)?;
    let policy = pipeline::policy(&settings.acceptance, installation.folder(), &reader.hash)?;
    let wanted = percent(policy.max_error);
    let Some(calibration) = &policy.calibration else {
        let min = policy.min_confidence;
        return Ok(Told::Note(format!(
            "none for reader {}: no error rate is promised for what is accepted. Values are believed from \
             the reader's own probability of {min} on (`acceptance.min_confidence`), and findings say `uncalibrated`. \
             `docmill calibrate DIR` makes one from documents whose values are known (docs/evaluation.md)",
            reader.name
        )));
    };
    let hash: String = calibration.hash.chars().take(12).collect();
    let accepted = match policy.threshold(calibration) {
        Some(threshold) => format!("fields are accepted from {threshold:.4} on"),
        None => "nothing is accepted: no threshold is certified".to_owned(),
    };
    Ok(format!(
        "{hash} of {}: {accepted} (at most {wanted} of accepted fields wrong)",
        calibration.created
    )
    .into())
}

/// Nothing is wrong without one.
fn second_opinion(settings: &Settings) -> Finding {
    Ok(match pipeline::find_ocr(&settings.ocr, 1) {
        Ok(Some(tesseract)) => format!("Tesseract, {}", tesseract.describe()).into(),
        Ok(None) => Told::Note("none on scans (setting `ocr.mode`)".to_owned()),
        Err(error) => Told::Note(format!("none on scans: {error:#}")),
    })
}

async fn database(settings: &Settings) -> Finding {
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
            "{} cannot be made: {error}; choose another place with --db",
            path.display()
        )
    })?;
    Ok(format!("{} will be made by the first run", path.display()).into())
}

/// Loads every engine in a worker process of its own, as a run does; and what
/// stands around those.
async fn engines(settings: &Settings) -> (Finding, Finding) {
    let start = async {
        let plan = Arc::new(Plan::make(settings).await?);
        let (events, _) = mpsc::unbounded_channel();
        let (deaths, _) = mpsc::unbounded_channel();
        pipeline::Engines::start(settings, plan, &events, &deaths).await
    };
    match start.await {
        Ok(engines) => {
            let report = engines.sandbox();
            let sandbox = match report.status() {
                SandboxStatus::Enforced => Ok(report.to_string().into()),
                SandboxStatus::Partial | SandboxStatus::Unavailable => Err(anyhow::anyhow!(
                    "workers are only partially sandboxed: {}. --require-sandbox refuses to run without",
                    describe_gaps(&report.gaps())
                )),
            };
            (answers(&engines).await, sandbox)
        }
        Err(error) => (
            Err(error),
            Err(anyhow::anyhow!("not known: the engines do not start")),
        ),
    }
}

/// What has started, and what servers among the readers say.
async fn answers(engines: &pipeline::Engines) -> Finding {
    let mut found = vec!["rasteriser, router and reader".to_owned()];
    for readers in &engines.stages.readers {
        if let Some(answer) = readers.probe().await {
            found.push(answer?);
        }
    }
    Ok(found.join("; ").into())
}

/// The table of every attempt to break out.
async fn test_sandbox(app: &mut App, settings: &Settings, json: bool) -> anyhow::Result<Outcome> {
    let results = pipeline::test_sandbox(settings).await?;
    let mut rows = table(&["worker", "tries to", "", "how it ended"]);
    for result in &results {
        if json {
            app.out.json(&json!({
                "worker": result.role,
                "probe": result.probe,
                "held": result.held,
                "message": result.message,
            }))?;
        }
        let mark = if result.held { "held" } else { "ESCAPED" };
        rows.add_row([result.role, result.description, mark, &result.message]);
    }
    if !json {
        app.out.table(&rows)?;
    }
    Ok(match results.iter().all(|result| result.held) {
        true => Outcome::Good,
        false => Outcome::SomeFailed,
    })
}
