use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::domain::Fields;

const UBL_INVOICE: &str = include_str!("../../fixtures/invoice/einvoice_ubl/input.xml");
const CREDIT_NOTE: &str = include_str!("../../fixtures/invoice/einvoice_credit_note/input.xml");

fn rates() -> Vec<Decimal> {
    [7, 19].map(Decimal::from).to_vec()
}

/// An invoice as a model reads it, with the buyer's country beside it.
fn flat() -> Fields {
    let fields = json!({
        "invoice_number": "A-7", "issue_date": "2024-06-03", "due_date": "2024-06-17", "currency": "EUR",
        "seller_name": "Weber & Söhne", "seller_vat_id": "DE136695976", "buyer_name": "Kanzlei Sommer",
        "buyer_vat_id": "DE136695976", "iban": "DE02120300000000202051", "bic": "BYLADEM1001",
        "payment_reference": "A-7", "line_items": [
            {"description": "Briefpapier", "quantity": "2", "unit_price": "68.00", "line_total": "136.00"},
            {"description": "Karten", "quantity": "4", "unit_price": "29.50", "line_total": "118.00"}],
        "net_total": "254.00", "tax_total": "48.26", "gross_total": "302.26"});
    fields.as_object().unwrap().clone()
}

fn written(fields: &Fields) -> Result<String, Vec<String>> {
    let mut invoice = from_fields(fields);
    tell_rate(&mut invoice).map_err(|told| vec![told])?;
    to_ubl(invoice)
}

/// The fields that both have, of the first.
fn again(fields: &Fields, xml: &str) -> Fields {
    let mut read = super::fields(&parse(xml.as_bytes()).unwrap());
    read.retain(|name, _| fields.contains_key(name));
    // The order of fields says nothing.
    let ordered = fields
        .keys()
        .filter_map(|name| Some((name.clone(), read.remove(name)?)));
    ordered.collect()
}

#[test]
fn a_record_becomes_a_file_that_says_the_same() {
    let xml = written(&flat()).unwrap();
    assert_eq!(again(&flat(), &xml), flat());
    let invoice = parse(xml.as_bytes()).unwrap();
    assert_eq!(invoice.syntax, Syntax::UblInvoice);
    assert_eq!(invoice.seller.address.country.as_deref(), Some("DE"));
    assert_eq!(invoice.lines[1].rate, Some(Decimal::from(19)));
    assert_eq!(invoice.taxes.len(), 1);
}

#[test]
fn what_en_16931_wants_and_a_record_lacks_is_named() {
    let without = |names: &[&str]| {
        let mut fields = flat();
        for name in names {
            fields[*name] = Value::Null;
        }
        written(&fields).unwrap_err().join("; ")
    };
    assert_eq!(without(&["buyer_vat_id"]), "the buyer's country (BT-55)");
    assert_eq!(
        without(&["due_date"]),
        "a due date (BT-9) or payment terms (BT-20)"
    );
    let told = without(&["seller_vat_id", "invoice_number"]);
    assert!(
        told.contains("(BT-1)") && told.contains("(BT-31)") && told.contains("(BT-40)"),
        "{told}"
    );
    let mut odd = flat();
    odd["tax_total"] = "30.00".into();
    odd["gross_total"] = "284.00".into();
    assert!(written(&odd).unwrap_err()[0].contains("30.00 on 254.00 is no single usual rate"));
    odd["tax_total"] = "0.00".into();
    assert!(written(&odd).unwrap_err()[0].contains("BT-151"));
    let mut lines = flat();
    lines["line_items"][0]["quantity"] = Value::Null;
    lines["line_items"][0]["unit_price"] = Value::Null;
    let told = written(&lines).unwrap_err().join("; ");
    assert_eq!(
        told,
        "the quantity (BT-129) of line 1; the net price (BT-146) of line 1"
    );
    let mut sums = flat();
    sums["line_items"][0]["line_total"] = "137.00".into();
    let told = written(&sums).unwrap_err().join("; ");
    assert!(
        told.contains("come to 254") || told.contains("come to 255"),
        "{told}"
    );
}

#[test]
fn a_price_that_is_not_told_follows_exactly_from_quantity_and_total() {
    let mut fields = flat();
    fields["line_items"][1] = json!({"description": "Karten", "quantity": "3", "unit_price": null, "line_total": "118.00"});
    let line = parse(written(&fields).unwrap().as_bytes())
        .unwrap()
        .lines
        .remove(1);
    assert_eq!(
        (line.price, line.price_base),
        (Some(118.into()), Some(3.into()))
    );
}

