//! Ground truth: a fixture folder (`<type>/<case>/expected.json` beside the
//! input) or a corpus with a `MANIFEST.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::files;

/// A document and its true values.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownDocument {
    /// Absolute.
    pub path: PathBuf,
    /// The file with its true values.
    pub truth_file: PathBuf,
    /// Path below the given folder: the same on every machine.
    pub name: String,
    pub doc_type: String,
    /// Reported apart from others of its type, e.g. `designed` layouts.
    pub layout: Option<String>,
    /// Near-copies share a group; the group average counts each group once.
    pub group: String,
    /// Values by field; null: the document has none.
    pub fields: Map<String, Value>,
    /// Other right spellings by field.
    pub alternatives: BTreeMap<String, Vec<String>>,
    /// Fields, and fields of list lines, that are not scored, because their value is
    /// known but not on the page. They are scored if the record comes from data
    /// embedded in the document.
    pub unscored: BTreeSet<String>,
    /// Values on the pages, if they differ from those of the embedded data.
    pub page: Option<Map<String, Value>>,
}

impl KnownDocument {
    /// Values to compare with and fields that are not scored, for a record from
    /// pages or from embedded data.
    pub fn truth(&self, embedded: bool) -> (&Map<String, Value>, &BTreeSet<String>) {
        static NONE: BTreeSet<String> = BTreeSet::new();
        match &self.page {
            _ if embedded => (&self.fields, &NONE),
            Some(page) => (page, &NONE),
            None => (&self.fields, &self.unscored),
        }
    }
}

#[derive(Deserialize)]
struct TruthManifest {
    documents: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: PathBuf,
    kind: String,
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    truth: Option<PathBuf>,
    #[serde(default)]
    layout: Option<String>,
    #[serde(default)]
    group: Option<String>,
}

