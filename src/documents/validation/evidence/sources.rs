//! The text sources of a record, and evidence from a place in one.

use serde_json::Value;

use super::find::{Place, ValueKind};
use super::text::EvidencePage;
use crate::domain::{FieldEvidence, PageResult, bbox_union};

/// The searchable pages of a record.
pub struct TextSources {
    pub text_layer: Vec<EvidencePage>,
    pub ocr: Vec<EvidencePage>,
}

impl TextSources {
    pub fn of(pages: &[&PageResult]) -> TextSources {
        let text_layer = pages.iter().filter(|page| !page.words.is_empty());
        let ocr = pages.iter().filter(|page| !page.ocr.is_empty());
        TextSources {
            text_layer: text_layer
                .map(|page| EvidencePage::of_text_layer(page.index, &page.words))
                .collect(),
            ocr: ocr
                .map(|page| EvidencePage::of_ocr(page.index, &page.ocr))
                .collect(),
        }
    }

    /// The text layer, or OCR where no page has one.
    pub fn preferred(&self) -> &[EvidencePage] {
        match self.text_layer.is_empty() {
            true => &self.ocr,
            false => &self.text_layer,
        }
    }

    /// Text layer and OCR, the more reliable first.
    pub fn all(&self) -> [&[EvidencePage]; 2] {
        [&self.text_layer, &self.ocr]
    }
}

pub fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The evidence of a value found at `place`; `None`: it was not found.
pub fn at(field: String, place: Option<Place<'_>>) -> FieldEvidence {
    let Some(Place { text, span }) = place else {
        return FieldEvidence::model_only(field);
    };
    FieldEvidence {
        class: text.class,
        page: Some(text.page),
        bbox: Some(text.bbox(span)),
        text: Some(text.words_of(span)),
        ocr_confidence: text.confidence(span),
        ..FieldEvidence::model_only(field)
    }
}

/// The evidence of a text whose lines are separated by other columns; `model_only`
/// where it is not found.
pub fn broken(
    field: String,
    kind: ValueKind,
    value: &Value,
    sources: &TextSources,
) -> FieldEvidence {
    let Some(value) = value.as_str().filter(|_| kind == ValueKind::Text) else {
        return FieldEvidence::model_only(field);
    };
    for text in sources.all().into_iter().flatten() {
        let Some(lines) = text.find_broken(value) else {
            continue;
        };
        let words: Vec<_> = lines.iter().map(|line| text.words_of(*line)).collect();
        let boxes = lines.iter().map(|line| text.bbox(*line));
        let confidences = lines.iter().filter_map(|line| text.confidence(*line));
        return FieldEvidence {
            class: text.class,
            page: Some(text.page),
            bbox: boxes.reduce(bbox_union),
            text: Some(words.join(" ")),
            ocr_confidence: confidences.reduce(f32::min),
            ..FieldEvidence::model_only(field)
        };
    }
    FieldEvidence::model_only(field)
}
