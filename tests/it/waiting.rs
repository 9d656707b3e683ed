//! What waits for a person, and how it is listed and shown.

use std::fs;

use crate::context::Context;
use crate::faults::while_locked;
use crate::harness::test;
use crate::rows::{Row, fill};

fn with_invoices(context: &Context) {
    let rows = [
        Row::invoice(1, "Nord GmbH", "10.00", "11.90"),
        Row::invoice(2, "West AG", "10.00", "12.00"),
    ];
    fill(&context.path("docmill.db"), &rows);
}

test!(records_to_review_are_listed_with_file_and_finding);
fn records_to_review_are_listed_with_file_and_finding(context: Context) {
    with_invoices(&context);
    let status = context.run(&["status"]);
    for part in [
        "2 records to review",
        "/in/2.png",
        "net and tax do not add up to the gross total (+1 more)",
        "docmill review",
    ] {
        assert!(status.stdout.contains(part), "{part}: {status:?}");
    }
    let status = context.status();
    // The greater amount first.
    let listed = &status["to_review"][0];
    assert_eq!(
        (&listed["id"], &listed["path"]),
        (&2.into(), &"/in/2.png".into())
    );
    assert_eq!(listed["finding_codes"][0], "sum_mismatch");
    let export = context.run(&["export", "--target", "xlsx", "--out", "books"]);
    assert_eq!(export.code, Some(0), "{export:?}");
    assert!(
        export
            .stdout
            .contains("2 bills, not accepted yet: `docmill status` lists"),
        "{export:?}"
    );
}

test!(a_record_is_shown_with_places_probabilities_and_the_readers_answer);
fn a_record_is_shown_with_places_probabilities_and_the_readers_answer(context: Context) {
    with_invoices(&context);
    let shown = context.run(&["show", "1"]).stdout;
    for part in [
        "text layer, page 1, 60 % from the left, 70 % from the top, contradicted by sum mismatch",
        "lowest probability of a deciding field 0.410 (invoice_number), not calibrated, accepted from 0.8",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let raw = context.run(&["show", "1", "--raw"]);
    assert!(raw.stdout.starts_with("Record 1, page 1\n"), "{raw:?}");
    assert_eq!(context.run(&["show", "1", "--raw", "--json"]).code, Some(2));
}

test!(formats_and_types_that_do_not_exist_are_named);
fn formats_and_types_that_do_not_exist_are_named(context: Context) {
    with_invoices(&context);
    assert_eq!(context.run(&["export", "--out", "rows.csv"]).code, Some(0));
    let rows = fs::read_to_string(context.path("rows.csv")).unwrap();
    assert!(rows.starts_with("id,"), "{rows}");
    for (arguments, expected) in [
        (&["export", "--format", "xlsx"][..], "--target xlsx"),
        (&["export", "--out", "rows.xlsx"], "--target xlsx"),
        (
            &["search", "--type", "receit", "x"],
            "no document type `receit`",
        ),
    ] {
        let ran = context.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{arguments:?}: {ran:?}");
    }
}

test!(a_retry_with_nothing_to_do_is_no_run);
fn a_retry_with_nothing_to_do_is_no_run(context: Context) {
    with_invoices(&context);
    let retry = context.run(&["retry"]);
    assert_eq!(retry.code, Some(0), "{retry:?}");
    assert!(retry.stdout.starts_with("No page has failed."), "{retry:?}");
    let report = context.run(&["report", "--json"]).json_lines().remove(0);
    assert_eq!(report["run"]["id"], 1, "the run before is the latest one");
}

test!(of_many_records_to_review_the_first_are_listed_and_all_are_counted);
fn of_many_records_to_review_the_first_are_listed_and_all_are_counted(context: Context) {
    let row = |id: i64| Row::invoice(id, "Nord GmbH", "10.00", &format!("{id}.00"));
    let rows: Vec<Row> = (1..=23).map(row).collect();
    fill(&context.path("docmill.db"), &rows);
    let status = context.run(&["status"]).stdout;
    assert!(status.contains("23 records to review"), "{status}");
    assert!(status.contains("… and 3 more: docmill"), "{status}");
    assert!(status.contains("/in/4.png"), "{status}");
    assert!(
        !status.contains("/in/3.png"),
        "the smallest amounts are left out: {status}"
    );
    let all = context.run(&["status", "--all"]).stdout;
    assert!(
        all.contains("/in/3.png") && !all.contains("more: docmill"),
        "{all}"
    );
    assert_eq!(context.status()["to_review"].as_array().unwrap().len(), 23);
}

test!(status_does_not_wait_for_a_program_that_writes);
fn status_does_not_wait_for_a_program_that_writes(context: Context) {
    with_invoices(&context);
    let status = while_locked(&context.path("docmill.db"), || context.run(&["status"]));
    assert_eq!(status.code, Some(0), "{status:?}");
    assert!(status.stdout.contains("2 records to review"), "{status:?}");
    assert!(!status.stderr.contains("waiting"), "{status:?}");
}
