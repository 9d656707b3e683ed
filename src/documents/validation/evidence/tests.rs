use serde_json::json;

use super::*;
use crate::documents::types::DocTypes;
use crate::domain::{FindingCode, OcrWord, Word};

/// Words of rows of text, a row below the other, columns separated by `|`.
fn words(rows: &[&str]) -> Vec<Word> {
    let mut words = Vec::new();
    for (row, text) in rows.iter().enumerate() {
        let top = 0.03 * row as f32;
        for (column, text) in text.split('|').enumerate() {
            let mut left = 0.3 * column as f32;
            for word in text.split_whitespace() {
                let right = left + 0.008 * word.chars().count() as f32;
                let bbox = [left, top, right, top + 0.012];
                let text = word.to_owned();
                words.push(Word { text, bbox });
                left = right + 0.005;
            }
        }
    }
    words
}

pub fn page(index: u32, rows: &[&str]) -> PageResult {
    PageResult {
        index,
        part: 0,
        routing: None,
        words: words(rows),
        ocr: Vec::new(),
        findings: Vec::new(),
        reading: Ok(None),
    }
}

fn scan(rows: &[&str], confidence: f32) -> PageResult {
    let of_ocr = |word| OcrWord { word, confidence };
    let ocr = words(rows).into_iter().map(of_ocr).collect();
    PageResult {
        ocr,
        ..page(0, &[])
    }
}

fn gather_from(
    name: &str,
    pages: &[PageResult],
    fields: Value,
) -> (Vec<FieldEvidence>, Vec<Finding>) {
    let types = DocTypes::load(None).unwrap();
    let doc_type = types.get(name).unwrap();
    let fields = fields.as_object().unwrap().clone();
    let outcomes = super::super::checks::run(
        doc_type,
        &fields,
        &super::super::printed::Printed::default(),
        jiff::civil::date(2026, 1, 1),
    );
    let mut findings = Vec::new();
    let pages: Vec<_> = pages.iter().collect();
    let evidence = gather(doc_type, &fields, &pages, &outcomes, &[], &mut findings);
    (evidence, findings)
}

fn of<'a>(evidence: &'a [FieldEvidence], field: &str) -> &'a FieldEvidence {
    evidence
        .iter()
        .find(|e| e.field == field)
        .unwrap_or_else(|| panic!("{field}"))
}

const INVOICE: [&str; 12] = [
    "Nord\u{ad}werk Ma\u{fb01}schinen|RECHNUNG",
    "GmbH & Co. KG|Rechnungsnummer: RE-2025/001",
    "USt-IdNr. DE 136 695 976|Rechnungsdatum 31. März 2025",
    "Pos Bezeichnung|Menge Preis|Gesamt",
    "Schraube M6|1 95,00|95,00",
    "verzinkt",
    "Mutter|1.000 1,00|1.000,00",
    "Nettobetrag||1.095,00 €",
    "zzgl. 19 % USt||208,05 €",
    "Gesamtbetrag||1.303,05 €",
    "Zahlbar bis 30.04.2025",
    "IBAN DE89 3704 0044 0532 0130 00",
];

fn invoice() -> Value {
    json!({"invoice_number": "RE-2025/001", "issue_date": "2025-03-31", "due_date": "2025-04-30", "currency": "EUR",
        "seller_name": "Nordwerk Mafischinen GmbH & Co KG", "seller_vat_id": "DE136695976", "buyer_name": null,
        "line_items": [
            {"description": "Schraube M6 verzinkt", "quantity": "1", "unit_price": "95.00", "line_total": "95.00"},
            {"description": "Mutter", "quantity": "1000", "unit_price": "1.00", "line_total": "1000.00"}],
        "net_total": "1095.00", "tax_total": "208.05", "gross_total": "1303.05", "iban": "DE89370400440532013000"})
}

#[test]
fn values_are_found_whatever_their_spelling_and_spread_over_words_and_lines() {
    // In reading order the two columns of the head alternate.
    let mut rows = INVOICE;
    rows[0] = "Nord\u{ad}werk Ma\u{fb01}schinen";
    rows[1] = "GmbH & Co. KG";
    let (evidence, findings) = gather_from(
        "invoice",
        &[page(0, &rows), page(1, &["Rechnungsnr. RE-2025/001"])],
        invoice(),
    );
    let classes: Vec<_> = evidence
        .iter()
        .filter(|e| e.class != EvidenceClass::TextLayer)
        .collect();
    assert!(classes.is_empty(), "{classes:#?}");
    assert!(findings.is_empty(), "{findings:#?}");
    let name = of(&evidence, "seller_name");
    assert_eq!(
        name.text.as_deref(),
        Some("Nord\u{ad}werk Ma\u{fb01}schinen GmbH & Co. KG")
    );
    let [left, top, right, bottom] = name.bbox.unwrap();
    assert!(left == 0.0 && top == 0.0 && right > 0.1 && (bottom - 0.042).abs() < 1e-6);
    assert_eq!(of(&evidence, "invoice_number").page, Some(1));
    assert_eq!(
        of(&evidence, "iban").text.as_deref(),
        Some("DE89 3704 0044 0532 0130 00")
    );
    let gross = of(&evidence, "gross_total");
    assert_eq!(gross.text.as_deref(), Some("1.303,05"));
    assert_eq!(gross.confirmed_by, ["net_total + tax_total = gross_total"]);
}

