//! Uploading documents, and requests that nobody expects.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::api::{JSON, token};
use crate::context::{Context, fixtures};
use crate::description::description;
use crate::harness::test;
use crate::http::Reply;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};

const BYTES: &str = "application/octet-stream";

fn server(context: &Context) -> ReviewServer {
    ReviewServer::start_with(context, "ann", &["--uploads", "in"])
}

fn upload(server: &ReviewServer, token: &str, name: &str, bytes: &[u8]) -> Reply {
    let path = format!("/api/documents?name={name}");
    server.by_program(token, "POST", &path, BYTES, bytes)
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

test!(an_uploaded_document_is_followed_until_it_is_read, Engines);
fn an_uploaded_document_is_followed_until_it_is_read(context: Context) {
    let scanner = token(&context, "scanner", &["upload"]);
    let server = server(&context);
    let invoice = fs::read(fixtures().join("invoice/einvoice_ubl/input.xml")).unwrap();
    let stored = upload(&server, &scanner, "rechnung%20m%C3%A4rz.xml", &invoice);
    assert_eq!(stored.status, 201, "{stored:?}");
    let answer = stored.json();
    assert_eq!(answer["known"], false);
    let document = blake3::hash(&invoice).to_hex().to_string();
    assert_eq!(answer["document"], document);
    let place = answer["status"].as_str().unwrap().to_owned();
    assert_eq!(stored.header("location"), Some(place.as_str()));
    let file = context.path("in").join(&document).join("rechnung märz.xml");
    assert_eq!(fs::read(file).unwrap(), invoice);
    let status = |place: &str| server.by_program(&scanner, "GET", place, JSON, "").json();
    let waiting = json!({"document": document, "state": "waiting", "rejected": null, "pages": null, "records": []});
    assert_eq!(status(&place), waiting);
    let letter = upload(&server, &scanner, "letter.pdf", b"no document").json();
    let again = upload(&server, &scanner, "other.xml", &invoice);
    assert_eq!((again.status, &again.json()["known"]), (200, &json!(true)));
    let ran = context.run(&["run", "in"]);
    assert_eq!(ran.code, Some(1), "one file is rejected: {ran:?}");
    let read = status(&place);
    assert_eq!(
        (&read["state"], &read["pages"]),
        (&json!("read"), &json!(1))
    );
    assert_eq!(read["records"][0]["status"], "accepted", "{read}");
    let rejected = status(letter["status"].as_str().unwrap());
    assert_eq!(rejected["state"], "rejected", "{rejected}");
    assert_eq!(rejected["rejected"]["reason"], "unsupported_type");
    let unknown = format!("/api/documents/{}", "0".repeat(64));
    let absent = server.by_program(&scanner, "GET", &unknown, JSON, "");
    assert_eq!(absent.status, 404, "{absent:?}");
}

test!(what_is_not_a_plain_document_is_refused_and_leaves_nothing);
fn what_is_not_a_plain_document_is_refused_and_leaves_nothing(context: Context) {
    let scanner = token(&context, "scanner", &["upload"]);
    let without = ReviewServer::start(&context);
    assert_eq!(upload(&without, &scanner, "a.pdf", b"x").status, 422);
    let arguments = ["--uploads", "in", "--set", "limits.max_bytes=1000"];
    let server = ReviewServer::start_with(&context, "ann", &arguments);
    for name in [
        "",
        ".",
        "..",
        ".hidden",
        "..%2fa.pdf",
        "..%5ca.pdf",
        "%2fetc%2fpasswd",
        "a%2fb",
        "a%00b",
        "a%0ab",
        "in%2f",
        &"x".repeat(201),
    ] {
        let refused = upload(&server, &scanner, name, b"x");
        assert_eq!(refused.status, 422, "{name}: {refused:?}");
    }
    assert_eq!(upload(&server, &scanner, "a.pdf", b"").status, 422);
    assert_eq!(upload(&server, &scanner, "a.pdf", &[7; 1000]).status, 201);
    assert_eq!(upload(&server, &scanner, "b.pdf", &[7; 1001]).status, 413);
    assert_eq!(
        upload(&server, &scanner, "b.pdf", &vec![7; 3 << 20]).status,
        413
    );
    for media_type in [
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "text/html",
        JSON,
    ] {
        let refused = server.by_program(
            &scanner,
            "POST",
            "/api/documents?name=a.pdf",
            media_type,
            "x",
        );
        assert_eq!(refused.status, 415, "{media_type}: {refused:?}");
    }
    let nameless = server.by_program(&scanner, "POST", "/api/documents", BYTES, "x");
    assert_eq!(nameless.status, 400, "{nameless:?}");
    for id in ["..%2f..%2fdocmill.db", "%2e%2e", "x", &"A".repeat(64)] {
        let path = format!("/api/documents/{id}");
        let absent = server.by_program(&scanner, "GET", &path, JSON, "");
        assert_eq!(absent.status, 404, "{id}: {absent:?}");
    }
    assert_eq!(count(&context.path("in")), 1, "only the stored one");
    assert!(!context.path("a.pdf").exists());
}

test!(documents_are_uploaded_at_once);
fn documents_are_uploaded_at_once(context: Context) {
    let scanner = token(&context, "scanner", &["upload"]);
    let server = server(&context);
    let large: Vec<u8> = (0..4_000_000u32).map(|n| (n % 251) as u8).collect();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (server, scanner, large) = (&server, &scanner, &large);
            scope.spawn(move || {
                let same = upload(server, scanner, &format!("same-{number}.pdf"), large);
                assert!([200, 201].contains(&same.status), "{same:?}");
                let own = upload(
                    server,
                    scanner,
                    "own.pdf",
                    format!("own {number}").as_bytes(),
                );
                assert_eq!(own.status, 201, "{own:?}");
            });
        }
    });
    assert_eq!(count(&context.path("in")), 9, "one folder a document");
    let same = context
        .path("in")
        .join(blake3::hash(&large).to_hex().as_str());
    for entry in fs::read_dir(same).unwrap() {
        assert_eq!(fs::read(entry.unwrap().path()).unwrap(), large);
    }
}

