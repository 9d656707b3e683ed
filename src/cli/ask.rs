use std::io::{BufRead, IsTerminal};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::app::App;
use super::exit::ExitStatus;
use super::settings::EngineFlags;
use super::{output, show};
use crate::config::UsageError;
use crate::domain::count;
use crate::ingest;
use crate::pipeline::{AskedPage, Asker, PageAnswer};
use crate::store::Store;

/// Longest question, in bytes.
const LONGEST: usize = 500;

/// Ask a question about a document; nothing is stored
///
/// The answer is a text of the document with its place, a count, yes or no, or
/// "not on the page". Without a question, questions are read from standard input,
/// one a line.
#[derive(Args)]
pub struct Ask {
    /// Number of a record, or path of a file (`./7` for a file named 7)
    #[arg(value_name = "ID|FILE")]
    what: std::ffi::OsString,
    /// Question about the document, in English, German, French, Spanish or Malay
    question: Option<String>,
    /// Ask about this page alone, from 1 [default: all pages]
    #[arg(long, value_name = "N")]
    page: Option<NonZeroU32>,
    /// For readers that see the page: draw it as for this document type
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print one JSON object for each question
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl Ask {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        super::run::check_type(app.settings(), self.doc_type.as_deref())?;
        let question = self.question.as_deref().map(checked).transpose()?;
        let place = self.place(&app).await?;
        let asker = Asker::start(app.settings(), self.doc_type.as_deref()).await?;
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
    async fn place(&self, app: &App) -> anyhow::Result<Place> {
        let id = self.what.to_str().and_then(|text| text.parse::<i64>().ok());
        let Some(id) = id else {
            let path = ingest::absolute(Path::new(&self.what));
            if !path.is_file() {
                return Err(UsageError(format!("there is no file {}", path.display())).into());
            }
            return Ok(Place::File(path));
        };
        let store = Store::open_to_read(&app.settings().db).await?;
        let pages = store.pages_of_record(id).await?;
        if pages.is_empty() {
            return Err(show::no_record(&store, id).await?.into());
        }
        Ok(Place::Record(store, pages))
    }

    async fn pages(&self, asker: &Asker, place: Place) -> anyhow::Result<Vec<AskedPage>> {
        let mut asked = Vec::new();
        match place {
            Place::File(path) => {
                let pages = asker.pages(&path).await?;
                for index in self.chosen(pages, &path.display().to_string())? {
                    asked.push(asker.page(&path, index).await?);
                }
            }
            Place::Record(store, pages) => {
                let chosen = self.chosen(pages.len() as u32, "the record")?;
                let pages: Vec<i64> = chosen.map(|nth| pages[nth as usize]).collect();
                for found in store.found_pages(&pages).await? {
                    let stored = match asker.reads_text_alone() {
                        true => AskedPage::stored(found.index, found.texts),
                        false => None,
                    };
                    asked.push(match stored {
                        Some(page) => page,
                        None => asker.page(&found.path, found.index).await?,
                    });
                }
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
        let mut best: Option<PageAnswer> = None;
        for page in pages {
            let answer = asker.ask(page, question).await?;
            if best.as_ref().is_none_or(|best| answer.is_better(best)) {
                best = Some(answer);
            }
        }
        let Some(best) = best else {
            return Err(UsageError("the document has no page".to_owned()).into());
        };
        if self.json {
            let mut value = serde_json::to_value(&best)?;
            value["question"] = json!(question);
            return app.out.json(&value);
        }
        app.out.line(&in_words(&best.answer))?;
        app.out.line(&format!("  {}", about(&best)))
    }
}

enum Place {
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

fn in_words(answer: &Value) -> String {
    match answer {
        Value::Null => "not on the page".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => {
            // Line breaks are part of the answer, other control characters are not.
            let lines: Vec<_> = text.lines().map(output::clean).collect();
            lines.join("\n")
        }
        other => other.to_string(),
    }
}

/// Where the answer stands, and how sure the reader is.
fn about(answer: &PageAnswer) -> String {
    let mut parts = Vec::new();
    if !answer.answer.is_null() {
        parts.push(format!("page {}", answer.page));
    }
    if let Some([left, top, ..]) = answer.place {
        let percent = |share: f32| (share * 100.0).round();
        parts.push(format!(
            "{} % from the left, {} % from the top",
            percent(left),
            percent(top)
        ));
    }
    if let Some(probability) = answer.probability {
        let floor = (probability * 100.0).floor() / 100.0;
        parts.push(format!(
            "probability {floor:.2} by the reader's own estimate"
        ));
    }
    parts.join("; ")
}
