//! The rules of docs/ARCHITECTURE.md on which module may use which.

mod graph;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use graph::circles;
use sources::{Source, Sources};

/// For each top-level module, the others that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("files", &["config", "domain"]),
    ("documents", &["domain"]),
    ("store", &["domain"]),
    ("archive", &["documents", "domain", "store"]),
    ("engines", &["config", "documents", "domain"]),
    (
        "pipeline",
        &[
            "archive",
            "config",
            "documents",
            "domain",
            "engines",
            "files",
            "store",
        ],
    ),
    (
        "outputs",
        &["archive", "documents", "domain", "files", "store"],
    ),
    (
        "review",
        &[
            "config",
            "documents",
            "domain",
            "files",
            "outputs",
            "pipeline",
            "store",
        ],
    ),
    ("fuzzing", &["config", "documents", "engines"]),
    (
        "cli",
        &[
            "archive",
            "config",
            "documents",
            "domain",
            "engines",
            "files",
            "outputs",
            "pipeline",
            "review",
            "store",
        ],
    ),
];

/// Folders whose own folders keep to a rule as well.
const GROUPS: &[&str] = &["documents", "engines", "outputs"];

/// Each native engine, client or server, or what prints, and the only places that know it.
const ONLY_IN: &[(&str, &str)] = &[
    ("pdfium_render::", "engines/rasterize/pdf.rs"),
    ("lopdf::", "engines/rasterize/structure.rs"),
    ("candle_", "engines/route/clip.rs"),
    // Its reading and writing of GGUF files, in no worker.
    ("candle_", "engines/models/merge.rs"),
    ("llama_cpp_2::", "engines/reader/llama.rs"),
    ("landlock::", "engines/sandbox/files.rs"),
    ("seccompiler::", "engines/sandbox/"),
    ("ureq::", "engines/reader/openai/client.rs"),
    ("ureq::", "review/webhooks/post.rs"),
    ("rustls::", "review/tls.rs"),
    ("axum::", "review/"),
    ("println!", "cli/"),
    ("print!(", "cli/"),
];

fn top(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

/// The folder of a group that a file is in, as `engines/route`.
fn room(file: &str) -> Option<String> {
    let mut parts = file.split(['/', '.']);
    let group = parts.next().filter(|name| GROUPS.contains(name))?;
    let name = parts.next().filter(|name| *name != "mod")?;
    Some(format!("{group}/{name}"))
}

/// A file's uses of other top-level modules.
fn others(source: &Source) -> BTreeSet<&str> {
    let names = source.uses.iter().filter_map(|names| names.first());
    let here = top(&source.file);
    names
        .map(String::as_str)
        .filter(|name| *name != here)
        .collect()
}

#[test]
fn imports_run_one_way() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in Sources::load().shipped() {
        let module = top(&source.file);
        if ["main", "lib", "bin"].contains(&module) {
            continue;
        }
        let may_use = allowed
            .get(module)
            .unwrap_or_else(|| panic!("{module} is not in the import rule"));
        let others = others(source).into_iter();
        let forbidden = others.filter(|name| allowed.contains_key(name) && !may_use.contains(name));
        wrong.extend(forbidden.map(|name| format!("{} uses crate::{name}", source.file)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_import_rule_has_no_circle() {
    let graph = MAY_USE
        .iter()
        .map(|(name, may_use)| (*name, may_use.iter().copied().collect()));
    assert_eq!(circles(&graph.collect()), Vec::<Vec<&str>>::new());
}

#[test]
fn folders_of_a_group_use_each_other_one_way() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, used) in Sources::load().graph() {
        let Some(from) = room(file) else { continue };
        let mut to: BTreeSet<_> = used.into_iter().filter_map(room).collect();
        to.remove(&from);
        graph.entry(from).or_default().extend(to);
    }
    let graph = graph
        .iter()
        .map(|(from, to)| (from.as_str(), to.iter().map(String::as_str).collect()));
    assert_eq!(circles(&graph.collect()), Vec::<Vec<&str>>::new());
}

#[test]
fn files_use_each_other_one_way() {
    let found: Vec<String> = circles(&Sources::load().graph())
        .into_iter()
        .map(|files| files.join(" "))
        .collect();
    assert!(
        found.is_empty(),
        "{} circles:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn a_type_name_is_declared_once() {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in &Sources::load().0 {
        for name in &source.types {
            files.entry(name).or_default().push(&source.file);
        }
    }
    files.retain(|_, files| files.len() > 1);
    let twice: Vec<String> = files
        .iter()
        .map(|(name, files)| format!("{name}: {}", files.join(", ")))
        .collect();
    assert!(
        twice.is_empty(),
        "name each type by what it is:\n{}",
        twice.join("\n")
    );
}

#[test]
fn each_engine_is_known_in_one_place_and_only_the_command_line_prints() {
    let mut wrong = Vec::new();
    for source in &Sources::load().0 {
        for (what, _) in ONLY_IN {
            let code = source
                .text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let found = code
                .filter(|line| line.contains(what))
                .filter(|line| !line.contains("eprint"))
                .count();
            // A place's tests beside it count as part of it.
            let is_place = |(other, place): &(&str, &str)| {
                other == what && source.file.starts_with(place.trim_end_matches(".rs"))
            };
            if found > 0 && !ONLY_IN.iter().any(is_place) {
                wrong.push(format!("{} knows {what}", source.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
