//! Headless Chromium, through the W3C WebDriver protocol.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::send;

/// How long the page may take to do something.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Browser {
    driver: Child,
    address: String,
    session: String,
}

/// Keys without a character, as WebDriver names them
/// (<https://www.w3.org/TR/webdriver2/#keyboard-actions>).
pub mod keys {
    pub const CONTROL: char = '\u{e009}';
    pub const ENTER: char = '\u{e007}';
    pub const ESCAPE: char = '\u{e00c}';
    pub const ALT: char = '\u{e00a}';
    pub const RIGHT: char = '\u{e014}';
    pub const LEFT: char = '\u{e012}';
    pub const DOWN: char = '\u{e015}';
    pub const DELETE: char = '\u{e017}';
    pub const F1: char = '\u{e031}';
    pub const F8: char = '\u{e038}';
}

impl Browser {
    pub fn start(width: u32, height: u32) -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let started = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("successfully on port ")?.1.to_owned()));
        let port = started.expect("chromedriver starts");
        let mut browser = Browser {
            driver,
            address: format!("127.0.0.1:{}", port.trim_end_matches('.')),
            session: String::new(),
        };
        let size = format!("--window-size={width},{height}");
        // As root, Chromium has no sandbox of its own.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            &size,
        ];
        let capabilities = json!({"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }});
        let session = browser.call("POST", "/session", json!({ "capabilities": capabilities }));
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let body = match method {
            "POST" => body.to_string(),
            _ => String::new(),
        };
        let headers = [
            ("Host", self.address.as_str()),
            ("Content-Type", "application/json"),
        ];
        let reply = send(&self.address, method, path, &headers, &body);
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text());
        reply.json()["value"].clone()
    }

    fn command(&self, path: &str, body: Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    pub fn open(&self, url: &str) {
        self.command("/url", json!({ "url": url }));
    }

    /// The value of a JavaScript expression on the page.
    pub fn value(&self, expression: &str) -> Value {
        self.run(&format!("return ({expression})"))
    }

    /// Runs a script on the page, as the body of a function, and waits for its
    /// promise.
    pub fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", json!({"script": script, "args": []}))
    }

    pub fn text(&self, expression: &str) -> String {
        let value = self.value(expression);
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    }

    /// Waits until an expression is true.
    pub fn wait(&self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        while self.value(&format!("Boolean({expression})")) != true {
            let page = || self.text("document.body.innerText");
            assert!(
                Instant::now() < until,
                "never true: {expression}\n{}",
                page()
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses keys together, in this order.
    pub fn press(&self, keys: &[char]) {
        let of = |kind: &str, key: &char| json!({"type": kind, "value": key.to_string()});
        let down = keys.iter().map(|key| of("keyDown", key));
        let up = keys.iter().rev().map(|key| of("keyUp", key));
        self.keys(down.chain(up).collect());
    }

    /// Types into the field that has the focus.
    pub fn write(&self, text: &str) {
        let each = |key: char| {
            ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()}))
        };
        self.keys(text.chars().flat_map(each).collect());
    }

    fn keys(&self, actions: Vec<Value>) {
        let source = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.command("/actions", json!({ "actions": [source] }));
    }

    /// Presses the mouse at one point of the window and lets go at another.
    pub fn drag(&self, from: [f64; 2], to: [f64; 2]) {
        let go = |[x, y]: [f64; 2]| json!({"type": "pointerMove", "x": x.round(), "y": y.round()});
        let actions = json!([
            go(from), {"type": "pointerDown", "button": 0}, go(to), {"type": "pointerUp", "button": 0},
        ]);
        let source = json!({"type": "pointer", "id": "mouse", "actions": actions});
        self.command("/actions", json!({ "actions": [source] }));
    }

    /// Errors of scripts, and what the page's policy refused.
    pub fn errors(&self) -> Vec<String> {
        let log = self.command("/se/log", json!({"type": "browser"}));
        let entries = log.as_array().unwrap().iter();
        let severe = entries.filter(|entry| entry["level"] == "SEVERE");
        let messages = severe.map(|entry| entry["message"].to_string());
        // Browsers ask for an icon by themselves; there is none.
        let own = messages.filter(|message| !message.contains("favicon"));
        own.collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // The browser ends with its session; a failed test has none to lose.
            let path = format!("/session/{}", self.session);
            let host = [("Host", self.address.as_str())];
            let end = || send(&self.address, "DELETE", &path, &host, "");
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(end));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
