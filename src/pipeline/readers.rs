//! One interface for the readers of a run: worker processes, or an endpoint.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::domain::{Failure, ReadRequest, Reading, Reason};
use crate::engines::models::ResolvedEndpoint;
use crate::engines::reader::PageReader;
use crate::engines::reader::openai::EndpointReader;
use crate::engines::worker::{Pool, PoolMonitor, ReadPage, ReaderRole};

/// Something that reads pages; cheap to clone.
#[derive(Clone)]
pub enum Readers {
    Workers {
        pool: Pool<ReaderRole>,
        deadline: Duration,
        /// Whether its first worker starts with the first page.
        on_demand: bool,
    },
    Endpoint {
        reader: EndpointReader,
        permits: Arc<Semaphore>,
    },
}

impl Readers {
    pub fn endpoint(endpoint: &ResolvedEndpoint) -> Readers {
        Readers::Endpoint {
            reader: EndpointReader::new(endpoint),
            permits: Arc::new(Semaphore::new(endpoint.spec.concurrency as usize)),
        }
    }

    pub async fn read(&self, request: ReadRequest) -> Result<Reading, Failure> {
        match self {
            Readers::Workers {
                pool,
                deadline,
                on_demand,
            } => {
                let worker = pool.worker(None).await;
                let mut worker = worker.map_err(|failure| match on_demand {
                    true => Failure::new(Reason::ReaderUnavailable, failure.message),
                    false => failure,
                })?;
                worker.call(&ReadPage(request), *deadline).await
            }
            Readers::Endpoint { reader, permits } => {
                let permit = permits.clone().acquire_owned().await;
                let permit = permit.map_err(Failure::internal)?;
                let mut reader = reader.clone();
                let work = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    reader.read(&request)
                });
                work.await.map_err(Failure::internal)?
            }
        }
    }

    /// Asks an endpoint for its models, without sending a page; `None` for worker
    /// processes.
    pub async fn probe(&self) -> Option<Result<String, Failure>> {
        let Readers::Endpoint { reader, .. } = self else {
            return None;
        };
        let reader = reader.clone();
        let asked = tokio::task::spawn_blocking(move || reader.probe()).await;
        Some(asked.unwrap_or_else(|error| Err(Failure::internal(error))))
    }

    pub fn monitor(&self) -> Option<PoolMonitor> {
        match self {
            Readers::Workers { pool, .. } => Some(pool.monitor()),
            Readers::Endpoint { .. } => None,
        }
    }
}
