use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};

use super::exit::ExitStatus;
use super::output::Out;

/// Print the man page, or write one for each subcommand
#[derive(Args)]
pub struct ManArgs {
    /// Folder for docmill.1 and one page per subcommand
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl ManArgs {
    pub fn run(&self, command: Command) -> anyhow::Result<ExitStatus> {
        match &self.out {
            Some(folder) => {
                std::fs::create_dir_all(folder)
                    .and_then(|()| clap_mangen::generate_to(command, folder))
                    .with_context(|| format!("cannot write into {}", folder.display()))?;
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                Out::stdout().line(String::from_utf8(page)?.trim_end())?;
            }
        }
        Ok(ExitStatus::Success)
    }
}
