//! Webhooks: sends events to their receivers while the server or `docmill watch` runs.
//!
//! Form and signature are those of Standard Webhooks 1.0
//! (<https://github.com/standard-webhooks/standard-webhooks>, spec/standard-webhooks.md), so
//! that receivers can use its libraries.

mod post;
mod signature;

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::task::JoinSet;
use url::Url;

use crate::config::is_loopback;
use crate::domain::Status;
use crate::store::{ClaimedEvent, Store};
use post::Poster;

pub use signature::new_secret;

/// How often events are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// No event is sent to a receiver for this long after an attempt that failed: one that is
/// down is not asked for each of ten thousand events at once.
const PAUSE: Duration = Duration::from_secs(5);
/// Events are looked for again after an error of the database.
const AFTER_ERROR: Duration = Duration::from_secs(60);
/// For this long nobody else sends a claimed event. Longer than [`post::TIMEOUT`].
const LEASE: i64 = 60_000;
/// Milliseconds from a failed attempt to the next one. After the last of these attempts the
/// event is given up.
const WAITS: [i64; 8] = [
    10_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000,
];
/// Most bytes of a URL.
const LONGEST_URL: usize = 2000;

/// The body of a request. It has no text of a page.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    event: String,
    /// When the record got the status, RFC 3339.
    timestamp: String,
    data: PayloadRecord<'a>,
}

#[derive(Serialize)]
struct PayloadRecord<'a> {
    id: i64,
    status: Status,
    document: &'a str,
}

/// The URL of a receiver in its normal form. `Err`: why it cannot be one, and what to do.
pub fn receiver_url(text: &str, without_tls: bool) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| {
        format!("this is not a URL: {error}. Write it with its scheme: https://HOST/PATH")
    })?;
    let host = url.host_str().unwrap_or_default();
    if url.as_str().len() > LONGEST_URL {
        return Err(format!("the URL is longer than {LONGEST_URL} bytes"));
    }
    // The text may have a password, so no message quotes it.
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        let why = "the URL has a user name, a password or a `#`: leave them out, events are signed";
        return Err(why.to_owned());
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) || without_tls => {}
        "http" => {
            return Err(format!(
                "events would go to {host} unencrypted: use https, or add --without-tls on a network that you trust"
            ));
        }
        other => return Err(format!("the URL begins with {other}: use https")),
    }
    Ok(url.into())
}

/// Sends events as they become due, until it is dropped.
pub async fn deliver(store: Store) {
    let poster = Poster::new();
    let mut receivers = JoinSet::new();
    let mut busy = HashSet::new();
    loop {
        let due = store.due_webhooks(Timestamp::now().as_millisecond()).await;
        let due = match due {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!("events for webhooks cannot be read, trying again: {error:#}");
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        for webhook in due {
            if busy.insert(webhook) {
                let (store, poster) = (store.clone(), poster.clone());
                receivers.spawn(async move {
                    if let Err(error) = send_due(&store, &poster, webhook).await {
                        tracing::warn!("events of a webhook are sent later: {error:#}");
                        tokio::time::sleep(PAUSE).await;
                    }
                    webhook
                });
            }
        }
        tokio::time::sleep(LOOK).await;
        while let Some(done) = receivers.try_join_next() {
            match done {
                Ok(webhook) => drop(busy.remove(&webhook)),
                Err(error) => tracing::error!("sending events ended: {error}"),
            }
        }
    }
}

/// Sends the receiver's events that are due, one after another; returns early after an
/// attempt that failed.
async fn send_due(store: &Store, poster: &Poster, webhook: i64) -> anyhow::Result<()> {
    loop {
        let now = Timestamp::now().as_millisecond();
        let Some(event) = store.claim_event(webhook, now, now + LEASE).await? else {
            return Ok(());
        };
        let body = serde_json::to_vec(&payload(&event)?)?;
        let sent = poster.post(&event, body).await?;
        let Err(problem) = sent else {
            store.event_delivered(&event).await?;
            continue;
        };
        let wait = WAITS.get(event.attempt.saturating_sub(1) as usize);
        let next = wait.map(|wait| Timestamp::now().as_millisecond() + wait);
        let record = event.record;
        match wait {
            Some(wait) => tracing::warn!(
                "the event of record {record} is not delivered: {problem}. It is sent again in {} s",
                wait / 1000
            ),
            None => tracing::error!(
                "the event of record {record} is not delivered and is given up: {problem}. `docmill webhooks retry` sends it again"
            ),
        }
        store.event_failed(&event, &problem, next).await?;
        tokio::time::sleep(PAUSE).await;
        return Ok(());
    }
}

fn payload(event: &ClaimedEvent) -> anyhow::Result<Payload<'_>> {
    Ok(Payload {
        event: format!("record.{}", event.status.as_str()),
        timestamp: Timestamp::from_millisecond(event.at)?.to_string(),
        data: PayloadRecord {
            id: event.record,
            status: event.status,
            document: &event.document,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_go_over_tls_or_stay_on_the_machine() {
        let url = |text: &str| receiver_url(text, false);
        for allowed in [
            "https://erp.example/hooks?team=7",
            "http://127.0.0.1:9/x",
            "http://localhost/",
            "http://[::1]:8080/x",
        ] {
            assert_eq!(url(allowed).as_deref(), Ok(allowed));
        }
        assert_eq!(
            url("HTTPS://ERP.example"),
            Ok("https://erp.example/".into())
        );
        let long = format!("https://erp.example/{}", "x".repeat(LONGEST_URL));
        for refused in [
            "",
            "erp.example/hooks",
            "//erp.example",
            "http://",
            "https://",
            "http://10.0.0.7/x",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "ftp://erp.example/",
            "file:///etc/passwd",
            "https://user@erp.example/",
            "https://:password@erp.example/",
            "https://erp.example/#x",
            &long,
        ] {
            let why = url(refused).unwrap_err();
            assert!(!why.contains("password@"), "{why}");
        }
        let trusted = receiver_url("http://10.0.0.7/x", true);
        assert_eq!(trusted.as_deref(), Ok("http://10.0.0.7/x"));
    }
}
