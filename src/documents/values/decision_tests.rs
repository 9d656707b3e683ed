//! What settles numbers and dates of two meanings, coins, and quantities.

use iso_country::Country;
use iso_currency::Currency;
use jiff::civil::date;
use rust_decimal::Decimal;

use super::date::{DateDecision, DateReading, Order, OrderReason};
use super::number::{ConventionReason, Locale, NumberReading};
use super::{currency, date as dates, number, quantity};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn numbers(texts: &[&str]) -> Vec<NumberReading> {
    let read = |text: &&str| number::find(text).unwrap().reading;
    texts.iter().map(read).collect()
}

fn settled(
    texts: &[&str],
    currency: Option<Currency>,
) -> (Option<Decimal>, Option<ConventionReason>) {
    let all = numbers(texts);
    let decision = Locale::decide(&all, currency);
    let value = decision.and_then(|decision| decision.value(&all[0]));
    (value, decision.map(|decision| decision.reason))
}

#[test]
fn a_document_has_one_convention_for_its_numbers() {
    let cases: [(&[&str], &str, ConventionReason); 9] = [
        (&["1.234", "12,50"], "1234", ConventionReason::Decimals),
        (&["1.234", "12.50"], "1.234", ConventionReason::Decimals),
        (
            &["1,234", "12.50", "3.00"],
            "1234",
            ConventionReason::Decimals,
        ),
        (
            &["1.234", "2.345,60", "7,00"],
            "1234",
            ConventionReason::BothSigns,
        ),
        (&["1,234", "1,234,567"], "1234", ConventionReason::Grouping),
        (&["1.234", "1,234,567"], "1.234", ConventionReason::Grouping),
        (&["1.234", "1 234,50"], "1234", ConventionReason::BothSigns),
        (&["1.234", "19,0 %"], "1234", ConventionReason::Decimals),
        // A position of a list is not a price.
        (
            &["1.234", "1,00", "2,00", "3,00", "4,00", "1.10"],
            "1234",
            ConventionReason::BothSigns,
        ),
    ];
    for (texts, expected, reason) in cases {
        let (value, by) = settled(texts, None);
        assert_eq!(value, Some(decimal(expected)), "{texts:?}");
        if reason != ConventionReason::BothSigns {
            assert_eq!(by, Some(reason), "{texts:?}");
        }
    }
}

#[test]
fn what_nothing_decides_stays_ambiguous() {
    for texts in [
        &["1.234"][..],
        &["1.234", "5.678"],
        &["1.234", "12,50", "12.50"],
        &["1.234", "45"],
    ] {
        assert_eq!(settled(texts, None).0, None, "{texts:?}");
    }
}

#[test]
fn a_currency_without_decimals_decides_too() {
    let (value, reason) = settled(&["1,234", "10,000"], Some(Currency::JPY));
    assert_eq!(value, Some(decimal("1234")));
    assert_eq!(reason, Some(ConventionReason::NoMinorUnit));
    assert_eq!(settled(&["1,234"], Some(Currency::EUR)).0, None);
}

fn days(texts: &[&str]) -> Vec<DateReading> {
    let read = |text: &&str| dates::parse(text, None).unwrap();
    texts.iter().map(read).collect()
}

#[test]
#[allow(clippy::type_complexity)]
fn a_document_has_one_order_for_its_dates() {
    let day_first = date(2024, 4, 3);
    let month_first = date(2024, 3, 4);
    let cases: [(&[&str], Option<Currency>, Option<Country>, _, bool); 11] = [
        (&["03/04/2024", "31/12/2024"], None, None, day_first, true),
        (&["03/04/2024", "12/31/2024"], None, None, month_first, true),
        (&["03/04/2024", "3 April 2024"], None, None, day_first, true),
        (
            &["03/04/2024", "March 4, 2024"],
            None,
            None,
            month_first,
            true,
        ),
        (&["03/04/2024"], None, Some(Country::US), month_first, true),
        (&["03/04/2024"], None, Some(Country::MY), day_first, true),
        (
            &["03/04/2024"],
            Some(Currency::USD),
            None,
            month_first,
            true,
        ),
        (&["03/04/2024"], Some(Currency::EUR), None, day_first, true),
        // The document's own dates count more than where it comes from.
        (
            &["03/04/2024", "31/12/2024"],
            Some(Currency::USD),
            Some(Country::US),
            day_first,
            true,
        ),
        (&["03/04/2024"], None, None, day_first, false),
        (
            &["03/04/2024", "31/12/2024", "12/31/2024"],
            None,
            None,
            day_first,
            false,
        ),
    ];
    for (texts, currency, country, expected, is_shown) in cases {
        let all = days(texts);
        let decision = DateDecision::decide(&all, currency, country);
        assert_eq!(
            decision.date(&all[0]),
            Some(expected),
            "{texts:?} {decision}"
        );
        assert_eq!(decision.is_shown(), is_shown, "{texts:?} {decision}");
    }
    let decision = DateDecision::decide(&days(&["01-02-03", "24-12-31"]), None, Some(Country::CN));
    assert_eq!(decision.order, Order::YearFirst);
    assert_eq!(
        decision.date(&days(&["01-02-03"])[0]),
        Some(date(2001, 2, 3))
    );
}

