use clap::Args;

use super::exit::ExitStatus;
use crate::engines::worker;

/// Serves one engine over stdin and stdout; started by docmill itself
#[derive(Args)]
pub struct Worker {
    /// The engine to load.
    role: String,
}

impl Worker {
    pub fn run(&self) -> anyhow::Result<ExitStatus> {
        worker::serve(&self.role, None)?;
        Ok(ExitStatus::Success)
    }
}
