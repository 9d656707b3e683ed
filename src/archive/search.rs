//! Finds pages by three rankings: words, words that resemble them, and looks. The ranks of the
//! three are fused.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;

use super::index::{LaidOutWords, leaves, merged};
use super::query::{Query, QueryTerm};
use super::terms::{value_tokens, values};
use crate::domain::{Embedding, folded_words};
use crate::store::{FoundPage, PageFilter, PageVector, Store};

/// Most pages of each ranking.
const CANDIDATES: u32 = 100;
/// The constant of reciprocal rank fusion, as in Cormack, Clarke and Büttcher,
/// "Reciprocal Rank Fusion outperforms Condorcet" (SIGIR 2009).
const FUSION: f64 = 60.0;
/// Weight of pages that have only some of the words. Words that many pages have say as
/// little as looks do, and those of a description, such as `blue`, mean something else
/// on a page.
const SOME_WEIGHT: f64 = 0.5;
/// Most words that resemble a term.
const MOST_NEAR: usize = 20;
/// Most pages that are ranked by their words: a word of more pages says little, and ranking
/// takes about 10 microseconds for each page.
const MOST_RANKED: u64 = 4_000;
/// Most places that are reported for a term on a page.
const MOST_PLACES: usize = 3;

pub struct SearchRequest {
    pub query: Query,
    pub filter: PageFilter,
    /// Most pages of the result.
    pub most: usize,
    /// CLIP's embedding of the query; `None`: words alone.
    pub look: Option<TextVector>,
}

/// A text's embedding.
#[derive(Clone, Debug)]
pub struct TextVector {
    /// BLAKE3 (hex) of the CLIP.
    pub model: String,
    pub embedding: Embedding,
    /// The similarity (-1 to 1) from which a page looks as the text says; `None`: not known
    /// of this CLIP. Pages are then ranked by looks where no word is found.
    pub least: Option<f32>,
}

/// A page that was found and why.
#[derive(Clone, Debug)]
pub struct RankedPage {
    pub page: FoundPage,
    /// Reciprocal rank fusion score; greater is better, without a fixed scale.
    pub score: f64,
    pub ranks: Ranks,
    pub why: Vec<Why>,
}

/// Ranks (from 1) of a page in the rankings that have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ranks {
    pub words: Option<u32>,
    pub near_words: Option<u32>,
    pub look: Option<u32>,
}

/// One reason why a page was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The term as typed; `None`: the whole query, for a look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// Whether the word only resembles or contains the term.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_near: bool,
    #[serde(flatten)]
    pub found_in: FoundIn,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "in")]
pub enum FoundIn {
    /// Words of the page.
    Page {
        text: String,
        /// Left, top, right, bottom as shares (0 to 1) of the upright page.
        bbox: [f32; 4],
    },
    Field {
        field: String,
        value: String,
    },
    FileName {
        name: String,
    },
    /// Cosine of CLIP's embeddings of query and page.
    Look {
        similarity: f32,
    },
}

/// The best pages for the request, the best first. `Err` where the database fails.
pub async fn search(store: &Store, request: SearchRequest) -> anyhow::Result<Vec<RankedPage>> {
    let SearchRequest {
        mut query,
        filter,
        most,
        look,
    } = request;
    if query.terms.is_empty() {
        let pages = store.pages_filtered(&filter, most as u32).await?;
        let fused = pages
            .into_iter()
            .map(|page| (page, (0.0, Ranks::default(), None)));
        return explain(store, &query, fused.collect()).await;
    }
    for term in &mut query.terms {
        term.near = near_words(store, term).await?;
    }
    let forms: Vec<&str> = query.terms.iter().flat_map(QueryTerm::forms).collect();
    let counts = store.page_counts(&forms).await?;
    let matching = Matching {
        store,
        filter: &filter,
        counts: &counts,
    };
    let words = matching.exact(&query, most).await?;
    let near = matching.near(&query).await?;
    let has_words = !words.all.is_empty() || !words.some.is_empty() || !near.is_empty();
    let looks = match look {
        Some(look) if look.least.is_some() || !has_words => looks(store, &look, &filter).await?,
        _ => Vec::new(),
    };
    let mut fused = fuse(&words, &near, &looks);
    fused.truncate(most);
    explain(store, &query, fused).await
}

/// Pages that have terms as typed, the best first.
#[derive(Default)]
struct ByWords {
    all: Vec<i64>,
    /// With some of the terms; searched only where few pages have all.
    some: Vec<i64>,
}

/// Finds pages by their words.
struct Matching<'a> {
    store: &'a Store,
    filter: &'a PageFilter,
    /// Number of pages with each form of the terms.
    counts: &'a BTreeMap<String, u64>,
}

