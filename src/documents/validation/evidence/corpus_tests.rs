//! The look-up measured on real invoices whose values are known, where they
//! are at hand:
//!
//! ```text
//! cargo test --release --lib evidence::corpus -- --ignored --nocapture
//! ```
//!
//! Ignored otherwise: a process loads PDFium once, and the rasteriser's own
//! tests need it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Map;

use super::*;
use crate::documents::types::DocTypes;
use crate::domain::{FieldPath, FindingCode, Limits};
use crate::engines::rasterize::{DocumentRasterizer, RasterSpec, Rasterizer};

/// Least share of the values on the page that must be found, and most values
/// on the page that may be said to be contradicted. What was measured when
/// this was written is a little better.
const LEAST_FOUND: f64 = 0.97;
const MOST_FALSE_ALARMS: f64 = 0.005;

struct Document {
    name: String,
    pages: Vec<PageResult>,
    /// Values that the page has.
    fields: Fields,
    alternatives: Map<String, Value>,
}

/// The PDFs of the corpus with their truth; `None` without corpus or PDFium.
fn documents() -> Option<Vec<Document>> {
    let corpus = std::env::var_os("DOCMILL_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
        PathBuf::from,
    );
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.json")).ok()?;
    let mut rasterizer = DocumentRasterizer::new(None).ok()?;
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let invoices = manifest["documents"].as_array().unwrap().iter();
    let invoices = invoices.filter(|d| d["kind"] == "invoice" && d["split"] == "dev");
    let read = |document: &Value| {
        let path = corpus.join(document["path"].as_str().unwrap());
        let truth = std::fs::read(corpus.join(document["truth"].as_str().unwrap())).unwrap();
        let truth: Map<String, Value> = serde_json::from_slice(&truth).unwrap();
        Document {
            name: document["path"].as_str().unwrap().to_owned(),
            pages: pages(&mut rasterizer, &path),
            fields: on_page(&truth),
            alternatives: truth
                .get("_alternatives")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        }
    };
    Some(invoices.map(read).collect())
}

fn pages(rasterizer: &mut DocumentRasterizer, path: &Path) -> Vec<PageResult> {
    let spec = RasterSpec {
        width: 400,
        max_pixels: 1_000_000,
    };
    let info = rasterizer
        .open(std::fs::read(path).unwrap(), &Limits::default())
        .unwrap();
    let page = |index| PageResult {
        index,
        routing: None,
        words: rasterizer.page(index, &spec).unwrap().words,
        ocr: Vec::new(),
        reading: Ok(None),
    };
    (0..info.pages).map(page).collect()
}

