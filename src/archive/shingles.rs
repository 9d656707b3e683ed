//! Similarity of the wording of two pages, without digits.

use crate::domain::folded_words;

/// Letters of a shingle.
const LETTERS: usize = 5;
/// Bins of the hash.
const BINS: usize = 64;
/// Bins of a band: texts that share a band are compared. With 16 bands of 4 a
/// pair of similarity s is found with probability 1 - (1 - s^4)^16: 0.2 of 0.34,
/// 0.64 of 0.5, 0.99 of 0.7 (Leskovec, Rajaraman and Ullman, Mining of Massive
/// Datasets, section 3.4).
const ROWS: usize = 4;
/// Fewest shingles of a text that is compared.
const LEAST_SHINGLES: usize = 30;

/// The smallest hash of a text's shingles in each of 64 bins (one permutation
/// hashing: Li, Owen and Zhang, NIPS 2012).
#[derive(Clone, Debug, PartialEq)]
pub struct Shingles([Option<u32>; BINS]);

impl Shingles {
    /// `None` for a text with fewer than [`LEAST_SHINGLES`] shingles.
    pub fn of(text: &str) -> Option<Shingles> {
        let words = folded_words(text);
        let letters: Vec<char> = words
            .iter()
            .flat_map(|word| word.chars())
            .filter(|c| !c.is_ascii_digit())
            .collect();
        if letters.len() < LEAST_SHINGLES + LETTERS - 1 {
            return None;
        }
        let mut bins = [None; BINS];
        for shingle in letters.windows(LETTERS) {
            let hash = hash(shingle);
            let bin: &mut Option<u32> = &mut bins[hash as usize % BINS];
            let value = (hash >> 32) as u32;
            *bin = Some(bin.map_or(value, |least| least.min(value)));
        }
        Some(Shingles(bins))
    }

    /// Estimated share (0 to 1) of shingles that both have (Jaccard).
    pub fn similarity(&self, other: &Shingles) -> f64 {
        let filled = self.0.iter().zip(&other.0);
        let filled = filled.filter(|(a, b)| a.is_some() || b.is_some());
        let (same, all) = filled.fold((0.0, 0.0), |(same, all), (a, b)| {
            (same + f64::from(u8::from(a == b)), all + 1.0)
        });
        if all == 0.0 { 0.0 } else { same / all }
    }

    /// Index and values of the bands without empty bins.
    pub fn bands(&self) -> impl Iterator<Item = (usize, [u32; ROWS])> + '_ {
        let bands = self.0.chunks_exact(ROWS).enumerate();
        bands.filter_map(|(place, bins)| {
            let mut band = [0; ROWS];
            for (value, bin) in band.iter_mut().zip(bins) {
                *value = (*bin)?;
            }
            Some((place, band))
        })
    }
}

/// FNV-1a of 64 bits with its halves mixed.
fn hash(shingle: &[char]) -> u64 {
    let step =
        |hash: u64, c: &char| (hash ^ u64::from(u32::from(*c))).wrapping_mul(0x100_0000_01b3);
    let hash = shingle.iter().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Weber Druck GmbH, Lindenstrasse, Rechnung vom Juli, Briefbogen und Visitenkarten, \
        zahlbar binnen vierzehn Tagen ohne Abzug auf unser Konto bei der Sparkasse";

    fn similarity(a: &str, b: &str) -> f64 {
        let (a, b) = (Shingles::of(a).unwrap(), Shingles::of(b).unwrap());
        a.similarity(&b)
    }

    #[test]
    fn digits_and_marks_do_not_count_and_words_do() {
        assert_eq!(similarity(TEXT, &format!("{TEXT} 4711 12.50")), 1.0);
        let damaged = TEXT.replace("Briefbogen", "Br1efbogen");
        assert!(similarity(TEXT, &damaged) > 0.8);
        let other = "A till receipt of a grocer with milk, bread, butter, apples and a total to pay in cash today";
        assert!(similarity(TEXT, other) < 0.2);
    }

    #[test]
    fn similar_texts_share_a_band_and_short_texts_have_none() {
        let bands = |text: &str| Shingles::of(text).unwrap().bands().collect::<Vec<_>>();
        let damaged = bands(&TEXT.replace("Briefbogen", "Br1efbogen"));
        assert!(bands(TEXT).iter().any(|band| damaged.contains(band)));
        assert_eq!(Shingles::of("Total 12.50"), None);
    }
}
