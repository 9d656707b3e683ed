//! Amounts, quantities, dates and codes of an XML file, within limits.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::xml::Element;
use crate::domain::{Finding, FindingCode, Severity};

/// Most digits before the point: three more than the invoice type allows.
const MAX_WHOLE: usize = 15;
/// Most digits after the point, so that products of two such numbers are exact.
const MAX_FRACTION: usize = 10;

/// Collects findings about values; none of them ends the parsing.
#[derive(Default)]
pub struct Values {
    pub findings: Vec<Finding>,
}

/// Most findings about values: more would have the same cause.
const MAX_FINDINGS: usize = 50;

impl Values {
    pub fn report(&mut self, code: FindingCode, field: &str, message: String) {
        self.push(Finding::new(code, Some(field), message));
    }

    pub fn push(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// The number in the element's text. A value that is not a number is `None` and
    /// has a finding about `field`.
    pub fn decimal(&mut self, field: &str, element: Option<&Element>) -> Option<Decimal> {
        let text = element?.compact()?;
        let value = decimal(&text);
        if value.is_none() {
            let shown: String = text.chars().take(40).collect();
            let message = format!(
                "{field} is `{shown}` in the XML, which is not a decimal number of at most {MAX_WHOLE} digits \
                 with {MAX_FRACTION} decimals"
            );
            self.report(FindingCode::EinvoiceValue, field, message);
        }
        value
    }

    /// The date in the element or in its first child (`DateTimeString`, `Date`). A
    /// value that is not a date is `None` and has a finding about `field`.
    pub fn date(&mut self, field: &str, element: Option<&Element>) -> Option<Date> {
        let element = element?;
        let inner = element.any(&["DateTimeString", "DateTime", "DateString", "Date"]);
        let element = inner.unwrap_or(element);
        let text = element.compact()?;
        let value = date(&text, element.attribute("format"));
        if value.is_none() {
            let shown: String = text.chars().take(40).collect();
            let message = format!("{field} is `{shown}` in the XML, which is not a date");
            let finding = Finding::new(FindingCode::EinvoiceValue, Some(field), message);
            // Other dates, such as a month of delivery, are not in the record.
            self.push(match field {
                "issue_date" | "due_date" => finding,
                _ => finding.with_severity(Severity::Info),
            });
        }
        value
    }
}

/// An exact `xsd:decimal`; `None` for other text and beyond the limits above.
pub fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if !number(whole) || !number(fraction) || !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if whole.len() > MAX_WHOLE || fraction.len() > MAX_FRACTION {
        return None;
    }
    let scale = fraction.len() as u32;
    let units: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let mut value = Decimal::try_from_i128_with_scale(units, scale).ok()?;
    value.set_sign_negative(text.starts_with('-') && !value.is_zero());
    Some(value)
}

/// `YYYYMMDD` (UNTDID 2379 format 102) or `YYYY-MM-DD`; a time or zone after it
/// is ignored. A month or week alone is not a date.
fn date(text: &str, format: Option<&str>) -> Option<Date> {
    if format.is_some_and(|format| format != "102") {
        return None;
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (year, month, day) = match digits {
        8 if text.len() == 8 => (&text[..4], &text[4..6], &text[6..8]),
        4 if text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-') => {
            let rest = text.get(10..)?;
            if !(rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-'])) {
                return None;
            }
            (&text[..4], text.get(5..7)?, text.get(8..10)?)
        }
        _ => return None,
    };
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        let good = [
            ("1", "1"),
            ("-0.10", "-0.1"),
            ("+007.5000", "7.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0", "0"),
            ("999999999999999.9999999999", "999999999999999.9999999999"),
        ];
        for (text, expected) in good {
            assert_eq!(decimal(text).unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1e5",
            "1,5",
            "1_0",
            "0x10",
            "NaN",
            "INF",
            "1.2.3",
            "--1",
            "1000000000000000",
            "0.00000000001",
            "٣",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn dates_of_both_syntaxes_are_read_and_others_refused() {
        let expected = Date::new(2024, 2, 29).unwrap();
        for text in [
            "20240229",
            "2024-02-29",
            "2024-02-29Z",
            "2024-02-29+01:00",
            "2024-02-29T00:00:00",
        ] {
            assert_eq!(date(text, None), Some(expected), "{text}");
        }
        for text in [
            "20230229",
            "2024-2-29",
            "202402",
            "29.02.2024",
            "2024-02-29x",
            "2024é-02-29",
            "99999999",
        ] {
            assert_eq!(date(text, None), None, "{text}");
        }
        assert_eq!(date("202402", Some("610")), None);
        assert_eq!(date("20240229", Some("102")), Some(expected));
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,40}", format in proptest::option::of("[0-9]{3}")) {
            let _ = decimal(&text);
            let _ = date(&text, format.as_deref());
        }

        #[test]
        fn what_is_taken_is_what_was_written(units in -10i64.pow(17)..10i64.pow(17), scale in 0u32..=10) {
            let value = Decimal::new(units, scale);
            prop_assume!(value.trunc().abs() < Decimal::from(10u64.pow(15)));
            prop_assert_eq!(decimal(&value.to_string()), Some(value));
        }
    }
}
