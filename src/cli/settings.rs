//! Flags that set settings.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use crate::config::{Layers, Origin, ResolvedSettings, UsageError};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Flags of every subcommand.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Database file [default: docmill.db]
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Settings file [default: docmill.toml, if it exists]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DOCMILL_CONFIG",
        hide_env = true
    )]
    config: Option<PathBuf>,
    /// Folder with your own document types (schemas/, prompts/)
    #[arg(long, global = true, value_name = "DIR")]
    types: Option<PathBuf>,
    /// Folder with manifest.toml and the model files
    #[arg(long, global = true, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Any setting, e.g. --set limits.max_pages=50 (`docmill config` lists all)
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Format of log lines
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = LogFormat::Text,
        env = "DOCMILL_LOG_FORMAT",
        hide_env = true
    )]
    pub log_format: LogFormat,
    /// Log more to stderr; twice for debug messages
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Log errors only and show no progress bar
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// Flags of the subcommands that start engines.
#[derive(Args, Default)]
#[command(next_help_heading = "Engine options")]
pub struct EngineFlags {
    /// Reader, by its name in the manifest
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// Stronger readers for pages that the first one did not read well enough, by
    /// their names in the manifest
    #[arg(long, value_name = "NAME,…")]
    escalate_to: Option<String>,
    /// CLIP model, by its name in the manifest
    #[arg(long, value_name = "NAME")]
    clip: Option<String>,
    /// Text model of a reader that is not in the manifest
    #[arg(long, value_name = "FILE", requires = "mmproj_gguf")]
    text_gguf: Option<PathBuf>,
    /// Multimodal projector of a reader that is not in the manifest
    #[arg(long, value_name = "FILE", requires = "text_gguf")]
    mmproj_gguf: Option<PathBuf>,
    /// Hugging Face folder of a CLIP model that is not in the manifest
    #[arg(long, value_name = "DIR")]
    clip_dir: Option<PathBuf>,
    /// PDFium's shared library
    #[arg(long, value_name = "FILE")]
    pdfium: Option<PathBuf>,
    /// Read the pages of PDFs with an e-invoice too, and report differences
    #[arg(long)]
    cross_read: bool,
    /// Number of reader processes; 0: as many as the cores allow
    #[arg(long, value_name = "N")]
    readers: Option<u32>,
    /// Threads of each reader process
    #[arg(long, value_name = "N")]
    reader_threads: Option<u32>,
    /// Number of rasterizer processes; 0: half the cores
    #[arg(long, value_name = "N")]
    rasterizers: Option<u32>,
    /// Stop if the kernel cannot enforce the whole sandbox
    #[arg(long)]
    require_sandbox: bool,
}

/// A flag, the setting that it sets, and its value where it is given.
struct Flag {
    key: &'static str,
    name: &'static str,
    value: Option<Result<String, UsageError>>,
}

impl Flag {
    fn text(key: &'static str, name: &'static str, value: Option<String>) -> Flag {
        let value = value.map(Ok);
        Flag { key, name, value }
    }

    fn number(key: &'static str, name: &'static str, value: Option<u32>) -> Flag {
        Flag::text(key, name, value.map(|number| number.to_string()))
    }

    fn path(key: &'static str, name: &'static str, value: Option<&Path>) -> Flag {
        let text = |path: &Path| match path.to_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(UsageError(format!("{name} must be valid UTF-8"))),
        };
        let value = value.map(text);
        Flag { key, name, value }
    }
}

impl Global {
    /// The settings in effect.
    pub fn resolve(&self, engines: Option<&EngineFlags>) -> Result<ResolvedSettings, UsageError> {
        let mut layers = Layers::defaults()
            .file(self.config.as_deref())?
            .environment(std::env::vars_os())?;
        for pair in &self.set {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                UsageError(format!(
                    "--set needs KEY=VALUE, e.g. workers.readers=2; `{pair}` has no `=`"
                ))
            })?;
            layers.set_text(key.trim(), value.trim(), Origin::Flag("--set".to_owned()))?;
        }
        let engines = engines.into_iter().flat_map(EngineFlags::flags);
        for flag in self.flags().into_iter().chain(engines) {
            if let Some(value) = flag.value {
                layers.set_text(flag.key, &value?, Origin::Flag(flag.name.to_owned()))?;
            }
        }
        Ok(layers.resolve())
    }

    pub fn wants_progress(&self) -> bool {
        !self.quiet && self.log_format == LogFormat::Text
    }

    fn flags(&self) -> [Flag; 3] {
        [
            Flag::path("db", "--db", self.db.as_deref()),
            Flag::path("types", "--types", self.types.as_deref()),
            Flag::path("models", "--models", self.models.as_deref()),
        ]
    }
}

impl EngineFlags {
    fn flags(&self) -> [Flag; 12] {
        let cross_read = self.cross_read.then(|| "cross_read".to_owned());
        let required = self.require_sandbox.then(|| "true".to_owned());
        [
            Flag::text("reading.reader", "--reader", self.reader.clone()),
            Flag::text(
                "escalation.readers",
                "--escalate-to",
                self.escalate_to.clone(),
            ),
            Flag::text("routing.clip", "--clip", self.clip.clone()),
            Flag::path(
                "reading.text_gguf",
                "--text-gguf",
                self.text_gguf.as_deref(),
            ),
            Flag::path(
                "reading.mmproj_gguf",
                "--mmproj-gguf",
                self.mmproj_gguf.as_deref(),
            ),
            Flag::path("routing.clip_dir", "--clip-dir", self.clip_dir.as_deref()),
            Flag::path("pdfium", "--pdfium", self.pdfium.as_deref()),
            Flag::text("einvoices.embedded_xml", "--cross-read", cross_read),
            Flag::number("workers.readers", "--readers", self.readers),
            Flag::number(
                "workers.reader_threads",
                "--reader-threads",
                self.reader_threads,
            ),
            Flag::number("workers.rasterizers", "--rasterizers", self.rasterizers),
            Flag::text("sandbox.required", "--require-sandbox", required),
        ]
    }
}

/// Settings, by key, and their flags.
pub fn flags_of_settings() -> Vec<(&'static str, &'static str)> {
    let global = [("db", "--db"), ("types", "--types"), ("models", "--models")];
    let engines = EngineFlags::default().flags();
    let engines = engines.iter().map(|flag| (flag.key, flag.name));
    global.into_iter().chain(engines).collect()
}
