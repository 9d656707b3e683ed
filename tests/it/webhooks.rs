//! Webhooks: a receiver that checks signatures, and one that is down.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::context::Context;
use crate::decisions::accepted;
use crate::harness::test;
use crate::process::signal;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};

/// A request that a receiver got.
#[derive(Clone, Debug)]
struct Received {
    /// Lower-case names with values.
    headers: Vec<(String, String)>,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let mut named = self.headers.iter().filter(|(key, _)| key == name);
        &named.next().unwrap_or_else(|| panic!("{name}: {self:?}")).1
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The signature as a receiver computes it (docs/webhooks.md).
    fn signature(&self, secret: &str) -> String {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.unwrap()).unwrap();
        let (name, time) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        mac.update(format!("{name}.{time}.{}", self.body).as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// Answers requests until the test ends.
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// `head` makes the first lines of the answer to a request's number (from 0).
    fn start(head: impl Fn(usize) -> &'static str + Send + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?team=7", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let list = received.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                let (mut headers, mut line) = (Vec::new(), String::new());
                while lines.read_line(&mut line).unwrap() > 2 {
                    if let Some((name, value)) = line.split_once(':') {
                        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                    }
                    line.clear();
                }
                let length = headers.iter().find(|(name, _)| name == "content-length");
                let mut body = vec![0; length.unwrap().1.parse().unwrap()];
                lines.read_exact(&mut body).unwrap();
                let body = String::from_utf8(body).unwrap();
                let mut list = list.lock().unwrap();
                list.push(Received { headers, body });
                let head = head(list.len() - 1);
                let end = "connection: close\r\ncontent-length: 0\r\n\r\n";
                let _ = stream.write_all(format!("HTTP/1.1 {head}\r\n{end}").as_bytes());
            }
        });
        Receiver { url, received }
    }

    /// Waits until there are so many requests.
    fn wait_for(&self, number: usize) -> Vec<Received> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let received = self.received.lock().unwrap().clone();
            if received.len() >= number {
                return received;
            }
            assert!(Instant::now() < until, "{number} requests: {received:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Adds a webhook for these statuses. Returns its secret.
fn add(context: &Context, url: &str, events: &[&str]) -> String {
    let events = events.iter().flat_map(|event| ["--event", event]);
    let arguments: Vec<&str> = ["webhooks", "add", url].into_iter().chain(events).collect();
    let ran = context.run(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.trim().to_owned()
}

fn listed(context: &Context) -> Vec<Value> {
    context.run(&["webhooks", "--json"]).json_lines()
}

test!(changes_of_records_are_sent_and_signed);
fn changes_of_records_are_sent_and_signed(context: Context) {
    let receiver = Receiver::start(|_| "204 No Content");
    fill(&context.path("docmill.db"), &[accepted(1, "Nord GmbH")]);
    let secret = add(&context, &receiver.url, &["accepted", "rejected"]);
    // After the webhook: a record that is accepted, and one that nobody asked for.
    let rows = [
        accepted(2, "Ost KG"),
        Row::invoice(3, "West AG", "10.00", "12.90"),
    ];
    fill(&context.path("docmill.db"), &rows);
    let server = ReviewServer::open(&context);
    let first = &receiver.wait_for(1)[0];
    assert_eq!(first.header("webhook-signature"), first.signature(&secret));
    let now = jiff::Timestamp::now().as_second();
    let time: i64 = first.header("webhook-timestamp").parse().unwrap();
    assert!((now - time).abs() < 60, "{first:?}");
    assert_eq!(first.header("content-type"), "application/json");
    let mut body = first.json();
    let at: jiff::Timestamp = body["timestamp"].as_str().unwrap().parse().unwrap();
    assert!((now - at.as_second()).abs() < 60, "{body}");
    body["timestamp"] = Value::Null;
    let data = json!({"id": 2, "status": "accepted", "document": format!("{:064x}", 2)});
    let expected = json!({"type": "record.accepted", "timestamp": null, "data": data});
    assert_eq!(body, expected, "and no text of the page");

    let reject = json!({"decision": "reject", "reason": "never ordered"});
    assert_eq!(server.post("/api/records/3/decide", &reject).0, 200);
    let second = &receiver.wait_for(2)[1];
    assert_eq!(second.json()["type"], "record.rejected");
    assert_ne!(second.header("webhook-id"), first.header("webhook-id"));
    let left = &listed(&context)[0];
    assert_eq!(
        (&left["waiting"], &left["given_up"]),
        (&json!(0), &json!(0))
    );
}

test!(an_event_that_is_not_taken_is_shown_and_sent_again);
fn an_event_that_is_not_taken_is_shown_and_sent_again(context: Context) {
    // A redirect must not carry an event elsewhere.
    let down = Receiver::start(|number| match number {
        0 => "301 Moved Permanently\r\nlocation: http://127.0.0.1:1/",
        1 => "500 Internal Server Error",
        _ => "200 OK",
    });
    let up = Receiver::start(|_| "200 OK");
    let secret = add(&context, &down.url, &[]);
    add(&context, &up.url, &["accepted"]);
    fill(&context.path("docmill.db"), &[accepted(1, "Nord GmbH")]);
    let _server = ReviewServer::start(&context);
    assert_eq!(up.wait_for(1).len(), 1, "one that is down delays no other");
    down.wait_for(1);
    let until = Instant::now() + Duration::from_secs(10);
    let failed = loop {
        let all = listed(&context);
        let of_url = all.into_iter().find(|one| one["webhook"] == down.url);
        let failed = of_url.unwrap();
        if failed["problem"].is_string() || Instant::now() > until {
            break failed;
        }
    };
    assert_eq!(failed["waiting"], 1);
    let problem = "127.0.0.1 answered 301, and redirects are not followed";
    assert_eq!(failed["problem"], problem);
    let status = context.run(&["status"]);
    assert!(
        status.stdout.contains("1 webhook event waiting"),
        "{status:?}"
    );
    let retried = context.run(&["webhooks", "retry", &down.url]);
    assert!(
        retried.stdout.starts_with("1 event will be sent"),
        "{retried:?}"
    );
    // Nobody retries the second failure by hand.
    let all = down.wait_for(3);
    let names: Vec<&str> = all.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(names, [names[0]; 3], "one event, one id");
    assert!(all.iter().all(|one| one.body == all[0].body));
    assert_eq!(
        all[2].header("webhook-signature"),
        all[2].signature(&secret)
    );
}

test!(webhooks_are_listed_and_removed_and_wrong_ones_refused);
fn webhooks_are_listed_and_removed_and_wrong_ones_refused(context: Context) {
    let secret = add(
        &context,
        "https://erp.example/hook",
        &["rejected", "accepted", "rejected"],
    );
    assert!(secret.starts_with("whsec_"), "{secret}");
    let refused = |arguments: &[&str], why: &str| {
        let ran = context.run(&[&["webhooks"], arguments].concat());
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(why), "{arguments:?}: {ran:?}");
    };
    refused(&["add", "https://erp.example/hook"], "there is a webhook");
    refused(&["add", "http://10.0.0.7/hook"], "--without-tls");
    refused(&["add", "erp.example"], "https://HOST/PATH");
    refused(
        &["add", "https://erp.example/", "--event", "paid"],
        "accepted",
    );
    refused(&["remove", "https://none.example/"], "docmill webhooks");
    refused(&["retry", "https://none.example/"], "docmill webhooks");
    let trusted = context.run(&["webhooks", "add", "http://10.0.0.7/hook", "--without-tls"]);
    assert_eq!(trusted.code, Some(0), "{trusted:?}");
    let all = listed(&context);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["events"], json!(["accepted", "rejected"]));
    assert!(!context.run(&["webhooks"]).stdout.contains(&secret));
    let removed = context.run(&["webhooks", "remove", "http://10.0.0.7/hook"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(listed(&context).len(), 1);
}

test!(events_are_sent_while_folders_are_watched, Engines);
fn events_are_sent_while_folders_are_watched(context: Context) {
    let receiver = Receiver::start(|_| "200 OK");
    add(&context, &receiver.url, &["accepted"]);
    // No model reads an e-invoice.
    context.fixture("invoice/einvoice_ubl", "in/bill");
    let mut watching = context.start(&["watch", "in", "--settle", "1", "--json"]);
    let record: Value = serde_json::from_str(&watching.line().unwrap()).unwrap();
    let event = receiver.wait_for(1)[0].json();
    assert_eq!(event["data"]["id"], record["id"]);
    assert_eq!(event["data"]["document"], record["provenance"]["document"]);
    signal(watching.child.id(), libc::SIGTERM);
    assert_eq!(watching.child.wait().unwrap().code(), Some(0));
}
