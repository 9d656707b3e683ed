//! The words of a page: those of its text layer, of OCR, or both.

use std::sync::Arc;
use std::time::Duration;

use crate::documents::page_text::{LayerUse, PageText, segments};
use crate::documents::quality::{self, PageWords};
use crate::domain::{Failure, OcrText, OcrWord, PageImage, PageQuality, SourceText, Word};
use crate::engines::worker::{OcrRole, Pool, ReadText};

/// The OCR workers of a run.
pub struct TextStage {
    pool: Option<Pool<OcrRole>>,
    deadline: Duration,
}

/// The words of one page.
pub struct TextOfPage {
    /// Laid out for the reader.
    pub laid_out: PageText,
    /// Of OCR, where it was needed; the page is turned by its quarter turns.
    pub ocr: Option<OcrText>,
    used: LayerUse,
}

impl TextStage {
    pub fn new(pool: Option<Pool<OcrRole>>, deadline: Duration) -> TextStage {
        TextStage { pool, deadline }
    }

    /// Starts OCR, which otherwise starts with the first page that needs it. `Err` where
    /// its engine cannot be loaded.
    pub async fn start(&self) -> Result<(), Failure> {
        match &self.pool {
            Some(pool) => pool.worker(None).await.map(drop),
            None => Ok(()),
        }
    }

    pub fn pool(&self) -> Option<&Pool<OcrRole>> {
        self.pool.as_ref()
    }

    /// Reads the words of a page whose text layer has `layer`.
    pub async fn read(&self, image: &PageImage, layer: &[Word]) -> Result<TextOfPage, Failure> {
        let used = LayerUse::of(layer, image);
        let ocr = match (&self.pool, used) {
            (_, LayerUse::All) | (None, _) => None,
            (Some(pool), _) => {
                let page = ReadText {
                    width: image.width,
                    height: image.height,
                    rgb: &image.rgb,
                };
                let mut worker = pool.worker(None).await?;
                Some(worker.call(&page, self.deadline).await?)
            }
        };
        let layer = match used {
            LayerUse::None if ocr.is_some() => &[],
            _ => layer,
        };
        let lines = ocr.iter().flat_map(|ocr| &ocr.lines);
        let texts: Vec<String> = lines.map(|line| line.text()).collect();
        let laid_out = PageText::lay_out(&segments(layer, ocr.as_ref(), &texts));
        Ok(TextOfPage {
            laid_out,
            ocr,
            used,
        })
    }
}

impl TextOfPage {
    /// The words of OCR, in reading order.
    pub fn of_ocr(&self, engine: &str) -> Option<SourceText> {
        let ocr = self.ocr.as_ref()?;
        let words: Vec<OcrWord> = ocr
            .lines
            .iter()
            .flat_map(|line| line.words.clone())
            .collect();
        let rotation = 90 * u32::from(self.quarter_turns());
        Some(SourceText::of_ocr(engine, rotation, words))
    }

    /// Measures the page, upright, whose text layer has so many words.
    pub async fn quality(
        &self,
        image: Arc<PageImage>,
        layer: usize,
    ) -> Result<PageQuality, Failure> {
        let ocr = self.ocr.clone();
        let layer_is_enough = self.used == LayerUse::All;
        // It takes a moment, which would block the runtime.
        let measured = tokio::task::spawn_blocking(move || {
            let words = PageWords {
                layer,
                layer_is_enough,
                ocr: ocr.as_ref(),
            };
            quality::measure(&image, words)
        });
        measured.await.map_err(Failure::internal)
    }

    /// Clockwise quarter turns (0 to 3) that make the page upright; 0 without OCR.
    pub fn quarter_turns(&self) -> u8 {
        self.ocr.as_ref().map_or(0, |ocr| ocr.quarter_turns)
    }
}
