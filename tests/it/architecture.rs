//! The import rule of docs/ARCHITECTURE.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// For each top-level module, the crate's modules that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("ingest", &["domain"]),
    ("documents", &["domain"]),
    ("store", &["domain"]),
    ("engines", &["config", "documents", "domain"]),
    (
        "pipeline",
        &[
            "config",
            "documents",
            "domain",
            "engines",
            "ingest",
            "store",
        ],
    ),
    ("outputs", &["documents", "domain", "store"]),
    ("fuzzing", &["config", "documents", "engines"]),
    (
        "cli",
        &[
            "config",
            "documents",
            "domain",
            "engines",
            "ingest",
            "outputs",
            "pipeline",
            "store",
        ],
    ),
];

/// Each native engine, or what prints, and the only place that knows it.
const ONLY_IN: &[(&str, &str)] = &[
    ("pdfium_render::", "engines/rasterize/pdf.rs"),
    ("candle_", "engines/route/clip.rs"),
    ("llama_cpp_2::", "engines/reader/llama.rs"),
    ("landlock::", "engines/sandbox/files.rs"),
    ("seccompiler::", "engines/sandbox/"),
    ("ureq::", "engines/reader/openai/client.rs"),
    ("println!", "cli/"),
    ("print!(", "cli/"),
];

fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files)
            } else {
                files.push(path)
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let name = |path: &PathBuf| {
        path.strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    files
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The modules behind `crate::` in code; tests may use what they like.
fn used(source: &str) -> Vec<&str> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let lines = code
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"));
    lines
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn imports_run_one_way() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (file, source) in sources() {
        let module = file.split(['/', '.']).next().unwrap();
        if ["main", "lib"].contains(&module) || file.ends_with("tests.rs") {
            continue;
        }
        let may_use = allowed
            .get(module)
            .unwrap_or_else(|| panic!("{module} is not in the import rule"));
        let forbidden = used(&source)
            .into_iter()
            .filter(|name| *name != module && !may_use.contains(name));
        wrong.extend(forbidden.map(|name| format!("{file} uses crate::{name}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_engine_is_known_in_one_place_and_only_the_command_line_prints() {
    let mut wrong = Vec::new();
    for (file, source) in sources() {
        for (what, place) in ONLY_IN {
            let code = source
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let found = code
                .filter(|line| line.contains(what))
                .filter(|line| !line.contains("eprint"))
                .count();
            // A place's tests beside it count as part of it.
            if found > 0 && !file.starts_with(place.trim_end_matches(".rs")) {
                wrong.push(format!("{file} knows {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
