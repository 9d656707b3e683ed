//! What EN 16931 wants of an invoice, told by its business terms.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::categories::{categories, category_rules};
use super::codes;
use super::complete::{bases, percent_of, total};
use crate::domain::{AllowanceCharge, EInvoice, Line, money};

/// What keeps a completed invoice from being one of EN 16931, each told by its
/// business term; empty: nothing does.
pub fn obstacles(invoice: &EInvoice) -> Vec<String> {
    let mut told = Vec::new();
    missing_terms(invoice, &mut told);
    missing_of_lines(&invoice.lines, &mut told);
    wrong_codes(invoice, &mut told);
    if told.is_empty() {
        tax_terms(invoice, &mut told);
        category_rules(invoice, &mut told);
        arithmetic(invoice, &mut told);
        decimals(invoice, &mut told);
    }
    told
}

fn missing_terms(invoice: &EInvoice, told: &mut Vec<String>) {
    let totals = &invoice.totals;
    let seller = &invoice.seller;
    let is_date = |date: &Option<Date>| date.is_some();
    let terms = [
        ("the invoice number (BT-1)", invoice.number.is_some()),
        ("the issue date (BT-2)", is_date(&invoice.issue_date)),
        ("the currency (BT-5)", invoice.currency.is_some()),
        ("the seller's name (BT-27)", invoice.seller.name.is_some()),
        (
            "the seller's country (BT-40)",
            invoice.seller.address.country.is_some(),
        ),
        ("the buyer's name (BT-44)", invoice.buyer.name.is_some()),
        (
            "the buyer's country (BT-55)",
            invoice.buyer.address.country.is_some(),
        ),
        ("invoice lines (BG-25)", !invoice.lines.is_empty()),
        ("the net total (BT-109)", totals.net.is_some()),
        ("the VAT total (BT-110)", totals.tax.is_some()),
        ("the gross total (BT-112)", totals.gross.is_some()),
        (
            "a due date (BT-9) or payment terms (BT-20)",
            is_date(&invoice.due_date)
                || invoice.payment_terms.is_some()
                || invoice.is_credit_note()
                || totals.due.is_none_or(|due| due <= Decimal::ZERO),
        ),
        (
            "the seller's VAT identifier (BT-31), or another identifier of the seller (BT-29, BT-30)",
            seller.vat_id.is_some() || !seller.ids.is_empty() || seller.legal_id.is_some(),
        ),
    ];
    let absent = terms.into_iter().filter(|(_, there)| !there);
    told.extend(absent.map(|(term, _)| term.to_owned()));
}

