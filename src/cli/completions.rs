use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Outcome;
use super::output::Out;

/// Print the completion script of a shell
#[derive(Args)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut super::Cli::command(),
            "docmill",
            &mut script,
        );
        Out::stdout().line(String::from_utf8(script)?.trim_end())?;
        Ok(Outcome::Good)
    }
}
