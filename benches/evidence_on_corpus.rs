//! Measures how many values are found in the text of real invoices, and how often a
//! right value is contradicted. The PDFs have known values and are beside the
//! repository (`../shared/corpus`), or at `DOCMILL_CORPUS`:
//!
//! ```text
//! cargo bench --bench evidence_on_corpus
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use docmill::documents::types::DocTypes;
use docmill::documents::validation::{self, Context};
use docmill::domain::{
    EvidenceClass, FieldEvidence, Fields, Finding, FindingCode, Limits, PageResult, Word,
};
use docmill::engines::rasterize::{DocumentRasterizer, RasterSpec, Rasterizer};
use serde_json::{Map, Value, json};

/// Least share (0 to 1) of the values on the page that must be found, a little below the
/// first measurement.
const LEAST_FOUND: f64 = 0.97;
/// Greatest share (0 to 1) of these values that may be contradicted, a little above the
/// first measurement.
const MOST_FALSE_ALARMS: f64 = 0.005;

struct Document {
    name: String,
    pages: Vec<Vec<Word>>,
    /// Values that the page has.
    fields: Fields,
    alternatives: Map<String, Value>,
}

impl Document {
    fn read(rasterizer: &mut DocumentRasterizer, corpus: &Path, entry: &Value) -> Document {
        let path = |key: &str| corpus.join(entry[key].as_str().unwrap());
        let truth = std::fs::read(path("truth")).unwrap();
        let truth: Map<String, Value> = serde_json::from_slice(&truth).unwrap();
        let alternatives = truth.get("_alternatives").and_then(Value::as_object);
        Document {
            name: entry["path"].as_str().unwrap().to_owned(),
            pages: words(rasterizer, &path("path")),
            fields: on_page(&truth),
            alternatives: alternatives.cloned().unwrap_or_default(),
        }
    }

    /// The findings where a reader answers with these fields.
    fn look(&self, types: &DocTypes, fields: &Fields) -> (Vec<FieldEvidence>, Vec<Finding>) {
        let context = Context {
            unsupported_fields: BTreeMap::new(),
            einvoices: BTreeMap::new(),
            document_warnings: Vec::new(),
            today: jiff::civil::date(2026, 1, 1),
        };
        let pages: Vec<PageResult> = (0..self.pages.len())
            .map(|index| self.page(index, fields))
            .collect();
        let mut records = validation::records(types, &pages, &context);
        let mut record = records.swap_remove(0);
        record
            .findings
            .retain(|finding| finding.code == FindingCode::TextDiffers);
        (record.evidence, record.findings)
    }

    /// The first page has the answer; the further ones add their text.
    fn page(&self, index: usize, fields: &Fields) -> PageResult {
        let fields = if index == 0 { json!(fields) } else { json!({}) };
        let reading = json!({
            "raw_text": "", "fields": fields, "logprobs": [], "repetitions": [], "prompt_tokens": 0,
            "output_tokens": 0, "forced_tokens": 0, "prefill_seconds": 0.0, "decode_seconds": 0.0,
        });
        let page = json!({
            "index": index,
            "routing": {"verdict": {"Ok": "invoice"}, "probabilities": [], "embedding": null, "forced": true},
            "words": self.pages[index],
            "reading": {"Ok": reading},
        });
        serde_json::from_value(page).unwrap()
    }
}

fn words(rasterizer: &mut DocumentRasterizer, path: &Path) -> Vec<Vec<Word>> {
    let spec = RasterSpec {
        width: 400,
        for_ocr: false,
        max_pixels: 1_000_000,
    };
    let bytes = std::fs::read(path).unwrap();
    let info = rasterizer.open(bytes, &Limits::default()).unwrap();
    let words = |page| rasterizer.page(page, &spec).unwrap().words;
    (0..info.pages).map(words).collect()
}

/// The true values that are on the page; those of the page where it shows another invoice
/// than the embedded data.
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

