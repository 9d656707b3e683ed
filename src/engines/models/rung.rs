//! The readers of a run, the first for every page, each further one for what
//! the ones before it did not read well enough.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use super::{ImageLayout, Installation, ResolvedEndpoint, ResolvedReader, Verified};
use crate::config::{EscalationSettings, ReadingSettings, as_usage_error};

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
    /// The first reader and those that pages escalate to, in the order of the
    /// settings, all files checked and all keys there. At least one.
    pub fn readers(
        &self,
        reading: &ReadingSettings,
        escalation: &EscalationSettings,
    ) -> anyhow::Result<Vec<ResolvedRung>> {
        let first = self.first(reading)?;
        let further = escalation.readers.iter().map(|name| self.rung(name));
        let readers: Vec<_> = std::iter::once(Ok(first))
            .chain(further)
            .collect::<Result<_, _>>()?;
        as_usage_error(true, has_no_repetition(&readers))?;
        as_usage_error(true, has_one_currency(&readers))?;
        Ok(readers)
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

    /// The reader that reads every page.
    pub fn first(&self, reading: &ReadingSettings) -> anyhow::Result<ResolvedRung> {
        if let (Some(name), None) = (&reading.reader, &reading.text_gguf) {
            return self.rung(name);
        }
        Ok(ResolvedRung::Local(Box::new(self.reader(reading)?)))
    }

    /// The reader or endpoint of this name.
    fn rung(&self, name: &str) -> anyhow::Result<ResolvedRung> {
        let (_, manifest) = self.manifest()?;
        if let Some(endpoint) = manifest.endpoint.get(name) {
            let endpoint = as_usage_error(true, endpoint.resolve(name))?;
            return Ok(ResolvedRung::Endpoint(Box::new(endpoint)));
        }
        let named = ReadingSettings {
            reader: Some(name.to_owned()),
            ..ReadingSettings::default()
        };
        Ok(ResolvedRung::Local(Box::new(self.reader(&named)?)))
    }
}

fn has_no_repetition(readers: &[ResolvedRung]) -> anyhow::Result<()> {
    let mut names = BTreeSet::new();
    for reader in readers {
        let name = reader.name();
        ensure!(
            names.insert(name),
            "`escalation.readers` names \"{name}\" although it reads before: name each reader once, \
             and the first in `reading.reader` alone"
        );
    }
    Ok(())
}

fn has_one_currency(rungs: &[ResolvedRung]) -> anyhow::Result<()> {
    let currencies: BTreeSet<&str> = rungs.iter().filter_map(ResolvedRung::currency).collect();
    ensure!(
        currencies.len() <= 1,
        "the endpoints of `escalation.readers` have prices in different currencies ({}): `escalation.max_cost` needs one",
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
        Installation::find(Some(folder)).unwrap()
    }

    fn escalation(names: &[&str]) -> EscalationSettings {
        EscalationSettings {
            readers: names.iter().map(|name| (*name).to_owned()).collect(),
            ..EscalationSettings::default()
        }
    }

    fn reading(name: &str) -> ReadingSettings {
        ReadingSettings {
            reader: Some(name.to_owned()),
            ..ReadingSettings::default()
        }
    }

    #[test]
    fn readers_and_endpoints_come_in_the_order_of_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let installation = installation(folder.path());
        let names = |reading: &ReadingSettings, further: &[&str]| -> Vec<String> {
            let readers = installation.readers(reading, &escalation(further)).unwrap();
            readers
                .iter()
                .map(|reader| reader.name().to_owned())
                .collect()
        };
        let default = ReadingSettings::default();
        assert_eq!(names(&default, &["far"]), ["docmill-nano", "far"]);
        assert_eq!(names(&default, &[]), ["docmill-nano"]);
        assert_eq!(names(&reading("near"), &[]), ["near"]);
    }

    #[test]
    fn readers_that_do_not_go_together_are_an_error_before_a_page_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let installation = installation(folder.path());
        let error = |first: &str, further: &[&str]| {
            let readers = installation.readers(&reading(first), &escalation(further));
            format!("{:#}", readers.unwrap_err())
        };
        let unknown = error("docmill-nano", &["gone"]);
        assert!(
            unknown.contains("\"gone\"")
                && unknown.contains("far")
                && unknown.contains("docmill-nano"),
            "{unknown}"
        );
        assert!(error("docmill-nano", &["far", "far"]).contains("each reader once"));
        assert!(error("far", &["far"]).contains("each reader once"));
        assert!(error("near", &["far"]).contains("EUR, USD"));
    }
}
