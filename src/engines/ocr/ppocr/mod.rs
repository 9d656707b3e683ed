//! OCR with the PP-OCR models through RTen: lines and words of a page with
//! their boxes and confidences.

pub mod boxes;
mod crop;
mod ctc;
mod detect;
mod engine;
mod error;
pub mod geometry;
mod ink;
mod lines;
mod order;
mod page;
mod parallel;
mod raster;
mod recognise;
mod regions;
mod rotation;
mod spaces;
mod split;
mod stack;
#[cfg(test)]
mod tests;
mod tiles;

use std::path::Path;

pub use error::OcrError;
pub use page::{Image, OcrPage, RecognisedLine, RecognisedWord};

use detect::Detector;
use engine::Engine;
use geometry::Quad;
use parallel::ModelThreads;
use raster::Raster;
use recognise::Recogniser;
use rotation::Upright;

/// Most pixels of a page; larger ones are shrunk to it. A4 at 500 dpi.
const LARGEST: f32 = 24.0e6;

/// Lines with a lower confidence (0 to 1) are left out, since most are not text:
/// dashes, stains, logos. On 45 receipts, 3 of the 2,103 lines that agree with the
/// truth have less, and 35 of the 181 others.
const LEAST_CONFIDENCE: f32 = 0.6;

/// The engine: both models and the threads that they run on.
pub struct PpOcr(Engine);

impl PpOcr {
    /// Loads the models (RTen format) and the recogniser's dictionary (UTF-8,
    /// an entry a line). `threads`: how many cores a page may use.
    pub fn load(
        detector: &Path,
        recogniser: &Path,
        dictionary: &Path,
        threads: usize,
    ) -> Result<PpOcr, OcrError> {
        let engine = Engine {
            detector: Detector::load(detector)?,
            recogniser: Recogniser::load(recogniser, dictionary)?,
            threads: ModelThreads::new(threads),
        };
        engine.threads.run(1, |_, options| {
            engine.detector.check(options)?;
            engine.recogniser.check(options)
        })?;
        Ok(PpOcr(engine))
    }

    /// Reads a page, which may be turned by quarter turns.
    pub fn recognise(&mut self, image: &Image<'_>) -> Result<OcrPage, OcrError> {
        let whole = Raster::of(image);
        let area = image.width as f32 * image.height as f32;
        let shrink = (LARGEST / area).sqrt();
        if shrink >= 1.0 {
            return self.read(whole);
        }
        let side = |n: usize| ((n as f32 * shrink) as usize).max(1);
        let (width, height) = (side(whole.width), side(whole.height));
        let small = whole.resized(whole.whole(), width, height)?;
        let mut page = self.read(small)?;
        page.scale(
            image.width as f32 / width as f32,
            image.height as f32 / height as f32,
        );
        Ok(page)
    }

    /// Finds and reads the lines, in the direction in which they can be read.
    fn upright(&self, page: Raster<'_>) -> Result<Upright, OcrError> {
        let PpOcr(engine) = self;
        let detection = engine.detector.detect(&page, &engine.threads)?;
        rotation::upright(engine, page, detection)
    }

    fn read(&self, page: Raster<'_>) -> Result<OcrPage, OcrError> {
        let upright = self.upright(page)?;
        let (quads, skew) = (&upright.detection.quads, upright.detection.skew);
        let mut found = OcrPage {
            rotation: 90 * u16::from(upright.turns),
            skew,
            line_height: order::median(quads.iter().map(Quad::height).collect()),
            ..OcrPage::default()
        };
        let mut read: Vec<RecognisedLine> = Vec::new();
        for (piece, reading) in upright.pieces.iter().zip(&upright.readings) {
            read.extend(lines::assemble(piece, reading));
        }
        read.retain(|line| line.confidence >= LEAST_CONFIDENCE);
        let places: Vec<Quad> = read.iter().map(|line| line.quad).collect();
        for (row, members) in order::rows(&places, skew).iter().enumerate() {
            for &i in members {
                found.lines.push(RecognisedLine {
                    row: row as u32,
                    ..read[i].clone()
                });
            }
        }
        upright.place_back(&mut found);
        Ok(found)
    }
}
