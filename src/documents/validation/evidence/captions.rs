//! Finds the values beside a field's captions (`amount due`, `Rechnungsdatum`).

use super::page_words::{Placed, Span, on_one_line};
use super::text::{EvidencePage, fold};
use crate::domain::DocType;

/// The captions of a type's fields that a page has.
pub struct Captions<'a> {
    text: &'a EvidencePage,
    found: Vec<Caption<'a>>,
}

struct Caption<'a> {
    field: &'a str,
    /// As in the schema.
    caption: &'a str,
    letters: usize,
    span: Span,
    bbox: [f32; 4],
}

impl<'a> Captions<'a> {
    /// A caption within a longer one of another field (`total` in `total excl.
    /// VAT`) is left out.
    pub fn find(doc_type: &'a DocType, text: &'a EvidencePage) -> Captions<'a> {
        let rules = doc_type.read.as_ref();
        let declared = rules.into_iter().flat_map(|rules| &rules.captions);
        let mut found = Vec::new();
        for (field, captions) in declared {
            for caption in captions {
                let letters = fold(caption).len();
                found.extend(text.find(caption).into_iter().map(|span| Caption {
                    field,
                    caption,
                    letters,
                    span,
                    bbox: text.bbox(span),
                }));
            }
        }
        let is_part = |caption: &Caption<'_>| {
            found.iter().any(|other| {
                other.field != caption.field
                    && other.letters > caption.letters
                    && other.span.first <= caption.span.first
                    && other.span.last >= caption.span.last
            })
        };
        let parts: Vec<bool> = found.iter().map(is_part).collect();
        let mut parts = parts.into_iter();
        found.retain(|_| !parts.next().unwrap_or(false));
        Captions { text, found }
    }

    /// Distance of a box from the field's nearest caption to its left on the line or
    /// above it, in shares of the page's size as [`EvidenceWord::bbox`]; `None` where it is
    /// beside none.
    pub fn distance(&self, field: &str, bbox: [f32; 4]) -> Option<f32> {
        let captions = self.found.iter().filter(|caption| caption.field == field);
        captions
            .filter_map(|caption| right_of(caption.bbox, bbox).or(below(caption.bbox, bbox)))
            .min_by(f32::total_cmp)
    }

    /// Whether a caption of the field is among these words.
    pub fn is_among(&self, field: &str, words: &[usize]) -> bool {
        let mut captions = self.found.iter().filter(|caption| caption.field == field);
        captions.any(|caption| words.contains(&caption.span.first))
    }

    /// For each of the field's captions the nearest value to its right on the line,
    /// with the caption. A value behind another field's caption belongs to that one.
    pub fn beside<'p, T>(
        &self,
        field: &str,
        values: &'p [Placed<T>],
    ) -> Vec<(&'p Placed<T>, &'a str)> {
        let captions = self.found.iter().filter(|caption| caption.field == field);
        captions
            .filter_map(|caption| {
                let right = |bbox| right_of(caption.bbox, bbox);
                let (distance, value) = values
                    .iter()
                    .filter_map(|value| Some((right(self.text.bbox(value.span))?, value)))
                    .min_by(|a, b| a.0.total_cmp(&b.0))?;
                let is_taken = self.found.iter().any(|other| {
                    other.field != field && right(other.bbox).is_some_and(|other| other < distance)
                });
                (!is_taken).then_some((value, caption.caption))
            })
            .collect()
    }

    /// Whether the words are beside a caption of one of these fields.
    pub fn is_beside_any<T>(
        &self,
        span: Span,
        values: &[Placed<T>],
        of: impl Fn(&str) -> bool,
    ) -> bool {
        let fields = self.found.iter().map(|caption| caption.field);
        fields.filter(|field| of(field)).any(|field| {
            let beside = self.beside(field, values);
            beside.iter().any(|(placed, _)| placed.span == span)
        })
    }
}

/// The gap from a caption to a box to its right on the same line.
fn right_of(caption: [f32; 4], bbox: [f32; 4]) -> Option<f32> {
    // Boxes of neighbours may touch.
    let gap = bbox[0] - caption[2];
    let least = -(caption[3] - caption[1]) / 2.0;
    (on_one_line(caption, bbox) && gap >= least).then_some(gap.max(0.0))
}

/// The gap from a caption to a box directly below it.
fn below(caption: [f32; 4], bbox: [f32; 4]) -> Option<f32> {
    const LINES: f32 = 2.5;
    let gap = bbox[1] - caption[3];
    let height = caption[3] - caption[1];
    let overlaps = bbox[0] < caption[2] && bbox[2] > caption[0];
    (overlaps && gap > -height / 2.0 && gap < LINES * height).then_some(gap.max(0.0))
}
