//! Groups pages of one type by their layout: what one seller, app or form prints on each.
//!
//! Pages are compared in the order of their ids, each with the layouts before it. It joins
//! the most similar one, or begins a layout that has its id (leader clustering: Hartigan,
//! Clustering Algorithms, 1975, chapter 3). New pages therefore never change the layouts of
//! older ones, which a clustering of all pages at once would.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::{Embedding, folded_words};
use crate::store::{LayoutPage, LayoutTemplate, PageLayout, Store};

/// Pages that a layout is known by: its oldest ones.
const MEMBERS: u32 = 8;
/// Least share (0 to 1) of words in common, at their places, of pages with one layout.
const SAME_LAYOUT: f32 = 0.4;
/// Greatest difference of the places of a word, as a share (0 to 1) of the text's width.
const SAME_PLACE: f32 = 0.06;
/// Fewest words of a page whose words are compared.
const LEAST_WORDS: usize = 8;
/// Least similarity (-1 to 1) of the embeddings of pages with one layout, where one of them has
/// too few words to compare.
const SAME_LOOK: f32 = 0.97;
/// Layouts with the most words in common that are compared in full.
const CANDIDATES: usize = 20;
/// Pages whose layouts are stored at once.
const CHUNK: usize = 500;

/// Finds the layouts of pages that have none yet. Reads these pages alone, and the templates
/// of known layouts. Returns the ids of new layouts.
pub async fn update_layouts(store: &Store) -> anyhow::Result<Vec<i64>> {
    store.delete_outdated_layouts().await?;
    let mut by_type = BTreeMap::<String, Vec<i64>>::new();
    for (page, doc_type) in store.pages_without_layout().await? {
        by_type.entry(doc_type).or_default().push(page);
    }
    let mut new = Vec::new();
    for (doc_type, pages) in by_type {
        let mut layouts = Layouts::load(store, &doc_type).await?;
        for pages in pages.chunks(CHUNK) {
            let mut found = Vec::with_capacity(pages.len());
            for page_id in pages.iter().copied() {
                let sketch = Sketch::of(&store.layout_page(page_id).await?);
                let layout = layouts.nearest(&sketch).unwrap_or(page_id);
                layouts.add(layout, sketch);
                if layout == page_id {
                    new.push(layout);
                }
                found.push(PageLayout {
                    page_id,
                    layout,
                    doc_type: doc_type.clone(),
                });
            }
            let changed = layouts.take_changed();
            store.insert_layouts(&found, &doc_type, &changed).await?;
        }
    }
    new.sort_unstable();
    Ok(new)
}

/// What a page's layout is recognised by.
#[derive(Clone, Debug, Default)]
struct Sketch {
    /// Hashes of its words without digits, with the place of the first one of each: its left
    /// edge as a share (0 to 1) of the text's width, so that margins do not count.
    words: HashMap<u64, f32>,
    embedding: Option<(String, Embedding)>,
}

impl Sketch {
    fn of(page: &LayoutPage) -> Sketch {
        let words = page.texts.iter().flat_map(|text| &text.words);
        let words = words.map(|word| &word.word);
        let left = words.clone().map(|word| word.bbox[0]).fold(1.0, f32::min);
        let right = words.clone().map(|word| word.bbox[2]).fold(0.0, f32::max);
        let width = (right - left).max(f32::EPSILON);
        let mut sketch = Sketch {
            words: HashMap::new(),
            embedding: page.embedding.clone(),
        };
        for word in words {
            let place = (word.bbox[0] - left) / width;
            for part in folded_words(&word.text) {
                if part.chars().count() > 1 && part.chars().all(char::is_alphabetic) {
                    sketch.words.entry(hash(&part)).or_insert(place);
                }
            }
        }
        sketch
    }
}

/// The same in every version, since it is stored.
fn hash(word: &str) -> u64 {
    let bytes = *blake3::hash(word.as_bytes()).as_bytes();
    let (first, _) = bytes.split_first_chunk().expect("32 bytes");
    u64::from_le_bytes(*first)
}

/// Bytes of a word in a stored template: hash, number of pages and place.
const WORD_BYTES: usize = 8 + 4 + 4;

/// A layout, as its oldest pages show it.
#[derive(Debug)]
struct Template {
    id: i64,
    members: u32,
    /// For each word the number of members with it, and its mean place.
    words: HashMap<u64, (u32, f32)>,
    /// Of its oldest page.
    embedding: Option<(String, Embedding)>,
}

impl Template {
    fn of(stored: LayoutTemplate) -> Template {
        let word = |bytes: &[u8; WORD_BYTES]| {
            let [hash @ .., a, b, c, d, e, f, g, h] = *bytes;
            let count = u32::from_le_bytes([a, b, c, d]);
            let place = f32::from_le_bytes([e, f, g, h]);
            (u64::from_le_bytes(hash), (count, place))
        };
        let (words, _) = stored.words.as_chunks();
        Template {
            id: stored.layout,
            members: stored.pages,
            words: words.iter().map(word).collect(),
            embedding: stored.embedding,
        }
    }

