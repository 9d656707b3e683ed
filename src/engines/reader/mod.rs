//! A page image and a prompt become an answer that satisfies a JSON Schema.
//!
//! `layout` makes the prompt's images, `decode` chooses tokens under the
//! schema's grammar, `llama` is the engine behind [`TokenModel`]; `openai` is
//! a reader that is a server elsewhere.

// Without an engine only the tests drive what is behind the seams.
#![cfg_attr(not(feature = "llama"), allow(dead_code))]

mod decode;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod json;
mod layout;
#[cfg(feature = "llama")]
pub mod llama;
mod logprobs;
pub mod openai;
mod repeat;

pub use decode::check_schema;

use crate::domain::{Failure, PageImage, ReadRequest, Reading};

/// The seam that the pipeline sees: something that reads pages.
pub trait PageReader {
    fn read(&mut self, request: &ReadRequest) -> Result<Reading, Failure>;
}

/// Cuts plain text into the model's tokens; control tokens' names are text.
pub type Tokenize = std::sync::Arc<dyn Fn(&str) -> Vec<u32> + Send + Sync>;

/// The seam to the engine that `decode` drives: one sequence at a time.
pub trait TokenModel {
    fn vocabulary(&self) -> Vocabulary;

    /// Forgets what was before and takes in the prompt. Returns its length in
    /// tokens.
    fn prefill(&mut self, prompt: &Prompt) -> Result<u32, Failure>;

    /// Takes in more tokens, at least one.
    fn decode(&mut self, tokens: &[u32]) -> Result<(), Failure>;

    /// The model's tokeniser.
    fn tokenizer(&self) -> Tokenize;

    /// For each token of the vocabulary, how likely it comes next: logarithms
    /// up to a constant.
    fn logits(&self) -> &[f32];

    /// Tokens that the context still has room for.
    fn room(&self) -> u32;
}

/// The text of each token.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// By token id; empty for tokens that have no text, 0xFF before the name
    /// of a control token (llguidance's convention).
    pub pieces: Vec<Vec<u8>>,
    /// Tokens that end an answer, the usual one first.
    pub end: Vec<u32>,
}

/// A prompt's images and instruction, before the model's chat template.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Each image after the text that introduces it.
    pub images: Vec<(String, PageImage)>,
    pub instruction: String,
}
