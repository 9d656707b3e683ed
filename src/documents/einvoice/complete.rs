//! Terms of an invoice that follow from others are filled in, before it is
//! written as one of EN 16931.

use rust_decimal::{Decimal, RoundingStrategy};

use super::codes;
use crate::domain::{AllowanceCharge, EInvoice, Line, Party, Syntax, Tax};

/// Categories whose rate is 0, with the reason that says itself (BT-120) and
/// its code (BT-121). Exempt (`E`) has many reasons.
const REASONS: [(&str, &str, &str); 4] = [
    ("AE", "Reverse charge", "VATEX-EU-AE"),
    ("K", "Intra-community supply", "VATEX-EU-IC"),
    ("G", "Export outside the EU", "VATEX-EU-G"),
    ("O", "Not subject to VAT", "VATEX-EU-O"),
];
/// `C62`, one: what a quantity without a unit counts, or with one that no list
/// of units has, such as `Stk`.
const ONE: &str = "C62";

/// Fills in what follows from other terms. Credit notes get positive amounts,
/// as UBL wants them.
pub fn complete(invoice: &mut EInvoice) {
    turn_credit_note(invoice);
    complete_parties(invoice);
    complete_categories(invoice);
    for (index, line) in invoice.lines.iter_mut().enumerate() {
        complete_line(index, line);
    }
    complete_totals(invoice);
    complete_taxes(invoice);
}

/// A credit note with negative amounts says the same as one with positive
/// ones, and an invoice that claims a negative amount is a credit note unless
/// it says otherwise. A type code that is stated stays: what it should be
/// instead, only the seller knows.
fn turn_credit_note(invoice: &mut EInvoice) {
    let is_negative = invoice
        .totals
        .gross
        .is_some_and(|gross| gross < Decimal::ZERO);
    if invoice.type_code.is_none() {
        let credit = is_negative || invoice.syntax == Syntax::UblCreditNote;
        invoice.type_code = Some(if credit { "381" } else { "380" }.into());
    }
    if !invoice.is_credit_note() || !is_negative {
        return;
    }
    let totals = &mut invoice.totals;
    let sums = [
        &mut totals.lines,
        &mut totals.allowances,
        &mut totals.charges,
        &mut totals.net,
        &mut totals.tax,
        &mut totals.tax_in_tax_currency,
        &mut totals.gross,
        &mut totals.prepaid,
        &mut totals.rounding,
        &mut totals.due,
    ];
    for sum in sums.into_iter().flatten() {
        turn(sum);
    }
    for tax in &mut invoice.taxes {
        tax.basis.iter_mut().chain(&mut tax.amount).for_each(turn);
    }
    let of_lines = invoice
        .lines
        .iter_mut()
        .flat_map(|line| &mut line.allowances);
    for allowance in invoice.allowances.iter_mut().chain(of_lines) {
        turn(&mut allowance.amount);
        allowance.base.iter_mut().for_each(turn);
    }
    for line in &mut invoice.lines {
        line.quantity.iter_mut().chain(&mut line.net).for_each(turn);
    }
}

fn turn(amount: &mut Decimal) {
    // Zero has no sign.
    *amount = (Decimal::ZERO - *amount).normalize();
}

/// A VAT identifier begins with its country (BR-CO-09); one that does not is
/// another tax registration.
fn complete_parties(invoice: &mut EInvoice) {
    let seller = &mut invoice.seller;
    seller.address.country = country_of(seller);
    if let Some(other) = seller
        .vat_id
        .take_if(|vat_id| vat_country(vat_id).is_none())
    {
        seller.tax_id.get_or_insert(other);
    }
    let buyer = &mut invoice.buyer;
    buyer.address.country = country_of(buyer);
    if buyer.vat_id.as_deref().and_then(vat_country).is_none() {
        buyer.vat_id = None;
    }
}

