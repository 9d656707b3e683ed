use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::ExitStatus;
use super::output::Out;

/// Print the completion script for a shell
#[derive(Args)]
pub struct CompletionsArgs {
    /// Shell
    shell: Shell,
}

impl CompletionsArgs {
    pub fn run(&self, command: &mut Command) -> anyhow::Result<ExitStatus> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "docmill", &mut script);
        Out::stdout().line(String::from_utf8(script)?.trim_end())?;
        Ok(ExitStatus::Success)
    }
}
