//! Measures the duration of the review page's requests over HTTP, with 10,000 records in the
//! queue:
//!
//! ```text
//! cargo bench --bench review
//! ```

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[allow(dead_code)]
#[path = "../tests/it/http.rs"]
mod http;
#[path = "../tests/it/rows.rs"]
mod rows;

use rows::Row;

const RECORDS: i64 = 10_000;
const ROUNDS: usize = 100;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("docmill.db");
    let row = |id: i64| {
        let seller = format!("Seller {}", id % 700);
        Row::invoice(id, &seller, "10.00", &format!("{}.90", id % 5000))
    };
    let rows: Vec<Row> = (1..=RECORDS).map(row).collect();
    rows::fill(&db, &rows);
    let mut server = Command::new(env!("CARGO_BIN_EXE_docmill"))
        .arg("--db")
        .arg(&db)
        .arg("review")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(server.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    let link = line.trim().split_once("http://").unwrap().1.to_owned();
    let (address, token) = link.split_once('/').unwrap();
    let get = |path: &str, cookie: &str| {
        let headers = [("Host", address), ("Cookie", cookie)];
        let reply = http::send(address, "GET", path, &headers, "");
        assert!(reply.status < 400, "{path}: {reply:?}");
        reply
    };
    let entered = get(&format!("/{token}"), "");
    let cookie = entered.header("set-cookie").unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    println!("{RECORDS} records in the queue, {ROUNDS} requests each");
    let mut id = 0;
    let mut next = || {
        id = (id + 97) % RECORDS;
        id + 1
    };
    measure("queue", || drop(get("/api/queue", cookie)));
    measure("record", || {
        drop(get(&format!("/api/records/{}/review", next()), cookie));
    });
    measure("words of a page", || {
        let id = next();
        drop(get(&format!("/api/records/{id}/pages/0/words"), cookie));
    });
    server.kill().unwrap();
    server.wait().unwrap();
}

fn measure(name: &str, mut request: impl FnMut()) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            request();
            start.elapsed()
        })
        .collect();
    times.sort();
    let at = |share: f64| times[(share * (ROUNDS - 1) as f64) as usize].as_secs_f64() * 1000.0;
    println!(
        "{name:16} median {:7.2} ms, p95 {:7.2} ms",
        at(0.5),
        at(0.95)
    );
}