/// The country that a party's address states, or its VAT identifier tells.
pub fn country_of(party: &Party) -> Option<String> {
    let told = party.vat_id.as_deref().and_then(vat_country);
    party.address.country.clone().or(told)
}

/// The country (ISO 3166-1) of a VAT identifier's prefix. Greece's is `EL`,
/// that of Northern Ireland `XI`; neither is a country's code.
pub(super) fn vat_country(vat_id: &str) -> Option<String> {
    let country = match vat_id.get(..2)? {
        "EL" => "GR",
        "XI" => "GB",
        other => other,
    };
    (vat_id.len() >= 4 && codes::is_country(country)).then(|| country.to_owned())
}

/// Where the whole invoice has one VAT category and rate, each part has it.
fn complete_categories(invoice: &mut EInvoice) {
    if let [tax] = &mut invoice.taxes[..]
        && tax.category.is_none()
        && tax.rate.is_some_and(|rate| rate > Decimal::ZERO)
    {
        tax.category = Some("S".into());
    }
    let only = match &invoice.taxes[..] {
        [tax] => tax.category.clone().map(|category| (category, tax.rate)),
        _ => None,
    };
    let fill = |category: &mut Option<String>, rate: &mut Option<Decimal>| {
        if let (None, Some((known, percent))) = (&category, &only)
            && rate.is_none_or(|rate| Some(rate) == *percent)
        {
            *category = Some(known.clone());
            *rate = *percent;
        }
        // Rates of categories without VAT are 0, whether stated or not.
        match category.as_deref() {
            Some("O") => *rate = None,
            Some("Z" | "E" | "AE" | "K" | "G") => {
                rate.get_or_insert(Decimal::ZERO);
            }
            // Only the standard category has a rate above zero, apart from two
            // Spanish and Italian ones that say so.
            None if rate.is_some_and(|rate| rate > Decimal::ZERO) => {
                *category = Some("S".into());
            }
            _ => {}
        }
    };
    for line in &mut invoice.lines {
        fill(&mut line.category, &mut line.rate);
    }
    for allowance in &mut invoice.allowances {
        fill(&mut allowance.category, &mut allowance.rate);
    }
    for tax in &mut invoice.taxes {
        fill(&mut tax.category, &mut tax.rate);
    }
    let of_lines = invoice
        .lines
        .iter_mut()
        .flat_map(|line| &mut line.allowances);
    for allowance in invoice.allowances.iter_mut().chain(of_lines) {
        // Codes that are none of EN 16931's are not written: words always are.
        if allowance.reason.is_none() {
            let word = if allowance.is_charge {
                "Charge"
            } else {
                "Allowance"
            };
            allowance.reason = Some(word.into());
        }
    }
}

fn complete_line(index: usize, line: &mut Line) {
    line.id.get_or_insert_with(|| (index + 1).to_string());
    if !line.unit.as_deref().is_some_and(codes::is_unit) {
        line.unit = Some(ONE.into());
    }
    if line.name.is_none() {
        line.name = line.description.take();
    }
    if line.quantity.is_none()
        && let (Some(net), Some(unit)) = (line.net, line.unit_price())
        && !unit.is_zero()
        && line.allowances.is_empty()
        && let Some(quantity) = net.checked_div(unit)
        && quantity.scale() <= 4
    {
        line.quantity = Some(quantity);
    }
    // The price of all units together is exact where one of a unit is not.
    if line.price.is_none()
        && let (Some(net), Some(quantity)) = (line.net, line.quantity)
        && !quantity.is_zero()
        && line.allowances.is_empty()
    {
        line.price = Some(net.abs());
        line.price_base = Some(quantity.abs());
        if net.is_sign_negative() != quantity.is_sign_negative() {
            line.quantity = Some(Decimal::ZERO - quantity);
        }
    }
    // Prices are not negative (BR-27): the quantity says what is given back.
    if let (Some(price), Some(quantity)) = (line.price, line.quantity)
        && price < Decimal::ZERO
    {
        line.price = Some(Decimal::ZERO - price);
        line.quantity = Some(Decimal::ZERO - quantity);
    }
    if line.price_base == Some(Decimal::ONE) {
        line.price_base = None;
    }
}

