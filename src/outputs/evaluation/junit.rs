//! The evaluation as JUnit XML, the form that CI systems show: a test suite a
//! document type, a test case for each document and field (a list is one
//! field), and one for whether the document could be read at all.
//!
//! The form is Jenkins's (`testsuites`, `testsuite`, `testcase`, `failure`,
//! `error`); times are seconds.

use std::collections::BTreeMap;
use std::io::Write;

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;

use super::judge::{Document, Leaf, Outcome};
use super::report::Report;
use crate::domain::all_seconds;

/// Lines of a failure's text, at most.
const LINES: usize = 40;

struct Case<'a> {
    document: &'a str,
    name: &'a str,
    seconds: f64,
    /// `failure` or `error`, a sentence, more lines.
    trouble: Option<(&'static str, String, String)>,
}

pub fn write(report: &Report, out: impl Write) -> std::io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for document in &report.documents {
        let suite = suites.entry(&document.doc_type).or_default();
        suite.push(read_case(document));
        suite.extend(field_cases(document));
    }
    let mut xml = Writer::new_with_indent(out, b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: Vec<&Case> = suites.values().flatten().collect();
    let totals = attributes("docmill eval", &all);
    xml.create_element("testsuites")
        .with_attributes(pairs(&totals))
        .write_inner_content(|xml| {
            for (doc_type, cases) in &suites {
                let totals = attributes(doc_type, &cases.iter().collect::<Vec<_>>());
                xml.create_element("testsuite")
                    .with_attributes(pairs(&totals))
                    .write_inner_content(|xml| {
                        cases
                            .iter()
                            .try_for_each(|case| write_case(xml, doc_type, case))
                    })?;
            }
            Ok(())
        })?;
    xml.into_inner().write_all(b"\n")
}

fn read_case(document: &Document) -> Case<'_> {
    let work = &document.work;
    let trouble = match &work.failure {
        Some(why) => Some((
            "error",
            "the document could not be read".to_owned(),
            why.clone(),
        )),
        None if document.taken_for != document.doc_type => {
            let taken = match document.taken_for.as_str() {
                "-" => "it was taken for no type".to_owned(),
                other => format!("it was taken for {other}"),
            };
            Some(("failure", taken, String::new()))
        }
        None if document.parted => {
            let several = "several records were made of it".to_owned();
            Some(("failure", several, String::new()))
        }
        None => None,
    };
    Case {
        document: &document.name,
        name: "document",
        seconds: all_seconds(work.stage_seconds.values().copied()),
        trouble,
    }
}

fn field_cases(document: &Document) -> Vec<Case<'_>> {
    let mut groups: BTreeMap<&str, Vec<&Leaf>> = BTreeMap::new();
    for leaf in &document.fields {
        // Of another type's fields the document's own say enough.
        if leaf.outcome != Outcome::WrongType {
            let group = leaf.field.split('.').next().unwrap_or(&leaf.field);
            groups.entry(group).or_default().push(leaf);
        }
    }
    groups
        .into_iter()
        .map(|(name, leaves)| {
            let wrong: Vec<&&Leaf> = leaves.iter().filter(|l| !l.outcome.is_right()).collect();
            let trouble = (!wrong.is_empty()).then(|| {
                let message = match (wrong.as_slice(), leaves.len()) {
                    ([one], 1) => sentence(one),
                    (some, all) => format!("{} of {all} values are not right", some.len()),
                };
                let mut lines: Vec<String> = wrong
                    .iter()
                    .take(LINES)
                    .map(|leaf| sentence(leaf))
                    .collect();
                if wrong.len() > LINES {
                    lines.push(format!("and {} more", wrong.len() - LINES));
                }
                ("failure", message, lines.join("\n"))
            });
            Case {
                document: &document.name,
                name,
                seconds: 0.0,
                trouble,
            }
        })
        .collect()
}

