//! Typing of answers, asked for in the schema's form or copied from the page.

use serde_json::json;

use super::super::evidence::tests::page;
use super::*;
use crate::documents::types::DocTypes;

struct TypedFields {
    fields: Fields,
    findings: Vec<(FindingCode, String)>,
}

impl TypedFields {
    fn codes(&self) -> Vec<FindingCode> {
        self.findings.iter().map(|(code, _)| *code).collect()
    }
}

fn typed(name: &str, answers: Answers, rows: &[&str], fields: Value) -> TypedFields {
    let types = DocTypes::load(None).unwrap();
    let mut fields = fields.as_object().unwrap().clone();
    let page = page(0, rows);
    let mut findings = Vec::new();
    let doc_type = types.get(name).unwrap();
    let today = jiff::civil::date(2026, 1, 1);
    type_values(
        doc_type,
        &mut fields,
        answers,
        &[&page],
        today,
        &mut findings,
    );
    let findings = findings.into_iter().map(|f| (f.code, f.message)).collect();
    TypedFields { fields, findings }
}

#[test]
fn copies_of_the_page_are_typed_without_findings() {
    let rows = ["Total|1.234,50 €", "31.12.2024", "Kaffee|2|2,00"];
    let outcome = typed(
        "receipt",
        Answers::Verbatim,
        &rows,
        json!({"date": "15-Jun-2016", "currency": "€", "total": "1.234,50", "subtotal": "45,–", "tax": "1.234",
            "items": [{"description": "Kaffee", "quantity": "2x", "amount": "2,00"}]}),
    );
    assert_eq!(
        Value::Object(outcome.fields),
        json!({"date": "2016-06-15", "currency": "EUR", "total": "1234.50", "subtotal": "45.00", "tax": "1234",
            "items": [{"description": "Kaffee", "quantity": "2", "amount": "2.00"}]})
    );
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
}

#[test]
fn the_pages_numbers_decide_what_a_point_means() {
    for (row, total, is_settled) in [
        ("Total|12,50", "1234", true),
        ("Total|12.50", "1.234", true),
        ("Total|1.234", "1.234", false),
    ] {
        let fields = json!({"total": "1.234"});
        let outcome = typed("receipt", Answers::Verbatim, &[row], fields);
        assert_eq!(outcome.fields["total"], total, "{row}");
        let expected = match is_settled {
            true => vec![],
            false => vec![FindingCode::AmbiguousAmount],
        };
        assert_eq!(outcome.codes(), expected, "{row}: {:?}", outcome.findings);
    }
}

#[test]
fn a_required_date_that_was_not_read_is_the_only_one_on_the_page() {
    let of = |rows: &[&str]| {
        let fields = json!({"date": null});
        let outcome = typed("receipt", Answers::Verbatim, rows, fields);
        (outcome.fields["date"].clone(), outcome.codes().to_vec())
    };
    let found = [FindingCode::DateFromPage].to_vec();
    let printed = ["Date 27/07/2017", "DD:27/07/2017 No 4711"];
    assert_eq!(of(&printed), (json!("2017-07-27"), found.clone()));
    let compact = of(&["27032018  No CS-20242  Tel 03123456"]);
    assert_eq!(compact, (json!("2018-03-27"), found));
    for other in [&["27/07/2017", "28/07/2017"][..], &["Tel 03123456"]] {
        assert_eq!(of(other), (Value::Null, vec![]));
    }
    let due = typed(
        "invoice",
        Answers::Verbatim,
        &["27.07.2017"],
        json!({"due_date": null}),
    );
    assert!(due.codes().is_empty(), "a due date is not required");
}

#[test]
fn a_day_of_two_readings_is_decided_and_said() {
    let of = |rows: &[&str]| {
        let fields = json!({"date": "03/04/2025"});
        typed("receipt", Answers::Typed, rows, fields)
    };
    let shown = of(&["Printed 31/03/2025"]);
    assert_eq!(shown.fields["date"], "2025-04-03");
    assert_eq!(shown.codes(), [FindingCode::Normalised]);
    let american = of(&["Date 12/28/2024"]);
    assert_eq!(american.fields["date"], "2025-03-04");
    let assumed = of(&["Total 12.00"]);
    assert_eq!(assumed.fields["date"], "2025-04-03");
    assert_eq!(assumed.codes(), [FindingCode::AmbiguousDate]);
    let message = &assumed.findings[0].1;
    assert!(message.contains("2025-04-03 or 2025-03-04"), "{message}");
    assert!(message.contains("day before month: assumed"), "{message}");
}

