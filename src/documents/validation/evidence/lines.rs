//! Finds the lines of a list on the page. Their values are looked for in one row, so
//! that a 1 is the quantity's and not another 1 of the page.

use serde_json::{Map, Value};

use super::find::{self, Place, ValueKind};
use super::sources::{TextSources, at, broken, is_absent};
use super::text::EvidencePage;
use crate::domain::{FieldEvidence, line_properties};

/// Greatest distance of a value from the middle of its row, in heights of a line: a
/// description may begin or end a line higher or lower.
const ROW: f32 = 1.2;
/// Greatest distance of a description's continuation from the middle of its row, in
/// heights of a line.
const TEXT_ROWS: f32 = 4.0;

/// The values of one line with the possible places of each.
pub struct LineLeaves<'a> {
    pub leaves: Vec<Leaf<'a>>,
}

#[derive(Clone)]
pub struct Leaf<'a> {
    pub path: String,
    pub kind: ValueKind,
    pub places: Vec<Place<'a>>,
}

/// The vertical place of a row on a page.
#[derive(Clone, Copy)]
pub struct Row {
    page: u32,
    middle: f32,
    height: f32,
}

pub fn look_up(
    name: &str,
    list: &[Value],
    property: &Value,
    sources: &TextSources,
) -> Vec<FieldEvidence> {
    let properties = line_properties(property);
    let mut evidence = Vec::new();
    let mut before = None;
    for (index, entry) in list.iter().enumerate() {
        let prefix = format!("{name}[{index}].");
        let values = entry.as_object().cloned().unwrap_or_default();
        let (texts, line) = best_source(&prefix, &values, properties, sources);
        let row = line.row(before);
        before = row.or(before);
        for leaf in &line.leaves {
            let mut place = leaf.place(row);
            if place.is_none() {
                place = other_source(leaf, &values, texts, sources);
            }
            let value = leaf
                .path
                .rsplit('.')
                .next()
                .and_then(|field| values.get(field));
            let of_leaf = match (place, value) {
                (None, Some(value)) => broken(leaf.path.clone(), leaf.kind, value, sources),
                (place, _) => at(leaf.path.clone(), place),
            };
            evidence.push(of_leaf);
        }
    }
    evidence
}

/// The line in the text layer, or in OCR where the text layer does not have it.
pub fn best_source<'a>(
    prefix: &str,
    values: &Map<String, Value>,
    properties: Option<&Map<String, Value>>,
    sources: &'a TextSources,
) -> (&'a [EvidencePage], LineLeaves<'a>) {
    let texts = sources.preferred();
    (texts, LineLeaves::of(prefix, values, properties, texts))
}

/// A value that the text layer lacks may be in a picture that OCR reads.
fn other_source<'a>(
    leaf: &Leaf<'_>,
    values: &Map<String, Value>,
    asked: &[EvidencePage],
    sources: &'a TextSources,
) -> Option<Place<'a>> {
    if leaf.kind == ValueKind::Quantity || std::ptr::eq(asked, sources.ocr.as_slice()) {
        return None;
    }
    let field = leaf.path.rsplit('.').next()?;
    let value = values.get(field)?;
    sources.ocr.iter().find_map(|text| {
        let span = find::occurrences(text, leaf.kind, value)
            .into_iter()
            .next()?;
        Some(Place { text, span })
    })
}

impl<'a> LineLeaves<'a> {
    fn of(
        prefix: &str,
        values: &Map<String, Value>,
        properties: Option<&Map<String, Value>>,
        texts: &'a [EvidencePage],
    ) -> LineLeaves<'a> {
        let present = values.iter().filter(|(_, value)| !is_absent(value));
        let leaves = present.map(|(field, value)| {
            let property = properties.and_then(|properties| properties.get(field));
            let kind = property.map_or(ValueKind::Text, ValueKind::of);
            let places = texts.iter().flat_map(|text| {
                let spans = find::occurrences(text, kind, value);
                spans.into_iter().map(move |span| Place { text, span })
            });
            Leaf {
                path: format!("{prefix}{field}"),
                kind,
                places: places.collect(),
            }
        });
        LineLeaves {
            leaves: leaves.collect(),
        }
    }

    /// The line without some fields.
    pub fn without(&self, fields: &[&str]) -> LineLeaves<'a> {
        let other = |leaf: &&Leaf| !fields.contains(&leaf.path.as_str());
        LineLeaves {
            leaves: self.leaves.iter().filter(other).cloned().collect(),
        }
    }

    /// The row with most of the line's values. Of several, the first after the previous
    /// line's row, which it shares only where no other row has values.
    pub fn row(&self, before: Option<Row>) -> Option<Row> {
        let mut best: Option<((usize, bool, f32), Row)> = None;
        for leaf in &self.leaves {
            for place in &leaf.places {
                let row = Row::of(place);
                let hits = self
                    .leaves
                    .iter()
                    .filter(|leaf| leaf.in_row(row).is_some())
                    .count();
                let is_after = before.is_none_or(|before| row.is_after(before));
                let score = (hits, is_after, -row.order());
                if best.as_ref().is_none_or(|(known, _)| score > *known) {
                    best = Some((score, row));
                }
            }
        }
        best.map(|(_, row)| row)
    }
}

impl Row {
    pub fn of(place: &Place<'_>) -> Row {
        let bbox = place.bbox();
        let first = &place.text.words[place.span.first];
        Row {
            page: place.text.page,
            middle: (bbox[1] + bbox[3]) / 2.0,
            height: first.height().max(f32::EPSILON),
        }
    }

    /// Its place in the order of the document: the page's index, plus the middle as a
    /// share of the page's height.
    pub fn order(self) -> f32 {
        self.page as f32 + self.middle
    }

    fn is_after(self, before: Row) -> bool {
        (self.page, self.middle) > (before.page, before.middle + before.height / 2.0)
    }

    /// Distance of a place in line heights; `None` on another page.
    pub fn distance(self, place: &Place<'_>) -> Option<f32> {
        let other = Row::of(place);
        let height = self.height.max(other.height);
        (self.page == other.page).then(|| (self.middle - other.middle).abs() / height)
    }
}

impl<'a> Leaf<'a> {
    pub fn in_row(&self, row: Row) -> Option<Place<'a>> {
        let most = if self.kind == ValueKind::Text {
            TEXT_ROWS
        } else {
            ROW
        };
        let near = self
            .places
            .iter()
            .filter_map(|place| Some((row.distance(place)?, *place)));
        near.filter(|(distance, _)| *distance <= most)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, place)| place)
    }

    /// The place in the row; values other than small numbers may also be elsewhere.
    fn place(&self, row: Option<Row>) -> Option<Place<'a>> {
        let in_row = row.and_then(|row| self.in_row(row));
        match self.kind {
            ValueKind::Quantity => in_row,
            _ => in_row.or(self.places.first().copied()),
        }
    }
}
