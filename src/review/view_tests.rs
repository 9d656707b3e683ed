use serde_json::json;

use super::*;
use crate::documents::types::DocTypes;

fn record() -> Record {
    let mut record: Record = serde_json::from_value(json!({
        "doc_type": "invoice", "pages": [0], "status": "needs_review",
        "fields": {
            "invoice_number": "A-1", "issue_date": null, "net_total": "10.00", "gross_total": "12.00",
            "line_items": [{"description": "Bolt", "quantity": "2", "unit_price": null, "line_total": "10.00"}],
        },
        "findings": [], "confidence": 0.41, "field_confidence": [["invoice_number", 0.41], ["net_total", 0.9]],
    }))
    .unwrap();
    let evidence = |field: &str, class: EvidenceClass| FieldEvidence {
        class,
        ..FieldEvidence::model_only(field)
    };
    let mut net = evidence("net_total", EvidenceClass::ModelOnly);
    net.confirmed_by = vec!["line_items[].line_total = net_total".into()];
    let mut number = evidence("invoice_number", EvidenceClass::TextLayer);
    (number.page, number.text) = (Some(0), Some("No. A-1".into()));
    number.bbox = Some([0.1, 0.1, 0.2, 0.2]);
    let mut gross = evidence("gross_total", EvidenceClass::Person);
    gross.contradicted_by = vec![FindingCode::SumMismatch];
    record.evidence = vec![
        number,
        net,
        gross,
        evidence("line_items[0].description", EvidenceClass::ModelOnly),
    ];
    record
}

fn view(record: &Record) -> Checked {
    let types = DocTypes::load(None).unwrap();
    checked(types.get("invoice"), record, None, 0.8)
}

fn field<'a>(view: &'a Checked, path: &str) -> &'a FieldView {
    let of_lists = view.lists.iter().flat_map(|list| &list.lines).flatten();
    let mut all = view.fields.iter().chain(of_lists);
    all.find(|field| field.path == path).unwrap()
}

#[test]
fn each_state_follows_from_evidence_and_findings() {
    let mut record = record();
    let before = view(&record);
    let states = |view: &Checked| {
        [
            "invoice_number",
            "issue_date",
            "net_total",
            "gross_total",
            "line_items[0].description",
            "line_items[0].unit_price",
        ]
        .map(|path| field(view, path).state)
    };
    let expected = [
        State::Page,
        State::Empty,
        State::Arithmetic,
        State::Check,
        State::Check,
        State::Empty,
    ];
    assert_eq!(states(&before), expected);
    assert_eq!(
        field(&before, "invoice_number").why,
        ["page 1 says “No. A-1”"]
    );
    let net = &field(&before, "net_total").why;
    assert_eq!(net[0], "not found on the page");
    assert_eq!(
        field(&before, "line_items[0].description").why,
        [MODEL_ALONE]
    );
    let finding = |code, field| Finding::new(code, field, code.as_str());
    record.findings = vec![
        finding(FindingCode::Unconfirmed, Some("gross_total")),
        finding(FindingCode::SumMismatch, Some("gross_total")),
        finding(FindingCode::LowConfidence, Some("invoice_number")),
        finding(FindingCode::Normalised, Some("net_total")),
        finding(FindingCode::ListRepeats, Some("line_items")),
        finding(FindingCode::NoConfidence, None),
    ];
    let after = view(&record);
    assert_eq!(field(&after, "gross_total").state, State::Wrong);
    assert_eq!(
        field(&after, "gross_total").why,
        ["sum_mismatch", "unconfirmed"]
    );
    let number = field(&after, "invoice_number");
    assert_eq!(
        (number.state, number.why[0].as_str()),
        (State::Check, "the reader is not sure: probability 0.41")
    );
    assert_eq!(field(&after, "net_total").state, State::Arithmetic);
    assert_eq!(after.failed, ["sum_mismatch"]);
    let shown: Vec<_> = after.findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(shown, ["list_repeats", "no_confidence"]);
}

#[test]
fn lists_have_the_columns_of_their_schema() {
    let view = view(&record());
    let columns: Vec<_> = view.lists[0]
        .columns
        .iter()
        .map(|c| c.leaf.as_str())
        .collect();
    assert_eq!(
        columns,
        ["description", "quantity", "unit_price", "line_total"]
    );
    assert_eq!(view.lists[0].columns[3].format, Some("amount"));
    assert_eq!(view.lists[0].lines.len(), 1);
}

#[test]
fn a_record_of_an_unknown_type_is_shown_as_it_is() {
    let view = checked(None, &record(), None, 0.8);
    assert!(view.lists.is_empty());
    assert_eq!(view.fields.len(), 5);
}

#[test]
fn what_the_page_of_an_einvoice_does_not_print_is_to_check_where_it_shows_another_invoice() {
    let mut record = record();
    for evidence in &mut record.evidence {
        evidence.class = match evidence.field.as_str() {
            "invoice_number" => EvidenceClass::TextLayer,
            _ => EvidenceClass::EmbeddedXml,
        };
        evidence.contradicted_by.clear();
    }
    assert_eq!(field(&view(&record), "net_total").state, State::Einvoice);
    let other = Finding::new(FindingCode::PageContradicts, None, "two invoices");
    record.findings.push(other.with_severity(Severity::Error));
    let view = view(&record);
    assert_eq!(field(&view, "net_total").state, State::Check);
    assert_eq!(field(&view, "gross_total").state, State::Check);
    assert_eq!(field(&view, "invoice_number").state, State::Page);
}
