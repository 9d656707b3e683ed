//! The plan of a run, made before the first page: prompts and schemas by type, models,
//! and the keys of results.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::config::{
    AcceptanceSettings, EmbeddedXml, OcrMode, Settings, UsageError, as_usage_error,
};
use crate::documents::acceptance::{Calibration, Folders, Policy};
use crate::documents::einvoice;
use crate::documents::prompt::{self, Rendered};
use crate::documents::quality::Criteria;
use crate::documents::types::DocTypes;
use crate::documents::verbatim::{self, AnswerMember};
use crate::domain::{Record, XmlPlace};
use crate::engines::models::{
    Anchor, AnswerForm, ImageLayout, Installation, ReaderSpec, ResolvedClip, ResolvedOcr,
};
use crate::engines::rasterize::RasterSpec;
use crate::engines::reader;

/// Factor by which drawn pages are wider than the model's tiles, so that pages are
/// scaled down after their margins are cropped, and not up.
const OVERSAMPLING: u32 = 2;

/// The document type of e-invoices.
pub const INVOICE: &str = "invoice";

/// How a page is processed, depending on the e-invoice of its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Drawn, routed and read.
    Read,
    /// Drawn and read as an invoice, to be compared with the XML.
    CrossRead,
    /// Drawn for its text alone, since the XML has the values.
    TextOnly,
    /// Not drawn, since the document is the XML.
    Nothing,
}

impl Treatment {
    /// Whether the record's values are those of the XML.
    pub fn takes_xml(self) -> bool {
        self != Treatment::Read
    }

    pub fn asks_model(self) -> bool {
        matches!(self, Treatment::Read | Treatment::CrossRead)
    }
}

pub struct RunPlan {
    pub types: DocTypes,
    /// By which pages are judged before they are read.
    pub criteria: Criteria,
    pub clip: ResolvedClip,
    /// `None`: pages without a text layer have no words.
    pub ocr: Option<ResolvedOcr>,
    /// At least one: the reader of every page, then those for escalation.
    pub tiers: Vec<ReaderTier>,
    embedded_xml: EmbeddedXml,
    /// Hash of everything that routing depends on: model, labels, phrases, margin.
    router_hash: String,
}

/// A reader with its prompts and its acceptance policy.
pub struct ReaderTier {
    pub reader: ReaderSpec,
    /// By document type.
    pub prompts: BTreeMap<String, Rendered>,
    /// By document type: the form of verbatim answers; empty where answers are
    /// typed.
    pub members: BTreeMap<String, Vec<AnswerMember>>,
    pub raster: RasterSpec,
    /// The acceptance policy for its values.
    pub policy: Policy,
}

impl ReaderTier {
    fn new(
        reader: ReaderSpec,
        types: &DocTypes,
        settings: &Settings,
        models: Option<&Path>,
        is_further: bool,
    ) -> anyhow::Result<ReaderTier> {
        let policy = match &settings.acceptance.calibration {
            // A file is the first reader's calibration; a folder has one for each
            // reader.
            Some(path) if is_further && path.is_file() => without_calibration(&settings.acceptance),
            _ => policy(&settings.acceptance, models, &reader.hash)?,
        };
        let (mut prompts, mut members) = (BTreeMap::new(), BTreeMap::new());
        for doc_type in types.readable() {
            let supported = reader
                .supported_fields
                .get(&doc_type.name)
                .map(Vec::as_slice);
            let rendered = prompt::render(
                doc_type,
                reader.prompt_variant.as_deref(),
                supported,
                reader.anchor == Anchor::Text,
            );
            let mut rendered = rendered.with_context(|| {
                format!(
                    "cannot make the prompt of document type `{}`",
                    doc_type.name
                )
            })?;
            if supported.is_none() && !reader.supported_fields.is_empty() {
                let known: Vec<&str> = reader.supported_fields.keys().map(String::as_str).collect();
                let fields = doc_type.properties();
                rendered.unsupported_fields = fields
                    .into_iter()
                    .flatten()
                    .map(|(f, _)| f.clone())
                    .collect();
                tracing::warn!(
                    "reader {} was trained for {} alone and guesses at documents of type `{}`: name a larger model (docs/models.md)",
                    reader.name,
                    known.join(", "),
                    doc_type.name
                );
            }
            if reader.answers == AnswerForm::Verbatim {
                let of_type = verbatim::members(&doc_type.schema, &rendered.schema);
                members.insert(doc_type.name.clone(), of_type);
            }
            prompts.insert(doc_type.name.clone(), rendered);
        }
        Ok(ReaderTier {
            raster: raster_spec(&reader.image_layout, settings.rasterizing.max_page_pixels),
            policy,
            reader,
            prompts,
            members,
        })
    }
}

