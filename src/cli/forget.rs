use std::path::PathBuf;

use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, count};
use crate::files;
use crate::store::Store;

/// Files that are listed; the rest is counted.
const SOME: usize = 20;

/// Remove files and their records from the database
///
/// Content that is also known under another path is kept. A file that still
/// exists is read as a new one by the next run that finds it.
#[derive(Args)]
pub struct ForgetArgs {
    /// Files and folders; they need not exist any more
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Remove them; without this flag, nothing is changed
    #[arg(long)]
    yes: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl ForgetArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let paths: Vec<_> = self
            .paths
            .iter()
            .map(|path| files::absolute(path))
            .collect();
        let store = Store::open_existing(&app.settings().db).await?;
        let forgotten = store.forget(&paths, !self.yes).await?;
        store.close().await;
        if self.json {
            let mut line = serde_json::to_value(&forgotten)?;
            line["removed"] = self.yes.into();
            app.out.json(&line)?;
            return Ok(ExitStatus::Success);
        }
        for path in &forgotten.unknown {
            let path = output::short(path);
            tracing::warn!(
                "{path} is not in the database; `docmill export` and `docmill status --all` list paths"
            );
        }
        if forgotten.paths.is_empty() {
            app.out.line("Nothing to remove.")?;
            return Ok(ExitStatus::Success);
        }
        for path in forgotten.paths.iter().take(SOME) {
            app.out.line(&output::short(path))?;
        }
        if let Some(more @ 1..) = forgotten.paths.len().checked_sub(SOME) {
            app.out.line(&format!("… and {more} more"))?;
        }
        let what = format!(
            "{} with {} and {}",
            count(forgotten.paths.len() as u64, "path"),
            count(forgotten.documents, "document"),
            count(forgotten.records, "record"),
        );
        app.out.line(&match self.yes {
            true => format!("Removed: {what}."),
            false => format!("Would remove {what}. Nothing was changed; --yes removes them."),
        })?;
        for path in forgotten.kept_for.iter().take(SOME) {
            let gone = match path.symlink_metadata() {
                Ok(_) => "",
                Err(_) => ", which no longer exists: remove it as well",
            };
            let path = output::short(path);
            app.out
                .line(&format!("Content kept: also at {path}{gone}."))?;
        }
        Ok(ExitStatus::Success)
    }
}
