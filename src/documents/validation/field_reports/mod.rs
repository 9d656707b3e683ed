//! Public reports about other tools, each tested with a small input of docmill's own
//! that has the reported condition. `docs/field-reports.md` lists them with their
//! outcomes.

mod credit_notes;
mod currencies;
mod languages;
mod pages;
mod report;
mod reverse_charge;
mod self_billing;
mod tips;
pub mod xml;

use std::collections::BTreeMap;

use serde_json::Value;

use super::evidence::tests::page;
use super::{Context, EmbeddedInvoice, records};
use crate::documents::einvoice;
use crate::documents::types::DocTypes;
use crate::domain::{PageResult, Reading, Record, Routing, Severity};
use report::{FieldReport, ReportInput, ReportPage};

fn page_of(index: usize, read: &ReportPage) -> PageResult {
    let reading = Reading {
        fields: read.answers.as_object().unwrap().clone(),
        verbatim: true,
        ..Reading::default()
    };
    PageResult {
        routing: Some(Routing {
            doc_type: Ok(read.doc_type.to_owned()),
            probabilities: Vec::new(),
            embedding: None,
            forced: true,
        }),
        reading: Ok(Some(reading)),
        ..page(index as u32, read.rows)
    }
}

fn made(input: &ReportInput) -> Vec<Record> {
    let mut context = Context {
        unsupported_fields: BTreeMap::new(),
        einvoices: BTreeMap::new(),
        document_warnings: Vec::new(),
        today: jiff::civil::date(2026, 1, 1),
    };
    let pages = match input {
        ReportInput::Xml(xml) => {
            let invoice = einvoice::parse(xml.as_bytes()).unwrap();
            let stated = EmbeddedInvoice {
                doc_type: "invoice".into(),
                fields: einvoice::fields(&invoice),
                invoice,
            };
            context.einvoices.insert(0, stated);
            vec![page(0, &[])]
        }
        ReportInput::Pages(pages) => pages
            .iter()
            .enumerate()
            .map(|(index, read)| page_of(index, read))
            .collect(),
    };
    records(&DocTypes::load(None).unwrap(), &pages, &context)
}

fn flags(record: &Record) -> Vec<&str> {
    let flags = record.findings.iter();
    let flags = flags.filter(|finding| finding.severity > Severity::Info);
    let mut flags: Vec<&str> = flags.map(|finding| finding.code.as_str()).collect();
    flags.sort_unstable();
    flags.dedup();
    flags
}

/// Differences from the expected records; empty: none.
fn differences(report: &FieldReport) -> Vec<String> {
    let records = made(&report.input);
    let mut found = Vec::new();
    if records.len() != report.expected.len() {
        found.push(format!("{} records", records.len()));
    }
    for (record, expected) in records.iter().zip(&report.expected) {
        for (name, value) in expected.fields.as_object().unwrap() {
            let actual = record.fields.get(name).unwrap_or(&Value::Null);
            if actual != value {
                found.push(format!("{name} is {actual}, not {value}"));
            }
        }
        let wanted: Vec<&str> = expected.flags.iter().map(|code| code.as_str()).collect();
        let messages: Vec<&str> = record.findings.iter().map(|f| f.message.as_str()).collect();
        if flags(record) != wanted {
            found.push(format!(
                "flags {:?}, not {wanted:?}: {messages:#?}",
                flags(record)
            ));
        }
        if !messages
            .iter()
            .any(|message| message.contains(expected.says))
            && !expected.says.is_empty()
        {
            found.push(format!("nothing says `{}`: {messages:#?}", expected.says));
        }
    }
    found
}

fn groups() -> Vec<(&'static str, Vec<FieldReport>)> {
    vec![
        ("Credit notes", credit_notes::reports()),
        ("Self-billing", self_billing::reports()),
        (
            "Reverse charge and other invoices without VAT",
            reverse_charge::reports(),
        ),
        ("Foreign currencies", currencies::reports()),
        ("Invoices over several pages", pages::reports()),
        ("Tips, service charges and rounding", tips::reports()),
        ("Receipts in mixed languages", languages::reports()),
    ]
}

#[test]
fn every_report_has_its_outcome() {
    let groups = groups();
    let reports = groups.iter().flat_map(|(_, reports)| reports);
    let wrong: Vec<String> = reports
        .flat_map(|report| {
            let found = differences(report).into_iter();
            found.map(|difference| format!("{}: {difference}", report.source))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_documentation_lists_every_report_with_its_outcome() {
    let mut expected = String::new();
    for (name, reports) in groups() {
        expected.push_str(&format!(
            "\n## {name}\n\n| report | condition | outcome |\n| --- | --- | --- |\n"
        ));
        for report in reports {
            let (repository, number) = report.source.split_once('#').unwrap();
            expected.push_str(&format!(
                "| [{}](https://github.com/{repository}/issues/{number}) | {} | {} |\n",
                report.source, report.condition, report.outcome
            ));
        }
    }
    let docs = include_str!("../../../../docs/field-reports.md");
    let (_, tables) = docs.split_at(docs.find("\n## ").unwrap());
    assert!(
        tables == expected,
        "docs/field-reports.md should end with:\n{expected}"
    );
}
