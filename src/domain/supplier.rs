//! Supplier cards: what the approved bills of a supplier have in common, and how a new
//! bill differs from them. Pure functions; the store finds the approved bills.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use super::{
    Facts, FieldEvidence, Fields, Finding, FindingCode, Record, Source, folded, letters_and_digits,
};

/// Approved bills from which a card takes what is usual: the last ones, so that a
/// supplier may change its habits. A year of monthly bills.
pub const LAST: usize = 12;
/// Fewest approved bills by which a value is usual. Chosen, not measured.
const FEWEST: usize = 3;
/// A usual value that so many of the approved bills contradict is not used any more: a
/// person decided otherwise twice.
const CONTRADICTIONS: usize = 2;
/// An amount is far outside the last ones above `FAR` times the greatest or below the
/// smallest divided by `FAR`. Chosen, not measured: a slipped decimal sign makes an
/// amount 10 or 100 times as great.
const FAR: i64 = 3;

/// What a supplier is recognised by, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupplierId {
    /// Letters and digits in upper case.
    pub vat_id: Option<String>,
    /// Letters and digits in upper case.
    pub iban: Option<String>,
    /// Folded.
    pub name: Option<String>,
}

impl SupplierId {
    /// `None`: the document type has no seller.
    pub fn of(fields: &Fields) -> Option<SupplierId> {
        fields.contains_key("seller_name").then(|| SupplierId {
            vat_id: text(fields, "seller_vat_id").map(letters_and_digits),
            iban: text(fields, "iban").map(letters_and_digits),
            name: text(fields, "seller_name").map(folded),
        })
    }

    /// A supplier that a person names by its VAT identifier, IBAN or name.
    pub fn named(key: &str) -> SupplierId {
        SupplierId {
            vat_id: Some(letters_and_digits(key)),
            iban: Some(letters_and_digits(key)),
            name: Some(folded(key)),
        }
    }
}

/// A value that is no empty text.
fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let text = fields.get(name)?.as_str()?;
    (!text.trim().is_empty()).then_some(text)
}

/// A bill that a person approved.
#[derive(Clone, Debug)]
pub struct ApprovedBill {
    pub fields: Fields,
    pub evidence: Vec<FieldEvidence>,
}

/// What the approved bills of a supplier say.
#[derive(Clone, Debug, Default)]
pub struct SupplierCard {
    /// Number of approved bills.
    pub bills: u64,
    /// Its names, as the bills state them, the last one first.
    pub names: Vec<String>,
    /// VAT identifiers and IBANs of all approved bills, as [`SupplierId`] has them.
    pub vat_ids: Vec<String>,
    pub ibans: Vec<String>,
    /// The last approved bills, at most [`LAST`], the latest first.
    pub last: Vec<ApprovedBill>,
}

/// Order in which a supplier writes day and month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateOrder {
    DayFirst,
    MonthFirst,
}

impl DateOrder {
    /// What comes first.
    pub fn in_words(self) -> &'static str {
        match self {
            DateOrder::DayFirst => "day",
            DateOrder::MonthFirst => "month",
        }
    }
}

impl SupplierCard {
    pub fn name(&self) -> &str {
        self.names.first().map_or("this supplier", String::as_str)
    }

    /// Currency (ISO 4217) of the last bills.
    pub fn currency(&self) -> Option<String> {
        usual(self.facts().map(|facts| facts.currency))
    }

    /// Form of its invoice numbers: 9 stands for any digit.
    pub fn number_form(&self) -> Option<String> {
        usual(
            self.facts()
                .map(|facts| facts.number.as_deref().map(number_form)),
        )
    }

    pub fn date_order(&self) -> Option<DateOrder> {
        usual(self.last.iter().map(|bill| {
            let date = Facts::of(&bill.fields).day()?;
            date_order(printed(&bill.evidence, "issue_date")?, date)
        }))
    }

    /// The sign before the decimals of its amounts.
    pub fn decimal_sign(&self) -> Option<char> {
        let sign = |bill: &ApprovedBill| decimal_sign(printed(&bill.evidence, "gross_total")?);
        usual(self.last.iter().map(sign))
    }

