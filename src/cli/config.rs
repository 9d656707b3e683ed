use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::settings::{EngineFlags, flags_of_settings};
use crate::config::{self, FoundValue, Settings};
use crate::documents::acceptance::Folders;
use crate::engines::models::{Installation, Manifest};
use crate::engines::rasterize::find_pdfium;

/// Print the settings in effect as TOML, and where each comes from
#[derive(Args)]
pub struct ConfigArgs {
    /// Print the reference of all settings as Markdown instead (docs/settings.md)
    #[arg(long)]
    reference: bool,
    /// Print one JSON object per setting
    #[arg(long, conflicts_with = "reference")]
    json: bool,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl ConfigArgs {
    pub fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if self.json {
            for setting in app.resolved.in_effect(&found(app.settings())?) {
                app.out.json(&setting)?;
            }
            return Ok(ExitStatus::Success);
        }
        let text = match self.reference {
            true => config::reference(&flags_of_settings()),
            false => app.resolved.to_toml(&found(app.settings())?),
        };
        app.out.line(text.trim_end())?;
        Ok(ExitStatus::Success)
    }
}

/// What a run would use for settings that are not set, by their keys.
fn found(settings: &Settings) -> anyhow::Result<BTreeMap<&'static str, FoundValue>> {
    let found = |path: Option<&Path>, origin: &str| FoundValue {
        value: path.map(|path| path.display().to_string()),
        origin: origin.to_owned(),
    };
    let nothing = |error: anyhow::Error| found(None, &format!("none: {error:#}"));
    let mut all = BTreeMap::new();
    let installation = Installation::find(settings.models.as_deref())?;
    match installation.manifest() {
        Ok((folder, manifest)) => {
            let by_name = |name: &str| FoundValue {
                value: Some(name.to_owned()),
                origin: format!("default of {}", folder.join(Manifest::FILE).display()),
            };
            all.insert("models", found(Some(folder), "found"));
            if settings.reading.text_gguf.is_none() {
                all.insert("reading.reader", by_name(&manifest.default_reader));
            }
            if settings.routing.clip_dir.is_none() {
                all.insert("routing.clip", by_name(&manifest.default_clip));
            }
        }
        Err(error) => drop(all.insert("models", nothing(error))),
    }
    let pdfium = find_pdfium(None);
    all.insert(
        "pdfium",
        pdfium.map_or_else(nothing, |path| found(Some(&path), "found")),
    );
    all.insert("acceptance.calibration", calibration(&installation));
    Ok(all)
}

/// Where the reader's calibration would be. Which one it is depends on the hash
/// of the weights, which takes a while: `doctor` finds out.
fn calibration(installation: &Installation) -> FoundValue {
    let folders = Folders::new(None, installation.folder());
    let places = folders.own.iter().chain(&folders.models);
    let places: Vec<_> = places.map(|place| place.display().to_string()).collect();
    FoundValue {
        value: None,
        origin: format!(
            "the reader's, if {} has one (`docmill doctor` checks)",
            places.join(" or ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_reference_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let expected = config::reference(&flags_of_settings());
        assert!(
            written == expected,
            "docs/settings.md is out of date: docmill config --reference > docs/settings.md"
        );
    }
}