impl Matching<'_> {
    async fn exact(&self, query: &Query, most: usize) -> anyhow::Result<ByWords> {
        let counts = query.terms.iter();
        let counts: Vec<u64> = counts.map(|t| t.page_count(self.counts, false)).collect();
        let least = counts.iter().copied().min().unwrap_or(0);
        let mut found = ByWords {
            all: self.pages(query.all_exact(), least).await?,
            some: Vec::new(),
        };
        if found.all.len() < most && query.terms.len() > 1 {
            found.some = self.pages(query.any_exact(), counts.iter().sum()).await?;
            found.some.retain(|page| !found.all.contains(page));
        }
        Ok(found)
    }

    /// Pages with all terms, or words that resemble them.
    async fn near(&self, query: &Query) -> anyhow::Result<Vec<i64>> {
        let counts = query.terms.iter();
        let least = counts.map(|t| t.page_count(self.counts, true)).min();
        self.pages(query.all_near(), least.unwrap_or(0)).await
    }

    /// Pages that match. `count`: upper bound of their number.
    async fn pages(&self, expression: Option<String>, count: u64) -> anyhow::Result<Vec<i64>> {
        let Some(expression) = expression else {
            return Ok(Vec::new());
        };
        let is_ranked = count <= MOST_RANKED;
        let pages = self
            .store
            .pages_matching(&expression, self.filter, is_ranked, CANDIDATES);
        pages.await
    }
}

/// Words of the archive that contain the single word of a term, or differ from it in one or
/// two letters, as after OCR errors.
async fn near_words(store: &Store, term: &QueryTerm) -> anyhow::Result<Vec<String>> {
    let ([word], true) = (term.words.as_slice(), term.tokens.is_empty()) else {
        return Ok(Vec::new());
    };
    let letters: Vec<char> = word.chars().collect();
    // A shorter word resembles too many others.
    let most_edits = match letters.len() {
        0..=3 => return Ok(Vec::new()),
        4..=7 => 1,
        _ => 2,
    };
    let containing = format!("\"{word}\"");
    let mut near = store.words_matching(&containing, MOST_NEAR as u32).await?;
    let trigrams = letters.windows(3).map(|three| {
        let three: String = three.iter().collect();
        format!("\"{three}\"")
    });
    let any = trigrams.collect::<Vec<_>>().join(" OR ");
    let similar = store.words_matching(&any, 5 * MOST_NEAR as u32).await?;
    let is_similar = |other: &String| strsim::osa_distance(word, other) <= most_edits;
    near.extend(similar.into_iter().filter(is_similar));
    near.retain(|other| other != word);
    near.sort();
    near.dedup();
    near.truncate(MOST_NEAR);
    Ok(near)
}

/// Pages that look as the query says, with their similarity (cosine, -1 to 1).
async fn looks(
    store: &Store,
    look: &TextVector,
    filter: &PageFilter,
) -> anyhow::Result<Vec<(i64, f32)>> {
    let vectors = store.page_vectors(&look.model).await?;
    let mut ranked = similarities(&vectors, &look.embedding);
    let least = look.least.unwrap_or(f32::NEG_INFINITY);
    ranked.retain(|(_, similarity)| *similarity >= least);
    if !filter.is_empty() {
        let allowed = store.pages_filtered(filter, u32::MAX).await?;
        let allowed: HashSet<_> = allowed.into_iter().collect();
        ranked.retain(|(page, _)| allowed.contains(page));
    }
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(CANDIDATES as usize);
    Ok(ranked)
}

/// The cosine similarity (-1 to 1) of every stored page, with the page's id.
pub fn similarities(vectors: &[PageVector], to: &Embedding) -> Vec<(i64, f32)> {
    let one = |page: &PageVector| {
        let vector = Embedding::from_half_bytes(&page.vector);
        (page.page_id, vector.similarity(to))
    };
    vectors.par_iter().map(one).collect()
}

type Fused = Vec<(i64, (f64, Ranks, Option<f32>))>;

/// Pages with all of the words, in their order, then the others by the sum of `weight / (60 +
/// rank)` over the rankings that have them. Who types the words of a page looks for this page,
/// so neither resembling words nor looks come before it.
fn fuse(words: &ByWords, near: &[i64], looks: &[(i64, f32)]) -> Fused {
    let all: HashSet<_> = words.all.iter().collect();
    let mut pages: BTreeMap<i64, (f64, Ranks, Option<f32>)> = BTreeMap::new();
    let gain = |page: &i64, weight: f64, rank: u32| match all.contains(page) {
        true => 0.0,
        false => weight / (FUSION + f64::from(rank)),
    };
    for (page, rank) in words.all.iter().chain(&words.some).zip(1..) {
        let of_page = pages.entry(*page).or_default();
        of_page.0 = match all.contains(page) {
            // More than all rankings together can give.
            true => 1.0 + 1.0 / f64::from(rank),
            false => gain(page, SOME_WEIGHT, rank),
        };
        of_page.1.words = Some(rank);
    }
    for (page, rank) in near.iter().zip(1..) {
        let of_page = pages.entry(*page).or_default();
        of_page.0 += gain(page, 1.0, rank);
        of_page.1.near_words = Some(rank);
    }
    for ((page, similarity), rank) in looks.iter().zip(1..) {
        let of_page = pages.entry(*page).or_default();
        of_page.0 += gain(page, 1.0, rank);
        of_page.1.look = Some(rank);
        of_page.2 = Some(*similarity);
    }
    let mut fused: Vec<_> = pages.into_iter().collect();
    fused.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    fused
}

