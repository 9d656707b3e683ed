use clap::Args;

use super::App;
use super::exit::Outcome;
use super::output::count;
use super::run::{self, Watch};
use super::settings::EngineFlags;
use super::show;
use super::summary::command;
use crate::pipeline::{self, RunRequest};
use crate::store::Store;

/// Read again: the pages of some records, or every failed page
#[derive(Args)]
pub struct Retry {
    /// Record numbers, as `run` and `export` show them; none: every failed page
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// What the pages are to be taken for, from now on
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print each record as a line of JSON as soon as it is stored
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    watch: Watch,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl Retry {
    pub async fn run(self, app: App) -> anyhow::Result<Outcome> {
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
        tracing::info!("{} queued again", count(pages, "page"));
        drop(store);
        let again = command(&app, "retry ID");
        let idle = format!("No page has failed. To read a record's pages again: {again}");
        run::process(app, RunRequest::default(), self.json, &self.watch, &idle).await
    }
}
