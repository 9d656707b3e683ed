//! What must hold for any text: see [`crate::fuzzing`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Context, records};
use crate::documents::types::DocTypes;
use crate::documents::values::{self, currency, date, number};
use crate::domain::{Fields, PageResult, Reading, Routing, Severity, Status};

/// The stored form of an accepted text is accepted again.
pub fn amount(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for value in number::parse(text).iter().flat_map(|read| read.values()) {
        assert_eq!(number::plain(&value.to_string()), Some(value), "{text:?}");
    }
    // Answers and pages are read by the same code.
    let _ = (
        date::parse(text, None),
        currency::parse(text),
        values::country(text),
    );
    for date in date::scan(text, None) {
        assert!(date::parse(&text[date.range], None).is_ok(), "{text:?}");
    }
}

/// Any object that a model writes (after a byte that chooses the type) becomes one
/// record with the type's fields. A schema violation has a finding, and its record is
/// never accepted.
pub fn fields(bytes: &[u8]) {
    static TYPES: LazyLock<DocTypes> =
        LazyLock::new(|| DocTypes::load(None).expect("the built-in types are right"));
    let Some((choice, text)) = bytes.split_first() else {
        return;
    };
    let Ok(fields) = serde_json::from_slice::<Fields>(text) else {
        return;
    };
    let readable: Vec<_> = TYPES.readable().collect();
    let doc_type = readable[usize::from(*choice) % readable.len()];
    let page = PageResult {
        index: 0,
        part: 0,
        routing: Some(Routing {
            doc_type: Ok(doc_type.name.clone()),
            probabilities: Vec::new(),
            embedding: None,
            forced: true,
        }),
        words: Vec::new(),
        ocr: Vec::new(),
        findings: Vec::new(),
        reading: Ok(Some(Reading {
            raw_text: String::from_utf8_lossy(text).into_owned(),
            fields,
            ..Reading::default()
        })),
    };
    let context = Context {
        einvoices: BTreeMap::new(),
        unsupported_fields: Default::default(),
        document_warnings: Vec::new(),
        today: jiff::civil::date(2026, 1, 1),
    };
    let records = records(&TYPES, &[page], &context);
    let [record] = records.as_slice() else {
        panic!("{} records of one page", records.len());
    };
    let properties = doc_type.properties();
    for name in properties.into_iter().flatten().map(|(name, _)| name) {
        assert!(record.fields.contains_key(name), "{name} is missing");
    }
    let is_valid = jsonschema::is_valid(&doc_type.schema, &record.fields.clone().into());
    let is_flagged = record.findings.iter().any(|f| f.severity > Severity::Info);
    assert!(is_valid || is_flagged, "{:?}", record.fields);
    assert_eq!(is_flagged, record.status != Status::Accepted);
}
