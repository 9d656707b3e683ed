use clap::Args;

use super::exit::ExitStatus;
use crate::engines::worker;

/// Serves one engine over stdin and stdout; started by docmill itself
#[derive(Args)]
pub struct WorkerArgs {
    /// The engine to load.
    role: String,
}

impl WorkerArgs {
    pub fn run(&self) -> anyhow::Result<ExitStatus> {
        worker::serve(&self.role, None)?;
        Ok(ExitStatus::Success)
    }
}
