//! The readers of a run, the first for every page, each further one for what
//! the ones before it did not read well enough.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use super::{ImageLayout, Installation, ResolvedEndpoint, ResolvedReader, Verified};
use crate::config::{Settings, blame};

/// A reader that can be used, whatever it is.
#[derive(Clone, Debug)]
pub enum ResolvedRung {
    Local(Box<ResolvedReader>),
    Endpoint(Box<ResolvedEndpoint>),
}

impl ResolvedRung {
    pub fn name(&self) -> &str {
        match self {
            ResolvedRung::Local(reader) => &reader.name,
            ResolvedRung::Endpoint(endpoint) => &endpoint.name,
        }
    }

    /// BLAKE3 (hex) of what decides an answer.
    pub fn hash(&self) -> &str {
        match self {
            ResolvedRung::Local(reader) => &reader.hash,
            ResolvedRung::Endpoint(endpoint) => &endpoint.hash,
        }
    }

    pub fn layout(&self) -> &ImageLayout {
        match self {
            ResolvedRung::Local(reader) => &reader.spec.layout,
            ResolvedRung::Endpoint(endpoint) => &endpoint.spec.layout,
        }
    }

    pub fn prompt_variant(&self) -> Option<&str> {
        match self {
            ResolvedRung::Local(reader) => reader.spec.prompt_variant.as_deref(),
            ResolvedRung::Endpoint(endpoint) => endpoint.spec.prompt_variant.as_deref(),
        }
    }

    pub fn taught(&self) -> &BTreeMap<String, Vec<String>> {
        match self {
            ResolvedRung::Local(reader) => &reader.spec.taught,
            ResolvedRung::Endpoint(endpoint) => &endpoint.spec.taught,
        }
    }

    pub fn max_output_tokens(&self) -> u32 {
        match self {
            ResolvedRung::Local(reader) => reader.spec.max_output_tokens,
            ResolvedRung::Endpoint(endpoint) => endpoint.spec.max_output_tokens,
        }
    }

    /// What so many tokens cost; `None` where nobody is paid.
    pub fn cost(&self, input: u32, output: u32) -> Option<f64> {
        match self {
            ResolvedRung::Local(_) => None,
            ResolvedRung::Endpoint(endpoint) => Some(endpoint.spec.cost(input, output)),
        }
    }

    /// The currency of its prices; `None` where it has none.
    pub fn currency(&self) -> Option<&str> {
        match self {
            ResolvedRung::Local(_) => None,
            ResolvedRung::Endpoint(endpoint) => {
                let spec = &endpoint.spec;
                let is_paid = spec.input_price > 0.0 || spec.output_price > 0.0;
                is_paid.then_some(spec.currency.as_str())
            }
        }
    }
}

impl Installation {
    /// The readers that settings ask for, weakest first, all files checked and
    /// all keys there. At least one.
    pub fn ladder(&self, settings: &Settings) -> anyhow::Result<Vec<ResolvedRung>> {
        if settings.ladder.is_empty() {
            return Ok(vec![self.first(settings)?]);
        }
        blame(true, fits_alone(settings))?;
        let rungs = settings.ladder.iter().map(|name| self.rung(name));
        let rungs: Vec<_> = rungs.collect::<Result<_, _>>()?;
        blame(true, has_one_currency(&rungs))?;
        Ok(rungs)
    }

    /// Checks every endpoint of the manifest; nothing is sent.
    pub fn verify_endpoints(&self) -> anyhow::Result<Vec<Verified>> {
        let (_, manifest) = self.manifest()?;
        let verified = manifest.endpoint.iter().map(|(name, spec)| Verified {
            role: "endpoint",
            name: name.clone(),
            default: false,
            files: Vec::new(),
            problem: spec.resolve(name).err().map(|error| format!("{error:#}")),
        });
        Ok(verified.collect())
    }

    fn first(&self, settings: &Settings) -> anyhow::Result<ResolvedRung> {
        if let (Some(name), None) = (&settings.reader, &settings.text_gguf) {
            return self.rung(name);
        }
        Ok(ResolvedRung::Local(Box::new(self.reader(settings)?)))
    }

