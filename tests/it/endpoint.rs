//! A little server that speaks the chat completions API, and models that name
//! it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::context::{Context, changed_models, fixtures};

/// Answers requests until the test ends.
pub struct Endpoint {
    pub base_url: String,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Endpoint {
    /// `answer` makes status and body of a request's number (from 0) and body.
    pub fn start(
        answer: impl Fn(usize, &Value) -> (u16, String) + Send + Sync + 'static,
    ) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (list, answer) = (heard.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (list, answer) = (list.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &list, &*answer));
            }
        });
        Endpoint { base_url, heard }
    }

    /// Requests so far.
    pub fn requests(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    pub fn last(&self) -> Value {
        self.heard.lock().unwrap().last().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    heard: &Mutex<Vec<Value>>,
    answer: &dyn Fn(usize, &Value) -> (u16, String),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let number = {
        let mut heard = heard.lock().unwrap();
        heard.push(body.clone());
        heard.len() - 1
    };
    let (status, text) = answer(number, &body);
    let head = format!(
        "HTTP/1.1 {status} So\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(text.as_bytes());
}

/// An answer with these fields, each character a token of this log-probability.
pub fn answer(fields: &Value, logprob: f64) -> String {
    let content = fields.to_string();
    let tokens: Vec<Value> = content
        .chars()
        .map(|c| json!({"token": c.to_string(), "bytes": c.to_string().as_bytes(), "logprob": logprob}))
        .collect();
    json!({
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop",
                     "logprobs": {"content": tokens}}],
        "usage": {"prompt_tokens": 2000, "completion_tokens": 300},
    })
    .to_string()
}

/// What a fixture's page says.
/// What a perfect model answers: the truth, and null for what it leaves open.
pub fn expected(case: &str) -> Value {
    let json = |path: PathBuf| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut truth = json(fixtures().join(case).join("expected.json"));
    let doc_type = case.split('/').next().unwrap();
    let schema = json(fixtures().join(format!("../schemas/{doc_type}.json")));
    for field in schema["properties"].as_object().unwrap().keys() {
        truth
            .as_object_mut()
            .unwrap()
            .entry(field)
            .or_insert(Value::Null);
    }
    truth
}

impl Context {
    /// A models folder here: the default ones, and endpoints by name, base
    /// address and further lines of their tables. Returns the folder.
    pub fn endpoints(&self, endpoints: &[(&str, &str, &str)]) -> String {
        self.endpoints_of(endpoints, "")
    }

    /// The same with these lines at the head of the manifest.
    pub fn endpoints_of(&self, endpoints: &[(&str, &str, &str)], head: &str) -> String {
        let folder = self.path("models");
        let table = |(name, base_url, more): &(&str, &str, &str)| {
            format!(
                "\n[endpoint.{name}]\nkind = 'openai'\nbase_url = '{base_url}'\nmodel = 'm'\n\
                 max_retries = 0\n{more}\n"
            )
        };
        let tables: String = endpoints.iter().map(table).collect();
        changed_models(&folder, |manifest| format!("{head}{manifest}{tables}"));
        folder.to_string_lossy().into_owned()
    }
}
