use std::fs;

use super::*;
use crate::domain::PageRule;

#[test]
fn the_built_in_types_load_and_other_is_only_recognised() {
    let types = DocTypes::load(None).unwrap();
    let names: Vec<_> = types.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["receipt", "invoice", "screenshot", "other"]);
    let readable: Vec<_> = types.readable().map(|t| t.name.as_str()).collect();
    assert_eq!(readable, ["receipt", "invoice", "screenshot"]);
    let invoice = types.get("invoice").unwrap().read.as_ref().unwrap();
    assert!(
        matches!(&invoice.pages, PageRule::Merge { key: Some(key), .. } if key == "invoice_number")
    );
    assert_eq!(invoice.prompts.len(), 3);
    assert!(types.get("other").unwrap().labels.len() > 1);
}

const TICKET: &str = r#"{"type": "object", "properties": {"fare": {"type": ["string", "null"]}},
    "x-docmill": {"labels": ["a train ticket"]}}"#;

#[test]
fn two_files_in_a_folder_add_a_type_and_one_of_the_same_name_replaces_a_built_in_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("schemas")).unwrap();
    fs::write(dir.path().join("schemas/ticket.json"), TICKET).unwrap();
    fs::write(dir.path().join("ticket.md"), "Read the ticket.").unwrap();
    fs::write(dir.path().join("receipt.md"), "Mine.").unwrap();
    let types = DocTypes::load(Some(dir.path())).unwrap();
    assert_eq!(
        types.get("ticket").unwrap().labels,
        [("ticket".to_owned(), vec!["a train ticket".to_owned()])]
    );
    let receipt = types.get("receipt").unwrap().read.as_ref().unwrap();
    let plain = receipt
        .prompts
        .iter()
        .find(|prompt| prompt.variant.is_empty())
        .unwrap();
    assert_eq!(plain.template, "Mine.");
}

#[test]
fn an_invalid_type_is_an_error_with_its_file_and_the_remedy() {
    let cases = [
        ("not json", "not valid JSON"),
        (r#"{"type": "object"}"#, "`x-docmill` is missing"),
        (
            r#"{"x-docmill": {"labels": []}}"#,
            "`x-docmill.labels` is empty",
        ),
        (
            r#"{"x-docmill": {"labels": ["a"], "page": "each"}}"#,
            "unknown field `page`",
        ),
        (
            r#"{"x-docmill": {"labels": ["a"]}}"#,
            "`properties` is missing",
        ),
        (
            r#"{"properties": {"a": {}}, "x-docmill": {"labels": ["a"], "required": ["b"]}}"#,
            "names `b`, which is not in `properties`",
        ),
        (
            r#"{"properties": {"a": {"type": 3}}, "x-docmill": {"labels": ["a"]}}"#,
            "not a valid JSON Schema",
        ),
        (
            r#"{"properties": {"summe.brutto": {}}, "x-docmill": {"labels": ["a"]}}"#,
            "the field `summe.brutto` needs a name",
        ),
        (
            r#"{"properties": {"a": {"type": "array", "items": {"properties": {"händler": {}}}}}, "x-docmill": {"labels": ["a"]}}"#,
            "the field `händler` needs a name",
        ),
        (
            r#"{"properties": {"a": {"format": "amout"}}, "x-docmill": {"labels": ["a"]}}"#,
            "`a` has the unknown format `amout`",
        ),
        (
            r#"{"properties": {"a": {"format": "date"}, "b": {"type": "string"}},
                "x-docmill": {"labels": ["a"], "checks": [{"order": {"earlier": "a", "later": "b"}}]}}"#,
            "the check `order` over `b` needs dates",
        ),
        (
            r#"{"properties": {"a": {"type": "integer"}, "b": {"format": "date"}},
                "x-docmill": {"labels": ["a"], "checks": [{"any_of": [{"sum": {"of": ["a"], "equals": "b"}}]}]}}"#,
            "the check `sum` over `b` needs numbers",
        ),
        (
            r#"{"properties": {"a": {"type": "integer"}},
                "x-docmill": {"labels": ["a"], "checks": [{"sum": {"of": ["a"], "equals": "a", "tolerance": "1 %"}}]}}"#,
            "tolerance `1 %`",
        ),
    ];
    for (schema, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.json"), schema).unwrap();
        fs::write(dir.path().join("x.md"), "Read it.").unwrap();
        let error = format!("{:#}", DocTypes::load(Some(dir.path())).unwrap_err());
        assert!(
            error.contains("x.json") && error.contains(expected),
            "{schema}: {error}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x.json"), TICKET).unwrap();
    let error = format!("{:#}", DocTypes::load(Some(dir.path())).unwrap_err());
    assert!(error.contains("add prompts/x.md"), "{error}");
}
