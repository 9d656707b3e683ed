//! Greedy decoding under a schema's grammar.
//!
//! The grammar (llguidance) gives the allowed next tokens; the most probable of
//! them is taken. Under a JSON Schema the model decides how a text is divided into
//! tokens. Under a grammar of copies, forced text is tokenised by the model's
//! tokeniser and evaluated in one step.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{
    ApproximateTokEnv, SimpleVob, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv,
};
use llguidance::{Matcher, ParserFactory};
use serde_json::Value;

use super::json::Scanner;
use super::logprobs::note;
use super::repeat::{is_endless, repeated_lines};
use super::{Prompt, TokenModel, Tokenize};
use crate::domain::{
    ANSWER, AnswerGrammar, Failure, FieldLogprob, FieldPath, Fields, Reading, Reason, Repetition,
    json_problem,
};

/// Most compiled schemas that are kept; types are few, questions have none.
const MAX_GRAMMARS: usize = 64;

pub struct Decoder<M> {
    model: M,
    pieces: Vec<Vec<u8>>,
    end: Vec<u32>,
    /// For schemas, without forced tokens.
    schemas: ParserFactory,
    grammars: HashMap<String, Matcher>,
    /// For grammars of copies, which are new with each page.
    copies: ParserFactory,
}

/// The model's own tokeniser, so that forced text has the tokens of training.
struct ModelTokenizer {
    trie: TokTrie,
    tokenize: Tokenize,
}

impl TokenizerEnv for ModelTokenizer {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        match std::str::from_utf8(bytes) {
            Ok(text) => (self.tokenize)(text),
            // Part of a UTF-8 character, which only the trie can tokenise.
            Err(_) => self.trie.greedy_tokenize(bytes),
        }
    }
}

/// `Err` where a schema cannot be made a grammar, with any vocabulary, for example
/// because of a pattern.
pub fn check_schema(schema: &Value) -> anyhow::Result<()> {
    let mut factory = ParserFactory::new_simple(&ApproximateTokEnv::single_byte_env())?;
    factory.quiet();
    factory.create_parser(TopLevelGrammar::from_json_schema(schema.clone()))?;
    Ok(())
}

impl<M: TokenModel> Decoder<M> {
    pub fn new(model: M) -> anyhow::Result<Decoder<M>> {
        let vocabulary = model.vocabulary();
        let first_end = vocabulary.end.first().copied();
        let first_end = first_end
            .ok_or_else(|| anyhow::anyhow!("the model has no token that ends an answer"))?;
        let info = TokRxInfo::new(vocabulary.pieces.len() as u32, first_end);
        let trie = TokTrie::from(&info, &vocabulary.pieces).with_eos_tokens(&vocabulary.end);
        let factory = |environment: TokEnv| -> anyhow::Result<ParserFactory> {
            let mut factory = ParserFactory::new_simple(&environment)?;
            factory.quiet();
            Ok(factory)
        };
        let tokenizer = ModelTokenizer {
            trie: trie.clone(),
            tokenize: model.tokenizer(),
        };
        Ok(Decoder {
            model,
            pieces: vocabulary.pieces,
            end: vocabulary.end,
            schemas: factory(Arc::new(ApproximateTokEnv::new(trie)))?,
            grammars: HashMap::new(),
            copies: factory(Arc::new(tokenizer))?,
        })
    }

    /// Reads one page. A free answer has no fields. `Err` where the prompt does not
    /// fit, or the answer is empty or exceeds `max_tokens`.
    pub fn read(
        &mut self,
        prompt: &Prompt,
        grammar: &AnswerGrammar,
        max_tokens: u32,
    ) -> Result<Reading, Failure> {
        let matcher = match grammar {
            AnswerGrammar::Free => None,
            AnswerGrammar::Schema(schema) => Some(self.schema(schema)?),
            AnswerGrammar::Copies(lark) | AnswerGrammar::Scalar(lark) => {
                let parser = self
                    .copies
                    .create_parser(TopLevelGrammar::from_lark(lark.clone()))
                    .map_err(|error| not_a_grammar("the page's pieces", &error))?;
                Some(Matcher::new(Ok(parser)))
            }
        };
        let start = Instant::now();
        let prompt_tokens = self.model.prefill(prompt)?;
        let prefill_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut answer = AnswerInProgress::new(matcher);
        answer.is_scalar = matches!(grammar, AnswerGrammar::Scalar(_));
        self.generate(&mut answer, max_tokens)?;
        let raw_text = answer.text();
        if raw_text.trim().is_empty() {
            return Err(failure(
                Reason::OutputEmpty,
                "the model gave no answer",
                raw_text,
            ));
        }
        let fields = match grammar {
            AnswerGrammar::Free => Fields::new(),
            _ => answer.fields(&raw_text)?,
        };
        Ok(Reading {
            raw_text,
            fields,
            logprobs: answer.kept_logprobs(),
            verbatim: false,
            unsure: false,
            repetitions: answer.repetitions,
            prompt_tokens,
            output_tokens: answer.tokens,
            forced_tokens: answer.forced,
            prefill_seconds,
            decode_seconds: start.elapsed().as_secs_f64(),
        })
    }

