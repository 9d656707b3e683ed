//! The review page's server, as a browser and as others talk to it.

use serde_json::{Value, json};

use crate::context::Context;
use crate::harness::test;
use crate::http::send;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};

fn one_invoice(context: &Context) -> ReviewServer {
    let row = Row::invoice(1, "Nord GmbH", "10.00", "12.90");
    fill(&context.path("docmill.db"), &[row]);
    ReviewServer::open(context)
}

/// A field or cell of a record's page.
fn field<'a>(checked: &'a Value, path: &str) -> &'a Value {
    let lists = checked["lists"].as_array().unwrap().iter();
    let lines = lists.flat_map(|list| list["lines"].as_array().unwrap());
    let cells = lines.flat_map(|line| line.as_array().unwrap());
    let mut all = checked["fields"].as_array().unwrap().iter().chain(cells);
    let found = all.find(|field| field["path"] == path);
    found.unwrap_or_else(|| panic!("no {path}: {checked:#}"))
}

test!(a_link_begins_one_session);
fn a_link_begins_one_session(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let server = ReviewServer::open(&context);
    assert_eq!(server.fetch("/").status, 200);
    // The same browser is led to the page, another one is not.
    assert_eq!(server.fetch(&server.entry).status, 303);
    let second = server.plain("GET", &server.entry, &[], "");
    assert_eq!(second.status, 403);
    assert!(second.text().contains("works once"), "{second:?}");
    assert_eq!(second.header("set-cookie"), None);
    for (path, status) in [
        ("/", 403),
        ("/assets/main.js", 403),
        ("/api/queue", 401),
        ("/api/session", 401),
    ] {
        let stranger = server.plain("GET", path, &[], "");
        assert_eq!(stranger.status, status, "{path}: {stranger:?}");
    }
    let guess = server.plain("GET", "/enter/", &[], "");
    assert!([403, 404].contains(&guess.status), "{guess:?}");
}

test!(what_other_sites_send_is_refused);
fn what_other_sites_send_is_refused(context: Context) {
    let server = one_invoice(&context);
    let origin = format!("http://{}", server.address);
    let all = [
        ("Host", server.address.as_str()),
        ("Cookie", server.cookie.as_str()),
        ("Origin", origin.as_str()),
        ("X-Docmill-Csrf", server.csrf.as_str()),
        ("Content-Type", "application/json"),
    ];
    let path = "/api/records/1/correct";
    let body = json!({"edits": {}, "approve": true, "reason": "all is well"}).to_string();
    let with = |name: &str, value: &str| {
        let changed = all.map(|(key, old)| (key, if key == name { value } else { old }));
        let changed: Vec<_> = changed
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        send(&server.address, "POST", path, &changed, &body).status
    };
    assert_eq!(with("Host", "evil.example"), 403);
    assert_eq!(with("Host", "evil.example:80"), 403);
    assert_eq!(with("Cookie", ""), 401);
    assert_eq!(with("Origin", "http://evil.example"), 403);
    assert_eq!(with("Origin", ""), 403);
    assert_eq!(with("X-Docmill-Csrf", ""), 403);
    assert_eq!(with("X-Docmill-Csrf", "guess"), 403);
    assert_eq!(with("Content-Type", "text/plain"), 415);
    assert_eq!(server.get("/api/queue")["left"], 1, "nothing was changed");
    let rebound = send(
        &server.address,
        "GET",
        "/api/queue",
        &[("Host", "evil.example"), ("Cookie", &server.cookie)],
        "",
    );
    assert_eq!(rebound.status, 403);
    assert_eq!(with("Host", &server.address), 200);
    let page = server.fetch("/");
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(
        !page.text().contains("http://"),
        "nothing comes from elsewhere"
    );
}

test!(only_numbers_lead_to_documents);
fn only_numbers_lead_to_documents(context: Context) {
    let server = one_invoice(&context);
    for path in [
        "/assets/../docmill.db",
        "/assets/..%2f..%2fdocmill.db",
        "/assets/%2e%2e/docmill.db",
        "/assets//etc/passwd",
        "/../../etc/passwd",
        "/api/records/..%2f..%2fetc%2fpasswd",
        "/api/records/1/pages/..%2f..%2fetc/image",
        "/api/records/1/pages/1/image",
        "/api/records/1/pages/4294967295/image",
        "/api/records/1/pages/99999999999/image",
        "/api/records/9/pages/0/image",
        "/api/records/-1",
        "/api/records/1e3",
    ] {
        let reply = server.fetch(path);
        assert!([400, 404].contains(&reply.status), "{path}: {reply:?}");
        assert!(!reply.text().contains("root:"), "{path}: {reply:?}");
    }
    // The file does not lie where it was.
    let gone = server.fetch("/api/records/1/pages/0/image");
    assert!([404, 500].contains(&gone.status), "{gone:?}");
}

