//! Document types from a user's folder.

use std::fs;

use crate::context::Context;
use crate::faults::on;
use crate::harness::test;

/// Types that the default weights can read in part: what they ask for is
/// trained under the names of receipts and screenshots.
fn write_types(context: &Context) {
    let text = r#"{"type": ["string", "null"], "maxLength": 80}"#;
    let amount = r#"{"type": ["string", "null"], "format": "amount", "pattern": "^-?[0-9]{1,9}(\\.[0-9]{1,2})?$"}"#;
    let expense = format!(
        r#"{{"type": "object", "properties": {{"merchant_name": {text}, "total": {amount}}},
            "x-docmill": {{"labels": ["a till receipt that an employee hands in"], "required": ["total"]}}}}"#
    );
    let transfer = format!(
        r#"{{"type": "object", "properties": {{"app_name": {text}, "amount": {amount}, "reference": {text}}},
            "x-docmill": {{"labels": ["a screen of a bank transfer"], "required": ["reference"]}}}}"#
    );
    for folder in ["mine/schemas", "mine/prompts"] {
        fs::create_dir_all(context.path(folder)).unwrap();
    }
    fs::write(context.path("mine/schemas/expense.json"), expense).unwrap();
    fs::write(context.path("mine/schemas/transfer.json"), transfer).unwrap();
    fs::write(context.path("mine/prompts/expense.md"), "Read the receipt.").unwrap();
    fs::write(
        context.path("mine/prompts/transfer.md"),
        "Read the screenshot.",
    )
    .unwrap();
}

test!(two_types_are_added_by_files_alone, Engines);
fn two_types_are_added_by_files_alone(context: Context) {
    write_types(&context);
    context.fixture("receipt/uk_grocer", "r/a");
    context.fixture("screenshot/transfer_bank", "s/a");
    for (folder, name) in [("r", "expense"), ("s", "transfer")] {
        let ran = context.run(&["--types", "mine", "run", folder, "--type", name]);
        assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
    }
    let records = context.records();
    assert_eq!(records[0]["type"], "expense");
    assert_eq!(
        records[0]["fields"]["merchant_name"], "HARROW FOODS LTD",
        "{:#}",
        records[0]
    );
    assert_eq!(records[1]["type"], "transfer");
    assert_eq!(
        records[1]["fields"]["app_name"], "BlueBank",
        "{:#}",
        records[1]
    );
}

test!(another_prompt_reads_only_its_own_pages_again, Engines);
fn another_prompt_reads_only_its_own_pages_again(context: Context) {
    write_types(&context);
    context.fixture("receipt/uk_grocer", "r/a");
    context.fixture("screenshot/transfer_bank", "s/a");
    context.run(&["--types", "mine", "run", "r", "--type", "expense"]);
    context.run(&["--types", "mine", "run", "s", "--type", "transfer"]);
    fs::write(
        context.path("mine/prompts/expense.md"),
        "Read the receipt. ",
    )
    .unwrap();
    let same = context.run(&["--types", "mine", "run", "r", "s", "--json"]);
    assert_eq!(
        same.stdout, "",
        "a blank at the end does not change the prompt"
    );
    fs::write(context.path("mine/prompts/expense.md"), "Read the invoice.").unwrap();
    let again = context
        .run(&["--types", "mine", "run", "r", "s", "--json"])
        .json_lines();
    assert_eq!(again.len(), 1, "{again:?}");
    assert_eq!(again[0]["type"], "expense");
}

test!(a_type_that_would_fail_every_page_is_reported_with_file_and_place);
fn a_type_that_would_fail_every_page_is_reported_with_file_and_place(context: Context) {
    fs::create_dir_all(context.path("mine")).unwrap();
    let schema = |pattern: &str| {
        format!(
            r#"{{"properties": {{"a": {{"type": "string"}}, "b": {{"type": "string", "pattern": "{pattern}"}}}},
                "x-docmill": {{"labels": ["a"]}}}}"#
        )
    };
    let (good, wrong) = (schema("^x$"), schema("^(?=x)y$"));
    for (schema, prompt, expected) in [
        (&good, "Read it:\n{% for f in fields %}", "ticket.md:2"),
        (&good, "Read it:\n{{ feilds }}", "ticket.md:2"),
        (&wrong, "Read it.", "ticket.json: the field `b`"),
    ] {
        fs::write(context.path("mine/ticket.json"), schema).unwrap();
        fs::write(context.path("mine/ticket.md"), prompt).unwrap();
        for command in [&["types"][..], &["run", "."]] {
            let ran = context.run(&[&["--types", "mine"], command].concat());
            assert_eq!(ran.code, Some(2), "{ran:?}");
            assert!(ran.stderr.contains(expected), "{expected}: {ran:?}");
        }
    }
    assert!(!context.path("docmill.db").exists());
    fs::write(context.path("mine/ticket.json"), &good).unwrap();
    assert_eq!(context.run(&["--types", "mine", "types"]).code, Some(0));
}

test!(a_wrong_type_stops_the_run_before_anything_is_made);
fn a_wrong_type_stops_the_run_before_anything_is_made(context: Context) {
    fs::create_dir_all(context.path("mine")).unwrap();
    fs::write(
        context.path("mine/bad.json"),
        r#"{"x-docmill": {"labels": []}}"#,
    )
    .unwrap();
    fs::create_dir(context.path("in")).unwrap();
    let ran = context.run(&["--types", "mine", "run", "in"]);
    assert_ne!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("bad.json") && ran.stderr.contains("labels"),
        "{}",
        ran.stderr
    );
    assert!(!context.path("docmill.db").exists());
}

test!(
    a_run_that_forgot_the_types_changes_nothing_of_theirs,
    Engines
);
fn a_run_that_forgot_the_types_changes_nothing_of_theirs(context: Context) {
    write_types(&context);
    context.fixture("receipt/uk_grocer", "r/a");
    let first = context.run(&["--types", "mine", "run", "r", "--type", "expense"]);
    let before = context.records();
    for args in [&["run", "r"][..], &["run", "r", "--force"]] {
        let ran = context.run(args);
        assert_eq!(ran.code, first.code, "{ran:?}");
        assert!(ran.stderr.contains("`expense`") && ran.stderr.contains("--types"));
        assert_eq!(context.records(), before);
    }
    let reported = |args: &[&str]| {
        let ran = context.run(args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("`expense`") && ran.stderr.contains("--types"));
    };
    reported(&["retry", "1"]);
    assert_eq!(context.status()["pages"], serde_json::json!({"done": 1}));
    // Queued all the same: by a run with the types that was killed.
    on(&context.path("docmill.db"), async |connection| {
        for sql in [
            "UPDATE pages SET state = 'queued'",
            "UPDATE documents SET state = 'open', revision = revision + 1",
        ] {
            sqlx::query(sql).execute(&mut *connection).await.unwrap();
        }
    });
    reported(&["run"]);
    assert_eq!(context.status()["pages"], serde_json::json!({"queued": 1}));
    assert_eq!(context.records(), before);
    context.run(&["--types", "mine", "run"]);
    assert_eq!(context.records()[0]["fields"], before[0]["fields"]);
}