    fn schema(&mut self, schema: &Value) -> Result<Matcher, Failure> {
        let key = schema.to_string();
        if !self.grammars.contains_key(&key) {
            let parser = self
                .schemas
                .create_parser(TopLevelGrammar::from_json_schema(schema.clone()))
                .map_err(|error| not_a_grammar("the schema", &error))?;
            if self.grammars.len() >= MAX_GRAMMARS {
                self.grammars.clear();
            }
            self.grammars.insert(key.clone(), Matcher::new(Ok(parser)));
        }
        Ok(self.grammars[&key].deep_clone())
    }

    fn generate(&mut self, answer: &mut AnswerInProgress, max_tokens: u32) -> Result<(), Failure> {
        loop {
            let allowed = answer.allowed()?;
            let logits = self.model.logits();
            let choice = choose(logits, allowed.as_ref(), |token| {
                answer.would_repeat(&self.pieces[token as usize])
            });
            let Some(token) = choice else {
                return Err(failure(
                    Reason::OutputCutOff,
                    "the model cannot go on",
                    answer.text(),
                ));
            };
            if self.end.contains(&token) {
                return Ok(());
            }
            let is_forced = allowed
                .as_ref()
                .is_some_and(|allowed| allowed.num_set() == 1);
            let logprob = log_probability(logits, token);
            let mut next = vec![token];
            answer.push(token, &self.pieces[token as usize], logprob, is_forced)?;
            for forced in answer.forced_next() {
                if self.end.contains(&forced) {
                    break;
                }
                answer.push(forced, &self.pieces[forced as usize], 0.0, true)?;
                next.push(forced);
            }
            if answer.is_complete() {
                return Ok(());
            }
            if answer.tokens >= max_tokens || self.model.room() == 0 {
                let message = format!("the answer was cut off after {} tokens", answer.tokens);
                return Err(failure(Reason::OutputCutOff, message, answer.text()));
            }
            self.model.decode(&next)?;
        }
    }
}

fn not_a_grammar(what: &str, error: &anyhow::Error) -> Failure {
    // Only the first line: the others quote the grammar, which has page text.
    let message = error.to_string();
    let first = message.lines().next().unwrap_or_default();
    Failure::new(
        Reason::Internal,
        format!("{what} cannot be made a grammar: {first}"),
    )
}

fn failure(reason: Reason, message: impl Into<String>, raw_text: String) -> Failure {
    Failure {
        raw_text: Some(raw_text),
        ..Failure::new(reason, message)
    }
}

/// Only the first line of llguidance's message, since the others quote the answer.
fn grammar_failed(error: &anyhow::Error) -> String {
    let words = error.to_string();
    format!(
        "the grammar failed: {}",
        words.lines().next().unwrap_or_default()
    )
}

/// The most probable token that is allowed and not rejected; of equal ones the
/// lowest id, so that answers are reproducible.
fn choose(
    logits: &[f32],
    allowed: Option<&SimpleVob>,
    refused: impl Fn(u32) -> bool,
) -> Option<u32> {
    let is_allowed = |token: u32| allowed.is_none_or(|allowed| allowed.is_allowed(token));
    let mut out: Vec<u32> = Vec::new();
    loop {
        let best = (0..logits.len() as u32)
            .filter(|&token| is_allowed(token) && !out.contains(&token))
            .max_by(|&a, &b| {
                logits[a as usize]
                    .total_cmp(&logits[b as usize])
                    .then(b.cmp(&a))
            })?;
        if !refused(best) {
            return Some(best);
        }
        out.push(best);
    }
}

/// Natural logarithm of the model's own probability (log-softmax of `logits`),
/// without the mask of the grammar.
fn log_probability(logits: &[f32], token: u32) -> f32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
    logits[token as usize] - highest - sum.ln()
}

/// The answer so far.
struct AnswerInProgress {
    grammar: Option<Matcher>,
    bytes: Vec<u8>,
    tokens: u32,
    forced: u32,
    scanner: Scanner,
    logprobs: Vec<FieldLogprob>,
    /// Byte offset in the answer at which the current line began.
    line_start: usize,
    /// The complete lines of the current list.
    lines: Vec<Vec<u8>>,
    /// Depth of a repeating list that must be closed.
    closing: Option<usize>,
    repetitions: Vec<Repetition>,
    /// Whether a free answer repeats itself.
    is_endless: bool,
    /// One value without a field's name.
    is_scalar: bool,
}

