//! Settings: flags > environment (`DOCMILL_…`) > `docmill.toml` > defaults.
//!
//! The settings are grouped by the stage that uses them. Their doc comments and
//! ranges are what `docmill config --reference` (docs/settings.md) prints.

mod definitions;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod layers;
mod loopback;
mod reference;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use definitions::to_json;
pub use layers::{
    FoundValue, Layers, Origin, ResolvedSettings, UsageError, as_usage_error, nearest,
};
pub use loopback::is_loopback;
pub use reference::reference;

use crate::domain::Limits;

/// All settings with their defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The SQLite database. It is created with mode 0600.
    #[schemars(extend("format" = "path"))]
    pub db: PathBuf,
    /// Folder with your own document types (`schemas/`, `prompts/`), used beside
    /// the built-in ones.
    #[schemars(extend("format" = "path"))]
    pub types: Option<PathBuf>,
    /// Folder with `manifest.toml` and the model files. If not set: `models`
    /// beside the program, then `../share/docmill/models`.
    #[schemars(extend("format" = "path"))]
    pub models: Option<PathBuf>,
    /// PDFium's shared library. If not set, docmill looks beside the program and
    /// in the system's library folders.
    #[schemars(extend("format" = "path"))]
    pub pdfium: Option<PathBuf>,
    pub limits: Limits,
    pub einvoices: EInvoiceSettings,
    pub rasterizing: RasterizingSettings,
    pub ocr: OcrSettings,
    pub routing: RoutingSettings,
    pub reading: ReadingSettings,
    pub escalation: EscalationSettings,
    pub acceptance: AcceptanceSettings,
    pub review: ReviewSettings,
    pub jobs: JobSettings,
    pub workers: WorkerSettings,
    pub sandbox: SandboxSettings,
}

/// E-invoices embedded in PDF files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EInvoiceSettings {
    /// How the XML invoice in a PDF is used.
    pub embedded_xml: EmbeddedXml,
}

/// How the XML invoice in a PDF is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddedXml {
    /// The record takes its values from the XML. No model reads the pages.
    #[default]
    Use,
    /// As `use`, and the model reads the pages too. Differences are findings.
    CrossRead,
    /// The XML is ignored and the pages are read like any others.
    Ignore,
}

/// Drawing pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RasterizingSettings {
    /// Most pixels of a page image. Larger pages are drawn at a lower resolution.
    #[schemars(range(min = 1))]
    pub max_page_pixels: u32,
    /// Time limit for opening a file, in seconds.
    #[schemars(range(min = 1))]
    pub open_seconds: u64,
    /// Time limit for drawing a page, in seconds.
    #[schemars(range(min = 1))]
    pub page_seconds: u64,
}

/// OCR of pages, or parts of them, without a usable text layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OcrSettings {
    /// Whether pages without a usable text layer are read by OCR.
    pub mode: OcrMode,
    /// Time limit for a page, in seconds.
    #[schemars(range(min = 1))]
    pub page_seconds: u64,
    /// Memory that an OCR process may allocate, in MiB.
    #[schemars(range(min = 1))]
    pub memory_mib: u64,
}

/// Whether pages without a usable text layer are read by OCR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OcrMode {
    /// Yes, with the manifest's OCR engine.
    #[default]
    Auto,
    /// No.
    Off,
}

/// Classifying pages with CLIP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingSettings {
    /// Name of the CLIP model in `manifest.toml`. If not set: the manifest's
    /// default.
    pub clip: Option<String>,
    /// Folder of a Hugging Face CLIP model to use instead of the manifest's.
    #[schemars(extend("format" = "path"))]
    pub clip_dir: Option<PathBuf>,
    /// Most pages that CLIP embeds at once.
    #[schemars(range(min = 1))]
    pub batch_size: u32,
    /// Time limit for the pages that CLIP embeds at once, in seconds.
    #[schemars(range(min = 1))]
    pub batch_seconds: u64,
}

/// The first reader, which reads every page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReadingSettings {
    /// Name of the reader in `manifest.toml`. If not set: the manifest's default.
    pub reader: Option<String>,
    /// Text model (GGUF) of a reader that the manifest does not have. Needs
    /// `mmproj_gguf`.
    #[schemars(extend("format" = "path"))]
    pub text_gguf: Option<PathBuf>,
    /// Multimodal projector (GGUF) of a reader that the manifest does not have.
    /// Needs `text_gguf`.
    #[schemars(extend("format" = "path"))]
    pub mmproj_gguf: Option<PathBuf>,
    /// Time limit for a page, in seconds. It holds for every local reader.
    #[schemars(range(min = 1))]
    pub page_seconds: u64,
}

/// Stronger readers for pages that the first one did not read well enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EscalationSettings {
    /// Names of readers in `manifest.toml`, in the order in which they are
    /// tried. Empty: no escalation.
    pub readers: Vec<String>,
    /// Most pages that a run escalates.
    pub max_pages: u32,
    /// Most money that a run spends on escalated pages, in the currency of the
    /// readers' prices. 0: only readers that are free.
    #[schemars(range(min = 0))]
    pub max_cost: f64,
}

