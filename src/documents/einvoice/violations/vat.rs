//! Requirements of EN 16931's VAT categories: rates, amounts, identifiers.

use rust_decimal::Decimal;

use crate::documents::einvoice::violation::Violation;
use crate::domain::{EInvoice, Tax, money};

/// Every VAT category (UNCL 5305), with the name of its rules in EN 16931.
const CATEGORIES: [(&str, &str); 9] = [
    ("S", "BR-S"),
    ("Z", "BR-Z"),
    ("E", "BR-E"),
    ("AE", "BR-AE"),
    ("K", "BR-IC"),
    ("G", "BR-G"),
    ("O", "BR-O"),
    ("L", "BR-AF"),
    ("M", "BR-AG"),
];
/// Categories whose VAT is 0.
const WITHOUT_VAT: [&str; 6] = ["Z", "E", "AE", "K", "G", "O"];
/// The category of supplies that are not subject to VAT.
const OUTSIDE: &str = "O";

fn rules_of(category: &str) -> &'static str {
    let known = CATEGORIES.iter().find(|(code, _)| *code == category);
    known.map_or("BR-CL-18", |(_, rules)| rules)
}

/// The VAT categories and rates of lines, allowances, charges and breakdown,
/// each once.
pub fn categories(invoice: &EInvoice) -> Vec<(&str, Option<Decimal>)> {
    let lines = invoice.lines.iter().map(|one| (&one.category, one.rate));
    let others = invoice.allowances.iter();
    let others = others.map(|one| (&one.category, one.rate));
    let taxes = invoice.taxes.iter().map(|one| (&one.category, one.rate));
    let mut all: Vec<(&str, Option<Decimal>)> = lines
        .chain(others)
        .chain(taxes)
        .filter_map(|(category, rate)| Some((category.as_deref()?, rate)))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Terms that the VAT breakdown, and the categories in it, require.
pub fn missing_terms(invoice: &EInvoice) -> Vec<Violation> {
    let breakdown = invoice.taxes.iter();
    let mut found: Vec<Violation> = breakdown
        .flat_map(|tax| {
            let mut found = missing_in_breakdown(tax);
            found.extend(missing_identifiers(invoice, tax));
            found.extend(missing_delivery(invoice, tax));
            found
        })
        .collect();
    if invoice.taxes.is_empty() {
        found.push(Violation::missing("BG-23", "BR-CO-18", "the VAT breakdown"));
    }
    for one in &invoice.allowances {
        if one.category.is_none() {
            let (term, rule, what) = match one.is_charge {
                true => ("BT-102", "BR-37", "the VAT category of a charge"),
                false => ("BT-95", "BR-32", "the VAT category of an allowance"),
            };
            found.push(Violation::missing(term, rule, what));
        }
    }
    found
}

fn missing_in_breakdown(tax: &Tax) -> Vec<Violation> {
    let category = tax.category.as_deref().unwrap_or_default();
    let has_rate = tax.rate.is_some() || category == OUTSIDE;
    let has_reason = tax.exemption_reason.is_some() || tax.exemption_code.is_some();
    let terms = [
        ("BT-118", "BR-47", "a category", !category.is_empty()),
        ("BT-119", "BR-48", "a rate", has_rate),
        ("BT-116", "BR-45", "a basis", tax.basis.is_some()),
        ("BT-117", "BR-46", "an amount", tax.amount.is_some()),
        (
            "BT-120",
            "BR-E-10",
            "the reason of an exemption",
            category != "E" || has_reason,
        ),
    ];
    let absent = terms.into_iter().filter(|(.., is_stated)| !is_stated);
    absent
        .map(|(term, rule, what, _)| {
            Violation::missing(term, rule, &format!("{what} of the VAT breakdown"))
        })
        .collect()
}

fn missing_identifiers(invoice: &EInvoice, tax: &Tax) -> Vec<Violation> {
    let (seller, buyer) = (&invoice.seller, &invoice.buyer);
    let category = tax.category.as_deref().unwrap_or_default();
    let rule = || format!("{}-02", rules_of(category));
    let mut found = Vec::new();
    let has_buyer_id = buyer.vat_id.is_some() || (category == "AE" && buyer.legal_id.is_some());
    if ["AE", "K"].contains(&category) && !has_buyer_id {
        let message =
            format!("the buyer's VAT identifier (BT-48) is missing for VAT category {category}");
        found.push(Violation::new("BT-48", rule(), message));
    }
    // Reverse charge needs either identifier (BR-AE-02), cross-border trade a VAT
    // identifier.
    let either = ["S", "Z", "E", "AE", "L", "M"].contains(&category);
    if either && seller.vat_id.is_none() && seller.tax_id.is_none() {
        let message = "the seller's VAT identifier (BT-31) or tax registration (BT-32) is missing";
        found.push(Violation::new("BT-31", rule(), message));
    }
    if ["K", "G"].contains(&category) && seller.vat_id.is_none() {
        let message =
            format!("the seller's VAT identifier (BT-31) is missing for VAT category {category}");
        found.push(Violation::new("BT-31", rule(), message));
    }
    found
}

/// An intra-community supply must state date and country of delivery.
fn missing_delivery(invoice: &EInvoice, tax: &Tax) -> Vec<Violation> {
    if tax.category.as_deref() != Some("K") {
        return Vec::new();
    }
    let mut found = Vec::new();
    if invoice.delivery_date.is_none() && invoice.period.is_none() {
        let message = "the delivery date (BT-72) is missing for VAT category K";
        found.push(Violation::new("BT-72", "BR-IC-11", message));
    }
    if invoice.delivery_country.is_none() {
        let message = "the country of delivery (BT-80) is missing for VAT category K";
        found.push(Violation::new("BT-80", "BR-IC-12", message));
    }
    found
}

/// Rates, amounts and identifiers that a VAT category does not allow.
pub fn category_violations(invoice: &EInvoice) -> Vec<Violation> {
    let mut found = Vec::new();
    for (category, rate) in categories(invoice) {
        found.extend(wrong_rate(category, rate.unwrap_or_default()));
    }
    for tax in &invoice.taxes {
        let category = tax.category.as_deref().unwrap_or_default();
        let amount = tax.amount.unwrap_or_default();
        if WITHOUT_VAT.contains(&category) && !amount.is_zero() {
            let message = format!(
                "the VAT amount (BT-117) of VAT category {category} is {}, which must be 0",
                money(amount)
            );
            found.push(Violation::new(
                "BT-117",
                format!("{}-09", rules_of(category)),
                message,
            ));
        }
    }
    found.extend(outside_of_vat(invoice));
    found
}

/// The rules end in -05 for lines, -06 for allowances and -07 for charges, and
/// are the same: the first is named.
fn wrong_rate(category: &str, rate: Decimal) -> Option<Violation> {
    let rule = format!("{}-05", rules_of(category));
    let shown = rate.normalize();
    if category == "S" && rate <= Decimal::ZERO {
        let message = format!(
            "the VAT rate (BT-152) of VAT category S is {shown} %, which must be above 0: where \
             there is no VAT, another category says why"
        );
        return Some(Violation::new("BT-152", rule, message));
    }
    let is_wrong = WITHOUT_VAT.contains(&category) && !rate.is_zero();
    is_wrong.then(|| {
        let message = format!(
            "the VAT rate (BT-152) of VAT category {category} is {shown} %, which must be 0"
        );
        Violation::new("BT-152", rule, message)
    })
}

/// An invoice that is not subject to VAT has no other category (BR-O-11 to BR-O-14),
/// and its parties state no VAT identifier (BR-O-02 to BR-O-04).
fn outside_of_vat(invoice: &EInvoice) -> Vec<Violation> {
    let all = categories(invoice);
    let mut found = Vec::new();
    if !all.iter().any(|(category, _)| *category == OUTSIDE) {
        return found;
    }
    if let Some((other, _)) = all.iter().find(|(category, _)| *category != OUTSIDE) {
        let message = format!(
            "VAT category O (not subject to VAT) stands beside {other}: ask the seller for two \
             invoices or another category"
        );
        found.push(Violation::new("BT-118", "BR-O-11", message));
    }
    let parties = [
        ("BT-31", "the seller", &invoice.seller.vat_id),
        ("BT-48", "the buyer", &invoice.buyer.vat_id),
    ];
    for (term, party, vat_id) in parties {
        if vat_id.is_some() {
            let message = format!(
                "{party} has a VAT identifier ({term}) beside VAT category O (not subject to \
                 VAT): ask the seller for another category"
            );
            found.push(Violation::new(term, "BR-O-02", message));
        }
    }
    found
}
