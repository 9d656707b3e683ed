//! The API, as programs use it.

use std::fs;

use serde_json::{Value, json};

use crate::context::Context;
use crate::decisions::accepted;
use crate::description::{description, operation};
use crate::faults::while_locked;
use crate::harness::test;
use crate::http::Reply;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};

pub const JSON: &str = "application/json";

/// A new token with these roles.
pub fn token(context: &Context, name: &str, roles: &[&str]) -> String {
    let roles = roles.iter().flat_map(|role| ["--role", role]);
    let arguments: Vec<&str> = ["tokens", "add", name].into_iter().chain(roles).collect();
    let ran = context.run(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.trim().to_owned()
}

fn get(server: &ReviewServer, token: &str, path: &str) -> Reply {
    server.by_program(token, "GET", path, JSON, "")
}

fn post(server: &ReviewServer, token: &str, path: &str, body: &Value) -> Reply {
    server.by_program(token, "POST", path, JSON, body.to_string())
}

/// The numbers of the records of a page, and where the next one begins.
fn numbers(reply: &Reply) -> (Vec<i64>, Value) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let page = reply.json();
    let records = page["records"].as_array().unwrap().iter();
    let numbers = records.map(|record| record["id"].as_i64().unwrap());
    (numbers.collect(), page["next"].clone())
}

fn three_records(context: &Context) -> ReviewServer {
    let rows = [
        Row::invoice(1, "Nord GmbH", "10.00", "12.90"),
        accepted(2, "Ost KG"),
        Row::invoice(3, "West AG", "10.00", "12.90"),
    ];
    fill(&context.path("docmill.db"), &rows);
    ReviewServer::start(context)
}

test!(a_token_opens_what_its_roles_allow);
fn a_token_opens_what_its_roles_allow(context: Context) {
    let server = three_records(&context);
    let reader = token(&context, "reader", &["read"]);
    let uploader = token(&context, "scanner", &["upload"]);
    let reviewer = token(&context, "erp", &["review", "upload"]);
    for wrong in ["", "docmill_", &reader[..reader.len() - 1], "x"] {
        let refused = get(&server, wrong, "/api/queue");
        assert_eq!(refused.status, 401, "{wrong}: {refused:?}");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    let basic = [("Authorization", "Basic YTpi")];
    let refused = server.plain("GET", "/api/queue", &basic, "");
    assert_eq!(refused.status, 401, "{refused:?}");
    let statuses =
        |path: &str| [&reader, &uploader, &reviewer].map(|token| get(&server, token, path).status);
    assert_eq!(statuses("/api/queue"), [200, 403, 200]);
    assert_eq!(statuses("/api/records/1/pages/0/words"), [200, 403, 200]);
    let document = format!("/api/documents/{:064x}", 2);
    assert_eq!(statuses(&document), [200, 200, 200]);
    assert_eq!(statuses("/api/session"), [403, 403, 403], "the page alone");
    let reject = json!({"decision": "reject", "reason": "never ordered"});
    let refused = post(&server, &reader, "/api/records/1/decide", &reject);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (403, &json!("forbidden"))
    );
    let export = json!({"target": "xlsx"});
    assert_eq!(
        post(&server, &reviewer, "/api/exports", &export).status,
        403
    );
    // A proxy asks under its own name; a token proves that no other site does.
    let bearer = format!("Bearer {reader}");
    let other = [
        ("Authorization", bearer.as_str()),
        ("Origin", "https://erp.example"),
    ];
    assert_eq!(server.plain("GET", "/api/queue", &other, "").status, 200);
    assert_eq!(
        server.plain("GET", "/", &other, "").status,
        403,
        "only the API"
    );
    let revoked = context.run(&["tokens", "revoke", "reader"]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    assert_eq!(get(&server, &reader, "/api/queue").status, 401);
}

test!(tokens_are_shown_once_and_stored_as_hashes);
fn tokens_are_shown_once_and_stored_as_hashes(context: Context) {
    let secret = token(&context, "erp", &["export", "review", "export"]);
    assert_eq!(secret.len(), "docmill_".len() + 64, "{secret}");
    for file in ["docmill.db", "docmill.db-wal"] {
        let bytes = fs::read(context.path(file)).unwrap_or_default();
        let is_there = bytes
            .windows(64)
            .any(|window| window == &secret.as_bytes()[8..]);
        assert!(!is_there, "{file} has the token");
    }
    let again = context.run(&["tokens", "add", "erp", "--role", "read"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    for name in ["", "a b", "a:b", &"x".repeat(41)] {
        let refused = context.run(&["tokens", "add", name, "--role", "read"]);
        assert_eq!(refused.code, Some(2), "{name}: {refused:?}");
    }
    let list = context.run(&["tokens", "--json"]).json_lines();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["roles"], json!(["review", "export"]));
    assert_eq!(list[0]["state"], "valid");
    context.run(&["tokens", "revoke", "erp"]);
    let twice = context.run(&["tokens", "revoke", "erp"]);
    assert_eq!(twice.code, Some(2), "{twice:?}");
    assert!(context.run(&["tokens"]).stdout.contains("revoked"));
}

test!(records_are_listed_in_pages_and_by_filter);
fn records_are_listed_in_pages_and_by_filter(context: Context) {
    let server = three_records(&context);
    let reader = token(&context, "reader", &["read"]);
    let list = |query: &str| numbers(&get(&server, &reader, &format!("/api/records?{query}")));
    assert_eq!(list(""), (vec![1, 2, 3], Value::Null));
    assert_eq!(list("limit=2"), (vec![1, 2], json!(2)));
    assert_eq!(list("limit=2&after=2"), (vec![3], Value::Null));
    assert_eq!(list("status=needs_review"), (vec![1, 3], Value::Null));
    assert_eq!(list("type=receipt"), (vec![], Value::Null));
    assert_eq!(
        list(&format!("document={:064x}", 2)),
        (vec![2], Value::Null)
    );
    for wrong in [
        "limit=0",
        "limit=201",
        "limit=x",
        "status=none",
        "colour=red",
        "after=",
    ] {
        let refused = get(&server, &reader, &format!("/api/records?{wrong}"));
        assert_eq!(refused.status, 400, "{wrong}: {refused:?}");
    }
    let record = get(&server, &reader, "/api/records/2").json();
    let printed = &context.records()[1];
    // The probabilities have fewer digits.
    for same in ["id", "path", "fields", "findings", "provenance"] {
        assert_eq!(record[same], printed[same], "as on the command line");
    }
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&record), keys(printed));
}