impl AnswerInProgress {
    fn new(grammar: Option<Matcher>) -> AnswerInProgress {
        AnswerInProgress {
            grammar,
            bytes: Vec::new(),
            tokens: 0,
            forced: 0,
            scanner: Scanner::new(),
            logprobs: Vec::new(),
            line_start: 0,
            lines: Vec::new(),
            closing: None,
            repetitions: Vec::new(),
            is_endless: false,
            is_scalar: false,
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn allowed(&mut self) -> Result<Option<SimpleVob>, Failure> {
        let Some(grammar) = &mut self.grammar else {
            return Ok(None);
        };
        match grammar.compute_mask() {
            Ok(mask) => Ok(Some(mask)),
            Err(error) => Err(failure(
                Reason::Internal,
                grammar_failed(&error),
                self.text(),
            )),
        }
    }

    /// The next tokens for which the grammar leaves one choice; empty under a
    /// schema.
    fn forced_next(&mut self) -> Vec<u32> {
        // A repeating list must be closed token by token.
        match &mut self.grammar {
            Some(grammar) if self.closing.is_none() => grammar.compute_ff_tokens(),
            _ => Vec::new(),
        }
    }

    fn is_complete(&self) -> bool {
        self.is_endless || self.grammar.as_ref().is_some_and(Matcher::is_stopped)
    }

    /// Whether a token would continue a list that must end, also where the same
    /// token completes the line that shows the repetition.
    fn would_repeat(&self, piece: &[u8]) -> bool {
        // A fast path for nearly all tokens: no list must end and the token ends no
        // line.
        if self.closing.is_none() && !piece.iter().any(|byte| matches!(byte, b'}' | b']')) {
            return false;
        }
        let mut scanner = self.scanner.clone();
        let mut closing = self.closing;
        for (index, byte) in piece.iter().enumerate() {
            let step = scanner.push(*byte);
            if step.next_element.is_some() && step.next_element == closing {
                return true;
            }
            if closing.is_none() && step.closed_line.is_some() && index + 1 < piece.len() {
                let line = [&self.bytes[self.line_start..], &piece[..=index]].concat();
                let lines: Vec<&[u8]> = self
                    .lines
                    .iter()
                    .map(Vec::as_slice)
                    .chain([line.as_slice()])
                    .collect();
                closing = step
                    .closed_line
                    .filter(|_| repeated_lines(&lines).is_some());
            }
        }
        false
    }

    fn push(
        &mut self,
        token: u32,
        piece: &[u8],
        logprob: f32,
        is_forced: bool,
    ) -> Result<(), Failure> {
        if let Some(grammar) = &mut self.grammar
            && let Err(error) = grammar.consume_token(token)
        {
            return Err(failure(
                Reason::Internal,
                grammar_failed(&error),
                self.text(),
            ));
        }
        self.tokens += 1;
        self.forced += u32::from(is_forced);
        if self.grammar.is_none() {
            self.bytes.extend_from_slice(piece);
            self.is_endless = is_endless(&self.bytes);
            return Ok(());
        }
        if self.is_scalar {
            self.bytes.extend_from_slice(piece);
            if !is_forced {
                note(&mut self.logprobs, ANSWER.to_owned(), logprob);
            }
            return Ok(());
        }
        let mut leaf = None;
        for byte in piece {
            let step = self.scanner.push(*byte);
            if step.opened_line.is_some() {
                self.line_start = self.bytes.len();
            }
            self.bytes.push(*byte);
            if step.leaf && leaf.is_none() {
                leaf = Some(self.scanner.path());
            }
            if let Some(depth) = step.closed_line {
                self.close_line(depth);
            }
            if step.closed_list {
                self.lines.clear();
                self.closing = None;
            }
        }
        if let Some(field) = leaf.filter(|_| !is_forced) {
            note(&mut self.logprobs, field, logprob);
        }
        Ok(())
    }

    fn close_line(&mut self, depth: usize) {
        self.lines.push(self.bytes[self.line_start..].to_vec());
        if self.closing.is_none()
            && let Some(removed) = repeated_lines(&self.lines)
        {
            self.closing = Some(depth);
            let kept = (self.lines.len() - removed) as u32;
            let field = self.scanner.path_to(depth);
            self.repetitions.push(Repetition {
                field,
                kept,
                removed: removed as u32,
            });
        }
    }

    /// The answer's object with repeated lines removed.
    fn fields(&self, raw_text: &str) -> Result<Fields, Failure> {
        let parsed = match self.is_scalar {
            true => serde_json::from_str(raw_text)
                .map(|value| Fields::from_iter([(ANSWER.to_owned(), value)])),
            false => serde_json::from_str(raw_text),
        };
        let mut fields = parsed.map_err(|error| {
            failure(
                Reason::OutputCutOff,
                format!("the answer {}", json_problem(&error)),
                raw_text.to_owned(),
            )
        })?;
        for repetition in &self.repetitions {
            if let Some(Value::Array(list)) = fields.get_mut(&repetition.field) {
                list.truncate(repetition.kept as usize);
            }
        }
        Ok(fields)
    }

    /// The log-probabilities without those of removed lines.
    fn kept_logprobs(&self) -> Vec<FieldLogprob> {
        let is_removed = |field: &str| {
            self.repetitions.iter().any(|repetition| {
                let path = FieldPath::parse(field);
                path.root() == repetition.field
                    && path
                        .line()
                        .is_some_and(|line| line >= repetition.kept as usize)
            })
        };
        self.logprobs
            .iter()
            .filter(|p| !is_removed(&p.field))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests;
