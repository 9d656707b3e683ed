//! PP-OCR as [`OcrEngine`]: converts places in pixels to shares of the upright
//! page.

use super::OcrEngine;
use super::ppocr::{Image, OcrPage, PpOcr, RecognisedLine};
use crate::domain::{
    Failure, OcrLine, OcrText, OcrWord, PageImage, Reason, Word, turned_size, unturned,
};
use crate::engines::models::ResolvedOcr;

pub struct RtenOcr {
    engine: PpOcr,
}

impl RtenOcr {
    /// Loads the weights. `threads`: cores for one page. `Err` where a file was
    /// changed since its check or is not of the right model.
    pub fn load(ocr: &ResolvedOcr, threads: usize) -> anyhow::Result<RtenOcr> {
        // Opened once and not again by name, so that these are the checked bytes.
        let open = |path| ocr.files.open(path);
        let (detection, recognition, dictionary) = (
            open(&ocr.detection)?,
            open(&ocr.recognition)?,
            open(&ocr.dictionary)?,
        );
        let engine = PpOcr::load(
            &detection.path(),
            &recognition.path(),
            &dictionary.path(),
            threads,
        )?;
        Ok(RtenOcr { engine })
    }
}

impl OcrEngine for RtenOcr {
    fn read(&mut self, image: &PageImage) -> Result<OcrText, Failure> {
        let seen = Image::new(image.width, image.height, 3, &image.rgb).ok_or_else(|| {
            Failure::new(Reason::Internal, "the page's pixels do not fit its size")
        })?;
        let page = self.engine.recognise(&seen).map_err(Failure::internal)?;
        Ok(upright(&page, image.width as f32, image.height as f32))
    }
}

fn upright(page: &OcrPage, width: f32, height: f32) -> OcrText {
    let quarter_turns = (page.rotation / 90 % 4) as u8;
    let frame = Frame {
        quarter_turns,
        width,
        height,
        slope: page.skew.to_radians().tan(),
    };
    let lines = page.lines.iter().map(|line| frame.line(line));
    OcrText {
        lines: lines.filter(|line| !line.words.is_empty()).collect(),
        quarter_turns,
    }
}

/// The page before it is turned, in pixels.
struct Frame {
    quarter_turns: u8,
    width: f32,
    height: f32,
    /// Slope of the lines of the upright page: pixels down for each pixel to the
    /// right.
    slope: f32,
}

impl Frame {
    fn line(&self, line: &RecognisedLine) -> OcrLine {
        let corners = line.quad.0.map(|corner| self.turned(corner.x, corner.y));
        let (width, height) = self.upright_size();
        // The line's middle without the skew, and its height without the part that
        // the slope adds.
        let x = |pick: fn(f32, f32) -> f32| corners.iter().map(|c| c.0).reduce(pick).unwrap_or(0.0);
        let middle = corners.iter().map(|c| c.1).sum::<f32>() / 4.0;
        let (left, right) = (x(f32::min), x(f32::max));
        let level = middle - self.slope * ((left + right) / 2.0 - width / 2.0);
        let half = line.quad.height() / 2.0;
        OcrLine {
            words: line.words.iter().map(|word| self.word(word)).collect(),
            bbox: [
                left / width,
                (level - half) / height,
                right / width,
                (level + half) / height,
            ],
        }
    }

    fn word(&self, word: &super::ppocr::RecognisedWord) -> OcrWord {
        let bounds = &word.bounds;
        let (a, b) = (
            self.turned(bounds.x0, bounds.y0),
            self.turned(bounds.x1, bounds.y1),
        );
        let (width, height) = self.upright_size();
        let share = |at: f32, side: f32| (at / side).clamp(0.0, 1.0);
        OcrWord {
            word: Word {
                text: word.text.clone(),
                bbox: [
                    share(a.0.min(b.0), width),
                    share(a.1.min(b.1), height),
                    share(a.0.max(b.0), width),
                    share(a.1.max(b.1), height),
                ],
            },
            confidence: word.confidence.clamp(0.0, 1.0),
        }
    }

    fn upright_size(&self) -> (f32, f32) {
        turned_size((self.width, self.height), self.quarter_turns)
    }

    /// Maps a point of the given page to the upright page.
    fn turned(&self, x: f32, y: f32) -> (f32, f32) {
        unturned((x, y), 4 - self.quarter_turns, self.upright_size())
    }
}
