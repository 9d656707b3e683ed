use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::ApproximateTokEnv;
use llguidance::{Matcher, ParserFactory};

use super::*;

fn pieces() -> Pieces {
    let set = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    Pieces {
        dates: set(&["15/06/2016", "15 JUN 2016"]),
        numbers: set(&["1", "6", "12.00", "1,200.00"]),
        amounts: set(&["1", "12.00", "1,200.00"]),
        currencies: set(&["RM"]),
        runs: vec![
            "ABC (M) SDN. BHD.  TAX INVOICE No 3, Jalan Ü 'X'".into(),
            "Left col Second".into(),
        ],
        ..Pieces::default()
    }
}
fn members() -> Vec<AnswerMember> {
    vec![
        AnswerMember::Value("name".into(), Copy::Text(40)),
        AnswerMember::Value("date".into(), Copy::Date),
        AnswerMember::Value("kind".into(), Copy::OneOf(vec!["a".into(), "b".into()])),
        AnswerMember::Value("total".into(), Copy::Amount),
        AnswerMember::List {
            name: "items".into(),
            max_rows: 3,
            columns: vec![("d".into(), Copy::Text(20)), ("n".into(), Copy::Number)],
        },
    ]
}
fn accepts(answer: &str) -> bool {
    fits(&grammar(&members(), &pieces()), answer)
}
fn fits(g: &str, answer: &str) -> bool {
    let mut factory = ParserFactory::new_simple(&ApproximateTokEnv::single_byte_env()).unwrap();
    factory.quiet();
    let parser = factory
        .create_parser(TopLevelGrammar::from_lark(g.to_owned()))
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
    assert!(!t("null", "null", "\"6\"", ""));
    assert!(t("null", "null", "null", "[null,\"6\"]"));
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

#[test]
fn a_question_is_answered_by_a_text_of_the_page_a_count_or_a_truth_value() {
    let grammar = answer_grammar(&pieces());
    for answer in [
        "null",
        "true",
        "false",
        "0",
        "12",
        "\"TAX INVOICE\"",
        "\"ABC (M) SDN. BHD.\"",
    ] {
        assert!(fits(&grammar, answer), "{answer}");
    }
    for answer in [
        "",
        "01",
        "1234",
        "\"\"",
        "\"ABX\"",
        "\" ABC\"",
        "[]",
        "{\"a\":1}",
    ] {
        assert!(!fits(&grammar, answer), "{answer}");
    }
    let empty = answer_grammar(&Pieces::default());
    assert!(fits(&empty, "null") && !fits(&empty, "\"a\""));
}
