use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::output::{self, cell};
use super::search::check_type;
use super::summary::command;
use crate::archive;
use crate::store::Store;

/// List the layouts of documents: one for each seller, app or form
///
/// Documents have one layout where most words recur in the same columns. A layout
/// has the number of its oldest page; the newest layouts come first.
#[derive(Args)]
pub struct LayoutsArgs {
    /// Only layouts of this document type
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Compare all pages again
    #[arg(long)]
    rebuild: bool,
    /// Print one JSON object per layout
    #[arg(long)]
    json: bool,
}

impl LayoutsArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        check_type(app.settings(), self.doc_type.as_deref())?;
        let store = Store::open_existing(&app.settings().db).await?;
        if self.rebuild {
            store.delete_layouts().await?;
        }
        archive::update_layouts(&store).await?;
        let layouts = store.layouts(self.doc_type.as_deref()).await?;
        let mut table =
            output::table(&["layout", "type", "records", "accepted", "example", "file"]);
        for layout in &layouts {
            if self.json {
                app.out.json(&json!({
                    "layout": layout.layout,
                    "type": layout.doc_type,
                    "example": layout.example,
                    "path": layout.path.to_string_lossy(),
                    "accepted": layout.accepted,
                    "records": store.records_of_layout(layout.layout).await?,
                }))?;
                continue;
            }
            table.add_row([
                cell(&layout.layout.to_string()),
                cell(&layout.doc_type),
                cell(&layout.records.to_string()),
                cell(&format!(
                    "{} %",
                    100 * layout.accepted / layout.records.max(1)
                )),
                cell(&layout.example.to_string()),
                cell(&output::short(&layout.path)),
            ]);
        }
        store.close().await;
        if self.json {
            return Ok(ExitStatus::Success);
        }
        if layouts.is_empty() {
            app.out
                .line("No page has a layout: no record of a known type has words.")?;
            return Ok(ExitStatus::Success);
        }
        app.out.table(&table)?;
        let pages = command(&app, "search --layout N");
        app.out.line(&format!("The pages of a layout: {pages}"))?;
        Ok(ExitStatus::Success)
    }
}
