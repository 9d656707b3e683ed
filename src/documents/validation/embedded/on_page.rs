//! Checks whether the page of an e-invoice shows the values of its XML: the
//! two may be different invoices.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::evidence::{Captions, EvidencePage, Placed, ValueKind, fold, occurrences};
use super::super::words;
use crate::domain::{DocType, Fields, Finding, FindingCode, PageResult, Severity, money};

/// Fewest words of a page that is compared: others are scans with a stamp.
const LEAST_WORDS: usize = 15;
/// Missing key terms from which the page shows another invoice, not another value.
const ANOTHER: usize = 3;

/// The key terms: those that identify an invoice, and its totals.
const KEY_TERMS: [(&str, ValueKind); 5] = [
    ("invoice_number", ValueKind::Text),
    ("seller_name", ValueKind::Text),
    ("issue_date", ValueKind::Date),
    ("net_total", ValueKind::Amount),
    ("gross_total", ValueKind::Amount),
];

/// A term of the XML that no page prints.
struct Missing {
    field: &'static str,
    message: String,
    /// Whether the page has another value beside the term's caption.
    is_contradicted: bool,
}

/// One finding for each key term of the XML that the pages' text does not have, or one
/// for all where there are many. Pages without text are skipped. A missing date or
/// amount counts as contradicted only where another one is beside one of its captions,
/// since a page may omit a term.
pub fn check(doc_type: Option<&DocType>, stated: &Fields, pages: &[PageResult]) -> Vec<Finding> {
    let texts: Vec<EvidencePage> = pages
        .iter()
        .map(|page| EvidencePage::of_text_layer(page.index, &page.words))
        .collect();
    if texts.iter().map(|text| text.words.len()).sum::<usize>() < LEAST_WORDS {
        return Vec::new();
    }
    let pages = Pages {
        doc_type,
        texts: &texts,
    };
    let missing: Vec<Missing> = KEY_TERMS
        .into_iter()
        .filter_map(|(field, kind)| pages.missing(field, kind, stated.get(field)?.as_str()?))
        .collect();
    if missing.len() >= ANOTHER {
        let each: Vec<_> = missing
            .iter()
            .map(|missing| format!("{} {}", in_words(doc_type, missing.field), missing.message))
            .collect();
        let message = format!(
            "the page and its e-invoice seem to be two different invoices: {}",
            each.join("; ")
        );
        return vec![
            Finding::new(FindingCode::PageContradicts, None, message)
                .with_severity(Severity::Error),
        ];
    }
    let each = missing.into_iter().map(|missing| {
        let message = format!("{} {}", in_words(doc_type, missing.field), missing.message);
        let severity = match missing.is_contradicted {
            true => Severity::Warning,
            false => Severity::Info,
        };
        Finding::new(FindingCode::PageContradicts, Some(missing.field), message)
            .with_severity(severity)
    });
    each.collect()
}

/// A field in words for messages.
pub fn in_words(doc_type: Option<&DocType>, field: &str) -> String {
    match doc_type {
        Some(doc_type) => words::field(doc_type, field),
        None => field.replace('_', " "),
    }
}

/// The pages that are compared with the XML.
struct Pages<'a> {
    doc_type: Option<&'a DocType>,
    texts: &'a [EvidencePage],
}

impl Pages<'_> {
    fn missing(&self, field: &'static str, kind: ValueKind, stated: &str) -> Option<Missing> {
        let (message, is_contradicted) = match kind {
            ValueKind::Date => self.missing_date(field, stated)?,
            ValueKind::Amount => self.missing_amount(field, stated)?,
            _ => (missing_text(stated, self.texts)?, true),
        };
        Some(Missing {
            field,
            message,
            is_contradicted,
        })
    }

    fn missing_date(&self, field: &str, stated: &str) -> Option<(String, bool)> {
        let date: Date = stated.parse().ok()?;
        if is_printed(ValueKind::Date, stated, self.texts) {
            return None;
        }
        // Without a readable date on the pages nothing can be compared.
        self.texts.iter().find(|text| !text.dates.is_empty())?;
        let beside = self.beside(field, |text| text.dates.clone());
        Some(difference(date.to_string(), beside))
    }

    fn missing_amount(&self, field: &str, stated: &str) -> Option<(String, bool)> {
        let amount: Decimal = stated.parse().ok()?;
        if is_printed(ValueKind::Amount, stated, self.texts) {
            return None;
        }
        let money_of = |text: &EvidencePage| {
            let numbers = text.numbers.iter();
            let money = numbers.filter(|placed| placed.value.is_money && !placed.value.is_percent);
            money.cloned().collect::<Vec<_>>()
        };
        self.texts.iter().find(|text| !money_of(text).is_empty())?;
        let beside = self.beside(field, money_of);
        Some(difference(money(amount), beside))
    }

    /// The value beside the first caption of a term, and the caption.
    fn beside<T>(
        &self,
        field: &str,
        values: impl Fn(&EvidencePage) -> Vec<Placed<T>>,
    ) -> Option<(String, String)> {
        let doc_type = self.doc_type?;
        self.texts.iter().find_map(|text| {
            let values = values(text);
            let captions = Captions::find(doc_type, text);
            let (placed, caption) = captions.beside(field, &values).into_iter().next()?;
            Some((text.words_of(placed.span), caption.to_owned()))
        })
    }
}