/// The OCR engine. Readers that get the page text need it; for others only evidence is
/// missing without it.
pub(super) fn ocr(
    installation: &Installation,
    mode: OcrMode,
    needs_text: bool,
) -> anyhow::Result<Option<ResolvedOcr>> {
    if mode == OcrMode::Off {
        return Ok(None);
    }
    match installation.ocr() {
        Err(error) if needs_text => as_usage_error(true, Err(error)),
        Err(error) => {
            tracing::warn!("scans get no OCR, so nothing confirms what is read: {error:#}");
            Ok(None)
        }
        found => found,
    }
}

impl RunPlan {
    /// Loads types and the manifest and checks every model file. `Err` names what is
    /// missing or wrong.
    pub async fn make(settings: &Settings) -> anyhow::Result<RunPlan> {
        let settings = settings.clone();
        // Hashing gigabytes of weights would block the runtime.
        tokio::task::spawn_blocking(move || RunPlan::make_blocking(&settings)).await?
    }

    fn make_blocking(settings: &Settings) -> anyhow::Result<RunPlan> {
        let types = doc_types(settings.types.as_deref())?;
        let installation = Installation::find(settings.models.as_deref())?;
        let readers = installation.readers(&settings.reading, &settings.escalation)?;
        let clip = installation.clip(&settings.routing)?;
        let needs_text = readers.iter().any(|reader| reader.anchor == Anchor::Text);
        let ocr = ocr(&installation, settings.ocr.mode, needs_text)?;
        let models = installation.folder();
        let tier = |(place, reader)| ReaderTier::new(reader, &types, settings, models, place > 0);
        let readers = std::iter::once(readers.first).chain(readers.further);
        let tiers = readers.enumerate().map(tier);
        let tiers = tiers.collect::<Result<_, _>>()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(clip.hash.as_bytes());
        for doc_type in types.iter() {
            hasher.update(
                serde_json::to_string(&(&doc_type.name, &doc_type.labels, &doc_type.phrases))?
                    .as_bytes(),
            );
        }
        Ok(RunPlan {
            types,
            criteria: criteria(settings.types.as_deref())?,
            clip,
            ocr,
            tiers,
            embedded_xml: settings.einvoices.embedded_xml,
            router_hash: hasher.finalize().to_hex().to_string(),
        })
    }

    pub fn treatment(&self, xml: Option<XmlPlace>) -> Treatment {
        match (xml, self.embedded_xml) {
            (Some(XmlPlace::Whole), _) => Treatment::Nothing,
            (Some(XmlPlace::Attached), EmbeddedXml::Use) => Treatment::TextOnly,
            (Some(XmlPlace::Attached), EmbeddedXml::CrossRead) => Treatment::CrossRead,
            (Some(XmlPlace::Attached), EmbeddedXml::Ignore) | (None, _) => Treatment::Read,
        }
    }

    /// The key of a page's result, which is equal where the result would be. `doc_type`:
    /// `None` for a page without a type that is read. It depends on the first reader
    /// only, so that accepted pages are not read again for other stronger readers.
    pub fn key(&self, doc_type: Option<&str>, forced: bool, xml: Option<XmlPlace>) -> String {
        self.key_of(0, doc_type, forced, xml)
    }

