//! Chooses among several payment terms and means of payment (BG-16, BT-9, BT-20), for
//! both syntaxes.

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use rust_decimal::Decimal;

use super::values::{self, Values};
use super::xml::Element;
use crate::domain::{Discount, Finding, FindingCode, Instalment, Payment};

/// One of the payment terms of an invoice.
#[derive(Debug, Default)]
pub struct PaymentTerm {
    pub text: Option<String>,
    pub due: Option<Date>,
    /// Part of the amount due to which the term applies.
    pub amount: Option<Decimal>,
    pub discounts: Vec<Discount>,
}

/// The result of all payment terms.
#[derive(Debug, Default)]
pub struct Terms {
    pub due_date: Option<Date>,
    pub text: Option<String>,
    pub discounts: Vec<Discount>,
    pub instalments: Vec<Instalment>,
    pub finding: Option<Finding>,
}

/// `stated` is a due date outside of the terms, `issued` the issue date.
///
/// A date counts as due date where no discount depends on it. A discount without a
/// last day of its own ends on its term's date, which is then not a due date.
pub fn settle(terms: Vec<PaymentTerm>, stated: Option<Date>, issued: Option<Date>) -> Terms {
    let (mut due, mut discounts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let mut texts = Vec::new();
    for mut term in terms {
        if let Some(text) = term.text {
            discounts.extend(xrechnung_discounts(&text, issued));
            texts.push(text);
        }
        let depends = term
            .discounts
            .iter()
            .any(|discount| discount.until.is_none());
        if depends {
            ends.extend(term.due);
        } else if term.due.is_some() || term.amount.is_some() {
            due.push(Instalment {
                due_date: term.due,
                amount: term.amount,
            });
        }
        for discount in &mut term.discounts {
            let end = term.due.filter(|due| Some(*due) != stated);
            discount.until = discount.until.or(end);
        }
        discounts.append(&mut term.discounts);
    }
    let mut dates: Vec<Date> = due.iter().filter_map(|one| one.due_date).collect();
    dates.sort();
    dates.dedup();
    let is_split = dates.len() > 1 || due.iter().any(|one| one.amount.is_some());
    let due_date = stated.or(dates.first().copied());
    let finding = match (due_date, ends.first()) {
        (None, Some(end)) => Some(Finding::new(
            FindingCode::DueDateUnclear,
            Some("due_date"),
            format!(
                "the only payment date that the e-invoice states, {end}, belongs to a discount: it \
                 may be the last day of the discount and not the due date; look at the payment terms"
            ),
        )),
        _ => None,
    };
    Terms {
        due_date: due_date.or(ends.first().copied()),
        text: (!texts.is_empty()).then(|| texts.join("\n")),
        discounts,
        instalments: if is_split { due } else { Vec::new() },
        finding,
    }
}

/// `from` plus an element such as `<… unitCode="DAY">14</…>`: days, weeks or
/// months (UN/ECE Recommendation 20).
pub fn after(from: Option<Date>, period: Option<&Element>) -> Option<Date> {
    let period = period?;
    let number: i64 = period.compact()?.parse().ok()?;
    let number = (0..=1_000).contains(&number).then_some(number)?;
    let span: Span = match period.attribute("unitCode") {
        Some("DAY") | None => number.days(),
        Some("WEE") => number.weeks(),
        Some("MON") => number.months(),
        Some(_) => return None,
    };
    from?.checked_add(span).ok()
}

/// Whether the discount is not 0; others are left out.
pub fn is_discount(discount: &Discount) -> bool {
    let some = |value: Option<Decimal>| value.is_some_and(|value| !value.is_zero());
    some(discount.percent) || some(discount.amount)
}

/// Discounts in the form of XRechnung in BT-20:
/// `#SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=357.93#`, days from the issue date.
fn xrechnung_discounts(text: &str, issued: Option<Date>) -> Vec<Discount> {
    let lines = text.lines().map(str::trim);
    let fields = lines.filter_map(|line| line.strip_prefix("#SKONTO#"));
    fields
        .map(|fields| {
            let value = |name: &str| {
                let mut fields = fields.split('#').filter_map(|field| field.split_once('='));
                fields
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| value)
            };
            let number = |name: &str| values::decimal(value(name)?);
            let days = value("TAGE").and_then(|days| days.parse::<u16>().ok());
            Discount {
                percent: number("PROZENT"),
                amount: None,
                basis: number("BASISBETRAG"),
                until: issued
                    .zip(days)
                    .and_then(|(issued, days)| issued.checked_add(i64::from(days).days()).ok()),
            }
        })
        .filter(is_discount)
        .collect()
}

