//! A free question about one page: rasterised and read, nothing stored.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::engines;
use super::plan::raster_spec;
use crate::config::Settings;
use crate::domain::{AnswerGrammar, Failure, ReadRequest, Reading, count};
use crate::engines::models::Installation;
use crate::engines::worker::{DrawPage, OpenDocument};
use crate::ingest;

#[derive(Clone, Debug)]
pub struct Question {
    pub path: PathBuf,
    /// From 0.
    pub page: u32,
    /// Whose image layout the page is shown in; `None`: the model's default.
    pub doc_type: Option<String>,
    pub text: String,
}

/// Asks the reader that settings name.
pub async fn ask(settings: &Settings, question: &Question) -> anyhow::Result<Reading> {
    let reader = Installation::find(settings.models.as_deref())?.first(&settings.reading)?;
    let bytes = ingest::read(&question.path, settings.limits.max_bytes)
        .map_err(|failure| about(question, failure))?;
    let (rasterizers, readers) = tokio::try_join!(
        engines::rasterizer_pool(settings, 1, engines::unwatched()),
        engines::first_readers(settings, &reader, 1, engines::unwatched()),
    )?;
    let mut worker = rasterizers.worker(None).await?;
    let deadline = Duration::from_secs(settings.rasterizing.open_seconds);
    let opened = worker.call(&OpenDocument { bytes: &bytes }, deadline).await;
    let info = opened.map_err(|failure| about(question, failure))?.info;
    ensure!(
        question.page < info.pages,
        "{} has only {}",
        question.path.display(),
        count(u64::from(info.pages), "page")
    );
    let draw = DrawPage {
        index: question.page,
        spec: raster_spec(&reader.layout, settings.rasterizing.max_page_pixels),
    };
    let deadline = Duration::from_secs(settings.rasterizing.page_seconds);
    let page = worker
        .call(&draw, deadline)
        .await
        .map_err(|failure| about(question, failure))?;
    let request = ReadRequest {
        image: page.image,
        doc_type: question
            .doc_type
            .clone()
            .unwrap_or_else(|| "default".into()),
        prompt: question.text.clone(),
        grammar: AnswerGrammar::Free,
        max_tokens: reader.max_output_tokens,
    };
    let reading = readers.read(request).await;
    reading.context("the model did not answer")
}

fn about(question: &Question, failure: Failure) -> anyhow::Error {
    anyhow::anyhow!("{}: {failure}", question.path.display())
}