test!(a_program_corrects_a_record_under_its_own_name);
fn a_program_corrects_a_record_under_its_own_name(context: Context) {
    let server = three_records(&context).entered();
    let erp = token(&context, "erp", &["review"]);
    let edits = json!({"values": [["gross_total", "11.90"], ["invoice_number", "R-1"]]});
    let correct = json!({"edits": edits, "approve": true});
    // A person has it open.
    assert_eq!(server.post("/api/records/1/lock", &json!({})).0, 200);
    let locked = post(&server, &erp, "/api/records/1/correct", &correct);
    assert_eq!(
        (locked.status, &locked.json()["code"]),
        (409, &json!("conflict"))
    );
    assert_eq!(server.post("/api/unlock", &json!({})).0, 200);
    let no_reason = json!({"approve": true});
    let refused = post(&server, &erp, "/api/records/1/correct", &no_reason);
    assert_eq!(refused.status, 422, "{refused:?}");
    // What failed left no lock.
    assert_eq!(server.post("/api/records/1/lock", &json!({})).0, 200);
    assert_eq!(server.post("/api/unlock", &json!({})).0, 200);
    let made = post(&server, &erp, "/api/records/1/correct", &correct).json();
    assert_eq!(made["status"], "accepted", "{made}");
    let gone = get(&server, &erp, "/api/records/1");
    let message = format!("Record 1 was replaced by {}.", made["record"]);
    assert_eq!(
        (gone.status, &gone.json()["message"]),
        (404, &json!(message))
    );
    assert_eq!(gone.json()["replaced_by"], json!([made["record"]]));
    let review = get(
        &server,
        &erp,
        &format!("/api/records/{}/review", made["record"]),
    );
    assert_eq!(review.json()["history"][0]["by"], "token:erp");
    let reject = json!({"decision": "reject", "reason": "never ordered"});
    let rejected = post(&server, &erp, "/api/records/3/decide", &reject).json();
    assert_eq!(rejected["status"], "rejected", "{rejected}");
}

