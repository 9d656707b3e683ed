//! Tries to break out of the workers that a run would use, from inside.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::engines;
use crate::config::{OcrMode, Settings};
use crate::engines::models::Installation;
use crate::engines::worker::probe::{EscapeProbe, Probe};
use crate::engines::worker::{OnEnd, Pool, PoolSpec, Role};

/// What came of one attempt to break out of a worker.
#[derive(Clone, Debug)]
pub struct ProbeResult {
    pub role: &'static str,
    pub probe: EscapeProbe,
    pub description: &'static str,
    pub held: bool,
    /// How it was stopped, as a page's failure would say it; or what it
    /// reached.
    pub message: String,
}

/// Starts each engine in the program that holds the probes, with the sandbox
/// of a run, and makes every attempt of [`EscapeProbe`].
pub async fn test_sandbox(settings: &Settings) -> anyhow::Result<Vec<ProbeResult>> {
    let program = probe_program()?;
    let installation = Installation::find(settings.models.as_deref())?;
    let reader = installation.reader(&settings.reading)?;
    let clip = installation.clip(&settings.routing)?;
    let mut results = Vec::new();
    results.extend(probe_all(&program, engines::rasterizer_spec(settings, 1)?).await?);
    results.extend(probe_all(&program, engines::router_spec(settings, &clip)).await?);
    results.extend(probe_all(&program, engines::one_reader(settings, &reader)).await?);
    if let (OcrMode::Auto, Some(ocr)) = (settings.ocr.mode, installation.ocr()?) {
        results.extend(probe_all(&program, engines::ocr_spec(settings, &ocr)).await?);
    }
    Ok(results)
}

async fn probe_all<R: Role>(program: &Path, spec: PoolSpec<R>) -> anyhow::Result<Vec<ProbeResult>> {
    const DEADLINE: Duration = Duration::from_secs(30);
    let spec = PoolSpec {
        program: Some(program.to_owned()),
        ..spec
    };
    // Most attempts end their worker: their results say so.
    let expected: OnEnd = Arc::new(|_, _| {});
    let pool = Pool::start(spec, expected).await?;
    let mut results = Vec::new();
    for (probe, description) in EscapeProbe::ALL {
        let mut worker = pool.worker(None).await?;
        let probed = worker.call(&Probe::<R>::new(probe), DEADLINE).await;
        let (held, message) = match probed {
            Ok(probed) => (!probed.escaped, probed.message),
            Err(failure) => (true, failure.to_string()),
        };
        results.push(ProbeResult {
            role: R::NAME,
            probe,
            description,
            held,
            message,
        });
    }
    Ok(results)
}

/// The program beside this one that makes the attempts.
fn probe_program() -> anyhow::Result<PathBuf> {
    const NAME: &str = "docmill-sandbox-test";
    let own = std::env::current_exe().context("cannot find docmill's own executable")?;
    let program = own.with_file_name(NAME);
    ensure!(
        program.is_file(),
        "{} is missing: `cargo build --release` and `make install` put {NAME} beside docmill",
        program.display()
    );
    Ok(program)
}