fn main() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let corpus = std::env::var_os("DOCMILL_CORPUS").map_or(beside, PathBuf::from);
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.json"))
        .unwrap_or_else(|error| panic!("no corpus at {}: {error}", corpus.display()));
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let mut rasterizer = DocumentRasterizer::new(None).unwrap();
    let entries = manifest["documents"].as_array().unwrap().iter();
    let documents: Vec<Document> = entries
        .filter(|entry| entry["kind"] == "invoice" && entry["split"] == "dev")
        .map(|entry| Document::read(&mut rasterizer, &corpus, entry))
        .filter(|document| document.pages.iter().any(|words| !words.is_empty()))
        .collect();
    let types = DocTypes::load(None).unwrap();
    right_values_are_found(&documents, &types);
    misread_amounts_are_contradicted(&documents, &types);
}

/// Counts of one field: values, found on the page, contradicted.
type Counts = [usize; 3];

fn right_values_are_found(documents: &[Document], types: &DocTypes) {
    let mut by_field: BTreeMap<String, Counts> = BTreeMap::new();
    for document in documents {
        let (evidence, alarms) = document.look(types, &document.fields);
        for of_field in &evidence {
            let counts = by_field.entry(generic(&of_field.field)).or_default();
            counts[0] += 1;
            let is_other_spelling = document.alternatives.contains_key(&of_field.field);
            if of_field.class == EvidenceClass::TextLayer {
                counts[1] += 1;
            } else if !is_other_spelling {
                println!("not found: {} {}", document.name, of_field.field);
            }
        }
        for alarm in alarms {
            let field = alarm.field.as_deref().map(generic).unwrap_or_default();
            by_field.entry(field).or_default()[2] += 1;
            println!("false alarm: {} {}", document.name, alarm.message);
        }
    }
    let all = by_field.values().fold([0; 3], |sum, counts| {
        [sum[0] + counts[0], sum[1] + counts[1], sum[2] + counts[2]]
    });
    for (field, counts) in by_field.iter().chain([(&"all".to_owned(), &all)]) {
        let share = 100.0 * counts[1] as f64 / counts[0].max(1) as f64;
        println!(
            "{field:<28} {:>5} values, {share:>5.1} % found, {} false alarms",
            counts[0], counts[2]
        );
    }
    let share = |counted: usize| counted as f64 / all[0] as f64;
    assert!(share(all[1]) >= LEAST_FOUND, "{}", share(all[1]));
    assert!(share(all[2]) <= MOST_FALSE_ALARMS, "{}", share(all[2]));
}

/// The field's name in every line of a list.
fn generic(field: &str) -> String {
    match (field.split_once('['), field.split_once("].")) {
        (Some((list, _)), Some((_, leaf))) => format!("{list}[].{leaf}"),
        _ => field.to_owned(),
    }
}

/// Swaps two neighbouring digits, the most frequent reading error.
fn misread_amounts_are_contradicted(documents: &[Document], types: &DocTypes) {
    let (mut wrong, mut not_found, mut contradicted) = (0, 0, 0);
    for document in documents {
        for name in ["net_total", "tax_total", "gross_total"] {
            let amount = document.fields.get(name).and_then(Value::as_str);
            let Some(misread) = amount.and_then(misread) else {
                continue;
            };
            let mut fields = document.fields.clone();
            fields[name] = misread.into();
            let (evidence, findings) = document.look(types, &fields);
            let of_field = evidence.iter().find(|evidence| evidence.field == name);
            wrong += 1;
            not_found += usize::from(of_field.unwrap().class == EvidenceClass::ModelOnly);
            let is_of_field = |finding: &Finding| finding.field.as_deref() == Some(name);
            contradicted += usize::from(findings.iter().any(is_of_field));
        }
    }
    println!(
        "{wrong} totals with two digits changed: {not_found} not found on the page, {contradicted} contradicted"
    );
    assert!(not_found * 10 >= wrong * 9 && contradicted * 10 >= wrong * 7);
}

fn misread(amount: &str) -> Option<String> {
    let mut digits: Vec<char> = amount.chars().collect();
    let differ = |at: &usize| {
        digits[*at].is_ascii_digit()
            && digits[at + 1].is_ascii_digit()
            && digits[*at] != digits[at + 1]
    };
    let at = (0..digits.len().saturating_sub(1)).find(differ)?;
    digits.swap(at, at + 1);
    Some(digits.into_iter().collect())
}
