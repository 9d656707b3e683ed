//! Sends a request until it is answered or given up: the only file that uses
//! `ureq`.
//!
//! 429, 5xx, time-outs and lost connections are tried again after a growing, random
//! wait, or after the wait that the server asks for. Errors about the request itself
//! are final. The key is removed from a server's text before it is quoted.

use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::domain::{Failure, Reason, json_problem};
use crate::engines::models::{ApiKey, ResolvedEndpoint};

/// Most bytes of an answer. One of 4,096 tokens with log-probabilities takes about
/// 1 MiB.
const MAX_ANSWER: u64 = 16 << 20;
/// Time limit for connecting.
const CONNECT: Duration = Duration::from_secs(15);
/// Most characters that a message quotes of the server's text.
const MAX_WORDS: usize = 300;

/// How often and after which waits a request is tried again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Most further tries.
    pub max: u32,
    /// First wait; it doubles with each try.
    pub first: Duration,
    /// Longest wait. A request for which the server asks a longer one is given up.
    pub longest: Duration,
}

impl RetryPolicy {
    pub fn new(max: u32) -> RetryPolicy {
        RetryPolicy {
            max,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
        }
    }

    /// Upper bound of the time of a request, all tries included.
    pub fn longest(&self, timeout: Duration) -> Duration {
        (timeout + self.longest).saturating_mul(self.max + 1)
    }

    /// A random wait between half and all of the doubled wait, so that callers that
    /// were rejected at the same time do not try again at the same time.
    fn wait(&self, failed: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << failed.min(16));
        let share = 0.5 + 0.5 * random();
        doubled.min(self.longest).mul_f64(share)
    }
}

/// A random number from 0 to 1, from the process's random hash keys and the clock.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(Instant::now()) >> 11;
    bits as f64 / (1u64 << 53) as f64
}

pub struct Client {
    agent: ureq::Agent,
    url: String,
    host: String,
    key: Option<ApiKey>,
    key_env: String,
    timeout: Duration,
    retry: RetryPolicy,
    /// No request is sent before: a wait that the server asks for applies to all.
    not_before: Mutex<Instant>,
}

/// The result of one try.
enum Try {
    Answered(Value),
    /// Another try may succeed, after this wait where the server names one.
    Again(String, Option<Duration>),
    Final(Failure),
}

impl Client {
    pub fn new(endpoint: &ResolvedEndpoint, retry: RetryPolicy) -> Client {
        let spec = &endpoint.spec;
        let timeout = Duration::from_secs(spec.timeout_seconds);
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .timeout_connect(Some(CONNECT.min(timeout)))
            .http_status_as_error(false)
            // A redirect must not send a page or key to another server.
            .max_redirects(0)
            .max_idle_connections(spec.concurrency as usize)
            .max_idle_connections_per_host(spec.concurrency as usize)
            .user_agent(concat!("docmill/", env!("CARGO_PKG_VERSION")));
        if spec.is_loopback() {
            config = config.proxy(None);
        }
        let host = spec.base_url.split('/').nth(2).unwrap_or_default();
        Client {
            agent: config.build().into(),
            url: spec.url(),
            host: host.to_owned(),
            key: endpoint.key.clone(),
            key_env: spec.api_key_env.clone().unwrap_or_default(),
            timeout,
            retry,
            not_before: Mutex::new(Instant::now()),
        }
    }

    /// The server's answer as JSON. `Err` where it gives a final error, or none of
    /// the tries succeeds.
    pub fn post(&self, body: &[u8]) -> Result<Value, Failure> {
        let mut last = String::new();
        for failed in 0..=self.retry.max {
            self.keep_pace();
            match self.send(body) {
                Try::Answered(answer) => return Ok(answer),
                Try::Final(failure) => return Err(failure),
                Try::Again(why, after) => {
                    tracing::debug!(host = self.host, "{why}");
                    last = why;
                    if after.is_some_and(|after| after > self.retry.longest) {
                        last = format!(
                            "{last}, and asks to wait longer than {} s",
                            self.retry.longest.as_secs()
                        );
                        break;
                    }
                    if failed < self.retry.max {
                        let wait = self.retry.wait(failed).max(after.unwrap_or_default());
                        self.hold(wait, after.is_some());
                    }
                }
            }
        }
        let message = format!(
            "{last}; `docmill retry` reads the page once {} is back",
            self.host
        );
        Err(Failure::new(Reason::ReaderUnavailable, message))
    }

