use std::path::PathBuf;

use clap::Args;

use super::App;
use super::exit::Outcome;
use super::output::{self, count};
use crate::ingest;
use crate::store::Store;

/// Files named before the rest is only counted.
const SOME: usize = 20;

/// Take files, and all that was read from them, out of the database
///
/// Content that another path has as well is kept, without these paths. A file
/// that is still there is read as a new one by the next run that meets it.
#[derive(Args)]
pub struct Forget {
    /// Files and folders, which need not be there any more
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Do it; without this, only what would be done is told
    #[arg(long)]
    yes: bool,
}

impl Forget {
    pub async fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let paths: Vec<_> = self
            .paths
            .iter()
            .map(|path| ingest::absolute(path))
            .collect();
        let store = Store::open_existing(&app.settings().db).await?;
        let forgotten = store.forget(&paths, !self.yes).await?;
        store.close().await;
        for path in &forgotten.unknown {
            let path = output::short(path);
            tracing::warn!(
                "nothing is known of {path}: `docmill export` and `docmill status --all` list paths"
            );
        }
        if forgotten.paths.is_empty() {
            app.out.line("Nothing to forget.")?;
            return Ok(Outcome::Good);
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
            true => format!("Forgotten: {what}."),
            false => format!("Would forget {what}. Nothing was changed: add --yes to do it."),
        })?;
        for path in forgotten.kept_for.iter().take(SOME) {
            let gone = match path.symlink_metadata() {
                Ok(_) => "",
                Err(_) => ", which is gone: forget it as well",
            };
            let path = output::short(path);
            app.out
                .line(&format!("Kept is what was seen as {path} too{gone}."))?;
        }
        Ok(Outcome::Good)
    }
}
