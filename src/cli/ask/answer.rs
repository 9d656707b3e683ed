//! The answer of a document, of its pages' answers, and its words.

use serde_json::Value;

use super::super::output;
use crate::config::UsageError;
use crate::pipeline::{AskedPage, Asker, PageAnswer};
use crate::store::Store;

/// Of the answers of all pages, the best one.
pub async fn best_answer(
    asker: &Asker,
    pages: &[AskedPage],
    question: &str,
) -> anyhow::Result<PageAnswer> {
    let mut best: Option<PageAnswer> = None;
    for page in pages {
        let answer = asker.ask(page, question).await?;
        if best.as_ref().is_none_or(|best| answer.is_better(best)) {
            best = Some(answer);
        }
    }
    best.ok_or_else(|| UsageError("the document has no page".to_owned()).into())
}

/// Pages by their ids: their stored words where these are enough, else drawn.
pub async fn stored_pages(
    store: &Store,
    asker: &Asker,
    pages: &[i64],
) -> anyhow::Result<Vec<AskedPage>> {
    let mut asked = Vec::with_capacity(pages.len());
    for found in store.found_pages(pages).await? {
        let stored = match asker.reads_text_alone() {
            true => AskedPage::stored(found.index, found.texts),
            false => None,
        };
        asked.push(match stored {
            Some(page) => page,
            None => asker.page(&found.path, found.index).await?,
        });
    }
    Ok(asked)
}

pub fn in_words(answer: &Value) -> String {
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
pub fn about(answer: &PageAnswer) -> String {
    let mut parts = Vec::new();
    if !answer.answer.is_null() {
        parts.push(format!("page {}", answer.page));
    }
    if let Some(place) = answer.place {
        parts.push(output::place(place));
    }
    if let Some(probability) = answer.probability {
        let floor = (probability * 100.0).floor() / 100.0;
        parts.push(format!(
            "probability {floor:.2} by the reader's own estimate"
        ));
    }
    parts.join("; ")
}
