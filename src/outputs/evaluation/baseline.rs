//! Differences from an earlier evaluation.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::judged::{JudgedDocument, JudgedValue, ValueOutcome};

/// One value that became right or ceased to be so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueChange {
    pub document: String,
    /// Where in the truth; see [`JudgedValue::path`].
    pub path: String,
    pub truth: Option<String>,
    pub before: Option<String>,
    pub now: Option<String>,
}

/// What differs from an earlier evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BaselineChanges {
    pub better: Vec<ValueChange>,
    pub worse: Vec<ValueChange>,
    /// Wrong before and now, with different values.
    pub still_wrong: u64,
    /// Documents classified as another type than before: type before and now.
    pub rerouted: BTreeMap<String, (String, String)>,
    /// Documents that only one of the evaluations has. They are not compared.
    pub only_before: Vec<String>,
    pub only_now: Vec<String>,
}

/// The part of an earlier `eval --json` that is compared.
#[derive(Deserialize)]
pub struct Baseline {
    documents: Vec<JudgedDocument>,
}

impl Baseline {
    pub fn load(path: &Path) -> anyhow::Result<Baseline> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the baseline {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not an evaluation; a baseline is the output of `docmill eval --json`",
                path.display()
            )
        })
    }

    pub fn compare(&self, documents: &[JudgedDocument]) -> BaselineChanges {
        let before: BTreeMap<&str, &JudgedDocument> = by_name(&self.documents);
        let now: BTreeMap<&str, &JudgedDocument> = by_name(documents);
        let missing = |from: &BTreeMap<&str, &JudgedDocument>,
                       of: &BTreeMap<&str, &JudgedDocument>| {
            let names = from.keys().filter(|name| !of.contains_key(*name));
            names.map(|name| (*name).to_owned()).collect::<Vec<_>>()
        };
        let mut changes = BaselineChanges {
            only_before: missing(&before, &now),
            only_now: missing(&now, &before),
            ..BaselineChanges::default()
        };
        for (name, now) in &now {
            if let Some(before) = before.get(name) {
                compare(before, now, &mut changes);
            }
        }
        changes
    }
}

fn by_name(documents: &[JudgedDocument]) -> BTreeMap<&str, &JudgedDocument> {
    documents.iter().map(|d| (d.name.as_str(), d)).collect()
}

fn compare(before: &JudgedDocument, now: &JudgedDocument, changes: &mut BaselineChanges) {
    if before.classified_as != now.classified_as {
        let types = (before.classified_as.clone(), now.classified_as.clone());
        changes.rerouted.insert(now.name.clone(), types);
    }
    let (old, new) = (by_path(before), by_path(now));
    let mut paths: Vec<&str> = old.keys().chain(new.keys()).copied().collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let (old, new) = (old.get(path), new.get(path));
        let (was, is) = (good(old), good(new));
        if was == is {
            let texts = |leaf: Option<&Vec<&JudgedValue>>| -> Vec<Option<String>> {
                leaf.into_iter().flatten().map(|l| l.read.clone()).collect()
            };
            changes.still_wrong += u64::from(was < 0 && texts(old) != texts(new));
            continue;
        }
        let (old, new) = (old.map(|leaves| leaves[0]), new.map(|leaves| leaves[0]));
        let change = ValueChange {
            document: now.name.clone(),
            path: path.to_owned(),
            truth: new.or(old).and_then(|leaf| leaf.truth.clone()),
            before: old.and_then(|leaf| leaf.read.clone()),
            now: new.and_then(|leaf| leaf.read.clone()),
        };
        match is > was {
            true => changes.better.push(change),
            false => changes.worse.push(change),
        }
    }
}

/// Several values share a path if lines or records are spurious.
fn by_path(document: &JudgedDocument) -> BTreeMap<&str, Vec<&JudgedValue>> {
    let mut leaves: BTreeMap<&str, Vec<&JudgedValue>> = BTreeMap::new();
    let compared = |leaf: &&JudgedValue| {
        !matches!(
            leaf.outcome,
            ValueOutcome::WrongType | ValueOutcome::Repeated
        )
    };
    for leaf in document.fields.iter().filter(compared) {
        leaves.entry(&leaf.path).or_default().push(leaf);
    }
    leaves
}

/// 0 if all values are right, -1 for each wrong one. Values that one side does not
/// have at all are not wrong there.
fn good(leaves: Option<&Vec<&JudgedValue>>) -> i64 {
    let wrong = leaves
        .into_iter()
        .flatten()
        .filter(|l| !l.outcome.is_right());
    -(wrong.count() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::judge::judge;
    use super::super::judge::tests::{case, seen};
    use super::*;
    use crate::store::DocumentWork;

    fn document(read: Value) -> JudgedDocument {
        let truth = json!({"a": "1", "b": "2", "c": "3", "items": [{"n": "tea"}, {"n": "bun"}]});
        judge(&case(truth), &[seen(1, read)], DocumentWork::default())
    }

    fn paths(changes: &[ValueChange]) -> Vec<&str> {
        changes.iter().map(|change| change.path.as_str()).collect()
    }

    #[test]
    fn values_that_became_right_or_wrong_are_found_in_the_stored_form() {
        let before = document(json!({"a": "1", "b": "9", "c": "8",
            "items": [{"n": "tea"}, {"n": "noise"}, {"n": "dust"}]}));
        let now =
            document(json!({"a": null, "b": "2", "c": "7", "items": [{"n": "bun"}, {"n": "tea"}]}));
        let stored = serde_json::to_string(&json!({"documents": [before], "more": 1})).unwrap();
        let baseline: Baseline = serde_json::from_str(&stored).unwrap();
        let changes = baseline.compare(std::slice::from_ref(&now));
        assert_eq!(paths(&changes.better), ["b", "items[+].n", "items[1].n"]);
        assert_eq!(paths(&changes.worse), ["a"]);
        assert_eq!(changes.worse[0].before.as_deref(), Some("1"));
        assert_eq!(changes.worse[0].now, None);
        assert_eq!(changes.still_wrong, 1);
        let same = Baseline {
            documents: vec![now.clone()],
        };
        assert_eq!(same.compare(&[now]), BaselineChanges::default());
    }

    #[test]
    fn documents_of_one_side_are_listed_and_type_changes_are_reported() {
        let (mut before, now) = (document(json!({"a": "1"})), document(json!({"a": "1"})));
        before.classified_as = "invoice".into();
        let mut gone = before.clone();
        gone.name = "gone".into();
        let changes = Baseline {
            documents: vec![before, gone],
        }
        .compare(&[now]);
        assert_eq!(changes.only_before, ["gone"]);
        let types = ("invoice".to_owned(), "receipt".to_owned());
        assert_eq!(changes.rerouted["a"], types);
        assert!(changes.better.is_empty() && changes.worse.is_empty());
    }
}
