//! The files that a PDF carries, wherever it refers to them: the name tree of
//! embedded files, associated files (`/AF`) of the document and of its pages,
//! file attachment annotations, portfolios. The only file that knows `lopdf`.
//!
//! PDFium lists the name tree alone (ISO 32000-2, 7.11.4 and 14.13).

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use super::looks_like_xml;
use crate::domain::{XmlFile, count};

/// Larger PDFs are not searched: their objects are held in memory.
const MAX_PDF_BYTES: usize = 256 << 20;
/// Files that are looked into.
const MAX_FILES: usize = 10_000;
/// Bytes of one object stream, and of all files together, unpacked.
const MAX_OBJECT_STREAM: usize = 64 << 20;
const MAX_UNPACKED: usize = 256 << 20;

/// What a PDF carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EmbeddedFiles {
    /// Names of all files, in the order found.
    pub names: Vec<String>,
    /// Those whose content is XML.
    pub xml: Vec<XmlFile>,
    /// What could not be looked into, for a person.
    pub warnings: Vec<String>,
}

/// Searches a PDF; XML files of more than `max_bytes` are left out with a
/// warning. `None`: the file's structure cannot be parsed.
pub fn find(pdf: &[u8], max_bytes: usize) -> Option<EmbeddedFiles> {
    let mut found = EmbeddedFiles::default();
    if pdf.len() > MAX_PDF_BYTES {
        let message = format!(
            "the PDF has more than {} MiB, so that it was not searched for attached e-invoices",
            MAX_PDF_BYTES >> 20
        );
        found.warnings.push(message);
        return Some(found);
    }
    // A parser of hostile bytes may have a panic left; PDFium has not seen them.
    let search = || {
        let document = load(pdf)?;
        search(&document, max_bytes, &mut found);
        Some(())
    };
    let is_searched = catch_unwind(AssertUnwindSafe(search)).ok().flatten();
    is_searched.map(|()| found)
}

