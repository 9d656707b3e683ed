//! Pages read by a server that speaks OpenAI's chat completions API (vLLM,
//! llama-server, or a hosted one).
//!
//! `request` makes the request, `client` sends it until it is answered or given
//! up, `answer` makes a reading of what came back. The server's word is not
//! taken for the form of the answer: what it wrote is parsed here and judged
//! against the type's schema by `validate`, as any other reading is.

mod answer;
mod client;
mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{PageReader, layout};
use crate::domain::{Failure, ReadRequest, Reading};
use crate::engines::models::ResolvedEndpoint;
use client::{Client, Retry};

/// Cheap to clone; all clones keep the same pace.
#[derive(Clone)]
pub struct EndpointReader {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: ResolvedEndpoint,
    client: Client,
}

impl EndpointReader {
    /// Sends nothing yet.
    pub fn new(endpoint: &ResolvedEndpoint) -> EndpointReader {
        EndpointReader::with_retry(endpoint, Retry::new(endpoint.spec.max_retries))
    }

    fn with_retry(endpoint: &ResolvedEndpoint, retry: Retry) -> EndpointReader {
        EndpointReader {
            shared: Arc::new(Shared {
                client: Client::new(endpoint, retry),
                endpoint: endpoint.clone(),
            }),
        }
    }

    /// Asks the server for its models, and says in words what it answered.
    pub fn probe(&self) -> Result<String, Failure> {
        let Shared { endpoint, client } = &*self.shared;
        let models = client.models()?;
        let (name, model) = (&endpoint.name, &endpoint.spec.model);
        // llama-server and some gateways answer to any name.
        Ok(match models.contains(model) {
            true => format!("{name} serves {model}"),
            false => format!("{name} answers, but does not name {model} among its models"),
        })
    }

    /// Longest time that reading a page can take, all tries included.
    pub fn longest(endpoint: &ResolvedEndpoint) -> Duration {
        let timeout = Duration::from_secs(endpoint.spec.timeout_seconds);
        Retry::new(endpoint.spec.max_retries).longest(timeout)
    }
}

impl PageReader for EndpointReader {
    fn read(&mut self, request: &ReadRequest) -> Result<Reading, Failure> {
        let Shared { endpoint, client } = &*self.shared;
        let images = layout::images(&request.image, &request.doc_type, &endpoint.spec.layout)
            .map_err(Failure::internal)?;
        let body = request::body(&endpoint.spec, request, &images).map_err(Failure::internal)?;
        let start = Instant::now();
        let answered = client.post(&body)?;
        answer::reading(&answered, request.grammar.schema(), start.elapsed())
    }
}