test!(a_record_is_checked_while_typing_corrected_and_approved);
fn a_record_is_checked_while_typing_corrected_and_approved(context: Context) {
    let server = one_invoice(&context);
    let queue = server.get("/api/queue");
    let entry = &queue["suppliers"][0]["records"][0];
    assert_eq!(entry["code"], "sum_mismatch", "{queue:#}");
    assert_eq!(
        (&entry["total"], &queue["left"]),
        (&json!("12.90 EUR"), &json!(1))
    );
    let record = server.get("/api/records/1/review");
    let checked = &record["checked"];
    assert_eq!(field(checked, "gross_total")["state"], "wrong");
    assert_eq!(field(checked, "invoice_number")["state"], "check");
    assert_eq!(field(checked, "net_total")["state"], "page");
    assert_eq!(field(checked, "line_items[0].quantity")["state"], "check");
    assert_eq!(
        checked["failed"].as_array().unwrap().len(),
        1,
        "{checked:#}"
    );
    let words = server.get("/api/records/1/pages/0/words");
    assert_eq!(words[2]["text"], "11,90");
    // As it is printed: the check brings it into its form.
    let edits = json!({"values": [["gross_total", "11,90"], ["invoice_number", "R-1"]]});
    let (_, live) = server.post("/api/records/1/check", &edits);
    assert_eq!(field(&live, "gross_total")["value"], "11.90", "{live:#}");
    assert_eq!(field(&live, "gross_total")["state"], "person");
    assert_eq!(live["failed"], json!([]));
    assert_eq!(live["status"], "accepted");
    // What the reader was not sure of stays in doubt until a person settles it.
    let (_, doubtful) = server.post(
        "/api/records/1/check",
        &json!({"values": [["gross_total", "11.90"]]}),
    );
    assert_eq!(doubtful["status"], "needs_review", "{doubtful:#}");
    assert_eq!(field(&doubtful, "invoice_number")["state"], "check");
    let (_, worse) = server.post(
        "/api/records/1/check",
        &json!({"values": [["gross_total", "l2"]]}),
    );
    assert!(
        worse["unusable"].as_str().unwrap().contains("l2"),
        "{worse:#}"
    );
    assert_eq!(
        server.get("/api/records/1/review"),
        record,
        "a check stores nothing"
    );
    let (status, blocked) = server.correct(1, json!({}), true, " ");
    assert_eq!(status, 422);
    assert!(
        blocked["message"].as_str().unwrap().contains("Say why"),
        "{blocked}"
    );
    let (status, unusable) =
        server.correct(1, json!({"values": [["gross_total", "l2"]]}), true, "x");
    assert_eq!(status, 422, "{unusable}");
    let (status, made) = server.correct(1, edits, true, "");
    assert_eq!(
        (status, &made["status"]),
        (200, &json!("accepted")),
        "{made}"
    );
    let again = server.correct(1, json!({}), true, "twice");
    assert_eq!(again.0, 404, "{again:?}");
    let record = context.records().remove(0);
    assert_eq!(record["status"], "accepted");
    assert_eq!(record["fields"]["gross_total"], "11.90");
    let history = server.get(&format!("/api/records/{}/review", made["record"]));
    let history = history["history"].as_array().unwrap().clone();
    let shown: Vec<_> = history
        .iter()
        .map(|change| (&change["field"], &change["before"], &change["after"]))
        .collect();
    let (gross, number) = (json!("gross"), json!("invoice number"));
    let expected = [
        (&gross, &json!("12.90"), &json!("11.90")),
        (&number, &json!("R-1"), &json!("R-1")),
        (&Value::Null, &Value::Null, &Value::Null),
    ];
    assert_eq!(shown, expected);
    assert_eq!(history[0]["reason"], "compared with the page");
    assert_eq!(server.get("/api/queue")["left"], 0);
    // The command line shows the same history.
    let show = context.run(&["show", &made["record"].to_string()]).stdout;
    assert!(
        show.contains("12.90") && show.contains("approved"),
        "{show}"
    );
}

