use half::slice::HalfFloatSliceExt;
use serde::{Deserialize, Serialize};

use super::turn::{turned_pixels, turned_size};

/// What a file is, judged by its content and not by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    Pdf,
    Png,
    Jpeg,
    Tiff,
    Webp,
    Bmp,
    Gif,
    /// An e-invoice: one page that is never drawn.
    Xml,
}

impl MediaType {
    /// The IANA media type, e.g. `application/pdf`.
    pub fn as_str(self) -> &'static str {
        match self {
            MediaType::Pdf => "application/pdf",
            MediaType::Png => "image/png",
            MediaType::Jpeg => "image/jpeg",
            MediaType::Tiff => "image/tiff",
            MediaType::Webp => "image/webp",
            MediaType::Bmp => "image/bmp",
            MediaType::Gif => "image/gif",
            MediaType::Xml => "application/xml",
        }
    }
}

/// What is known of a document once it is open, before any page is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentInfo {
    pub media_type: MediaType,
    pub pages: u32,
    /// Pages of each document inside a portfolio, in their order; empty where
    /// the file is one document.
    #[serde(default)]
    pub parts: Vec<u32>,
    /// Names of the files embedded in a PDF (`factur-x.xml`), in its order.
    #[serde(default)]
    pub attachments: Vec<String>,
    /// Warnings for the record, e.g. of pages that the file announces but lacks.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl DocumentInfo {
    /// One document without attachments and warnings.
    pub fn new(media_type: MediaType, pages: u32) -> DocumentInfo {
        DocumentInfo {
            media_type,
            pages,
            parts: Vec::new(),
            attachments: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The part of each page, from 0. Pages beyond the sum of `parts` count to
    /// the last part.
    pub fn part_of_pages(&self) -> impl Iterator<Item = u32> + '_ {
        let parts = self.parts.iter().zip(0..);
        let of_parts = parts.flat_map(|(pages, part)| (0..*pages).map(move |_| part));
        let last = self.parts.len().saturating_sub(1) as u32;
        let all = of_parts.chain(std::iter::repeat(last));
        all.take(self.pages as usize)
    }
}

/// An upright page: RGB, 8 bits a channel, rows top to bottom without padding,
/// `rgb.len() == width * height * 3`. Transparent parts are drawn over white.
///
/// The serialised form has only the size; pixels are sent beside the JSON.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageImage {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    #[serde(skip)]
    pub rgb: Vec<u8>,
}

impl PageImage {
    /// `None` when the length of `rgb` does not fit the size or a side is 0.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<PageImage> {
        let expected = (width as usize)
            .checked_mul(height as usize)?
            .checked_mul(3)?;
        (expected > 0 && rgb.len() == expected).then_some(PageImage { width, height, rgb })
    }

    /// The image turned clockwise by `quarters` quarter turns.
    pub fn turned(self, quarters: u8) -> PageImage {
        if quarters.is_multiple_of(4) {
            return self;
        }
        let size = (self.width as usize, self.height as usize);
        let (width, height) = turned_size((self.width, self.height), quarters);
        PageImage {
            width,
            height,
            rgb: turned_pixels(&self.rgb, size, 3, quarters),
        }
    }
}

impl std::fmt::Debug for PageImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PageImage({}x{})", self.width, self.height)
    }
}

/// A word of a PDF's text layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub text: String,
    /// Left, top, right, bottom as shares (0 to 1) of the upright page's width
    /// and height; the origin is the top left corner.
    pub bbox: [f32; 4],
}

impl Word {
    pub fn is_finite(&self) -> bool {
        self.bbox.iter().all(|share| share.is_finite())
    }
}

/// The smallest box around both; boxes as in [`Word`].
pub fn bbox_union(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
    [
        a[0].min(b[0]),
        a[1].min(b[1]),
        a[2].max(b[2]),
        a[3].max(b[3]),
    ]
}

/// A word that an OCR engine read on a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcrWord {
    #[serde(flatten)]
    pub word: Word,
    /// The engine's confidence, 0 to 1.
    pub confidence: f32,
}

/// A line of text that an OCR engine read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcrLine {
    /// At least one, from left to right.
    pub words: Vec<OcrWord>,
    /// Its box as [`Word::bbox`], moved vertically so that the lines of a skewed
    /// page are level.
    pub bbox: [f32; 4],
}

impl OcrLine {
    pub fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|w| w.word.text.as_str()).collect();
        words.join(" ")
    }
}

/// What an OCR engine read on a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OcrText {
    /// In reading order.
    pub lines: Vec<OcrLine>,
    /// Clockwise quarter turns (0 to 3) that make the page upright.
    pub quarter_turns: u8,
}

impl OcrText {
    /// Whether all of its floating-point values are finite.
    pub fn is_finite(&self) -> bool {
        let is_word = |w: &OcrWord| w.word.is_finite() && w.confidence.is_finite();
        let mut lines = self.lines.iter();
        lines.all(|line| {
            line.bbox.iter().all(|share| share.is_finite()) && line.words.iter().all(is_word)
        })
    }
}

/// Where the words of a page come from.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TextSource {
    /// The text layer of the PDF.
    TextLayer,
    /// An OCR engine.
    Ocr,
    /// The text layer, and OCR where the text layer has no words.
    Mixed,
}

impl TextSource {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A word of a page's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextWord {
    #[serde(flatten)]
    pub word: Word,
    /// The OCR engine's confidence, 0 to 1; `None` for a text layer's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
}

