//! Makes a server's answer a reading, or a failure that keeps the answer's text.

use std::time::Duration;

use serde_json::Value;

use super::super::json::Scanner;
use super::super::logprobs::note;
use super::super::repeat::repeated_lines;
use crate::domain::{Failure, FieldLogprob, FieldPath, Fields, Reading, Reason, Repetition, Usage};

pub fn reading(
    answer: &Value,
    schema: Option<&Value>,
    elapsed: Duration,
) -> Result<Reading, Failure> {
    let usage = usage(answer);
    let fail = |reason: Reason, message: &str, raw_text: Option<&str>| Failure {
        raw_text: raw_text.map(str::to_owned),
        usage,
        ..Failure::new(reason, message)
    };
    let Some(choice) = answer.pointer("/choices/0") else {
        return Err(fail(
            Reason::OutputInvalid,
            "the server's answer holds no choice",
            Some(&answer.to_string()),
        ));
    };
    let text = text(&choice["message"]["content"]);
    if let Some(refusal) = choice["message"]["refusal"].as_str() {
        // The refusal may quote the page: it is kept, but not in the message.
        let message = "the model refused to read the page";
        let words = text.unwrap_or_default() + refusal;
        return Err(fail(Reason::OutputRefused, message, Some(&words)));
    }
    match choice["finish_reason"].as_str() {
        Some("length") => {
            let tokens = usage.unwrap_or_default().output;
            let message = format!("the answer was cut off after {tokens} tokens");
            return Err(fail(Reason::OutputCutOff, &message, text.as_deref()));
        }
        Some("content_filter") => {
            let message = "the server's content filter stopped the answer";
            return Err(fail(Reason::OutputRefused, message, text.as_deref()));
        }
        _ => {}
    }
    let raw_text = text.filter(|text| !text.trim().is_empty());
    let Some(raw_text) = raw_text else {
        return Err(fail(Reason::OutputEmpty, "the model gave no answer", None));
    };
    let counted = usage.unwrap_or_default();
    let mut reading = Reading {
        fields: Fields::new(),
        logprobs: Vec::new(),
        verbatim: false,
        unsure: schema.is_some(),
        repetitions: Vec::new(),
        prompt_tokens: counted.input,
        output_tokens: counted.output,
        forced_tokens: 0,
        // A server does not distinguish the two.
        prefill_seconds: 0.0,
        decode_seconds: elapsed.as_secs_f64(),
        raw_text,
    };
    if let Some(schema) = schema {
        let Some((start, fields)) = object(&reading.raw_text) else {
            let message = "the answer is not a JSON object";
            return Err(fail(
                Reason::OutputInvalid,
                message,
                Some(&reading.raw_text),
            ));
        };
        reading.fields = fields;
        if let Some(logprobs) = logprobs(choice, &reading.raw_text, start) {
            reading.logprobs = logprobs;
            // A value that is missing from the answer has no log-probability.
            reading.unsure = !is_whole(&reading.fields, schema);
        }
        close_repeating_lists(&mut reading);
    }
    Ok(reading)
}

/// Whether the answer has every field that was asked for.
fn is_whole(fields: &Fields, schema: &Value) -> bool {
    let asked = schema["properties"].as_object();
    asked.is_none_or(|asked| asked.keys().all(|field| fields.contains_key(field)))
}

fn usage(answer: &Value) -> Option<Usage> {
    let count = |key: &str| {
        answer["usage"][key]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
    };
    Some(Usage {
        input: count("prompt_tokens")?,
        output: count("completion_tokens").unwrap_or(0),
    })
}

/// A text, or a list of parts that hold one.
fn text(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(
            parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect(),
        ),
        _ => None,
    }
}

/// The answer's object and the byte offset at which it begins. Without a schema a
/// model may put a sentence or a code fence around it.
fn object(text: &str) -> Option<(usize, Fields)> {
    let start = text.find('{')?;
    let end = text.rfind('}')?;
    let object = text.get(start..=end)?;
    Some((start, serde_json::from_str(object).ok()?))
}

