//! Questions about single pages: their words read, the question answered,
//! nothing stored.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use super::anchored::PART_BYTES;
use super::engines;
use super::one_page::Drawer;
use super::plan::{ocr, raster_spec};
use super::readers::Readers;
use super::text::TextStage;
use crate::archive::merged;
use crate::config::Settings;
use crate::documents::page_text::{PageText, Segment, parts};
use crate::documents::validation;
use crate::documents::verbatim::{self, Pieces};
use crate::domain::{ANSWER, AnswerGrammar, Failure, PageImage, ReadRequest, Reading, SourceText};
use crate::engines::models::{Anchor, AnswerForm, Installation, ReaderBackend, ReaderSpec};

/// A reader, and what draws pages and reads their words, for as many questions
/// as are asked.
pub struct Asker {
    reader: ReaderSpec,
    readers: Readers,
    drawer: Drawer,
    text: TextStage,
    ocr_engine: String,
    max_pixels: u32,
}

/// A page that questions are asked about.
pub struct AskedPage {
    /// From 0.
    pub index: u32,
    text: PageText,
    sources: Vec<SourceText>,
    /// A pixel where the reader sees no image.
    image: PageImage,
}

/// What a page answers to a question.
#[derive(Clone, Debug, Serialize)]
pub struct PageAnswer {
    /// From 1.
    pub page: u32,
    /// A text that the page has, a number (a count), a truth value, or `null`: not
    /// on the page. Readers that are not confined to the page's text answer with
    /// any text.
    pub answer: Value,
    /// The reader's own estimate that the answer is right, 0 to 1, not
    /// calibrated; `None` where the reader gives none.
    pub probability: Option<f32>,
    /// Left, top, right, bottom as shares of the page's width and height; `None`
    /// where the answer is not a text of the page.
    pub place: Option<[f32; 4]>,
    /// OCR's confidence in its least sure word of the answer, 0 to 1.
    pub ocr_confidence: Option<f32>,
    pub reading: Reading,
}

impl Asker {
    /// The reader that settings name for questions, without starting it.
    pub fn reader(settings: &Settings) -> anyhow::Result<ReaderSpec> {
        let installation = Installation::find(settings.models.as_deref())?;
        installation.for_questions(&settings.reading)
    }

    pub async fn start(settings: &Settings, reader: ReaderSpec) -> anyhow::Result<Asker> {
        let installation = Installation::find(settings.models.as_deref())?;
        let needs_text = reader.anchor == Anchor::Text;
        let ocr = ocr(&installation, settings.ocr.mode, needs_text)?;
        let (drawer, readers) = tokio::try_join!(
            Drawer::start(settings),
            engines::first_readers(settings, &reader, 1, engines::unwatched()),
        )?;
        Ok(Asker {
            readers,
            drawer,
            text: engines::text_stage(settings, ocr.as_ref(), engines::unwatched()),
            ocr_engine: ocr.map(|ocr| ocr.name).unwrap_or_default(),
            max_pixels: settings.rasterizing.max_page_pixels,
            reader,
        })
    }

    /// Whether the words of a page are all that the reader needs of it.
    pub fn reads_text_alone(&self) -> bool {
        let is_blind =
            matches!(&self.reader.backend, ReaderBackend::Local(of) if of.mmproj.is_none());
        is_blind && self.reader.anchor == Anchor::Text
    }

    /// How many pages a file has.
    pub async fn pages(&self, path: &Path) -> anyhow::Result<u32> {
        self.drawer.pages(path).await
    }

    /// Page `index` (from 0) of a file.
    pub async fn page(&self, path: &Path, index: u32) -> anyhow::Result<AskedPage> {
        let spec = raster_spec(&self.reader.image_layout, self.max_pixels);
        let page = self.drawer.draw(path, index, spec).await?;
        let text = self.text.read(&page.image, &page.words).await?;
        let turns = text.quarter_turns();
        let of_ocr = text.of_ocr(&self.ocr_engine);
        let layer = SourceText::of_text_layer(page.words);
        Ok(AskedPage {
            index,
            text: text.laid_out,
            sources: [layer].into_iter().chain(of_ocr).collect(),
            // Pixels that the reader does not use are not sent with each question.
            image: match self.reads_text_alone() {
                true => pixel(),
                false => page.image.turned(turns),
            },
        })
    }

