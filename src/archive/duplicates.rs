//! Groups records that are captures of one document.
//!
//! Looks, text and values suggest pairs; [`judge`] decides each pair by its values. Groups
//! follow from verdicts alone, so that a chain of similar pages does not join different
//! documents.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use serde::Serialize;

use super::look::{self, SAME_LOOK_BITS};
use super::shingles::Shingles;
use crate::domain::{Verdict, judge};
use crate::store::{DocumentId, StoredCapture};

/// Most records with the same look or text that are compared with each other: more are from
/// one seller's layout, and are only compared where date and total are equal.
const MOST_ALIKE: usize = 50;
/// Least similarity (0 to 1, Jaccard of shingles) of texts that are compared: they are of
/// one layout or of one document.
const SAME_TEXT: f64 = 0.8;

/// Documents that the archive has more than once.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Duplicates {
    pub groups: Vec<Group>,
    pub undecided: Vec<UndecidedPair>,
    /// Number of compared pairs that are siblings.
    pub siblings: usize,
}

/// Captures of one document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    pub members: Vec<CapturedRecord>,
    /// Why they are captures of one document.
    pub by: BTreeSet<SameBy>,
}

/// Two records that may be of one document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UndecidedPair {
    pub members: [CapturedRecord; 2],
    /// What differs, in words; empty: values are missing.
    pub differences: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CapturedRecord {
    pub record: i64,
    #[serde(rename = "type")]
    pub doc_type: Option<String>,
    /// All paths of the document.
    pub paths: Vec<PathBuf>,
    /// Indices (from 0) of its pages.
    pub pages: Vec<u32>,
    pub party: Option<String>,
    pub date: Option<String>,
    pub total: String,
    pub number: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SameBy {
    /// One content under several paths.
    Bytes,
    /// Other bytes that decode to the same pixels.
    Pixels,
    /// Party, date, total, currency and number are equal.
    Values,
}

/// Why two records may be of one document.
#[derive(Clone, Copy, Debug, Default)]
struct Suggested {
    pixels: bool,
    look: bool,
    text: bool,
    values: bool,
}

type Pair = (usize, usize);

/// Compares the records. `rejected`: pairs of documents that are different by a person's
/// decision, the smaller id first.
pub fn duplicates(
    captures: &[StoredCapture],
    rejected: &BTreeSet<(DocumentId, DocumentId)>,
) -> Duplicates {
    let mut found = Duplicates::default();
    let mut groups = Groups::new(captures.len());
    let mut undecided = Vec::new();
    for ((a, b), suggested) in suggestions(captures) {
        let (one, other) = (&captures[a], &captures[b]);
        let documents = (
            one.document.min(other.document),
            one.document.max(other.document),
        );
        if documents.0 == documents.1 || rejected.contains(&documents) {
            continue;
        }
        if suggested.pixels {
            groups.join(a, b, SameBy::Pixels);
            continue;
        }
        let judgement = judge(&one.capture, &other.capture);
        match judgement.verdict {
            Verdict::SameDocument => groups.join(a, b, SameBy::Values),
            Verdict::Sibling => found.siblings += 1,
            Verdict::Undecided if suggested.look || suggested.text || suggested.values => {
                undecided.push((a, b, judgement.differences));
            }
            Verdict::Undecided => {}
        }
    }
    for (index, capture) in captures.iter().enumerate() {
        if capture.paths.len() > 1 {
            groups.note(index, SameBy::Bytes);
        }
    }
    let is_apart = |(a, b, _): &(usize, usize, _)| groups.root(*a) != groups.root(*b);
    let undecided = undecided.into_iter().filter(is_apart);
    found.undecided = undecided
        .map(|(a, b, differences)| UndecidedPair {
            members: [member(&captures[a]), member(&captures[b])],
            differences,
        })
        .collect();
    found.groups = groups.list(captures);
    found
}

fn member(capture: &StoredCapture) -> CapturedRecord {
    let facts = &capture.capture.facts;
    CapturedRecord {
        record: capture.record,
        doc_type: capture.doc_type.clone(),
        paths: capture.paths.clone(),
        pages: capture.pages.clone(),
        party: facts.party.clone(),
        date: facts.date.clone(),
        total: facts.total_text(),
        number: facts.number.clone(),
    }
}

/// Pairs to compare, as indices of `captures`, the smaller one first.
fn suggestions(captures: &[StoredCapture]) -> BTreeMap<Pair, Suggested> {
    let mut pairs: BTreeMap<Pair, Suggested> = BTreeMap::new();
    by_pixels(captures, &mut pairs);
    by_look(captures, &mut pairs);
    by_text(captures, &mut pairs);
    by_values(captures, &mut pairs);
    pairs
}

/// Every pair of each bucket that has at most `most` members.
fn pairs_of<K>(buckets: HashMap<K, Vec<usize>>, most: usize, mut each: impl FnMut(Pair)) {
    for mut members in buckets.into_values() {
        members.dedup();
        if members.len() > most {
            continue;
        }
        for (place, a) in members.iter().enumerate() {
            for b in &members[place + 1..] {
                each((*a.min(b), *a.max(b)));
            }
        }
    }
}

fn by_pixels(captures: &[StoredCapture], pairs: &mut BTreeMap<Pair, Suggested>) {
    let mut buckets: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, capture) in captures.iter().enumerate() {
        // All blank pages look the same.
        if !capture.looks.is_empty() && capture.looks.iter().all(look::has_content) {
            let pixels = capture.looks.iter().map(|look| look.pixels.as_str());
            let key = pixels.collect::<Vec<_>>().join(" ");
            buckets.entry(key).or_default().push(index);
        }
    }
    pairs_of(buckets, usize::MAX, |pair| {
        pairs.entry(pair).or_default().pixels = true;
    });
}

