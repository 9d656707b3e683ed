//! Evidence for each value. The reader is a server that answers what the test
//! wants, so that right and wrong values are known.

use serde_json::Value;

use crate::context::{Context, Ran};
use crate::endpoint::{Endpoint, answer, expected};
use crate::harness::test;

/// A folder of models with a reader that answers `fields` with every page.
fn models(context: &Context, fields: Value) -> String {
    let reader = Endpoint::start(move |_, _| (200, answer(&fields, -0.0001)));
    context.endpoints(&[("said", &reader.base_url, "")])
}

fn run(context: &Context, models: &str, doc_type: &str, more: &[&str]) -> Ran {
    let mut args = vec!["--models", models, "run", "in", "--type", doc_type];
    args.extend(["--reader", "said"]);
    args.extend(more);
    context.run(&args)
}

fn evidence<'a>(record: &'a Value, field: &str) -> &'a Value {
    let list = record["evidence"].as_array().unwrap();
    let found = list.iter().find(|evidence| evidence["field"] == field);
    found.unwrap_or_else(|| panic!("no evidence of {field}: {record:#}"))
}

fn messages(record: &Value, code: &str) -> Vec<String> {
    let findings = record["findings"].as_array().unwrap().iter();
    let of_code = findings.filter(|finding| finding["code"] == code);
    of_code
        .map(|f| f["message"].as_str().unwrap().to_owned())
        .collect()
}

const INVOICE: &str = "invoice/gb_tools";

test!(
    a_value_on_the_page_has_its_box_and_another_value_there_is_reported,
    Engines
);
fn a_value_on_the_page_has_its_box_and_another_value_there_is_reported(context: Context) {
    context.fixture(INVOICE, "in/right");
    let ran = run(
        &context,
        &models(&context, expected(INVOICE)),
        "invoice",
        &[],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let record = &context.records()[0];
    assert_eq!(record["status"], "accepted", "{record:#}");
    for of_field in record["evidence"].as_array().unwrap() {
        assert_eq!(of_field["class"], "text_layer", "{of_field}");
        let bbox: Vec<f64> = serde_json::from_value(of_field["bbox"].clone()).unwrap();
        assert!(
            bbox.iter().all(|share| (0.0..=1.0).contains(share))
                && bbox[0] < bbox[2]
                && bbox[1] < bbox[3],
            "{of_field}"
        );
    }
    let gross = evidence(record, "gross_total");
    assert_eq!(
        (&gross["page"], &gross["confirmed_by"][0]),
        (&1.into(), &"net_total + tax_total = gross_total".into())
    );
    let shown = context.run(&["show", "1"]).stdout;
    assert!(
        shown.contains(" % from the top, confirmed by net total + tax total = gross total"),
        "{shown}"
    );
    let mut wrong = expected(INVOICE);
    wrong["gross_total"] = "352.02".into();
    let ran = run(&context, &models(&context, wrong), "invoice", &["--force"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let record = &context.records()[0];
    let gross = evidence(record, "gross_total");
    assert_eq!(gross["class"], "model_only");
    let against: Vec<String> = serde_json::from_value(gross["contradicted_by"].clone()).unwrap();
    assert!(
        ["sum_mismatch", "text_differs"]
            .iter()
            .all(|code| against.contains(&(*code).into())),
        "{gross}"
    );
    let reported = &messages(record, "text_differs")[0];
    assert!(
        reported.contains("352.02") && reported.contains("325.02"),
        "{reported}"
    );
    let csv = context.run(&["export", "--format", "csv", "--out", "rows.csv"]);
    assert_eq!(csv.code, Some(0), "{csv:?}");
    let rows = std::fs::read_to_string(context.path("rows.csv")).unwrap();
    assert!(rows.lines().next().unwrap().contains("unconfirmed_fields"));
    assert!(rows.contains(",gross_total,"), "{rows}");
}

test!(
    the_same_invoice_in_another_file_is_a_possible_duplicate_payment,
    Engines
);
fn the_same_invoice_in_another_file_is_a_possible_duplicate_payment(context: Context) {
    let first = context.fixture(INVOICE, "in/first");
    let models = models(&context, expected(INVOICE));
    run(&context, &models, "invoice", &[]);
    // Another content: a comment behind the end of the file.
    let mut bytes = std::fs::read(&first).unwrap();
    bytes.extend(b"% sent again\n");
    std::fs::write(first.with_file_name("second.pdf"), bytes).unwrap();
    let ran = run(&context, &models, "invoice", &[]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let records = context.records();
    assert_eq!(records[0]["status"], "accepted");
    let reported = messages(&records[1], "possible_duplicate");
    assert!(
        reported[0].contains("INV-2041") && reported[0].ends_with("in/first.pdf"),
        "{reported:?}"
    );
    // Made again, the first is what it was.
    for again in [
        &["--set", "acceptance.min_confidence=0.7"][..],
        &["--force"],
    ] {
        run(&context, &models, "invoice", again);
        for record in context.records() {
            let is_first = record["path"].as_str().unwrap().ends_with("first.pdf");
            let expected = if is_first { "accepted" } else { "needs_review" };
            assert_eq!(record["status"], expected, "{record:#}");
            assert_eq!(messages(&record, "possible_duplicate").is_empty(), is_first);
        }
    }
}

/// Models with OCR, and a reader that answers what a perfect one would of a
/// scan whose total no sum confirms.
fn scan(context: &Context) -> String {
    let case = "receipt/uk_grocer";
    context.fixture(case, "in/a");
    context.fixture("receipt/uk_pharmacy", "in/b");
    let mut alone = expected(case);
    alone["items"] = Value::Array(Vec::new());
    alone["subtotal"] = Value::Null;
    let reader = Endpoint::start(move |_, _| (200, answer(&alone, -0.0001)));
    let endpoints = [("said", reader.base_url.as_str(), "")];
    context.endpoints_of(&endpoints, "default_ocr = \"pp-ocrv6-small\"\n")
}

test!(missing_ocr_is_reported_once, Engines);
fn missing_ocr_is_reported_once(context: Context) {
    let models = scan(&context);
    let manifest = context.path("models/manifest.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let missing = text.replace("ppocrv6_det_small.rten", "nowhere.rten");
    assert_ne!(missing, text);
    std::fs::write(&manifest, missing).unwrap();
    let ran = run(&context, &models, "receipt", &[]);
    assert_eq!(
        ran.stderr.matches("scans get no OCR").count(),
        1,
        "{}",
        ran.stderr
    );
    assert_eq!(messages(&context.records()[0], "no_text_source").len(), 1);
}

test!(a_scan_is_cross_checked_by_ocr, Engines);
fn a_scan_is_cross_checked_by_ocr(context: Context) {
    let models = scan(&context);
    run(&context, &models, "receipt", &[]);
    let records = context.records();
    let total = evidence(&records[0], "total");
    assert_eq!(
        (&total["class"], &total["text"]),
        (&"ocr".into(), &"7.40".into()),
        "{:#}",
        records[0]
    );
    assert!(total["ocr_confidence"].as_f64().unwrap() > 0.5);
    assert!(messages(&records[0], "unconfirmed").is_empty());
    // The other page says something else.
    assert_eq!(evidence(&records[1], "total")["class"], "model_only");
}
