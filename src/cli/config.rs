use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use super::App;
use super::exit::Outcome;
use super::settings::Engines;
use crate::config::{Found, Settings};
use crate::documents::acceptance::Folders;
use crate::engines::models::{Installation, Manifest};
use crate::engines::rasterize::find_pdfium;
use crate::pipeline;

/// Print the settings that hold, as TOML, with where each comes from
#[derive(Args)]
pub struct Config {
    #[command(flatten)]
    pub engines: Engines,
}

impl Config {
    pub fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let text = app.resolved.to_toml(&found(app.settings())?);
        app.out.line(text.trim_end())?;
        Ok(Outcome::Good)
    }
}

/// What a run would use for settings that are not set.
fn found(settings: &Settings) -> anyhow::Result<BTreeMap<&'static str, Found>> {
    let found = |used: Option<&Path>, origin: &str| Found {
        used: used.map(|path| path.display().to_string()),
        origin: origin.to_owned(),
    };
    let nothing = |error: anyhow::Error| found(None, &format!("none: {error:#}"));
    let mut all = BTreeMap::new();
    let installation = Installation::find(settings)?;
    match installation.manifest() {
        Ok((folder, manifest)) => {
            let by_name = |name: &str| Found {
                used: Some(name.to_owned()),
                origin: format!("default of {}", folder.join(Manifest::FILE).display()),
            };
            all.insert("models", found(Some(folder), "found"));
            if settings.ladder.is_empty() && settings.text_gguf.is_none() {
                all.insert("reader", by_name(&manifest.default_reader));
            }
            if settings.clip_dir.is_none() {
                all.insert("clip", by_name(&manifest.default_clip));
            }
        }
        Err(error) => drop(all.insert("models", nothing(error))),
    }
    let pdfium = find_pdfium(None);
    all.insert(
        "pdfium",
        pdfium.map_or_else(nothing, |path| found(Some(&path), "found")),
    );
    let tesseract = match pipeline::find_ocr(settings, 1) {
        Ok(Some(tesseract)) => found(Some(tesseract.program()), "found on the PATH"),
        Ok(None) => found(None, "none: `ocr` is off"),
        Err(error) => nothing(error),
    };
    all.insert("tesseract", tesseract);
    all.insert("calibration", calibration(&installation));
    Ok(all)
}

/// Which calibration is the reader's, its weights' hash tells: for large ones
/// that takes a while, and `doctor` does it.
fn calibration(installation: &Installation) -> Found {
    let folders = Folders::new(None, installation.folder());
    let places = folders.own.iter().chain(&folders.models);
    let places: Vec<_> = places.map(|place| place.display().to_string()).collect();
    Found {
        used: None,
        origin: format!(
            "the reader's, if there is one in {} (`docmill doctor` tells)",
            places.join(" or ")
        ),
    }
}
