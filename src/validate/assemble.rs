//! Which pages make which record, and whose value counts.

use serde_json::Value;

use crate::doctypes::DocTypes;
use crate::domain::{FieldLogprob, Fields, Finding, PageResult, PageRule, Reading, Severity};

/// A record before its values are judged.
#[derive(Debug, Default)]
pub struct Draft {
    pub doc_type: Option<String>,
    pub pages: Vec<u32>,
    pub fields: Fields,
    /// Probability of each leaf, in the order read.
    pub confidence: Vec<(String, f32)>,
    /// What these were made from.
    pub logprobs: Vec<FieldLogprob>,
    pub findings: Vec<Finding>,
    /// It stands for a page that could not be read.
    pub failed: bool,
}

pub fn drafts(types: &DocTypes, pages: &[PageResult]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    // The draft that a following page of its type may join. A page that was
    // not read does not end it: a letter's back, a sheet of terms.
    let mut open: Option<usize> = None;
    for page in pages {
        match &page.reading {
            Err(failure) => drafts.push(Draft {
                pages: vec![page.index],
                findings: vec![Finding::new(
                    failure.reason.as_str(),
                    Severity::Error,
                    None,
                    failure.message.clone(),
                )],
                failed: true,
                ..Draft::default()
            }),
            Ok(None) => drafts.push(unread(page)),
            Ok(Some(reading)) => {
                let doc_type = page
                    .routing
                    .as_ref()
                    .and_then(|r| r.verdict.as_deref().ok())
                    .unwrap_or_default();
                let rule = types
                    .get(doc_type)
                    .and_then(|t| t.read.as_ref())
                    .map(|rules| &rules.pages);
                let joins = open.filter(|&at| {
                    drafts[at].doc_type.as_deref() == Some(doc_type)
                        && continues(&drafts[at], reading, rule)
                });
                match (joins, rule) {
                    (Some(at), Some(PageRule::Merge { last, .. })) => {
                        join(&mut drafts[at], page.index, reading, last)
                    }
                    _ => {
                        open = Some(drafts.len());
                        let mut draft = Draft {
                            doc_type: Some(doc_type.to_owned()),
                            ..Draft::default()
                        };
                        join(&mut draft, page.index, reading, &[]);
                        drafts.push(draft);
                    }
                }
            }
        }
    }
    drafts
}

fn unread(page: &PageResult) -> Draft {
    let why = match page.routing.as_ref().map(|routing| &routing.verdict) {
        Some(Err(why)) => why.clone(),
        _ => "the page was not read".to_owned(),
    };
    let message = format!("{why}; if it is one, run `docmill retry ID --type TYPE`");
    let finding = Finding::new("type_unknown", Severity::Warning, None, message);
    Draft {
        pages: vec![page.index],
        findings: vec![finding],
        ..Draft::default()
    }
}

/// Whether the page goes on with the draft's record: merging is the type's
/// rule and the page does not bring another key.
fn continues(draft: &Draft, reading: &Reading, rule: Option<&PageRule>) -> bool {
    let Some(PageRule::Merge { key, .. }) = rule else {
        return false;
    };
    let Some(key) = key else { return true };
    match (text(draft.fields.get(key)), text(reading.fields.get(key))) {
        (Some(known), Some(new)) => known == new,
        _ => true,
    }
}

/// A key as it is compared: what spacing and case a page shows is no
/// difference.
fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    (!plain.is_empty()).then_some(plain)
}

/// First value that is not null, lists joined, the fields in `last` from the
/// last page that has them. Confidences follow their values.
fn join(draft: &mut Draft, page: u32, reading: &Reading, last: &[String]) {
    draft.pages.push(page);
    for (field, value) in &reading.fields {
        match (draft.fields.get_mut(field), value) {
            (Some(Value::Array(list)), Value::Array(more)) => {
                let offset = list.len();
                list.extend(more.iter().cloned());
                take_list_confidence(draft, reading, field, offset);
            }
            (Some(known), new) if !known.is_null() && (new.is_null() || !last.contains(field)) => {}
            (_, new) => {
                draft.fields.insert(field.clone(), new.clone());
                draft.confidence.retain(|(name, _)| root(name) != field);
                draft.logprobs.retain(|p| root(&p.field) != field);
                let of_field = reading.logprobs.iter().filter(|p| root(&p.field) == field);
                for logprob in of_field {
                    take_confidence(draft, logprob.clone());
                }
            }
        }
    }
    for repetition in &reading.repetitions {
        let message = format!(
            "the model repeated itself in {} on page {}: {} lines were kept and {} repeated ones left out; check the list",
            repetition.field,
            page + 1,
            repetition.kept,
            repetition.removed
        );
        draft.findings.push(Finding::new(
            "list_repeats",
            Severity::Warning,
            Some(&repetition.field),
            message,
        ));
    }
}

/// The field of a leaf's path: `items` of `items[2].amount`.
fn root(path: &str) -> &str {
    path.split(['[', '.']).next().unwrap_or(path)
}

fn take_confidence(draft: &mut Draft, logprob: FieldLogprob) {
    draft
        .confidence
        .push((logprob.field.clone(), logprob.probability()));
    draft.logprobs.push(logprob);
}

/// The lines' confidences under the numbers that they have in the joined list.
fn take_list_confidence(draft: &mut Draft, reading: &Reading, field: &str, offset: usize) {
    for probability in &reading.logprobs {
        let Some(rest) = probability
            .field
            .strip_prefix(field)
            .and_then(|rest| rest.strip_prefix('['))
        else {
            continue;
        };
        let Some((index, leaf)) = rest.split_once(']') else {
            continue;
        };
        let Ok(index) = index.parse::<usize>() else {
            continue;
        };
        let moved = FieldLogprob {
            field: format!("{field}[{}]{leaf}", index + offset),
            ..probability.clone()
        };
        take_confidence(draft, moved);
    }
}