    /// Totals of the last bills with their currencies, the latest first.
    pub fn totals(&self) -> Vec<String> {
        let totals = self.facts().map(|facts| facts.total_text());
        totals.filter(|total| !total.is_empty()).collect()
    }

    fn facts(&self) -> impl Iterator<Item = Facts> {
        self.last.iter().map(|bill| Facts::of(&bill.fields))
    }

    fn vat_id(&self) -> Option<String> {
        let own = |bill: &ApprovedBill| text(&bill.fields, "seller_vat_id").map(str::to_owned);
        usual(self.last.iter().map(own)).filter(|_| self.vat_ids.len() == 1)
    }

    /// How the record differs from the approved bills.
    pub fn differences(&self, record: &Record) -> Vec<Finding> {
        let facts = Facts::of(&record.fields);
        let differences = [
            self.other_account(&record.fields),
            self.other_currency(&facts),
            self.other_number(&facts),
            self.other_amount(&facts),
            self.other_date_order(record, &facts),
        ];
        differences.into_iter().flatten().collect()
    }

    /// Whether the record states an IBAN that none of the approved bills has.
    pub fn is_other_account(&self, fields: &Fields) -> bool {
        let iban = text(fields, "iban").map(letters_and_digits);
        iban.is_some_and(|iban| !self.ibans.contains(&iban))
    }

    fn other_account(&self, fields: &Fields) -> Option<Finding> {
        let iban = text(fields, "iban").filter(|_| self.is_other_account(fields))?;
        let known = match self.ibans.as_slice() {
            [] => "which state no IBAN".to_owned(),
            ibans => format!("where it is {}", ibans.join(" or ")),
        };
        let message = format!(
            "the IBAN {iban} is in none of {}, {known}: ask the supplier, at a number that you know, before it is paid",
            self.approved(self.bills)
        );
        let field = Some("iban");
        Some(Finding::new(
            FindingCode::BankDetailsChanged,
            field,
            message,
        ))
    }

    fn other_currency(&self, facts: &Facts) -> Option<Finding> {
        let currency = facts.currency.as_ref()?;
        let usual = self.currency().filter(|usual| usual != currency)?;
        let message = format!(
            "the currency is {currency}; it is {usual} in {}",
            self.last_bills()
        );
        let field = Some("currency");
        Some(Finding::new(
            FindingCode::CurrencyUnlikeBefore,
            field,
            message,
        ))
    }

    fn other_number(&self, facts: &Facts) -> Option<Finding> {
        let number = facts.number.as_ref()?;
        let usual = self.number_form()?;
        if number_form(number) == usual {
            return None;
        }
        let message = format!(
            "the number {number} has another form than those of {}: {usual}, where 9 stands for any digit",
            self.last_bills()
        );
        let field = Some("invoice_number");
        Some(Finding::new(
            FindingCode::NumberUnlikeBefore,
            field,
            message,
        ))
    }

    fn other_amount(&self, facts: &Facts) -> Option<Finding> {
        let total = facts.total_units()?.saturating_abs();
        let mut before: Vec<(i64, String)> = self
            .facts()
            .filter(|before| before.currency == facts.currency)
            .filter_map(|before| {
                Some((before.total_units()?.saturating_abs(), before.total_text()))
            })
            .collect();
        before.sort();
        let ((smallest, least), (greatest, most)) = (before.first()?, before.last()?);
        let far = match total {
            total if total > greatest.saturating_mul(FAR) => "more than 3 times the greatest",
            total if total.saturating_mul(FAR) < *smallest => "less than a third of the smallest",
            _ => return None,
        };
        if before.len() < FEWEST {
            return None;
        }
        let message = format!(
            "the total of {} is {far} of {}: {least} to {most}",
            facts.total_text(),
            self.approved(before.len() as u64)
        );
        let field = Some("gross_total");
        Some(Finding::new(
            FindingCode::AmountUnlikeBefore,
            field,
            message,
        ))
    }

