use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Embedding, PageImage};

/// The fields of a record by name, in the schema's order.
pub type Fields = serde_json::Map<String, Value>;

/// What CLIP makes of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Routing {
    /// Name of the document type, or why there is none.
    pub verdict: Result<String, String>,
    /// Every type with its probability (they sum to 1), the likeliest first.
    pub probabilities: Vec<(String, f32)>,
    pub embedding: Option<Embedding>,
    /// The type was given by the user, not by CLIP.
    pub forced: bool,
}

impl Routing {
    /// Whether all of its numbers are.
    pub fn is_finite(&self) -> bool {
        let embedding = self.embedding.iter().flat_map(|embedding| &embedding.0);
        let probabilities = self.probabilities.iter().map(|(_, p)| p);
        embedding.chain(probabilities).all(|x| x.is_finite())
    }
}

/// One page for the reader, with all that decides its answer.
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

/// What an answer may be.
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
}

impl AnswerGrammar {
    pub fn schema(&self) -> Option<&Value> {
        match self {
            AnswerGrammar::Schema(schema) => Some(schema),
            _ => None,
        }
    }
}

/// The model's answer about one page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Exactly what the model wrote.
    pub raw_text: String,
    /// Parsed from `raw_text`, repeated list lines removed; empty for a free
    /// answer.
    pub fields: Fields,
    /// Log-probabilities by leaf, e.g. `total` or `items[0].amount`.
    pub logprobs: Vec<FieldLogprob>,
    /// The engine gave no log-probabilities: its confidence is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    /// Values are copies of the page's text (`1.234,50`, `15-Jun-2016`), not in
    /// the schema's forms.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verbatim: bool,
    /// Lists that were stopped because they repeated themselves.
    pub repetitions: Vec<Repetition>,
    pub prompt_tokens: u32,
    pub output_tokens: u32,
    /// Of `output_tokens`, those that the schema left no choice about.
    pub forced_tokens: u32,
    /// Seconds: image encoding and prompt together, then the answer.
    pub prefill_seconds: f64,
    pub decode_seconds: f64,
}

impl Reading {
    /// Whether all of its numbers are.
    pub fn is_finite(&self) -> bool {
        let mut logprobs = self.logprobs.iter().flat_map(|of| [of.sum, of.min]);
        let seconds = [self.prefill_seconds, self.decode_seconds];
        logprobs.all(f32::is_finite) && seconds.iter().all(|s| s.is_finite())
    }
}

/// How sure the model was of one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldLogprob {
    pub field: String,
    /// Natural logarithms of the model's own (unmasked) probability of each
    /// token that it chose in the value, summed; `exp` of it is 0 to 1.
    pub sum: f32,
    /// The least likely token's.
    pub min: f32,
    pub tokens: u32,
}

impl FieldLogprob {
    /// The model's own probability of the value, 0 to 1.
    pub fn probability(&self) -> f32 {
        self.sum.exp().min(1.0)
    }
}

/// A list that began to repeat itself and was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetition {
    /// The list's field, e.g. `items`.
    pub field: String,
    /// Lines kept, from the list's start.
    pub kept: u32,
    /// Lines removed as repetitions.
    pub removed: u32,
}
