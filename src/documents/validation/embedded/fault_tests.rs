//! E-invoices that other tools, or docmill itself, once took for something
//! else (`tests/data/faults`).

use serde_json::{Value, json};

use super::tests::{codes, record_at};
use crate::documents::validation::field_reports::xml::{Invoice, plain};
use crate::domain::{FindingCode, Record, Severity, Status};

macro_rules! fault {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/data/faults/", $name))
    };
}

fn record(xml: &[u8]) -> Record {
    record_at(xml, jiff::civil::date(2025, 4, 1))
}

/// The codes of warnings and errors.
fn flags(record: &Record) -> Vec<FindingCode> {
    let flags = record.findings.iter();
    let flags = flags.filter(|finding| finding.severity > Severity::Info);
    flags.map(|finding| finding.code).collect()
}

/// An ordinary invoice with these values is accepted.
fn accepted(xml: &[u8], expected: Value) -> Record {
    let record = record(xml);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(record.fields.get(name), Some(value), "{name}");
    }
    assert_eq!(flags(&record), [], "{record:#?}");
    assert_eq!(record.status, Status::Accepted);
    record
}

#[test]
fn padding_around_the_xml_is_ignored() {
    accepted(fault!("nul-padded.xml"), json!({"gross_total": "927.01"}));
    accepted(fault!("bom.xml"), json!({"gross_total": "927.01"}));
}

#[test]
fn an_invoice_in_a_peppol_envelope_is_read() {
    let expected = json!({"invoice_number": "RE-03", "gross_total": "927.01"});
    accepted(fault!("peppol-envelope.xml"), expected);
}

#[test]
fn headings_and_explanations_are_not_among_the_lines() {
    let expected = json!({"net_total": "430.00", "gross_total": "511.70"});
    let record = accepted(fault!("cii-extended.xml"), expected);
    let lines = record.fields["line_items"].as_array().unwrap();
    let totals: Vec<&Value> = lines.iter().map(|line| &line["line_total"]).collect();
    assert_eq!(totals, ["250.00", "100.00", "80.00"]);
    assert_eq!(codes(&record), ["lines_left_out"]);
    let message = &record.findings[0].message;
    assert!(
        message.starts_with("3 lines of the status GROUP, INFORMATION"),
        "{message}"
    );
}

#[test]
fn an_account_is_taken_with_its_own_bank() {
    let expected = json!({"iban": "DE17100500000123456789", "bic": null});
    let record = accepted(fault!("cii-second-has-bic.xml"), expected);
    assert_eq!(codes(&record), ["other_accounts"]);
    let message = &record.findings[0].message;
    assert!(
        message.contains("DE89370400440532013000 (COBADEFFXXX)"),
        "{message}"
    );
}

#[test]
fn the_due_date_is_the_date_without_deduction() {
    let discount = json!([{"percent": "3", "amount": null, "basis": null, "until": "2025-03-13"}]);
    let terms = "3 % Skonto bis 13.03.2025\nohne Abzug bis 02.04.2025";
    let expected = json!({"due_date": "2025-04-02", "discounts": discount, "payment_terms": terms});
    let record = accepted(fault!("cii-skonto-first.xml"), expected);
    assert_eq!(codes(&record), ["payment_discount"]);
}

#[test]
fn a_document_that_is_not_an_ordinary_invoice_is_held_with_its_kind() {
    for (xml, code, kind) in [
        (&fault!("cii-325.xml")[..], "325", "a proforma invoice"),
        (fault!("cii-384.xml"), "384", "a corrected invoice"),
        (fault!("cii-389.xml"), "389", "a self-billed invoice"),
    ] {
        let record = record(xml);
        assert_eq!(record.status, Status::NeedsReview, "{code}");
        assert_eq!(flags(&record), [FindingCode::InvoiceKind], "{code}");
        assert!(record.findings[0].message.contains(kind), "{code}");
        assert_eq!(record.fields["type_code"], code);
    }
    let corrected = record(fault!("cii-384.xml"));
    let message = &corrected.findings[0].message;
    assert!(message.contains("which refers to RE-1"), "{message}");
}

#[test]
fn the_vat_total_is_that_in_the_invoice_currency() {
    let expected = json!({"tax_total": "148.01", "gross_total": "927.01", "currency": "EUR"});
    let both = accepted(fault!("ubl-both-with-subtotals.xml"), expected);
    let message = &both.findings[0].message;
    assert!(message.contains("PLN: 622.06"), "{message}");
    let xml = String::from_utf8_lossy(fault!("ubl-both-with-subtotals.xml"));
    let (before, after) = xml
        .split_once("<cac:TaxTotal>\n<cbc:TaxAmount currencyID=\"EUR\">")
        .unwrap();
    let (_, after) = after.split_once("</cac:TaxTotal>").unwrap();
    let alone = record(format!("{before}{after}").as_bytes());
    assert_eq!(alone.fields["tax_total"], Value::Null);
    assert!(
        flags(&alone).contains(&FindingCode::VatCurrency),
        "{alone:#?}"
    );
}

