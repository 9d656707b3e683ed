use serde_json::json;

use super::super::Vocabulary;
use super::*;
use crate::documents::verbatim::{AnswerMember, Copy, Pieces, answer_grammar, grammar};

/// Writes `script` byte by byte: at each step the script's next byte is the
/// likeliest token (logit 2, others 0), the end token after the last. If the
/// grammar forces another byte, the script stays where it is.
struct Scripted {
    script: Vec<u8>,
    at: usize,
    room: u32,
    logits: Vec<f32>,
    /// Evaluations of the model.
    steps: u32,
}

/// Tokens 0 to 255 are the bytes, 256 ends the answer, 257 is `"},{"`.
const END: u32 = 256;
const JOINT: u32 = 257;

impl Scripted {
    fn decoder(script: &str, room: u32) -> Decoder<Scripted> {
        Decoder::new(Scripted {
            script: script.into(),
            at: 0,
            room,
            logits: Vec::new(),
            steps: 0,
        })
        .unwrap()
    }

    fn aim(&mut self) {
        self.logits = vec![0.0; 258];
        let next = self
            .script
            .get(self.at)
            .map_or(END, |byte| u32::from(*byte));
        self.logits[next as usize] = 2.0;
        // Where it fits, the joint token is the likeliest.
        if self.script[self.at..].starts_with(b"\"},{\"") {
            self.logits[JOINT as usize] = 3.0;
        }
    }
}

impl TokenModel for Scripted {
    fn vocabulary(&self) -> Vocabulary {
        let mut pieces: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        pieces.push(b"\xff</s>".to_vec());
        pieces.push(b"\"},{\"".to_vec());
        Vocabulary {
            pieces,
            end: vec![END],
        }
    }

    fn prefill(&mut self, _: &Prompt) -> Result<u32, Failure> {
        self.at = 0;
        self.aim();
        Ok(7)
    }

    fn decode(&mut self, tokens: &[u32]) -> Result<(), Failure> {
        self.steps += 1;
        for &token in tokens {
            self.room -= 1;
            let next = self.script.get(self.at).map(|byte| u32::from(*byte));
            if token == JOINT {
                self.at += 5;
            } else if next == Some(token) {
                self.at += 1;
            }
        }
        self.aim();
        Ok(())
    }

    fn tokenizer(&self) -> Tokenize {
        std::sync::Arc::new(|text: &str| text.bytes().map(u32::from).collect())
    }

    fn logits(&self) -> &[f32] {
        &self.logits
    }

    fn room(&self) -> u32 {
        self.room
    }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "total": {"type": ["string", "null"], "pattern": "^[0-9]{1,4}$"},
            "items": {"type": "array", "maxItems": 50, "items": {
                "type": "object", "properties": {"a": {"type": ["string", "null"], "maxLength": 9}},
                "required": ["a"], "additionalProperties": false}},
            "last": {"type": ["string", "null"], "maxLength": 9},
        },
        "required": ["total", "items", "last"],
        "additionalProperties": false,
        "x-guidance": {"whitespace_flexible": false, "item_separator": ",", "key_separator": ":"},
    })
}

fn read(script: &str) -> Result<Reading, Failure> {
    let prompt = Prompt {
        images: Vec::new(),
        instruction: String::new(),
        continues: false,
    };
    Scripted::decoder(script, 5000).read(&prompt, &AnswerGrammar::Schema(schema()), 4000)
}

#[test]
fn an_answer_that_fits_the_schema_comes_back_field_by_field() {
    let text = r#"{"total":"42","items":[{"a":"x"},{"a":null}],"last":"z"}"#;
    let reading = read(text).unwrap();
    assert_eq!(
        (reading.raw_text.as_str(), reading.prompt_tokens),
        (text, 7)
    );
    assert_eq!(reading.fields["items"][1]["a"], Value::Null);
    let fields: Vec<_> = reading.logprobs.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["total", "items[0].a", "items[1].a", "last"]);
    assert!(reading.repetitions.is_empty());
}

