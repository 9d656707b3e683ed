use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;

use super::app::App;
use super::exit::ExitStatus;
use super::settings::EngineFlags;
use crate::config::UsageError;
use crate::pipeline::{self, Question};

/// Ask the reader a question about a page; nothing is stored
#[derive(Args)]
pub struct Ask {
    /// File of the document
    file: PathBuf,
    /// Question, in words that the reader was trained with
    question: String,
    /// Page of the document, from 1
    #[arg(long, value_name = "N", default_value = "1")]
    page: NonZeroU32,
    /// Draw the page as for this document type
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print one JSON object with the answer, tokens and seconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl Ask {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if !self.file.is_file() {
            return Err(UsageError(format!("there is no file {}", self.file.display())).into());
        }
        super::run::check_type(app.settings(), self.doc_type.as_deref())?;
        let question = Question {
            doc_type: self.doc_type,
            path: self.file,
            page: self.page.get() - 1,
            text: self.question,
        };
        let answer = pipeline::ask(app.settings(), &question).await?;
        if self.json {
            app.out.json(&answer)?;
        } else {
            // Line breaks are part of the answer, other control characters are not.
            let lines = answer.raw_text.lines().map(super::output::clean);
            app.out.line(&lines.collect::<Vec<_>>().join("\n"))?;
        }
        Ok(ExitStatus::Success)
    }
}
