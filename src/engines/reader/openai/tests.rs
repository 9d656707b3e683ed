//! A reader against a little server that behaves as badly as servers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::RetryPolicy;
use super::*;
use crate::domain::{AnswerGrammar, PageImage, Reason};
use crate::engines::models::{ApiKey, EndpointModel};

const KEY: &str = "sk-very-secret-0123456789";

/// What the server does with a connection, once it has the request.
type Deed = Box<dyn FnOnce(TcpStream) + Send>;

/// A request's head and body.
struct Heard {
    head: String,
    body: Vec<u8>,
}

/// Answers one connection after the other by the list, and passes on every
/// request.
fn serve(deeds: Vec<Deed>) -> (String, Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (sender, heard) = channel();
    std::thread::spawn(move || {
        for deed in deeds {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let _ = sender.send(Heard { head, body });
            std::thread::spawn(move || deed(stream));
        }
    });
    (url, heard)
}

fn say(status: &str, headers: &str, body: &str) -> Deed {
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    Box::new(move |mut stream| {
        let _ = stream.write_all(text.as_bytes());
    })
}

fn good() -> Deed {
    let answer = json!({
        "choices": [{"message": {"content": "{\"total\":\"1.00\"}"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3},
    });
    say("200 OK", "", &answer.to_string())
}

fn reader(url: &str, max_retries: u32, more: &str) -> EndpointReader {
    let spec = format!("kind = 'openai'\nbase_url = '{url}'\nmodel = 'm'\n{more}");
    let spec: EndpointModel = toml::from_str(&spec).unwrap();
    let endpoint = ResolvedEndpoint {
        name: "far".into(),
        spec,
        hash: String::new(),
        key: Some(ApiKey::new(KEY)),
    };
    let retry = RetryPolicy {
        max: max_retries,
        first: Duration::from_millis(5),
        longest: Duration::from_secs(2),
    };
    EndpointReader::with_retry(&endpoint, retry)
}

fn read(reader: &mut EndpointReader) -> Result<Reading, Failure> {
    reader.read(&ReadRequest {
        image: PageImage::new(2, 2, vec![255; 12]).unwrap(),
        doc_type: "receipt".into(),
        prompt: "Read it.".into(),
        grammar: AnswerGrammar::Schema(
            json!({"type": "object", "properties": {"total": {"type": "string"}}}),
        ),
        max_tokens: 100,
    })
}

#[test]
fn a_page_is_sent_with_the_key_and_its_answer_read() {
    let (url, heard) = serve(vec![good()]);
    let reading = read(&mut reader(&url, 0, "")).unwrap();
    assert_eq!(reading.fields["total"], "1.00");
    let heard = heard.recv().unwrap();
    assert!(heard.head.starts_with("POST /v1/chat/completions HTTP/1.1"));
    assert!(heard.head.contains(&format!("Bearer {KEY}")));
    let body: Value = serde_json::from_slice(&heard.body).unwrap();
    assert_eq!(body["model"], "m");
}

#[test]
fn a_probe_asks_for_the_models_and_sends_no_page() {
    let models = r#"{"data":[{"id":"m"}]}"#;
    let (url, heard) = serve(vec![
        say("200 OK", "", models),
        say("200 OK", "", "{}"),
        say("401 Unauthorized", "", "{}"),
    ]);
    let reader = reader(&url, 0, "");
    assert_eq!(reader.probe().unwrap(), "far serves m");
    assert!(reader.probe().unwrap().contains("does not name m"));
    assert_eq!(
        reader.probe().unwrap_err().reason,
        Reason::ReaderMisconfigured
    );
    let heard = heard.recv().unwrap();
    assert!(heard.head.starts_with("GET /v1/models HTTP/1.1"));
    assert!(heard.head.contains(KEY) && heard.body.is_empty());
}

#[test]
fn busy_broken_and_garbled_answers_are_tried_again() {
    let partial = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"choices\"";
    let (url, heard) = serve(vec![
        say("429 Too Many Requests", "retry-after: 0\r\n", "{}"),
        say("500 Internal Server Error", "", "oops"),
        say("503 Service Unavailable", "", ""),
        say("200 OK", "", "<html>not what was asked for</html>"),
        Box::new(move |mut stream| drop(stream.write_all(partial.as_bytes()))),
        Box::new(drop),
        Box::new(|mut stream| drop(stream.write_all(b"\x00\x01garbage\r\n\r\n"))),
        good(),
    ]);
    assert!(read(&mut reader(&url, 7, "")).is_ok());
    assert_eq!(heard.iter().take(8).count(), 8);
}

#[test]
fn a_server_that_stays_away_is_given_up_after_a_bounded_number_of_tries() {
    let (url, heard) = serve((0..9).map(|_| say("502 Bad Gateway", "", "")).collect());
    let failure = read(&mut reader(&url, 2, "")).unwrap_err();
    assert_eq!(failure.reason, Reason::ReaderUnavailable);
    assert!(failure.message.contains("502"), "{}", failure.message);
    assert_eq!(heard.try_iter().count(), 3);
    // Nobody listens there.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", gone.local_addr().unwrap());
    drop(gone);
    let failure = read(&mut reader(&url, 1, "")).unwrap_err();
    assert_eq!(failure.reason, Reason::ReaderUnavailable);
}

#[test]
fn the_wait_that_a_server_asks_for_is_kept_and_a_too_long_one_not_waited_for() {
    let (url, _heard) = serve(vec![
        say("429 Too Many Requests", "retry-after: 1\r\n", "{}"),
        good(),
    ]);
    let start = Instant::now();
    assert!(read(&mut reader(&url, 1, "")).is_ok());
    assert!(start.elapsed() >= Duration::from_secs(1));
    let (url, heard) = serve(vec![
        say("429 Too Many Requests", "retry-after: 600\r\n", "{}"),
        good(),
    ]);
    let failure = read(&mut reader(&url, 5, "")).unwrap_err();
    assert_eq!(failure.reason, Reason::ReaderUnavailable);
    assert!(
        failure.message.contains("asks to wait"),
        "{}",
        failure.message
    );
    assert_eq!(heard.try_iter().count(), 1);
}

#[test]
fn a_silent_and_a_dripping_server_end_at_the_time_out() {
    let drip = |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        for _ in 0..100 {
            if stream.write_all(b" ").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let silent = |stream: TcpStream| {
        std::thread::sleep(Duration::from_secs(10));
        drop(stream);
    };
    for deed in [Box::new(drip) as Deed, Box::new(silent)] {
        let (url, _heard) = serve(vec![deed]);
        let failure = read(&mut reader(&url, 0, "timeout_seconds = 1")).unwrap_err();
        assert_eq!(failure.reason, Reason::ReaderUnavailable);
        assert!(
            failure.message.contains("longer than 1 s"),
            "{}",
            failure.message
        );
    }
}

#[test]
fn an_answer_without_end_is_not_taken_in() {
    let endless = |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
    };
    let (url, _heard) = serve(vec![Box::new(endless)]);
    let failure = read(&mut reader(&url, 3, "")).unwrap_err();
    assert_eq!(failure.reason, Reason::OutputInvalid);
    assert!(
        failure.message.contains("larger than 16 MiB"),
        "{}",
        failure.message
    );
}

#[test]
fn a_refused_request_is_final_and_its_failure_names_the_remedy() {
    let error =
        |code: &str, said: &str| json!({"error": {"message": said, "code": code}}).to_string();
    let cases = [
        (
            "401 Unauthorized",
            error("invalid_api_key", "no"),
            Reason::ReaderMisconfigured,
            "key",
        ),
        (
            "404 Not Found",
            error("model_not_found", "no"),
            Reason::ReaderMisconfigured,
            "base_url",
        ),
        (
            "301 Moved Permanently",
            String::new(),
            Reason::ReaderMisconfigured,
            "base_url",
        ),
        (
            "429 Too Many Requests",
            error("insufficient_quota", "pay"),
            Reason::ReaderMisconfigured,
            "paid",
        ),
        (
            "400 Bad Request",
            error("context_length_exceeded", "no"),
            Reason::PromptTooLong,
            "take the page in",
        ),
        (
            "400 Bad Request",
            error("content_filter", "no"),
            Reason::OutputRefused,
            "refuses",
        ),
        (
            "400 Bad Request",
            error("", "bad schema"),
            Reason::RequestRefused,
            "bad schema",
        ),
        (
            "413 Content Too Large",
            String::new(),
            Reason::RequestRefused,
            "413",
        ),
    ];
    for (status, body, reason, words) in cases {
        let headers = "location: http://127.0.0.1:9/elsewhere\r\n";
        let (url, heard) = serve(vec![say(status, headers, &body), good()]);
        let failure = read(&mut reader(&url, 5, "api_key_env = 'MY_KEY'")).unwrap_err();
        assert_eq!(failure.reason, reason, "{status}: {failure}");
        assert!(failure.message.contains(words), "{status}: {failure}");
        assert_eq!(heard.try_iter().count(), 1, "{status} is not tried again");
    }
}

#[test]
fn a_key_that_a_server_repeats_is_covered() {
    let said = json!({"error": {"message": format!("wrong key: {KEY}")}}).to_string();
    let echo = json!({"choices": [{"message": {"content": format!("{{\"total\":\"{KEY}\"}}")}}]});
    let (url, _heard) = serve(vec![
        say("401 Unauthorized", "", &said),
        say("200 OK", "", &echo.to_string()),
    ]);
    let mut reader = reader(&url, 0, "");
    let failure = read(&mut reader).unwrap_err();
    assert!(
        failure.message.contains("wrong key: ***"),
        "{}",
        failure.message
    );
    assert_eq!(read(&mut reader).unwrap().raw_text, "{\"total\":\"***\"}");
}