    /// Answers a question, which should be one line.
    pub async fn ask(&self, page: &AskedPage, question: &str) -> anyhow::Result<PageAnswer> {
        let mut ranges = parts::split(&page.text.lines, PART_BYTES);
        if ranges.is_empty() {
            ranges.push(0..0);
        }
        let mut best: Option<PageAnswer> = None;
        for range in ranges {
            let answer = self.ask_part(page, &page.text.lines[range], question).await;
            let answer = answer.context("the question was not answered")?;
            if best.as_ref().is_none_or(|best| answer.is_better(best)) {
                best = Some(answer);
            }
        }
        best.context("a page was asked in no parts")
    }

    async fn ask_part(
        &self,
        page: &AskedPage,
        lines: &[String],
        question: &str,
    ) -> Result<PageAnswer, Failure> {
        let is_verbatim = self.reader.answers == AnswerForm::Verbatim;
        let grammar = match is_verbatim {
            true => {
                let pieces = Pieces::of(lines, &page.text.columns);
                AnswerGrammar::Scalar(verbatim::answer_grammar(&pieces))
            }
            false => AnswerGrammar::Free,
        };
        // The page comes first: what the reader has taken in of it serves the next
        // question too. Training has the same form (`training/weights/questions.py`).
        let prompt = match self.reader.anchor {
            Anchor::Text => format!("question\n{}\n\n{question}", lines.join("\n")),
            Anchor::None => question.to_owned(),
        };
        let request = ReadRequest {
            image: page.image.clone(),
            doc_type: "default".to_owned(),
            prompt,
            grammar,
            max_tokens: self.reader.max_output_tokens,
        };
        let reading = self.readers.read(request).await?;
        Ok(answer(page, reading))
    }
}

fn answer(page: &AskedPage, mut reading: Reading) -> PageAnswer {
    let answer = match reading.fields.remove(ANSWER) {
        Some(answer) => answer,
        None => Value::from(reading.raw_text.trim()),
    };
    let found = answer
        .as_str()
        .and_then(|text| validation::place_of(&page.sources, text));
    let mut logprobs = reading.logprobs.iter();
    PageAnswer {
        page: page.index + 1,
        probability: logprobs.next().map(|of| of.probability()),
        place: found.map(|(place, _)| place),
        ocr_confidence: found.and_then(|(_, sure)| sure),
        answer,
        reading,
    }
}

impl PageAnswer {
    /// Of two pages, or parts of one: one that has an answer, then the surer one.
    pub fn is_better(&self, other: &PageAnswer) -> bool {
        let rank = |answer: &PageAnswer| (!answer.answer.is_null(), answer.probability);
        rank(self) > rank(other)
    }
}

impl AskedPage {
    /// A page that was taken in, from its stored words; `None` where it has none.
    pub fn stored(index: u32, sources: Vec<SourceText>) -> Option<AskedPage> {
        let layer = sources.iter().flat_map(SourceText::layer_words);
        let ocr = sources.iter().flat_map(SourceText::ocr_words);
        let words = merged(layer, ocr.map(|word| word.word));
        let segments: Vec<Segment> = words
            .iter()
            .map(|word| Segment {
                text: &word.text,
                bbox: word.bbox,
            })
            .collect();
        let text = PageText::lay_out(&segments);
        (!text.is_empty()).then_some(AskedPage {
            index,
            text,
            sources,
            image: pixel(),
        })
    }
}

/// Stands for a page that the reader does not see.
fn pixel() -> PageImage {
    PageImage::new(1, 1, vec![255; 3]).expect("three bytes are a pixel")
}
