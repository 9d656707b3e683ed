//! The modules of `src` and which of them use which, by what they import and
//! by the paths in their code. Code that is compiled for tests alone is left
//! out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, UseTree, Visibility};

const KEYWORDS: [&str; 3] = ["crate", "self", "super"];

/// Names from the crate's root to a module or an item.
pub type Names = Vec<String>;

/// A source file.
pub struct Source {
    /// From `src`, as `engines/route/clip.rs`.
    pub file: String,
    pub text: String,
    /// Its module's path; of `main.rs` and `lib.rs`, none.
    pub module: Names,
    /// Whether it is compiled for tests alone.
    pub is_test: bool,
    /// What its code names: absolute paths within the crate, unresolved.
    pub uses: BTreeSet<Names>,
    /// Types and traits that it declares for other modules.
    pub types: Vec<String>,
    /// Names that it imports, and what they stand for.
    imports: BTreeMap<String, Names>,
}

/// All files of `src`.
pub struct Sources(pub Vec<Source>);

impl Sources {
    /// Read once in a process.
    pub fn load() -> &'static Sources {
        static SOURCES: OnceLock<Sources> = OnceLock::new();
        SOURCES.get_or_init(Sources::read)
    }

    fn read() -> Sources {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        walk(&root, &mut files);
        let mut sources: Vec<Source> = files.iter().map(|file| read(&root, file)).collect();
        sources.sort_by(|a, b| a.file.cmp(&b.file));
        Sources(sources)
    }

    /// Files that are part of the program.
    pub fn shipped(&self) -> impl Iterator<Item = &Source> {
        self.0.iter().filter(|source| !source.is_test)
    }

    /// The files that each file uses.
    pub fn graph(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let edges = self.shipped().map(|source| {
            let used = source
                .uses
                .iter()
                .filter_map(|names| self.defines(names, 0));
            let others = used.filter(|file| *file != source.file).collect();
            (source.file.as_str(), others)
        });
        edges.collect()
    }

    /// The file that defines what a path names, through re-exports.
    fn defines(&self, names: &[String], depth: usize) -> Option<&str> {
        // The longest part of the path that is a module.
        let source = (1..=names.len()).rev().find_map(|length| {
            let module = &names[..length];
            self.shipped().find(|source| source.module == module)
        })?;
        let rest = &names[source.module.len()..];
        let Some(name) = rest.first().filter(|_| depth < 8) else {
            return Some(&source.file);
        };
        if let Some(target) = source.imports.get(name) {
            let whole: Names = target.iter().chain(&rest[1..]).cloned().collect();
            if whole != names {
                return self.defines(&whole, depth + 1);
            }
        }
        Some(&source.file)
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let relative = path.strip_prefix(root).unwrap();
    let file = relative.to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap();
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut module: Names = relative
        .with_extension("")
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
        module.pop();
    }
    let name = relative.file_stem().unwrap().to_string_lossy();
    let mut scan = Scan {
        here: module.clone(),
        uses: BTreeSet::new(),
        types: Vec::new(),
        imports: BTreeMap::new(),
    };
    scan.visit_file(&syntax);
    Source {
        is_test: name == "tests" || name.ends_with("_tests"),
        file,
        text,
        module,
        uses: scan.uses,
        types: scan.types,
        imports: scan.imports,
    }
}

/// Walks a file's syntax.
struct Scan {
    /// The module in which the walk is, inline ones included.
    here: Names,
    uses: BTreeSet<Names>,
    types: Vec<String>,
    imports: BTreeMap<String, Names>,
}

impl Scan {
    /// A path as absolute names; `None` where it leads out of the crate.
    fn absolute(&self, path: &[String]) -> Option<Names> {
        let mut names = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => self.here.clone(),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                self.here[..self.here.len().checked_sub(ups)?].to_vec()
            }
            _ => return None,
        };
        let is_keyword = |name: &&String| KEYWORDS.contains(&name.as_str());
        names.extend(path.iter().skip_while(is_keyword).cloned());
        Some(names)
    }

    /// A path in code, which may begin with a module that is declared here.
    fn name(&mut self, names: Names) {
        if names.len() > 1 {
            let is_absolute = KEYWORDS.contains(&names[0].as_str());
            let path = match is_absolute {
                true => names,
                false => [&["self".to_owned()], &names[..]].concat(),
            };
            self.uses.extend(self.absolute(&path));
        }
    }

    fn import(&mut self, prefix: &[String], tree: &UseTree, is_public: bool) {
        let joined = |name: &Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.import(&joined(&path.ident), &path.tree, is_public),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(prefix, tree, is_public);
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                let alias = prefix.last().cloned().unwrap_or_default();
                self.bind(alias, prefix, is_public);
            }
            UseTree::Name(name) => {
                self.bind(name.ident.to_string(), &joined(&name.ident), is_public);
            }
            UseTree::Rename(rename) => {
                self.bind(rename.rename.to_string(), &joined(&rename.ident), is_public);
            }
            UseTree::Glob(_) => self.uses.extend(self.absolute(prefix)),
        }
    }

    /// An import is a use of what it names; a re-export is not.
    fn bind(&mut self, alias: String, path: &[String], is_public: bool) {
        // `pub use child::Type` may leave out `self::`.
        let is_relative = is_public && !KEYWORDS.contains(&path[0].as_str());
        let path = match is_relative {
            true => [&["self".to_owned()], path].concat(),
            false => path.to_vec(),
        };
        if let Some(names) = self.absolute(&path) {
            if !is_public {
                self.uses.insert(names.clone());
            }
            self.imports.insert(alias, names);
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        attribute.path().is_ident("cfg") && list.is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        _ => &[],
    }
}

/// The visibility and name of a type or trait.
fn declared_type(item: &Item) -> Option<(&Visibility, &Ident)> {
    match item {
        Item::Struct(item) => Some((&item.vis, &item.ident)),
        Item::Enum(item) => Some((&item.vis, &item.ident)),
        Item::Union(item) => Some((&item.vis, &item.ident)),
        Item::Trait(item) => Some((&item.vis, &item.ident)),
        Item::Type(item) => Some((&item.vis, &item.ident)),
        _ => None,
    }
}

impl<'a> Visit<'a> for Scan {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_for_tests(attributes(item)) {
            if let Some((visibility, name)) = declared_type(item)
                && !matches!(visibility, Visibility::Inherited)
            {
                self.types.push(name.to_string());
            }
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.here.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.import(&[], &item.tree, is_public);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names = path.segments.iter().map(|s| s.ident.to_string());
        self.name(names.collect());
        visit::visit_path(self, path);
    }

    /// A macro's input is not a syntax tree: paths are found by their colons.
    fn visit_macro(&mut self, invocation: &'a syn::Macro) {
        let tokens = invocation.tokens.to_string().replace(" :: ", "::");
        for word in tokens.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
            let names: Names = word.split("::").map(str::to_owned).collect();
            if names
                .iter()
                .all(|name| !name.is_empty() && !name.contains(':'))
            {
                self.name(names);
            }
        }
        visit::visit_macro(self, invocation);
    }
}
