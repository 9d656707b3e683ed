//! Checks the sums of EN 16931, which must be exact to the cent, and the number of
//! decimals.

use rust_decimal::Decimal;

use crate::documents::einvoice::derive::{bases, percent_of, total};
use crate::documents::einvoice::violation::Violation;
use crate::domain::{AllowanceCharge, EInvoice, money};

/// Totals that differ from the sum of their parts, and a VAT breakdown that differs
/// from the lines.
pub fn wrong_sums(invoice: &EInvoice) -> Vec<Violation> {
    let mut found = wrong_totals(invoice);
    found.extend(wrong_bases(invoice));
    for tax in &invoice.taxes {
        let (basis, amount) = (or_zero(tax.basis), or_zero(tax.amount));
        // The rule allows less than one unit of the currency.
        if percent_of(basis, or_zero(tax.rate))
            .saturating_sub(amount)
            .abs()
            >= Decimal::ONE
        {
            let message = format!(
                "the VAT amount (BT-117) is {}, which is not {} % of {}",
                money(amount),
                or_zero(tax.rate).normalize(),
                money(basis)
            );
            found.push(Violation::new("BT-117", "BR-CO-17", message));
        }
    }
    found
}

fn or_zero(sum: Option<Decimal>) -> Decimal {
    sum.unwrap_or_default()
}

fn wrong_totals(invoice: &EInvoice) -> Vec<Violation> {
    let totals = &invoice.totals;
    let lines: Decimal = invoice.lines.iter().filter_map(|line| line.net).sum();
    let taxes: Decimal = invoice.taxes.iter().filter_map(|tax| tax.amount).sum();
    #[rustfmt::skip]
    let sums = [
        ("BT-106", "BR-CO-10", "the lines", lines, "the sum of lines", totals.lines),
        ("BT-107", "BR-CO-11", "the allowances", total(&invoice.allowances, false), "the allowance total", totals.allowances),
        ("BT-108", "BR-CO-12", "the charges", total(&invoice.allowances, true), "the charge total", totals.charges),
        ("BT-109", "BR-CO-13", "lines less allowances plus charges",
            or_zero(totals.lines) - or_zero(totals.allowances) + or_zero(totals.charges), "the net total", totals.net),
        ("BT-110", "BR-CO-14", "the amounts of the VAT breakdown", taxes, "the VAT total", totals.tax),
        ("BT-112", "BR-CO-15", "net and VAT", or_zero(totals.net) + or_zero(totals.tax), "the gross total", totals.gross),
        ("BT-115", "BR-CO-16", "gross less prepaid plus rounding",
            or_zero(totals.gross) - or_zero(totals.prepaid) + or_zero(totals.rounding), "the amount due", totals.due),
    ];
    sums.into_iter()
        .filter(|(.., sum, _, stated)| *sum != or_zero(*stated))
        .map(|(term, rule, what, sum, total, stated)| {
            let stated = money(or_zero(stated));
            let message = format!(
                "{what} come to {}, but {total} ({term}) is {stated}",
                money(sum)
            );
            Violation::new(term, rule, message)
        })
        .collect()
}

/// Compares lines, allowances and charges by category and rate with the breakdown.
fn wrong_bases(invoice: &EInvoice) -> Vec<Violation> {
    let mut found = Vec::new();
    for (category, rate, basis) in bases(invoice) {
        let mut breakdown = invoice.taxes.iter();
        let stated = breakdown
            .find(|tax| tax.category.as_ref() == Some(&category) && tax.rate == rate)
            .and_then(|tax| tax.basis);
        if stated != Some(basis) {
            let message = format!(
                "the lines of VAT category {category} at {} % come to {}, but the basis in the \
                 VAT breakdown (BT-116) is {}",
                or_zero(rate).normalize(),
                money(basis),
                money(or_zero(stated)),
            );
            found.push(Violation::new("BT-116", "BR-S-08", message));
        }
    }
    found
}

/// One violation for all amounts with more than two decimals. Prices and quantities
/// may have more.
pub fn too_many_decimals(invoice: &EInvoice) -> Option<Violation> {
    let mut long = amounts(invoice)
        .into_iter()
        .filter_map(|(term, rule, what, amount)| Some((term, rule, what, amount?)))
        .filter(|(.., amount)| amount.normalize().scale() > 2);
    let (term, rule, what, amount) = long.next()?;
    let more = match long.count() {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    let message = format!(
        "{what} ({term}) is {}, which has more than two decimals{more}",
        amount.normalize()
    );
    Some(Violation::new(term, rule, message))
}

type AmountTerm = (&'static str, &'static str, &'static str, Option<Decimal>);

/// Every amount that is written, with its term and the rule about its decimals.
fn amounts(invoice: &EInvoice) -> Vec<AmountTerm> {
    let totals = &invoice.totals;
    #[rustfmt::skip]
    let mut amounts: Vec<AmountTerm> = vec![
        ("BT-106", "BR-DEC-09", "the sum of lines", totals.lines),
        ("BT-107", "BR-DEC-10", "the allowance total", totals.allowances),
        ("BT-108", "BR-DEC-11", "the charge total", totals.charges),
        ("BT-109", "BR-DEC-12", "the net total", totals.net),
        ("BT-110", "BR-DEC-13", "the VAT total", totals.tax),
        ("BT-111", "BR-DEC-15", "the VAT total in the accounting currency", totals.tax_in_tax_currency),
        ("BT-112", "BR-DEC-14", "the gross total", totals.gross),
        ("BT-113", "BR-DEC-16", "the prepaid amount", totals.prepaid),
        ("BT-114", "BR-DEC-17", "the rounding amount", totals.rounding),
        ("BT-115", "BR-DEC-18", "the amount due", totals.due),
    ];
    for tax in &invoice.taxes {
        let basis = "a basis of the VAT breakdown";
        amounts.push(("BT-116", "BR-DEC-19", basis, tax.basis));
        let amount = "an amount of the VAT breakdown";
        amounts.push(("BT-117", "BR-DEC-20", amount, tax.amount));
    }
    for one in &invoice.allowances {
        amounts.extend(of_allowance(one, false));
    }
    for line in &invoice.lines {
        amounts.push(("BT-131", "BR-DEC-23", "the net amount of a line", line.net));
        for one in &line.allowances {
            amounts.extend(of_allowance(one, true));
        }
    }
    amounts
}

/// The amount and the base amount of an allowance or charge, of a line or of
/// the document.
fn of_allowance(one: &AllowanceCharge, in_line: bool) -> [AmountTerm; 2] {
    #[rustfmt::skip]
    let [amount, base] = match (in_line, one.is_charge) {
        (false, false) => [("BT-92", "BR-DEC-01", "an allowance"), ("BT-93", "BR-DEC-02", "the base amount of an allowance")],
        (false, true) => [("BT-99", "BR-DEC-05", "a charge"), ("BT-100", "BR-DEC-06", "the base amount of a charge")],
        (true, false) => [
            ("BT-136", "BR-DEC-24", "an allowance of a line"), ("BT-137", "BR-DEC-25", "the base amount of an allowance of a line"),
        ],
        (true, true) => [
            ("BT-141", "BR-DEC-27", "a charge of a line"), ("BT-142", "BR-DEC-28", "the base amount of a charge of a line"),
        ],
    };
    [
        (amount.0, amount.1, amount.2, Some(one.amount)),
        (base.0, base.1, base.2, one.base),
    ]
}
