use serde::{Deserialize, Serialize};

/// What a file is by its content, whatever its name says.
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
    /// An electronic invoice: one page that is never drawn.
    Xml,
}

impl MediaType {
    /// The IANA media type.
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

/// What opening a document tells before any page is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentInfo {
    pub media_type: MediaType,
    pub pages: u32,
    /// Names of the files embedded in a PDF (`factur-x.xml`), in its order.
    #[serde(default)]
    pub attachments: Vec<String>,
    /// Warnings for the record, e.g. pages that the file promises but lacks.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// An upright page: RGB, 8 bits a channel, rows top to bottom without padding,
/// `rgb.len() == width * height * 3`. Transparency is already over white.
///
/// Serialised, it is its size alone: pixels travel beside the JSON.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageImage {
    pub width: u32,
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

/// A word that an OCR engine read on a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcrWord {
    #[serde(flatten)]
    pub word: Word,
    /// How sure the engine was, 0 to 1.
    pub confidence: f32,
}

/// One page as the rasteriser leaves it.
#[derive(Clone, Debug, PartialEq)]
pub struct RasterPage {
    pub image: PageImage,
    /// Empty for a scan.
    pub words: Vec<Word>,
}

/// A CLIP image embedding, L2-normalised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embedding(pub Vec<f32>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_image_must_hold_as_many_bytes_as_its_size_says() {
        assert!(PageImage::new(2, 1, vec![0; 6]).is_some());
        assert!(PageImage::new(2, 1, vec![0; 5]).is_none());
        assert!(PageImage::new(0, 4, vec![]).is_none());
    }
}
