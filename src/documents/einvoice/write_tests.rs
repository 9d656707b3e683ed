use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::domain::{AllowanceCharge, Fields, Identifier, Tax};

const UBL_INVOICE: &str = include_str!("../../../fixtures/invoice/einvoice_ubl/input.xml");
const CREDIT_NOTE: &str = include_str!("../../../fixtures/invoice/einvoice_credit_note/input.xml");

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
    fields_to_ubl(from_fields(fields))
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

/// The record with another seller, date, and VAT of a net total of 254.00.
fn of_seller(vat_id: &str, date: &str, tax: &str) -> Result<EInvoice, String> {
    let mut fields = flat();
    let gross = (Decimal::from(254) + tax.parse::<Decimal>().unwrap()).to_string();
    for (name, value) in [
        ("seller_vat_id", vat_id),
        ("issue_date", date),
        ("tax_total", tax),
        ("gross_total", gross.as_str()),
    ] {
        fields[name] = value.into();
    }
    let xml = written(&fields).map_err(|told| told.join("; "))?;
    Ok(parse(xml.as_bytes()).unwrap())
}

#[test]
fn a_vat_rate_is_one_of_the_sellers_country_in_that_year_or_none() {
    let rate = |vat_id: &str, date: &str, tax: &str| {
        let invoice = of_seller(vat_id, date, tax).unwrap();
        invoice.lines[0].rate.unwrap().to_string()
    };
    assert_eq!(rate("DE136695976", "2024-06-03", "17.78"), "7");
    assert_eq!(rate("PT503504564", "2024-06-03", "33.02"), "13");
    assert_eq!(rate("EL094259216", "2024-06-03", "60.96"), "24");
    assert_eq!(rate("DE136695976", "2020-10-01", "40.64"), "16");
    let told = |vat_id: &str, date: &str, tax: &str| of_seller(vat_id, date, tax).unwrap_err();
    // Half of it at 19 %, half at 7 %; three quarters and one.
    let half = told("DE136695976", "2024-06-03", "33.02");
    assert!(half.contains("33.02 on 254.00 is no single usual rate of DE (7, 19 %)"));
    let quarter = told("DE136695976", "2024-06-03", "40.64");
    assert!(quarter.contains("no single usual rate"), "{quarter}");
    let nowhere = told("136695976", "2024-06-03", "48.26");
    assert!(
        nowhere.contains("BT-152") && nowhere.contains("BT-31"),
        "{nowhere}"
    );
    let unknown = told("US136695976", "2024-06-03", "48.26");
    assert!(
        unknown.contains("(BT-152): docmill does not know"),
        "{unknown}"
    );
}

#[test]
fn a_credit_note_is_one_by_its_root_or_its_code_and_unknown_codes_are_refused() {
    for code in ["380", "384", "999"] {
        let xml = CREDIT_NOTE.replacen(">381<", &format!(">{code}<"), 1);
        let invoice = parse(xml.as_bytes()).unwrap();
        assert!(invoice.is_credit_note(), "{code}");
        let told = to_ubl(invoice).unwrap_err();
        let expected =
            format!("a type code (BT-3) of a credit note, such as 381 (BR-CL-01), not `{code}`");
        assert_eq!(told, [expected]);
    }
    for code in ["502", "503"] {
        let xml = UBL_INVOICE.replacen(">380<", &format!(">{code}<"), 1);
        let xml = to_ubl(parse(xml.as_bytes()).unwrap()).unwrap();
        assert_eq!(parse(xml.as_bytes()).unwrap().syntax, Syntax::UblCreditNote);
    }
    let unknown = UBL_INVOICE.replacen(">380<", ">999<", 1);
    let told = to_ubl(parse(unknown.as_bytes()).unwrap()).unwrap_err();
    assert!(told[0].contains("of an invoice, such as 380"), "{told:?}");
}

/// What keeps the sample from being written once it is changed; "": nothing.
fn told(sample: &str, change: impl FnOnce(&mut EInvoice)) -> String {
    let mut invoice = parse(sample.as_bytes()).unwrap();
    change(&mut invoice);
    to_ubl(invoice).map_or_else(|told| told.join("; "), |_| String::new())
}

/// Gives an invoice of one line, without allowances, another VAT category.
fn recategorise(invoice: &mut EInvoice, category: &str, rate: i64) {
    let net = invoice.totals.net.unwrap();
    let tax = complete::percent_of(net, rate.into());
    invoice.lines[0].category = Some(category.into());
    invoice.lines[0].rate = Some(rate.into());
    invoice.taxes = vec![Tax {
        basis: Some(net),
        amount: Some(tax),
        category: Some(category.into()),
        rate: Some(rate.into()),
        exemption_reason: Some("as agreed".into()),
        ..Tax::default()
    }];
    invoice.totals.tax = Some(tax);
    invoice.totals.gross = Some(net + tax);
    invoice.totals.due = Some(net + tax);
}

/// Leaves the seller a registration at court and with the tax office.
fn without_vat_id(invoice: &mut EInvoice) {
    invoice.seller.vat_id = None;
    invoice.seller.tax_id = Some("12/345/67890".into());
    invoice.seller.legal_id = Some(Identifier {
        scheme: None,
        value: "HRB 1234".into(),
    });
}

