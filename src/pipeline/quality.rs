//! The looks of pages of files, measured as a run measures them. No reader is
//! started and nothing is stored.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::draw::{StoredDocument, draw};
use super::engines;
use super::plan::{criteria, ocr, raster_spec};
use super::text::TextStage;
use crate::config::Settings;
use crate::documents::quality::Criteria;
use crate::domain::{Failure, Finding, MediaType, PageImage, PageQuality};
use crate::engines::models::Installation;
use crate::engines::rasterize::RasterSpec;
use crate::engines::worker::{DrawPage, OpenDocument, Pool, RasterizerRole};
use crate::files;

/// A rasterizer, and OCR, which finds the height of text and quarter turns.
pub struct PageMeter {
    rasterizers: Pool<RasterizerRole>,
    text: TextStage,
    spec: RasterSpec,
    criteria: Criteria,
    settings: Settings,
}

/// A page and what was found about it.
pub struct MeasuredPage {
    pub quality: PageQuality,
    pub findings: Vec<Finding>,
    /// Upright.
    pub image: Arc<PageImage>,
}

impl PageMeter {
    pub async fn start(settings: &Settings) -> anyhow::Result<PageMeter> {
        let criteria = criteria(settings.types.as_deref())?;
        let installation = Installation::find(settings.models.as_deref())?;
        let reader = installation.first(&settings.reading)?;
        let ocr = ocr(&installation, settings.ocr.mode, false)?;
        Ok(PageMeter {
            rasterizers: engines::rasterizer_pool(settings, 1, engines::unwatched()).await?,
            text: engines::text_stage(settings, ocr.as_ref(), engines::unwatched()),
            spec: raster_spec(&reader.image_layout, settings.rasterizing.max_page_pixels),
            criteria,
            settings: settings.clone(),
        })
    }

    /// How many pages of the file can be measured: an e-invoice that is
    /// XML alone has none.
    pub async fn pages(&self, bytes: &[u8]) -> Result<u32, Failure> {
        let mut worker = self.rasterizers.worker(None).await?;
        let deadline = Duration::from_secs(self.settings.rasterizing.open_seconds);
        worker.set_document(None);
        let opened = worker.call(&OpenDocument { bytes }, deadline).await?;
        worker.set_document(Some(files::hash(bytes)));
        Ok(match opened.info.media_type {
            MediaType::Xml => 0,
            _ => opened.info.pages,
        })
    }

    /// Measures page `index` (from 0) of the file with these bytes.
    pub async fn page(
        &self,
        path: &Path,
        blake3: &str,
        index: u32,
    ) -> Result<MeasuredPage, Failure> {
        let document = StoredDocument {
            blake3,
            paths: &[PathBuf::from(path)],
        };
        let spec = self.spec;
        let page = draw(
            &self.rasterizers,
            &self.settings,
            document,
            DrawPage { index, spec },
        );
        let page = page.await?;
        let text = self.text.read(&page.image, &page.words).await?;
        let image = Arc::new(page.image.turned(text.quarter_turns()));
        let quality = text.quality(image.clone(), page.words.len()).await?;
        Ok(MeasuredPage {
            findings: self.criteria.judge(index, &quality),
            quality,
            image,
        })
    }
}