#[test]
fn a_negative_invoice_is_a_credit_note_with_positive_amounts() {
    let mut fields = flat();
    for name in ["net_total", "tax_total", "gross_total"] {
        fields[name] = format!("-{}", fields[name].as_str().unwrap()).into();
    }
    for line in fields["line_items"].as_array_mut().unwrap() {
        for name in ["quantity", "line_total"] {
            line[name] = format!("-{}", line[name].as_str().unwrap()).into();
        }
    }
    let xml = written(&fields).unwrap();
    let note = parse(xml.as_bytes()).unwrap();
    assert_eq!(
        (note.syntax, note.is_credit_note()),
        (Syntax::UblCreditNote, true)
    );
    assert_eq!(again(&flat(), &xml), flat());
}

#[test]
fn a_stated_invoice_is_written_again_with_all_that_it_states() {
    for source in [UBL_INVOICE, CREDIT_NOTE] {
        let mut expected = parse(source.as_bytes()).unwrap();
        let xml = to_ubl(expected.clone()).unwrap();
        let mut written = parse(xml.as_bytes()).unwrap();
        assert_eq!(written.profile.as_deref(), Some("urn:cen.eu:en16931:2017"));
        (written.profile, expected.profile) = (None, None);
        // A total of nothing, and the price of one unit, need not be said.
        for invoice in [&mut written, &mut expected] {
            invoice.totals.allowances.get_or_insert_default();
            invoice.totals.charges.get_or_insert_default();
            invoice.totals.prepaid.get_or_insert_default();
            for line in &mut invoice.lines {
                line.price_base.get_or_insert(Decimal::ONE);
            }
        }
        // PartyName repeats the registered name in the sources.
        assert_eq!(written, expected);
    }
}

#[test]
fn characters_that_xml_cannot_hold_are_left_out_and_others_survive() {
    let mut fields = flat();
    fields["seller_name"] = "A\u{0}<B> & \"C\" \u{1F9FE}\u{b}".into();
    let read = parse(written(&fields).unwrap().as_bytes()).unwrap();
    assert_eq!(read.seller.name.as_deref(), Some("A<B> & \"C\" \u{1F9FE}"));
}

fn word() -> impl Strategy<Value = String> {
    "[^\\p{C}\\p{Z}]{1,12}( [^\\p{C}\\p{Z}]{1,12}){0,3}"
}

/// Records whose sums hold, at one rate.
fn records() -> impl Strategy<Value = Fields> {
    let line = (word(), 1i64..10_000, 1i64..1_000_000);
    let names = (word(), word(), word(), word());
    (names, prop::collection::vec(line, 1..8), 0..2usize).prop_map(
        |((number, seller, buyer, reference), lines, rate)| {
            let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
            let net: i64 = lines
                .iter()
                .map(|(_, quantity, price)| quantity * price)
                .sum();
            let basis = Decimal::new(net, 2);
            let tax = complete::percent_of(basis, rates()[rate]);
            let mut tax_text = tax;
            tax_text.rescale(2);
            let mut gross = basis + tax;
            gross.rescale(2);
            let lines: Vec<Value> = lines
                .into_iter()
                .map(|(name, quantity, price)| {
                    json!({
            "description": name, "quantity": quantity.to_string(), "unit_price": money(price),
            "line_total": money(quantity * price)})
                })
                .collect();
            let mut fields = flat();
            for (name, value) in [
                ("invoice_number", number),
                ("seller_name", seller),
                ("buyer_name", buyer),
                ("payment_reference", reference),
                ("net_total", money(net)),
                ("tax_total", tax_text.to_string()),
                ("gross_total", gross.to_string()),
            ] {
                fields[name] = value.into();
            }
            fields["line_items"] = lines.into();
            fields
        },
    )
}

proptest! {
    #[test]
    fn every_record_whose_sums_hold_says_the_same_as_a_file(fields in records()) {
        match written(&fields) {
            Ok(xml) => prop_assert_eq!(again(&fields, &xml), fields),
            // So small a tax may be of either rate.
            Err(told) => prop_assert!(told[0].contains("may be more than one rate"), "{told:?}"),
        }
    }
}
