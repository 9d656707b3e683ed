//! Finds pages that look like a page.

use super::search::{FoundIn, RankedPage, Ranks, Why, similarities};
use crate::domain::Embedding;
use crate::store::{PageVector, Store};

/// The page to compare with.
pub enum Example {
    /// A stored page, by its id.
    Page(i64),
    Embedding(Embedding),
}

/// The embeddings of all pages by one CLIP, for as many comparisons as are wanted.
/// Each compares every embedding, so the results are exact.
pub struct Neighbours(Vec<PageVector>);

impl Neighbours {
    /// `model`: hash of the CLIP.
    pub async fn load(store: &Store, model: &str) -> anyhow::Result<Neighbours> {
        Ok(Neighbours(store.page_vectors(model).await?))
    }

    /// Ids of at most `most` other pages with their similarity (-1 to 1) to a stored
    /// page, the most similar first; `None` where the page has no embedding.
    pub fn of(&self, page: i64, most: usize) -> Option<Vec<(i64, f32)>> {
        let own = self.0.iter().find(|other| other.page_id == page)?;
        let embedding = Embedding::from_half_bytes(&own.vector);
        Some(self.nearest(&embedding, Some(page), most))
    }

    fn nearest(&self, to: &Embedding, without: Option<i64>, most: usize) -> Vec<(i64, f32)> {
        let mut ranked = similarities(&self.0, to);
        ranked.retain(|(page, _)| Some(*page) != without);
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(most);
        ranked
    }
}

/// At most `most` pages that are most similar to an example by the CLIP with the hash
/// `model`, without the example itself; `None` where the example has no embedding of this
/// CLIP.
pub async fn similar(
    store: &Store,
    model: &str,
    example: Example,
    most: usize,
) -> anyhow::Result<Option<Vec<RankedPage>>> {
    let neighbours = Neighbours::load(store, model).await?;
    let ranked = match example {
        Example::Embedding(embedding) => Some(neighbours.nearest(&embedding, None, most)),
        Example::Page(id) => neighbours.of(id, most),
    };
    let Some(ranked) = ranked else {
        return Ok(None);
    };
    let ids: Vec<i64> = ranked.iter().map(|(page, _)| *page).collect();
    let pages = store.found_pages(&ids).await?.into_iter();
    let found = pages.filter_map(|page| {
        let rank = ids.iter().position(|id| *id == page.page_id)?;
        let similarity = ranked[rank].1;
        Some(RankedPage {
            page,
            score: f64::from(similarity),
            ranks: Ranks {
                look: Some(rank as u32 + 1),
                ..Ranks::default()
            },
            why: vec![Why {
                term: None,
                is_near: false,
                found_in: FoundIn::Look { similarity },
            }],
        })
    });
    Ok(Some(found.collect()))
}
