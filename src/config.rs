//! Settings: flags > environment (`DOCMILL_…`) > `docmill.toml` > defaults.

#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod layers;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use layers::{Found, Layers, Origin, Resolved, UsageError, blame, nearest, to_json};

use crate::domain::Limits;

/// What becomes of the electronic invoice that a PDF carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddedXml {
    /// Its values are the record's; no model is asked.
    #[default]
    Use,
    /// As `Use`, and the model reads the pages too: differences are findings.
    CrossRead,
    /// The pages are read as if it were not there.
    Ignore,
}

/// Whether pages without a text layer get a second opinion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ocr {
    /// Where Tesseract is installed.
    #[default]
    Auto,
    Off,
}

/// Every setting with its default. Durations are seconds, memory is MiB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The SQLite database.
    pub db: PathBuf,
    /// Folder with further document types (`schemas/`, `prompts/`).
    pub types: Option<PathBuf>,
    /// Folder of `manifest.toml` and the weights; `None`: found by itself.
    pub models: Option<PathBuf>,
    /// Reader in the manifest; `None`: its default.
    pub reader: Option<String>,
    /// Readers in the manifest, the first for every page, each further one for
    /// what those before did not read well enough; empty: `reader` alone.
    pub ladder: Vec<String>,
    /// Pages that further readers may read in a run.
    pub ladder_max_pages: u32,
    /// What further readers may cost in a run, in the currency of their prices.
    pub ladder_max_cost: f64,
    /// CLIP in the manifest; `None`: its default.
    pub clip: Option<String>,
    /// A GGUF text model to use instead of the manifest's, with `mmproj`.
    pub text_gguf: Option<PathBuf>,
    pub mmproj_gguf: Option<PathBuf>,
    /// Folder of a Hugging Face CLIP to use instead of the manifest's.
    pub clip_dir: Option<PathBuf>,
    /// PDFium's shared library; `None`: found by itself.
    pub pdfium: Option<PathBuf>,
    /// A second opinion on scans.
    pub ocr: Ocr,
    /// Tesseract's names of the languages, e.g. `eng+deu`.
    pub ocr_languages: String,
    /// Tesseract's program; `None`: `tesseract` on the `PATH`.
    pub tesseract: Option<PathBuf>,
    /// Reader processes; 0: one a core.
    pub readers: u32,
    /// Threads of each reader process.
    pub reader_threads: u32,
    /// Rasteriser processes; 0: half the cores, at least one.
    pub rasterizers: u32,
    /// Pages that CLIP embeds at once, at most.
    pub route_batch: u32,
    pub limits: Limits,
    /// Most pixels of a page image.
    pub page_pixels: u32,
    pub open_seconds: u64,
    pub page_seconds: u64,
    pub ocr_seconds: u64,
    pub read_seconds: u64,
    pub rasterizer_memory: u64,
    pub ocr_memory: u64,
    pub reader_memory: u64,
    pub router_memory: u64,
    /// A worker is replaced after so many pages,
    pub recycle_pages: u32,
    /// or when its memory has become so many times what it was after its first
    /// pages.
    pub recycle_growth: f64,
    /// Refuse to work where the kernel cannot shut the workers in.
    pub require_sandbox: bool,
    /// How long pages in hand may take after a signal; then they are given
    /// back.
    pub drain_seconds: u64,
    /// Failed attempts after which a page is given up.
    pub max_attempts: u32,
    /// A page claimed by a run that no longer lives is free after this.
    pub lease_seconds: u64,
    pub embedded_xml: EmbeddedXml,
    /// Wanted: at most this share (0 to 1) of accepted fields is wrong.
    pub max_error: f64,
    /// File or folder of the reader's calibration; `off`: none; `None`: found
    /// by itself.
    pub calibration: Option<PathBuf>,
    /// Without a calibration: records whose least sure value is below this
    /// probability (0 to 1), the model's own, go to review.
    pub min_confidence: f32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            db: PathBuf::from("docmill.db"),
            types: None,
            models: None,
            reader: None,
            ladder: Vec::new(),
            ladder_max_pages: 1000,
            ladder_max_cost: 10.0,
            clip: None,
            text_gguf: None,
            mmproj_gguf: None,
            clip_dir: None,
            pdfium: None,
            ocr: Ocr::Auto,
            ocr_languages: "eng".to_owned(),
            tesseract: None,
            readers: 0,
            reader_threads: 1,
            rasterizers: 0,
            route_batch: 16,
            limits: Limits::default(),
            page_pixels: 12_000_000,
            open_seconds: 20,
            page_seconds: 30,
            ocr_seconds: 60,
            read_seconds: 180,
            rasterizer_memory: 2048,
            ocr_memory: 1024,
            reader_memory: 8192,
            router_memory: 4096,
            recycle_pages: 500,
            recycle_growth: 4.0,
            require_sandbox: false,
            drain_seconds: 10,
            max_attempts: 2,
            lease_seconds: 600,
            embedded_xml: EmbeddedXml::default(),
            max_error: 0.005,
            calibration: None,
            min_confidence: 0.8,
        }
    }
}
