//! What both syntaxes have in common.

use super::values::Values;
use super::xml::Element;
use crate::domain::{FindingCode, Line};

/// The VAT total in the invoice currency, and one in another: `totals` are all
/// that the invoice states, `currency_of` gives the currency of one.
pub fn tax_totals<'a>(
    totals: &[&'a Element],
    currency_of: impl Fn(&'a Element) -> Option<&'a str>,
    currency: Option<&str>,
    values: &mut Values,
) -> (Option<&'a Element>, Option<&'a Element>) {
    let with = |wanted: Option<&str>| {
        totals
            .iter()
            .copied()
            .find(|one| currency_of(one) == wanted)
    };
    let own = currency
        .and_then(|currency| with(Some(currency)))
        .or_else(|| with(None))
        .or_else(|| totals.first().copied().filter(|_| currency.is_none()));
    let mut others = totals.iter().copied();
    let other = others.find(|one| own.is_none_or(|own| !std::ptr::eq(own, *one)));
    if let (None, Some(stated), Some(currency)) = (own, other.and_then(&currency_of), currency) {
        let message = format!(
            "the e-invoice states the VAT total in {stated} alone, not in the invoice currency \
             {currency}; ask the seller for it"
        );
        values.report(FindingCode::VatCurrency, "tax_total", message);
    }
    (own, other)
}

/// ZUGFeRD has lines of text alone between those with amounts.
pub fn is_line(line: &Line) -> bool {
    line.name.is_some() || line.net.is_some() || line.quantity.is_some()
}
