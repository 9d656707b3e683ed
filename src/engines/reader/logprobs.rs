//! Adds up the log-probabilities of tokens by leaf.

use crate::domain::FieldLogprob;

/// Adds a token's log-probability (natural logarithm). Tokens come in the order of
/// the text; a token belongs to the first leaf that it touches.
pub fn note(logprobs: &mut Vec<FieldLogprob>, field: String, logprob: f32) {
    match logprobs.last_mut().filter(|last| last.field == field) {
        Some(last) => {
            last.sum += logprob;
            last.min = last.min.min(logprob);
            last.tokens += 1;
        }
        None => logprobs.push(FieldLogprob {
            field,
            sum: logprob,
            min: logprob,
            tokens: 1,
        }),
    }
}
