//! Finds what a record's pages print beside its fields: charges and rounding, the
//! country, the kind of document.

mod extras;
mod title;

use iso_country::Country;

use crate::documents::page_text::{PageText, Segment};
use crate::documents::values;
use crate::domain::{Finding, PageResult};
pub use extras::{Extra, explain, of_line as extra};

/// The text of a record's pages, evaluated on demand.
#[derive(Default)]
pub struct Printed {
    /// Line by line, for each page.
    pages: Vec<Vec<String>>,
}

impl Printed {
    pub fn of(pages: &[&PageResult]) -> Printed {
        Printed {
            pages: pages.iter().map(|page| lines(page)).collect(),
        }
    }

    /// The country that the pages show.
    pub fn country(&self) -> Option<Country> {
        let text = self.pages.concat().join("\n");
        values::country(&text).map(|guess| guess.country)
    }

    /// Printed charges, allowances and rounding, in their order.
    pub fn extras(&self) -> Vec<Extra> {
        let lines = self.pages.iter().flatten();
        lines.filter_map(|line| extras::of_line(line)).collect()
    }

    /// The finding for a document whose title says that it is not a bill to pay.
    pub fn kind(&self) -> Option<Finding> {
        title::find(&self.pages)
    }
}

/// The lines of a page, of its text layer or otherwise of OCR.
pub fn lines(page: &PageResult) -> Vec<String> {
    let of_ocr = page.ocr.iter().map(|ocr| &ocr.word);
    let words: Vec<_> = match page.words.is_empty() {
        true => of_ocr.collect(),
        false => page.words.iter().collect(),
    };
    let segments = words.into_iter().map(|word| Segment {
        text: &word.text,
        bbox: word.bbox,
    });
    PageText::lay_out(&segments.collect::<Vec<_>>()).lines
}
