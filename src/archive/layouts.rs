//! Groups pages of one type by their layout: the template of a seller, an app or a form.
//!
//! Pages are compared in the order of their ids, each with the layouts before it. It joins
//! the most similar one, or begins a layout that has its id (leader clustering: Hartigan,
//! Clustering Algorithms, 1975, chapter 3). New pages therefore never change the layouts of
//! older ones, which a clustering of all pages at once would.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::{Embedding, folded_words};
use crate::store::{LayoutPage, PageLayout, Store};

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

/// Finds the layouts of pages that have none yet. Returns the ids of new layouts.
pub async fn update_layouts(store: &Store) -> anyhow::Result<Vec<i64>> {
    let mut new = Vec::new();
    let mut by_type = BTreeMap::<String, Layouts>::new();
    let pages = store.pages_without_layout().await?;
    for pages in pages.chunks(CHUNK) {
        let mut found = Vec::with_capacity(pages.len());
        for (page_id, doc_type) in pages {
            if !by_type.contains_key(doc_type) {
                let known = Layouts::load(store, doc_type).await?;
                by_type.insert(doc_type.clone(), known);
            }
            let layouts = by_type.get_mut(doc_type).expect("inserted above");
            let sketch = Sketch::of(&store.layout_page(*page_id).await?);
            let layout = layouts.nearest(&sketch).unwrap_or(*page_id);
            layouts.add(layout, sketch);
            if layout == *page_id {
                new.push(layout);
            }
            found.push(PageLayout {
                page_id: *page_id,
                layout,
                doc_type: doc_type.clone(),
            });
        }
        store.insert_layouts(&found).await?;
    }
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

fn hash(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    hasher.finish()
}

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
}

impl Layouts {
    async fn load(store: &Store, doc_type: &str) -> anyhow::Result<Layouts> {
        let mut layouts = Layouts::default();
        for member in store.layout_members(doc_type, MEMBERS).await? {
            let page = store.layout_page(member.page_id).await?;
            layouts.add(member.layout, Sketch::of(&page));
        }
        Ok(layouts)
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
