//! What commands that list or change something print with `--json` (docs/json.md).

use serde_json::{Value, json};

use crate::context::Context;
use crate::decisions::accepted;
use crate::harness::test;
use crate::rows::{Row, fill};

/// The lines of JSON that a command prints; it ends with `code`.
fn lines(context: &Context, args: &[&str], code: i32) -> Vec<Value> {
    let ran = context.run(args);
    assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
    ran.json_lines()
}

fn line(context: &Context, args: &[&str], code: i32) -> Value {
    let mut lines = lines(context, args, code);
    assert_eq!(lines.len(), 1, "{args:?}: {lines:?}");
    lines.remove(0)
}

fn three_bills(context: &Context) {
    let rows = ["Nord GmbH", "Ost KG", "West AG"];
    let rows: Vec<Row> = (1..)
        .zip(rows)
        .map(|(id, seller)| accepted(id, seller))
        .collect();
    fill(&context.path("docmill.db"), &rows);
    std::fs::write(context.path("accounts.toml"), "").unwrap();
}

test!(changes_of_records_are_printed_as_show_prints_the_record);
fn changes_of_records_are_printed_as_show_prints_the_record(context: Context) {
    three_bills(&context);
    let args = [
        "correct",
        "1",
        "net_total=9.00",
        "--reason",
        "typo",
        "--json",
    ];
    let mut corrected = line(&context, &args, 3);
    let id = corrected["id"].to_string();
    assert_eq!(corrected["fields"]["net_total"], "9.00", "{corrected:#}");
    let exported = corrected.as_object_mut().unwrap().remove("exported");
    assert_eq!(exported, Some(json!([])));
    assert_eq!(corrected, line(&context, &["show", &id, "--json"], 0));
    let args = ["decide", "reject", &id, "2", "--reason", "x", "--json"];
    let decided = lines(&context, &args, 0);
    let status: Vec<_> = decided.iter().map(|line| &line["status"]).collect();
    assert_eq!(status, ["rejected", "rejected"]);
    let args = ["duplicates", "--not-duplicate", "2", "3", "--json"];
    assert_eq!(line(&context, &args, 0), json!({"not_duplicate": [2, 3]}));
}

test!(exports_are_printed_with_batch_and_held_bills);
fn exports_are_printed_with_batch_and_held_bills(context: Context) {
    three_bills(&context);
    let export = ["export", "--target", "xlsx", "--out", "books", "--json"];
    let made = line(&context, &export, 0);
    let batch = &made["batch"];
    assert_eq!(batch["documents"], 3, "{made:#}");
    assert_eq!(made["held"], json!([]));
    for name in batch["files"].as_array().unwrap() {
        let file = context.path("books").join(name.as_str().unwrap());
        assert!(file.is_file(), "{name}");
    }
    let export = ["export", "--target", "datev", "--out", "books", "--json"];
    let held = line(&context, &export, 3);
    assert_eq!(held["batch"], Value::Null, "{held:#}");
    assert_eq!(held["held"][0]["reason"], "supplier", "{held:#}");
    assert_eq!(&line(&context, &["export", "batches", "--json"], 0), batch);
    assert_eq!(
        &line(&context, &["export", "again", "1", "--json"], 0),
        batch
    );
    let args = [
        "export", "reverse", "1", "--record", "2", "--reason", "x", "--json",
    ];
    assert_eq!(line(&context, &args, 0)["reversed"], 1);
    let args = ["correct", "1", "--approve", "--json"];
    let approved = line(&context, &args, 0);
    let expected = json!([{"batch": 1, "target": "xlsx", "record": 1}]);
    assert_eq!(approved["exported"], expected, "{approved:#}");
    let args = ["export", "distinct", "2", "3", "--reason", "x", "--json"];
    assert_eq!(line(&context, &args, 0), json!({"distinct": [2, 3]}));
    let args = ["export", "cases", "--out", "cases", "--json"];
    assert_eq!(line(&context, &args, 0)["written"], 0);
    let args = ["export", "--format", "ubl", "--out", "xml", "--json"];
    let refused = &line(&context, &args, 1)["refused"];
    assert!(refused[0]["violations"].is_array(), "{refused:#}");
    let ran = context.run(&["export", "--json"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("--format jsonl"), "{ran:?}");
}

test!(what_is_forgotten_and_each_setting_are_printed_as_json);
fn what_is_forgotten_and_each_setting_are_printed_as_json(context: Context) {
    three_bills(&context);
    let path = context.records()[0]["path"].as_str().unwrap().to_owned();
    let would = line(&context, &["forget", &path, "nowhere", "--json"], 0);
    assert_eq!(would["paths"], json!([path]), "{would:#}");
    assert_eq!(would["removed"], false);
    assert_eq!(would["unknown"].as_array().unwrap().len(), 1);
    let done = line(&context, &["forget", &path, "--yes", "--json"], 0);
    assert_eq!(
        (&done["removed"], &done["records"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(context.records().len(), 2);
    std::fs::write(context.path("docmill.toml"), "[workers]\nreaders = 2\n").unwrap();
    let settings = lines(&context, &["config", "--json"], 0);
    let setting = |key: &str| {
        settings
            .iter()
            .find(|setting| setting["key"] == key)
            .unwrap()
    };
    assert_eq!(setting("workers.readers")["value"], 2);
    assert_eq!(setting("workers.readers")["is_found"], false);
    let origin = setting("workers.readers")["origin"].as_str().unwrap();
    assert!(origin.ends_with("docmill.toml"), "{origin}");
    assert_eq!(setting("reading.reader")["is_found"], true);
}
