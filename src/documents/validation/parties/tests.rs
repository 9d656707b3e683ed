use serde_json::{Value, json};

use super::*;
use crate::documents::types::DocTypes;
use crate::documents::validation::evidence::tests::page;

const NAMES: [&str; 4] = ["seller_name", "seller_vat_id", "buyer_name", "buyer_vat_id"];

/// Names and VAT identifiers of seller and buyer after correction, empty where null, and
/// the fields with a finding.
fn corrected(rows: &[&str], read: [&str; 4]) -> ([String; 4], Vec<String>) {
    let types = DocTypes::load(None).unwrap();
    let value = |text: &str| match text {
        "" => Value::Null,
        text => json!(text),
    };
    let mut fields = Fields::new();
    for (name, text) in NAMES.into_iter().zip(read) {
        fields.insert(name.to_owned(), value(text));
    }
    let mut findings = Vec::new();
    let page = page(0, rows);
    correct(
        types.get("invoice").unwrap(),
        &mut fields,
        &TextSources::of(&[&page]),
        &mut findings,
    );
    let of = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
    let changed = findings.into_iter().filter_map(|finding| finding.field);
    (NAMES.map(of), changed.collect())
}

fn names(rows: &[&str], seller: &str, buyer: &str) -> [String; 2] {
    let ([seller, _, buyer, _], _) = corrected(rows, [seller, "", buyer, ""]);
    [seller, buyer]
}

const LETTER: [&str; 6] = [
    "|Nordlicht GmbH",
    "Rechnungsempfänger|Hafenstraße 3",
    "Kunden AG Mitte|20457 Hamburg",
    "Kundenstraße 15|Tel. 040 1234567",
    "69876 Frankfurt",
    "USt-IdNr. DE811569869|USt-IdNr. DE136695976",
];

#[test]
fn a_line_of_an_address_becomes_the_name_above_it() {
    let right = ["Nordlicht GmbH", "Kunden AG Mitte"];
    assert_eq!(names(&LETTER, "Nordlicht GmbH", "Kundenstraße 15"), right);
    assert_eq!(names(&LETTER, "20457 Hamburg", "Kunden AG Mitte"), right);
    assert_eq!(names(&LETTER, "Nordlicht GmbH", "69876 Frankfurt"), right);
    // A name that the page does not contradict stays.
    assert_eq!(
        names(&LETTER, "Nordlicht", "Kunden AG Mitte"),
        ["Nordlicht", "Kunden AG Mitte"]
    );
}

#[test]
fn exchanged_parties_are_put_right_by_labels_and_contact_details() {
    let read = [
        "Kunden AG Mitte",
        "DE811569869",
        "Nordlicht GmbH",
        "DE136695976",
    ];
    let (right, findings) = corrected(&LETTER, read);
    let wanted = [
        "Nordlicht GmbH",
        "DE136695976",
        "Kunden AG Mitte",
        "DE811569869",
    ];
    assert_eq!(right, wanted);
    assert_eq!(findings, ["seller_name", "buyer_vat_id"]);
    let mut unlabelled = LETTER;
    unlabelled[1] = "|Hafenstraße 3";
    assert_eq!(corrected(&unlabelled, read).0, wanted);
    // Without contact details nothing says which is which.
    unlabelled[3] = "Kundenstraße 15";
    assert_eq!(
        corrected(&unlabelled, read),
        (read.map(str::to_owned), vec![])
    );
}

#[test]
fn a_buyer_that_is_no_name_is_that_of_the_only_other_address() {
    let rows = [
        "Nordlicht GmbH - Hafenstraße 3 - 20457 Hamburg",
        "Theodor Est",
        "Bahnstr. 42",
        "88802 Spielkreis",
        "Rechnung 17|Kundennummer: 82",
    ];
    let right = ["Nordlicht GmbH", "Theodor Est"];
    assert_eq!(names(&rows, "Nordlicht GmbH", "Kundennummer: 82"), right);
    assert_eq!(names(&rows, "Nordlicht GmbH", "Theodor Est"), right);
    // An absent buyer is not guessed.
    assert_eq!(names(&rows, "Nordlicht GmbH", ""), ["Nordlicht GmbH", ""]);
}

#[test]
fn labels_of_a_form_name_the_parties() {
    let rows = [
        "Beispiel-Rechnungen 2022",
        "Verkäufer",
        "Name:|Nordlicht GmbH",
        "Anschrift:|Hafenstraße 3",
        "Ort:|20457 Hamburg",
        "Käufer/Leistungsempfänger",
        "Name:|Kunden AG Mitte",
        "Anschrift:|Kundenstraße 15",
        "Ort:|69876 Frankfurt",
    ];
    let right = ["Nordlicht GmbH", "Kunden AG Mitte"];
    assert_eq!(names(&rows, "Beispiel-Rechnungen 2022", ""), right);
    assert_eq!(names(&rows, "20457 Hamburg", "69876 Frankfurt"), right);
}

#[test]
fn a_vat_id_belongs_to_the_party_that_its_label_or_block_names() {
    let read = ["Nordlicht GmbH", "DE811569869", "Kunden AG Mitte", ""];
    let (right, findings) = corrected(&LETTER, read);
    assert_eq!(
        right,
        [
            "Nordlicht GmbH",
            "DE136695976",
            "Kunden AG Mitte",
            "DE811569869"
        ]
    );
    assert_eq!(findings, ["buyer_vat_id"]);
    let rows = ["Nordlicht GmbH", "Your VAT ID: DE811569869"];
    let (moved, _) = corrected(&rows, ["Nordlicht GmbH", "DE811569869", "Kunden AG", ""]);
    assert_eq!(moved, ["Nordlicht GmbH", "", "Kunden AG", "DE811569869"]);
}
