//! One page through the stages, from its claim to its stored result.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::anchored::AnchoredReading;
use super::draw::{StoredDocument, draw};
use super::plan::{INVOICE, RunPlan, Treatment};
use super::readers::Readers;
use super::router::RouterHandle;
use super::text::{TextOfPage, TextStage};
use crate::archive;
use crate::config::Settings;
use crate::domain::{
    AnswerGrammar, Failure, PageImage, PageLook, PageQuality, RasterPage, ReadRequest, Reading,
    Reason, Routing, SourceText, Stage, StageSeconds, XmlPlace,
};
use crate::engines::models::{Anchor, ReaderBackend};
use crate::engines::worker::{DrawPage, Pool, RasterizerRole};

/// The results of the stages of a page, up to the last one that was reached.
#[derive(Default)]
pub struct PageWork {
    /// The page's words, one entry for each source that was used.
    pub texts: Vec<SourceText>,
    pub look: Option<PageLook>,
    pub quality: Option<PageQuality>,
    pub routing: Option<Routing>,
    pub reading: Option<Reading>,
    pub seconds: StageSeconds,
}

/// The page to process.
pub struct PageJob<'a> {
    pub document: &'a str,
    pub paths: &'a [PathBuf],
    pub index: u32,
    pub forced_type: Option<&'a str>,
    /// The place of the e-invoice of its document or part, if it has one.
    pub xml: Option<XmlPlace>,
    /// Index of the reader in the plan, from 0.
    pub tier: usize,
    /// The routing of an earlier attempt.
    pub routing: Option<&'a Routing>,
    /// Whether an earlier attempt failed: its answer may have been cut off.
    pub is_retry: bool,
}

/// The engines and the plan for them.
pub struct Stages {
    pub settings: Settings,
    pub plan: Arc<RunPlan>,
    pub rasterizers: Pool<RasterizerRole>,
    pub router: RouterHandle,
    /// One for each tier of the plan.
    pub readers: Vec<Readers>,
    pub text: TextStage,
}

impl Stages {
    /// Draws, routes and reads the page, or the part of this that an e-invoice
    /// leaves. `work` keeps the results before a failure.
    pub async fn run(&self, job: &PageJob<'_>, work: &mut PageWork) -> Result<(), Failure> {
        let treatment = self.plan.treatment(job.xml);
        // Set before drawing, so that a page that cannot be drawn has it too.
        work.routing = match treatment {
            Treatment::Nothing | Treatment::TextOnly => Some(forced(INVOICE)),
            _ => job.routing.cloned().or_else(|| {
                let stated = (treatment == Treatment::CrossRead).then_some(INVOICE);
                job.forced_type.or(stated).map(forced)
            }),
        };
        if treatment == Treatment::Nothing {
            return Ok(());
        }
        let page = timed(&mut work.seconds, Stage::Rasterize, self.rasterize(job)).await?;
        if treatment == Treatment::TextOnly {
            work.look = Some(look(Arc::new(page.image)).await?);
            work.texts.push(SourceText::of_text_layer(page.words));
            return Ok(());
        }
        let text = self.text.read(&page.image, &page.words);
        let text = timed(&mut work.seconds, Stage::Ocr, text).await?;
        if text.ocr.is_none() {
            // The text layer was enough, or there is no OCR.
            work.seconds.remove(&Stage::Ocr);
        }
        // Routing and reading get the upright page.
        let image = Arc::new(page.image.turned(text.quarter_turns()));
        work.look = Some(look(image.clone()).await?);
        let quality = text.quality(image.clone(), page.words.len()).await?;
        // The first reader's drawing is measured: that of another tier may have
        // another size.
        work.quality = (job.tier == 0).then(|| quality.clone());
        work.texts.push(SourceText::of_text_layer(page.words));
        work.texts.extend(text.of_ocr(self.ocr_engine()));
        let routing = match work.routing.take() {
            Some(known) => known,
            None if self.plan.criteria.is_blank(&quality) => blank(),
            None => {
                let routing = self.router.route(&image);
                let routing = timed(&mut work.seconds, Stage::Route, routing).await?;
                let lines = text.laid_out.lines.iter().map(String::as_str);
                self.plan.types.confirm_by_text(routing, lines)
            }
        };
        let doc_type = routing.doc_type.clone().ok();
        work.routing = Some(routing);
        if let Some(doc_type) = doc_type {
            let image = Arc::into_inner(image).expect("the router is done with the page");
            let reading = self.read(image, doc_type, &text, job);
            work.reading = Some(timed(&mut work.seconds, Stage::Read, reading).await?);
        }
        Ok(())
    }