test!(a_batch_is_exported_once_and_fetched_again);
fn a_batch_is_exported_once_and_fetched_again(context: Context) {
    fill(
        &context.path("docmill.db"),
        &[accepted(1, "Nord GmbH"), accepted(2, "Ost KG")],
    );
    fs::write(context.path("accounts.toml"), "").unwrap();
    let erp = token(&context, "erp", &["export"]);
    let closed = ReviewServer::start(&context);
    let request = json!({"target": "xlsx"});
    let refused = post(&closed, &erp, "/api/exports", &request);
    assert_eq!(refused.status, 422, "{refused:?}");
    let server = ReviewServer::start_with(&context, "ann", &["--exports", "batches"]);
    let made = post(&server, &erp, "/api/exports", &request);
    assert_eq!(made.status, 201, "{made:?}");
    let place = made.header("location").unwrap().to_owned();
    let batch = made.json()["batch"].clone();
    assert_eq!(
        (&batch["documents"], &batch["created_by"]),
        (&json!(2), &json!("token:erp"))
    );
    assert_eq!(get(&server, &erp, &place).json(), batch);
    for name in batch["files"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let file = get(&server, &erp, &format!("{place}/files/{name}"));
        let written = fs::read(context.path("batches").join(name)).unwrap();
        assert_eq!((file.status, file.body), (200, written), "{name}");
    }
    let again = post(&server, &erp, "/api/exports", &request);
    assert_eq!((again.status, &again.json()["batch"]), (200, &Value::Null));
    let listed = context.run(&["export", "batches", "--json"]).json_lines();
    assert_eq!(get(&server, &erp, "/api/exports").json(), json!(listed));
    for path in [
        "/api/exports/2",
        "/api/exports/1/files/..%2f..%2fdocmill.db",
        "/api/exports/1/files/none",
    ] {
        assert_eq!(get(&server, &erp, path).status, 404, "{path}");
    }
    let unknown = post(&server, &erp, "/api/exports", &json!({"target": "sap"}));
    assert_eq!(unknown.status, 400, "{unknown:?}");
    let message = unknown.json()["message"].to_string();
    assert!(
        message.contains("xero"),
        "the message has the targets: {message}"
    );
}

test!(every_error_says_what_happened_and_what_to_do);
fn every_error_says_what_happened_and_what_to_do(context: Context) {
    let server = three_records(&context);
    let erp = token(&context, "erp", &["read", "review"]);
    let correct = "/api/records/1/correct";
    let large = format!("{{\"reason\": \"{}\"}}", "x".repeat(2 << 20));
    for (method, path, media_type, body, status, code) in [
        ("POST", correct, JSON, "{", 400, "bad_request"),
        ("POST", correct, JSON, "", 400, "bad_request"),
        ("POST", correct, JSON, "\u{fe}", 400, "bad_request"),
        ("POST", correct, JSON, "[]", 400, "bad_request"),
        (
            "POST",
            correct,
            JSON,
            "{\"approve\": 1}",
            400,
            "bad_request",
        ),
        (
            "POST",
            correct,
            JSON,
            "{\"approve\": true, \"x\": 1}",
            400,
            "bad_request",
        ),
        (
            "POST",
            correct,
            "text/plain",
            "{}",
            415,
            "unsupported_media_type",
        ),
        (
            "POST",
            correct,
            "application/jsonx",
            "{}",
            415,
            "unsupported_media_type",
        ),
        ("POST", correct, JSON, &large, 413, "too_large"),
        ("GET", "/api/records/x", JSON, "", 400, "bad_request"),
        ("GET", "/api/records/9", JSON, "", 404, "not_found"),
        (
            "GET",
            "/api/records/1/pages/7/words",
            JSON,
            "",
            404,
            "not_found",
        ),
        ("GET", "/api/nothing", JSON, "", 404, "not_found"),
        ("GET", correct, JSON, "", 405, "method_not_allowed"),
        (
            "DELETE",
            "/api/records/1",
            JSON,
            "",
            405,
            "method_not_allowed",
        ),
    ] {
        let reply = server.by_program(&erp, method, path, media_type, body);
        let error = reply.json();
        assert_eq!(
            (reply.status, &error["code"]),
            (status, &json!(code)),
            "{method} {path}: {reply:?}"
        );
        for text in ["message", "remedy"] {
            let text = error[text].as_str().unwrap();
            assert!(text.ends_with('.') && text.len() > 10, "{reply:?}");
        }
    }
    let charset = "application/json; charset=utf-8";
    let reply = server.by_program(&erp, "POST", "/api/records/1/check", charset, "{}");
    assert_eq!(reply.status, 200, "{reply:?}");
}