/// The means of payment that are used, and the others: the first with an
/// account to pay to, else the first.
pub fn choose(mut means: Vec<Payment>, values: &mut Values) -> (Payment, Vec<Payment>) {
    means.dedup();
    if means.is_empty() {
        return (Payment::default(), Vec::new());
    }
    let with_account = means.iter().position(|one| one.account.is_some());
    let mut chosen = means.remove(with_account.unwrap_or(0));
    if chosen.reference.is_none() {
        // Remittance information is of the whole invoice (BT-83).
        chosen.reference = means.iter().find_map(|one| one.reference.clone());
    }
    let others: Vec<String> = means.iter().filter_map(account_words).collect();
    if let (Some(used), false) = (account_words(&chosen), others.is_empty()) {
        let message = format!(
            "the e-invoice states several accounts: {used} is used, {} not",
            others.join(" and ")
        );
        values.report(FindingCode::OtherAccounts, "iban", message);
    }
    (chosen, means)
}

/// The account with its payment service provider.
fn account_words(payment: &Payment) -> Option<String> {
    let account = payment.account.as_ref()?.id();
    Some(match &payment.provider {
        Some(provider) => format!("{account} ({provider})"),
        None => account.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Option<Date> {
        Some(text.parse().unwrap())
    }

    fn term(due: &str, percent: Option<i64>) -> PaymentTerm {
        PaymentTerm {
            due: date(due),
            discounts: percent
                .map(|percent| Discount {
                    percent: Some(percent.into()),
                    ..Discount::default()
                })
                .into_iter()
                .collect(),
            ..PaymentTerm::default()
        }
    }

    #[test]
    fn the_due_date_is_the_date_without_deduction_wherever_it_stands() {
        for terms in [
            vec![term("2025-03-13", Some(3)), term("2025-04-02", None)],
            vec![term("2025-04-02", None), term("2025-03-13", Some(3))],
        ] {
            let terms = settle(terms, None, None);
            assert_eq!(terms.due_date, date("2025-04-02"));
            assert_eq!(terms.discounts[0].until, date("2025-03-13"));
            assert!(terms.instalments.is_empty() && terms.finding.is_none());
        }
        let outside = settle(vec![term("2025-03-13", Some(3))], date("2025-04-02"), None);
        assert_eq!(outside.due_date, date("2025-04-02"));
        assert!(outside.finding.is_none());
    }

    #[test]
    fn a_date_that_only_a_discount_has_is_kept_and_flagged() {
        let terms = settle(vec![term("2025-03-13", Some(3))], None, None);
        assert_eq!(terms.due_date, date("2025-03-13"));
        assert_eq!(terms.finding.unwrap().code, FindingCode::DueDateUnclear);
    }

    #[test]
    fn a_discount_with_a_last_day_of_its_own_leaves_the_due_date() {
        let mut both = term("2025-04-02", Some(2));
        both.discounts[0].until = date("2025-03-17");
        let terms = settle(vec![both], None, None);
        assert_eq!(terms.due_date, date("2025-04-02"));
        assert_eq!(terms.discounts[0].until, date("2025-03-17"));
        assert!(terms.finding.is_none());
    }

    #[test]
    fn several_due_dates_are_instalments_and_the_first_is_the_due_date() {
        let mut terms = vec![term("2025-05-02", None), term("2025-04-02", None)];
        terms[0].amount = Some(400.into());
        let terms = settle(terms, None, None);
        assert_eq!(terms.due_date, date("2025-04-02"));
        assert_eq!(terms.instalments.len(), 2);
        assert_eq!(terms.instalments[0].amount, Some(400.into()));
    }

    #[test]
    fn discounts_in_the_form_of_xrechnung_are_read_from_the_words() {
        let text = "#SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=357.93#\n#SKONTO#TAGE=7#PROZENT=3.00#";
        let found = xrechnung_discounts(text, date("2025-03-03"));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].until, date("2025-03-17"));
        assert_eq!(found[0].basis, Some(Decimal::new(35793, 2)));
        assert_eq!(found[1].percent, Some(Decimal::new(300, 2)));
        assert!(xrechnung_discounts("#SKONTO#TAGE=14#PROZENT=0#\n3 % Skonto", None).is_empty());
    }
}