    /// Name of the OCR engine, stored with the words.
    fn ocr_engine(&self) -> &str {
        let ocr = self.plan.ocr.as_ref();
        ocr.map_or("", |ocr| ocr.name.as_str())
    }

    async fn rasterize(&self, job: &PageJob<'_>) -> Result<RasterPage, Failure> {
        let document = StoredDocument {
            blake3: job.document,
            paths: job.paths,
        };
        let page = DrawPage {
            index: job.index,
            spec: self.plan.tiers[job.tier].raster,
        };
        draw(&self.rasterizers, &self.settings, document, page).await
    }

    async fn read(
        &self,
        image: PageImage,
        doc_type: String,
        text: &TextOfPage,
        job: &PageJob<'_>,
    ) -> Result<Reading, Failure> {
        let tier = &self.plan.tiers[job.tier];
        let prompt = tier.prompts.get(&doc_type).ok_or_else(|| {
            Failure::new(
                Reason::TypeMissing,
                format!("there is no document type `{doc_type}`: name its folder with --types"),
            )
        })?;
        let request = ReadRequest {
            image,
            prompt: prompt.text.clone(),
            grammar: AnswerGrammar::Schema(prompt.schema.clone()),
            max_tokens: match &tier.reader.backend {
                // The answer that was cut off may now fill the model's whole context.
                ReaderBackend::Local(_) if job.is_retry => u32::MAX,
                _ => tier.reader.max_output_tokens,
            },
            doc_type,
        };
        let readers = &self.readers[job.tier];
        match tier.reader.anchor {
            Anchor::None => readers.read(request).await,
            Anchor::Text => {
                let members = tier.members.get(&request.doc_type).map(Vec::as_slice);
                let anchored = AnchoredReading {
                    readers,
                    prompt,
                    members,
                    text: &text.laid_out,
                };
                anchored.read(request).await
            }
        }
    }

    /// Whether the same reader may succeed with another attempt. An endpoint is not asked
    /// again: its answer had a price, and the client has tried again after errors.
    pub fn retries(&self, tier: usize, failure: &Failure) -> bool {
        let is_output = matches!(failure.reason, Reason::OutputCutOff | Reason::OutputEmpty);
        let is_endpoint = matches!(
            self.plan.tiers[tier].reader.backend,
            ReaderBackend::Endpoint(_)
        );
        failure.reason.is_retryable() && !(is_output && is_endpoint)
    }
}

fn forced(doc_type: &str) -> Routing {
    Routing {
        doc_type: Ok(doc_type.to_owned()),
        probabilities: Vec::new(),
        embedding: None,
        forced: true,
    }
}

/// There is nothing by which CLIP could tell its type.
fn blank() -> Routing {
    Routing {
        doc_type: Err("the page is blank".to_owned()),
        probabilities: Vec::new(),
        embedding: None,
        forced: false,
    }
}

async fn look(image: Arc<PageImage>) -> Result<PageLook, Failure> {
    let look = tokio::task::spawn_blocking(move || archive::look(&image));
    look.await.map_err(Failure::internal)
}

async fn timed<T>(seconds: &mut StageSeconds, stage: Stage, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let result = work.await;
    *seconds.entry(stage).or_default() += start.elapsed().as_secs_f64();
    result
}
