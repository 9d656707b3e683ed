//! Document types: the built-in ones (embedded) and those of a user's folder.
//!
//! A type is `schemas/<name>.json`, a JSON Schema whose one annotation
//! `x-docmill` says how pages of the type are recognised, merged and checked,
//! and `prompts/<name>.md`, with `prompts/<name>.<variant>.md` for models that need
//! another wording.

#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod parse;
mod phrases;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use crate::domain::{DocType, PromptTemplate};

const SCHEMAS: [(&str, &str); 4] = [
    ("receipt", include_str!("../../../schemas/receipt.json")),
    ("invoice", include_str!("../../../schemas/invoice.json")),
    (
        "screenshot",
        include_str!("../../../schemas/screenshot.json"),
    ),
    ("other", include_str!("../../../schemas/other.json")),
];

/// A file of a user's folder that is no type: the criteria of
/// [`crate::documents::quality`].
const QUALITY: &str = "quality";

const PROMPTS: [(&str, &str); 9] = [
    ("receipt", include_str!("../../../prompts/receipt.md")),
    (
        "receipt.short",
        include_str!("../../../prompts/receipt.short.md"),
    ),
    (
        "receipt.text",
        include_str!("../../../prompts/receipt.text.md"),
    ),
    ("invoice", include_str!("../../../prompts/invoice.md")),
    (
        "invoice.short",
        include_str!("../../../prompts/invoice.short.md"),
    ),
    (
        "invoice.text",
        include_str!("../../../prompts/invoice.text.md"),
    ),
    ("screenshot", include_str!("../../../prompts/screenshot.md")),
    (
        "screenshot.short",
        include_str!("../../../prompts/screenshot.short.md"),
    ),
    (
        "screenshot.text",
        include_str!("../../../prompts/screenshot.text.md"),
    ),
];

/// Every known document type, in a stable order.
#[derive(Clone, Debug)]
pub struct DocTypes(Vec<DocType>);

impl DocTypes {
    /// The built-in types and those of `folder` (with `schemas/` and
    /// `prompts/`, or both kinds of file in it), which override built-in ones
    /// of the same name. Errors name the file and the remedy.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<DocTypes> {
        let mut sources = Sources::default();
        for (name, text) in SCHEMAS {
            sources.schemas.push((
                name.to_owned(),
                format!("built-in schema {name}.json"),
                text.to_owned(),
            ));
        }
        for (stem, text) in PROMPTS {
            sources.add_prompt(stem, text.to_owned());
        }
        if let Some(folder) = folder {
            sources.add_folder(folder)?;
        }
        let mut types = Vec::with_capacity(sources.schemas.len());
        for (name, origin, text) in sources.schemas {
            let prompts = sources.prompts.remove(&name).unwrap_or_default();
            types.push(parse::doc_type(&name, &text, prompts).with_context(|| origin)?);
        }
        if let Some(name) = sources.prompts.keys().next() {
            anyhow::bail!(
                "the prompt {name}.md has no schema: add schemas/{name}.json, or remove the prompt"
            );
        }
        Ok(DocTypes(types))
    }

    pub fn get(&self, name: &str) -> Option<&DocType> {
        self.0.iter().find(|doc_type| doc_type.name == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &DocType> {
        self.0.iter()
    }

    /// The types whose pages are read, without those that are only recognised.
    pub fn readable(&self) -> impl Iterator<Item = &DocType> {
        self.iter().filter(|doc_type| doc_type.read.is_some())
    }
}

#[derive(Default)]
struct Sources {
    /// Name, origin for messages, text.
    schemas: Vec<(String, String, String)>,
    prompts: BTreeMap<String, Vec<PromptTemplate>>,
}

impl Sources {
    /// `stem` is `<type>` or `<type>.<variant>`.
    fn add_prompt(&mut self, stem: &str, template: String) {
        let (name, variant) = stem.split_once('.').unwrap_or((stem, ""));
        let prompts = self.prompts.entry(name.to_owned()).or_default();
        prompts.retain(|prompt| prompt.variant != variant);
        prompts.push(PromptTemplate {
            variant: variant.to_owned(),
            template,
        });
    }

    fn add_folder(&mut self, folder: &Path) -> anyhow::Result<()> {
        anyhow::ensure!(
            folder.is_dir(),
            "the folder of document types {} does not exist",
            folder.display()
        );
        let (mut schemas, mut prompts) = (Vec::new(), Vec::new());
        let mut has_criteria = false;
        for part in [
            folder.to_owned(),
            folder.join("schemas"),
            folder.join("prompts"),
        ] {
            if !part.is_dir() {
                continue;
            }
            for entry in std::fs::read_dir(&part).with_context(|| part.display().to_string())? {
                let path = entry?.path();
                let Some(stem) = path
                    .file_stem()
                    .and_then(|stem| stem.to_str())
                    .map(str::to_owned)
                else {
                    continue;
                };
                match path.extension().and_then(|extension| extension.to_str()) {
                    Some("json") if stem == QUALITY => has_criteria = true,
                    Some("json") => schemas.push((stem, path)),
                    Some("md") => prompts.push((stem, path)),
                    _ => {}
                }
            }
        }
        anyhow::ensure!(
            has_criteria || !schemas.is_empty() || !prompts.is_empty(),
            "{} holds no document types: put schemas/<type>.json and prompts/<type>.md there",
            folder.display()
        );
        schemas.sort();
        prompts.sort();
        for (name, path) in schemas {
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            self.schemas.retain(|(known, _, _)| *known != name);
            self.schemas.push((name, path.display().to_string(), text));
        }
        for (stem, path) in prompts {
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            self.add_prompt(&stem, text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
