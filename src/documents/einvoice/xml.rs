//! Untrusted XML as a tree of limited size.
//!
//! Document type declarations are rejected, and so are entities except XML's own five
//! and character references, so nothing expands. Depth, number of elements and lengths
//! are limited, so the file's size limits the memory.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use crate::domain::{Failure, Identifier, Reason};

/// Most bytes of an XML file; XRechnung and Peppol invoices with attachments are
/// smaller.
pub const MAX_BYTES: usize = 32 << 20;
/// Most nested elements.
const MAX_DEPTH: usize = 64;
const MAX_ELEMENTS: usize = 1_000_000;
/// Most bytes of one element's text. The longest terms are notes.
const MAX_TEXT: usize = 100_000;
/// The attributes that terms depend on.
const ATTRIBUTES: [&str; 4] = ["schemeID", "currencyID", "format", "unitCode"];
/// Embedded files, which are not read and may be large.
const BINARY: [&str; 2] = ["EmbeddedDocumentBinaryObject", "AttachmentBinaryObject"];

/// An element of a known namespace. Others are left out with their content.
#[derive(Debug, Default)]
pub struct Element {
    /// Local name, without prefix.
    pub name: String,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The children called `name`, in their order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child called by any of `names`.
    pub fn any(&self, names: &[&str]) -> Option<&Element> {
        self.children
            .iter()
            .find(|child| names.contains(&child.name.as_str()))
    }

    /// The element at the end of a path, through the first child of each name.
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter()
            .try_fold(self, |element, name| element.any(&[name]))
    }

    /// Its text with its scheme (ISO 6523, EAS).
    pub fn identifier(&self) -> Option<Identifier> {
        Some(Identifier {
            scheme: self.attribute("schemeID").map(str::to_owned),
            value: self.line()?,
        })
    }

    /// Its text with white space collapsed; `None` when there is none.
    pub fn line(&self) -> Option<String> {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Its text without white space.
    pub fn compact(&self) -> Option<String> {
        let text: String = self.text.split_whitespace().collect();
        (!text.is_empty()).then_some(text)
    }

    /// Its text with its line breaks, each line trimmed.
    pub fn paragraphs(&self) -> Option<String> {
        let lines: Vec<&str> = self.text.trim().lines().map(str::trim).collect();
        let text = lines.join("\n");
        (!text.is_empty()).then_some(text)
    }

    /// The text of the first element down `path`, white space collapsed.
    pub fn line_at(&self, path: &[&str]) -> Option<String> {
        self.at(path)?.line()
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }
}

/// A parsed file.
pub struct Document {
    /// Namespace of `root`.
    pub namespace: String,
    pub root: Element,
    /// Further documents in the envelope around `root`, which are not read.
    pub others: u32,
}

/// The files and elements that are read.
pub struct XmlVocabulary {
    /// Whether an element (namespace, local name) is the root of a document.
    pub is_root: fn(&str, &str) -> bool,
    /// Whether an element (namespace, local name) is an envelope around a
    /// document.
    pub is_envelope: fn(&str, &str) -> bool,
    /// Whether elements of the namespace are part of a document.
    pub knows: fn(&str) -> bool,
}

/// Whether a character before the first element or after the last has no meaning:
/// padding of fixed-length blocks, end-of-file marks, byte order marks.
fn is_padding(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\0' | '\u{1a}' | '\u{feff}')
}

/// Parses `bytes`. Errors: `unsupported_type` for another root, `corrupt` for XML
/// that is not well-formed, `too_large` beyond a limit.
pub fn parse(bytes: &[u8], vocabulary: &XmlVocabulary) -> Result<Document, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(beyond(format!(
            "the XML is larger than {} MiB",
            MAX_BYTES >> 20
        )));
    }
    let text = decode(bytes)?;
    TreeBuilder::default().build(text.trim_matches(is_padding), vocabulary)
}

fn beyond(message: String) -> Failure {
    Failure::new(Reason::TooLarge, message)
}

fn corrupt(what: impl std::fmt::Display) -> Failure {
    Failure::new(Reason::Corrupt, format!("the XML is broken: {what}"))
}

/// The text of the file, by its byte order mark, its first bytes or its
/// declaration (XML 1.0, appendix F); UTF-8 otherwise.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Failure> {
    let (encoding, skip) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, length),
        None => (guess(bytes)?, 0),
    };
    // Padding of single bytes may end within a character of two.
    let is_wide = encoding == UTF_16LE || encoding == UTF_16BE;
    let bytes = match bytes.strip_suffix(&[0]) {
        Some(shorter) if is_wide && bytes.len() % 2 == 1 => shorter,
        _ => bytes,
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(&bytes[skip..])
        .ok_or_else(|| corrupt(format!("it is not valid {}", encoding.name())))
}

fn guess(bytes: &[u8]) -> Result<&'static Encoding, Failure> {
    match bytes {
        [b'<', 0, ..] => return Ok(UTF_16LE),
        [0, b'<', ..] => return Ok(UTF_16BE),
        _ => {}
    }
    let head = &bytes[..bytes.len().min(200)];
    let head = String::from_utf8_lossy(head);
    let declared = head
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split("?>").next())
        .and_then(|declaration| declaration.split("encoding").nth(1))
        .and_then(|rest| rest.split(['"', '\'']).nth(1));
    match declared {
        None => Ok(UTF_8),
        Some(label) => match Encoding::for_label(label.as_bytes()) {
            // The declaration was readable as single bytes, so it is not UTF-16.
            Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok(UTF_8),
            Some(encoding) => Ok(encoding),
            None => Err(corrupt(format!("there is no encoding `{label}`"))),
        },
    }
}

