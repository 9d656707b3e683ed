//! Finds pages that look like a page.

use super::search::{Evidence, Found, Ranks, Why, similarities};
use crate::domain::Embedding;
use crate::store::Store;

/// The page to compare with.
pub enum Example {
    /// A stored page, by its id.
    Page(i64),
    Embedding(Embedding),
}

/// At most `most` pages that are most similar to an example by the CLIP with the hash
/// `model`, without the example itself; `None` where the example has no embedding of this
/// CLIP.
///
/// Compares every stored embedding, so the result is exact.
pub async fn similar(
    store: &Store,
    model: &str,
    example: Example,
    most: usize,
) -> anyhow::Result<Option<Vec<Found>>> {
    let mut vectors = store.page_vectors(model).await?;
    let embedding = match example {
        Example::Embedding(embedding) => embedding,
        Example::Page(id) => {
            let Some(place) = vectors.iter().position(|page| page.page_id == id) else {
                return Ok(None);
            };
            Embedding::from_half_bytes(&vectors.swap_remove(place).vector)
        }
    };
    let mut ranked = similarities(&vectors, &embedding);
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(most);
    let ids: Vec<i64> = ranked.iter().map(|(page, _)| *page).collect();
    let pages = store.found_pages(&ids).await?.into_iter();
    let found = pages.filter_map(|page| {
        let rank = ids.iter().position(|id| *id == page.page_id)?;
        let similarity = ranked[rank].1;
        Some(Found {
            page,
            score: f64::from(similarity),
            ranks: Ranks {
                look: Some(rank as u32 + 1),
                ..Ranks::default()
            },
            why: vec![Why {
                term: None,
                is_near: false,
                evidence: Evidence::Look { similarity },
            }],
        })
    });
    Ok(Some(found.collect()))
}