/// Which records are accepted without a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptanceSettings {
    /// Highest share (0 to 1) of wrong values among accepted fields. The
    /// calibration's threshold for it is used; thresholds exist for 0.005, 0.01,
    /// 0.02, 0.05 and 0.1, and between them that of the lower rate holds.
    #[schemars(range(min = 0, max = 1))]
    pub max_error: f64,
    /// Calibration of the reader: a file, a folder with one file for each reader,
    /// or `off` for none. If not set: `docmill/calibrations` in the user's data
    /// folder, then `calibrations` beside the models.
    #[schemars(extend("format" = "path"))]
    pub calibration: Option<PathBuf>,
    /// For document types without a calibration: lowest probability (0 to 1, the
    /// reader's own) of the deciding values of an accepted record.
    #[schemars(range(min = 0, max = 1))]
    pub min_confidence: f32,
}

/// What people review (docs/review.md).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewSettings {
    /// Share (0 to 1) of the documents whose accepted records come to review, to
    /// see how many have a wrong value. Their hashes decide which.
    #[schemars(range(min = 0, max = 1))]
    pub sample_share: f64,
    /// Share (0 to 1) of the documents whose accepted records come to the review page
    /// with one altered value, to see whether people notice. Their hashes decide
    /// which. The records themselves are not altered.
    #[schemars(range(min = 0, max = 1))]
    pub seeded_share: f64,
    /// Two people must approve a record whose total is at least this many units of
    /// its currency, whatever the currency; and an invoice whose seller or IBAN was
    /// not approved before. If not set: one person is enough.
    #[schemars(range(min = 0))]
    pub second_approval_from: Option<u64>,
}

/// Attempts, leases and interruption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JobSettings {
    /// Failed attempts after which a page is given up.
    #[schemars(range(min = 1))]
    pub max_attempts: u32,
    /// Seconds after which a page that a dead run had claimed is free again. Time
    /// limits that add up to more extend it.
    #[schemars(range(min = 1))]
    pub lease_seconds: u64,
    /// Seconds that pages in progress may take after SIGINT or SIGTERM. Unfinished
    /// pages go back to the queue.
    pub drain_seconds: u64,
}

/// Worker processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerSettings {
    /// Reader processes. 0: as many as the cores allow with `reader_threads`.
    pub readers: u32,
    /// Threads of each reader process. Large models want few readers with many
    /// threads.
    #[schemars(range(min = 1))]
    pub reader_threads: u32,
    /// Rasterizer processes. 0: half the cores, at least one.
    pub rasterizers: u32,
    /// Memory that a rasterizer may allocate, in MiB.
    #[schemars(range(min = 1))]
    pub rasterizer_memory_mib: u64,
    /// Memory that the router may allocate, in MiB.
    #[schemars(range(min = 1))]
    pub router_memory_mib: u64,
    /// Memory that a reader may allocate, in MiB. Mapped model files do not count.
    #[schemars(range(min = 1))]
    pub reader_memory_mib: u64,
    /// Pages after which a worker is replaced.
    #[schemars(range(min = 1))]
    pub recycle_pages: u32,
    /// A worker is replaced when its memory is this many times what it was after
    /// its first pages.
    #[schemars(extend("exclusiveMinimum" = 1.0))]
    pub recycle_growth: f64,
}

/// The sandbox around worker processes (docs/security.md).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxSettings {
    /// Stop if the kernel cannot enforce the whole sandbox. Otherwise docmill
    /// warns and continues.
    pub required: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            db: PathBuf::from("docmill.db"),
            types: None,
            models: None,
            pdfium: None,
            limits: Limits::default(),
            einvoices: EInvoiceSettings::default(),
            rasterizing: RasterizingSettings::default(),
            ocr: OcrSettings::default(),
            routing: RoutingSettings::default(),
            reading: ReadingSettings::default(),
            escalation: EscalationSettings::default(),
            acceptance: AcceptanceSettings::default(),
            review: ReviewSettings::default(),
            jobs: JobSettings::default(),
            workers: WorkerSettings::default(),
            sandbox: SandboxSettings::default(),
        }
    }
}

impl Default for RasterizingSettings {
    fn default() -> RasterizingSettings {
        RasterizingSettings {
            max_page_pixels: 12_000_000,
            open_seconds: 20,
            page_seconds: 30,
        }
    }
}

impl Default for OcrSettings {
    fn default() -> OcrSettings {
        OcrSettings {
            mode: OcrMode::Auto,
            page_seconds: 60,
            memory_mib: 1024,
        }
    }
}

impl Default for RoutingSettings {
    fn default() -> RoutingSettings {
        RoutingSettings {
            clip: None,
            clip_dir: None,
            batch_size: 16,
            batch_seconds: 30,
        }
    }
}

impl Default for ReadingSettings {
    fn default() -> ReadingSettings {
        ReadingSettings {
            reader: None,
            text_gguf: None,
            mmproj_gguf: None,
            page_seconds: 180,
        }
    }
}

impl Default for EscalationSettings {
    fn default() -> EscalationSettings {
        EscalationSettings {
            readers: Vec::new(),
            max_pages: 1000,
            max_cost: 10.0,
        }
    }
}

impl Default for AcceptanceSettings {
    fn default() -> AcceptanceSettings {
        AcceptanceSettings {
            max_error: 0.05,
            calibration: None,
            min_confidence: 0.8,
        }
    }
}

impl Default for JobSettings {
    fn default() -> JobSettings {
        JobSettings {
            max_attempts: 2,
            lease_seconds: 600,
            drain_seconds: 10,
        }
    }
}

impl Default for WorkerSettings {
    fn default() -> WorkerSettings {
        WorkerSettings {
            readers: 0,
            reader_threads: 1,
            rasterizers: 0,
            rasterizer_memory_mib: 2048,
            router_memory_mib: 4096,
            reader_memory_mib: 8192,
            recycle_pages: 500,
            recycle_growth: 4.0,
        }
    }
}