fn load(pdf: &[u8]) -> Option<Document> {
    let options = LoadOptions {
        filter: Some(without_pictures),
        max_decompressed_size: Some(MAX_OBJECT_STREAM),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(pdf, options).ok()?;
    document.catalog().is_ok().then_some(document)
}

/// Pictures are most of a file, and carry no files.
fn without_pictures(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let subtype = object
        .as_stream()
        .and_then(|stream| stream.dict.get(b"Subtype"));
    let is_picture = matches!(subtype, Ok(Object::Name(name)) if name == b"Image");
    let object = std::mem::replace(object, Object::Null);
    Some((id, if is_picture { Object::Null } else { object }))
}

/// Follows every reference from the catalogue: what is not reachable belongs to
/// an earlier version of the document.
fn search(document: &Document, max_bytes: usize, found: &mut EmbeddedFiles) {
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut files = Files {
        document,
        max_bytes,
        unpacked: 0,
        skipped: 0,
        streams: HashSet::new(),
    };
    let mut open: Vec<&Object> = document.trailer.get(b"Root").into_iter().collect();
    while let Some(object) = open.pop() {
        match object {
            Object::Reference(id) if seen.insert(*id) => {
                open.extend(document.get_object(*id).ok());
            }
            Object::Array(array) => open.extend(array),
            Object::Dictionary(dictionary) => {
                files.take(dictionary, found);
                open.extend(dictionary.iter().map(|(_, value)| value));
            }
            Object::Stream(stream) => open.extend(stream.dict.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    if files.skipped > 0 {
        let message = format!(
            "{} of the PDF were not searched for e-invoices: it carries more than {MAX_FILES} files \
             or {} MiB",
            count(files.skipped, "attached file"),
            MAX_UNPACKED >> 20
        );
        found.warnings.push(message);
    }
}

struct Files<'a> {
    document: &'a Document,
    max_bytes: usize,
    unpacked: usize,
    skipped: u64,
    /// Embedded streams that were taken: several file specifications may name
    /// one.
    streams: HashSet<ObjectId>,
}

impl Files<'_> {
    /// Takes the file of a file specification (ISO 32000-2, 7.11.3); other
    /// dictionaries have no `EF`.
    fn take(&mut self, specification: &Dictionary, found: &mut EmbeddedFiles) {
        let Some((id, stream)) = stream_of(self.document, specification) else {
            return;
        };
        if !self.streams.insert(id) {
            return;
        }
        if self.streams.len() > MAX_FILES || self.unpacked > MAX_UNPACKED {
            self.skipped += 1;
            return;
        }
        let name = name_of(specification);
        let is_named_xml = name.to_lowercase().ends_with(".xml");
        match stream.get_plain_content_with_limit(self.max_bytes) {
            Ok(bytes) => {
                self.unpacked += bytes.len();
                if looks_like_xml(&bytes) {
                    let name = Some(name.clone());
                    found.xml.push(XmlFile { name, bytes });
                }
            }
            Err(error) if is_named_xml => {
                let message = format!("the attached {name} could not be unpacked: {error}");
                found.warnings.push(message);
            }
            Err(_) => {}
        }
        found.names.push(name);
    }
}

fn stream_of<'a>(
    document: &'a Document,
    specification: &'a Dictionary,
) -> Option<(ObjectId, &'a Stream)> {
    let embedded = specification.get_deref(b"EF", document).ok()?;
    let embedded = embedded.as_dict().ok()?;
    NAME_KEYS.iter().find_map(|key| {
        let id = embedded.get(key).ok()?.as_reference().ok()?;
        let stream = document.get_object(id).ok()?.as_stream().ok()?;
        Some((id, stream))
    })
}

/// Keys of file names and embedded streams, the preferred first.
const NAME_KEYS: [&[u8]; 5] = [b"UF", b"F", b"Unix", b"Mac", b"DOS"];

fn name_of(specification: &Dictionary) -> String {
    let name = NAME_KEYS.iter().find_map(|key| {
        let text = specification.get(key).ok()?;
        lopdf::decode_text_string(text).ok()
    });
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::einvoice;

    macro_rules! fault {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/data/faults/", $name))
        };
    }

    fn found(pdf: &[u8]) -> EmbeddedFiles {
        find(pdf, 32 << 20).unwrap()
    }

    #[test]
    fn an_invoice_is_found_wherever_the_pdf_refers_to_it() {
        for (place, pdf) in [
            ("/AF alone", &fault!("af.pdf")[..]),
            ("a name tree with levels", fault!("kids.pdf")),
            ("after 101 others", fault!("after-101-others.pdf")),
        ] {
            let found = found(pdf);
            assert_eq!(found.xml.len(), 1, "{place}: {:?}", found.names);
            assert_eq!(found.warnings, [""; 0], "{place}");
        }
    }

    #[test]
    fn one_invoice_in_two_syntaxes_is_no_conflict_and_another_one_is() {
        let found = found(fault!("facturx-and-xrechnung-same.pdf"));
        let chosen = einvoice::choose(found.xml.clone());
        assert_eq!(found.xml.len(), 2, "{:?}", found.names);
        assert_eq!(chosen.warnings, [""; 0]);
        let used = chosen.file.unwrap();
        assert_eq!(used.name.as_deref(), Some("factur-x.xml"));
        let mut files = found.xml;
        let xml = String::from_utf8(files[1].bytes.clone()).unwrap();
        files[1].bytes = xml.replace("927.01", "928.01").into_bytes();
        let chosen = einvoice::choose(files);
        let warning = &chosen.warnings[0];
        assert!(
            warning.contains("states another amount due, gross total"),
            "{warning}"
        );
    }

    /// A PDF that lopdf writes, whose catalogue or page has the file.
    fn with_file(content: &[u8], attach: impl Fn(&mut Document, ObjectId)) -> Vec<u8> {
        let mut document = Document::with_version("1.7");
        let stream = Stream::new(Dictionary::new(), content.to_vec());
        let stream = document.add_object(stream);
        let mut embedded = Dictionary::new();
        embedded.set("F", stream);
        let mut file = Dictionary::new();
        file.set("Type", "Filespec");
        file.set("F", Object::string_literal("x.xml"));
        file.set("EF", embedded);
        let file = document.add_object(file);
        let mut pages = Dictionary::new();
        pages.set("Type", "Pages");
        pages.set("Count", 1);
        let pages = document.add_object(pages);
        let mut page = Dictionary::new();
        page.set("Type", "Page");
        page.set("Parent", pages);
        let page = document.add_object(page);
        let kids = Object::Array(vec![page.into()]);
        document
            .get_dictionary_mut(pages)
            .unwrap()
            .set("Kids", kids);
        let mut catalogue = Dictionary::new();
        catalogue.set("Type", "Catalog");
        catalogue.set("Pages", pages);
        let catalogue = document.add_object(catalogue);
        document.trailer.set("Root", catalogue);
        attach(&mut document, file);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    /// Sets `key` of the page.
    fn set_on_page(document: &mut Document, key: &str, value: Object) {
        let page = document.get_pages()[&1];
        document.get_dictionary_mut(page).unwrap().set(key, value);
    }

    #[test]
    fn annotations_and_associated_files_of_a_page_are_found_and_unreferenced_files_are_not() {
        let annotation = with_file(b"<a/>", |document, file| {
            let mut annotation = Dictionary::new();
            annotation.set("Type", "Annot");
            annotation.set("Subtype", "FileAttachment");
            annotation.set("FS", file);
            let annotation = document.add_object(annotation);
            set_on_page(document, "Annots", vec![annotation.into()].into());
        });
        assert_eq!(found(&annotation).xml[0].bytes, b"<a/>");
        let associated = with_file(b"<a/>", |document, file| {
            set_on_page(document, "AF", vec![file.into()].into());
        });
        assert_eq!(found(&associated).xml[0].name.as_deref(), Some("x.xml"));
        let unreferenced = with_file(b"<a/>", |_, _| {});
        assert_eq!(found(&unreferenced), EmbeddedFiles::default());
    }

    #[test]
    fn a_file_that_is_too_large_is_reported() {
        let content = format!("<a>{}</a>", "x".repeat(100));
        let pdf = with_file(content.as_bytes(), |document, file| {
            set_on_page(document, "AF", vec![file.into()].into());
        });
        let found = find(&pdf, 50).unwrap();
        assert!(found.xml.is_empty());
        assert!(
            found.warnings[0].contains("x.xml could not be unpacked"),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_no_pdf_is_not_searched() {
        assert!(find(b"%PDF-1.7 garbage", 1).is_none());
        assert!(find(b"", 1).is_none());
    }
}
