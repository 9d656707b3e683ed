use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::documents::einvoice;
use crate::documents::validation::records;
use crate::domain::{Reading, Routing, Status};

const UBL_INVOICE: &str = include_str!("../../../../fixtures/invoice/einvoice_ubl/input.xml");
const CREDIT_NOTE: &str =
    include_str!("../../../../fixtures/invoice/einvoice_credit_note/input.xml");

fn page(index: u32, read: Option<Value>) -> PageResult {
    let reading = read.map(|fields| Reading {
        fields: fields.as_object().unwrap().clone(),
        ..Reading::default()
    });
    PageResult {
        index,
        part: 0,
        routing: Some(Routing {
            doc_type: Ok("invoice".into()),
            probabilities: Vec::new(),
            embedding: None,
            forced: true,
        }),
        words: Vec::new(),
        reading: Ok(reading),
        ocr: Vec::new(),
        findings: Vec::new(),
    }
}

fn record_of(xml: &str, pages: &[PageResult]) -> Record {
    made(xml.as_bytes(), pages, jiff::civil::date(2025, 1, 1))
}

/// The record of an XML file, made on a day.
pub fn record_at(xml: &[u8], today: jiff::civil::Date) -> Record {
    made(xml, &[page(0, None)], today)
}

fn made(xml: &[u8], pages: &[PageResult], today: jiff::civil::Date) -> Record {
    let invoice = einvoice::parse(xml).unwrap();
    let context = Context {
        unsupported_fields: BTreeMap::from([("invoice".to_owned(), vec!["iban".to_owned()])]),
        einvoices: BTreeMap::from([(
            0,
            EmbeddedInvoice {
                doc_type: "invoice".into(),
                fields: einvoice::fields(&invoice),
                invoice,
            },
        )]),
        document_warnings: Vec::new(),
        today,
    };
    let mut records = records(&DocTypes::load(None).unwrap(), pages, &context);
    assert_eq!(records.len(), 1);
    records.remove(0)
}

pub fn codes(record: &Record) -> Vec<&str> {
    record
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

#[test]
fn an_invoice_with_allowances_and_several_rates_is_accepted_as_it_is_stated() {
    let record = record_of(UBL_INVOICE, &[page(0, None)]);
    assert_eq!(
        (record.status, codes(&record)),
        (Status::Accepted, vec!["amount_due", "allowances"]),
        "{record:#?}"
    );
    assert_eq!(
        record.findings[1].message,
        "allowances of 20.00 and charges of 12.00 on the whole invoice: the lines are 378.20, the net total is 370.20"
    );
    assert_eq!(record.source, Source::EmbeddedXml);
    assert_eq!(record.fields["gross_total"], "433.80");
    assert_eq!(record.fields["line_items"].as_array().unwrap().len(), 3);
    assert_eq!(record.confidence, None);
    assert!(
        !record.fields.contains_key("prepaid_amount"),
        "the type has no such field"
    );
}

#[test]
fn all_pages_are_of_the_one_record() {
    let record = record_of(UBL_INVOICE, &[page(0, None), page(1, None), page(2, None)]);
    assert_eq!(record.pages, [0, 1, 2]);
}

#[test]
fn a_sum_that_does_not_hold_has_a_finding_with_both_values() {
    let xml = UBL_INVOICE.replacen(">278.00<", ">270.00<", 1);
    let record = record_of(&xml, &[page(0, None)]);
    assert_eq!(
        codes(&record),
        [
            "product_mismatch",
            "sum_mismatch",
            "amount_due",
            "allowances"
        ]
    );
    let messages: Vec<_> = record
        .findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        messages[0],
        "2 x 139.00 is 278.00, but the e-invoice states 270.00: a difference of 8.00"
    );
    assert_eq!(
        messages[1],
        "the lines come to 370.20, but the e-invoice states 378.20: a difference of 8.00"
    );
    let xml = UBL_INVOICE.replacen(">12.00<", ">13.00<", 1);
    let message = &record_of(&xml, &[page(0, None)]).findings[0].message;
    assert!(
        message.starts_with("the lines with allowances and charges come to 371.20"),
        "{message}"
    );
    let xml = UBL_INVOICE.replacen(">23.50<", ">23.60<", 1);
    let record = record_of(&xml, &[page(0, None)]);
    assert!(
        record.findings[0]
            .message
            .starts_with("1200 x 23.60 per 1000 is 28.32"),
        "{record:#?}"
    );
    let xml = UBL_INVOICE.replacen(">63.60<", ">73.60<", 1);
    assert_eq!(
        codes(&record_of(&xml, &[page(0, None)])),
        ["sum_mismatch", "sum_mismatch", "amount_due", "allowances"]
    );
}

