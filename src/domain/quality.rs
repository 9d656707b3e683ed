use serde::{Deserialize, Serialize};

/// What was measured of a page before it was read. Pixels are those of the
/// page as it was scanned or drawn, upright.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageQuality {
    pub width: u32,
    pub height: u32,
    /// Degrees clockwise (0, 90, 180, 270) by which OCR turned the page.
    pub turned: u32,
    /// The words are those of a PDF's text layer: the pixels are not read.
    pub text_layer: bool,
    /// Words of the text layer, or else of OCR.
    pub words: u32,
    /// Share (0 to 1) of the pixels that differ from the background around
    /// them, without the page's margins.
    pub ink: f32,
    /// Standard deviation in pixels of the Gaussian that would blur sharp edges
    /// as the page's are blurred, 0.4 and more; `None` without ink.
    pub blur: Option<f32>,
    /// Median height of a line of text in pixels; `None` without lines.
    pub text_height: Option<f32>,
    /// Gray level (0 black, 1 white) that 99.5 % of the pixels do not exceed.
    pub lightest: f32,
    /// Typical difference (0 to 1) of the gray levels of ink and background.
    pub contrast: f32,
    /// Share (0 to 1) of the pixels that are black or white.
    pub clipped: f32,
    /// Degrees by which lines fall to the right, -10 to 10; `None` where no
    /// direction stands out.
    pub skew: Option<f32>,
    /// Lines of text, or of one side their parts, that the edge of the page cuts.
    pub cut_lines: u32,
    /// Blocks of text side by side that look like receipts of their own: 1 or 2.
    pub blocks: u32,
}

impl PageQuality {
    /// Blur as a share of the text's height, by which letters are lost
    /// whatever the resolution.
    pub fn relative_blur(&self) -> Option<f32> {
        let height = self.text_height.filter(|height| *height > 0.0)?;
        Some(self.blur? / height)
    }
}