/// The message about a value that is not printed, and whether another one is.
fn difference(stated: String, beside: Option<(String, String)>) -> (String, bool) {
    match beside {
        Some((printed, caption)) => (
            format!(
                "is {stated} in the e-invoice, but the page has {printed} beside \"{caption}\""
            ),
            true,
        ),
        None => (
            format!("is {stated} in the e-invoice, which the page does not print"),
            false,
        ),
    }
}

fn is_printed(kind: ValueKind, stated: &str, texts: &[EvidencePage]) -> bool {
    let value = Value::from(stated);
    texts
        .iter()
        .any(|text| !occurrences(text, kind, &value).is_empty())
}

/// The text, unless the pages have each of its words somewhere: pages break and repeat
/// names.
fn missing_text(stated: &str, texts: &[EvidencePage]) -> Option<String> {
    let mut words = stated
        .split_whitespace()
        .filter(|word| !fold(word).is_empty());
    let found = words.all(|word| is_printed(ValueKind::Text, word, texts));
    (!found).then(|| format!("is `{stated}` in the e-invoice, which the page does not print"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::types::DocTypes;
    use crate::documents::validation::evidence::tests::page;

    fn messages(text: &str) -> Vec<String> {
        let findings = findings(text);
        findings
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    fn findings(text: &str) -> Vec<Finding> {
        let types = DocTypes::load(None).unwrap();
        let stated = json!({"invoice_number": "RE-2014/499", "seller_name": "Bei Spiel GmbH", "issue_date": "2014-05-19",
            "net_total": "1496.00", "gross_total": "1571.04"});
        check(
            types.get("invoice"),
            stated.as_object().unwrap(),
            &[page(0, &[text])],
        )
    }

    const PAGE: &str = "Bei Spiel GmbH Rechnung Nr. RE-2014/499 Rechnungsdatum 19.05.2014 an Theodor Est \
        Summe netto 1.496,00 EUR Gesamtbetrag brutto 1 571,04 EUR zahlbar sofort ohne Abzug";

    #[test]
    fn a_page_that_shows_what_is_stated_is_not_questioned_however_it_writes_it() {
        assert_eq!(messages(PAGE), [""; 0]);
        assert_eq!(
            messages(&PAGE.replace("19.05.2014", "19. Mai 2014")),
            [""; 0]
        );
        assert_eq!(
            messages(&PAGE.replace("19.05.2014", "May 19, 2014")),
            [""; 0]
        );
        assert_eq!(
            messages(&PAGE.replace("1.496,00", "1,496.00").replace("BEI", "bei")),
            [""; 0]
        );
        assert_eq!(messages(&PAGE.replace("19.05.2014", "heute")), [""; 0]);
        assert_eq!(messages("scan with a stamp"), [""; 0]);
    }

    #[test]
    fn a_value_that_the_page_has_otherwise_is_reported_with_both() {
        let date = messages(&PAGE.replace("19.05.2014", "20.05.2014"));
        assert_eq!(
            date,
            [
                "issue date is 2014-05-19 in the e-invoice, but the page has 20.05.2014 beside \"rechnungsdatum\""
            ]
        );
        let gross = messages(&PAGE.replace("1 571,04", "1 559,84"));
        assert_eq!(
            gross,
            [
                "gross is 1571.04 in the e-invoice, but the page has 1 559,84 beside \"gesamtbetrag\""
            ]
        );
        let seller = messages(&PAGE.replace("Spiel GmbH", "Beispiel AG"));
        assert_eq!(seller.len(), 1);
    }

    #[test]
    fn the_day_is_found_in_every_form_that_has_one_meaning() {
        for date in [
            "19 maja 2014 r.",
            "19.V.2014",
            "2014年5月19日",
            "2014 5 19",
            "平成26年5月19日",
            "19 พฤษภาคม 2557",
            "19-May-14",
            "19 de maio de 2014",
        ] {
            let page = PAGE.replace("19.05.2014", date);
            assert_eq!(messages(&page), [""; 0], "{date}");
        }
    }

    #[test]
    fn a_term_that_the_page_leaves_out_is_not_contradicted_by_another() {
        for text in [
            PAGE.replace("Rechnungsdatum 19.05.2014", "Zahlbar bis 18.06.2014"),
            PAGE.replace("Summe netto 1.496,00 EUR", "Position 748,00 EUR"),
        ] {
            let findings = findings(&text);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].severity, Severity::Info);
            let message = &findings[0].message;
            assert!(
                message.ends_with("which the page does not print"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_page_that_shows_another_invoice_is_reported_once() {
        let other = messages(
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
