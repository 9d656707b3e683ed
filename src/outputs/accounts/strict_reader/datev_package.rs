//! A Document-Package of DATEV's XML interface, by the developer portal: a zip without
//! folders, with exactly one `document.xml` of the namespace v06.0, whose documents name the
//! other files.

use std::io::Read;

use quick_xml::events::{BytesStart, Event};

/// A document that `document.xml` describes, with its file.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedDocument {
    pub guid: String,
    pub file: String,
    pub content: Vec<u8>,
}

const NAMESPACE: &str = "http://xml.datev.de/bedi/tps/document/v06.0";

fn attributes(element: &BytesStart) -> Vec<(String, String)> {
    let pairs = element.attributes().map(Result::unwrap);
    let pair = |pair: quick_xml::events::attributes::Attribute| {
        (pair.key.as_ref().to_owned(), pair.value.into_owned())
    };
    pairs.map(pair).collect()
}

/// The attributes are these alone, in any order. Returns the values of `open` ones.
fn only(element: &BytesStart, fixed: &[(&str, &str)], open: &[&str]) -> Vec<String> {
    let found = attributes(element);
    assert_eq!(found.len(), fixed.len() + open.len(), "{found:?}");
    let value = |name: &str| {
        let of_name = found.iter().find(|(key, _)| key == name);
        of_name
            .unwrap_or_else(|| panic!("no {name}: {found:?}"))
            .1
            .clone()
    };
    for (name, expected) in fixed {
        assert_eq!(value(name), *expected, "{name}");
    }
    open.iter().map(|name| value(name)).collect()
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.concat().bytes().all(|c| c.is_ascii_hexdigit())
}

/// GUID and file of each document of a `document.xml`.
fn described(xml: &str) -> Vec<(String, String)> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().trim_text(true);
    let (mut path, mut documents) = (Vec::new(), Vec::new());
    let mut guid = String::new();
    loop {
        let event = reader.read_event().unwrap();
        let (element, is_open) = match &event {
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Text(text) => {
                let text: &str = text;
                assert_eq!(path.last().map(String::as_str), Some("date"), "{text}");
                let date: Result<jiff::civil::DateTime, _> = text.parse();
                assert!(date.is_ok() && text.len() == 19, "{text}");
                continue;
            }
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().unwrap().unwrap();
                assert_eq!(&*encoding, "utf-8");
                continue;
            }
            Event::Eof => break,
            other => panic!("{other:?}"),
        };
        let name = element.name().as_ref().to_owned();
        path.push(name);
        match path.join("/").as_str() {
            "archive" => {
                let schema = format!("{NAMESPACE} Document_v060.xsd");
                let fixed = [
                    ("xmlns", NAMESPACE),
                    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                    ("xsi:schemaLocation", &schema),
                    ("version", "6.0"),
                ];
                only(element, &fixed, &["generatingSystem"]);
            }
            "archive/header" | "archive/header/date" | "archive/content" => {
                only(element, &[], &[]);
            }
            "archive/content/document" => {
                guid = only(element, &[("processID", "1")], &["guid"]).remove(0);
                assert!(is_guid(&guid), "{guid}");
            }
            "archive/content/document/extension" => {
                let name = only(element, &[("xsi:type", "File")], &["name"]).remove(0);
                documents.push((guid.clone(), name));
            }
            other => panic!("<{other}>"),
        }
        if !is_open {
            path.pop();
        }
    }
    documents
}

pub fn datev_package(bytes: &[u8]) -> Vec<PackedDocument> {
    assert!(bytes.len() < 465_000_000);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(!name.contains(['/', '\\']) && name.is_ascii(), "{name}");
        let mut content = Vec::new();
        // The CRC is compared at the end.
        file.read_to_end(&mut content).unwrap();
        assert!(content.len() <= 20 << 20);
        files.push((name, content));
    }
    let at = files.iter().position(|(name, _)| name == "document.xml");
    let (_, xml) = files.remove(at.expect("a document.xml"));
    let described = described(std::str::from_utf8(&xml).unwrap());
    assert!(!described.is_empty() && described.len() <= 4_999);
    let mut guids: Vec<&String> = described.iter().map(|(guid, _)| guid).collect();
    guids.sort();
    guids.dedup();
    assert_eq!(guids.len(), described.len(), "a GUID is of one document");
    let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
    let described_names: Vec<&String> = described.iter().map(|(_, name)| name).collect();
    assert_eq!(names, described_names, "the files are those described");
    let document =
        |((guid, file), (_, content)): ((String, String), (String, Vec<u8>))| PackedDocument {
            guid,
            file,
            content,
        };
    described.into_iter().zip(files).map(document).collect()
}
