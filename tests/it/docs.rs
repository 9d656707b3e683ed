//! README.md and docs/ against the program: commands, flags, settings, links.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::harness::test;

/// Most lines of README.md, and of a guide in docs/.
const README_LINES: usize = 120;
const GUIDE_LINES: usize = 150;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page for readers, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut files = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    let text = |file: PathBuf| (file.clone(), fs::read_to_string(file).unwrap());
    files.into_iter().map(text).collect()
}

/// What the docs show of docmill's command line: lines of fenced blocks and
/// spans of code, from `docmill` to the end or a comment.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced {
            let command = line.trim_start_matches("$ ");
            if command.starts_with("docmill ") {
                found.push(command.to_owned());
            }
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            found.extend(
                spans
                    .filter(|span| span.starts_with("docmill "))
                    .map(str::to_owned),
            );
        }
    }
    let end = |command: String| command.split(" #").next().unwrap().trim().to_owned();
    found.into_iter().map(end).collect()
}

/// Help pages by subcommand, asked for once.
struct Help<'a> {
    context: &'a Context,
    pages: BTreeMap<String, String>,
}

impl Help<'_> {
    fn of(&mut self, subcommand: &str) -> &str {
        let context = self.context;
        self.pages
            .entry(subcommand.to_owned())
            .or_insert_with(|| context.run(&[subcommand, "--help"]).stdout)
    }

    /// What is wrong with a command, if anything.
    fn objection(&mut self, command: &str) -> Option<String> {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let known: Vec<String> = self
            .context
            .run(&["--help"])
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
            .filter(|name| !name.starts_with('-'))
            .map(str::to_owned)
            .collect();
        let is_subcommand = |word: &&str| known.iter().any(|name| name == word);
        let Some(subcommand) = words.iter().find(|word| is_subcommand(word)) else {
            return Some("no such subcommand".to_owned());
        };
        // Flags of `export reverse` stand on the page of both.
        let next = words.iter().skip_while(|word| word != &subcommand).nth(1);
        let has_page = |word: &&&str| self.of(subcommand).contains(&format!("\n  {word} "));
        let help = match next.filter(has_page) {
            Some(nested) => self.context.run(&[*subcommand, *nested, "--help"]).stdout,
            None => self.of(subcommand).to_owned(),
        };
        let flags = words.iter().filter(|word| word.starts_with("--"));
        for flag in flags {
            let name = flag.split('=').next().unwrap();
            let is_known = help
                .split(|c: char| c.is_whitespace() || ",[]`".contains(c))
                .any(|word| word == name);
            if !is_known {
                return Some(format!("`{subcommand}` has no {name}"));
            }
        }
        None
    }
}

test!(commands_and_flags_in_the_docs_exist);
fn commands_and_flags_in_the_docs_exist(context: Context) {
    let mut help = Help {
        context: &context,
        pages: BTreeMap::new(),
    };
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, text) in pages() {
        for command in commands(&text) {
            seen += 1;
            if let Some(objection) = help.objection(&command) {
                wrong.push(format!("{}: `{command}`: {objection}", file.display()));
            }
        }
    }
    assert!(seen > 50, "{seen} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

test!(settings_in_the_docs_exist);
fn settings_in_the_docs_exist(context: Context) {
    let mut wrong = Vec::new();
    for (file, text) in pages() {
        let pairs = text.split("--set ").skip(1);
        for pair in pairs.map(|rest| rest.split(['`', ' ', '\n']).next().unwrap()) {
            if pair.contains('=') && pair != "KEY=VALUE" {
                let ran = context.run(&["config", "--set", pair]);
                if ran.code != Some(0) {
                    wrong.push(format!("{}: --set {pair}: {}", file.display(), ran.stderr));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

test!(links_in_the_docs_lead_to_files);
fn links_in_the_docs_lead_to_files(_: Context) {
    let mut wrong = Vec::new();
    for (file, text) in pages() {
        let targets = text.split("](").skip(1);
        for target in targets.map(|rest| rest.split([')', '#']).next().unwrap()) {
            let is_file = !target.is_empty() && !target.contains("://");
            if is_file && !file.parent().unwrap().join(target).exists() {
                wrong.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

test!(the_docs_are_short);
fn the_docs_are_short(_: Context) {
    for (file, text) in pages() {
        let most = match file.file_name().unwrap().to_str().unwrap() {
            "README.md" => README_LINES,
            _ => GUIDE_LINES,
        };
        let lines = text.lines().count();
        assert!(lines <= most, "{}: {lines} lines", file.display());
    }
}
