//! Records that a person rejects, postpones or opens again.

use serde_json::{Value, json};

use crate::context::{Context, Ran};
use crate::harness::test;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};

/// An invoice of one line without findings.
pub fn accepted(id: i64, seller: &str) -> Row {
    let mut row = Row::invoice(id, seller, "10.00", "11.90");
    row.record.findings.clear();
    row.record.status = docmill::domain::Status::Accepted;
    row
}

fn decide(context: &Context, arguments: &[&str]) -> Ran {
    context.run(&[&["decide"], arguments].concat())
}

fn statuses(context: &Context) -> Vec<Value> {
    let records = context.records().into_iter();
    records.map(|record| record["status"].clone()).collect()
}

/// Records of the bills that an export writes.
fn bills(context: &Context) -> Vec<i64> {
    std::fs::write(context.path("accounts.toml"), "").unwrap();
    let ran = context.run(&["export", "--target", "xlsx", "--out", "to-import"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let manifests = std::fs::read_dir(context.path("to-import")).unwrap();
    let mut manifests = manifests.map(|entry| entry.unwrap().path());
    let manifest = manifests.find(|path| path.to_string_lossy().ends_with(".manifest.json"));
    let Some(manifest) = manifest else {
        return Vec::new();
    };
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let bills = manifest["bills"].as_array().unwrap().iter();
    bills.map(|bill| bill["record"].as_i64().unwrap()).collect()
}

test!(rejected_records_are_shown_and_not_exported_as_bills);
fn rejected_records_are_shown_and_not_exported_as_bills(context: Context) {
    let rows = [
        accepted(1, "Nord GmbH"),
        accepted(2, "Ost KG"),
        accepted(3, "West AG"),
    ];
    fill(&context.path("docmill.db"), &rows);
    let ran = decide(&context, &["reject", "1", "--reason", "never ordered"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout, "Record 1 is rejected.\n");
    let ran = decide(&context, &["not-a-bill", "2", "--reason", "an offer"]);
    assert_eq!(ran.stdout, "Record 2 is not a bill.\n");
    assert_eq!(statuses(&context), ["rejected", "not_a_bill", "accepted"]);
    assert_eq!(bills(&context), [3]);
    let only = context.run(&["export", "--status", "not_a_bill"]);
    assert_eq!(only.json_lines().len(), 1);
    let status = context.run(&["status"]).stdout;
    for line in ["1 record rejected", "1 record set aside as not a bill"] {
        assert!(status.contains(line), "{status}");
    }
    assert_eq!(
        context.status()["records"],
        json!({"accepted": 1, "rejected": 1, "not_a_bill": 1})
    );
    let shown = context.run(&["show", "1"]).stdout;
    for part in ["rejected", "never ordered"] {
        assert!(shown.contains(part), "{shown}");
    }
    let refused = context.run(&["correct", "1", "--approve", "--reason", "x"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("decide reopen"), "{refused:?}");
    let ran = decide(&context, &["reopen", "1", "--reason", "ordered by phone"]);
    assert_eq!(ran.stdout, "Record 1 needs review again.\n");
    let status = context.status();
    let reason = status["to_review"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains(" reopened it on 20") && reason.ends_with(": ordered by phone"),
        "{reason}"
    );
    assert!(context.run(&["status"]).stdout.contains(reason));
    let approved = context.run(&["correct", "1", "--approve", "--reason", "seen"]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
}

test!(an_export_says_what_it_wrote_or_why_there_was_nothing);
fn an_export_says_what_it_wrote_or_why_there_was_nothing(context: Context) {
    let rows = [
        Row::invoice(1, "Nord GmbH", "10.00", "11.90"),
        accepted(2, "Ost KG"),
        accepted(3, "West AG"),
    ];
    fill(&context.path("docmill.db"), &rows);
    let rejected = decide(&context, &["reject", "2", "--reason", "never ordered"]);
    assert_eq!(rejected.code, Some(0), "{rejected:?}");
    let to_file = context.run(&["export", "--out", "rows.csv"]);
    assert_eq!(
        to_file.stdout,
        "rows.csv: 3 records\nrows.lines.csv: 3 lines of their lists\n"
    );
    let to_stdout = context.run(&["export", "--format", "csv"]);
    assert_eq!(to_stdout.stdout.lines().count(), 4, "{to_stdout:?}");
    assert!(
        to_stdout
            .stderr
            .contains("docmill: 3 records written to stdout"),
        "{to_stdout:?}"
    );
    let quiet = context.run(&["export", "--quiet"]);
    assert_eq!((quiet.json_lines().len(), quiet.stderr.as_str()), (3, ""));
    let failed = context.run(&["export", "--status", "failed"]);
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(0), ""));
    assert!(
        failed
            .stderr
            .contains("no record with this status; `docmill status`"),
        "{failed:?}"
    );
    let target = ["export", "--target", "xlsx", "--out", "books"];
    assert!(context.run(&target).stdout.contains("1 bill for xlsx"));
    let again = context.run(&target);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(
        again.stdout,
        "Nothing to export:\n  \
         1 bill, not accepted yet: `docmill status` lists what needs review or failed\n  \
         1 bill, exported before: `docmill export batches`\n  \
         1 record, rejected or not a bill: `docmill export --status rejected --status not_a_bill`\n"
    );
}

test!(decisions_that_make_no_sense_are_refused);
fn decisions_that_make_no_sense_are_refused(context: Context) {
    fill(&context.path("docmill.db"), &[accepted(1, "Nord GmbH")]);
    for (arguments, expected) in [
        (
            &["reject", "9", "--reason", "x"][..],
            "there is no record 9",
        ),
        (&["reject", "1", "--reason", " "], "--reason is empty"),
        (
            &["postpone", "1", "--reason", "x"],
            "only a record that needs review",
        ),
        (&["reopen", "1", "--reason", "x"], "it is open: only"),
        (
            &["postpone", "1", "--until", "2020-01-01", "--reason", "x"],
            "has come",
        ),
        (
            &["reject", "1", "--until", "2030-01-01", "--reason", "x"],
            "belongs to `postpone`",
        ),
    ] {
        let ran = decide(&context, arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{arguments:?}: {ran:?}");
    }
    assert_eq!(statuses(&context), ["accepted"]);
}

test!(a_postponed_record_is_not_in_the_queue);
fn a_postponed_record_is_not_in_the_queue(context: Context) {
    let row = Row::invoice(1, "Nord GmbH", "10.00", "12.90");
    fill(&context.path("docmill.db"), &[row]);
    let ran = decide(
        &context,
        &[
            "postpone",
            "1",
            "--until",
            "2999-12-31",
            "--reason",
            "asked the seller",
        ],
    );
    assert_eq!(ran.stdout, "Record 1 is postponed until 2999-12-31.\n");
    let server = ReviewServer::open(&context);
    let queue = server.get("/api/queue");
    let postponed = json!({"records": 1, "next": "2999-12-31"});
    assert_eq!(
        (&queue["left"], &queue["postponed"]),
        (&json!(0), &postponed)
    );
    assert_eq!(context.status()["postponed"], 1);
    let status = context.run(&["status"]).stdout;
    assert!(
        status.contains("postponed, the next until 2999-12-31"),
        "{status}"
    );
    let record = server.get("/api/records/1/review");
    assert_eq!(record["aside"]["reason"], "asked the seller", "{record:#}");
}

test!(the_page_decides_with_a_note);
fn the_page_decides_with_a_note(context: Context) {
    let row = Row::invoice(1, "Nord GmbH", "10.00", "12.90");
    fill(&context.path("docmill.db"), &[row]);
    let server = ReviewServer::open(&context);
    let decide = |decision: &str, reason: &str, until: Value| {
        let request = json!({"decision": decision, "reason": reason, "until": until});
        server.post("/api/records/1/decide", &request)
    };
    assert_eq!(decide("reject", " ", Value::Null).0, 422);
    assert_eq!(decide("burn", "x", Value::Null).0, 400);
    assert_eq!(decide("postpone", "x", json!("2020-01-01")).0, 422);
    assert_eq!(decide("reopen", "x", Value::Null).0, 422);
    assert_eq!(server.get("/api/queue")["left"], 1, "nothing was changed");
    let (status, made) = decide("postpone", "asked", json!("2999-12-31"));
    assert_eq!((status, &made["status"]), (200, &json!("needs_review")));
    assert_eq!(server.get("/api/queue")["left"], 0);
    let (status, made) = decide("reject", "spam", Value::Null);
    assert_eq!((status, &made["status"]), (200, &json!("rejected")));
    let record = server.get("/api/records/1/review");
    assert_eq!(record["aside"]["decision"], "rejected", "{record:#}");
    assert!(record["fixed"].is_string(), "{record:#}");
    let (status, refused) = server.correct(1, json!({}), true, "mine");
    assert_eq!(status, 422, "{refused}");
    let (status, made) = decide("reopen", "a bill after all", Value::Null);
    assert_eq!((status, &made["status"]), (200, &json!("needs_review")));
    let record = server.get("/api/records/1/review");
    assert!(record["aside"].is_null() && record["fixed"].is_null());
    assert_eq!(record["history"].as_array().unwrap().len(), 3);
    // Somebody else has it open.
    let other = ReviewServer::open(&context);
    assert_eq!(other.post("/api/records/1/lock", &json!({})).0, 200);
    assert_eq!(decide("reject", "spam", Value::Null).0, 409);
}

/// Two people must approve from 1000 on.
fn with_second_approval(context: &Context, rows: &[Row]) {
    let settings = "[review]\nsecond_approval_from = 1000\n";
    std::fs::write(context.path("docmill.toml"), settings).unwrap();
    fill(&context.path("docmill.db"), rows);
}

fn approve_as(context: &Context, user: &str, id: i64) -> Ran {
    let id = id.to_string();
    let mut command = context.command(&["correct", &id, "--approve", "--reason", "seen"]);
    Ran::from(command.env("USER", user).output().unwrap())
}

test!(a_second_person_approves_on_the_command_line);
fn a_second_person_approves_on_the_command_line(context: Context) {
    with_second_approval(
        &context,
        &[Row::invoice(1, "Nord GmbH", "10.00", "1000.00")],
    );
    let first = approve_as(&context, "ann", 1);
    assert_eq!(first.code, Some(3), "{first:?}");
    for part in [
        "needs second approval",
        "1000.00 EUR is 1000 or more",
        "its seller was not approved before",
        "By another person",
    ] {
        assert!(first.stdout.contains(part), "{part}: {first:?}");
    }
    assert_eq!(statuses(&context), ["needs_second_approval"]);
    assert_eq!(bills(&context), Vec::<i64>::new());
    let status = context.run(&["status"]).stdout;
    assert!(
        status.contains("1 record that a second person must approve"),
        "{status}"
    );
    let again = approve_as(&context, "ann", 2);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("another person"), "{again:?}");
    let second = approve_as(&context, "bob", 2);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!(statuses(&context), ["accepted"]);
    assert_eq!(bills(&context), [3]);
    let shown = context.run(&["show", "3"]).stdout;
    assert!(
        shown.contains("second approval") && shown.contains("bob"),
        "{shown}"
    );
}

test!(a_second_person_approves_on_the_page);
fn a_second_person_approves_on_the_page(context: Context) {
    with_second_approval(&context, &[Row::invoice(1, "Nord GmbH", "10.00", "11.90")]);
    let ann = ReviewServer::open_as(&context, "ann");
    let (status, made) = ann.correct(1, json!({}), true, "seen");
    assert_eq!(
        (status, &made["status"]),
        (200, &json!("needs_second_approval")),
        "{made}"
    );
    let id = made["record"].as_i64().unwrap();
    let entry = &ann.get("/api/queue")["suppliers"][0]["records"][0];
    assert_eq!(entry["approved_by"], "ann", "{entry}");
    assert_eq!(
        ann.get(&format!("/api/records/{id}/review"))["approved_by"],
        "ann"
    );
    let (status, refused) = ann.correct(id, json!({}), true, "seen again");
    assert_eq!(status, 422, "{refused}");
    let bob = ReviewServer::open_as(&context, "bob");
    assert_eq!(ann.post("/api/unlock", &json!({})).0, 200);
    let (status, made) = bob.correct(id, json!({}), true, "seen");
    assert_eq!(
        (status, &made["status"]),
        (200, &json!("accepted")),
        "{made}"
    );
    assert_eq!(bob.get("/api/queue")["left"], 0);
}

test!(a_record_is_read_again_by_the_next_run);
fn a_record_is_read_again_by_the_next_run(context: Context) {
    let row = Row::invoice(1, "Nord GmbH", "10.00", "12.90");
    fill(&context.path("docmill.db"), &[row]);
    let server = ReviewServer::open(&context);
    let types = &server.get("/api/session")["types"];
    assert!(
        types.as_array().unwrap().contains(&json!("receipt")),
        "{types}"
    );
    let path = "/api/records/1/read-again";
    let (status, refused) = server.post(path, &json!({"type": "poem"}));
    assert_eq!(status, 422, "{refused}");
    let (status, queued) = server.post(path, &json!({"type": "receipt"}));
    assert_eq!(status, 200, "{queued}");
    let queue = server.get("/api/queue");
    assert_eq!((&queue["left"], &queue["to_read"]), (&json!(0), &json!(1)));
    assert_eq!(context.status()["pages"], json!({"queued": 1}));
}

test!(a_sample_of_accepted_records_is_checked_and_counted);
fn a_sample_of_accepted_records_is_checked_and_counted(context: Context) {
    let settings = "[review]\nsample_share = 0.5\n";
    std::fs::write(context.path("docmill.toml"), settings).unwrap();
    // The hashes of these documents begin with zeros: all are in the sample.
    let rows = [accepted(1, "Nord GmbH"), accepted(2, "Ost KG")];
    fill(&context.path("docmill.db"), &rows);
    let server = ReviewServer::open(&context);
    let queue = server.get("/api/queue");
    assert_eq!(queue["left"], 2, "{queue:#}");
    let entry = &queue["suppliers"][0]["records"][0];
    assert_eq!(entry["reason"], "compare it with the page", "{entry}");
    let status = context.run(&["status"]).stdout;
    assert!(
        status.contains("Sample of 2 accepted records: 0 checked.\n"),
        "{status}"
    );
    let edits = json!({"values": [["invoice_number", "R-17"]]});
    assert_eq!(server.correct(1, edits, true, "").0, 200);
    assert_eq!(server.correct(2, json!({}), true, "").0, 200);
    assert_eq!(server.get("/api/queue")["left"], 0);
    let status = context.run(&["status"]).stdout;
    let found = "2 checked. 1 had a wrong value: 50.0 %, with 90 % confidence at most 94.9 %.";
    assert!(status.contains(found), "{status}");
    assert_eq!(
        context.status()["sample"],
        json!({"records": 2, "checked": 2, "wrong": 1})
    );
}
