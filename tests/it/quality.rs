//! What pages look like to whoever has to read them.

use std::fs;

use image::imageops;
use serde_json::Value;

use crate::context::Context;
use crate::harness::test;

/// A clear receipt, the same out of focus, and an empty sheet.
fn pages(context: &Context) {
    let clear = image::open(context.fixture("receipt/uk_grocer", "in/clear")).unwrap();
    let clear = clear.to_luma8();
    let blurred = imageops::blur(&clear, 6.0);
    blurred.save(context.path("in/blurred.png")).unwrap();
    let blank = image::GrayImage::from_pixel(800, 1100, image::Luma([243]));
    blank.save(context.path("in/blank.png")).unwrap();
}

fn codes(page: &Value) -> Vec<&str> {
    let findings = page["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect()
}

/// Of the JSON lines about files, that of this one.
fn of<'a>(lines: &'a [Value], name: &str) -> &'a Value {
    let named = |line: &&Value| line["path"].as_str().unwrap().ends_with(name);
    lines.iter().find(named).unwrap()
}

test!(
    quality_is_printed_as_a_table_json_and_a_contact_sheet,
    Engines
);
fn quality_is_printed_as_a_table_json_and_a_contact_sheet(context: Context) {
    pages(&context);
    fs::write(context.path("in/broken.png"), b"\x89PNG\r\n\x1a\nnothing").unwrap();
    let sheet = context.path("sheet.html");
    let ran = context.run(&["quality", "in", "--html", sheet.to_str().unwrap()]);
    // The file that cannot be drawn stops none of the others.
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let row = |name: &str| {
        let row = ran.stdout.lines().find(|line| line.contains(name));
        row.unwrap_or_else(|| panic!("{name}: {ran:?}"))
    };
    assert!(row("blurred.png").ends_with("too_blurred"), "{ran:?}");
    assert!(row("blank.png").ends_with("blank"), "{ran:?}");
    assert!(row("broken.png").contains("corrupt"), "{ran:?}");
    assert!(!row("clear.png").contains("too_blurred"), "{ran:?}");
    assert!(
        ran.stdout
            .contains("3 pages, 2 with findings, 1 not measured"),
        "{ran:?}"
    );
    let html = fs::read_to_string(&sheet).unwrap();
    assert_eq!(html.matches("data:image/jpeg").count(), 3, "{html}");
    assert_eq!(html.matches("class=\"flagged\"").count(), 2, "{html}");

    let lines = context.run(&["quality", "in", "--json"]).json_lines();
    assert_eq!(codes(of(&lines, "clear.png")), [""; 0], "{lines:#?}");
    let [clear, blurred] = ["clear.png", "blurred.png"]
        .map(|name| of(&lines, name)["quality"]["blur"].as_f64().unwrap());
    assert!(blurred > 4.0 * clear, "{clear} {blurred}");
    assert_eq!(of(&lines, "broken.png")["failure"]["reason"], "corrupt");
    assert!(!context.path("docmill.db").exists(), "something was stored");
}

test!(
    a_blurred_page_needs_review_and_is_judged_again_from_its_stored_measures,
    Engines
);
fn a_blurred_page_needs_review_and_is_judged_again_from_its_stored_measures(context: Context) {
    pages(&context);
    let ran = context.run(&["run", "in/blurred.png", "--type", "receipt"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let record = context.records().remove(0);
    assert_eq!(record["status"], "needs_review");
    assert!(codes(&record).contains(&"too_blurred"), "{record:#}");
    let shown = context.run(&["show", "1"]);
    assert!(shown.stdout.contains("Quality of page 1: "), "{shown:?}");
    assert!(shown.stdout.contains("scan it again"), "{shown:?}");
    // Other criteria: another finding, and nothing is read again.
    fs::create_dir(context.path("types")).unwrap();
    let own = r#"{"criteria": [{"finding": "cut_off", "when": {"ink": {"above": 0}}, "message": "own words"}]}"#;
    fs::write(context.path("types/quality.json"), own).unwrap();
    let again = context.run(&["--types", "types", "run", "in/blurred.png"]);
    assert_eq!(again.code, Some(3), "{again:?}");
    let record = context.records().remove(0);
    let found = codes(&record);
    assert!(
        found.contains(&"cut_off") && !found.contains(&"too_blurred"),
        "{record:#}"
    );
    let attempts = context.run(&["show", record["id"].to_string().as_str()]);
    assert!(!attempts.stdout.contains("\nAttempts"), "{attempts:?}");
}

test!(a_blank_page_is_a_row_that_was_not_read, Engines);
fn a_blank_page_is_a_row_that_was_not_read(context: Context) {
    pages(&context);
    let ran = context.run(&["run", "in/blank.png"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let record = context.records().remove(0);
    assert_eq!(codes(&record), ["blank"], "{record:#}");
    assert_eq!(record["fields"], serde_json::json!({}), "{record:#}");
    // It is settled: the next run does not look at it again.
    let again = context.run(&["run", "in/blank.png"]);
    assert_eq!(again.code, Some(3), "{again:?}");
    assert!(again.stdout.contains("0 pages read"), "{again:?}");
    assert_eq!(context.records().remove(0)["id"], record["id"]);
    // A person may say what it is.
    let id = record["id"].to_string();
    context.run(&["retry", &id, "--type", "receipt"]);
    let record = context.records().remove(0);
    assert_eq!(record["type"], "receipt", "{record:#}");
    assert!(codes(&record).contains(&"blank"), "{record:#}");
}

test!(wrong_quality_criteria_are_a_usage_error, Engines);
fn wrong_quality_criteria_are_a_usage_error(context: Context) {
    pages(&context);
    fs::create_dir(context.path("types")).unwrap();
    let text = r#"{"criteria": [{"finding": "missing", "when": {}, "message": ""}]}"#;
    fs::write(context.path("types/quality.json"), text).unwrap();
    for command in [&["run", "in"][..], &["quality", "in"]] {
        let ran = context.run(&[&["--types", "types"], command].concat());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("quality.json"), "{ran:?}");
    }
}