    fn other_date_order(&self, record: &Record, facts: &Facts) -> Option<Finding> {
        let text = printed(&record.evidence, "issue_date")?;
        let date = facts.day()?;
        let usual = self.date_order()?;
        if date_order(text, date)? == usual {
            return None;
        }
        let swapped = Date::new(date.year(), date.day(), date.month()).ok()?;
        let message = format!(
            "{text} was read as {date}; with the {} first, as in {}, it is {swapped}",
            usual.in_words(),
            self.last_bills()
        );
        let field = Some("issue_date");
        Some(Finding::new(
            FindingCode::DateOrderUnlikeBefore,
            field,
            message,
        ))
    }

    /// Fills what the record does not state, with a finding each. The record stays as it
    /// is otherwise: a filled value has no evidence.
    pub fn fill(&self, record: &mut Record) {
        if record.source == Source::EmbeddedXml {
            return;
        }
        for (field, value) in [
            ("currency", self.currency()),
            ("seller_vat_id", self.vat_id()),
        ] {
            let Some(value) = value else { continue };
            let Some(empty @ Value::Null) = record.fields.get_mut(field) else {
                continue;
            };
            *empty = value.clone().into();
            record.findings.retain(|finding| {
                finding.code != FindingCode::Missing || finding.field.as_deref() != Some(field)
            });
            let message = format!(
                "{} is empty on the document; {value} is that of {}: compare it with the page",
                field.replace('_', " "),
                self.last_bills()
            );
            let finding = Finding::new(FindingCode::FilledFromCard, Some(field), message);
            record.findings.push(finding);
        }
    }

    fn last_bills(&self) -> String {
        self.approved(self.last.len() as u64)
    }

    fn approved(&self, bills: u64) -> String {
        let name = self.name();
        match bills {
            1 => format!("the approved bill of {name}"),
            bills if bills < self.bills => format!("the last {bills} approved bills of {name}"),
            bills => format!("the {bills} approved bills of {name}"),
        }
    }
}

/// The most frequent value, if so many bills as [`FEWEST`] have it and fewer than
/// [`CONTRADICTIONS`] another one. Bills without the value do not count.
fn usual<T: Ord>(values: impl Iterator<Item = Option<T>>) -> Option<T> {
    let mut counts = BTreeMap::<T, usize>::new();
    for value in values.flatten() {
        *counts.entry(value).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let (value, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= FEWEST && all - count < CONTRADICTIONS).then_some(value)
}

/// The number with 9 for every digit, without blanks and in upper case.
fn number_form(number: &str) -> String {
    let shown = number.chars().filter(|letter| !letter.is_whitespace());
    let form = shown.map(|letter| if letter.is_numeric() { '9' } else { letter });
    form.collect::<String>().to_uppercase()
}

/// The words of the page that a value was found in.
fn printed<'a>(evidence: &'a [FieldEvidence], field: &str) -> Option<&'a str> {
    let found = evidence.iter().find(|of| of.field == field)?;
    found.text.as_deref()
}

/// `None`: the text does not tell, as `03.03.2026` and `3 March 2026`.
fn date_order(text: &str, date: Date) -> Option<DateOrder> {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    let mut numbers = numbers.filter_map(|digits| digits.parse::<i16>().ok());
    let (first, second, _) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let (day, month) = (i16::from(date.day()), i16::from(date.month()));
    match (first, second) {
        _ if day == month => None,
        (a, b) if (a, b) == (day, month) => Some(DateOrder::DayFirst),
        (a, b) if (a, b) == (month, day) => Some(DateOrder::MonthFirst),
        _ => None,
    }
}

/// `None`: the text has no decimals, as `1,234`.
fn decimal_sign(text: &str) -> Option<char> {
    let (at, sign) = text
        .char_indices()
        .rfind(|(_, letter)| matches!(letter, '.' | ','))?;
    let decimals = text[at + 1..].chars().take_while(char::is_ascii_digit);
    (1..=2).contains(&decimals.count()).then_some(sign)
}

#[cfg(test)]
#[path = "supplier_tests.rs"]
mod tests;
