//! The readers of a run: the first for every page, further tiers for escalated
//! pages.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use super::endpoint::{ResolvedEndpoint, TokenPrice};
use super::form::{Anchor, AnswerForm, ImageLayout};
use super::installation::{Installation, Verified};
use super::manifest::ReaderModel;
use super::resolve::{ResolvedReader, reader_of_manifest};
use crate::config::{EscalationSettings, ReadingSettings, as_usage_error};

/// What the pipeline knows of a reader, local or not.
#[derive(Clone, Debug)]
pub struct ReaderSpec {
    pub name: String,
    /// BLAKE3 (hex) of what an answer depends on.
    pub hash: String,
    pub image_layout: ImageLayout,
    pub prompt_variant: Option<String>,
    /// By document type; empty: every field is supported.
    pub supported_fields: BTreeMap<String, Vec<String>>,
    /// Longest answer, in tokens.
    pub max_output_tokens: u32,
    pub anchor: Anchor,
    pub answers: AnswerForm,
    /// `None`: it is free.
    pub price: Option<TokenPrice>,
    pub backend: ReaderBackend,
}

/// Where a reader runs.
#[derive(Clone, Debug)]
pub enum ReaderBackend {
    /// llama.cpp in a worker process.
    Local(Box<ResolvedReader>),
    /// A server.
    Endpoint(Box<ResolvedEndpoint>),
}

/// The readers of a run.
#[derive(Clone, Debug)]
pub struct RunReaders {
    pub first: ReaderSpec,
    /// Each stronger than the one before.
    pub further: Vec<ReaderSpec>,
}

impl RunReaders {
    pub fn iter(&self) -> impl Iterator<Item = &ReaderSpec> {
        std::iter::once(&self.first).chain(&self.further)
    }
}

impl From<ResolvedReader> for ReaderSpec {
    fn from(reader: ResolvedReader) -> ReaderSpec {
        let model = &reader.spec;
        ReaderSpec {
            name: reader.name.clone(),
            hash: reader.hash.clone(),
            image_layout: model.image_layout.clone(),
            prompt_variant: model.prompt_variant.clone(),
            supported_fields: model.supported_fields.clone(),
            max_output_tokens: model.max_output_tokens,
            anchor: model.anchor,
            answers: model.answers,
            price: None,
            backend: ReaderBackend::Local(Box::new(reader)),
        }
    }
}

impl From<ResolvedEndpoint> for ReaderSpec {
    fn from(endpoint: ResolvedEndpoint) -> ReaderSpec {
        let model = &endpoint.spec;
        ReaderSpec {
            name: endpoint.name.clone(),
            hash: endpoint.hash.clone(),
            image_layout: model.image_layout.clone(),
            prompt_variant: model.prompt_variant.clone(),
            supported_fields: model.supported_fields.clone(),
            max_output_tokens: model.max_output_tokens,
            anchor: model.anchor,
            answers: model.answers,
            price: model.price(),
            backend: ReaderBackend::Endpoint(Box::new(endpoint)),
        }
    }
}

impl Installation {
    /// The first reader and those for escalation, in the order of the settings.
    /// `Err` where a file is wrong or the key of an endpoint is missing.
    pub fn readers(
        &self,
        reading: &ReadingSettings,
        escalation: &EscalationSettings,
    ) -> anyhow::Result<RunReaders> {
        let further = escalation.readers.iter().map(|name| self.tier(name));
        let tiers = RunReaders {
            first: self.first(reading)?,
            further: further.collect::<Result<_, _>>()?,
        };
        as_usage_error(true, has_no_repetition(&tiers))?;
        Ok(tiers)
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
    pub fn first(&self, reading: &ReadingSettings) -> anyhow::Result<ReaderSpec> {
        match (&reading.reader, &reading.text_gguf) {
            (Some(name), None) => self.tier(name),
            _ => Ok(self.reader(reading)?.into()),
        }
    }

    /// The reader that answers questions: that of the settings, with its adapter
    /// for questions where it has one.
    pub fn for_questions(&self, reading: &ReadingSettings) -> anyhow::Result<ReaderSpec> {
        if reading.text_gguf.is_none() {
            let (folders, manifest) = self.folders()?;
            let name = reading.reader.as_ref().unwrap_or(&manifest.default_reader);
            let model = manifest.reader.get(name);
            if let Some(model) = model.and_then(ReaderModel::for_questions) {
                return Ok(reader_of_manifest(folders, name, &model)?.into());
            }
        }
        self.first(reading)
    }

    /// The reader or endpoint of this name.
    fn tier(&self, name: &str) -> anyhow::Result<ReaderSpec> {
        let (_, manifest) = self.manifest()?;
        if let Some(endpoint) = manifest.endpoint.get(name) {
            return Ok(as_usage_error(true, endpoint.resolve(name))?.into());
        }
        let named = ReadingSettings {
            reader: Some(name.to_owned()),
            ..ReadingSettings::default()
        };
        Ok(self.reader(&named)?.into())
    }
}

fn has_no_repetition(tiers: &RunReaders) -> anyhow::Result<()> {
    let mut names = BTreeSet::new();
    for tier in tiers.iter() {
        let name = &tier.name;
        ensure!(
            names.insert(name),
            "`escalation.readers` names \"{name}\" although it reads before: name each reader once, \
             and the first in `reading.reader` alone"
        );
    }
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
        for name in ["near", "far"] {
            manifest.push_str(&format!(
                "\n[endpoint.{name}]\nkind = 'openai'\nbase_url = 'https://{name}.example/v1'\n\
                 model = 'm'\n"
            ));
        }
        std::fs::write(folder.join(Manifest::FILE), manifest).unwrap();
        for file in ["text.gguf", "mmproj.gguf", "adapter.gguf"] {
            std::os::unix::fs::symlink(shipped.join(file), folder.join(file)).unwrap();
        }
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
            readers.iter().map(|reader| reader.name.clone()).collect()
        };
        let default = ReadingSettings::default();
        assert_eq!(names(&default, &["far"]), ["docmill-small", "far"]);
        assert_eq!(names(&default, &[]), ["docmill-small"]);
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
    }
}