/// The cases of a folder, in a stable order; `split` and `kind` choose among a
/// corpus's documents.
pub fn load(
    folder: &Path,
    split: Option<&str>,
    kind: Option<&str>,
) -> anyhow::Result<Vec<KnownDocument>> {
    let manifest = folder.join("MANIFEST.json");
    let mut cases = if manifest.is_file() {
        corpus(folder, &manifest, split)?
    } else {
        ensure!(split.is_none(), "{} has no splits", folder.display());
        fixtures(folder)?
    };
    ensure!(
        !cases.is_empty(),
        "{} holds no documents with ground truth: it needs <type>/<case>/expected.json or a MANIFEST.json",
        folder.display()
    );
    if let Some(kind) = kind {
        let known: BTreeSet<String> = cases.iter().map(|case| case.doc_type.clone()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        cases.retain(|case| case.doc_type == kind);
        let folder = folder.display();
        ensure!(
            !cases.is_empty(),
            "{folder} has no document of type `{kind}`; there are: {known}"
        );
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn corpus(
    folder: &Path,
    manifest: &Path,
    split: Option<&str>,
) -> anyhow::Result<Vec<KnownDocument>> {
    let manifest: TruthManifest = read_json(manifest)?;
    let splits = manifest.documents.iter();
    let splits: BTreeSet<&str> = splits.filter_map(|entry| entry.split.as_deref()).collect();
    if let Some(split) = split.filter(|split| !splits.contains(split)) {
        let known = splits.into_iter().collect::<Vec<_>>().join(", ");
        let folder = folder.display();
        ensure!(!known.is_empty(), "{folder} has no splits");
        bail!("{folder} has no split `{split}`; there are: {known}");
    }
    let chosen = |entry: &Entry| split.is_none_or(|split| entry.split.as_deref() == Some(split));
    let with_truth = manifest
        .documents
        .into_iter()
        .filter(chosen)
        .filter_map(|entry| Some((entry.truth.clone()?, entry)));
    with_truth
        .map(|(truth, entry)| {
            let group = entry
                .group
                .unwrap_or_else(|| entry.path.display().to_string());
            case(
                folder,
                &entry.path,
                entry.kind,
                entry.layout,
                group,
                &folder.join(truth),
            )
        })
        .filter(|case| {
            case.as_ref()
                .map_or(true, |case| case.doc_type != "malformed")
        })
        .collect()
}

fn fixtures(folder: &Path) -> anyhow::Result<Vec<KnownDocument>> {
    let mut cases = Vec::new();
    for doc_type in folders(folder)? {
        for case_folder in folders(&doc_type)? {
            let truth = case_folder.join("expected.json");
            if !truth.is_file() {
                continue;
            }
            let input = std::fs::read_dir(&case_folder)?
                .filter_map(Result::ok)
                .map(|entry| entry.path())
                .find(|path| path.file_stem().is_some_and(|stem| stem == "input"));
            let input =
                input.with_context(|| format!("{} has no input file", case_folder.display()))?;
            let name = doc_type
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let input = input.strip_prefix(folder)?.to_owned();
            let group = input.display().to_string();
            cases.push(case(folder, &input, name, None, group, &truth)?);
        }
    }
    Ok(cases)
}

fn folders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    Ok(entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect())
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// Keys without `_` are fields, keys with `_` explain them.
fn case(
    folder: &Path,
    name: &Path,
    doc_type: String,
    layout: Option<String>,
    group: String,
    truth_file: &Path,
) -> anyhow::Result<KnownDocument> {
    // As runs store it: `..` is resolved.
    let path = files::absolute(&folder.join(name));
    let truth: Map<String, Value> = read_json(truth_file)?;
    let of_truth = || Some(truth.get("_layout")?.as_str()?.to_owned());
    let layout = layout.or_else(of_truth);
    let names = |key: &str| -> Vec<String> {
        let list = truth.get(key).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    };
    let alternatives = truth
        .get("_alternatives")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let spellings = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|text| Some(text.as_str()?.to_owned()))
            .collect()
    };
    let alternatives = alternatives
        .map(|(field, value)| (field.clone(), spellings(value)))
        .collect();
    let unscored = names("_not_on_page")
        .into_iter()
        .chain(names("_not_on_page_line_fields"))
        .collect();
    let absent = names("_absent")
        .into_iter()
        .map(|field| (field, Value::Null));
    let known = truth
        .iter()
        .filter(|(key, _)| !key.starts_with('_'))
        .map(|(key, value)| (key.clone(), value.clone()));
    let fields = known.chain(absent).collect();
    let page = truth.get("_page").and_then(Value::as_object).cloned();
    Ok(KnownDocument {
        path,
        truth_file: truth_file.to_owned(),
        name: name.to_string_lossy().into_owned(),
        doc_type,
        layout,
        group,
        fields,
        alternatives,
        unscored,
        page,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case_of(truth: &Value) -> KnownDocument {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), truth.to_string()).unwrap();
        let (folder, name) = (Path::new("/c"), Path::new("a.pdf"));
        case(
            folder,
            name,
            "invoice".into(),
            None,
            "g".into(),
            file.path(),
        )
        .unwrap()
    }

    #[test]
    fn explanations_are_distinguished_from_fields() {
        let truth = json!({"total": "1.00", "_absent": ["tax"], "_not_on_page": ["due_date"], "due_date": "2024-01-01",
            "_not_on_page_line_fields": ["unit_price"], "_alternatives": {"seller_name": ["Free", "Free SAS"]}, "_notes": "x"});
        let case = case_of(&truth);
        let fields: Vec<_> = case
            .fields
            .iter()
            .map(|(k, v)| (k.as_str(), v.clone()))
            .collect();
        assert_eq!(
            fields,
            [
                ("total", json!("1.00")),
                ("due_date", json!("2024-01-01")),
                ("tax", Value::Null)
            ]
        );
        assert_eq!(case.alternatives["seller_name"], ["Free", "Free SAS"]);
        assert!(case.unscored.contains("due_date") && case.unscored.contains("unit_price"));
        assert_eq!(case.truth(false).1.len(), 2);
        assert!(case.truth(true).1.is_empty(), "the embedded data has them");
    }

    #[test]
    fn a_path_through_the_parent_folder_is_the_one_that_a_run_stores() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(folder.join("here")).unwrap();
        std::fs::create_dir_all(folder.join("known/receipt/1")).unwrap();
        let case = folder.join("known/receipt/1");
        std::fs::write(case.join("expected.json"), r#"{"total": "1.00"}"#).unwrap();
        std::fs::write(case.join("input.png"), "").unwrap();
        let known = load(&folder.join("here/../known"), None, None).unwrap();
        assert_eq!(known[0].path, case.join("input.png"));
        assert_eq!(known[0].name, "receipt/1/input.png");
    }

    #[test]
    fn a_page_that_shows_another_document_is_compared_with_what_it_shows() {
        let truth = json!({"total": "1.00", "_not_on_page": ["total"], "_page": {"total": "2.00"}});
        let case = case_of(&truth);
        assert_eq!(case.truth(false).0["total"], "2.00");
        assert_eq!(case.truth(true).0["total"], "1.00");
    }
}
