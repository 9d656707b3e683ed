//! PDF portfolios: each document inside has records of its own.

use std::fs;

use lopdf::{Dictionary, Document, Object, Stream};
use serde_json::{Value, json};

use crate::context::{Context, fixtures, stable};
use crate::harness::test;

/// A cover with these files inside, by name.
fn portfolio(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let dictionary = |entries: &[(&str, Object)]| {
        let mut dictionary = Dictionary::new();
        for (key, value) in entries {
            dictionary.set(*key, value.clone());
        }
        dictionary
    };
    let name = |name: &str| Object::Name(name.into());
    let mut pdf = Document::with_version("1.7");
    let mut names = Vec::new();
    for (file, bytes) in files {
        let stream = pdf.add_object(Stream::new(Dictionary::new(), bytes.clone()));
        let embedded = dictionary(&[("F", stream.into())]);
        let specification = dictionary(&[
            ("Type", name("Filespec")),
            ("F", Object::string_literal(*file)),
            ("UF", Object::string_literal(*file)),
            ("EF", embedded.into()),
        ]);
        names.push(Object::string_literal(*file));
        names.push(pdf.add_object(specification).into());
    }
    let pages = pdf.new_object_id();
    let media_box: Vec<Object> = vec![0.into(), 0.into(), 200.into(), 100.into()];
    let cover = pdf.add_object(dictionary(&[
        ("Type", name("Page")),
        ("Parent", pages.into()),
        ("MediaBox", media_box.into()),
    ]));
    let kids: Vec<Object> = vec![cover.into()];
    let tree = dictionary(&[
        ("Type", name("Pages")),
        ("Kids", kids.into()),
        ("Count", 1.into()),
    ]);
    pdf.objects.insert(pages, tree.into());
    let files = dictionary(&[("Names", names.into())]);
    let catalog = pdf.add_object(dictionary(&[
        ("Type", name("Catalog")),
        ("Pages", pages.into()),
        ("Collection", Dictionary::new().into()),
        (
            "Names",
            dictionary(&[("EmbeddedFiles", files.into())]).into(),
        ),
    ]));
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

fn fixture(case: &str, extension: &str) -> Vec<u8> {
    let file = format!("invoice/einvoice_{case}/input.{extension}");
    fs::read(fixtures().join(file)).unwrap()
}

/// Two PDFs with an e-invoice each, and one that is XML alone.
fn fill(context: &Context) {
    let files = [
        ("first.pdf", fixture("facturx", "pdf")),
        ("second.pdf", fixture("zugferd1", "pdf")),
        ("third.xml", fixture("ubl", "xml")),
    ];
    fs::create_dir_all(context.path("in")).unwrap();
    fs::write(context.path("in/portfolio.pdf"), portfolio(&files)).unwrap();
}

fn numbers(records: &[Value]) -> Vec<&str> {
    let mut numbers: Vec<&str> = records
        .iter()
        .map(|record| record["fields"]["invoice_number"].as_str().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}

test!(
    each_document_of_a_portfolio_is_a_record_with_the_values_of_its_own_einvoice,
    Engines
);
fn each_document_of_a_portfolio_is_a_record_with_the_values_of_its_own_einvoice(context: Context) {
    fill(&context);
    let ran = context.run(&["run", "in"]);
    assert_eq!(ran.code, Some(3), "a person knows the cover: {ran:?}");
    let records = context.records();
    let pages: Vec<&Value> = records.iter().map(|record| &record["pages"]).collect();
    assert_eq!(pages, [&json!([1]), &json!([2]), &json!([3])]);
    for (record, case) in records.iter().zip(["facturx", "zugferd1", "ubl"]) {
        let truth = fixtures().join(format!("invoice/einvoice_{case}/expected.json"));
        let truth: Value = serde_json::from_slice(&fs::read(truth).unwrap()).unwrap();
        for field in ["invoice_number", "gross_total", "seller_name"] {
            assert_eq!(record["fields"][field], truth[field], "{case}: {field}");
        }
        assert_eq!(record["source"], "embedded_xml", "{record:#}");
        assert_eq!(record["provenance"]["models"], json!([]));
        let codes: Vec<&str> = record["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|finding| finding["code"].as_str())
            .collect();
        assert!(codes.contains(&"document_warning"), "{record:#}");
        assert!(!codes.contains(&"possible_duplicate"), "{record:#}");
    }
    assert_eq!(records[2]["amount_due"], "333.80", "of its own XML");

    // One file for each, made from the XML of its own part.
    let export = [
        "export",
        "--format",
        "ubl",
        "--out",
        "out",
        "--status",
        "needs_review",
    ];
    let exported = context.run(&export);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    assert_eq!(fs::read_dir(context.path("out")).unwrap().count(), 3);
    let taken = context.run(&["--db", "again.db", "run", "out", "--json"]);
    assert_eq!(numbers(&taken.json_lines()), numbers(&records));

    let again = context.run(&["run", "in", "--json"]);
    assert_eq!(again.stdout, "", "what was read is not read again");
    let forced = context.run(&["run", "in", "--force", "--json"]);
    assert_eq!(forced.json_lines().len(), 3, "{forced:?}");
    assert_eq!(stable(context.records()), stable(records));
}

test!(
    a_portfolio_is_complete_after_a_killed_run_and_its_copy_outside_is_a_duplicate,
    Engines
);
fn a_portfolio_is_complete_after_a_killed_run_and_its_copy_outside_is_a_duplicate(
    context: Context,
) {
    fill(&context);
    let started = context.start(&["run", "in", "--json"]);
    std::thread::sleep(std::time::Duration::from_millis(700));
    started.kill();
    let mut running = context.start(&["run", "in", "--json"]);
    running.line();
    running.kill();
    context.run(&["run", "in"]);
    let undisturbed = Context::new();
    fill(&undisturbed);
    undisturbed.run(&["run", "in"]);
    let records = context.records();
    assert_eq!(records.len(), 3, "{records:#?}");
    assert_eq!(stable(records), stable(undisturbed.records()));

    context.fixture("invoice/einvoice_zugferd1", "more/alone");
    let ran = context.run(&["run", "more", "--json"]);
    let alone = &ran.json_lines()[0];
    let findings = alone["findings"].as_array().unwrap();
    let duplicate = findings
        .iter()
        .find(|finding| finding["code"] == "possible_duplicate");
    let message = duplicate.unwrap_or_else(|| panic!("{alone:#}"))["message"]
        .as_str()
        .unwrap();
    assert!(message.contains("portfolio.pdf"), "{message}");
}