#[test]
fn bounds_on_a_models_answer_do_not_apply_to_stated_values() {
    let name = "Perceuse ".repeat(40);
    let xml = UBL_INVOICE
        .replacen("Perceuse sans fil", &name, 1)
        .replacen(">23.50<", ">23.5000001<", 1);
    let record = record_of(&xml, &[page(0, None)]);
    assert_eq!(codes(&record), ["amount_due", "allowances"], "{record:#?}");
    assert_eq!(record.fields["line_items"][1]["unit_price"], "0.0235000001");
}

#[test]
fn an_invalid_value_of_a_field_is_an_error_and_of_another_term_information() {
    let xml = UBL_INVOICE.replacen(">433.80<", ">4,33<", 1);
    let record = record_of(&xml, &[page(0, None)]);
    assert_eq!(record.status, Status::NeedsReview);
    assert!(codes(&record).contains(&"einvoice_value") && codes(&record).contains(&"missing"));
    let xml = UBL_INVOICE.replacen(">100.00<", ">much<", 1);
    let record = record_of(&xml, &[page(0, None)]);
    let finding = &record.findings[0];
    assert_eq!(
        (finding.code.as_str(), finding.severity),
        ("einvoice_value", Severity::Info)
    );
}

#[test]
fn a_credit_note_is_held() {
    let record = record_of(CREDIT_NOTE, &[page(0, None)]);
    assert_eq!(codes(&record), ["credit_note"]);
    assert!(record.findings[0].message.contains("to invoice F-2024-118"));
    assert_eq!(record.status, Status::NeedsReview);
}

#[test]
fn every_difference_between_xml_and_page_names_both() {
    let read = json!({"invoice_number": "f-2024-118", "seller_name": "MOREAU OUTILLAGE", "gross_total": "433,80",
        "net_total": "307.20", "due_date": null, "line_items": [
            {"description": "Perceuse sans fil", "quantity": "2", "unit_price": "139.00", "line_total": "278.00"},
            {"description": "Vis 5x60", "quantity": "1200", "unit_price": "0.235", "line_total": "28.20"}]});
    let record = record_of(UBL_INVOICE, &[page(0, Some(read)), page(1, None)]);
    let differing: Vec<_> = record
        .findings
        .iter()
        .filter_map(|finding| finding.field.as_deref())
        .collect();
    assert_eq!(
        differing,
        [
            "seller_name",
            "line_items",
            "line_items[1].unit_price",
            "net_total"
        ]
    );
    assert!(
        codes(&record)
            .iter()
            .all(|code| ["page_differs", "amount_due", "allowances"].contains(code))
    );
    let message = &record.findings[5].message;
    assert!(
        message.contains("`370.20` in the e-invoice") && message.contains("`307.20` on the page"),
        "{message}"
    );
    assert_eq!(record.fields["net_total"], "370.20");
}

#[test]
fn an_e_invoice_makes_the_record_of_its_own_part() {
    let invoice = einvoice::parse(UBL_INVOICE.as_bytes()).unwrap();
    let stated = EmbeddedInvoice {
        doc_type: "invoice".into(),
        fields: einvoice::fields(&invoice),
        invoice,
    };
    let context = Context {
        unsupported_fields: BTreeMap::new(),
        einvoices: BTreeMap::from([(1, stated)]),
        document_warnings: Vec::new(),
        today: jiff::civil::date(2025, 1, 1),
    };
    let of_part = |index, part| PageResult {
        part,
        ..page(index, None)
    };
    let pages = [of_part(0, 0), of_part(1, 1), of_part(2, 1), of_part(3, 2)];
    let records = records(&DocTypes::load(None).unwrap(), &pages, &context);
    let made: Vec<_> = records
        .iter()
        .map(|record| (&record.pages[..], record.source))
        .collect();
    let expected = [
        (&[0][..], Source::Model),
        (&[1, 2], Source::EmbeddedXml),
        (&[3], Source::Model),
    ];
    assert_eq!(made, expected);
}