#[test]
fn a_lines_values_are_those_of_its_row() {
    let (evidence, _) = gather_from("invoice", &[page(0, &INVOICE)], invoice());
    let middle = |field: &str| {
        let bbox = of(&evidence, field).bbox.unwrap();
        (bbox[1] + bbox[3]) / 2.0
    };
    for (line, row) in [(0, 4.0), (1, 6.0)] {
        for leaf in ["quantity", "unit_price", "line_total"] {
            let at = middle(&format!("line_items[{line}].{leaf}"));
            assert!(
                (at - (0.03 * row + 0.006)).abs() < 1e-4,
                "{line} {leaf}: {at}"
            );
        }
    }
}

#[test]
fn a_contradicted_value_has_a_finding_with_both_values() {
    let change = |field: &str, value: &str| {
        let mut fields = invoice();
        fields[field] = value.into();
        let (evidence, findings) = gather_from("invoice", &[page(0, &INVOICE)], fields);
        assert_eq!(
            of(&evidence, field).class,
            EvidenceClass::ModelOnly,
            "{field} {value}"
        );
        let messages = findings
            .iter()
            .filter(|f| f.field.as_deref() == Some(field));
        messages
            .map(|f| format!("{}: {}", f.code, f.message))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let found = [
        change("gross_total", "1330.05"),
        change("gross_total", "7777.77"),
        change("issue_date", "2025-03-30"),
        change("due_date", "2025-09-30"),
        change("invoice_number", "RE-2025/007"),
        change("seller_vat_id", "DE136695978"),
    ];
    insta::assert_snapshot!(found.join("\n---\n"));
}

#[test]
fn a_value_that_is_like_nothing_on_the_page_raises_no_contradiction() {
    let mut fields = invoice();
    fields["seller_name"] = "Some Other Company Ltd".into();
    fields["invoice_number"] = "4711-X".into();
    fields["currency"] = "USD".into();
    let (evidence, findings) = gather_from("invoice", &[page(0, &INVOICE)], fields);
    assert_eq!(of(&evidence, "seller_name").class, EvidenceClass::ModelOnly);
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn an_unconfirmed_amount_is_never_accepted_and_one_that_adds_up_is() {
    let receipt = json!({"date": "2025-01-02", "currency": "GBP", "merchant_name": "Shop",
        "items": [{"description": "Tea", "quantity": "1", "amount": "3.00"},
                  {"description": "Milk", "quantity": "1", "amount": "1.20"}],
        "subtotal": "4.20", "tax": null, "total": "4.20"});
    let blank = page(0, &[]);
    let (evidence, findings) =
        gather_from("receipt", std::slice::from_ref(&blank), receipt.clone());
    assert!(findings.is_empty(), "{findings:#?}");
    assert!(evidence.iter().all(|e| e.class == EvidenceClass::ModelOnly));
    let mut alone = receipt;
    alone["items"] = json!([]);
    alone["subtotal"] = Value::Null;
    let (_, findings) = gather_from("receipt", &[blank], alone);
    let codes: Vec<_> = findings
        .iter()
        .map(|f| (f.code.as_str(), f.field.as_deref()))
        .collect();
    assert_eq!(codes, [("no_text_source", Some("total"))]);
}

#[test]
fn equal_values_confirm_each_other_once_one_is_confirmed() {
    let fields = json!({"items": [{"description": null, "quantity": null, "amount": "5.00"}],
        "subtotal": "5.00", "total": "5.00"});
    let (_, alone) = gather_from("receipt", &[page(0, &["nothing here"])], fields.clone());
    assert_eq!(alone[0].code, FindingCode::Unconfirmed);
    let (evidence, seen) = gather_from("receipt", &[page(0, &["Total 5.00"])], fields);
    assert!(seen.is_empty(), "{seen:#?}");
    assert!(evidence.iter().all(FieldEvidence::is_confirmed));
}

#[test]
fn ocr_is_asked_where_there_is_no_text_layer_and_only_sure_words_contradict() {
    let fields = |total: &str| json!({"total": total, "items": []});
    let (evidence, findings) = gather_from(
        "receipt",
        &[scan(&["TOTAL RM 69.86"], 0.9)],
        fields("69.86"),
    );
    let total = of(&evidence, "total");
    assert_eq!(
        (total.class, total.ocr_confidence),
        (EvidenceClass::Ocr, Some(0.9))
    );
    assert!(findings.is_empty(), "{findings:#?}");
    let codes = |confidence| {
        let (_, findings) = gather_from(
            "receipt",
            &[scan(&["TOTAL RM 69.86"], confidence)],
            fields("96.86"),
        );
        findings.into_iter().map(|f| f.code).collect::<Vec<_>>()
    };
    assert_eq!(
        codes(0.9),
        [FindingCode::OcrDiffers, FindingCode::Unconfirmed]
    );
    assert_eq!(codes(0.5), [FindingCode::Unconfirmed]);
}

#[test]
fn a_value_that_the_page_leaves_out_is_not_contradicted_by_that_of_another_label() {
    let rows = [
        "RECHNUNG Nr. RE-39",
        "Fällig am 02.04.2025",
        "Gesamtbetrag|927,01 EUR",
    ];
    let fields = json!({"invoice_number": "RE-39", "issue_date": "2025-03-02", "due_date": null,
        "net_total": "927.10", "gross_total": null, "line_items": []});
    let (_, findings) = gather_from("invoice", &[page(0, &rows)], fields);
    let codes: Vec<_> = findings.iter().map(|f| f.code.as_str()).collect();
    assert!(!codes.contains(&"text_differs"), "{findings:#?}");
    // Beside its own label it is.
    let rows = ["RECHNUNG Nr. RE-39", "Rechnungsdatum 02.04.2025"];
    let fields = json!({"invoice_number": "RE-39", "issue_date": "2025-03-02", "line_items": []});
    let (_, findings) = gather_from("invoice", &[page(0, &rows)], fields);
    assert_eq!(findings[0].code.as_str(), "text_differs");
}
