//! Draws or embeds single pages of files, stored or not.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::draw::{StoredDocument, draw};
use super::engines;
use crate::config::Settings;
use crate::domain::{Embedding, Failure, PageImage, RasterPage, count};
use crate::engines::models::{Installation, ResolvedClip};
use crate::engines::rasterize::RasterSpec;
use crate::engines::route::letterbox;
use crate::engines::worker::{
    DrawPage, EmbedText, OpenDocument, Pool, RasterizerRole, RoutePages, RouterRole, WorkerGuard,
};
use crate::files;

/// Width in pixels of pages that are not drawn for a model.
const WIDTH: u32 = 1024;

/// A rasterizer of its own, for commands that draw some pages.
pub struct Drawer {
    pool: Pool<RasterizerRole>,
    settings: Settings,
}

impl Drawer {
    pub async fn start(settings: &Settings) -> anyhow::Result<Drawer> {
        Ok(Drawer {
            pool: engines::rasterizer_pool(settings, 1, engines::unwatched()).await?,
            settings: settings.clone(),
        })
    }

    /// Page `index` (from 0) of a file, [`WIDTH`] pixels wide.
    pub async fn page(&self, path: &Path, index: u32) -> anyhow::Result<PageImage> {
        let spec = RasterSpec {
            width: WIDTH,
            for_ocr: false,
            max_pixels: self.settings.rasterizing.max_page_pixels,
        };
        Ok(self.draw(path, index, spec).await?.image)
    }

    /// Page `index` (from 0) of a stored document, `width` pixels wide.
    pub async fn stored_page(
        &self,
        document: StoredDocument<'_>,
        index: u32,
        width: u32,
    ) -> Result<PageImage, Failure> {
        let spec = RasterSpec {
            width,
            for_ocr: false,
            max_pixels: self.settings.rasterizing.max_page_pixels,
        };
        let page = DrawPage { index, spec };
        let drawn = draw(&self.pool, &self.settings, document, page).await?;
        Ok(drawn.image)
    }

    /// Page `index` (from 0) of a file with its words, drawn by `spec`.
    pub(super) async fn draw(
        &self,
        path: &Path,
        index: u32,
        spec: RasterSpec,
    ) -> anyhow::Result<RasterPage> {
        let (mut worker, pages) = self.open(path).await?;
        let has = count(u64::from(pages), "page");
        ensure!(index < pages, "{} has only {has}", path.display());
        let deadline = Duration::from_secs(self.settings.rasterizing.page_seconds);
        let drawn = worker.call(&DrawPage { index, spec }, deadline).await;
        drawn.map_err(|failure| about(path, &failure))
    }

    /// How many pages a file has.
    pub(super) async fn pages(&self, path: &Path) -> anyhow::Result<u32> {
        Ok(self.open(path).await?.1)
    }

    /// A worker that has the file open, and its number of pages.
    async fn open(&self, path: &Path) -> anyhow::Result<(WorkerGuard<RasterizerRole>, u32)> {
        let bytes = files::read(path, self.settings.limits.max_bytes);
        let bytes = bytes.map_err(|failure| about(path, &failure))?;
        let mut worker = self.pool.worker(None).await?;
        let deadline = Duration::from_secs(self.settings.rasterizing.open_seconds);
        let opened = worker.call(&OpenDocument { bytes: &bytes }, deadline).await;
        let opened = opened.map_err(|failure| about(path, &failure))?;
        Ok((worker, opened.info.pages))
    }
}

fn about(path: &Path, failure: &Failure) -> anyhow::Error {
    anyhow::anyhow!("{}: {failure}", path.display())
}

/// A CLIP of its own, for commands that embed one text or page.
pub struct Embedder {
    clip: ResolvedClip,
    pool: Pool<RouterRole>,
    deadline: Duration,
}

impl Embedder {
    /// Hash of the CLIP that settings name, without starting it.
    pub fn model(settings: &Settings) -> anyhow::Result<String> {
        Ok(Embedder::resolve(settings)?.hash)
    }

    fn resolve(settings: &Settings) -> anyhow::Result<ResolvedClip> {
        Installation::find(settings.models.as_deref())?.clip(&settings.routing)
    }

    pub async fn start(settings: &Settings) -> anyhow::Result<Embedder> {
        let clip = Embedder::resolve(settings)?;
        let spec = engines::router_spec(settings, &clip);
        Ok(Embedder {
            pool: Pool::start(spec, engines::unwatched()).await?,
            deadline: Duration::from_secs(settings.routing.batch_seconds),
            clip,
        })
    }

    /// The least cosine (-1 to 1) of a query and a page that looks as the query says;
    /// `None`: not known of this CLIP.
    pub fn least_similarity(&self) -> Option<f32> {
        self.clip
            .search
            .as_ref()
            .map(|tower| tower.least_similarity)
    }

    /// The embedding of a search's text.
    pub async fn text(&self, text: &str) -> anyhow::Result<Embedding> {
        let call = EmbedText {
            text: text.to_owned(),
        };
        let mut worker = self.pool.worker(None).await?;
        Ok(worker.call(&call, self.deadline).await?)
    }

    /// The embedding of a page, equal to the one that a run stores.
    pub async fn page(&self, image: &PageImage) -> anyhow::Result<Embedding> {
        let side = self.pool.ready().context("CLIP did not start")?.0;
        let square = letterbox(image, side, self.clip.spec.pad_to_square);
        let call = RoutePages {
            count: 1,
            side,
            rgb: &square.rgb,
        };
        let mut worker = self.pool.worker(None).await?;
        let routing = worker.call(&call, self.deadline).await?.pop();
        let embedding = routing.and_then(|routing| routing.embedding);
        embedding.context("CLIP made no embedding of the page")
    }
}
