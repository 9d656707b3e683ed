//! Reads pages through a server with OpenAI's chat completions API (vLLM,
//! llama-server, or a hosted one).
//!
//! `request` makes the request, `client` sends it until it is answered or given
//! up, `answer` makes a reading of the answer. A server may ignore the schema, so
//! the answer is parsed here and validated like that of any other reader.

mod answer;
mod client;
mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{PageReader, image_layout};
use crate::domain::{Failure, ReadRequest, Reading};
use crate::engines::models::ResolvedEndpoint;
use client::{Client, RetryPolicy};

/// A reader behind an endpoint. Cheap to clone; all clones share the waits that the
/// server asks for.
#[derive(Clone)]
pub struct EndpointReader {
    shared: Arc<EndpointState>,
}

struct EndpointState {
    endpoint: ResolvedEndpoint,
    client: Client,
}

impl EndpointReader {
    /// Makes the client; it sends nothing.
    pub fn new(endpoint: &ResolvedEndpoint) -> EndpointReader {
        EndpointReader::with_retry(endpoint, RetryPolicy::new(endpoint.spec.max_retries))
    }

    fn with_retry(endpoint: &ResolvedEndpoint, retry: RetryPolicy) -> EndpointReader {
        EndpointReader {
            shared: Arc::new(EndpointState {
                client: Client::new(endpoint, retry),
                endpoint: endpoint.clone(),
            }),
        }
    }

    /// Asks the server for its models and returns a sentence about the answer.
    pub fn probe(&self) -> Result<String, Failure> {
        let EndpointState { endpoint, client } = &*self.shared;
        let models = client.models()?;
        let (name, model) = (&endpoint.name, &endpoint.spec.model);
        // llama-server and some gateways accept any model name.
        Ok(match models.contains(model) {
            true => format!("{name} serves {model}"),
            false => format!("{name} answers, but does not name {model} among its models"),
        })
    }

    /// Longest time that reading a page can take, all tries included.
    pub fn longest(endpoint: &ResolvedEndpoint) -> Duration {
        let timeout = Duration::from_secs(endpoint.spec.timeout_seconds);
        RetryPolicy::new(endpoint.spec.max_retries).longest(timeout)
    }
}

impl PageReader for EndpointReader {
    fn read(&mut self, request: &ReadRequest) -> Result<Reading, Failure> {
        let EndpointState { endpoint, client } = &*self.shared;
        let images = image_layout::images(
            &request.image,
            &request.doc_type,
            &endpoint.spec.image_layout,
        )
        .map_err(Failure::internal)?;
        let body = request::body(&endpoint.spec, request, &images).map_err(Failure::internal)?;
        let start = Instant::now();
        let answered = client.post(&body)?;
        answer::reading(&answered, request.grammar.schema(), start.elapsed())
    }
}
