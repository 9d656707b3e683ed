//! Makes the search index entries of pages.

use std::collections::HashSet;
use std::ops::Range;

use serde_json::Value;

use super::terms::{value_tokens, values};
use crate::domain::{FieldPath, Fields, PageResult, PathSegment, Record, Word, bbox_union, folded};
use crate::store::PageEntry;

/// Greatest gap between words of one column, as a share (0 to 1) of the page's width.
const COLUMN_GAP: f32 = 0.04;

/// The index entry of each page of a document, with the values of its records.
pub fn entries(pages: &[PageResult], records: &[Record]) -> Vec<PageEntry> {
    let entry = |page: &PageResult| {
        let record = records
            .iter()
            .find(|record| record.pages.first() == Some(&page.index));
        let leaves = record.map(|record| leaves(&record.fields));
        let leaves = leaves.unwrap_or_default();
        let text = LaidOutWords::new(page_words(page));
        let of_text = values(&text.text).into_iter().flat_map(|span| span.tokens);
        let of_fields = leaves.iter().flat_map(|(_, value)| value_tokens(value));
        let numbers = of_text.chain(of_fields).collect();
        let values: Vec<&str> = leaves.iter().map(|(_, value)| value.as_str()).collect();
        PageEntry {
            page: page.index,
            fields: values.join("\n"),
            body: text.text,
            numbers,
        }
    };
    pages.iter().map(entry).collect()
}

/// The words of the text layer, and those of OCR that the layer does not have.
fn page_words(page: &PageResult) -> Vec<Word> {
    let ocr = page.ocr.iter().map(|ocr| ocr.word.clone());
    merged(page.words.iter().cloned(), ocr)
}

/// All words of the layer, and those of OCR that it does not have.
pub fn merged(layer: impl Iterator<Item = Word>, ocr: impl Iterator<Item = Word>) -> Vec<Word> {
    let mut words: Vec<Word> = layer.collect();
    let known: HashSet<String> = words.iter().map(|word| folded(&word.text)).collect();
    words.extend(ocr.filter(|word| !known.contains(&folded(&word.text))));
    words
}

/// The values of a record that are not null, with their paths.
pub fn leaves(fields: &Fields) -> Vec<(FieldPath, String)> {
    let mut found = Vec::new();
    for (name, value) in fields {
        collect(vec![PathSegment::Name(name.clone())], value, &mut found);
    }
    found
}

fn collect(path: Vec<PathSegment>, value: &Value, found: &mut Vec<(FieldPath, String)>) {
    let below = |segment| [path.as_slice(), &[segment]].concat();
    match value {
        Value::Null => {}
        Value::String(text) => found.push((FieldPath::from(path), text.clone())),
        Value::Bool(_) | Value::Number(_) => found.push((FieldPath::from(path), value.to_string())),
        Value::Array(lines) => {
            for (at, line) in lines.iter().enumerate() {
                collect(below(PathSegment::Line(at)), line, found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(below(PathSegment::Name(name.clone())), value, found);
            }
        }
    }
}

/// Words laid out as a text with lines and columns separated, each with its place in it.
pub struct LaidOutWords {
    pub text: String,
    /// In the text's order, with their byte ranges.
    pub words: Vec<(Range<usize>, Word)>,
}

impl LaidOutWords {
    pub fn new(words: Vec<Word>) -> LaidOutWords {
        let mut laid_out = LaidOutWords {
            text: String::new(),
            words: Vec::with_capacity(words.len()),
        };
        for word in words {
            if let Some((_, before)) = laid_out.words.last() {
                laid_out.text.push(match follows(before, &word) {
                    true => ' ',
                    false => '\n',
                });
            }
            let start = laid_out.text.len();
            laid_out.text.push_str(word.text.trim());
            laid_out.words.push((start..laid_out.text.len(), word));
        }
        laid_out
    }

    /// The box (as [`Word::bbox`]) around the words that a byte range of the text touches;
    /// `None` where it touches none.
    pub fn bbox(&self, range: &Range<usize>) -> Option<[f32; 4]> {
        let touched = self
            .words
            .iter()
            .filter(|(bytes, _)| bytes.start < range.end && range.start < bytes.end);
        touched.map(|(_, word)| word.bbox).reduce(bbox_union)
    }
}

/// Whether a word continues the line of the previous word, in the same column.
fn follows(before: &Word, word: &Word) -> bool {
    let ([_, top, right, bottom], [left, next_top, _, next_bottom]) = (before.bbox, word.bbox);
    let is_level = next_top.max(top) < next_bottom.min(bottom);
    is_level && (-COLUMN_GAP..COLUMN_GAP).contains(&(left - right))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn word(text: &str, left: f32, top: f32) -> Word {
        Word {
            text: text.to_owned(),
            bbox: [left, top, left + 0.1, top + 0.02],
        }
    }

    #[test]
    fn numbers_do_not_go_on_beyond_a_column() {
        let apart = vec![word("1", 0.1, 0.1), word("234,50", 0.5, 0.1)];
        assert_eq!(LaidOutWords::new(apart).text, "1\n234,50");
        let together = vec![word("1", 0.1, 0.1), word("234,50", 0.21, 0.1)];
        let laid_out = LaidOutWords::new(together);
        assert_eq!(laid_out.text, "1 234,50");
        let bbox = laid_out.bbox(&(0..8)).unwrap();
        assert!((bbox[2] - 0.31).abs() < 1e-6, "{bbox:?}");
    }

    #[test]
    fn leaves_have_their_places() {
        let fields = json!({"total": "7.40", "date": null, "items": [{"amount": "1.00"}]});
        let found = leaves(fields.as_object().unwrap());
        let found: Vec<_> = found
            .iter()
            .map(|(path, value)| format!("{path} {value}"))
            .collect();
        assert_eq!(found, ["total 7.40", "items[0].amount 1.00"]);
    }

    #[test]
    fn ocr_adds_only_what_the_text_layer_lacks() {
        let layer = [word("Total", 0.0, 0.0)].into_iter();
        let ocr = [word("TOTAL", 0.0, 0.0), word("Stamp", 0.5, 0.5)].into_iter();
        let texts: Vec<_> = merged(layer, ocr)
            .into_iter()
            .map(|word| word.text)
            .collect();
        assert_eq!(texts, ["Total", "Stamp"]);
    }
}
