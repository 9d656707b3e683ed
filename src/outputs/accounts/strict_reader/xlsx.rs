//! Workbooks: the cells of each sheet.

use std::collections::BTreeMap;
use std::io::Read as _;

/// A cell of a sheet: its type and text, by `A1`.
pub type Cells = BTreeMap<String, (String, String)>;

/// The cells of a workbook's sheets. Panics on a formula.
pub fn xlsx(bytes: &[u8]) -> Vec<Cells> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        archive
            .by_name(name)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    };
    let strings = elements(&part("xl/sharedStrings.xml"), "si");
    let strings: Vec<String> = strings.into_iter().map(|(_, text)| text).collect();
    let mut sheet = |index: usize| {
        let cells = elements(&part(&format!("xl/worksheets/sheet{index}.xml")), "c");
        let cell = |(attributes, text): (BTreeMap<String, String>, String)| {
            let kind = attributes.get("t").cloned().unwrap_or("n".into());
            assert!(kind == "n" || kind == "s", "a cell of type {kind}");
            let text = match kind.as_str() {
                "s" => strings[text.parse::<usize>().unwrap()].clone(),
                _ => text,
            };
            (attributes["r"].clone(), (kind, text))
        };
        cells.into_iter().map(cell).collect()
    };
    vec![sheet(1), sheet(2)]
}

/// Attributes and text of each element with this name.
fn elements(xml: &str, name: &str) -> Vec<(BTreeMap<String, String>, String)> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut found, mut open) = (Vec::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                assert_ne!(start.name().as_ref(), "f", "a formula");
                if start.name().as_ref() == name {
                    open = true;
                    let attributes = start.attributes().map(|a| {
                        let a = a.unwrap();
                        let key = a.key.as_ref().to_owned();
                        (key, a.value.to_string())
                    });
                    found.push((attributes.collect(), String::new()));
                }
            }
            Event::End(end) if end.name().as_ref() == name => open = false,
            Event::Text(text) if open => {
                found.last_mut().unwrap().1.push_str(text.as_ref());
            }
            Event::GeneralRef(entity) if open => {
                let text = match entity.as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    other => panic!("{other}"),
                };
                found.last_mut().unwrap().1.push_str(text);
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}