test!(a_failed_check_is_approved_with_a_reason);
fn a_failed_check_is_approved_with_a_reason(context: Context) {
    let server = one_invoice(&context);
    let (status, made) = server.correct(1, json!({}), true, "rounded by the seller");
    assert_eq!(
        (status, &made["status"]),
        (200, &json!("accepted")),
        "{made}"
    );
    let record = server.get(&format!("/api/records/{}/review", made["record"]));
    assert_eq!(record["history"][0]["reason"], "rounded by the seller");
}

test!(lines_are_added_and_removed);
fn lines_are_added_and_removed(context: Context) {
    let server = one_invoice(&context);
    let edits = json!({
        "lines": {"line_items": [null, 0]},
        "values": [
            ["line_items[0].description", "Ink"], ["line_items[0].quantity", "1"],
            ["line_items[0].unit_price", "1.00"], ["line_items[0].line_total", "1.00"],
            ["net_total", "11.00"], ["gross_total", "12.90"],
        ],
    });
    let (_, live) = server.post("/api/records/1/check", &edits);
    assert_eq!(live["failed"], json!([]), "{live:#}");
    assert_eq!(field(&live, "line_items[1].description")["value"], "Paper");
    let (status, made) = server.correct(1, edits, false, "two lines");
    assert_eq!(status, 200, "{made}");
    let id = made["record"].as_i64().unwrap();
    let record = server.get(&format!("/api/records/{id}/review"));
    let first = &record["history"][0];
    assert_eq!(first["after"], "Ink · 1 · 1.00 · 1.00", "{record:#}");
    assert_eq!(record["history"].as_array().unwrap().len(), 3);
    let edits = json!({"lines": {"line_items": [1]}});
    let (status, removed) = server.correct(id, edits, false, "");
    assert_eq!(status, 200, "{removed}");
    let record = context.records().remove(0);
    let lines = record["fields"]["line_items"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["description"], "Paper");
    for lines in [json!({"line_items": [3]}), json!({"total": [0]})] {
        let id = removed["record"].as_i64().unwrap();
        let (status, refused) = server.correct(id, json!({"lines": lines}), false, "");
        assert_eq!(status, 422, "{refused}");
    }
}

test!(two_people_do_not_change_one_record);
fn two_people_do_not_change_one_record(context: Context) {
    let ann = one_invoice(&context);
    let bob = ReviewServer::open(&context);
    assert_eq!(ann.post("/api/records/1/lock", &json!({})).0, 200);
    let (status, locked) = bob.post("/api/records/1/lock", &json!({}));
    assert_eq!(status, 409);
    assert!(
        locked["message"]
            .as_str()
            .unwrap()
            .contains("has this record open"),
        "{locked}"
    );
    assert_eq!(bob.correct(1, json!({}), true, "mine").0, 409);
    let entry = &bob.get("/api/queue")["suppliers"][0]["records"][0];
    assert!(entry["locked_by"].is_string(), "{entry}");
    let own = &ann.get("/api/queue")["suppliers"][0]["records"][0];
    assert!(own["locked_by"].is_null(), "{own}");
    // Renewed, and given back.
    assert_eq!(ann.post("/api/records/1/lock", &json!({})).0, 200);
    assert_eq!(ann.post("/api/unlock", &json!({})).0, 200);
    assert_eq!(bob.post("/api/records/1/lock", &json!({})).0, 200);
    assert_eq!(ann.correct(1, json!({}), true, "mine").0, 409);
    assert_eq!(bob.correct(1, json!({}), true, "mine").0, 200);
    assert_eq!(ann.correct(1, json!({}), true, "mine").0, 404);
    assert_eq!(ann.get("/api/queue")["left"], 0);
}

test!(an_empty_queue_is_a_page);
fn an_empty_queue_is_a_page(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let server = ReviewServer::open(&context);
    let queue = server.get("/api/queue");
    let postponed = json!({"records": 0, "next": null});
    assert_eq!(
        queue,
        json!({"left": 0, "postponed": postponed, "to_read": 0, "seeded": {"decided": 0, "found": 0},
            "reasons": [], "suppliers": []})
    );
}