/// Lowest log-probability that is kept: below the -9999 that servers give a token
/// that is nearly impossible.
const LEAST_LOGPROB: f32 = -1e4;

/// Log-probabilities by leaf; `None` where the server gave none, or where their
/// tokens are not those of the text.
fn logprobs(choice: &Value, text: &str, start: usize) -> Option<Vec<FieldLogprob>> {
    let tokens = choice.pointer("/logprobs/content")?.as_array()?;
    let mut scanner = Scanner::new();
    let mut logprobs = Vec::new();
    let mut at = 0;
    for token in tokens {
        let piece = bytes(token)?;
        // Without the limit a sum may become infinite.
        let logprob = (token["logprob"].as_f64()? as f32).clamp(LEAST_LOGPROB, 0.0);
        let known = text.as_bytes().get(at..).unwrap_or_default();
        // Control tokens after the end are not part of the text.
        if known.is_empty() {
            break;
        }
        if !known.starts_with(&piece) {
            return None;
        }
        let mut leaf = None;
        for (index, byte) in piece.iter().enumerate() {
            if at + index < start {
                continue;
            }
            if scanner.push(*byte).leaf && leaf.is_none() {
                leaf = Some(scanner.path());
            }
        }
        at += piece.len();
        if let Some(field) = leaf {
            note(&mut logprobs, field, logprob);
        }
    }
    (at == text.len()).then_some(logprobs)
}

/// A token may be part of a character: its bytes are exact, its text is not.
fn bytes(token: &Value) -> Option<Vec<u8>> {
    match &token["bytes"] {
        Value::Array(bytes) => bytes
            .iter()
            .map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()))
            .collect(),
        _ => Some(token["token"].as_str()?.as_bytes().to_vec()),
    }
}

