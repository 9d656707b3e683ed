//! Whether the page of an electronic invoice shows what its XML states: the two
//! may be different invoices.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::evidence::{Kind, PageText, fold, occurrences};
use crate::domain::{Fields, Finding, FindingCode, PageResult, Severity, money};

/// A page with fewer words is a scan with a stamp, not a text.
const LEAST_WORDS: usize = 15;
/// So many of the key terms missing tell another invoice, not another value.
const ANOTHER: usize = 3;

/// The key terms: what identifies an invoice, and what it comes to.
const KEY_TERMS: [(&str, Kind); 5] = [
    ("invoice_number", Kind::Text),
    ("seller_name", Kind::Text),
    ("issue_date", Kind::Date),
    ("net_total", Kind::Amount),
    ("gross_total", Kind::Amount),
];

/// One finding for each key term of the XML that the pages' text does not have,
/// or one for all when there are many. Pages without text say nothing.
pub fn check(stated: &Fields, pages: &[PageResult]) -> Vec<Finding> {
    let texts: Vec<PageText> = pages
        .iter()
        .map(|page| PageText::of_text_layer(page.index, &page.words))
        .collect();
    if texts.iter().map(|text| text.words.len()).sum::<usize>() < LEAST_WORDS {
        return Vec::new();
    }
    let missing: Vec<(&str, String)> = KEY_TERMS
        .into_iter()
        .filter_map(|(name, kind)| {
            Some((name, missing(kind, stated.get(name)?.as_str()?, &texts)?))
        })
        .collect();
    if missing.len() >= ANOTHER {
        let told: Vec<_> = missing
            .iter()
            .map(|(name, told)| format!("{name} {told}"))
            .collect();
        let message = format!(
            "the page and its e-invoice seem to be two different invoices: {}",
            told.join("; ")
        );
        return vec![
            Finding::new(FindingCode::PageContradicts, None, message)
                .with_severity(Severity::Error),
        ];
    }
    let each = missing.into_iter().map(|(name, told)| {
        let message = format!("{name} {told}");
        Finding::new(FindingCode::PageContradicts, Some(name), message)
    });
    each.collect()
}

/// What to say of a term that no page prints.
fn missing(kind: Kind, stated: &str, texts: &[PageText]) -> Option<String> {
    match kind {
        Kind::Date => missing_date(stated, texts),
        Kind::Amount => missing_amount(stated, texts),
        _ => missing_text(stated, texts),
    }
}

fn is_printed(kind: Kind, stated: &str, texts: &[PageText]) -> bool {
    let value = Value::from(stated);
    texts
        .iter()
        .any(|text| !occurrences(text, kind, &value).is_empty())
}

/// Every word of it stands somewhere: pages break names and repeat them.
fn missing_text(stated: &str, texts: &[PageText]) -> Option<String> {
    let mut words = stated
        .split_whitespace()
        .filter(|word| !fold(word).is_empty());
    let found = words.all(|word| is_printed(Kind::Text, word, texts));
    (!found).then(|| format!("is `{stated}` in the e-invoice, which the page does not print"))
}

fn missing_date(stated: &str, texts: &[PageText]) -> Option<String> {
    let date: Date = stated.parse().ok()?;
    if is_printed(Kind::Date, stated, texts) {
        return None;
    }
    // A page without a date that can be understood says nothing of it.
    let printed = texts.iter().flat_map(|text| &text.dates);
    let nearest = printed
        .map(|placed| placed.value)
        .min_by_key(|printed| (*printed - date).get_days().unsigned_abs())?;
    Some(format!(
        "is {date} in the e-invoice, but the page prints {nearest}"
    ))
}

fn missing_amount(stated: &str, texts: &[PageText]) -> Option<String> {
    let amount: Decimal = stated.parse().ok()?;
    if is_printed(Kind::Amount, stated, texts) {
        return None;
    }
    let numbers = texts.iter().flat_map(|text| &text.numbers);
    let money_of = numbers.filter(|placed| placed.value.is_money);
    let largest = money_of.map(|placed| placed.value.value).max()?;
    Some(format!(
        "is {} in the e-invoice, which the page does not print; its largest amount is {}",
        money(amount),
        money(largest)
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::validation::evidence::tests::page;

    fn told(text: &str) -> Vec<String> {
        let stated = json!({"invoice_number": "RE-2014/499", "seller_name": "Bei Spiel GmbH", "issue_date": "2014-05-19",
            "net_total": "1496.00", "gross_total": "1571.04"});
        let findings = check(stated.as_object().unwrap(), &[page(0, &[text])]);
        findings
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    const PAGE: &str = "Bei Spiel GmbH Rechnung Nr. RE-2014/499 vom 19.05.2014 an Theodor Est \
        Summe netto 1.496,00 EUR Gesamtbetrag brutto 1 571,04 EUR zahlbar sofort ohne Abzug";

    #[test]
    fn a_page_that_shows_what_is_stated_is_not_questioned_however_it_writes_it() {
        assert_eq!(told(PAGE), [""; 0]);
        assert_eq!(told(&PAGE.replace("19.05.2014", "19. Mai 2014")), [""; 0]);
        assert_eq!(told(&PAGE.replace("19.05.2014", "May 19, 2014")), [""; 0]);
        assert_eq!(
            told(&PAGE.replace("1.496,00", "1,496.00").replace("BEI", "bei")),
            [""; 0]
        );
        assert_eq!(told(&PAGE.replace("19.05.2014", "heute")), [""; 0]);
        assert_eq!(told("scan with a stamp"), [""; 0]);
    }

    #[test]
    fn a_value_that_the_page_has_otherwise_is_told_with_both() {
        let date = told(&PAGE.replace("19.05.2014", "20.05.2014"));
        assert_eq!(
            date,
            ["issue_date is 2014-05-19 in the e-invoice, but the page prints 2014-05-20"]
        );
        let gross = told(&PAGE.replace("1 571,04", "1 559,84"));
        assert_eq!(
            gross,
            [
                "gross_total is 1571.04 in the e-invoice, which the page does not print; its largest amount is 1559.84"
            ]
        );
        let seller = told(&PAGE.replace("Spiel GmbH", "Beispiel AG"));
        assert_eq!(seller.len(), 1);
    }

    #[test]
    fn a_page_that_shows_another_invoice_is_told_once() {
        let other = told(
            &PAGE
                .replace("RE-2014/499", "42")
                .replace("571,04", "119,00")
                .replace("Bei Spiel", "Acme"),
        );
        assert_eq!(other.len(), 1);
        assert!(
            other[0].starts_with("the page and its e-invoice seem to be two different invoices")
        );
    }
}
