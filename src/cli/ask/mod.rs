//! `docmill ask`: a question about one document, or about many records.

mod answer;
mod column;

use std::io::{BufRead, IsTerminal};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::app::App;
use super::exit::ExitStatus;
use super::search::FilterFlags;
use super::settings::EngineFlags;
use super::show;
use crate::config::UsageError;
use crate::domain::count;
use crate::files;
use crate::pipeline::{AskedPage, Asker};
use crate::store::Store;
use answer::{about, best_answer, in_words, stored_pages};

/// Longest question, in bytes.
const LONGEST: usize = 500;

/// Ask a question about a document
///
/// The answer is a text of the document with its place, a count, yes or no, or
/// "not on the page". Without a question, questions are read from standard input,
/// one a line. Nothing is stored, except with --column: `docmill ask --column NAME
/// QUESTION` asks all records that the filters let through, and exports have the
/// answers in a column of this name.
#[derive(Args)]
pub struct AskArgs {
    /// Number of a record, or path of a file (`./7` for a file named 7); left out
    /// with --column
    #[arg(value_name = "ID|FILE")]
    what: std::ffi::OsString,
    /// Question about the document, in English, German, French, Spanish or Malay
    question: Option<String>,
    /// Ask every record, and store the answers under this name
    #[arg(long, value_name = "NAME", conflicts_with = "page")]
    column: Option<String>,
    #[command(flatten)]
    filter: FilterFlags,
    /// Ask about this page alone, from 1 [default: all pages]
    #[arg(long, value_name = "N")]
    page: Option<NonZeroU32>,
    /// Print one JSON object for each question
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl AskArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if let Some(column) = self.column {
            if self.question.is_some() {
                let why = "--column asks many records: name the question alone, without ID or FILE";
                return Err(UsageError(why.to_owned()).into());
            }
            let question = self.what.to_str().map(checked).transpose()?;
            let question = question.unwrap_or_default();
            let filter = self.filter.filter();
            return column::ask(&mut app, &column, &question, &filter, self.json).await;
        }
        if !self.filter.is_empty() {
            let why = "filters choose records: they need --column NAME";
            return Err(UsageError(why.to_owned()).into());
        }
        let question = self.question.as_deref().map(checked).transpose()?;
        let place = self.place(&app).await?;
        let asker = Asker::start(app.settings(), Asker::reader(app.settings())?).await?;
        let pages = self.pages(&asker, place).await?;
        if let Some(question) = question {
            self.answer(&mut app, &asker, &pages, &question).await?;
            return Ok(ExitStatus::Success);
        }
        let is_terminal = std::io::stdin().is_terminal();
        loop {
            if is_terminal {
                eprint!("? ");
            }
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(ExitStatus::Success);
            }
            if line.trim().is_empty() {
                continue;
            }
            match checked(&line) {
                Ok(question) => self.answer(&mut app, &asker, &pages, &question).await?,
                Err(error) => tracing::error!("{error:#}"),
            }
        }
    }

    /// The file, and the record's pages (from 0) where a record is meant.
    async fn place(&self, app: &App) -> anyhow::Result<AskedAbout> {
        let id = self.what.to_str().and_then(|text| text.parse::<i64>().ok());
        let Some(id) = id else {
            let path = files::absolute(Path::new(&self.what));
            show::check_file(&path)?;
            return Ok(AskedAbout::File(path));
        };
        let store = Store::open_to_read(&app.settings().db).await?;
        let pages = show::pages_of_record(&store, id).await?;
        Ok(AskedAbout::Record(store, pages))
    }

    async fn pages(&self, asker: &Asker, place: AskedAbout) -> anyhow::Result<Vec<AskedPage>> {
        let mut asked = Vec::new();
        match place {
            AskedAbout::File(path) => {
                let pages = asker.pages(&path).await?;
                for index in self.chosen(pages, &path.display().to_string())? {
                    asked.push(asker.page(&path, index).await?);
                }
            }
            AskedAbout::Record(store, pages) => {
                let chosen = self.chosen(pages.len() as u32, "the record")?;
                let pages: Vec<i64> = chosen.map(|nth| pages[nth as usize]).collect();
                asked = stored_pages(&store, asker, &pages).await?;
            }
        }
        Ok(asked)
    }

    /// The pages to ask about, from 0.
    fn chosen(&self, pages: u32, what: &str) -> anyhow::Result<std::ops::Range<u32>> {
        match self.page.map(NonZeroU32::get) {
            None => Ok(0..pages),
            Some(page) if page <= pages => Ok(page - 1..page),
            Some(_) => {
                let has = count(u64::from(pages), "page");
                Err(UsageError(format!("{what} has only {has}")).into())
            }
        }
    }

    async fn answer(
        &self,
        app: &mut App,
        asker: &Asker,
        pages: &[AskedPage],
        question: &str,
    ) -> anyhow::Result<()> {
        let best = best_answer(asker, pages, question).await?;
        if self.json {
            let mut value = serde_json::to_value(&best)?;
            value["question"] = json!(question);
            return app.out.json(&value);
        }
        app.out.line(&in_words(&best.answer))?;
        app.out.line(&format!("  {}", about(&best)))
    }
}

enum AskedAbout {
    File(PathBuf),
    /// Ids of its pages.
    Record(Store, Vec<i64>),
}

/// The question on one line.
fn checked(question: &str) -> anyhow::Result<String> {
    let words: Vec<&str> = question.split_whitespace().collect();
    let question = words.join(" ");
    if question.is_empty() {
        return Err(UsageError("the question is empty".to_owned()).into());
    }
    if question.len() > LONGEST {
        let why =
            format!("the question is longer than {LONGEST} bytes: ask for one thing at a time");
        return Err(UsageError(why).into());
    }
    Ok(question)
}