/// The truth without what is not on the page; where the page shows another
/// invoice than the embedded data, that.
fn on_page(truth: &Map<String, Value>) -> Fields {
    if let Some(page) = truth.get("_page").and_then(Value::as_object) {
        return page.clone();
    }
    let names = |key: &str| -> Vec<&str> {
        let list = truth.get(key).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let (missing, of_lines) = (names("_not_on_page"), names("_not_on_page_line_fields"));
    let mut fields = Fields::new();
    for (name, value) in truth {
        if name.starts_with('_') || missing.contains(&name.as_str()) {
            continue;
        }
        let mut value = value.clone();
        for line in value.as_array_mut().into_iter().flatten() {
            let line = line.as_object_mut().unwrap();
            line.retain(|leaf, _| !of_lines.contains(&leaf.as_str()));
        }
        fields.insert(name.clone(), value);
    }
    fields
}

fn look(
    doc_type: &DocType,
    document: &Document,
    fields: &Fields,
) -> (Vec<FieldEvidence>, Vec<Finding>) {
    let pages: Vec<_> = document.pages.iter().collect();
    let outcomes = super::super::checks::run(doc_type, fields, jiff::civil::date(2026, 1, 1));
    let mut findings = Vec::new();
    let evidence = gather(doc_type, fields, &pages, &outcomes, &[], &mut findings);
    findings.retain(|finding| finding.code == FindingCode::TextDiffers);
    (evidence, findings)
}

fn generic(field: &str) -> String {
    FieldPath::parse(field).to_wildcard().to_string()
}

#[test]
#[ignore = "a measurement: needs the corpus, and PDFium for itself"]
fn true_values_are_found_on_real_pages_and_false_ones_contradicted() {
    let Some(documents) = documents() else {
        eprintln!("skipped: no corpus, or no PDFium");
        return;
    };
    let types = DocTypes::load(None).unwrap();
    let doc_type = types.get("invoice").unwrap();
    true_values_are_found(&documents, doc_type);
    misread_amounts_are_contradicted(&documents, doc_type);
}

fn true_values_are_found(documents: &[Document], doc_type: &DocType) {
    let mut tally: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for document in documents
        .iter()
        .filter(|d| d.pages.iter().any(|p| !p.words.is_empty()))
    {
        let (evidence, alarms) = look(doc_type, document, &document.fields);
        for of_field in &evidence {
            let counts = tally.entry(generic(&of_field.field)).or_default();
            counts[0] += 1;
            let is_other_spelling = document.alternatives.contains_key(&of_field.field);
            if of_field.class == EvidenceClass::TextLayer {
                counts[1] += 1;
            } else if !is_other_spelling {
                let value = document.fields.get(&of_field.field);
                eprintln!("not found: {} {} {value:?}", document.name, of_field.field);
            }
        }
        for alarm in alarms {
            let field = alarm.field.unwrap_or_default();
            tally.entry(generic(&field)).or_default()[2] += 1;
            eprintln!("false alarm: {} {}", document.name, alarm.message);
        }
    }
    let mut all = [0; 3];
    for (field, counts) in &tally {
        let share = 100.0 * counts[1] as f64 / counts[0].max(1) as f64;
        eprintln!(
            "{field:<28} {:>5} values, {share:>5.1} % found, {} false alarms",
            counts[0], counts[2]
        );
        (0..3).for_each(|at| all[at] += counts[at]);
    }
    let (found, alarms) = (all[1] as f64 / all[0] as f64, all[2] as f64 / all[0] as f64);
    eprintln!(
        "all {:>29} values, {:>5.1} % found, {} false alarms",
        all[0],
        100.0 * found,
        all[2]
    );
    assert!(found >= LEAST_FOUND, "{found}");
    assert!(alarms <= MOST_FALSE_ALARMS, "{alarms}");
}

/// Two neighbouring digits change places: the commonest slip of all readers.
fn misread_amounts_are_contradicted(documents: &[Document], doc_type: &DocType) {
    let (mut wrong, mut unseen, mut contradicted) = (0, 0, 0);
    for document in documents
        .iter()
        .filter(|d| d.pages.iter().any(|p| !p.words.is_empty()))
    {
        for field in ["net_total", "tax_total", "gross_total"] {
            let Some(amount) = document.fields.get(field).and_then(Value::as_str) else {
                continue;
            };
            let mut digits: Vec<char> = amount.chars().collect();
            let differ = |at: &usize| {
                digits[*at].is_ascii_digit()
                    && digits[at + 1].is_ascii_digit()
                    && digits[*at] != digits[at + 1]
            };
            let Some(at) = (0..digits.len() - 1).find(differ) else {
                continue;
            };
            digits.swap(at, at + 1);
            let mut fields = document.fields.clone();
            fields[field] = digits.into_iter().collect::<String>().into();
            let (evidence, findings) = look(doc_type, document, &fields);
            let of_field = evidence.iter().find(|e| e.field == field).unwrap();
            wrong += 1;
            unseen += usize::from(of_field.class == EvidenceClass::ModelOnly);
            contradicted += usize::from(findings.iter().any(|f| f.field.as_deref() == Some(field)));
        }
    }
    eprintln!(
        "{wrong} totals with two digits changed: {unseen} not found on the page, {contradicted} contradicted"
    );
    assert!(unseen * 10 >= wrong * 9 && contradicted * 10 >= wrong * 7);
}