#[test]
fn a_month_that_two_languages_name_is_settled_by_the_country() {
    let all = days(&["1. listopada 2024"]);
    for (country, month) in [(Country::HR, 10), (Country::PL, 11)] {
        let decision = DateDecision::decide(&all, None, Some(country));
        assert_eq!(decision.date(&all[0]), Some(date(2024, month, 1)));
    }
    let nowhere = DateDecision::decide(&all, None, None);
    assert_eq!(nowhere.date(&all[0]), None);
    assert_eq!(nowhere.reason, OrderReason::Assumed);
}

#[test]
fn signs_of_several_currencies_are_settled_by_the_country() {
    for (sign, country, code) in [
        ("$", Country::AU, "AUD"),
        ("$", Country::CA, "CAD"),
        ("$", Country::US, "USD"),
        ("$", Country::MX, "MXN"),
        ("kr", Country::NO, "NOK"),
        ("kr", Country::DK, "DKK"),
        ("kr", Country::SE, "SEK"),
        ("¥", Country::CN, "CNY"),
        ("¥", Country::JP, "JPY"),
        ("£", Country::GB, "GBP"),
        ("£", Country::EG, "EGP"),
        ("Rs", Country::PK, "PKR"),
        ("Rs", Country::IN, "INR"),
        ("Dh", Country::MA, "MAD"),
        ("lei", Country::MD, "MDL"),
    ] {
        let candidates = currency::parse(sign).unwrap();
        assert_eq!(candidates.only(), None, "{sign}");
        let settled = candidates.settle(Some(country));
        assert_eq!(settled.map(|c| c.code()), Some(code), "{sign}");
    }
    assert_eq!(
        currency::parse("$").unwrap().settle(Some(Country::DE)),
        None
    );
    assert_eq!(currency::parse("$").unwrap().settle(None), None);
}

#[test]
fn coins_are_those_of_each_currency() {
    for (code, unit, step) in [
        (Currency::EUR, "0.01", None),
        (Currency::JPY, "1", Some("1")),
        (Currency::KWD, "0.001", None),
        (Currency::SEK, "0.01", Some("1")),
        (Currency::NOK, "0.01", Some("1")),
        (Currency::DKK, "0.01", Some("0.5")),
        (Currency::CZK, "0.01", Some("1")),
        (Currency::HUF, "0.01", Some("5")),
        (Currency::CHF, "0.01", Some("0.05")),
        (Currency::MYR, "0.01", Some("0.05")),
        (Currency::NZD, "0.01", Some("0.1")),
        (Currency::USD, "0.01", None),
    ] {
        assert_eq!(currency::minor_unit(code), decimal(unit), "{code:?}");
        let expected = step.map(decimal);
        assert_eq!(currency::cash_step(code, None), expected, "{code:?}");
    }
    let in_euro = |country| currency::cash_step(Currency::EUR, Some(country));
    assert_eq!(in_euro(Country::FI), Some(decimal("0.05")));
    assert_eq!(in_euro(Country::DE), None);
}

#[test]
fn quantities_are_a_number_and_its_unit() {
    for (text, value, unit) in [
        ("2", "2", None),
        ("2x", "2", Some("x")),
        ("x2", "2", Some("x")),
        ("2 x", "2", Some("x")),
        ("2×", "2", Some("x")),
        ("3 Stk.", "3", Some("pc")),
        ("3 Stück", "3", Some("pc")),
        ("3pcs", "3", Some("pc")),
        ("1,5 kg", "1.5", Some("kg")),
        ("0.75L", "0.75", Some("l")),
        ("500ml", "500", Some("ml")),
        ("10 m²", "10", Some("m2")),
        ("2,5 Std.", "2.5", Some("h")),
        ("12 szt.", "12", Some("pc")),
        ("1 ea", "1", Some("pc")),
    ] {
        let read = quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read.number.only(), Some(decimal(value)), "{text}");
        assert_eq!(read.unit, unit, "{text}");
    }
    let thousand = quantity::parse("1,000 kg").unwrap();
    assert!(thousand.number.is_ambiguous());
    for text in ["", "kg", "2 kg 3", "19 %", "€ 2", "31.12.2024"] {
        assert!(quantity::parse(text).is_err(), "{text}");
    }
}
