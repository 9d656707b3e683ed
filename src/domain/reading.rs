use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Embedding, PageImage};

/// The fields of a record by name, in the schema's order.
pub type Fields = serde_json::Map<String, Value>;

/// The router's result for a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Routing {
    /// Name of the document type; `Err` with the reason where none was chosen.
    pub doc_type: Result<String, String>,
    /// Every type with its probability (they sum to 1), the likeliest first.
    pub probabilities: Vec<(String, f32)>,
    pub embedding: Option<Embedding>,
    /// Whether the user gave the type.
    pub forced: bool,
}

impl Routing {
    /// Whether the embedding and all probabilities are finite.
    pub fn is_finite(&self) -> bool {
        let embedding = self.embedding.iter().flat_map(|embedding| &embedding.0);
        let probabilities = self.probabilities.iter().map(|(_, p)| p);
        embedding.chain(probabilities).all(|x| x.is_finite())
    }
}

/// One page for the reader, with everything that its answer depends on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadRequest {
    pub image: PageImage,
    /// Name of the document type; chooses the image layout.
    pub doc_type: String,
    /// The instruction, without image markers and chat template.
    pub prompt: String,
    pub grammar: AnswerGrammar,
    /// Upper bound of the answer's length in tokens.
    pub max_tokens: u32,
}

/// What the grammar allows as an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerGrammar {
    /// Any text.
    Free,
    /// JSON that satisfies this JSON Schema.
    Schema(Value),
    /// JSON whose values copy the page's text: a grammar in llguidance's Lark
    /// form.
    Copies(String),
    /// One JSON scalar that answers a question about the page's text, in the
    /// same form of grammar. Its field is [`ANSWER`].
    Scalar(String),
}

/// The field of the answer to a question.
pub const ANSWER: &str = "answer";

impl AnswerGrammar {
    pub fn schema(&self) -> Option<&Value> {
        match self {
            AnswerGrammar::Schema(schema) => Some(schema),
            _ => None,
        }
    }
}

/// A reader's answer about one page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Exactly what the model wrote.
    pub raw_text: String,
    /// Parsed from `raw_text`, repeated list lines removed; empty for a free
    /// answer.
    pub fields: Fields,
    /// Log-probabilities by leaf, e.g. `total` or `items[0].amount`.
    pub logprobs: Vec<FieldLogprob>,
    /// Whether the engine gave no log-probabilities, so that the confidence is not
    /// known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    /// Values are copies of the page's text (`1.234,50`, `15-Jun-2016`), not in
    /// the schema's forms.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verbatim: bool,
    /// Lists that were stopped because they repeated themselves.
    pub repetitions: Vec<Repetition>,
    /// Tokens of the prompt, those of the image included.
    pub prompt_tokens: u32,
    /// Tokens of the answer.
    pub output_tokens: u32,
    /// Of `output_tokens`, those for which the grammar left one choice.
    pub forced_tokens: u32,
    /// Seconds for image encoding and prompt; 0 for an endpoint, which does not
    /// report it.
    pub prefill_seconds: f64,
    /// Seconds for the answer; for an endpoint those of the whole request.
    pub decode_seconds: f64,
}

impl Reading {
    /// Whether all log-probabilities and seconds are finite.
    pub fn is_finite(&self) -> bool {
        let mut logprobs = self.logprobs.iter().flat_map(|of| [of.sum, of.min]);
        let seconds = [self.prefill_seconds, self.decode_seconds];
        logprobs.all(f32::is_finite) && seconds.iter().all(|s| s.is_finite())
    }
}

/// The model's confidence in one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldLogprob {
    pub field: String,
    /// Sum over the value's tokens of the natural logarithm of the model's own
    /// (unmasked) probability, at most 0. A local reader leaves out tokens for
    /// which the grammar left one choice.
    pub sum: f32,
    /// Natural logarithm of the least likely token's probability, at most 0.
    pub min: f32,
    /// Number of tokens in `sum`.
    pub tokens: u32,
}

impl FieldLogprob {
    /// The model's own probability of the value, 0 to 1.
    pub fn probability(&self) -> f32 {
        self.sum.exp().min(1.0)
    }
}

/// A list that was closed because its lines repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetition {
    /// The list's field, e.g. `items`.
    pub field: String,
    /// Lines kept, from the list's start.
    pub kept: u32,
    /// Lines removed as repetitions.
    pub removed: u32,
}
