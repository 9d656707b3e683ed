//! What both syntaxes have in common.

use rust_decimal::Decimal;

use super::values::Values;
use super::xml::Element;
use crate::domain::{EInvoice, FieldPath, Finding, FindingCode, InvoiceLine, Severity, money};

/// The VAT total in the invoice currency, and one in another currency. `totals`: all
/// that the invoice states; `currency_of`: the currency of one.
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

/// Whether the line has an amount: ZUGFeRD also has lines with text alone.
pub fn is_line(line: &InvoiceLine) -> bool {
    line.name.is_some() || line.net.is_some() || line.quantity.is_some()
}

/// Removes the base quantity (BT-149) of lines whose amount follows from the price of
/// one unit: some programs repeat the price or the quantity there.
pub fn settle_price_bases(invoice: &mut EInvoice) {
    for (index, line) in invoice.lines.iter_mut().enumerate() {
        let Some((base, price)) = needless_base(line) else {
            continue;
        };
        line.price_base = None;
        let message = format!(
            "the e-invoice states a price of {} per {}, but the line's amount is that of a price \
             per 1, which is used",
            money(price),
            base.normalize()
        );
        let field = FieldPath::in_line("line_items", index, "unit_price").to_string();
        let finding = Finding::new(FindingCode::ProductMismatch, Some(&field), message);
        invoice.findings.push(finding.with_severity(Severity::Info));
    }
}

/// Base quantity and price of a line whose amount is right only without the base
/// quantity.
fn needless_base(line: &InvoiceLine) -> Option<(Decimal, Decimal)> {
    let (quantity, price, net) = (line.quantity?, line.price?, line.net?);
    let base = line.price_base.filter(|base| *base != Decimal::ONE)?;
    let extras = line.allowances.iter().map(|one| match one.is_charge {
        true => one.amount,
        false => -one.amount,
    });
    let extras = extras
        .into_iter()
        .try_fold(Decimal::ZERO, Decimal::checked_add)?;
    let product = quantity.checked_mul(price)?;
    let cents = Decimal::new(2, 2);
    let is_net = |product: Decimal| {
        let difference = product.checked_add(extras)?.checked_sub(net)?;
        Some(difference.abs() <= cents)
    };
    let holds_without = is_net(product)? && !is_net(product.checked_div(base)?)?;
    holds_without.then_some((base, price))
}
