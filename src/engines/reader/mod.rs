//! A page image and a prompt become an answer that satisfies a JSON Schema.
//!
//! `image_layout` makes the prompt's images, `decode` chooses tokens under the schema's
//! grammar, `llama` is the engine behind [`TokenModel`]; `openai` reads through a
//! server.

// Without an engine only the tests use what is behind the traits.
#![cfg_attr(not(feature = "llama"), allow(dead_code))]

mod decode;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod image_layout;
mod json;
#[cfg(feature = "llama")]
pub mod llama;
mod logprobs;
pub mod openai;
mod repeat;
mod turn;

pub use decode::check_schema;

use crate::domain::{Failure, PageImage, ReadRequest, Reading};

/// The pipeline's interface to readers.
pub trait PageReader {
    fn read(&mut self, request: &ReadRequest) -> Result<Reading, Failure>;
}

/// Tokenises plain text with the model's vocabulary; names of control tokens are
/// text.
pub type Tokenize = std::sync::Arc<dyn Fn(&str) -> Vec<u32> + Send + Sync>;

/// The interface to the engine under `decode`: one sequence at a time.
pub trait TokenModel {
    fn vocabulary(&self) -> Vocabulary;

    /// Clears the context and evaluates the prompt. Returns its length in tokens.
    /// `Err` where it does not fit the context.
    fn prefill(&mut self, prompt: &Prompt) -> Result<u32, Failure>;

    /// Evaluates further tokens, at least one.
    fn decode(&mut self, tokens: &[u32]) -> Result<(), Failure>;

    /// The model's tokeniser.
    fn tokenizer(&self) -> Tokenize;

    /// Logits of the next token, one for each token of the vocabulary: natural
    /// logarithms of probabilities up to a constant.
    fn logits(&self) -> &[f32];

    /// Free places of the context, in tokens.
    fn room(&self) -> u32;
}

/// The text of each token.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// By token id; empty for tokens that have no text, 0xFF before the name
    /// of a control token (llguidance's convention).
    pub pieces: Vec<Vec<u8>>,
    /// Ids of the tokens that end an answer, the usual one first.
    pub end: Vec<u32>,
}

/// A prompt's images and instruction, before the model's chat template.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Each image with the text before it.
    pub images: Vec<(String, PageImage)>,
    pub instruction: String,
    /// What the engine has taken in already may be kept as far as this prompt
    /// begins like the last one. How a prompt is cut into model batches changes the
    /// last digits of probabilities, so pages of a run are taken in whole.
    pub continues: bool,
}
