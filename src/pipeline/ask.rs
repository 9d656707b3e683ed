//! A free question about one page: rasterised and read, nothing stored.

use std::path::PathBuf;

use anyhow::Context;

use super::engines;
use super::one_page::Drawer;
use super::plan::raster_spec;

use crate::config::Settings;
use crate::domain::{AnswerGrammar, ReadRequest, Reading};
use crate::engines::models::Installation;

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
    let spec = raster_spec(&reader.layout, settings.rasterizing.max_page_pixels);
    let page = async {
        let drawer = Drawer::start(settings).await?;
        drawer.draw(&question.path, question.page, spec).await
    };
    let (page, readers) = tokio::try_join!(
        page,
        engines::first_readers(settings, &reader, 1, engines::unwatched()),
    )?;
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