fn complete_totals(invoice: &mut EInvoice) {
    let (allowances, charges) = (
        total(&invoice.allowances, false),
        total(&invoice.allowances, true),
    );
    let totals = &mut invoice.totals;
    if totals.lines.is_none() && invoice.lines.iter().all(|line| line.net.is_some()) {
        totals.lines = Some(invoice.lines.iter().filter_map(|line| line.net).sum());
    }
    totals.allowances.get_or_insert(allowances);
    totals.charges.get_or_insert(charges);
    if let (None, Some(lines)) = (totals.net, totals.lines) {
        totals.net = Some(lines - allowances + charges);
    }
    if let (None, Some(net), Some(gross)) = (totals.tax, totals.net, totals.gross) {
        totals.tax = Some(gross - net);
    }
    if let (None, Some(net), Some(tax)) = (totals.gross, totals.net, totals.tax) {
        totals.gross = Some(net + tax);
    }
    if let (None, Some(gross)) = (totals.due, totals.gross) {
        totals.due =
            Some(gross - totals.prepaid.unwrap_or_default() + totals.rounding.unwrap_or_default());
    }
}

pub(super) fn total(allowances: &[AllowanceCharge], charges: bool) -> Decimal {
    let chosen = allowances.iter().filter(|one| one.is_charge == charges);
    chosen.map(|one| one.amount).sum()
}

/// A breakdown that is not stated follows from lines, allowances and charges;
/// one that is lacks nothing but amounts and reasons.
fn complete_taxes(invoice: &mut EInvoice) {
    if invoice.taxes.is_empty() {
        for (category, rate, basis) in bases(invoice) {
            let amount = percent_of(basis, rate.unwrap_or_default());
            invoice.taxes.push(Tax {
                basis: Some(basis),
                amount: Some(amount),
                category: Some(category),
                rate,
                ..Tax::default()
            });
        }
    }
    let (net, total) = (invoice.totals.net, invoice.totals.tax);
    if let [only] = &mut invoice.taxes[..] {
        only.basis = only.basis.or(net);
        only.amount = only.amount.or(total);
    }
    for tax in &mut invoice.taxes {
        let known = REASONS
            .iter()
            .find(|(code, ..)| Some(*code) == tax.category.as_deref());
        if let (Some((_, reason, code)), None, None) =
            (known, &tax.exemption_reason, &tax.exemption_code)
        {
            tax.exemption_reason = Some((*reason).into());
            tax.exemption_code = Some((*code).into());
        }
    }
}

/// What is taxed alike, in the order of the lines; empty where a category is
/// not known.
pub(super) fn bases(invoice: &EInvoice) -> Vec<(String, Option<Decimal>, Decimal)> {
    let lines = invoice.lines.iter();
    let lines = lines.map(|line| (&line.category, line.rate, line.net.unwrap_or_default()));
    let others = invoice.allowances.iter().map(|one| {
        let signed = if one.is_charge {
            one.amount
        } else {
            Decimal::ZERO - one.amount
        };
        (&one.category, one.rate, signed)
    });
    let mut bases: Vec<(String, Option<Decimal>, Decimal)> = Vec::new();
    for (category, rate, amount) in lines.chain(others) {
        let Some(category) = category else {
            return Vec::new();
        };
        match bases
            .iter_mut()
            .find(|(known, of, _)| known == category && *of == rate)
        {
            Some((.., sum)) => *sum += amount,
            None => bases.push((category.clone(), rate, amount)),
        }
    }
    bases
}

/// Rounded to cents as people do.
pub(super) fn percent_of(basis: Decimal, rate: Decimal) -> Decimal {
    // Rates from strangers may be as large as amounts.
    (basis.saturating_mul(rate) / Decimal::ONE_HUNDRED)
        .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
