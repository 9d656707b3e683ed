//! The fixtures through every stage, with the default weights.

use serde_json::Value;

use crate::context::{Context, Ran, stable};
use crate::evaluation::fixtures_read;
use crate::harness::test;
use crate::pages;

/// Floors for field F1, with each document taken for what it is: a little
/// below what the default reader reached (docs/benchmarks.md), so that rounding
/// on another CPU does not fail the test.
const FLOORS: [(&str, f64); 3] = [("receipt", 0.78), ("invoice", 0.86), ("screenshot", 0.90)];

test!(fixtures_are_read_and_compared_field_by_field, Engines);
fn fixtures_are_read_and_compared_field_by_field(_: Context) {
    let (report, _) = fixtures_read();
    for (doc_type, floor) in FLOORS {
        let table = &report["tables"][doc_type];
        let f1 = table["f1"].as_f64().unwrap();
        assert!(
            f1 >= floor,
            "{doc_type}: F1 {f1:.3} is below {floor}\n{table:#}"
        );
    }
    assert_eq!(report["run"]["pages_failed"], serde_json::json!({}));
}

test!(
    a_second_run_reads_nothing_and_a_forced_one_everything,
    Engines
);
fn a_second_run_reads_nothing_and_a_forced_one_everything(context: Context) {
    context.fixture("receipt/uk_grocer", "in/a");
    context.fixture("receipt/us_office", "in/b");
    // The same content under another name is the same document.
    context.fixture("receipt/us_office", "in/c");
    let first = context.run(&["run", "in", "--type", "receipt", "--json"]);
    assert_eq!(first.json_lines().len(), 2, "{first:?}");
    let records = context.records();
    assert!(
        records
            .iter()
            .any(|record| record["other_paths"].is_array())
    );
    let second = context.run(&["run", "in", "--type", "receipt", "--json"]);
    // Records that need review count as long as they do.
    assert_eq!((second.code, second.stdout.as_str()), (first.code, ""));
    assert_eq!(context.records(), records);
    let forced = context.run(&["run", "in", "--force", "--json"]);
    assert_eq!(forced.json_lines().len(), 2);
    assert_eq!(stable(context.records()), stable(records.clone()));
    assert_ne!(
        context.records(),
        records,
        "new records took the place of the old"
    );
}

test!(
    an_invoice_of_three_pages_is_one_record_that_knows_them,
    Engines
);
fn an_invoice_of_three_pages_is_one_record_that_knows_them(context: Context) {
    context.fixture("invoice/de_parts_3_pages", "in/a");
    let ran = context.run(&["run", "in", "--type", "invoice", "--json"]);
    assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
    let records = context.records();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0]["pages"], serde_json::json!([1, 2, 3]));
    let shown = context.run(&["show", &records[0]["id"].to_string()]);
    assert!(shown.stdout.contains("seller_name"), "{shown:?}");
}

