use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::output;
use crate::domain::{DocType, PageRule};
use crate::pipeline;

/// List the document types
#[derive(Args)]
pub struct TypesArgs {
    /// Print one JSON object per type
    #[arg(long)]
    json: bool,
}

impl TypesArgs {
    pub fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        let types = pipeline::doc_types(app.settings().types.as_deref())?;
        if self.json {
            for doc_type in types.iter() {
                app.out.json(&json!({
                    "name": doc_type.name,
                    "read": doc_type.read.is_some(),
                    "fields": fields(doc_type),
                    "schema_hash": doc_type.schema_hash,
                }))?;
            }
            return Ok(ExitStatus::Success);
        }
        let mut table = output::table(&["type", "pages of a document", "fields"]);
        for doc_type in types.iter() {
            let pages = match doc_type.read.as_ref().map(|rules| &rules.pages) {
                None => "recognised, but not read",
                Some(PageRule::Each) => "one record each",
                Some(PageRule::Merge { .. }) => "merged into one record",
            };
            table.add_row([
                output::cell(&doc_type.name),
                output::cell(pages),
                output::cell(&fields(doc_type).join(", ")),
            ]);
        }
        app.out.table(&table)?;
        Ok(ExitStatus::Success)
    }
}

fn fields(doc_type: &DocType) -> Vec<&str> {
    let properties = doc_type.properties();
    properties
        .into_iter()
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect()
}
