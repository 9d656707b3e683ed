//! Decides whether a page continues a record or begins another, by the type's key (an
//! invoice's number).
//!
//! A model may misread one letter of the number, which must not split a document, but
//! consecutive invoices also differ in one letter. So similarity is not used: the text
//! layer decides where there is one, otherwise the model's own probability. Uncertain
//! decisions have a finding.

use serde_json::Value;

use super::draft::Draft;
use crate::domain::{Fields, Finding, FindingCode, PageResult, Reading, Word, letters_and_digits};

/// Least probability (0 to 1, the model's own) of a number that counts as certain.
const SURE: f32 = 0.8;
/// Letters of a key from which it may be the end of a word (`No.:TD-331`).
const UNMISTAKABLE: usize = 5;
/// Most letters before the key in such a word.
const LONGEST_LABEL: usize = 24;

/// Whether a page continues the previous record, with a finding where that is
/// uncertain.
pub enum PageRelation<'a> {
    Same(Option<Finding>),
    /// The same record; the page's number is right, the record's was misread.
    SameCorrected(&'a str),
    Another(Option<Finding>),
}

/// `pages` are the document's; `last` are the fields that the last page has.
pub fn compare<'a>(
    draft: &Draft,
    pages: &[PageResult],
    page: &PageResult,
    reading: &Reading,
    key: &'a str,
    last: &[String],
) -> PageRelation<'a> {
    let (Some(known), Some(new)) = (text(draft.fields.get(key)), text(reading.fields.get(key)))
    else {
        return PageRelation::Same(None);
    };
    if look_alike(&known) == look_alike(&new) {
        return PageRelation::Same(None);
    }
    let here: Vec<&Word> = page.words.iter().collect();
    let before: Vec<&Word> = pages
        .iter()
        .filter(|page| draft.pages.contains(&page.index))
        .flat_map(|page| &page.words)
        .collect();
    let (known_here, new_here) = (is_printed(&known, &here), is_printed(&new, &here));
    let (known_before, new_before) = (is_printed(&known, &before), is_printed(&new, &before));
    if new_here && new_before && !known_before {
        return PageRelation::SameCorrected(key);
    }
    if known_here && (!new_here || new_before) {
        return PageRelation::Same(None);
    }
    if new_here {
        return PageRelation::Another(None);
    }
    // Values without a probability count as certain.
    let sure_before = |field: &str| {
        !draft
            .confidence
            .iter()
            .any(|(name, probability)| name == field && *probability < SURE)
    };
    let sure_here = |field: &str| {
        !reading
            .logprobs
            .iter()
            .any(|p| p.field == field && p.sum.exp() < SURE)
    };
    // A readable text layer without the number contradicts it.
    if sure_before(key) && sure_here(key) && page.words.is_empty() {
        return PageRelation::Another(None);
    }
    let uncertain = |conclusion: &str| {
        let message = format!(
            "page {} seems to have the {key} {}, the page before it {}, and neither is certain: {conclusion}",
            page.index + 1,
            shown(reading.fields.get(key)),
            shown(draft.fields.get(key)),
        );
        Some(Finding::new(FindingCode::KeyUncertain, Some(key), message))
    };
    let ends_before = last
        .iter()
        .any(|field| is_given(&draft.fields, field) && sure_before(field));
    let ends_here = last
        .iter()
        .any(|field| is_given(&reading.fields, field) && sure_here(field));
    if ends_before && ends_here {
        // Both pages have values of a last page.
        PageRelation::Another(uncertain(
            "recorded as another document, since both have totals",
        ))
    } else {
        PageRelation::Same(uncertain("recorded as one document"))
    }
}

fn is_given(fields: &Fields, field: &str) -> bool {
    fields.get(field).is_some_and(|value| !value.is_null())
}

fn shown(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// A key for comparison, without spacing and case.
fn text(value: Option<&Value>) -> Option<String> {
    let plain = letters_and_digits(value?.as_str()?);
    (!plain.is_empty()).then_some(plain)
}

/// Replaces each letter or digit by one that looks alike. Two numbers of one seller
/// hardly ever differ in such letters alone.
fn look_alike(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            'O' | 'Q' | 'D' => '0',
            'I' | 'L' => '1',
            'Z' => '2',
            'S' => '5',
            'G' => '6',
            'B' => '8',
            c => c,
        })
        .collect()
}

/// Whether consecutive words make the key.
fn is_printed(key: &str, words: &[&Word]) -> bool {
    let label = if key.len() >= UNMISTAKABLE {
        LONGEST_LABEL
    } else {
        0
    };
    (0..words.len()).any(|start| {
        let mut made = String::new();
        for word in &words[start..] {
            made.push_str(&letters_and_digits(&word.text));
            if made == *key || (label > 0 && made.ends_with(key)) {
                return true;
            }
            if made.len() >= key.len() + label {
                return false;
            }
        }
        false
    })
}
