//! Makes the grammar of a page: each value is `null` or one of the page's pieces.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{AnswerMember, Copy, Pieces};

/// The grammar in llguidance's Lark form.
pub fn grammar(members: &[AnswerMember], pieces: &Pieces) -> String {
    let mut rules = Rules {
        pieces,
        text: String::new(),
        lengths: BTreeSet::new(),
        lists: 0,
    };
    let mut start = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let open = if index == 0 { "{" } else { "," };
        match member {
            AnswerMember::Value(name, copy) => {
                start.push(literal(&format!("{open}\"{name}\":")));
                start.push(rules.value(copy));
            }
            AnswerMember::List {
                name,
                max_rows,
                columns,
            } => {
                start.push(literal(&format!("{open}\"{name}\":[")));
                start.push(rules.list(columns, *max_rows));
                start.push(literal("]"));
            }
        }
    }
    start.push(literal("}"));
    format!("start: {}\n{}", start.join(" "), rules.finish())
}

/// Longest text that answers a question, in characters.
const MAX_ANSWER: u64 = 300;

/// The grammar of the answer to a question: `null`, `true`, `false`, a count, or
/// a text that the page has.
pub fn answer_grammar(pieces: &Pieces) -> String {
    let mut rules = Rules {
        pieces,
        text: String::new(),
        lengths: BTreeSet::new(),
        lists: 0,
    };
    let text = rules.value(&Copy::Text(MAX_ANSWER));
    format!(
        "start: {text} | \"true\" | \"false\" | COUNT\nCOUNT: /0|[1-9][0-9]{{0,2}}/\n{}",
        rules.finish()
    )
}

struct Rules<'a> {
    pieces: &'a Pieces,
    text: String,
    lengths: BTreeSet<u64>,
    lists: usize,
}

impl Rules<'_> {
    /// The name of the rule for a value, or its alternatives.
    fn value(&mut self, copy: &Copy) -> String {
        match copy {
            Copy::Text(_) if self.pieces.runs.is_empty() => "NULL".into(),
            Copy::Text(most) => {
                self.lengths.insert(*most);
                format!("(NULL | \"\\\"\" TEXT{most} \"\\\"\")")
            }
            Copy::Date => "DATE".into(),
            Copy::Amount => "AMOUNT".into(),
            Copy::Number => "NUMBER".into(),
            Copy::Currency => "CURRENCY".into(),
            Copy::Iban => "IBAN".into(),
            Copy::Bic => "BIC".into(),
            Copy::VatId => "VAT_ID".into(),
            Copy::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                format!("(NULL | {})", words.join(" | "))
            }
        }
    }

    fn list(&mut self, columns: &[(String, Copy)], max_rows: u64) -> String {
        let values: Vec<String> = columns.iter().map(|(_, copy)| self.value(copy)).collect();
        let name = format!("row{}", self.lists);
        self.lists += 1;
        let row = values.join(&format!(" {} ", literal(",")));
        self.text.push_str(&format!("{name}: \"[\" {row} \"]\"\n"));
        let more = max_rows.saturating_sub(1);
        format!("({name} (\",\" {name}){{0,{more}}})?")
    }

    fn finish(mut self) -> String {
        let choices = |pieces: &BTreeSet<String>| {
            let quoted: Vec<String> = pieces.iter().map(|piece| quoted(piece)).collect();
            [vec!["\"null\"".to_owned()], quoted].concat().join(" | ")
        };
        self.text.push_str("NULL: \"null\"\n");
        for (name, pieces) in [
            ("DATE", &self.pieces.dates),
            ("AMOUNT", &self.pieces.amounts),
            ("NUMBER", &self.pieces.numbers),
            ("CURRENCY", &self.pieces.currencies),
            ("IBAN", &self.pieces.ibans),
            ("BIC", &self.pieces.bics),
            ("VAT_ID", &self.pieces.vat_ids),
        ] {
            self.text
                .push_str(&format!("{name}: {}\n", choices(pieces)));
        }
        let runs = json!({"substring_chunks": chunks(&self.pieces.runs)});
        if !self.lengths.is_empty() {
            self.text.push_str(&format!("PIECE: %regex {runs}\n"));
        }
        for most in &self.lengths {
            // A copy begins and ends with a word or a mark, within one run.
            self.text.push_str(&format!(
                "TEXT{most}: PIECE & /[^\\s\"](.{{0,{}}}[^\\s\"])?/\n",
                most.saturating_sub(2)
            ));
        }
        self.text
    }
}

/// Words, marks and spaces of each run, with line breaks between runs, which no copy
/// contains.
fn chunks(runs: &[String]) -> Vec<String> {
    let mut chunks = Vec::new();
    for run in runs {
        let mut chunk = String::new();
        for c in run.chars() {
            let joins = c.is_alphanumeric() && chunk.chars().all(char::is_alphanumeric);
            if !joins && !chunk.is_empty() {
                chunks.push(std::mem::take(&mut chunk));
            }
            chunk.push(c);
        }
        chunks.push(chunk);
        chunks.push("\n".into());
    }
    chunks
}

fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

/// A JSON string as a literal of the grammar.
fn quoted(text: &str) -> String {
    literal(&Value::from(text).to_string())
}

#[cfg(test)]
mod tests;