    /// The reader or endpoint of this name.
    fn rung(&self, name: &str) -> anyhow::Result<ResolvedRung> {
        let (_, manifest) = self.manifest()?;
        if let Some(endpoint) = manifest.endpoint.get(name) {
            let endpoint = blame(true, endpoint.resolve(name))?;
            return Ok(ResolvedRung::Endpoint(Box::new(endpoint)));
        }
        let alone = Settings {
            reader: Some(name.to_owned()),
            ..Settings::default()
        };
        Ok(ResolvedRung::Local(Box::new(self.reader(&alone)?)))
    }
}

/// No other setting names the first reader, and none is named twice.
fn fits_alone(settings: &Settings) -> anyhow::Result<()> {
    ensure!(
        settings.reader.is_none() && settings.text_gguf.is_none(),
        "`ladder` and {} both name the first reader: name it in `ladder` alone, or empty `ladder` (--ladder \"\")",
        if settings.reader.is_some() {
            "`reader`"
        } else {
            "`text_gguf`"
        }
    );
    let mut seen = BTreeSet::new();
    for name in &settings.ladder {
        ensure!(seen.insert(name), "`ladder` names \"{name}\" twice");
    }
    Ok(())
}

fn has_one_currency(rungs: &[ResolvedRung]) -> anyhow::Result<()> {
    let currencies: BTreeSet<&str> = rungs.iter().filter_map(ResolvedRung::currency).collect();
    ensure!(
        currencies.len() <= 1,
        "the endpoints of `ladder` have prices in different currencies ({}): a budget needs one",
        currencies.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engines::models::Manifest;

    /// The shipped models with two endpoints more.
    fn installation(folder: &Path) -> Installation {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut manifest = std::fs::read_to_string(shipped.join(Manifest::FILE)).unwrap();
        for (name, currency) in [("near", "EUR"), ("far", "USD")] {
            manifest.push_str(&format!(
                "\n[endpoint.{name}]\nkind = 'openai'\nbase_url = 'https://{name}.example/v1'\n\
                 model = 'm'\ninput_price = 1\ncurrency = '{currency}'\n"
            ));
        }
        std::fs::write(folder.join(Manifest::FILE), manifest).unwrap();
        std::os::unix::fs::symlink(shipped.join("text.gguf"), folder.join("text.gguf")).unwrap();
        std::os::unix::fs::symlink(shipped.join("mmproj.gguf"), folder.join("mmproj.gguf"))
            .unwrap();
        let settings = Settings {
            models: Some(folder.to_owned()),
            ..Settings::default()
        };
        Installation::find(&settings).unwrap()
    }

    fn ladder(names: &[&str]) -> Settings {
        Settings {
            ladder: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Settings::default()
        }
    }

    #[test]
    fn rungs_are_readers_and_endpoints_in_the_order_of_the_setting() {
        let folder = tempfile::tempdir().unwrap();
        let installation = installation(folder.path());
        let names = |settings: &Settings| -> Vec<String> {
            let rungs = installation.ladder(settings).unwrap();
            rungs.iter().map(|rung| rung.name().to_owned()).collect()
        };
        assert_eq!(
            names(&ladder(&["docmill-nano", "far"])),
            ["docmill-nano", "far"]
        );
        assert_eq!(names(&Settings::default()), ["docmill-nano"]);
        let alone = Settings {
            reader: Some("near".into()),
            ..Settings::default()
        };
        assert_eq!(names(&alone), ["near"]);
    }

    #[test]
    fn a_ladder_that_cannot_be_climbed_is_told_before_a_page_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let installation = installation(folder.path());
        let told =
            |settings: &Settings| format!("{:#}", installation.ladder(settings).unwrap_err());
        let unknown = told(&ladder(&["docmill-nano", "gone"]));
        assert!(
            unknown.contains("\"gone\"")
                && unknown.contains("far")
                && unknown.contains("docmill-nano"),
            "{unknown}"
        );
        assert!(told(&ladder(&["far", "far"])).contains("twice"));
        assert!(told(&ladder(&["near", "far"])).contains("EUR, USD"));
        let both = Settings {
            reader: Some("docmill-nano".into()),
            ..ladder(&["docmill-nano", "far"])
        };
        assert!(told(&both).contains("`reader`"));
    }
}