#[test]
fn text_that_is_not_a_value_is_refused_with_the_reason() {
    for (field, text, code, why) in [
        (
            "date",
            "30.02.2025",
            FindingCode::NotADate,
            "there is no day 30 in month 2",
        ),
        ("date", "2025", FindingCode::NotADate, "not a date"),
        (
            "total",
            "l2.50",
            FindingCode::NotAnAmount,
            "letters or other signs",
        ),
        ("total", "19 %", FindingCode::NotAnAmount, "percentage"),
        ("total", "2x", FindingCode::NotAnAmount, "quantity"),
        ("currency", "XXX", FindingCode::UnknownCurrency, "not money"),
        ("currency", "QQQ", FindingCode::UnknownCurrency, "ISO 4217"),
        ("currency", "$", FindingCode::AmbiguousCurrency, "USD, AUD"),
    ] {
        for answers in [Answers::Typed, Answers::Verbatim] {
            let outcome = typed("receipt", answers, &[], json!({field: text}));
            assert_eq!(outcome.fields[field], text);
            assert_eq!(outcome.codes(), [code], "{text}");
            let message = &outcome.findings[0].1;
            assert!(message.contains(why), "{text}: {message}");
        }
    }
}

#[test]
fn a_currency_that_is_not_printed_is_that_of_the_country_and_it_is_said() {
    let rows = ["ABC TRADING SDN. BHD.", "81100 Johor Bahru", "Total|12.00"];
    let outcome = typed(
        "receipt",
        Answers::Verbatim,
        &rows,
        json!({"currency": null}),
    );
    assert_eq!(outcome.fields["currency"], "MYR");
    assert_eq!(outcome.codes(), [FindingCode::CurrencyFromCountry]);
    assert!(outcome.findings[0].1.contains("Malaysia"));
    // Nothing shows a country.
    let nowhere = typed(
        "receipt",
        Answers::Verbatim,
        &["Total 12.00"],
        json!({"currency": null}),
    );
    assert!(nowhere.fields["currency"].is_null() && nowhere.findings.is_empty());
}

#[test]
fn a_currency_that_was_not_read_is_the_only_one_on_the_page() {
    for (row, currency) in [
        ("Total|USD 12.00", json!("USD")),
        ("Tax (RM)|0.72", json!("MYR")),
        ("Total|£12.00", json!("GBP")),
        ("Total|EUR 12.00|USD 13.00", Value::Null),
        ("Total|$12.00", Value::Null),
    ] {
        let outcome = typed(
            "receipt",
            Answers::Verbatim,
            &[row],
            json!({"currency": null}),
        );
        assert_eq!(outcome.fields["currency"], currency, "{row}");
        let reported = outcome.codes() == [FindingCode::CurrencyFromPage];
        assert_eq!(reported, !currency.is_null(), "{row}");
    }
}

#[test]
fn letters_that_mean_something_else_are_no_currency() {
    for (rows, currency) in [
        (&["APPLICATORS SDN BHD", "Total|12.00"][..], json!("MYR")),
        (
            &["PIZZA BHD., Selangor", "SOS GARAM 4|387.45"],
            json!("MYR"),
        ),
        (
            &["Singapore 536482", "CHIPS|8.70 SR", "Total|64.41"],
            json!("SGD"),
        ),
        (&["Tax ID 278268038", "Total|12.00"], Value::Null),
        // A code beside an amount is meant, wherever the shop is.
        (&["APPLICATORS SDN BHD", "Total|USD 12.00"], json!("USD")),
    ] {
        let outcome = typed(
            "receipt",
            Answers::Verbatim,
            rows,
            json!({"currency": null}),
        );
        assert_eq!(outcome.fields["currency"], currency, "{rows:?}");
    }
}

#[test]
fn a_sign_of_several_currencies_is_that_of_the_country() {
    let rows = ["ACME Pty Ltd, Sydney", "Total|$12.00"];
    let outcome = typed(
        "receipt",
        Answers::Verbatim,
        &rows,
        json!({"currency": "$"}),
    );
    assert_eq!(outcome.fields["currency"], "AUD");
}

#[test]
fn one_is_the_quantity_where_none_is_printed_beside_an_amount() {
    let items = json!({"items": [
        {"description": "Tea", "quantity": null, "amount": "2.00"},
        {"description": "Thank you", "quantity": null, "amount": null}]});
    let copied = typed("receipt", Answers::Verbatim, &[], items.clone());
    assert_eq!(copied.fields["items"][0]["quantity"], "1");
    assert!(copied.fields["items"][1]["quantity"].is_null());
    let asked = typed("receipt", Answers::Typed, &[], items);
    assert!(asked.fields["items"][0]["quantity"].is_null());
}

#[test]
fn numbers_of_json_and_faults_of_spacing_are_stored_exactly_and_said() {
    let fields = json!({"total": 12.5, "tax": "1.5e3", "subtotal": "12. 50"});
    let outcome = typed("receipt", Answers::Typed, &[], fields);
    assert_eq!(outcome.fields["total"], "12.5");
    assert_eq!(outcome.fields["tax"], "1500");
    assert_eq!(outcome.fields["subtotal"], "12.50");
    assert_eq!(outcome.codes(), [FindingCode::Normalised; 2]);
    let copied = typed(
        "receipt",
        Answers::Verbatim,
        &[],
        json!({"total": "12. 50"}),
    );
    assert_eq!(copied.codes(), [FindingCode::Normalised]);
}
