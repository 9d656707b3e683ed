//! What the VAT categories of EN 16931 take: rates, amounts, identifiers.

use rust_decimal::Decimal;

use crate::domain::{EInvoice, money};

/// Categories without VAT, and how EN 16931 calls their rules.
const WITHOUT_VAT: [(&str, &str); 6] = [
    ("Z", "BR-Z"),
    ("E", "BR-E"),
    ("AE", "BR-AE"),
    ("K", "BR-IC"),
    ("G", "BR-G"),
    ("O", "BR-O"),
];
/// Not subject to VAT.
const OUTSIDE: &str = "O";

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

/// Tells which rates, amounts and identifiers do not go with the categories.
pub fn category_rules(invoice: &EInvoice, told: &mut Vec<String>) {
    for (category, rate) in categories(invoice) {
        told.extend(wrong_rate(category, rate.unwrap_or_default()));
    }
    for tax in &invoice.taxes {
        let amount = tax.amount.unwrap_or_default();
        if let Some((category, rule)) = without_vat(tax.category.as_deref().unwrap_or_default())
            && !amount.is_zero()
        {
            told.push(format!(
                "no VAT (BT-117) for VAT category {category} ({rule}-09), not {}",
                money(amount)
            ));
        }
    }
    outside_of_vat(invoice, told);
}

fn without_vat(category: &str) -> Option<(&'static str, &'static str)> {
    let mut known = WITHOUT_VAT.into_iter();
    known.find(|(code, _)| *code == category)
}

/// The rules end in -05 for lines, -06 for allowances and -07 for charges, and
/// are the same: the first is named.
fn wrong_rate(category: &str, rate: Decimal) -> Option<String> {
    if category == "S" && rate <= Decimal::ZERO {
        return Some(
            "a VAT rate above 0 for VAT category S (BR-S-05), or the category that says why there \
             is no VAT"
                .to_owned(),
        );
    }
    let (_, rule) = without_vat(category)?;
    (!rate.is_zero()).then(|| {
        let rate = rate.normalize();
        format!("a VAT rate of 0 for VAT category {category} ({rule}-05), not {rate} %")
    })
}

/// What is not subject to VAT is so as a whole invoice (BR-O-11 to BR-O-14),
/// between parties that name no VAT identifier (BR-O-02 to BR-O-04).
fn outside_of_vat(invoice: &EInvoice, told: &mut Vec<String>) {
    let all = categories(invoice);
    if !all.iter().any(|(category, _)| *category == OUTSIDE) {
        return;
    }
    if let Some((other, _)) = all.iter().find(|(category, _)| *category != OUTSIDE) {
        told.push(format!(
            "VAT category O (not subject to VAT) alone, not beside {other} (BR-O-11): ask the \
             seller for two invoices or another category"
        ));
    }
    let parties = [
        ("the seller (BT-31)", &invoice.seller.vat_id),
        ("the buyer (BT-48)", &invoice.buyer.vat_id),
    ];
    for (party, vat_id) in parties {
        if vat_id.is_some() {
            told.push(format!(
                "no VAT identifier of {party} beside VAT category O (not subject to VAT, \
                 BR-O-02): ask the seller for another category"
            ));
        }
    }
}