/// Removes and reports the repeated lines at the end of a list, as the local decoder
/// does.
fn close_repeating_lists(reading: &mut Reading) {
    for (field, value) in &mut reading.fields {
        let Value::Array(lines) = value else { continue };
        let end = (1..=lines.len()).find_map(|end| Some((end, repeated_lines(&lines[..end])?)));
        let Some((end, repeated)) = end else { continue };
        let kept = end - repeated;
        reading.repetitions.push(Repetition {
            field: field.clone(),
            kept: kept as u32,
            removed: (lines.len() - kept) as u32,
        });
        lines.truncate(kept);
        let is_kept = |leaf: &str| {
            let path = FieldPath::parse(leaf);
            path.root() != field.as_str() || path.line().is_none_or(|line| line < kept)
        };
        reading.logprobs.retain(|logprob| is_kept(&logprob.field));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &Value) -> Result<Reading, Failure> {
        reading(answer, Some(&json!({})), Duration::from_secs(1))
    }

    fn answer(content: &str, tokens: &[(&str, f64)]) -> Value {
        let tokens: Vec<_> = tokens
            .iter()
            .map(|(token, logprob)| json!({"token": token, "bytes": token.as_bytes(), "logprob": logprob}))
            .collect();
        json!({
            "choices": [{"message": {"content": content}, "finish_reason": "stop",
                         "logprobs": {"content": tokens}}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7},
        })
    }

    #[test]
    fn log_probabilities_belong_to_the_leaf_that_their_token_touches_first() {
        let tokens = [
            ("{\"", -9.0),
            ("a", -9.0),
            ("\":\"", -0.5),
            ("x", -0.25),
            ("\",\"b\":", -0.125),
            (" null", -1.0),
            ("}", -9.0),
            ("</s>", -9.0),
        ];
        let reading = read(&answer("{\"a\":\"x\",\"b\": null}", &tokens)).unwrap();
        let logprobs: Vec<_> = reading
            .logprobs
            .iter()
            .map(|p| (p.field.as_str(), p.sum, p.min, p.tokens))
            .collect();
        assert_eq!(logprobs, [("a", -0.875, -0.5, 3), ("b", -1.0, -1.0, 1)]);
        assert!(!reading.unsure);
        assert_eq!((reading.prompt_tokens, reading.output_tokens), (11, 7));
    }

    #[test]
    fn log_probabilities_that_are_missing_or_of_another_text_are_not_believed() {
        let foreign = read(&answer("{\"a\":1}", &[("{\"b\":1}", -0.1)])).unwrap();
        let short = read(&answer("{\"a\":1}", &[("{\"a", -0.1)])).unwrap();
        let mut none = answer("{\"a\":1}", &[]);
        none["choices"][0]["logprobs"] = Value::Null;
        for reading in [foreign, short, read(&none).unwrap()] {
            assert!(reading.unsure && reading.logprobs.is_empty(), "{reading:?}");
        }
    }

    #[test]
    fn a_field_that_was_left_out_has_no_confidence() {
        let schema = json!({"properties": {"a": {}, "b": {}}});
        let answer = answer(
            "{\"a\":1}",
            &[("{\"a\":", -0.1), ("1", -1e300), ("}", -0.1)],
        );
        let reading = reading(&answer, Some(&schema), Duration::ZERO).unwrap();
        assert!(reading.unsure);
        assert_eq!(reading.logprobs[0].sum, LEAST_LOGPROB);
    }

    #[test]
    fn an_object_is_found_within_a_fence_and_its_log_probabilities_with_it() {
        let tokens = [
            ("```json\n{\"", -9.0),
            ("a\":", -9.0),
            ("1", -0.5),
            ("}\n```", -9.0),
        ];
        let reading = read(&answer("```json\n{\"a\":1}\n```", &tokens)).unwrap();
        assert_eq!(reading.fields["a"], 1);
        assert_eq!(reading.logprobs[0].sum, -0.5);
        assert!(reading.raw_text.starts_with("```"));
    }

    #[test]
    fn what_is_cut_off_refused_empty_or_no_object_is_a_failure_that_keeps_what_was_written() {
        let with = |pointer: &str, value: Value| {
            let mut answer = answer("{\"a\":\"ha", &[]);
            *answer.pointer_mut(pointer).unwrap() = value;
            read(&answer).unwrap_err()
        };
        let cut = with("/choices/0/finish_reason", json!("length"));
        assert_eq!(cut.reason, Reason::OutputCutOff);
        assert_eq!(cut.raw_text.as_deref(), Some("{\"a\":\"ha"));
        assert_eq!(
            cut.usage,
            Some(Usage {
                input: 11,
                output: 7
            })
        );
        let filtered = with("/choices/0/finish_reason", json!("content_filter"));
        assert_eq!(filtered.reason, Reason::OutputRefused);
        let refused = with(
            "/choices/0/message",
            json!({"content": null, "refusal": "I cannot"}),
        );
        assert_eq!(refused.reason, Reason::OutputRefused);
        assert_eq!(refused.raw_text.as_deref(), Some("I cannot"));
        assert_eq!(
            with("/choices/0/message/content", json!("  ")).reason,
            Reason::OutputEmpty
        );
        assert_eq!(
            with("/choices/0/finish_reason", json!("stop")).reason,
            Reason::OutputInvalid
        );
        assert_eq!(with("/choices", json!([])).reason, Reason::OutputInvalid);
    }

    #[test]
    fn a_repeating_list_is_closed_and_reported_as_a_local_one() {
        let lines: Vec<Value> = ["1", "2", "3", "3", "3", "3", "3"]
            .iter()
            .map(|n| json!({"amount": n}))
            .collect();
        let content = json!({"items": lines, "total": "1"}).to_string();
        let reading = read(&answer(&content, &[])).unwrap();
        assert_eq!(reading.fields["items"].as_array().unwrap().len(), 3);
        let repetition = &reading.repetitions[0];
        assert_eq!((repetition.kept, repetition.removed), (3, 4));
    }

    #[test]
    fn a_free_answer_is_a_text_without_fields() {
        let free = reading(&answer("It is a cat.", &[]), None, Duration::ZERO).unwrap();
        assert_eq!(free.raw_text, "It is a cat.");
        assert!(free.fields.is_empty() && !free.unsure);
    }
}