#[test]
fn rates_and_amounts_that_a_vat_category_does_not_take_are_refused() {
    let of = |category: &str, rate: i64| {
        told(CREDIT_NOTE, |invoice| recategorise(invoice, category, rate))
    };
    for (category, rate, rule) in [
        ("S", 0, "BR-S-05"),
        ("Z", 20, "BR-Z-05"),
        ("E", 20, "BR-E-05"),
        ("AE", 20, "BR-AE-05"),
        ("K", 20, "BR-IC-05"),
        ("G", 20, "BR-G-05"),
        ("VAT", 20, "BR-CL-18"),
    ] {
        let told = of(category, rate);
        assert!(told.contains(rule), "{category} {rate}: {told}");
    }
    for category in ["Z", "E", "AE", "G"] {
        assert_eq!(of(category, 0), "", "{category}");
    }
    // Less than the one by which a VAT amount may be off.
    let charged = told(CREDIT_NOTE, |invoice| {
        recategorise(invoice, "E", 0);
        invoice.taxes[0].amount = Some(Decimal::new(50, 2));
    });
    assert!(charged.contains("BR-E-09"), "{charged}");
}

#[test]
fn reverse_charge_takes_a_tax_registration_where_trade_across_borders_does_not() {
    let of = |category: &str| {
        told(CREDIT_NOTE, |invoice| {
            recategorise(invoice, category, 0);
            without_vat_id(invoice);
        })
    };
    assert_eq!(of("AE"), "");
    let export = of("G");
    assert!(export.contains("(BT-31) for VAT category G"), "{export}");
}

#[test]
fn what_is_not_subject_to_vat_stands_alone_and_names_no_vat_identifier() {
    let named = told(CREDIT_NOTE, |invoice| recategorise(invoice, "O", 0));
    assert_eq!(named.matches("BR-O-02").count(), 2, "{named}");
    let unnamed = told(CREDIT_NOTE, |invoice| {
        recategorise(invoice, "O", 0);
        without_vat_id(invoice);
        invoice.buyer.vat_id = None;
    });
    assert_eq!(unnamed, "");
    let beside = told(CREDIT_NOTE, |invoice| {
        invoice.taxes.push(Tax {
            basis: Some(Decimal::ZERO),
            amount: Some(Decimal::ZERO),
            category: Some("O".into()),
            ..Tax::default()
        });
    });
    assert!(beside.contains("not beside S (BR-O-11)"), "{beside}");
}

#[test]
fn countries_are_those_of_iso_3166_whether_stated_or_of_a_vat_identifier() {
    let stated = told(UBL_INVOICE, |invoice| {
        invoice.seller.address.country = Some("UK".into());
        invoice.buyer.address.country = Some("EL".into());
        invoice.delivery_country = Some("XI".into());
    });
    for (term, code) in [("BT-40", "`UK`"), ("BT-55", "`EL`"), ("BT-80", "`XI`")] {
        assert!(stated.contains(term) && stated.contains(code), "{stated}");
    }
    for (vat_id, country) in [
        ("EL094259216", Some("GR")),
        ("XI123456789", Some("GB")),
        ("ATU12345678", Some("AT")),
        ("QQ123456789", None),
        ("123456789", None),
    ] {
        let mut invoice = parse(UBL_INVOICE.as_bytes()).unwrap();
        invoice.buyer.address.country = None;
        invoice.buyer.vat_id = Some(vat_id.into());
        assert_eq!(country_of(&invoice.buyer).as_deref(), country, "{vat_id}");
        let written = to_ubl(invoice);
        let expected = "the buyer's country (BT-55)";
        match country {
            Some(_) => assert!(written.is_ok(), "{vat_id}: {written:?}"),
            None => assert_eq!(written.unwrap_err(), [expected], "{vat_id}"),
        }
    }
}

#[test]
fn amounts_of_more_than_two_decimals_are_refused_wherever_they_stand() {
    let long = || Some(Decimal::new(10_005, 3));
    let base = told(UBL_INVOICE, |invoice| invoice.allowances[0].base = long());
    assert_eq!(
        base,
        "amounts of at most two decimals (BR-DEC): the base amount of an allowance or charge \
         (BT-93, BT-100) is 10.005"
    );
    let of_line = told(UBL_INVOICE, |invoice| {
        invoice.lines[0].allowances.push(AllowanceCharge {
            amount: Decimal::new(1, 3),
            base: long(),
            ..AllowanceCharge::default()
        });
    });
    let first = "(BT-136, BT-141) is 0.001 and 1 more";
    assert!(of_line.ends_with(first), "{of_line}");
    let prepaid = told(UBL_INVOICE, |invoice| {
        invoice.totals.prepaid = Some(Decimal::new(100_001, 3));
        invoice.totals.due = Some(Decimal::new(333_799, 3));
    });
    assert!(
        prepaid.contains("(BT-113) is 100.001 and 1 more"),
        "{prepaid}"
    );
}

#[test]
fn a_unit_that_no_list_can_have_is_written_as_one() {
    for (stated, expected) in [
        ("Stk", "C62"),
        ("pcs.", "C62"),
        ("HUR", "HUR"),
        ("XPP", "XPP"),
    ] {
        let xml = UBL_INVOICE.replace("\"C62\"", &format!("\"{stated}\""));
        let written = to_ubl(parse(xml.as_bytes()).unwrap()).unwrap();
        let lines = parse(written.as_bytes()).unwrap().lines;
        let mut units = lines.iter().map(|line| line.unit.as_deref());
        assert!(units.all(|unit| unit == Some(expected)), "{stated}");
    }
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