#[test]
fn vat_is_judged_by_the_stated_rates_where_signs_are_mixed() {
    let expected = json!({"net_total": "-10.00", "tax_total": "19.00", "gross_total": "9.00"});
    accepted(fault!("neg-net-positive-gross.xml"), expected);
    let xml = String::from_utf8_lossy(fault!("neg-net-positive-gross.xml"));
    let too_high = xml
        .replace("<cbc:Percent>19<", "<cbc:Percent>29<")
        .replace(">19.00<", ">29.00<")
        .replace(">9.00<", ">19.00<");
    let record = record(too_high.as_bytes());
    assert_eq!(flags(&record), [FindingCode::TaxRate]);
    let expected = "29 %, but the highest rate in Germany is 19 %";
    let mut messages = record.findings.iter().map(|finding| &finding.message);
    assert!(
        messages.any(|message| message.contains(expected)),
        "{record:#?}"
    );
}

#[test]
fn a_national_account_is_not_an_iban() {
    let expected = json!({"iban": null, "bic": null, "payment_account": "54901230",
        "payment_provider": "SE:BANKGIRO"});
    accepted(fault!("se-bankgiro.xml"), expected);
    let expected = json!({"iban": null, "payment_account": "12345678"});
    accepted(fault!("cii-proprietary.xml"), expected);
    let xml = String::from_utf8_lossy(fault!("se-bankgiro.xml"));
    let wrong = xml.replace(">54901230<", ">SE4550000000058398257467<");
    let wrong = record(wrong.as_bytes());
    assert_eq!(wrong.fields["iban"], "SE4550000000058398257467");
    assert!(
        flags(&wrong).contains(&FindingCode::IbanCheckDigits),
        "{wrong:#?}"
    );
}

/// In forints, from a German company that is registered in Hungary.
#[test]
fn a_rate_of_the_country_of_registration_and_vat_in_whole_units_are_right() {
    let forints = Invoice {
        currency: "HUF",
        seller: ("HU12892312", "DE"),
        rates: vec![("S", "27.00", "69180.00", "18679.00", "")],
        lines: vec![("1", "69180.00", "69180.00", "S", "27.00")],
        net: "69180.00",
        tax: "18679.00",
        gross: "87859.00",
        ..plain()
    };
    for xml in [forints.ubl(), forints.cii()] {
        accepted(xml.as_bytes(), json!({"tax_total": "18679.00"}));
    }
}

#[test]
fn a_base_quantity_that_repeats_the_price_is_left_out() {
    let base = "</cbc:PriceAmount><cbc:BaseQuantity>50</cbc:BaseQuantity>";
    let xml = plain().ubl().replace("</cbc:PriceAmount>", base);
    let record = accepted(xml.as_bytes(), json!({"net_total": "100.00"}));
    assert_eq!(record.fields["line_items"][0]["unit_price"], "50.00");
    assert_eq!(codes(&record), ["product_mismatch"]);
    let message = &record.findings[0].message;
    assert!(message.contains("a price of 50.00 per 50"), "{message}");
    // With the one or the other, the amount is wrong.
    let wrong = xml.replace(">100.00<", ">90.00<");
    assert!(flags(&self::record(wrong.as_bytes())).contains(&FindingCode::ProductMismatch));
}

#[test]
fn a_line_of_the_other_sign_is_a_return_where_the_lines_add_up_with_it() {
    let returned = Invoice {
        lines: vec![
            ("4", "50.00", "200.00", "S", "19"),
            ("2", "50.00", "-100.00", "S", "19"),
        ],
        ..plain()
    };
    let record = accepted(returned.ubl().as_bytes(), json!({"net_total": "100.00"}));
    assert!(
        record.findings[0].message.contains("a return"),
        "{record:#?}"
    );
    let wrong = Invoice {
        lines: vec![
            ("4", "50.00", "200.00", "S", "19"),
            ("2", "50.00", "-100.00", "S", "19"),
        ],
        net: "300.00",
        ..plain()
    };
    let flags = flags(&self::record(wrong.cii().as_bytes()));
    assert!(flags.contains(&FindingCode::ProductMismatch), "{flags:?}");
}

#[test]
fn payments_for_others_are_part_of_the_amount_due() {
    let profile = "<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#conformant#\
                   urn:xeinkauf.de:kosit:extension:xrechnung_3.0</cbc:CustomizationID>";
    let paid = "<cac:PrepaidPayment><cbc:ID>1</cbc:ID><cbc:PaidAmount currencyID=\"EUR\">30.00</cbc:PaidAmount></cac:PrepaidPayment>";
    let xml = Invoice {
        head: profile,
        tail: paid,
        ..plain()
    }
    .ubl();
    let xml = xml.replace(
        "<cbc:PayableAmount currencyID=\"EUR\">119.00",
        "<cbc:PayableAmount currencyID=\"EUR\">149.00",
    );
    let record = accepted(xml.as_bytes(), json!({"gross_total": "119.00"}));
    assert_eq!(codes(&record), ["amount_due"]);
}