/// The words of a page from one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceText {
    pub source: TextSource,
    /// Name of the OCR engine; `None` for a text layer.
    pub engine: Option<String>,
    /// Degrees (0, 90, 180, 270) clockwise by which the page was turned upright;
    /// boxes are those of the upright page.
    pub rotation: u32,
    pub words: Vec<TextWord>,
}

impl SourceText {
    pub fn of_text_layer(words: Vec<Word>) -> SourceText {
        let word = |word| TextWord {
            word,
            confidence: None,
        };
        SourceText {
            source: TextSource::TextLayer,
            engine: None,
            rotation: 0,
            words: words.into_iter().map(word).collect(),
        }
    }

    /// `rotation`: degrees clockwise that make the page upright.
    pub fn of_ocr(engine: &str, rotation: u32, words: Vec<OcrWord>) -> SourceText {
        let word = |OcrWord { word, confidence }| TextWord {
            word,
            confidence: Some(confidence),
        };
        SourceText {
            source: TextSource::Ocr,
            engine: Some(engine.to_owned()),
            rotation,
            words: words.into_iter().map(word).collect(),
        }
    }

    /// The words that an OCR engine read.
    pub fn ocr_words(&self) -> impl Iterator<Item = OcrWord> + '_ {
        self.words.iter().filter_map(|word| {
            Some(OcrWord {
                word: word.word.clone(),
                confidence: word.confidence?,
            })
        })
    }

    /// The words of the text layer.
    pub fn layer_words(&self) -> impl Iterator<Item = Word> + '_ {
        let of_layer = self.words.iter().filter(|word| word.confidence.is_none());
        of_layer.map(|word| word.word.clone())
    }
}

/// One page as the rasterizer leaves it.
#[derive(Clone, Debug, PartialEq)]
pub struct RasterPage {
    pub image: PageImage,
    /// Empty for a scan.
    pub words: Vec<Word>,
}

/// What a page looks like, for finding other captures of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLook {
    /// Pixels of the upright page as it was drawn.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// BLAKE3 of size and pixels, hex.
    pub pixels: String,
    /// Perceptual hashes of 256 bits: of the page upright, and turned by 90, 180
    /// and 270 degrees clockwise.
    pub hashes: [[u8; 32]; 4],
}

/// A CLIP embedding, L2-normalised: `[d]` f32, with `d` as the model's manifest
/// or configuration has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embedding(pub Vec<f32>);

impl Embedding {
    /// As it is stored: half precision (IEEE 754 binary16), little endian.
    pub fn to_half_bytes(&self) -> Vec<u8> {
        let bytes = |value: &f32| half::f16::from_f32(*value).to_le_bytes();
        self.0.iter().flat_map(bytes).collect()
    }

    /// The inverse of [`Embedding::to_half_bytes`]. An odd last byte is ignored.
    pub fn from_half_bytes(bytes: &[u8]) -> Embedding {
        let half = |pair: &[u8]| half::f16::from_le_bytes([pair[0], pair[1]]);
        let halves: Vec<half::f16> = bytes.chunks_exact(2).map(half).collect();
        // Converting the whole slice uses the processor's vector instructions.
        Embedding(halves.to_f32_vec())
    }

    /// Cosine similarity, -1 to 1; 0 where the lengths differ.
    pub fn similarity(&self, other: &Embedding) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_image_must_hold_as_many_bytes_as_its_size_says() {
        assert!(PageImage::new(2, 1, vec![0; 6]).is_some());
        assert!(PageImage::new(2, 1, vec![0; 5]).is_none());
        assert!(PageImage::new(0, 4, vec![]).is_none());
    }

    #[test]
    fn every_page_is_of_one_part() {
        let info = |pages, parts| DocumentInfo {
            parts,
            ..DocumentInfo::new(MediaType::Pdf, pages)
        };
        let parts = |info: DocumentInfo| info.part_of_pages().collect::<Vec<u32>>();
        assert_eq!(parts(info(3, vec![])), [0, 0, 0]);
        assert_eq!(parts(info(4, vec![1, 2, 1])), [0, 1, 1, 2]);
        // Numbers that do not fit each other still give each page a part.
        assert_eq!(parts(info(3, vec![1, 1])), [0, 1, 1]);
        assert_eq!(parts(info(1, vec![u32::MAX, 1])), [0]);
    }

    #[test]
    fn an_embedding_is_stored_in_half_precision() {
        let embedding = Embedding(vec![0.6, -0.8, 0.0]);
        let bytes = embedding.to_half_bytes();
        assert_eq!(bytes.len(), 6);
        let read = Embedding::from_half_bytes(&bytes);
        assert!((read.similarity(&embedding) - 1.0).abs() < 1e-3);
        assert_eq!(read.similarity(&Embedding(vec![1.0])), 0.0);
    }

    #[test]
    fn four_quarter_turns_change_nothing() {
        let page = PageImage::new(2, 1, vec![1, 1, 1, 2, 2, 2]).unwrap();
        let turned = page.clone().turned(1);
        assert_eq!((turned.width, turned.height), (1, 2));
        assert_eq!(turned.rgb, [1, 1, 1, 2, 2, 2]);
        assert_eq!(page.clone().turned(2).rgb, [2, 2, 2, 1, 1, 1]);
        assert_eq!(page.clone().turned(3).turned(1), page);
    }
}
