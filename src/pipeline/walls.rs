//! Tries every wall of the cage from inside the workers that a run would use.

use std::sync::Arc;
use std::time::Duration;

use super::engines;
use crate::config::Settings;
use crate::engines::models::Installation;
use crate::engines::worker::{Attempt, OnEnd, Pool, Reply, Request};

/// An attempt to break out of a worker, and what came of it.
#[derive(Clone, Debug)]
pub struct Trial {
    pub role: &'static str,
    pub attempt: Attempt,
    pub held: bool,
    /// How the wall held, as a page's failure would tell it; or what the
    /// attempt reached.
    pub message: String,
}

/// Starts each engine and tries every [`Attempt`] in it.
pub async fn try_walls(settings: &Settings) -> anyhow::Result<Vec<Trial>> {
    let installation = Installation::find(settings.models.as_deref())?;
    let reader = installation.reader(&settings.reading)?;
    let clip = installation.clip(&settings.routing)?;
    // Their deaths are what is asked for, and are told by attempt.
    let expected = || -> OnEnd { Arc::new(|_, _| {}) };
    let pools = [
        engines::rasterizer_pool(settings, 1, expected()).await?,
        engines::router_pool(settings, &clip, expected()).await?,
        engines::one_reader(settings, &reader, expected()).await?,
    ];
    let mut trials = Vec::new();
    for pool in &pools {
        for attempt in Attempt::ALL {
            trials.push(attempt_in(pool, attempt).await?);
        }
    }
    Ok(trials)
}

async fn attempt_in(pool: &Pool, attempt: Attempt) -> anyhow::Result<Trial> {
    const DEADLINE: Duration = Duration::from_secs(30);
    let mut worker = pool.worker(None).await?;
    let role = worker.role();
    let answer = worker
        .call(&Request::Probe { attempt }, &[], DEADLINE)
        .await;
    let (held, message) = match answer {
        Ok((Reply::Probed { escaped, message }, _)) => (!escaped, message),
        Ok((other, _)) => anyhow::bail!("the {role} answered `{}`", other.name()),
        Err(failure) => (true, failure.to_string()),
    };
    Ok(Trial {
        role,
        attempt,
        held,
        message,
    })
}