async fn explain(store: &Store, query: &Query, fused: Fused) -> anyhow::Result<Vec<RankedPage>> {
    let ids: Vec<i64> = fused.iter().map(|(page, _)| *page).collect();
    let mut of_page: BTreeMap<_, _> = fused.into_iter().collect();
    let pages = store.found_pages(&ids).await?;
    let found = pages.into_iter().map(|page| {
        let (score, ranks, similarity) = of_page.remove(&page.page_id).unwrap_or_default();
        let mut why = reasons(&query.terms, &page);
        why.extend(similarity.map(|similarity| Why {
            term: None,
            is_near: false,
            found_in: FoundIn::Look { similarity },
        }));
        RankedPage {
            page,
            score,
            ranks,
            why,
        }
    });
    Ok(found.collect())
}

/// The places where the page, its record and its files' names have the terms.
fn reasons(terms: &[QueryTerm], page: &FoundPage) -> Vec<Why> {
    let layer = page.texts.iter().flat_map(|text| text.layer_words());
    let ocr = page.texts.iter().flat_map(|text| text.ocr_words());
    let text = LaidOutWords::new(merged(layer, ocr.map(|word| word.word)));
    let record = page
        .record
        .iter()
        .filter(|record| record.first_page == page.index);
    let fields: Vec<_> = record.flat_map(|record| leaves(&record.fields)).collect();
    let mut why = Vec::new();
    for term in terms {
        let mut found = occurrences(&term.words, &term.tokens, page, &text, &fields);
        let is_near = found.is_empty();
        if is_near {
            for word in &term.near {
                found.extend(occurrences(
                    std::slice::from_ref(word),
                    &[],
                    page,
                    &text,
                    &fields,
                ));
            }
        }
        why.extend(found.into_iter().map(|found_in| Why {
            term: Some(term.typed.clone()),
            is_near,
            found_in,
        }));
    }
    why
}

fn occurrences(
    words: &[String],
    tokens: &[String],
    page: &FoundPage,
    text: &LaidOutWords,
    fields: &[(crate::domain::FieldPath, String)],
) -> Vec<FoundIn> {
    let mut found = Vec::new();
    for (path, value) in fields {
        let has_value = || {
            value_tokens(value)
                .iter()
                .any(|token| tokens.contains(token))
        };
        if has_phrase(&folded_words(value), words) || has_value() {
            found.push(FoundIn::Field {
                field: path.to_string(),
                value: value.clone(),
            });
        }
    }
    for range in places(text, words, tokens) {
        found.extend(text.bbox(&range).map(|bbox| FoundIn::Page {
            text: text.text[range].to_owned(),
            bbox,
        }));
    }
    for name in page.names.lines() {
        if has_phrase(&folded_words(name), words) {
            found.push(FoundIn::FileName {
                name: name.to_owned(),
            });
        }
    }
    found
}

fn has_phrase(text: &[String], phrase: &[String]) -> bool {
    text.windows(phrase.len()).any(|window| window == phrase)
}

/// Byte ranges where a text has the words in sequence, or a number or date with the same value.
fn places(text: &LaidOutWords, words: &[String], tokens: &[String]) -> Vec<Range<usize>> {
    let all: Vec<(String, &Range<usize>)> = text
        .words
        .iter()
        .flat_map(|(range, word)| {
            folded_words(&word.text)
                .into_iter()
                .map(move |w| (w, range))
        })
        .collect();
    let phrases = all
        .windows(words.len())
        .filter(|window| window.iter().map(|(word, _)| word).eq(words));
    let mut places: Vec<Range<usize>> = phrases
        .map(|window| window[0].1.start..window[words.len() - 1].1.end)
        .collect();
    if !tokens.is_empty() {
        let same = |span: &super::terms::ValueSpan| span.tokens.iter().any(|t| tokens.contains(t));
        for span in values(&text.text).into_iter().filter(same) {
            let is_known =
                |place: &Range<usize>| place.start < span.range.end && span.range.start < place.end;
            if !places.iter().any(is_known) {
                places.push(span.range);
            }
        }
    }
    places.sort_by_key(|place| place.start);
    places.truncate(MOST_PLACES);
    places
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