    fn to_stored(&self) -> LayoutTemplate {
        let bytes = |(hash, (count, place)): (&u64, &(u32, f32))| {
            let (hash, count) = (hash.to_le_bytes(), count.to_le_bytes());
            [&hash[..], &count, &place.to_le_bytes()].concat()
        };
        LayoutTemplate {
            layout: self.id,
            pages: self.members,
            words: self.words.iter().flat_map(bytes).collect(),
            embedding: None,
        }
    }

    /// The share (0 to 1) of words that both have in the same place, of the one that has fewer:
    /// lists of items have words of their own. Of several members, only words that half of them
    /// have count.
    fn similarity(&self, sketch: &Sketch) -> f32 {
        let least = self.members.div_ceil(2);
        let recurring = self.words.iter().filter(|(_, (count, _))| *count >= least);
        let (mut own, mut common) = (0, 0);
        for (word, (_, place)) in recurring {
            own += 1;
            let other = sketch.words.get(word);
            common += usize::from(other.is_some_and(|other| (place - other).abs() <= SAME_PLACE));
        }
        let fewer = sketch.words.len().min(own);
        match fewer < LEAST_WORDS {
            true => self.similarity_of_looks(sketch),
            false => common as f32 / fewer as f32,
        }
    }

    /// 1 or 0, by the embeddings alone.
    fn similarity_of_looks(&self, sketch: &Sketch) -> f32 {
        match (&self.embedding, &sketch.embedding) {
            (Some((model, own)), Some((other_model, other))) if model == other_model => {
                f32::from(u8::from(own.similarity(other) >= SAME_LOOK))
            }
            _ => 0.0,
        }
    }
}

/// The layouts of one document type.
#[derive(Debug, Default)]
struct Layouts {
    templates: Vec<Template>,
    /// Indices of the templates with a word.
    by_word: HashMap<u64, Vec<usize>>,
    /// Indices of the templates that are not stored as they are.
    changed: BTreeSet<usize>,
}

impl Layouts {
    async fn load(store: &Store, doc_type: &str) -> anyhow::Result<Layouts> {
        let mut layouts = Layouts::default();
        for stored in store.layout_templates(doc_type).await? {
            layouts.push(Template::of(stored));
        }
        for member in store.pages_without_template(doc_type, MEMBERS).await? {
            let page = store.layout_page(member.page_id).await?;
            layouts.add(member.layout, Sketch::of(&page));
        }
        Ok(layouts)
    }

    /// The templates that changed since they were loaded or this was called.
    fn take_changed(&mut self) -> Vec<LayoutTemplate> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed
            .map(|index| self.templates[index].to_stored())
            .collect()
    }

    fn push(&mut self, template: Template) {
        for word in template.words.keys() {
            let indices = self.by_word.entry(*word).or_default();
            indices.push(self.templates.len());
        }
        self.templates.push(template);
    }

    /// The id of the layout that the page has; `None`: of none of them.
    fn nearest(&self, sketch: &Sketch) -> Option<i64> {
        let similar = self.candidates(sketch).into_iter().map(|index| {
            let template = &self.templates[index];
            (template.similarity(sketch), template.id)
        });
        let similar = similar.filter(|(similarity, _)| *similarity >= SAME_LAYOUT);
        // Of equal ones the older.
        let best = similar.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        best.map(|(_, id)| id)
    }

    /// Indices of the templates with the most words in common, and of all with too few words.
    fn candidates(&self, sketch: &Sketch) -> Vec<usize> {
        let mut common = vec![0_usize; self.templates.len()];
        for word in sketch.words.keys() {
            for index in self.by_word.get(word).into_iter().flatten() {
                common[*index] += 1;
            }
        }
        let has_few = |index: &usize| {
            let words = self.templates[*index].words.len();
            words.min(sketch.words.len()) < LEAST_WORDS
        };
        let (few, mut indices): (Vec<usize>, Vec<usize>) =
            (0..self.templates.len()).partition(has_few);
        indices.sort_by_key(|index| std::cmp::Reverse(common[*index]));
        indices.truncate(CANDIDATES);
        [few, indices].concat()
    }

    fn add(&mut self, layout: i64, sketch: Sketch) {
        let known = self.templates.iter().position(|known| known.id == layout);
        let index = known.unwrap_or_else(|| {
            self.templates.push(Template {
                id: layout,
                members: 0,
                words: HashMap::new(),
                embedding: sketch.embedding.clone(),
            });
            self.templates.len() - 1
        });
        let template = &mut self.templates[index];
        if template.members == MEMBERS {
            return;
        }
        template.members += 1;
        self.changed.insert(index);
        for (word, place) in sketch.words {
            let (count, mean) = template.words.entry(word).or_default();
            if *count == 0 {
                self.by_word.entry(word).or_default().push(index);
            }
            *count += 1;
            *mean += (place - *mean) / *count as f32;
        }
    }
}

#[cfg(test)]
#[path = "layouts_tests.rs"]
mod tests;
