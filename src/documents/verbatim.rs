//! Verbatim answers: each value is `null` or a copy of the page's text. The
//! grammar of a page allows nothing else, so no value is invented and each
//! has its place on the page.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a value of an answer may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copy {
    /// Whole words of the page, at most so many characters.
    Text(u64),
    Date,
    Number,
    Currency,
    /// One of the schema's words, which need not stand on the page.
    OneOf(Vec<String>),
}

/// One member of an answer, in the order in which the reader writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Member {
    Value(String, Copy),
    /// A list of rows; a row is an array of values without keys.
    List {
        name: String,
        max_rows: u64,
        columns: Vec<(String, Copy)>,
    },
}

/// The pieces of a page that values may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    pub dates: BTreeSet<String>,
    pub numbers: BTreeSet<String>,
    pub currencies: BTreeSet<String>,
    /// Text that words are copied from, one run of words each.
    pub runs: Vec<String>,
}

/// The grammar in llguidance's Lark form.
pub fn grammar(members: &[Member], pieces: &Pieces) -> String {
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
            Member::Value(name, copy) => {
                start.push(literal(&format!("{open}\"{name}\":")));
                start.push(rules.value(copy));
            }
            Member::List {
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
            Copy::Number => "NUMBER".into(),
            Copy::Currency => "CURRENCY".into(),
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
            ("NUMBER", &self.pieces.numbers),
            ("CURRENCY", &self.pieces.currencies),
        ] {
            self.text
                .push_str(&format!("{name}: {}\n", choices(pieces)));
        }
        let runs = json!({"substring_chunks": chunks(&self.pieces.runs)});
        if !self.lengths.is_empty() {
            self.text.push_str(&format!("PIECE: %regex {runs}\n"));
        }
        for most in &self.lengths {
            // A copy begins and ends with a word or a mark, and stays in its run.
            self.text.push_str(&format!(
                "TEXT{most}: PIECE & /[^\\s\"](.{{0,{}}}[^\\s\"])?/\n",
                most.saturating_sub(2)
            ));
        }
        self.text
    }
}

/// Words, marks and spaces of each run, with line breaks between runs, over
/// which no copy goes.
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

/// Rows become objects with the list's columns as keys.
pub fn with_keys(members: &[Member], mut fields: Map<String, Value>) -> Map<String, Value> {
    for member in members {
        let Member::List { name, columns, .. } = member else {
            continue;
        };
        let Some(Value::Array(rows)) = fields.get_mut(name) else {
            continue;
        };
        for row in rows {
            if let Value::Array(values) = row {
                let names = columns.iter().map(|(name, _)| name.clone());
                *row = Value::Object(names.zip(std::mem::take(values)).collect());
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use llguidance::api::TopLevelGrammar;
    use llguidance::toktrie::ApproximateTokEnv;
    use llguidance::{Matcher, ParserFactory};

    fn pieces() -> Pieces {
        let set = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        Pieces {
            dates: set(&["15/06/2016", "15 JUN 2016"]),
            numbers: set(&["1", "12.00", "1,200.00"]),
            currencies: set(&["RM"]),
            runs: vec![
                "ABC (M) SDN. BHD.  TAX INVOICE No 3, Jalan Ü 'X'".into(),
                "Left col Second".into(),
            ],
        }
    }
    fn members() -> Vec<Member> {
        vec![
            Member::Value("name".into(), Copy::Text(40)),
            Member::Value("date".into(), Copy::Date),
            Member::Value("kind".into(), Copy::OneOf(vec!["a".into(), "b".into()])),
            Member::Value("total".into(), Copy::Number),
            Member::List {
                name: "items".into(),
                max_rows: 3,
                columns: vec![("d".into(), Copy::Text(20)), ("n".into(), Copy::Number)],
            },
        ]
    }
    fn accepts(answer: &str) -> bool {
        let mut factory = ParserFactory::new_simple(&ApproximateTokEnv::single_byte_env()).unwrap();
        factory.quiet();
        let g = grammar(&members(), &pieces());
        let parser = factory
            .create_parser(TopLevelGrammar::from_lark(g.clone()))
            .unwrap_or_else(|e| panic!("{e:#}\n{g}"));
        let mut m = Matcher::new(Ok(parser));
        let tokens: Vec<u32> = answer.bytes().map(u32::from).collect();
        m.try_consume_tokens(&tokens).unwrap() == tokens.len() && m.is_accepting().unwrap()
    }
    #[test]
    fn only_pieces_of_the_page_are_allowed() {
        let t = |name: &str, date: &str, total: &str, items: &str| {
            accepts(&format!(
                "{{\"name\":{name},\"date\":{date},\"kind\":\"a\",\"total\":{total},\"items\":[{items}]}}"
            ))
        };
        assert!(t("null", "null", "null", ""));
        assert!(t(
            "\"ABC (M) SDN. BHD.\"",
            "\"15/06/2016\"",
            "\"12.00\"",
            "[\"TAX INVOICE\",\"1\"],[null,null]"
        ));
        assert!(t("\"col Second\"", "null", "null", ""));
        assert!(!t("\"ABX\"", "null", "null", ""));
        assert!(!t("\"BC (M)\"", "null", "null", ""));
        assert!(!t("\"ABC \"", "null", "null", ""));
        assert!(!t("\"ABC\"", "\"15/06/2017\"", "null", ""));
        assert!(!t("\"ABC\"", "null", "\"12\"", ""));
        assert!(!t("\"'X' Left\"", "null", "null", ""));
        assert!(
            !t(
                "\"ABC (M) SDN. BHD.  TAX INVOICE No 3, Jalan Ü 'X'\"",
                "null",
                "null",
                ""
            ),
            "too long"
        );
        assert!(!t(
            "null",
            "null",
            "null",
            "[null,null],[null,null],[null,null],[null,null]"
        ));
    }
}
