//! What a run will do to a page, decided before any page is touched: prompts
//! and schemas by type, models, and the key under which results are kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::calibrate::{Folders, Policy};
use crate::config::{EmbeddedXml, Settings};
use crate::doctypes::DocTypes;
use crate::domain::XmlPlace;
use crate::einvoice;
use crate::models::{ImageLayout, Installation, ResolvedClip, ResolvedReader};
use crate::prompt::{self, Rendered};
use crate::rasterize::RasterSpec;

/// Drawn pages are this much wider than the model's tiles: cropping margins
/// and scaling down then starts from more pixels than it ends with.
const OVERSAMPLING: u32 = 2;

/// The document type of electronic invoices.
pub const INVOICE: &str = "invoice";

/// What is done to a page, by whether its document comes with an electronic
/// invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Drawn, routed and read.
    Read,
    /// Drawn and read as an invoice, to be compared with the XML.
    CrossRead,
    /// Drawn for its text alone: the XML has the values.
    TextOnly,
    /// There is nothing to draw: the document is the XML.
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

pub struct Plan {
    pub types: DocTypes,
    pub prompts: BTreeMap<String, Rendered>,
    pub reader: ResolvedReader,
    pub clip: ResolvedClip,
    pub raster: RasterSpec,
    /// By what values are accepted.
    pub policy: Policy,
    embedded_xml: EmbeddedXml,
    /// Changes when routing may answer otherwise: model, labels, margin.
    router_hash: String,
}

impl Plan {
    /// Loads types and model descriptions and checks every model file.
    pub async fn make(settings: &Settings) -> anyhow::Result<Plan> {
        let settings = settings.clone();
        // Hashing gigabytes of weights would hold up the runtime.
        tokio::task::spawn_blocking(move || Plan::make_blocking(&settings)).await?
    }

    fn make_blocking(settings: &Settings) -> anyhow::Result<Plan> {
        let types = DocTypes::load(settings.types.as_deref())?;
        let installation = Installation::find(settings)?;
        let reader = installation.reader(settings)?;
        let clip = installation.clip(settings)?;
        let policy = policy(settings, installation.folder(), &reader.hash)?;
        let variant = reader.spec.prompt_variant.as_deref();
        let mut prompts = BTreeMap::new();
        for doc_type in types.readable() {
            let taught = reader.spec.taught.get(&doc_type.name).map(Vec::as_slice);
            let rendered = prompt::render(doc_type, variant, taught).with_context(|| {
                format!(
                    "cannot make the prompt of document type `{}`",
                    doc_type.name
                )
            })?;
            prompts.insert(doc_type.name.clone(), rendered);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(clip.hash.as_bytes());
        for doc_type in types.iter() {
            hasher.update(serde_json::to_string(&(&doc_type.name, &doc_type.labels))?.as_bytes());
        }
        let raster = raster_spec(&reader.spec.layout, settings.page_pixels);
        Ok(Plan {
            types,
            prompts,
            reader,
            clip,
            raster,
            policy,
            embedded_xml: settings.embedded_xml,
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

    /// The key of a page's result: equal keys, equal work. `doc_type` is
    /// `None` for a page that was routed to no type that is read.
    pub fn key(&self, doc_type: Option<&str>, forced: bool, xml: Option<XmlPlace>) -> String {
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
        hasher.update(format!("{:?}", self.raster).as_bytes());
        if !treatment.asks_model() {
            return hasher.finalize().to_hex().to_string();
        }
        if let Some(rendered) = doc_type.and_then(|name| self.prompts.get(name)) {
            hasher.update(self.reader.hash.as_bytes());
            hasher.update(rendered.hash.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Fields of each type that the reader was not taught.
    pub fn untaught(&self) -> BTreeMap<String, Vec<String>> {
        self.prompts
            .iter()
            .map(|(name, rendered)| (name.clone(), rendered.untaught.clone()))
            .collect()
    }
}

/// The reader's calibration, where there is one, and what settings want.
pub fn policy(
    settings: &Settings,
    models: Option<&Path>,
    reader_hash: &str,
) -> anyhow::Result<Policy> {
    let folders = Folders::new(settings.calibration.as_deref(), models);
    Ok(Policy {
        calibration: folders.find(reader_hash)?.map(Arc::new),
        max_error: settings.max_error,
        min_confidence: settings.min_confidence,
    })
}

/// How pages are drawn for a model's layout.
pub(super) fn raster_spec(layout: &ImageLayout, max_pixels: u32) -> RasterSpec {
    let width = match layout {
        ImageLayout::Page { max_side } => *max_side,
        ImageLayout::Tiles { tile, columns, .. } => {
            tile * columns.values().max().unwrap_or(&1) * OVERSAMPLING
        }
    };
    RasterSpec { width, max_pixels }
}