/// What is wrong with a value.
pub(super) fn sentence(leaf: &Leaf) -> String {
    let text = |value: &Option<String>| match value {
        Some(text) => format!("`{text}`"),
        None => "nothing".to_owned(),
    };
    let (path, truth, read) = (&leaf.path, text(&leaf.truth), text(&leaf.read));
    match leaf.outcome {
        Outcome::Invented => format!("{path}: {read} was read where there is nothing"),
        Outcome::Missing => format!("{path}: {truth} was not read"),
        _ => format!("{path}: {read} was read, {truth} is right"),
    }
}

fn attributes(name: &str, cases: &[&Case]) -> Vec<(&'static str, String)> {
    let with = |kind: &str| {
        let is = |case: &&&Case| case.trouble.as_ref().is_some_and(|(k, ..)| *k == kind);
        cases.iter().filter(is).count().to_string()
    };
    let seconds = all_seconds(cases.iter().map(|case| case.seconds));
    vec![
        ("name", name.to_owned()),
        ("tests", cases.len().to_string()),
        ("failures", with("failure")),
        ("errors", with("error")),
        ("time", format!("{seconds:.3}")),
    ]
}

fn pairs<'a>(list: &'a [(&'static str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    list.iter().map(|(name, value)| (*name, value.as_str()))
}

fn write_case<W: Write>(xml: &mut Writer<W>, doc_type: &str, case: &Case) -> std::io::Result<()> {
    // CI systems take dots for packages: those of a file's name are none.
    let name = plain(case.document).replace('.', "_");
    let name = name.strip_prefix(&format!("{doc_type}/")).unwrap_or(&name);
    let class = format!("{doc_type}.{name}");
    let seconds = format!("{:.3}", case.seconds);
    let element = xml.create_element("testcase").with_attributes([
        ("classname", class.as_str()),
        ("name", case.name),
        ("time", seconds.as_str()),
    ]);
    match &case.trouble {
        None => element.write_empty().map(drop),
        Some((kind, message, text)) => element
            .write_inner_content(|xml| {
                let message = plain(message);
                xml.create_element(*kind)
                    .with_attributes([("message", message.as_str()), ("type", case.name)])
                    .write_text_content(BytesText::new(&plain(text)))
                    .map(drop)
            })
            .map(drop),
    }
}

/// Without what XML 1.0 cannot hold.
fn plain(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars()
        .filter(allowed)
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use serde_json::json;

    use super::super::judge::tests::{case, seen};
    use super::super::judge::{Work, judge};
    use super::*;

    #[test]
    fn each_document_and_field_is_a_case_and_the_totals_are_theirs() {
        let truth = json!({"a": "1", "b": "x", "items": [{"n": "tea"}, {"n": "bun"}]});
        let read = json!({"a": "1", "b": "<\u{1}&>", "items": [{"n": "tea"}]});
        let half = judge(&case(truth.clone()), &[seen(1, read)], Work::default());
        let lost = Work {
            failure: Some("corrupt: broken".into()),
            ..Work::default()
        };
        let mut lost = judge(&case(truth), &[], lost);
        lost.name = "b.pdf".into();
        let report = Report::new(vec![half, lost], &[]);
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (mut cases, mut failures, mut errors) = (0, 0, 0);
        let mut reader = Reader::from_str(&text);
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(e) | Event::Empty(e) => match e.name().as_ref() {
                    "testcase" => cases += 1,
                    "failure" => failures += 1,
                    "error" => errors += 1,
                    _ => {}
                },
                _ => {}
            }
        }
        assert_eq!((cases, failures, errors), (8, 5, 1), "{text}");
        assert!(
            text.contains(r#"tests="8" failures="5" errors="1""#),
            "{text}"
        );
        assert!(
            text.contains("b: `&lt;&amp;&gt;` was read, `x` is right"),
            "{text}"
        );
        assert!(text.contains("receipt.b_pdf"), "{text}");
    }
}
