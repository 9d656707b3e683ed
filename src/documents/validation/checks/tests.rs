use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::documents::types::DocTypes;

fn outcomes(name: &str, fields: Value) -> Vec<CheckOutcome> {
    let types = DocTypes::load(None).unwrap();
    let fields = fields.as_object().unwrap().clone();
    run(
        types.get(name).unwrap(),
        &fields,
        &Printed::default(),
        date(2026, 1, 1),
    )
}

fn findings_of(name: &str, fields: Value) -> Vec<String> {
    let findings = outcomes(name, fields)
        .into_iter()
        .filter_map(|outcome| outcome.finding);
    findings
        .map(|finding| format!("{}: {}", finding.code, finding.message))
        .collect()
}

#[test]
fn findings_read_as_an_accountant_would_say_them() {
    let invoice = json!({"invoice_number": "A-1", "issue_date": "2026-04-01", "due_date": "2026-03-01",
        "currency": "EUR", "seller_vat_id": "DE136695976",
        "line_items": [{"quantity": "3", "unit_price": "1.50", "line_total": "4.80"},
                       {"quantity": "1", "unit_price": "95.00", "line_total": "95.00"}],
        "net_total": "100.00", "tax_total": "29.00", "gross_total": "191.00"});
    let receipt = json!({"currency": "MYR", "date": "2027-01-01", "items": [{"amount": "5.00"}],
        "subtotal": "6.00", "tax": "3.00", "total": "9.00"});
    let mut text = findings_of("invoice", invoice).join("\n");
    text.push('\n');
    text.push_str(&findings_of("receipt", receipt).join("\n"));
    insta::assert_snapshot!(text);
}

#[test]
fn parties_with_one_name_or_vat_id_are_reported() {
    let invoice = json!({"seller_name": "Weber Druck GmbH", "buyer_name": "WEBER-DRUCK GmbH",
        "seller_vat_id": "DE136695976", "buyer_vat_id": "DE136695977"});
    let findings = findings_of("invoice", invoice);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].starts_with("equal_parties: seller name and buyer name are both"));
    assert!(findings_of("invoice", json!({"seller_name": "A", "buyer_name": null})).is_empty());
}

#[test]
fn a_check_that_holds_names_the_values_that_it_confirms() {
    let outcomes = outcomes(
        "invoice",
        json!({"issue_date": "2025-03-01", "due_date": "2025-03-31", "seller_vat_id": "DE136695976",
            "line_items": [], "net_total": "100.00", "tax_total": "19.00", "gross_total": "119.00"}),
    );
    let names: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.name.as_str())
        .collect();
    let expected = [
        "net_total + tax_total = gross_total",
        "tax_total is 19 % of net_total (DE)",
        "issue_date before due_date",
        "issue_date not ahead",
    ];
    assert_eq!(names, expected);
    assert!(outcomes.iter().all(CheckOutcome::holds));
    assert_eq!(
        outcomes[0].fields,
        ["net_total", "tax_total", "gross_total"]
    );
    assert_eq!(
        (outcomes[0].weight, outcomes[2].weight),
        (Weight::Computes, Weight::Plausible)
    );
}

#[test]
fn a_copy_of_a_value_computes_nothing() {
    let one_line =
        json!({"items": [{"amount": "5.00"}], "subtotal": "5.00", "tax": null, "total": "5.00"});
    let weights: Vec<_> = outcomes("receipt", one_line)
        .iter()
        .map(|outcome| outcome.weight)
        .collect();
    assert_eq!(weights, [Weight::Equal, Weight::Equal, Weight::Equal]);
}

#[test]
fn a_tax_between_the_rates_is_a_blend_and_one_above_the_highest_is_wrong() {
    let invoice = |tax: &str, country: Value| {
        findings_of(
            "invoice",
            json!({"net_total": "100.00", "tax_total": tax, "gross_total": null,
            "seller_vat_id": country, "currency": "EUR"}),
        )
    };
    for tax in ["19.00", "7.00", "12.34", "0.00", "16.00", "19.02"] {
        assert!(invoice(tax, json!("DE136695976")).is_empty(), "{tax}");
    }
    for tax in ["19.03", "25.00", "-19.00"] {
        assert_eq!(invoice(tax, json!("DE136695976")).len(), 1, "{tax}");
    }
    assert!(invoice("25.00", json!("DK13585628")).is_empty());
    // The euro has no single country.
    assert!(invoice("25.00", Value::Null).is_empty());
}

#[test]
fn a_payment_that_was_not_made_has_a_finding() {
    let screen =
        |status: Value| findings_of("screenshot", json!({"status": status, "amount": "4.20"}));
    for (status, expected) in [
        ("pending", "no money has moved yet"),
        ("failed", "no money has moved"),
        ("cancelled", "no money has moved"),
    ] {
        let found = screen(json!(status));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("not_completed: ") && found[0].ends_with(expected));
    }
    for status in [json!("completed"), json!("successful"), Value::Null] {
        assert!(screen(status).is_empty());
    }
}

#[test]
fn business_keys_ignore_spelling_and_need_every_field() {
    let types = DocTypes::load(None).unwrap();
    let keys_of = |fields: Value| keys(types.get("invoice").unwrap(), fields.as_object().unwrap());
    let a = keys_of(
        json!({"seller_name": "Nord GmbH", "invoice_number": "RE-1", "seller_vat_id": null}),
    );
    let b = keys_of(json!({"seller_name": "NORD  GmbH.", "invoice_number": "re 1"}));
    assert_eq!(a.len(), 1);
    assert_eq!(a[0].key, b[0].key);
    assert_eq!(a[0].words, "seller name Nord GmbH and invoice number RE-1");
    assert!(keys_of(json!({"seller_name": "Nord GmbH", "invoice_number": null})).is_empty());
    let types_receipt = types.get("receipt").unwrap();
    let receipt = |total: &str| {
        let fields = json!({"merchant_name": "A", "date": "2025-01-01", "total": total});
        keys(types_receipt, fields.as_object().unwrap())[0]
            .key
            .clone()
    };
    assert_eq!(receipt("4.20"), receipt("4.2"));
    assert_ne!(receipt("4.20"), receipt("42.0"));
}

