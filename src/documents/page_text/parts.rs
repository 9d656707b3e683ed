//! Divides pages longer than a reader's context into overlapping parts and joins
//! their readings. Every line is in at least one part.

use std::ops::Range;

use serde_json::Value;

use crate::domain::{FieldLogprob, FieldPath, Reading};

/// Lines that a part repeats of the previous one, so that a value of several lines is
/// complete in one of them.
const OVERLAP: usize = 6;

/// Ranges of lines (from 0) with at most `max_bytes` bytes, line breaks included; a
/// longer line is a part of its own.
pub fn split(lines: &[String], max_bytes: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while start < lines.len() {
        let mut bytes = 0;
        let fitting = lines[start..].iter().take_while(|line| {
            bytes += line.len() + 1;
            bytes <= max_bytes
        });
        let end = start + fitting.count().max(1);
        parts.push(start..end);
        if end == lines.len() {
            break;
        }
        // Each part advances by at least one line.
        start = end.saturating_sub(OVERLAP).max(start + 1);
    }
    parts
}

/// Joins the readings of all parts, in their order: of each field the value with the
/// highest probability, of lists all lines, those of an overlap once. `None` without
/// readings.
pub fn join(parts: Vec<Reading>) -> Option<Reading> {
    parts.into_iter().reduce(|mut whole, part| {
        let mut logprobs = part.logprobs;
        for (name, value) in part.fields {
            match (whole.fields.get_mut(&name), value) {
                (Some(Value::Array(rows)), Value::Array(more)) => {
                    let known = repeated(rows, &more);
                    let offset = rows.len() - known;
                    rows.extend(more.into_iter().skip(known));
                    logprobs.retain_mut(|logprob| {
                        let path = FieldPath::parse(&logprob.field);
                        let Some(line) = path.line().filter(|_| path.root() == name) else {
                            return true;
                        };
                        logprob.field = path.shifted(offset).to_string();
                        line >= known
                    });
                }
                (Some(known), value) => {
                    let better = replaces(known, &value, &whole.logprobs, &logprobs, &name);
                    let of_field = logprobs.iter().position(|p| p.field == name);
                    let of_field = of_field.map(|at| logprobs.remove(at));
                    if better {
                        *known = value;
                        whole.logprobs.retain(|p| p.field != name);
                        whole.logprobs.extend(of_field);
                    }
                }
                (None, value) => drop(whole.fields.insert(name, value)),
            }
        }
        whole.logprobs.extend(logprobs);
        whole.raw_text.push('\n');
        whole.raw_text.push_str(&part.raw_text);
        whole.unsure |= part.unsure;
        whole.repetitions.extend(part.repetitions);
        whole.prompt_tokens += part.prompt_tokens;
        whole.output_tokens += part.output_tokens;
        whole.forced_tokens += part.forced_tokens;
        whole.prefill_seconds += part.prefill_seconds;
        whole.decode_seconds += part.decode_seconds;
        whole
    })
}

/// Whether another part's value is preferred: to a null always, otherwise with a
/// higher probability.
fn replaces(
    known: &Value,
    value: &Value,
    of_known: &[FieldLogprob],
    of_value: &[FieldLogprob],
    name: &str,
) -> bool {
    let sum = |all: &[FieldLogprob]| {
        let of_field = all.iter().find(|p| p.field == name);
        of_field.map_or(f32::NEG_INFINITY, |p| p.sum / p.tokens.max(1) as f32)
    };
    match (known.is_null(), value.is_null()) {
        (_, true) => false,
        (true, false) => true,
        (false, false) => sum(of_value) > sum(of_known),
    }
}

/// Number of rows at the end of `before` that are also at the start of `after`.
fn repeated<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    (1..=before.len().min(after.len()))
        .rev()
        .find(|count| before[before.len() - count..] == after[..*count])
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("line {n:03}")).collect()
    }

    #[test]
    fn a_short_page_is_one_part() {
        assert_eq!(split(&lines(3), 1000).len(), 1);
        assert!(split(&[], 1000).is_empty());
    }

    #[test]
    fn parts_overlap_and_leave_no_line_out() {
        let parts = split(&lines(40), 9 * 15);
        assert_eq!(parts[0], 0..15);
        assert_eq!(parts[1].start, 9);
        assert_eq!(parts.last().unwrap().end, 40);
        assert!(parts.windows(2).all(|pair| pair[1].start < pair[0].end));
    }

    #[test]
    fn a_line_longer_than_a_part_does_not_stop_it() {
        let mut long = lines(3);
        long[1] = "x".repeat(500);
        let parts = split(&long, 20);
        assert_eq!(parts.last().unwrap().end, 3);
        assert!(parts.contains(&(1..2)));
    }

    #[test]
    fn rows_of_the_overlap_are_counted_once() {
        assert_eq!(repeated(&[1, 2, 3], &[2, 3, 4]), 2);
        assert_eq!(repeated(&[1, 2], &[3]), 0);
        assert_eq!(repeated::<u8>(&[], &[]), 0);
    }

    fn reading(fields: Value, logprobs: &[(&str, f32)]) -> Reading {
        let logprob = |(field, sum): &(&str, f32)| FieldLogprob {
            field: (*field).to_owned(),
            sum: *sum,
            min: *sum,
            tokens: 1,
        };
        Reading {
            raw_text: "x".into(),
            fields: fields.as_object().unwrap().clone(),
            logprobs: logprobs.iter().map(logprob).collect(),
            verbatim: false,
            unsure: false,
            repetitions: Vec::new(),
            prompt_tokens: 10,
            output_tokens: 5,
            forced_tokens: 2,
            prefill_seconds: 1.0,
            decode_seconds: 0.5,
        }
    }

    #[test]
    fn parts_become_one_reading() {
        let first = reading(
            json!({"name": "A", "total": null, "items": [{"a": "1"}, {"a": "2"}]}),
            &[
                ("name", -0.1),
                ("total", -0.3),
                ("items[0].a", -0.1),
                ("items[1].a", -0.2),
            ],
        );
        let second = reading(
            json!({"name": "B", "total": "9", "items": [{"a": "2"}, {"a": "3"}]}),
            &[
                ("name", -2.0),
                ("total", -0.2),
                ("items[0].a", -0.4),
                ("items[1].a", -0.5),
            ],
        );
        let whole = join(vec![first, second]).unwrap();
        assert_eq!(
            Value::Object(whole.fields),
            json!({"name": "A", "total": "9", "items": [{"a": "1"}, {"a": "2"}, {"a": "3"}]})
        );
        let mut logprobs: Vec<_> = whole
            .logprobs
            .iter()
            .map(|p| (p.field.as_str(), p.sum))
            .collect();
        logprobs.sort_by(|a, b| a.0.cmp(b.0));
        let expected = [
            ("items[0].a", -0.1),
            ("items[1].a", -0.2),
            ("items[2].a", -0.5),
            ("name", -0.1),
            ("total", -0.2),
        ];
        assert_eq!(logprobs, expected);
        assert_eq!((whole.prompt_tokens, whole.raw_text.as_str()), (20, "x\nx"));
        assert!(join(Vec::new()).is_none());
    }
}
