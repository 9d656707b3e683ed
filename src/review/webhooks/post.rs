//! Sends one event: the only file of webhooks that uses `ureq`.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::signature::signature;
use crate::config::is_loopback;
use crate::store::ClaimedEvent;

/// Time limit of an attempt.
pub const TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct Poster {
    agent: ureq::Agent,
    /// Without the proxy of the environment.
    local: ureq::Agent,
}

impl Poster {
    pub fn new() -> Poster {
        let config = || {
            ureq::Agent::config_builder()
                .timeout_global(Some(TIMEOUT))
                .http_status_as_error(false)
                // Only the URL that the operator gave gets events.
                .max_redirects(0)
                .user_agent(concat!("docmill/", env!("CARGO_PKG_VERSION")))
        };
        Poster {
            agent: config().build().into(),
            local: config().proxy(None).build().into(),
        }
    }

    /// Sends the event once. The inner `Err`: the receiver did not take it, for this reason.
    pub async fn post(
        &self,
        event: &ClaimedEvent,
        body: Vec<u8>,
    ) -> anyhow::Result<Result<(), String>> {
        let url = Url::parse(&event.url)?;
        let agent = match is_loopback(&url) {
            true => self.local.clone(),
            false => self.agent.clone(),
        };
        let seconds = Timestamp::now().as_second();
        let signature = signature(&event.secret, &event.name, seconds, &body)?;
        let request = agent
            .post(url.as_str())
            .header("content-type", "application/json")
            .header("webhook-id", &event.name)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signature);
        let sent = tokio::task::spawn_blocking(move || request.send(&body[..])).await?;
        let host = url.host_str().unwrap_or_default();
        Ok(match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) if answer.status().is_redirection() => Err(format!(
                "{host} answered {}, and redirects are not followed",
                answer.status().as_u16()
            )),
            Ok(answer) => Err(format!("{host} answered {}", answer.status().as_u16())),
            Err(ureq::Error::Timeout(_)) => {
                Err(format!("{host} took longer than {} s", TIMEOUT.as_secs()))
            }
            Err(error) => Err(format!("no connection to {host}: {error}")),
        })
    }
}