#[test]
fn a_total_rounded_to_the_smallest_coin_holds_and_confirms_nothing() {
    let receipt = |currency: &str, total: &str| {
        let fields = json!({"currency": currency, "items": [{"amount": "32.50"}, {"amount": "24.90"}],
            "subtotal": "57.40", "tax": null, "total": total});
        let outcomes = outcomes("receipt", fields);
        let of_total = outcomes
            .into_iter()
            .find(|outcome| outcome.name == "subtotal = total")
            .unwrap();
        (of_total.holds(), of_total.weight)
    };
    for (currency, total, holds) in [
        ("SEK", "57.00", true),
        ("NOK", "57.00", true),
        ("DKK", "57.50", true),
        ("CZK", "57.00", true),
        ("HUF", "55.00", true),
        ("SEK", "58.00", false),
        ("SEK", "57.10", false),
        ("EUR", "57.00", false),
        ("MYR", "57.00", false),
    ] {
        let (is_held, weight) = receipt(currency, total);
        assert_eq!(is_held, holds, "{currency} {total}");
        assert!(!holds || weight == Weight::Plausible, "{currency} {total}");
    }
    assert_eq!(receipt("SEK", "57.40"), (true, Weight::Equal));
}

/// The receipt type with this check in place of its own.
fn receipt_with(check: Check) -> DocType {
    let types = DocTypes::load(None).unwrap();
    let mut doc_type = types.get("receipt").unwrap().clone();
    let rounding = doc_type.schema["properties"]["total"].clone();
    doc_type.schema["properties"]["rounding"] = rounding;
    doc_type.read.as_mut().unwrap().checks = vec![check];
    doc_type
}

fn sum(of: &[&str]) -> Check {
    Check::Sum {
        of: of.iter().map(|path| (*path).to_owned()).collect(),
        equals: "total".into(),
        tolerance: None,
    }
}

#[test]
fn cash_in_euros_is_rounded_in_the_countries_that_do_so() {
    let doc_type = receipt_with(sum(&["subtotal"]));
    let holds = |place: &'static str, currency: Value, total: &str| {
        let fields = json!({"currency": currency, "subtotal": "9.98", "total": total});
        let page = crate::documents::validation::evidence::tests::page(0, &[place]);
        let printed = Printed::of(&[&page]);
        let outcomes = run(
            &doc_type,
            fields.as_object().unwrap(),
            &printed,
            date(2026, 1, 1),
        );
        outcomes[0].holds()
    };
    for place in [
        "Helsinki, Suomi",
        "Amsterdam",
        "Bruxelles, Belgique",
        "Dublin",
        "Torino, Italia",
        "Bratislava",
        "Tallinn",
        "Vilnius",
    ] {
        assert!(holds(place, json!("EUR"), "10.00"), "{place}");
        assert!(!holds(place, json!("EUR"), "10.05"), "{place}");
        assert!(holds(place, Value::Null, "10.00"), "{place}");
    }
    for place in ["Berlin", "Paris", "Madrid", "Main Street 12"] {
        assert!(!holds(place, json!("EUR"), "10.00"), "{place}");
    }
    assert!(holds("Stockholm, Sverige", Value::Null, "10.00"));
}

#[test]
fn a_rounding_field_of_a_type_is_part_of_its_sum() {
    let either = Check::AnyOf(vec![sum(&["subtotal", "rounding"]), sum(&["subtotal"])]);
    let doc_type = receipt_with(either);
    for (rounding, total, holds) in [
        (json!("0.02"), "10.00", true),
        (json!("-0.03"), "9.95", true),
        (Value::Null, "9.98", true),
        (json!("0.02"), "10.20", false),
    ] {
        let fields =
            json!({"currency": "EUR", "subtotal": "9.98", "rounding": rounding, "total": total});
        let printed = Printed::default();
        let outcomes = run(
            &doc_type,
            fields.as_object().unwrap(),
            &printed,
            date(2026, 1, 1),
        );
        assert_eq!(outcomes.iter().all(CheckOutcome::holds), holds, "{total}");
    }
}

/// The text of `tests/data/faults/sek.pdf`.
#[test]
fn a_printed_rounding_explains_a_total_whose_currency_was_not_read() {
    let rows = [
        "Kaffe | 32.50",
        "Bulle | 24.90",
        "Subtotal | 57.40",
        "Rounding | -0.40",
        "Total to pay | 57.00 SEK",
    ];
    let doc_type = receipt_with(sum(&["subtotal"]));
    let page = crate::documents::validation::evidence::tests::page(0, &rows);
    let printed = Printed::of(&[&page]);
    let of_total = |total: &str| {
        let fields = json!({"currency": null, "subtotal": "57.40", "total": total});
        let fields = fields.as_object().unwrap();
        run(&doc_type, fields, &printed, date(2026, 1, 1)).remove(0)
    };
    let outcome = of_total("57.00");
    assert!(outcome.holds() && outcome.weight == Weight::Plausible);
    let note = outcome.note.unwrap().message;
    assert!(note.contains("Rounding -0.40"), "{note}");
    assert!(!of_total("57.10").holds());
}
