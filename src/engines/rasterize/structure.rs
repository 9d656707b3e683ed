//! Finds the files in a PDF: in the tree of embedded files, in `/AF` of the
//! document or a page, and in annotations. PDFium finds only the first.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

/// A file inside a PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The embedded files of a PDF and its kind.
#[derive(Debug, Default)]
pub struct Structure {
    /// Whether the PDF is a portfolio: its own pages are only a cover.
    pub is_portfolio: bool,
    pub files: Vec<EmbeddedFile>,
    /// Whether files beyond the limits below were left out.
    pub is_cut: bool,
}

/// Most embedded files that are read.
const MAX_FILES: usize = 1000;
/// Most bytes of all embedded files together.
const MAX_BYTES: usize = 128 << 20;
/// Most bytes of one decompressed stream.
const MAX_STREAM: usize = 64 << 20;
/// Deepest nesting of arrays and dictionaries that is followed.
const MAX_DEPTH: usize = 16;

/// Reads the structure. It is empty where the PDF cannot be parsed, since PDFium
/// may still draw it.
pub fn read(bytes: &[u8]) -> Structure {
    // After a panic on a hostile file PDFium still opens it.
    let parsed = catch_unwind(AssertUnwindSafe(|| parse(bytes)));
    parsed.ok().flatten().unwrap_or_default()
}

fn parse(bytes: &[u8]) -> Option<Structure> {
    let options = LoadOptions {
        max_decompressed_size: Some(MAX_STREAM),
        ..LoadOptions::with_filter(keep)
    };
    let document = Document::load_mem_with_options(bytes, options).ok()?;
    let catalog = document.catalog().ok()?;
    let mut search = Search {
        document: &document,
        seen: BTreeSet::new(),
        bytes: 0,
        structure: Structure {
            is_portfolio: catalog.has(b"Collection"),
            ..Structure::default()
        },
    };
    for object in reachable(&document) {
        search.visit(object, 0);
    }
    Some(search.structure)
}

/// The objects that the catalogue references, directly or not. Others belong to an
/// earlier version of the document, such as an invoice that was replaced.
fn reachable(document: &Document) -> Vec<&Object> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut open: Vec<&Object> = document.trailer.get(b"Root").into_iter().collect();
    while let Some(object) = open.pop() {
        match object {
            Object::Reference(id) if seen.insert(*id) => {
                if let Ok(object) = document.get_object(*id) {
                    found.push(object);
                    open.push(object);
                }
            }
            // The stack takes the last first, so reversed: files keep the order of
            // their tree.
            Object::Array(items) => open.extend(items.iter().rev()),
            Object::Dictionary(dictionary) => open.extend(dictionary.iter().map(|(_, o)| o)),
            Object::Stream(stream) => open.extend(stream.dict.iter().map(|(_, o)| o)),
            _ => {}
        }
    }
    found
}

/// Leaves out pictures and fonts, which are most of a file.
fn keep(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    if let Object::Stream(stream) = object {
        let is = |key: &[u8], value: &[u8]| {
            let found = stream.dict.get(key).and_then(Object::as_name);
            found.is_ok_and(|name| name == value)
        };
        if is(b"Subtype", b"Image") || stream.dict.has(b"Length1") {
            return None;
        }
    }
    // lopdf uses the returned copy for objects of an object stream, and `object` for
    // all others. A stream is never inside an object stream.
    let copy = match object {
        Object::Stream(_) => Object::Null,
        other => other.clone(),
    };
    Some((id, copy))
}

struct Search<'a> {
    document: &'a Document,
    /// Streams that were read, since several places may name one file.
    seen: BTreeSet<ObjectId>,
    bytes: usize,
    structure: Structure,
}

impl Search<'_> {
    fn visit(&mut self, object: &Object, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match object {
            Object::Array(items) => items.iter().for_each(|item| self.visit(item, depth + 1)),
            Object::Dictionary(dictionary) => {
                self.file(dictionary);
                for (_, value) in dictionary {
                    self.visit(value, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Adds the file of a file specification (ISO 32000-2, 7.11.3).
    fn file(&mut self, specification: &Dictionary) {
        let Some(embedded) = specification.get(b"EF").ok().and_then(|object| {
            let (_, object) = self.document.dereference(object).ok()?;
            object.as_dict().ok()
        }) else {
            return;
        };
        let stream = [&b"UF"[..], b"F"].into_iter().find_map(|key| {
            let reference = embedded.get(key).ok()?;
            let id = reference.as_reference().ok()?;
            let stream = self.document.get_object(id).ok()?.as_stream().ok()?;
            Some((id, stream))
        });
        let Some((id, stream)) = stream else { return };
        if !self.seen.insert(id) {
            return;
        }
        let name = [&b"UF"[..], b"F"].into_iter().find_map(|key| {
            let object = specification.get(key).ok()?;
            let (_, object) = self.document.dereference(object).ok()?;
            lopdf::decode_text_string(object).ok()
        });
        let bytes = stream.get_plain_content_with_limit(MAX_STREAM);
        match bytes {
            Ok(bytes)
                if self.structure.files.len() < MAX_FILES
                    && self.bytes + bytes.len() <= MAX_BYTES =>
            {
                self.bytes += bytes.len();
                let name = name.unwrap_or_default();
                self.structure.files.push(EmbeddedFile { name, bytes });
            }
            _ => self.structure.is_cut = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PDF with one file specification, which `attach` may refer to.
    fn with_file(attach: impl Fn(&mut Document, ObjectId)) -> Vec<u8> {
        let mut document = Document::with_version("1.7");
        let stream = lopdf::Stream::new(Dictionary::new(), b"<a/>".to_vec());
        let stream = document.add_object(stream);
        let mut embedded = Dictionary::new();
        embedded.set("F", stream);
        let mut file = Dictionary::new();
        file.set("Type", "Filespec");
        file.set("F", Object::string_literal("x.xml"));
        file.set("EF", embedded);
        let file = document.add_object(file);
        let mut catalog = Dictionary::new();
        catalog.set("Type", "Catalog");
        let catalog = document.add_object(catalog);
        document.trailer.set("Root", catalog);
        attach(&mut document, file);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_file_counts_where_the_document_leads_to_it_and_not_as_a_leftover() {
        let attached = with_file(|document, file| {
            let catalog = document.trailer.get(b"Root").unwrap();
            let catalog = catalog.as_reference().unwrap();
            let catalog = document.get_dictionary_mut(catalog).unwrap();
            catalog.set("AF", vec![Object::Reference(file)]);
        });
        let found = read(&attached);
        assert_eq!(found.files.len(), 1);
        assert_eq!(
            (found.files[0].name.as_str(), &found.files[0].bytes[..]),
            ("x.xml", &b"<a/>"[..])
        );
        let leftover = with_file(|_, _| {});
        assert!(read(&leftover).files.is_empty());
    }
}