/// What a line must have, and whether it does.
type Term = (&'static str, fn(&Line) -> bool);

const LINE_TERMS: [Term; 6] = [
    ("quantity (BT-129)", |line| line.quantity.is_some()),
    ("net amount (BT-131)", |line| line.net.is_some()),
    ("item name (BT-153)", |line| line.name.is_some()),
    ("net price (BT-146)", |line| line.price.is_some()),
    ("VAT category (BT-151)", |line| line.category.is_some()),
    ("VAT rate (BT-152)", |line| {
        line.rate.is_some() || line.category.as_deref() == Some("O")
    }),
];

fn missing_of_lines(lines: &[Line], told: &mut Vec<String>) {
    for (term, is_there) in LINE_TERMS {
        let absent: Vec<usize> = (0..lines.len())
            .filter(|&index| !is_there(&lines[index]))
            .collect();
        match &absent[..] {
            [] => {}
            all if all.len() == lines.len() => told.push(format!("the {term} of every line")),
            [first, others @ ..] => {
                let more = match others.len() {
                    0 => String::new(),
                    n => format!(" and {n} more"),
                };
                told.push(format!("the {term} of line {}{more}", first + 1));
            }
        }
    }
}

/// Codes that are in none of EN 16931's lists. What they should be instead only
/// the seller knows.
fn wrong_codes(invoice: &EInvoice, told: &mut Vec<String>) {
    if !codes::has_type_code(invoice) {
        let (document, code) = match invoice.is_credit_note() {
            true => ("a credit note", "381"),
            false => ("an invoice", "380"),
        };
        let stated = shown(invoice.type_code.as_deref().unwrap_or_default());
        told.push(format!(
            "a type code (BT-3) of {document}, such as {code} (BR-CL-01), not `{stated}`"
        ));
    }
    let countries = [
        (
            "the seller's country (BT-40)",
            &invoice.seller.address.country,
        ),
        (
            "the buyer's country (BT-55)",
            &invoice.buyer.address.country,
        ),
        ("the country of delivery (BT-80)", &invoice.delivery_country),
    ];
    for (term, country) in countries {
        if let Some(code) = country
            && !codes::is_country(code)
        {
            told.push(format!(
                "{term} as ISO 3166-1 has it, such as DE (BR-CL-14), not `{}`",
                shown(code)
            ));
        }
    }
    for (category, _) in categories(invoice) {
        if !codes::is_category(category) {
            told.push(format!(
                "a VAT category (BT-118, BT-151), such as S (BR-CL-18), not `{}`",
                shown(category)
            ));
        }
    }
}

/// As much of a stranger's text as a message takes.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What the VAT categories want beside themselves.
fn tax_terms(invoice: &EInvoice, told: &mut Vec<String>) {
    for tax in &invoice.taxes {
        let category = tax.category.as_deref().unwrap_or_default();
        if category.is_empty() || (tax.rate.is_none() && category != "O") {
            told.push("the category and rate of the VAT breakdown (BT-118, BT-119)".into());
        }
        if tax.basis.is_none() || tax.amount.is_none() {
            told.push("the amounts of the VAT breakdown (BT-116, BT-117)".into());
        }
        if category == "E" && tax.exemption_reason.is_none() && tax.exemption_code.is_none() {
            told.push("the reason of the VAT exemption (BT-120)".into());
        }
        let has_buyer_id = invoice.buyer.vat_id.is_some()
            || (category == "AE" && invoice.buyer.legal_id.is_some());
        if ["AE", "K"].contains(&category) && !has_buyer_id {
            told.push(format!(
                "the buyer's VAT identifier (BT-48) for VAT category {category}"
            ));
        }
        // Reverse charge takes either (BR-AE-02), unlike what crosses a border.
        let either = ["S", "Z", "E", "AE", "L", "M"].contains(&category);
        if either && invoice.seller.vat_id.is_none() && invoice.seller.tax_id.is_none() {
            told.push("the seller's VAT or tax registration (BT-31, BT-32)".into());
        }
        if ["K", "G"].contains(&category) && invoice.seller.vat_id.is_none() {
            told.push(format!(
                "the seller's VAT identifier (BT-31) for VAT category {category}"
            ));
        }
        let has_date = invoice.delivery_date.is_some() || invoice.period.is_some();
        if category == "K" && !(has_date && invoice.delivery_country.is_some()) {
            told.push("the date and country of delivery (BT-72, BT-80) for VAT category K".into());
        }
    }
    if invoice.taxes.is_empty() {
        told.push("the VAT breakdown (BG-23)".into());
    }
    let rated = |category: &Option<String>| category.is_some();
    if !invoice.allowances.iter().all(|one| rated(&one.category)) {
        told.push("the VAT category of an allowance or charge (BT-95, BT-102)".into());
    }
}

/// The sums that EN 16931 wants to hold to the cent.
fn arithmetic(invoice: &EInvoice, told: &mut Vec<String>) {
    let totals = &invoice.totals;
    let of = |sum: Option<Decimal>| sum.unwrap_or_default();
    let lines: Decimal = invoice.lines.iter().filter_map(|line| line.net).sum();
    let taxes: Decimal = invoice.taxes.iter().filter_map(|tax| tax.amount).sum();
    let (allowances, charges) = (
        total(&invoice.allowances, false),
        total(&invoice.allowances, true),
    );
    let sums = [
        (
            "the lines",
            lines,
            "the sum of lines (BT-106)",
            of(totals.lines),
        ),
        (
            "the allowances",
            allowances,
            "the allowance total (BT-107)",
            of(totals.allowances),
        ),
        (
            "the charges",
            charges,
            "the charge total (BT-108)",
            of(totals.charges),
        ),
        (
            "lines less allowances plus charges",
            of(totals.lines) - of(totals.allowances) + of(totals.charges),
            "the net total (BT-109)",
            of(totals.net),
        ),
        (
            "the VAT breakdown",
            taxes,
            "the VAT total (BT-110)",
            of(totals.tax),
        ),
        (
            "net and VAT",
            of(totals.net) + of(totals.tax),
            "the gross total (BT-112)",
            of(totals.gross),
        ),
        (
            "gross less prepaid",
            of(totals.gross) - of(totals.prepaid) + of(totals.rounding),
            "the amount due (BT-115)",
            of(totals.due),
        ),
    ];
    for (what, sum, term, stated) in sums {
        if sum != stated {
            told.push(format!(
                "agreement: {what} come to {}, but {term} is {}",
                money(sum),
                money(stated),
            ));
        }
    }
    for (category, rate, basis) in bases(invoice) {
        let stated = invoice
            .taxes
            .iter()
            .find(|tax| tax.category.as_ref() == Some(&category) && tax.rate == rate);
        match stated {
            Some(tax) if tax.basis == Some(basis) => {}
            _ => told.push(format!(
                "agreement: {} is taxed with {category} {} %, but the VAT breakdown (BT-116) has {}",
                money(basis),
                of(rate).normalize(),
                money(of(stated.and_then(|tax| tax.basis))),
            )),
        }
    }
    for tax in &invoice.taxes {
        let (basis, amount) = (of(tax.basis), of(tax.amount));
        // Less than one off, as the rule has it (BR-CO-17).
        if percent_of(basis, of(tax.rate)).saturating_sub(amount).abs() >= Decimal::ONE {
            told.push(format!(
                "agreement: VAT of {} is not {} % of {}",
                money(amount),
                of(tax.rate).normalize(),
                money(basis)
            ));
        }
    }
}

/// Amounts have at most two decimals (BR-DEC-01 to BR-DEC-28), unlike prices
/// and quantities.
fn decimals(invoice: &EInvoice, told: &mut Vec<String>) {
    let long: Vec<(&str, Decimal)> = amounts(invoice)
        .into_iter()
        .filter_map(|(term, amount)| Some((term, amount?)))
        .filter(|(_, amount)| amount.normalize().scale() > 2)
        .collect();
    if let [(term, amount), others @ ..] = &long[..] {
        let more = match others.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        told.push(format!(
            "amounts of at most two decimals (BR-DEC): {term} is {}{more}",
            amount.normalize()
        ));
    }
}

/// Every amount that is written, with its term.
fn amounts(invoice: &EInvoice) -> Vec<(&'static str, Option<Decimal>)> {
    let totals = &invoice.totals;
    let mut amounts = vec![
        ("the sum of lines (BT-106)", totals.lines),
        ("the allowance total (BT-107)", totals.allowances),
        ("the charge total (BT-108)", totals.charges),
        ("the net total (BT-109)", totals.net),
        ("the VAT total (BT-110)", totals.tax),
        (
            "the VAT total in the accounting currency (BT-111)",
            totals.tax_in_tax_currency,
        ),
        ("the gross total (BT-112)", totals.gross),
        ("the prepaid amount (BT-113)", totals.prepaid),
        ("the rounding amount (BT-114)", totals.rounding),
        ("the amount due (BT-115)", totals.due),
    ];
    for tax in &invoice.taxes {
        amounts.push(("a basis of the VAT breakdown (BT-116)", tax.basis));
        amounts.push(("an amount of the VAT breakdown (BT-117)", tax.amount));
    }
    let both = |one: &AllowanceCharge| [Some(one.amount), one.base];
    for [amount, base] in invoice.allowances.iter().map(both) {
        amounts.push(("an allowance or charge (BT-92, BT-99)", amount));
        let term = "the base amount of an allowance or charge (BT-93, BT-100)";
        amounts.push((term, base));
    }
    for line in &invoice.lines {
        amounts.push(("the net amount of a line (BT-131)", line.net));
        for [amount, base] in line.allowances.iter().map(both) {
            let term = "an allowance or charge of a line (BT-136, BT-141)";
            amounts.push((term, amount));
            let term = "the base amount of a line's allowance or charge (BT-137, BT-142)";
            amounts.push((term, base));
        }
    }
    amounts
}