test!(a_busy_database_is_answered_with_a_time_to_try_again);
fn a_busy_database_is_answered_with_a_time_to_try_again(context: Context) {
    let server = three_records(&context);
    let erp = token(&context, "erp", &["review"]);
    let reject = json!({"decision": "reject", "reason": "never ordered"});
    let decide = || post(&server, &erp, "/api/records/1/decide", &reject);
    let (read, busy) = while_locked(&context.path("docmill.db"), || {
        (get(&server, &erp, "/api/queue").status, decide())
    });
    assert_eq!(read, 200, "reading does not wait");
    assert_eq!(
        (busy.status, &busy.json()["code"]),
        (503, &json!("busy")),
        "{busy:?}"
    );
    assert_eq!(busy.header("retry-after"), Some("5"));
    let again = decide();
    assert_eq!(again.status, 200, "{again:?}");
}

test!(the_description_is_complete);
fn the_description_is_complete(context: Context) {
    let server = three_records(&context);
    let description = description(&server.address);
    assert_eq!(description["openapi"], "3.1.0");
    let mut ids = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}: {operation:#}");
            assert!(operation["summary"].is_string(), "{what}");
            ids.push(operation["operationId"].as_str().unwrap());
            let is_public = path == "/api/openapi.json";
            assert_eq!(operation["security"].is_array(), !is_public, "{what}");
            assert_eq!(
                operation["responses"]["default"].is_object(),
                !is_public,
                "{what}"
            );
            let named = path.matches('{').count();
            let parameters = operation["parameters"].as_array();
            let in_path = parameters.map_or(0, |all| {
                all.iter().filter(|one| one["in"] == "path").count()
            });
            assert_eq!(in_path, named, "{what}");
            let without_body = ["release_locks", "lock_record", "sign_out"];
            if method == "post" && !without_body.contains(ids.last().unwrap()) {
                assert!(operation["requestBody"]["required"] == true, "{what}");
            }
        }
    }
    let number = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), number, "operations share a name");
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(
            description.pointer(pointer).is_some(),
            "{pointer} leads nowhere"
        );
    }
    assert!(
        !text.contains("x-docmill") && number > 15,
        "{number} operations"
    );
}

test!(the_examples_in_the_docs_are_described);
fn the_examples_in_the_docs_are_described(context: Context) {
    let server = three_records(&context);
    let description = description(&server.address);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
    let text = fs::read_to_string(page).unwrap().replace("\\\n", " ");
    let mut seen = 0;
    for command in text.lines().filter(|line| line.starts_with("curl ")) {
        seen += 1;
        let is_post = ["-X POST", "--data-binary", "--json"]
            .iter()
            .any(|flag| command.contains(flag));
        let method = if is_post { "POST" } else { "GET" };
        let (_, address) = command.split_once("$DOCMILL").unwrap();
        let path = address.split(['"', '\'', ' ']).next().unwrap();
        assert!(operation(description, method, path).is_some(), "{command}");
        if let Some((_, body)) = command.split_once("--json '") {
            let body: Value = serde_json::from_str(body.split('\'').next().unwrap()).unwrap();
            let schema = &operation(description, method, path).unwrap()["requestBody"]["content"]
                [JSON]["schema"];
            let whole = json!({"components": description["components"], "allOf": [schema]});
            assert!(jsonschema::is_valid(&whole, &body), "{command}");
        }
    }
    assert!(seen > 8, "{seen} examples");
}
