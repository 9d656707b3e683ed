//! Flags that set settings.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::config::{Layers, Origin, Resolved, UsageError};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Flags of every subcommand.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The database [default: docmill.db]
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Settings file [default: docmill.toml, where there is one]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DOCMILL_CONFIG",
        hide_env = true
    )]
    config: Option<PathBuf>,
    /// Folder with further document types (schemas/, prompts/)
    #[arg(long, global = true, value_name = "DIR")]
    types: Option<PathBuf>,
    /// Folder of the models and their manifest.toml
    #[arg(long, global = true, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Any setting, e.g. --set limits.max_pages=50 (`docmill config` lists them)
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = LogFormat::Text,
        env = "DOCMILL_LOG_FORMAT",
        hide_env = true
    )]
    pub log_format: LogFormat,
    /// More log lines on stderr; twice for still more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// No log lines but errors, and no progress bar
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// Flags of the subcommands that start engines.
#[derive(Args)]
#[command(next_help_heading = "Engines")]
pub struct Engines {
    /// Reader in the models' manifest
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// Readers in the models' manifest, the stronger ones for what the first did
    /// not read well enough, e.g. docmill-nano,remote
    #[arg(long, value_name = "NAME,…")]
    ladder: Option<String>,
    /// CLIP in the models' manifest
    #[arg(long, value_name = "NAME")]
    clip: Option<String>,
    /// A reader that the manifest lacks: its text model
    #[arg(long, value_name = "FILE", requires = "mmproj_gguf")]
    text_gguf: Option<PathBuf>,
    /// … and its multimodal projector
    #[arg(long, value_name = "FILE", requires = "text_gguf")]
    mmproj_gguf: Option<PathBuf>,
    /// A CLIP that the manifest lacks: its Hugging Face folder
    #[arg(long, value_name = "DIR")]
    clip_dir: Option<PathBuf>,
    /// PDFium's shared library
    #[arg(long, value_name = "FILE")]
    pdfium: Option<PathBuf>,
    /// Read the pages of PDFs with an e-invoice too, and tell what differs
    /// (embedded_xml = "cross_read")
    #[arg(long)]
    cross_read: bool,
    /// Reader processes; 0: as many as there are cores for
    #[arg(long, value_name = "N")]
    readers: Option<u32>,
    /// Threads of each reader process
    #[arg(long, value_name = "N")]
    reader_threads: Option<u32>,
    /// Rasteriser processes; 0: half the cores
    #[arg(long, value_name = "N")]
    rasterizers: Option<u32>,
    /// Refuse to work where the kernel cannot shut the engines in
    #[arg(long)]
    require_sandbox: bool,
}

impl Global {
    /// Defaults, file, environment and flags, one over the other.
    pub fn resolve(&self, engines: Option<&Engines>) -> Result<Resolved, UsageError> {
        let mut layers = Layers::defaults()
            .file(self.config.as_deref())?
            .environment(std::env::vars_os())?;
        for pair in &self.set {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                UsageError(format!(
                    "--set takes KEY=VALUE, e.g. readers=2; not `{pair}`"
                ))
            })?;
            layers.set_text(key.trim(), value.trim(), Origin::Flag("--set".to_owned()))?;
        }
        let own = [
            ("db", &self.db),
            ("types", &self.types),
            ("models", &self.models),
        ];
        for (key, path) in own {
            set(&mut layers, key, path.as_ref())?;
        }
        if let Some(engines) = engines {
            engines.set(&mut layers)?;
        }
        Ok(layers.resolve())
    }

    pub fn wants_progress(&self) -> bool {
        !self.quiet && self.log_format == LogFormat::Text
    }
}

impl Engines {
    fn set(&self, layers: &mut Layers) -> Result<(), UsageError> {
        set(layers, "reader", self.reader.as_ref())?;
        set(layers, "ladder", self.ladder.as_ref())?;
        set(layers, "clip", self.clip.as_ref())?;
        set(layers, "text_gguf", self.text_gguf.as_ref())?;
        set(layers, "mmproj_gguf", self.mmproj_gguf.as_ref())?;
        set(layers, "clip_dir", self.clip_dir.as_ref())?;
        set(layers, "pdfium", self.pdfium.as_ref())?;
        if self.cross_read {
            let flag = Origin::Flag("--cross-read".to_owned());
            layers.set_text("embedded_xml", "cross_read", flag)?;
        }
        let numbers = [
            ("readers", self.readers),
            ("reader_threads", self.reader_threads),
            ("rasterizers", self.rasterizers),
        ];
        for (key, number) in numbers {
            set(layers, key, number.map(|n| n.to_string()).as_ref())?;
        }
        set(
            layers,
            "require_sandbox",
            self.require_sandbox.then_some("true"),
        )?;
        Ok(())
    }
}

fn set(
    layers: &mut Layers,
    key: &str,
    value: Option<&(impl AsRef<OsStr> + ?Sized)>,
) -> Result<(), UsageError> {
    let Some(value) = value else { return Ok(()) };
    let flag = format!("--{}", key.replace('_', "-"));
    let text = value
        .as_ref()
        .to_str()
        .ok_or_else(|| UsageError(format!("{flag} must be valid UTF-8")))?;
    layers.set_text(key, text, Origin::Flag(flag))
}