test!(
    every_value_comes_with_its_provenance_and_exports_as_csv_too,
    Engines
);
fn every_value_comes_with_its_provenance_and_exports_as_csv_too(context: Context) {
    context.fixture("screenshot/payment_cafe", "in/a");
    context.run(&["run", "in", "--type", "screenshot"]);
    let record = &context.records()[0];
    let provenance = &record["provenance"];
    for key in ["models", "prompts", "schemas"] {
        assert_eq!(provenance[key].as_array().unwrap().len(), 1, "{record:#}");
    }
    assert!(record["confidence"].as_f64().unwrap() > 0.0);
    assert_eq!(record["fields"]["kind"], "payment", "{record:#}");
    let ran = context.run(&["export", "--format", "csv", "--out", "rows.csv"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let rows = std::fs::read_to_string(context.path("rows.csv")).unwrap();
    assert!(
        rows.starts_with("id,path,other_paths,pages,type,status,") && rows.lines().count() == 2,
        "{rows}"
    );
    assert!(context.path("rows.lines.csv").is_file());
}

test!(a_free_question_is_answered_and_nothing_is_stored, Engines);
fn a_free_question_is_answered_and_nothing_is_stored(context: Context) {
    let file = context.fixture("screenshot/payment_cafe", "a");
    let ran = context.run(&[
        "ask",
        file.to_str().unwrap(),
        "Read the screenshot.",
        "--json",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let answer = &ran.json_lines()[0];
    let text = answer["answer"].as_str().unwrap();
    // The default weights answer what they were trained for, also unconstrained.
    let fields: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!(fields["app_name"], "PayQuick");
    assert!(!context.path("docmill.db").exists());
}

test!(
    questions_are_answered_with_texts_of_the_page_and_kept_in_columns,
    Engines
);
fn questions_are_answered_with_texts_of_the_page_and_kept_in_columns(context: Context) {
    let context = context.shipped();
    let invoice = context.fixture("invoice/de_print", "in/invoice");
    let file = invoice.to_str().unwrap();
    let ran = context.run(&["ask", file, "What is the invoice number?", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let answer = &ran.json_lines()[0];
    assert_eq!(answer["answer"], "2024-0815", "{answer:#}");
    assert_eq!(answer["page"], 1);
    assert!(answer["place"].is_array() && answer["probability"].as_f64() > Some(0.5));

    // What is on no page is not invented, and a session goes on after it.
    std::fs::write(
        context.path("questions"),
        "What is the tip?\nwas ist das Rechnungsdatum?\n",
    )
    .unwrap();
    let questions = std::fs::File::open(context.path("questions")).unwrap();
    let mut session = context.command(&["ask", file, "--json"]);
    let session = Ran::from(session.stdin(questions).output().unwrap());
    assert_eq!(session.json_lines().len(), 2, "{session:?}");
    assert_eq!(session.json_lines()[0]["answer"], Value::Null);

    let ran = context.run(&["run", "in", "--type", "invoice"]);
    let column = [
        "ask",
        "--column",
        "printed_number",
        "What is the invoice number?",
        "--type",
        "invoice",
    ];
    let first = context.run(&column);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first.stdout.contains("1 record asked: 1 answered"),
        "{ran:?} {first:?}"
    );
    let again = context.run(&column);
    assert!(
        again.stdout.contains("No record is left to ask"),
        "{again:?}"
    );
    let record = &context.records()[0];
    assert_eq!(
        record["answers"]["printed_number"]["answer"],
        answer["answer"]
    );
    context.run(&["export", "--format", "csv", "--out", "rows.csv"]);
    let rows = std::fs::read_to_string(context.path("rows.csv")).unwrap();
    assert!(
        rows.lines()
            .next()
            .unwrap()
            .ends_with(",ask.printed_number"),
        "{rows}"
    );
}

test!(a_scan_in_a_pdf_is_read_like_its_picture, Engines);
fn a_scan_in_a_pdf_is_read_like_its_picture(context: Context) {
    let context = context.shipped();
    let picture = context.fixture("receipt/my_hardware_scan", "in/picture");
    std::fs::write(context.path("in/scan.pdf"), pages::scan(&picture)).unwrap();
    context.run(&["run", "in"]);
    let records = context.records();
    assert_eq!(records.len(), 2);
    for field in ["merchant_name", "date", "total", "currency"] {
        let [first, second] = [&records[0], &records[1]].map(|record| &record["fields"][field]);
        assert!(
            !first.is_null() && first == second,
            "{field}: {first} {second}"
        );
    }
}

test!(clear_pages_are_routed_to_their_types, Engines);
fn clear_pages_are_routed_to_their_types(context: Context) {
    let context = context.shipped();
    for (case, name) in [
        ("receipt/my_hardware_scan", "receipt"),
        ("screenshot/payment_cafe", "screenshot"),
    ] {
        context.fixture(case, &format!("in/{name}"));
    }
    context.run(&["run", "in"]);
    for record in context.records() {
        let file = record["path"].as_str().unwrap().to_owned();
        let doc_type = record["type"].as_str().unwrap_or("-").to_owned();
        assert!(file.contains(&doc_type), "{file} was taken for {doc_type}");
    }
}
