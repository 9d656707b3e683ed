use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::output::count;
use super::run::{self, ReportFlags};
use super::settings::EngineFlags;
use super::show;
use super::signals;
use super::summary::command;
use crate::pipeline::{self, RunRequest};
use crate::store::Store;

/// Read failed pages, or the pages of some records, again
#[derive(Args)]
pub struct RetryArgs {
    /// Record numbers, as `run` and `export` show them [default: every failed page]
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// Document type of the pages from now on
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print each stored record as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reports: ReportFlags,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl RetryArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        run::check_type(app.settings(), self.doc_type.as_deref())?;
        let store = Store::open_existing(&app.settings().db).await?;
        for id in &self.ids {
            if store.record(*id).await?.is_none() {
                return Err(show::no_record(&store, *id).await?.into());
            }
        }
        let types = pipeline::doc_types(app.settings().types.as_deref())?;
        let known: Vec<_> = types.readable().map(|known| known.name.clone()).collect();
        let queued = store.retry(&self.ids, self.doc_type.as_deref(), &known);
        let pages = queued
            .await?
            .map_err(|missing| pipeline::missing_type(&missing, &known))?;
        tracing::info!("{} queued", count(pages, "page"));
        let open = store.open_pages().await?;
        drop(store);
        let again = command(&app, "retry ID");
        let idle = format!("No page has failed. To read the pages of a record again: {again}");
        if open == 0 {
            // A run that has nothing to do would be the last one that `report` shows.
            if !self.json {
                app.out.line(&idle)?;
            }
            return Ok(ExitStatus::Success);
        }
        let stop = signals::stop()?;
        let request = RunRequest::default();
        run::process(&mut app, request, self.json, &self.reports, &idle, stop).await
    }
}