    /// Waits `wait`; with `for_all`, all requests wait.
    fn hold(&self, wait: Duration, for_all: bool) {
        if for_all {
            let mut not_before = self.not_before.lock().expect("no panic while held");
            *not_before = (*not_before).max(Instant::now() + wait);
        } else {
            std::thread::sleep(wait);
        }
    }

    fn keep_pace(&self) {
        let until = *self.not_before.lock().expect("no panic while held");
        let wait = until.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
    }

    /// The models that the server lists, without further tries.
    pub fn models(&self) -> Result<Vec<String>, Failure> {
        let url = self.url.replace("/chat/completions", "/models");
        let answer = match self.answered(self.authorized(self.agent.get(&url)).call()) {
            Try::Answered(answer) => answer,
            Try::Again(why, _) => return Err(Failure::new(Reason::ReaderUnavailable, why)),
            Try::Final(failure) => return Err(failure),
        };
        let models = answer["data"].as_array().into_iter().flatten();
        let names = models.filter_map(|model| model["id"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let request = request.header("accept", "application/json");
        match &self.key {
            Some(key) => request.header("authorization", format!("Bearer {}", key.expose())),
            None => request,
        }
    }

    fn send(&self, body: &[u8]) -> Try {
        let request = self.authorized(self.agent.post(&self.url));
        self.answered(
            request
                .header("content-type", "application/json")
                .send(body),
        )
    }

    fn answered(&self, response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Try {
        let mut response = match response {
            Ok(response) => response,
            Err(error) => return self.broken(&error),
        };
        let status = response.status().as_u16();
        let after = response
            .headers()
            .get("retry-after")
            .and_then(|value| retry_after(value.to_str().ok()?));
        let bytes = response.body_mut().with_config().limit(MAX_ANSWER);
        let text = match bytes.read_to_vec() {
            Ok(bytes) => self.cover(&String::from_utf8_lossy(&bytes)),
            Err(ureq::Error::BodyExceedsLimit(limit)) => {
                let message = format!(
                    "the answer of {} is larger than {} MiB",
                    self.host,
                    limit >> 20
                );
                return Try::Final(Failure::new(Reason::OutputInvalid, message));
            }
            Err(error) => return self.broken(&error),
        };
        match status {
            200 => match serde_json::from_str(&text) {
                Ok(answer) => Try::Answered(answer),
                Err(error) => Try::Again(
                    format!("the answer of {} {}", self.host, json_problem(&error)),
                    None,
                ),
            },
            408 | 425 | 429 | 500..=599 if !is_out_of_money(&text) => Try::Again(
                format!(
                    "{} answered {status}: {}",
                    self.host,
                    words(&message(&text))
                ),
                after,
            ),
            _ => Try::Final(self.refusal(status, &text)),
        }
    }

    /// The result of a connection that failed, before or during the answer.
    fn broken(&self, error: &ureq::Error) -> Try {
        let host = &self.host;
        match error {
            ureq::Error::Timeout(_) => Try::Again(
                format!("{host} took longer than {} s", self.timeout.as_secs()),
                None,
            ),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::BadUri(_) => {
                let message = format!("no safe connection to {host}: {error}");
                Try::Final(Failure::new(
                    Reason::ReaderMisconfigured,
                    self.cover(&message),
                ))
            }
            other => Try::Again(self.cover(&format!("no answer from {host}: {other}")), None),
        }
    }

    /// The failure for an error that another try would not change.
    fn refusal(&self, status: u16, text: &str) -> Failure {
        let said = words(&message(text));
        let host = &self.host;
        let (reason, message) = match status {
            300..=399 => (
                Reason::ReaderMisconfigured,
                format!("{host} answered {status} (moved): name its final address in base_url"),
            ),
            401 | 403 if self.key_env.is_empty() => (
                Reason::ReaderMisconfigured,
                format!(
                    "{host} wants a key ({status}): name its environment variable in api_key_env; it says: {said}"
                ),
            ),
            401 | 403 => (
                Reason::ReaderMisconfigured,
                format!(
                    "{host} does not take the key in {} ({status}): {said}",
                    self.key_env
                ),
            ),
            402 | 429 => (
                Reason::ReaderMisconfigured,
                format!("{host} wants to be paid ({status}): {said}"),
            ),
            404 | 405 => (
                Reason::ReaderMisconfigured,
                format!(
                    "{host} has no such model or path ({status}): check base_url and model; it says: {said}"
                ),
            ),
            _ if is_too_long(text) => (
                Reason::PromptTooLong,
                format!("{host} cannot take the page in ({status}): {said}"),
            ),
            _ if is_filtered(text) => (
                Reason::OutputRefused,
                format!("{host} refuses the page ({status}): {said}"),
            ),
            _ => (
                Reason::RequestRefused,
                format!("{host} turned the request down ({status}): {said}"),
            ),
        };
        Failure::new(reason, message)
    }

    fn cover(&self, text: &str) -> String {
        match &self.key {
            Some(key) => key.redact(text),
            None => text.to_owned(),
        }
    }
}

/// The wait of a `Retry-After` header: seconds or an HTTP date (RFC 9110, 10.2.3).
fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<f64>() {
        return (seconds >= 0.0 && seconds.is_finite())
            .then(|| Duration::from_secs_f64(seconds.min(1e6)));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let date = SystemTime::from(date.timestamp());
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The message in the body of an error, in any of the usual forms.
fn message(text: &str) -> String {
    let parsed: Value = serde_json::from_str(text).unwrap_or_default();
    let paths = ["/error/message", "/message", "/detail", "/error"];
    let said = paths.iter().find_map(|path| parsed.pointer(path)?.as_str());
    said.unwrap_or(text).to_owned()
}

/// The text on one line, of at most [`MAX_WORDS`] characters.
fn words(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    match line.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.is_empty() => "(nothing)".to_owned(),
        None => line,
    }
}

/// The error codes and types in the body of an error.
fn codes(text: &str) -> String {
    let parsed: Value = serde_json::from_str(text).unwrap_or_default();
    let code = |path: &str| {
        parsed
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    [
        code("/error/code"),
        code("/error/type"),
        code("/error/innererror/code"),
    ]
    .join(" ")
}

/// Whether the key has no credit: OpenAI answers 429, but waiting does not help.
fn is_out_of_money(text: &str) -> bool {
    codes(text).contains("insufficient_quota")
}

fn is_too_long(text: &str) -> bool {
    let codes = codes(text);
    codes.contains("context_length")
        || codes.contains("context_size")
        || message(text).contains("maximum context length")
}

fn is_filtered(text: &str) -> bool {
    codes(text).to_lowercase().contains("content_filter")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(retry_after("soon"), None);
        assert_eq!(retry_after("-1"), None);
        let past = retry_after("Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(past, Some(Duration::ZERO));
        let future = retry_after("Wed, 21 Oct 2099 07:28:00 GMT").unwrap();
        assert!(future > Duration::from_secs(86_400));
    }

    #[test]
    fn waits_double_to_a_bound_and_differ() {
        let retry = RetryPolicy {
            max: 9,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(8),
        };
        let waits: Vec<f64> = (0..6)
            .map(|failed| retry.wait(failed).as_secs_f64())
            .collect();
        for (wait, most) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 8.0, 8.0]) {
            assert!((most / 2.0..=most).contains(wait), "{waits:?}");
        }
        assert_ne!(retry.wait(3), retry.wait(3));
    }

    #[test]
    fn an_errors_words_are_found_in_its_usual_forms_and_kept_short() {
        assert_eq!(message(r#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(message(r#"{"detail":"no"}"#), "no");
        assert_eq!(message("<html>"), "<html>");
        assert_eq!(words("a\n b\u{1b}[1m"), "a b[1m");
        assert_eq!(words(&"x".repeat(400)).chars().count(), MAX_WORDS + 1);
    }
}