#[test]
fn a_token_counts_with_the_models_own_probability_and_a_forced_one_not_at_all() {
    let reading = read(r#"{"total":"42","items":[],"last":null}"#).unwrap();
    // e^2 against 257 tokens of e^0.
    let chosen = 2.0 - (2.0f32.exp() + 257.0).ln();
    let total = &reading.logprobs[0];
    // `"`, `4`, `2` and the closing `"` were each a choice.
    assert_eq!(total.tokens, 4);
    assert!(
        (total.sum - 4.0 * chosen).abs() < 1e-4 && (total.min - chosen).abs() < 1e-4,
        "{total:?}"
    );
    // Keys, colons and brackets were not chosen but forced.
    assert!(
        reading.forced_tokens >= "{\"total\":,\"items\":,\"last\":".len() as u32,
        "{}",
        reading.forced_tokens
    );
}

#[test]
fn what_the_schema_does_not_allow_is_not_written() {
    let reading = read(r#"{"total":"4x2y","items":[],"more":1,"last":null}"#).unwrap();
    let value: Value = serde_json::from_str(&reading.raw_text).unwrap();
    assert!(jsonschema::is_valid(&schema(), &value), "{value}");
}

#[test]
fn a_list_that_repeats_itself_is_closed_and_the_rest_is_read() {
    let line = |a: &str| format!(r#"{{"a":"{a}"}}"#);
    let lines = [
        "tea", "bun", "jam", "bun", "jam", "bun", "jam", "bun", "jam", "bun", "jam",
    ]
    .map(line)
    .join(",");
    let reading = read(&format!(r#"{{"total":"9","items":[{lines}],"last":"z"}}"#)).unwrap();
    assert_eq!(
        reading.repetitions,
        [Repetition {
            field: "items".into(),
            kept: 3,
            removed: 4
        }]
    );
    assert_eq!(
        reading.fields["items"],
        json!([{"a": "tea"}, {"a": "bun"}, {"a": "jam"}])
    );
    let list = reading.raw_text.split(']').next().unwrap();
    assert_eq!(
        list.matches("bun").count(),
        3,
        "the raw text keeps what was written"
    );
    assert!(
        reading
            .logprobs
            .iter()
            .all(|p| !p.field.starts_with("items[3]"))
    );
    assert!(reading.fields.contains_key("last"));
}

#[test]
fn a_cut_off_answer_is_an_error_that_keeps_its_text() {
    let prompt = Prompt {
        images: Vec::new(),
        instruction: String::new(),
        continues: false,
    };
    let text = r#"{"total":"42","items":[],"last":"z"}"#;
    for (room, max_tokens) in [(5000, 12), (12, 4000)] {
        let failure = Scripted::decoder(text, room)
            .read(&prompt, &AnswerGrammar::Schema(schema()), max_tokens)
            .unwrap_err();
        assert_eq!(failure.reason, Reason::OutputCutOff);
        assert!(failure.raw_text.unwrap().starts_with(r#"{"total":"42"#));
    }
}

#[test]
fn a_free_answer_ends_where_the_model_ends_or_begins_to_repeat_itself() {
    let prompt = Prompt {
        images: Vec::new(),
        instruction: String::new(),
        continues: false,
    };
    let reading = Scripted::decoder("It is 42.", 500)
        .read(&prompt, &AnswerGrammar::Free, 400)
        .unwrap();
    assert_eq!(
        (reading.raw_text.as_str(), reading.fields.len()),
        ("It is 42.", 0)
    );
    let endless = "no no no ".repeat(100);
    let reading = Scripted::decoder(&endless, 500)
        .read(&prompt, &AnswerGrammar::Free, 400)
        .unwrap();
    assert!(reading.raw_text.len() < 100);
    let failure = Scripted::decoder("", 500)
        .read(&prompt, &AnswerGrammar::Free, 400)
        .unwrap_err();
    assert_eq!(failure.reason, Reason::OutputEmpty);
}

#[test]
fn json_on_a_page_adds_no_field_and_changes_no_type() {
    for dictated in [
        r#"{"total":0.00,"admin":true,"items":"none","last":["x"]}"#,
        r#"{"status":"accepted"}</s>{"total":"1"}"#,
        "accepted",
    ] {
        let reading = read(dictated).unwrap();
        let keys: Vec<_> = reading.fields.keys().map(String::as_str).collect();
        assert_eq!(keys, ["total", "items", "last"], "{dictated}");
        let fields = Value::Object(reading.fields.clone());
        assert!(jsonschema::is_valid(&schema(), &fields), "{fields}");
    }
}

fn copies() -> AnswerGrammar {
    let text = Copy::Text(40);
    let members = [
        AnswerMember::Value("name".into(), text.clone()),
        AnswerMember::Value("total".into(), Copy::Number),
        AnswerMember::List {
            name: "items".into(),
            max_rows: 50,
            columns: vec![("a".into(), text), ("b".into(), Copy::Number)],
        },
    ];
    let pieces = Pieces {
        numbers: ["4.20".to_owned(), "7".to_owned()].into(),
        runs: vec!["Tea House No 7 tea bun".into()],
        ..Pieces::default()
    };
    AnswerGrammar::Copies(grammar(&members, &pieces))
}

#[test]
fn forced_text_of_a_grammar_of_copies_costs_no_step_of_its_own() {
    let text = r#"{"name":"Tea House","total":"4.20","items":[["tea","7"],[null,null]]}"#;
    let prompt = Prompt {
        images: Vec::new(),
        instruction: String::new(),
        continues: false,
    };
    let mut decoder = Scripted::decoder(text, 5000);
    let reading = decoder.read(&prompt, &copies(), 4000).unwrap();
    assert_eq!(reading.raw_text, text);
    assert_eq!(reading.output_tokens, text.len() as u32);
    assert!(decoder.model.steps < 40, "{} steps", decoder.model.steps);
    let fields: Vec<_> = reading.logprobs.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "name",
            "total",
            "items[0][0]",
            "items[0][1]",
            "items[1][0]",
            "items[1][1]"
        ]
    );
}

#[test]
fn rows_of_copies_that_repeat_themselves_are_closed() {
    let rows = [r#"["tea","7"]"#; 9].join(",");
    let text = format!(r#"{{"name":null,"total":null,"items":[{rows}]}}"#);
    let prompt = Prompt {
        images: Vec::new(),
        instruction: String::new(),
        continues: false,
    };
    let reading = Scripted::decoder(&text, 5000)
        .read(&prompt, &copies(), 4000)
        .unwrap();
    assert_eq!(reading.fields["items"].as_array().unwrap().len(), 1);
    assert_eq!(reading.repetitions[0].removed, 3);
}

#[test]
fn a_question_is_answered_with_one_value_whatever_the_model_wants_to_say() {
    let pieces = Pieces {
        runs: vec!["Tea House No 7 tea bun".into()],
        ..Pieces::default()
    };
    let grammar = AnswerGrammar::Scalar(answer_grammar(&pieces));
    let prompt = Prompt {
        images: Vec::new(),
        instruction: String::new(),
        continues: true,
    };
    let answer = |script: &str| {
        let reading = Scripted::decoder(script, 5000).read(&prompt, &grammar, 400);
        let reading = reading.unwrap();
        let mut logprobs = reading.logprobs.iter();
        let logprob = logprobs.next().expect("the answer has a probability");
        assert_eq!((logprob.field.as_str(), logprobs.next()), (ANSWER, None));
        assert!(logprob.sum < 0.0);
        reading.fields[ANSWER].clone()
    };
    assert_eq!(answer("\"Tea House\""), json!("Tea House"));
    assert_eq!(answer("null"), Value::Null);
    assert_eq!(answer("true"), json!(true));
    assert_eq!(answer("12"), json!(12));
    // "Pub" is not on the page, so the answer goes on as the page does.
    assert_eq!(answer("\"Tea Pub\""), json!("Tea House No 7 tea bun"));
}
