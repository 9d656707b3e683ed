//! Images of pages, drawn in the sandbox and cached.

use std::collections::VecDeque;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::Context;
use axum::body::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::config::Settings;
use crate::domain::{PageImage, SourceText, TextSource, Word};
use crate::pipeline::{Drawer, StoredDocument};

/// Width of a page image in pixels: small print is legible where a line fills the screen.
const WIDTH: u32 = 1600;
/// JPEG quality, 1 to 100.
const QUALITY: u8 = 82;
/// Most cached images, a few hundred KiB each.
const KEPT: usize = 48;

/// BLAKE3 (hex) of the document and index (from 0) of the page.
type Key = (String, u32);

pub struct PageImages {
    settings: Settings,
    /// Started with the first page, so that records can be corrected even where no page
    /// can be drawn.
    drawer: OnceCell<Drawer>,
    /// The most recent first.
    kept: Mutex<VecDeque<(Key, Bytes)>>,
}

impl PageImages {
    pub fn new(settings: &Settings) -> PageImages {
        PageImages {
            settings: settings.clone(),
            drawer: OnceCell::new(),
            kept: Mutex::default(),
        }
    }

    /// Page `index` (from 0) as a JPEG file, turned clockwise by `quarter_turns`. `Err`
    /// where no path has the document any more or the page cannot be drawn.
    pub async fn jpeg(
        &self,
        blake3: &str,
        paths: &[PathBuf],
        index: u32,
        quarter_turns: u8,
    ) -> anyhow::Result<Bytes> {
        let key = (blake3.to_owned(), index);
        if let Some(kept) = self.recall(&key) {
            return Ok(kept);
        }
        let drawer = self
            .drawer
            .get_or_try_init(|| Drawer::start(&self.settings));
        let document = StoredDocument { blake3, paths };
        let page = drawer.await?.stored_page(document, index, WIDTH).await?;
        let encode = tokio::task::spawn_blocking(move || encode(page.turned(quarter_turns)));
        let jpeg = encode.await??;
        let mut all = self.kept.lock().expect("no panic while held");
        all.push_front((key, jpeg.clone()));
        all.truncate(KEPT);
        Ok(jpeg)
    }

    fn recall(&self, key: &Key) -> Option<Bytes> {
        let mut all = self.kept.lock().expect("no panic while held");
        let place = all.iter().position(|(kept, _)| kept == key)?;
        let found = all.remove(place)?;
        let jpeg = found.1.clone();
        all.push_front(found);
        Some(jpeg)
    }
}

fn encode(page: PageImage) -> anyhow::Result<Bytes> {
    let mut jpeg = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    encoder
        .write_image(&page.rgb, page.width, page.height, ExtendedColorType::Rgb8)
        .context("the page's image cannot be written")?;
    Ok(jpeg.into_inner().into())
}

/// A word of a page that can be selected.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PageWord {
    pub text: String,
    /// Left, top, right, bottom as shares (0 to 1) of the upright page.
    pub bbox: [f32; 4],
}

/// The words of a page: those of the text layer, and those of OCR where the layer has none.
/// A page that OCR turned has only OCR's words, since the layer's boxes are those of the
/// page before it was turned.
pub fn words(texts: &[SourceText]) -> Vec<PageWord> {
    let is_turned = quarter_turns(texts) != 0;
    let layer: Vec<Word> = match is_turned {
        true => Vec::new(),
        false => texts.iter().flat_map(SourceText::layer_words).collect(),
    };
    let is_in_layer = |word: &Word| {
        let [left, top, right, bottom] = word.bbox;
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        layer.iter().any(|other| {
            let [left, top, right, bottom] = other.bbox;
            (left..=right).contains(&x) && (top..=bottom).contains(&y)
        })
    };
    let of_ocr = texts.iter().flat_map(SourceText::ocr_words);
    let of_ocr: Vec<Word> = of_ocr
        .map(|ocr| ocr.word)
        .filter(|word| !is_in_layer(word))
        .collect();
    let all = layer.iter().chain(&of_ocr);
    all.map(|word| PageWord {
        text: word.text.clone(),
        bbox: word.bbox,
    })
    .collect()
}

/// Clockwise quarter turns (0 to 3) that make the page upright.
pub fn quarter_turns(texts: &[SourceText]) -> u8 {
    let of_ocr = texts.iter().find(|text| text.source == TextSource::Ocr);
    of_ocr.map_or(0, |text| (text.rotation / 90 % 4) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OcrWord;

    fn word(text: &str, left: f32) -> Word {
        Word {
            text: text.into(),
            bbox: [left, 0.1, left + 0.1, 0.2],
        }
    }

    fn ocr(rotation: u32) -> SourceText {
        let words = [("Tota1", 0.1), ("12.50", 0.5)].map(|(text, left)| OcrWord {
            word: word(text, left),
            confidence: 0.9,
        });
        SourceText::of_ocr("ocr", rotation, words.into())
    }

    fn texts(words: &[PageWord]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn ocr_adds_what_the_text_layer_lacks() {
        let layer = SourceText::of_text_layer(vec![word("Total", 0.1)]);
        let both = [layer, ocr(0)];
        assert_eq!(texts(&words(&both)), ["Total", "12.50"]);
        assert_eq!(quarter_turns(&both), 0);
    }

    #[test]
    fn the_layer_of_a_turned_page_is_left_out() {
        let both = [
            SourceText::of_text_layer(vec![word("Total", 0.1)]),
            ocr(270),
        ];
        assert_eq!(texts(&words(&both)), ["Tota1", "12.50"]);
        assert_eq!(quarter_turns(&both), 3);
    }

    #[test]
    fn an_image_is_written_as_jpeg() {
        let page = PageImage::new(20, 10, vec![200; 600]).unwrap();
        let read = image::load_from_memory(&encode(page).unwrap()).unwrap();
        assert_eq!((read.width(), read.height()), (20, 10));
    }
}