test!(the_page_uploads_with_its_own_header_alone);
fn the_page_uploads_with_its_own_header_alone(context: Context) {
    fill(&context.path("docmill.db"), &[]);
    let server = server(&context).entered();
    assert_eq!(server.get("/api/session")["uploads"], true);
    let origin = format!("http://{}", server.address);
    let headers = [
        ("Cookie", server.cookie.as_str()),
        ("Origin", origin.as_str()),
        ("Content-Type", BYTES),
        ("X-Docmill-Csrf", server.csrf.as_str()),
    ];
    let path = "/api/documents?name=a.pdf";
    assert_eq!(server.plain("POST", path, &headers[..3], "x").status, 403);
    assert_eq!(server.plain("POST", path, &headers, "x").status, 201);
}

/// Numbers that look random, the same in every run (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }

    /// A value near those that requests have.
    fn value(&mut self, depth: usize) -> Value {
        let keys = [
            "edits",
            "values",
            "lines",
            "approve",
            "reason",
            "decision",
            "until",
            "type",
            "field",
            "other",
            "target",
            "with_documents",
            "line_items",
            "x",
            "",
        ];
        let texts = [
            "reject",
            "postpone",
            "reopen",
            "2026-12-01",
            "9999-12-31",
            "-262144-01-01",
            "gross_total",
            "line_items[0]",
            "line_items[18446744073709551616].quantity",
            "line_items[].x",
            "invoice",
            "receipt",
            "xlsx",
            "ubl",
            "",
            "\u{0}",
            "\u{202e}",
            "'; DROP TABLE records; --",
            "1e999",
            "NaN",
            "١٢٣",
            "𝟙",
            "%s%n",
            "../../x",
        ];
        match self.roll(if depth > 3 { 5 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => self
                .pick(&[
                    json!(0),
                    json!(-1),
                    json!(1),
                    json!(i64::MAX),
                    json!(u64::MAX),
                    json!(1e300),
                    json!(0.5),
                ])
                .clone(),
            3 | 4 => json!(self.pick(&texts)),
            5 => (0..self.roll(4)).map(|_| self.value(depth + 1)).collect(),
            6 => json!([[self.pick(&texts), self.pick(&texts)]]),
            _ => {
                let mut object = serde_json::Map::new();
                for _ in 0..self.roll(5) {
                    object.insert((*self.pick(&keys)).to_owned(), self.value(depth + 1));
                }
                Value::Object(object)
            }
        }
    }
}

test!(no_request_makes_the_server_fail);
fn no_request_makes_the_server_fail(context: Context) {
    let rows: Vec<Row> = (1..=9)
        .map(|id| Row::invoice(id, "Nord GmbH", "10.00", "12.90"))
        .collect();
    fill(&context.path("docmill.db"), &rows);
    let all = token(&context, "all", &["read", "upload", "review", "export"]);
    let server =
        ReviewServer::start_with(&context, "ann", &["--uploads", "in", "--exports", "out"]);
    let description = description(&server.address);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let parts = [
        "1",
        "2",
        "3",
        "9",
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "1.5",
        "x",
        "%00",
        "%ff",
        "..%2f",
        "%E2%80%AE",
        "'",
        "0000000000000000000000000000000000000000000000000000000000000001",
    ];
    let queries = [
        "",
        "?",
        "?limit=1",
        "?limit=99999999999",
        "?after=-1",
        "?status=%ff",
        "?name=a",
        "?name=%00",
        "?x[]=1",
        "?limit=1&limit=2",
    ];
    let mut requests = 0;
    for _ in 0..40 {
        for (route, item) in description["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                // Pages of these documents cannot be drawn: their files do not exist.
                if route.ends_with("/image") {
                    continue;
                }
                let filled = route.split('/').map(|part| match part.starts_with('{') {
                    true => (*dice.pick(&parts)).to_owned(),
                    false => part.to_owned(),
                });
                let path = filled.collect::<Vec<_>>().join("/");
                let path = format!("{path}{}", dice.pick(&queries));
                let mut body = dice.value(0).to_string().into_bytes();
                if dice.roll(8) == 0 && !body.is_empty() {
                    let place = dice.roll(body.len());
                    body[place] = dice.roll(256) as u8;
                }
                let media_type = *dice.pick(&[JSON, JSON, JSON, BYTES, "text/plain", ""]);
                let reply =
                    server.by_program(&all, &method.to_uppercase(), &path, media_type, &body);
                let shown = String::from_utf8_lossy(&body);
                assert!(reply.status < 500, "{method} {path} {shown}: {reply:?}");
                requests += 1;
            }
        }
    }
    assert!(requests > 500, "{requests} requests");
}