    /// As [`RunPlan::key`], for the reader of `tier` (from 0).
    pub fn key_of(
        &self,
        tier: usize,
        doc_type: Option<&str>,
        forced: bool,
        xml: Option<XmlPlace>,
    ) -> String {
        let tier = &self.tiers[tier];
        let treatment = self.treatment(xml);
        let mut hasher = blake3::Hasher::new();
        let routing = match treatment {
            Treatment::Read if forced => "forced".to_owned(),
            Treatment::Read => self.router_hash.clone(),
            _ => {
                let schema = self.types.get(INVOICE).map(|t| t.schema_hash.as_str());
                format!("{treatment:?} {} {schema:?}", einvoice::VERSION)
            }
        };
        hasher.update(routing.as_bytes());
        hasher.update(format!("{:?}", tier.raster).as_bytes());
        if !treatment.asks_model() {
            return hasher.finalize().to_hex().to_string();
        }
        if let Some(rendered) = doc_type.and_then(|name| tier.prompts.get(name)) {
            hasher.update(tier.reader.hash.as_bytes());
            hasher.update(rendered.hash.as_bytes());
            if tier.reader.anchor == Anchor::Text {
                let ocr = self.ocr.as_ref().map(|ocr| ocr.hash.as_str());
                hasher.update(ocr.unwrap_or_default().as_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The document types that can be read, and the first reader's prompts.
    pub fn prompts(&self) -> &BTreeMap<String, Rendered> {
        &self.tiers[0].prompts
    }

    /// The names of the document types that can be read.
    pub fn known_types(&self) -> Vec<String> {
        self.prompts().keys().cloned().collect()
    }

    /// Decides whether the record is accepted, by the policy of its reader (by hash). A
    /// reader that the plan does not have, and several readers, have no calibration.
    pub fn accept(&self, record: &mut Record, reader: Option<&str>) {
        let doc_type = record.doc_type.as_deref();
        let doc_type = doc_type.and_then(|name| self.types.get(name));
        let policy = match reader.and_then(|reader| self.tier(reader)) {
            Some(tier) => self.tiers[tier].policy.clone(),
            None => Policy {
                calibration: None,
                ..self.tiers[0].policy.clone()
            },
        };
        policy.apply(doc_type, record);
    }

    /// Hashes of the stronger readers, by tier.
    pub fn stronger_readers(&self) -> Vec<String> {
        let stronger = self.tiers.iter().skip(1);
        stronger.map(|tier| tier.reader.hash.clone()).collect()
    }

    /// The name of a reader by its hash, or the hash where the plan does not have it.
    pub fn reader_name<'a>(&'a self, reader: &'a str) -> &'a str {
        match self.tier(reader) {
            Some(tier) => &self.tiers[tier].reader.name,
            None => reader,
        }
    }

    /// A key of the quality criteria and of everything that acceptance depends on,
    /// without stronger readers that have no calibration.
    pub fn policy_key(&self) -> String {
        let further = self.tiers[1..].iter().map(|tier| &tier.policy);
        let calibrated = further.filter(|policy| policy.calibration.is_some());
        let keys = std::iter::once(&self.tiers[0].policy).chain(calibrated);
        let policies = keys.map(Policy::key).collect::<Vec<_>>().join(" + ");
        format!("{policies} {}", self.criteria.key())
    }

    /// The tier (from 0) of a reader, by its hash.
    pub fn tier(&self, reader: &str) -> Option<usize> {
        self.tiers
            .iter()
            .position(|tier| tier.reader.hash == reader)
    }

    /// Fields of each type that none of these readers (by hash) supports, or that the
    /// first reader does not, where none of them is in the plan.
    pub fn unsupported_fields(&self, readers: &BTreeSet<&str>) -> BTreeMap<String, Vec<String>> {
        let mut used: Vec<&ReaderTier> = self
            .tiers
            .iter()
            .filter(|tier| readers.contains(tier.reader.hash.as_str()))
            .collect();
        if used.is_empty() {
            used.push(&self.tiers[0]);
        }
        let of_type = |(name, rendered): (&String, &Rendered)| {
            let mut unsupported_fields = rendered.unsupported_fields.clone();
            unsupported_fields.retain(|field| {
                used.iter()
                    .all(|tier| tier.prompts[name].unsupported_fields.contains(field))
            });
            (name.clone(), unsupported_fields)
        };
        used[0].prompts.iter().map(of_type).collect()
    }
}

/// The error for queued pages of an unknown type.
pub fn missing_type(name: &str, known: &[String]) -> UsageError {
    let known = known.join(", ");
    UsageError(format!(
        "pages that are to be read are of document type `{name}`, and there are only {known}: \
         name the folder of that type with --types"
    ))
}

/// The built-in document types and those of the folder.
pub fn doc_types(folder: Option<&Path>) -> anyhow::Result<DocTypes> {
    let types = DocTypes::load(folder).and_then(|types| check(&types).map(|()| types));
    let types = types.with_context(|| match folder {
        Some(folder) => format!("the document types of {}", folder.display()),
        None => "the built-in document types".to_owned(),
    });
    as_usage_error(folder.is_some(), types)
}

/// The quality criteria of the folder of document types, or else the built-in
/// ones.
pub fn criteria(types: Option<&Path>) -> anyhow::Result<Criteria> {
    as_usage_error(types.is_some(), Criteria::load(types))
}

/// `Err` for errors of a type that would make every page of it fail.
fn check(types: &DocTypes) -> anyhow::Result<()> {
    for doc_type in types.readable() {
        let prompts = doc_type.read.iter().flat_map(|rules| &rules.prompts);
        let mut schema = serde_json::Value::Null;
        for template in prompts {
            let rendered = prompt::render(doc_type, Some(&template.variant), None, true);
            let wrong = || {
                format!(
                    "a prompt of `{}` is wrong (in the folder prompts; it may use type, fields and page_text)",
                    doc_type.name
                )
            };
            schema = rendered.with_context(wrong)?.schema;
        }
        if let Err(error) = reader::check_schema(&schema) {
            let name = &doc_type.name;
            let place = match culprit(&schema) {
                Some(field) => format!("{name}.json: the field `{field}`"),
                None => format!("{name}.json: the schema"),
            };
            return Err(error.context(format!("{place} makes no grammar to decode by")));
        }
    }
    Ok(())
}

/// The first field whose schema cannot be made a grammar.
fn culprit(schema: &serde_json::Value) -> Option<&String> {
    let fields = schema["properties"].as_object()?.iter();
    let is_wrong = |property: &serde_json::Value| {
        let alone = serde_json::json!({"type": "object", "properties": {"x": property}});
        reader::check_schema(&alone).is_err()
    };
    let mut wrong = fields.filter(|(_, property)| is_wrong(property));
    wrong.next().map(|(name, _)| name)
}

/// The acceptance policy: the reader's calibration, if any, and the settings. `Err` where
/// the calibration that settings name cannot be used.
pub fn policy(
    settings: &AcceptanceSettings,
    models: Option<&Path>,
    reader_hash: &str,
) -> anyhow::Result<Policy> {
    let folders = Folders::new(settings.calibration.as_deref(), models);
    with_calibration(settings, folders.find(reader_hash))
}

/// As [`policy`], for records of any reader: a calibration of another reader is ignored
/// without an error.
pub fn policy_of_stored(
    settings: &AcceptanceSettings,
    models: Option<&Path>,
    reader_hash: &str,
) -> anyhow::Result<Policy> {
    let folders = Folders::new(settings.calibration.as_deref(), models);
    with_calibration(settings, folders.find_any(reader_hash))
}

fn with_calibration(
    settings: &AcceptanceSettings,
    found: anyhow::Result<Option<Calibration>>,
) -> anyhow::Result<Policy> {
    Ok(Policy {
        calibration: as_usage_error(settings.calibration.is_some(), found)?.map(Arc::new),
        ..without_calibration(settings)
    })
}

fn without_calibration(settings: &AcceptanceSettings) -> Policy {
    Policy {
        calibration: None,
        max_error: settings.max_error,
        min_confidence: settings.min_confidence,
    }
}

/// How pages are drawn for a model's image layout.
pub(super) fn raster_spec(layout: &ImageLayout, max_pixels: u32) -> RasterSpec {
    let width = match layout {
        ImageLayout::Page { max_side } => *max_side,
        ImageLayout::Tiles { tile, columns, .. } => {
            tile * columns.values().max().unwrap_or(&1) * OVERSAMPLING
        }
    };
    RasterSpec {
        width,
        for_ocr: true,
        max_pixels,
    }
}
