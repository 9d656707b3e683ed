//! What a PDF carries beside its pages, wherever it hangs: in the tree of
//! embedded files, at `/AF` of the document or a page, or at an annotation.
//! PDFium knows the first of these alone.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

/// A file inside a PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Structure {
    /// The PDF is a portfolio: its own pages are only a cover.
    pub is_portfolio: bool,
    pub files: Vec<EmbeddedFile>,
    /// Files beyond the bounds below were not looked at.
    pub is_cut: bool,
}

/// Files of a PDF that are looked at, and bytes of all of them together.
const MAX_FILES: usize = 1000;
const MAX_BYTES: usize = 128 << 20;
/// Bytes that one compressed stream may become.
const MAX_STREAM: usize = 64 << 20;
/// Nested arrays and dictionaries that are followed.
const MAX_DEPTH: usize = 16;

/// Reads the structure; that of a PDF which it cannot read is empty, since
/// PDFium may still draw it.
pub fn read(bytes: &[u8]) -> Structure {
    // A panic on a hostile file must not cost what PDFium makes of it.
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
    for object in document.objects.values() {
        search.visit(object, 0);
    }
    Some(search.structure)
}

/// Leaves out what makes up most of a file: pictures and fonts.
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
    // Of the objects of a stream the copy is taken, of all others `object`;
    // a stream is never within another.
    let copy = match object {
        Object::Stream(_) => Object::Null,
        other => other.clone(),
    };
    Some((id, copy))
}

struct Search<'a> {
    document: &'a Document,
    /// Streams that were taken: several places may name one file.
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

    /// Takes the file of a file specification (ISO 32000-2, 7.11.3).
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