#[derive(Default)]
struct TreeBuilder {
    namespace: String,
    /// Open elements, the root first.
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// Number of open elements within `open` that are left out with their content.
    outside: usize,
    /// Number of open elements of an envelope around the root.
    envelope: usize,
    has_envelope: bool,
    /// Documents in the envelope after the first.
    others: u32,
}

impl TreeBuilder {
    fn build(mut self, text: &str, vocabulary: &XmlVocabulary) -> Result<Document, Failure> {
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(|error| {
                // Text before the first element may be anything.
                match self.open.is_empty() && self.root.is_none() && !text.contains("<?xml") {
                    true => Failure::new(Reason::UnsupportedType, format!("no XML: {error}")),
                    false => corrupt(error),
                }
            })?;
            match event {
                Event::Start(start) => {
                    let namespace = match &namespace {
                        ResolveResult::Bound(namespace) => namespace.as_ref(),
                        _ => "",
                    };
                    self.start(namespace, &start, vocabulary)?;
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::DocType(_) => {
                    return Err(Failure::new(
                        Reason::UnsupportedType,
                        "the XML has a document type declaration (DTD), which e-invoices do not have",
                    ));
                }
                Event::Eof => break,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        match self.root {
            Some(root) if self.open.is_empty() && self.envelope == 0 => Ok(Document {
                namespace: self.namespace,
                root,
                others: self.others,
            }),
            None if self.has_envelope && self.envelope == 0 => Err(Failure::new(
                Reason::UnsupportedType,
                "the envelope has no e-invoice that docmill reads (UN/CEFACT CII, ZUGFeRD, \
                 UBL Invoice or CreditNote)",
            )),
            _ => Err(corrupt("it ends before its last element")),
        }
    }

    fn start(
        &mut self,
        namespace: &str,
        start: &BytesStart,
        vocabulary: &XmlVocabulary,
    ) -> Result<(), Failure> {
        let local = start.local_name();
        let name: &str = local.as_ref();
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(beyond(format!(
                "the XML has more than {MAX_ELEMENTS} elements"
            )));
        }
        if self.open.len() + self.outside + self.envelope >= MAX_DEPTH {
            return Err(beyond(format!("the XML nests deeper than {MAX_DEPTH}")));
        }
        if self.open.is_empty() {
            let is_root = (vocabulary.is_root)(namespace, name);
            let begins = is_root && self.root.is_none();
            if !begins && (self.envelope > 0 || self.begins_envelope(namespace, name, vocabulary)) {
                self.others += u32::from(is_root);
                self.envelope += 1;
                self.has_envelope = true;
                return Ok(());
            }
            if self.root.is_some() {
                return Err(corrupt("it has a second root element"));
            }
            if !begins {
                let shown: String = name.chars().take(60).collect();
                return Err(Failure::new(
                    Reason::UnsupportedType,
                    format!(
                        "the XML has the root `{shown}`, which is not an e-invoice that docmill \
                         reads (UN/CEFACT CII, ZUGFeRD, UBL Invoice or CreditNote)"
                    ),
                ));
            }
            self.namespace = namespace.to_owned();
        }
        if self.outside > 0 || !(vocabulary.knows)(namespace) {
            self.outside += 1;
            return Ok(());
        }
        self.open.push(Element {
            name: name.to_owned(),
            attributes: attributes(start)?,
            ..Element::default()
        });
        Ok(())
    }

    fn begins_envelope(&self, namespace: &str, name: &str, vocabulary: &XmlVocabulary) -> bool {
        self.root.is_none() && !self.has_envelope && (vocabulary.is_envelope)(namespace, name)
    }

    fn end(&mut self) {
        if self.outside > 0 {
            self.outside -= 1;
            return;
        }
        // The reader rejects unmatched end tags.
        let Some(element) = self.open.pop() else {
            self.envelope = self.envelope.saturating_sub(1);
            return;
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, more: &str) -> Result<(), Failure> {
        if self.outside > 0 {
            return Ok(());
        }
        let Some(element) = self.open.last_mut() else {
            return match more.trim_matches(is_padding).is_empty() || self.envelope > 0 {
                true => Ok(()),
                false if self.root.is_some() => Err(corrupt("text follows its last element")),
                false => Err(Failure::new(Reason::UnsupportedType, "no XML")),
            };
        };
        if BINARY.contains(&element.name.as_str()) {
            return Ok(());
        }
        if element.text.len() + more.len() > MAX_TEXT {
            return Err(beyond(format!(
                "the text of {} is longer than {MAX_TEXT} bytes",
                element.name
            )));
        }
        element.text.push_str(more);
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef) -> Result<(), Failure> {
        if let Some(c) = reference.resolve_char_ref().map_err(corrupt)? {
            return self.text(c.encode_utf8(&mut [0; 4]));
        }
        let name: &str = reference;
        match quick_xml::escape::resolve_predefined_entity(name) {
            Some(text) => self.text(text),
            None => {
                let shown: String = name.chars().take(40).collect();
                Err(corrupt(format!("the entity `&{shown};` is not defined")))
            }
        }
    }
}

fn attributes(start: &BytesStart) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut kept = Vec::new();
    // The check for duplicates would take quadratic time.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(corrupt)?;
        let key: &str = attribute.key.as_ref();
        if let Some(known) = ATTRIBUTES.into_iter().find(|known| *known == key) {
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(corrupt)?;
            kept.push((known, value.chars().take(100).collect()));
        }
    }
    Ok(kept)
}
