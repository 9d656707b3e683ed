//! The malformed corpus through the real program, where it is at hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::context::{Context, changed_models, corpus, one_tile};
use crate::harness::test;

/// What the pages say is not the matter: they are read fast, not right.
fn quick(context: &Context) {
    changed_models(&context.path("models"), one_tile);
}

test!(
    every_malformed_file_gets_its_outcome_and_the_others_are_done,
    Engines,
    Corpus
);
fn every_malformed_file_gets_its_outcome_and_the_others_are_done(context: Context) {
    quick(&context);
    let corpus = corpus().canonicalize().unwrap();
    let folder = corpus.join("malformed");
    // What the pages say is not the matter here: one type, so that all is read.
    let ran = context.run(&[
        "--models",
        "models",
        "run",
        folder.to_str().unwrap(),
        "--type",
        "receipt",
        "--set",
        "limits.max_pages=50",
    ]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let pages = pages_by_file(&context);
    let status = context.status();
    let rejected: BTreeMap<String, String> = status["rejected_files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (
                name(&file["path"]),
                file["reason"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(corpus.join("MANIFEST.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for document in manifest["documents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["kind"] == "malformed")
    {
        let file = name(&document["path"]);
        if file.ends_with(".tar") {
            continue;
        }
        checked += 1;
        let expect = &document["expect"];
        let also = expect["also_acceptable"].as_array().into_iter().flatten();
        let fits = |wanted: &Value| match (rejected.get(&file), pages.get(&file)) {
            (Some(reason), _) => {
                wanted["action"] == "reject" && wanted["reason"] == reason.as_str()
            }
            (None, Some(pages)) => {
                wanted["action"] == "accept"
                    && wanted["pages"]
                        .as_u64()
                        .is_none_or(|wanted| wanted == *pages)
            }
            (None, None) => wanted["action"] == "skip",
        };
        if !std::iter::once(expect).chain(also).any(fits) {
            wrong.push(format!(
                "{file}: {:?} {:?}, wanted {expect}",
                rejected.get(&file),
                pages.get(&file)
            ));
        }
    }
    assert!(
        checked > 40 && wrong.is_empty(),
        "{checked} files\n{}",
        wrong.join("\n")
    );
}

test!(names_that_are_not_utf8_survive, Engines, Corpus);
fn names_that_are_not_utf8_survive(context: Context) {
    quick(&context);
    let corpus = corpus().canonicalize().unwrap();
    fs::create_dir(context.path("in")).unwrap();
    let tar = corpus.join("malformed/nonutf8_name.tar");
    let unpacked = std::process::Command::new("tar")
        .arg("xf")
        .arg(tar)
        .arg("-C")
        .arg(context.path("in"))
        .status();
    assert!(unpacked.unwrap().success());
    context.run(&["--models", "models", "run", "in", "--type", "receipt"]);
    let records = context.records();
    assert!(
        !records.is_empty()
            && records
                .iter()
                .all(|record| record["path_bytes"].is_string()),
        "{records:#?}"
    );
}

/// Pages by file name, over all of its records.
fn pages_by_file(context: &Context) -> BTreeMap<String, u64> {
    let mut pages = BTreeMap::new();
    for record in context.records() {
        let number = record["pages"].as_array().unwrap().len() as u64;
        let others = record["other_paths"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for path in std::iter::once(&record["path"]).chain(&others) {
            *pages.entry(name(path)).or_default() += number;
        }
    }
    pages
}

fn name(path: &Value) -> String {
    Path::new(path.as_str().unwrap())
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned()
}
