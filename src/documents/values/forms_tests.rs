//! Spellings from public bug reports of other programs.

use serde_json::Value;

use super::date::{DateDecision, Order, OrderReason};
use super::{currency, date, number};

fn forms(kind: &str) -> Vec<(String, Value)> {
    const FORMS: &str = include_str!("../../../tests/data/faults/forms.json");
    let forms: Value = serde_json::from_str(FORMS).unwrap();
    let forms = forms[kind].as_object().unwrap().clone();
    forms.into_iter().collect()
}

#[test]
fn amounts_are_what_the_page_says_or_refused() {
    for (text, expected) in forms("amounts") {
        let read = number::parse(&text).ok().and_then(|read| read.only());
        let expected = expected.as_str().map(|value| value.parse().unwrap());
        assert_eq!(read, expected, "{text}");
    }
    assert!(number::parse("1.234").unwrap().is_ambiguous());
}

#[test]
fn dates_are_one_day_or_called_ambiguous() {
    for (text, expected) in forms("dates") {
        let read = date::parse(&text, None);
        let Some(expected) = expected.as_str() else {
            assert!(read.is_err(), "{text}: {read:?}");
            continue;
        };
        let read = read.unwrap();
        match expected.strip_prefix("ambiguous") {
            None => assert_eq!(read.only(), expected.parse().ok(), "{text}"),
            Some(_) => {
                assert!(read.is_ambiguous(), "{text}");
                let decision = DateDecision::decide([&read], None, None);
                assert_eq!(decision.order, Order::DayFirst);
                assert_eq!(decision.reason, OrderReason::Assumed);
                assert_eq!(decision.date(&read), read.under(Order::DayFirst));
            }
        }
    }
}

#[test]
fn currencies_are_codes_or_refused() {
    for (text, expected) in forms("currencies") {
        let read = currency::parse(&text).ok().and_then(|read| read.only());
        assert_eq!(read.map(|code| code.code()), expected.as_str(), "{text}");
    }
}
