use clap::Args;

use super::exit::Outcome;
use crate::engines::worker::child;

/// Serves one engine over stdin and stdout; started by docmill itself.
#[derive(Args)]
pub struct Worker {
    /// For process lists; the supervisor's first message says what to be.
    #[arg(value_name = "ROLE")]
    _role: String,
}

impl Worker {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        child::main()?;
        Ok(Outcome::Good)
    }
}
