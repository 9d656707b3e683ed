//! Whether the page of an electronic invoice shows what its XML states: the two
//! may be different invoices.

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::amount::{self, Amount};
use crate::domain::{Fields, Finding, PageResult, Severity, money};

/// A page with fewer words is a scan with a stamp, not a text.
const LEAST_WORDS: usize = 15;
/// So many of the key terms missing tell another invoice, not another value.
const ANOTHER: usize = 3;

const MONTHS: [&[&str]; 12] = [
    &["jan"],
    &["feb", "fév", "fev"],
    &["mar", "mär", "mrt"],
    &["apr", "avr"],
    &["may", "mai", "mei", "mag"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "aoû", "aou", "ago"],
    &["sep", "set"],
    &["oct", "okt", "ott"],
    &["nov"],
    &["dec", "dez", "déc", "dic"],
];

/// What stands on the pages, ready to be looked up.
struct Text {
    /// Letters and digits alone, in lower case.
    compact: String,
    /// Runs of digits and runs of letters, in their order.
    runs: Vec<String>,
    amounts: Vec<Decimal>,
}

/// One finding for each key term of the XML that the pages' text does not have,
/// or one for all when there are many. Pages without text say nothing.
pub fn check(stated: &Fields, pages: &[PageResult]) -> Vec<Finding> {
    let words: Vec<&str> = pages
        .iter()
        .flat_map(|page| page.words.iter().map(|word| word.text.as_str()))
        .collect();
    if words.len() < LEAST_WORDS {
        return Vec::new();
    }
    let text = Text::of(&words);
    let value = |name: &str| stated.get(name)?.as_str();
    let texts =
        ["invoice_number", "seller_name"].map(|name| (name, missing_text(value(name), &text)));
    let dates = [("issue_date", missing_date(value("issue_date"), &text))];
    let amounts =
        ["net_total", "gross_total"].map(|name| (name, missing_amount(value(name), &text)));
    let missing: Vec<(&str, String)> = texts
        .into_iter()
        .chain(dates)
        .chain(amounts)
        .filter_map(|(name, told)| Some((name, told?)))
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
        return vec![Finding::new(
            "page_contradicts",
            Severity::Error,
            None,
            message,
        )];
    }
    let each = missing.into_iter().map(|(name, told)| {
        let message = format!("{name} {told}");
        Finding::new("page_contradicts", Severity::Warning, Some(name), message)
    });
    each.collect()
}

impl Text {
    fn of(words: &[&str]) -> Text {
        let joined = words.join(" ");
        // A number may be parted by blanks between its thousands.
        let pairs = words.windows(2).map(|pair| pair.concat());
        let singles = words.iter().map(|word| (*word).to_owned());
        Text {
            compact: compact(&joined),
            runs: runs(&joined),
            amounts: singles
                .chain(pairs)
                .flat_map(|word| readings(&word))
                .collect(),
        }
    }

    fn dates(&self) -> Vec<Date> {
        let triples = self
            .runs
            .windows(3)
            .flat_map(|run| dates(&run[0], &run[1], &run[2]));
        let whole = self.runs.iter().filter(|run| run.len() == 8);
        let whole = whole.filter_map(|run| Date::strptime("%Y%m%d", run).ok());
        let mut dates: Vec<Date> = triples.chain(whole).collect();
        dates.sort();
        dates.dedup();
        dates
    }
}

/// Letters and digits alone, in lower case.
pub fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn runs(text: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let kind = match c {
            c if c.is_ascii_digit() => Some(true),
            c if c.is_alphabetic() => Some(false),
            _ => None,
        };
        match (kind, last) {
            (None, _) => {}
            (Some(a), Some(b)) if a == b => {
                runs.last_mut()
                    .expect("a run was begun")
                    .extend(c.to_lowercase());
            }
            (Some(_), _) => runs.push(c.to_lowercase().collect()),
        }
        last = kind;
    }
    runs
}

/// What the three may mean as a date, in the orders of Europe and America.
fn dates(a: &str, b: &str, c: &str) -> Vec<Date> {
    let number = |run: &str| run.parse::<i16>().ok().filter(|_| run.len() <= 4);
    let month = |run: &str| {
        let named = MONTHS
            .iter()
            .position(|names| names.iter().any(|name| run.starts_with(name)));
        let named = named
            .filter(|_| run.chars().count() >= 3)
            .map(|index| index as i16 + 1);
        named.or_else(|| number(run).filter(|_| run.len() <= 2))
    };
    let year = |run: &str| match run.len() {
        4 => number(run),
        2 => number(run).map(|year| 2000 + year),
        _ => None,
    };
    [(a, b, c), (b, a, c), (c, b, a)]
        .into_iter()
        .filter_map(|(day, of, in_year)| {
            let (day, of, in_year) = (number(day)?, month(of)?, year(in_year)?);
            Date::new(in_year, i8::try_from(of).ok()?, i8::try_from(day).ok()?).ok()
        })
        .collect()
}

/// A word's amounts: two where its separator may be either.
fn readings(word: &str) -> Vec<Decimal> {
    match amount::parse(word) {
        Amount::Plain(value) | Amount::Normalised(value) => vec![value],
        Amount::Ambiguous => {
            let digits: String = word.chars().filter(char::is_ascii_digit).collect();
            let whole = Decimal::from_str(&digits).ok();
            whole
                .into_iter()
                .flat_map(|n| [n, n / Decimal::ONE_THOUSAND])
                .collect()
        }
        Amount::Unreadable => Vec::new(),
    }
}

/// Every word of it stands somewhere: pages break names and repeat them.
fn missing_text(value: Option<&str>, text: &Text) -> Option<String> {
    let value = value?;
    let found = value
        .split_whitespace()
        .map(compact)
        .all(|word| text.compact.contains(&word));
    (!found).then(|| format!("is `{value}` in the e-invoice, which the page does not print"))
}

fn missing_date(value: Option<&str>, text: &Text) -> Option<String> {
    let stated: Date = value?.parse().ok()?;
    let printed = text.dates();
    // A page without a date that can be understood says nothing of it.
    if printed.is_empty() || printed.contains(&stated) {
        return None;
    }
    let nearest = printed.iter().min_by_key(|date| {
        let days = (**date - stated).get_days();
        days.unsigned_abs()
    })?;
    Some(format!(
        "is {stated} in the e-invoice, but the page prints {nearest}"
    ))
}

fn missing_amount(value: Option<&str>, text: &Text) -> Option<String> {
    let stated = Decimal::from_str(value?).ok()?;
    let same = |printed: &&Decimal| printed.abs() == stated.abs();
    if text.amounts.iter().any(|printed| same(&printed)) {
        return None;
    }
    // Amounts have cents; numbers and years have not.
    let with_cents = text.amounts.iter().filter(|amount| amount.scale() == 2);
    let largest = with_cents.max()?;
    Some(format!(
        "is {} in the e-invoice, which the page does not print; its largest amount is {}",
        money(stated),
        money(*largest)
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Word;

    fn told(page: &str) -> Vec<String> {
        let stated = json!({"invoice_number": "RE-2014/499", "seller_name": "Bei Spiel GmbH", "issue_date": "2014-05-19",
            "net_total": "1496.00", "gross_total": "1571.04"});
        let word = |text: &str| Word {
            text: text.to_owned(),
            bbox: [0.0; 4],
        };
        let page = PageResult {
            index: 0,
            routing: None,
            words: page.split_whitespace().map(word).collect(),
            reading: Ok(None),
            ocr: Vec::new(),
        };
        let findings = check(stated.as_object().unwrap(), &[page]);
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