/// Adds pairs with similar looks. Hashes that differ in at most 6 bits have at least two of
/// their 8 parts in common, so that only hashes with an equal part are compared.
fn by_look(captures: &[StoredCapture], pairs: &mut BTreeMap<Pair, Suggested>) {
    let mut buckets: HashMap<(usize, [u8; 4]), Vec<usize>> = HashMap::new();
    for (index, capture) in captures.iter().enumerate() {
        let Some(first) = capture.looks.first().filter(|look| look::has_content(look)) else {
            continue;
        };
        for hash in &first.hashes {
            for (part, bytes) in hash.chunks_exact(4).enumerate() {
                let bytes = bytes.try_into().expect("chunks of 4");
                buckets.entry((part, bytes)).or_default().push(index);
            }
        }
    }
    pairs_of(buckets, MOST_ALIKE, |(a, b)| {
        let (one, other) = (&captures[a].looks, &captures[b].looks);
        let same = |(one, other)| look::distance(one, other).is_some_and(|d| d <= SAME_LOOK_BITS);
        if a != b && one.len() == other.len() && one.iter().zip(other).all(same) {
            pairs.entry((a, b)).or_default().look = true;
        }
    });
}

fn by_text(captures: &[StoredCapture], pairs: &mut BTreeMap<Pair, Suggested>) {
    let shingles: Vec<_> = captures
        .iter()
        .map(|capture| Shingles::of(&capture.text))
        .collect();
    let mut buckets: HashMap<(usize, [u32; 4]), Vec<usize>> = HashMap::new();
    for (index, shingles) in shingles.iter().enumerate() {
        for band in shingles.iter().flat_map(Shingles::bands) {
            buckets.entry(band).or_default().push(index);
        }
    }
    pairs_of(buckets, MOST_ALIKE, |(a, b)| {
        if let (Some(one), Some(other)) = (&shingles[a], &shingles[b]) {
            let suggested = pairs.entry((a, b)).or_default();
            suggested.text |= one.similarity(other) >= SAME_TEXT;
        }
    });
}

/// Adds pairs with equal business keys, or with equal date and total.
fn by_values(captures: &[StoredCapture], pairs: &mut BTreeMap<Pair, Suggested>) {
    let mut buckets: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, capture) in captures.iter().enumerate() {
        let facts = &capture.capture.facts;
        let transaction = facts.day().zip(facts.total_units());
        let transaction = transaction.map(|(day, units)| format!("{day} {units}"));
        for key in capture.keys.iter().cloned().chain(transaction) {
            buckets.entry(key).or_default().push(index);
        }
    }
    pairs_of(buckets, usize::MAX, |pair| {
        pairs.entry(pair).or_default().values = true;
    });
}

/// Sets of records that verdicts join (union-find).
struct Groups {
    parents: Vec<usize>,
    by: BTreeMap<usize, BTreeSet<SameBy>>,
}

impl Groups {
    fn new(count: usize) -> Groups {
        Groups {
            parents: (0..count).collect(),
            by: BTreeMap::new(),
        }
    }

    fn root(&self, mut index: usize) -> usize {
        while self.parents[index] != index {
            index = self.parents[index];
        }
        index
    }

    fn note(&mut self, index: usize, by: SameBy) {
        self.by.entry(index).or_default().insert(by);
    }

    /// The smaller root becomes the root of both, so that paths stay short for sorted input.
    fn join(&mut self, a: usize, b: usize, by: SameBy) {
        self.note(a, by);
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    fn list(&self, captures: &[StoredCapture]) -> Vec<Group> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in 0..captures.len() {
            members.entry(self.root(index)).or_default().push(index);
        }
        let reasons = |members: &[usize]| -> BTreeSet<SameBy> {
            let noted = members.iter().filter_map(|index| self.by.get(index));
            noted.flatten().copied().collect()
        };
        let groups = members.into_values().map(|members| Group {
            by: reasons(&members),
            members: members
                .iter()
                .map(|index| member(&captures[*index]))
                .collect(),
        });
        groups.filter(|group| !group.by.is_empty()).collect()
    }
}

#[cfg(test)]
#[path = "duplicates_tests.rs"]
mod tests;