test!(ten_thousand_records_are_queued_by_money_and_supplier);
fn ten_thousand_records_are_queued_by_money_and_supplier(context: Context) {
    let row = |id: i64| {
        Row::invoice(
            id,
            &format!("Seller {}", id % 500),
            "10.00",
            &format!("{id}.90"),
        )
    };
    let rows: Vec<Row> = (1..=10_000).map(row).collect();
    fill(&context.path("docmill.db"), &rows);
    let server = ReviewServer::open(&context);
    let queue = server.get("/api/queue");
    assert_eq!(queue["left"], 10_000);
    assert_eq!(
        queue["reasons"],
        json!([{"code": "sum_mismatch", "count": 10_000}])
    );
    let suppliers = queue["suppliers"].as_array().unwrap();
    let first = &suppliers[0];
    assert_eq!(
        (&first["name"], &first["count"]),
        (&json!("Seller 0"), &json!(20))
    );
    let ids: Vec<i64> = first["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids[..3], [10_000, 9_500, 9_000]);
    let listed: usize = suppliers
        .iter()
        .map(|s| s["records"].as_array().unwrap().len())
        .sum();
    assert_eq!(listed, 500);
    let (status, _) = server.correct(10_000, json!({}), true, "seen");
    assert_eq!(status, 200);
    assert_eq!(server.get("/api/queue")["left"], 9_999);
}

test!(two_documents_that_are_not_one_stay_apart);
fn two_documents_that_are_not_one_stay_apart(context: Context) {
    let key = json!([{"key": "invoice|seller_name=nord|invoice_number=r7", "words": "seller name Nord and invoice number R-7"}]);
    let duplicate = |id: i64| {
        let mut row = Row::invoice(id, "Nord GmbH", "10.00", "11.90");
        row.record.fields["invoice_number"] = "R-7777".into();
        row.record.keys = serde_json::from_value(key.clone()).unwrap();
        row.record.findings.clear();
        row
    };
    let mut later = duplicate(2);
    let finding = json!([{"code": "possible_duplicate", "severity": "warning", "message": "possible duplicate payment"}]);
    later.record.findings = serde_json::from_value(finding).unwrap();
    fill(&context.path("docmill.db"), &[duplicate(1), later]);
    let server = ReviewServer::open(&context);
    let record = server.get("/api/records/2/review");
    let other = &record["duplicate"];
    assert_eq!(other["record"], 1, "{record:#}");
    assert_eq!(
        other["rows"][1],
        json!({"label": "number", "here": "R-7777", "there": "R-7777", "differs": false})
    );
    let (status, blocked) = server.correct(2, json!({}), true, "");
    assert_eq!(status, 422, "{blocked}");
    let path = "/api/records/2/not-duplicate";
    let (status, made) = server.post(path, &json!({"other": 1, "reason": "two deliveries"}));
    assert_eq!(
        (status, &made["status"]),
        (200, &json!("accepted")),
        "{made}"
    );
    let record = server.get(&format!("/api/records/{}/review", made["record"]));
    assert!(record["duplicate"].is_null(), "{record:#}");
    assert_eq!(record["history"][0]["reason"], "two deliveries");
    let (status, again) = server.post(path, &json!({"other": 1, "reason": ""}));
    assert_eq!(status, 404, "{again}");
}

test!(a_page_is_drawn_and_its_words_have_places, Engines);
fn a_page_is_drawn_and_its_words_have_places(context: Context) {
    let file = context.fixture("receipt/uk_grocer", "in/grocer");
    let ran = context.run(&["run", "in", "--type", "receipt"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let server = ReviewServer::open(&context);
    let id = server.get("/api/queue")["suppliers"][0]["records"][0]["id"].clone();
    let image = server.fetch(&format!("/api/records/{id}/pages/0/image"));
    assert_eq!(
        (image.status, image.header("content-type")),
        (200, Some("image/jpeg"))
    );
    assert_eq!(&image.body[..2], [0xff, 0xd8], "a JPEG file");
    // What is drawn once is kept.
    std::fs::write(&file, "other content").unwrap();
    let kept = server.fetch(&format!("/api/records/{id}/pages/0/image"));
    assert_eq!(kept.body, image.body);
    let fresh = ReviewServer::open(&context);
    let changed = fresh.fetch(&format!("/api/records/{id}/pages/0/image"));
    assert_eq!(changed.status, 404);
    assert!(changed.text().contains("was changed"), "{changed:?}");
}

test!(other_machines_are_let_in_by_a_flag_alone);
fn other_machines_are_let_in_by_a_flag_alone(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let refused = context.run(&["review", "--bind", "0.0.0.0"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--without-tls"), "{refused:?}");
    // Whoever comes from there signs in.
    context.run(&["users", "add", "ann", "--role", "reviewer"]);
    let mut open = context.start(&["review", "--bind", "0.0.0.0", "--without-tls"]);
    let line = open.line().unwrap();
    assert!(line.contains("http://0.0.0.0:"), "{line}");
}
