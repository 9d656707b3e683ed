//! One question to many records: each answer is stored when it is there, so a
//! call that was interrupted goes on where it ended.

use serde_json::json;

use super::super::app::App;
use super::super::exit::ExitStatus;
use super::answer::{about, best_answer, in_words, stored_pages};
use crate::config::UsageError;
use crate::domain::count;
use crate::pipeline::{Asker, PageAnswer};
use crate::store::{PageFilter, RecordToAsk, Store, StoredAnswer};

/// Longest name of a column, in characters.
const LONGEST_NAME: usize = 40;

pub async fn ask(
    app: &mut App,
    column: &str,
    question: &str,
    filter: &PageFilter,
    json: bool,
) -> anyhow::Result<ExitStatus> {
    check_name(column)?;
    let settings = app.settings().clone();
    let store = Store::open(&settings.db).await?;
    let reader = Asker::reader(&settings)?;
    let model = reader.hash.clone();
    let records = store
        .records_to_ask(filter, column, question, &model)
        .await?;
    if records.is_empty() {
        app.out.line("No record is left to ask.")?;
        return Ok(ExitStatus::Success);
    }
    let asker = Asker::start(&settings, reader).await?;
    let (mut answered, mut absent, mut failed) = (0u64, 0u64, 0u64);
    for record in &records {
        match answer_of(&store, &asker, record, question).await {
            Ok(best) => {
                store
                    .store_answer(record, &stored(&best, column, question, &model))
                    .await?;
                match best.answer.is_null() {
                    true => absent += 1,
                    false => answered += 1,
                }
                print(app, record, &best, json)?;
            }
            Err(error) => {
                failed += 1;
                tracing::error!("record {}: {error:#}", record.id);
            }
        }
    }
    if !json {
        app.out.line(&format!(
            "\n{} asked: {answered} answered, {absent} not on the page, {failed} failed. `docmill export` has the \
             answers under {column}.",
            count(records.len() as u64, "record")
        ))?;
    }
    Ok(match failed {
        0 => ExitStatus::Success,
        _ => ExitStatus::SomeFailed,
    })
}

async fn answer_of(
    store: &Store,
    asker: &Asker,
    record: &RecordToAsk,
    question: &str,
) -> anyhow::Result<PageAnswer> {
    let pages = store.pages_of_record(record.id).await?;
    let pages = stored_pages(store, asker, &pages).await?;
    best_answer(asker, &pages, question).await
}

fn stored(best: &PageAnswer, column: &str, question: &str, model: &str) -> StoredAnswer {
    StoredAnswer {
        name: column.to_owned(),
        question: question.to_owned(),
        model: model.to_owned(),
        answer: best.answer.clone(),
        page: best.page - 1,
        place: best.place,
        probability: best.probability,
    }
}

fn print(app: &mut App, record: &RecordToAsk, best: &PageAnswer, json: bool) -> anyhow::Result<()> {
    if json {
        let mut value = serde_json::to_value(best)?;
        value["id"] = json!(record.id);
        return app.out.json(&value);
    }
    let (answer, about) = (in_words(&best.answer), about(best));
    app.out
        .line(&format!("record {}: {answer}  ({about})", record.id))
}

/// A column's name is a word, so that every import can name it.
fn check_name(name: &str) -> anyhow::Result<()> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_word) {
        let why = format!(
            "--column must have 1 to {LONGEST_NAME} letters, digits and underscores, such as payment_terms"
        );
        return Err(UsageError(why).into());
    }
    Ok(())
}
