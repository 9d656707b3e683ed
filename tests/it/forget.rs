//! Files, and all that was read from them, taken out of the database.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::context::Context;
use crate::harness::test;

/// Whether a text stands anywhere in the database or its log.
fn holds(context: &Context, text: &str) -> bool {
    let files = ["docmill.db", "docmill.db-wal"].map(|name| context.path(name));
    let held = |file: &Path| {
        let bytes = fs::read(file).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    files.iter().any(|file| held(file))
}

/// Of the records, below `in/`.
fn paths(records: &[Value]) -> Vec<&str> {
    let paths = records
        .iter()
        .map(|record| record["path"].as_str().unwrap());
    paths
        .map(|path| path.split("/in/").last().unwrap())
        .collect()
}

fn is_duplicate(record: &Value) -> bool {
    let findings = record["findings"].as_array().unwrap();
    findings
        .iter()
        .any(|finding| finding["code"] == "possible_duplicate")
}

test!(
    forgetting_a_file_leaves_nothing_of_it_and_what_others_hold,
    Engines
);
fn forgetting_a_file_leaves_nothing_of_it_and_what_others_hold(context: Context) {
    let first = context.fixture("invoice/einvoice_ubl", "in/march/bill");
    // The same invoice, in other bytes.
    let again = context.path("in/april/again.xml");
    fs::create_dir(again.parent().unwrap()).unwrap();
    let mut bytes = fs::read(&first).unwrap();
    bytes.extend(b"<!-- sent again -->\n");
    fs::write(&again, bytes).unwrap();
    let other = context.fixture("invoice/einvoice_xrechnung", "in/march/other");
    fs::copy(&other, context.path("in/april/copy.xml")).unwrap();
    fs::write(context.path("in/march/empty.pdf"), "").unwrap();
    // One after the other: documents of one run are recorded as they are done.
    context.run(&["run", "in/march/bill.xml"]);
    context.run(&["run", "in/march"]);
    context.run(&["run", "in/april"]);
    let records = context.records();
    assert_eq!(
        paths(&records),
        ["march/bill.xml", "march/other.xml", "april/again.xml"]
    );
    assert!(is_duplicate(&records[2]), "{records:#?}");

    let reported = context.run(&["forget", "in/march"]);
    assert_eq!(reported.code, Some(0), "{reported:?}");
    let expected = "Would remove 3 paths with 1 document and 1 record.";
    assert!(reported.stdout.contains(expected), "{reported:?}");
    assert_eq!(context.records(), records);

    fs::remove_dir_all(context.path("in/march")).unwrap();
    let reported = context.run(&["forget", "in/march", "--yes"]);
    assert!(
        reported.stdout.contains("in/march/empty.pdf\n"),
        "{reported:?}"
    );
    for gone in [
        "march/bill.xml",
        "march/empty.pdf",
        records[0]["provenance"]["document"].as_str().unwrap(),
    ] {
        assert!(!holds(&context, gone), "{gone}");
    }
    assert!(holds(&context, "april/again.xml"));

    // Findings about it are made again.
    let ran = context.run(&["run"]);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    let records = context.records();
    assert_eq!(paths(&records).len(), 2, "{records:#?}");
    assert!(
        paths(&records)
            .iter()
            .all(|path| path.starts_with("april/"))
    );
    assert!(!records.iter().any(is_duplicate), "{records:#?}");

    // Numbers are given once.
    let number = |record: &Value| record["id"].as_i64().unwrap();
    assert!(
        records.iter().all(|record| number(record) > 3),
        "{records:#?}"
    );

    let nothing = context.run(&["forget", "in/march", "--yes"]);
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    assert!(
        nothing.stderr.contains("in/march is not in the database"),
        "{nothing:?}"
    );
}
