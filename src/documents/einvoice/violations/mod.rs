//! Rules of EN 16931 that an invoice violates, by business term.

mod sums;
mod vat;

use super::codes;
use super::violation::Violation;
use crate::domain::{EInvoice, InvoiceLine};

/// Every violation of an invoice whose derived terms are filled in. Sums and VAT
/// categories are only checked where no term is missing and every code is known.
pub fn violations(invoice: &EInvoice) -> Vec<Violation> {
    let mut found = missing_terms(invoice);
    found.extend(missing_line_terms(&invoice.lines));
    found.extend(unknown_codes(invoice));
    if found.is_empty() {
        found.extend(vat::missing_terms(invoice));
        found.extend(vat::category_violations(invoice));
        found.extend(sums::wrong_sums(invoice));
        found.extend(sums::too_many_decimals(invoice));
    }
    found
}

fn missing_terms(invoice: &EInvoice) -> Vec<Violation> {
    let (totals, seller, buyer) = (&invoice.totals, &invoice.seller, &invoice.buyer);
    let terms = [
        (
            "BT-1",
            "BR-02",
            "the invoice number",
            invoice.number.is_some(),
        ),
        (
            "BT-2",
            "BR-03",
            "the issue date",
            invoice.issue_date.is_some(),
        ),
        ("BT-5", "BR-05", "the currency", invoice.currency.is_some()),
        ("BT-27", "BR-06", "the seller's name", seller.name.is_some()),
        (
            "BT-40",
            "BR-09",
            "the seller's country",
            seller.address.country.is_some(),
        ),
        ("BT-44", "BR-07", "the buyer's name", buyer.name.is_some()),
        (
            "BT-55",
            "BR-11",
            "the buyer's country",
            buyer.address.country.is_some(),
        ),
        (
            "BG-25",
            "BR-16",
            "an invoice line",
            !invoice.lines.is_empty(),
        ),
        ("BT-109", "BR-13", "the net total", totals.net.is_some()),
        ("BT-110", "BR-CO-15", "the VAT total", totals.tax.is_some()),
        ("BT-112", "BR-14", "the gross total", totals.gross.is_some()),
    ];
    let mut found: Vec<Violation> = terms
        .into_iter()
        .filter(|(.., is_stated)| !is_stated)
        .map(|(term, rule, what, _)| Violation::missing(term, rule, what))
        .collect();
    let is_claimed = totals
        .due
        .is_some_and(|due| due.is_sign_positive() && !due.is_zero());
    let says_when = invoice.due_date.is_some() || invoice.payment_terms.is_some();
    if is_claimed && !says_when && !invoice.is_credit_note() {
        let message = "a due date (BT-9) or payment terms (BT-20) are missing";
        found.push(Violation::new("BT-9", "BR-CO-25", message));
    }
    if seller.vat_id.is_none() && seller.ids.is_empty() && seller.legal_id.is_none() {
        let message =
            "the seller's VAT identifier (BT-31) or another identifier (BT-29, BT-30) is missing";
        found.push(Violation::new("BT-31", "BR-CO-26", message));
    }
    found
}

/// Term, rule, name and whether a line states it.
type LineTerm = (
    &'static str,
    &'static str,
    &'static str,
    fn(&InvoiceLine) -> bool,
);

const LINE_TERMS: [LineTerm; 6] = [
    ("BT-129", "BR-22", "quantity", |line| {
        line.quantity.is_some()
    }),
    ("BT-131", "BR-24", "net amount", |line| line.net.is_some()),
    ("BT-153", "BR-25", "item name", |line| line.name.is_some()),
    ("BT-146", "BR-26", "net price", |line| line.price.is_some()),
    ("BT-151", "BR-CO-04", "VAT category", |line| {
        line.category.is_some()
    }),
    ("BT-152", "BR-S-05", "VAT rate", |line| {
        line.rate.is_some() || line.category.as_deref() == Some("O")
    }),
];

/// One violation for each term, whatever the number of lines without it.
fn missing_line_terms(lines: &[InvoiceLine]) -> Vec<Violation> {
    let violation = |(term, rule, name, is_stated): LineTerm| {
        let without: Vec<usize> = (0..lines.len())
            .filter(|&index| !is_stated(&lines[index]))
            .collect();
        let of = match &without[..] {
            [] => return None,
            all if all.len() == lines.len() => "every line".to_owned(),
            [first] => format!("line {}", first + 1),
            [first, others @ ..] => format!("line {} and {} more", first + 1, others.len()),
        };
        let message = format!("the {name} ({term}) of {of} is missing");
        Some(Violation::new(term, rule, message))
    };
    LINE_TERMS.into_iter().filter_map(violation).collect()
}

/// Codes that are not in EN 16931's lists. Only the seller knows the right code.
fn unknown_codes(invoice: &EInvoice) -> Vec<Violation> {
    let mut found = Vec::new();
    if !codes::has_type_code(invoice) {
        let (document, code) = match invoice.is_credit_note() {
            true => ("a credit note", "381"),
            false => ("an invoice", "380"),
        };
        let stated = shortened(invoice.type_code.as_deref().unwrap_or_default());
        let message = format!(
            "the type code (BT-3) is `{stated}`, which is not a code of {document}, such as {code}"
        );
        found.push(Violation::new("BT-3", "BR-CL-01", message));
    }
    let seller = &invoice.seller.address.country;
    let countries = [
        ("BT-40", "the seller's country", seller),
        (
            "BT-55",
            "the buyer's country",
            &invoice.buyer.address.country,
        ),
        (
            "BT-80",
            "the country of delivery",
            &invoice.delivery_country,
        ),
    ];
    for (term, what, country) in countries {
        if let Some(code) = country
            && !codes::is_country(code)
        {
            let code = shortened(code);
            let message = format!(
                "{what} ({term}) is `{code}`, which is not a code of ISO 3166-1, such as DE"
            );
            found.push(Violation::new(term, "BR-CL-14", message));
        }
    }
    for (category, _) in vat::categories(invoice) {
        if !codes::is_category(category) {
            let code = shortened(category);
            let message = format!(
                "a VAT category (BT-118, BT-151) is `{code}`, which is not a code of EN 16931, such \
                 as S"
            );
            found.push(Violation::new("BT-118", "BR-CL-18", message));
        }
    }
    found
}

/// A text of the invoice, shortened for a message.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
