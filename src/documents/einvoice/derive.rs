//! Terms of an invoice that follow from others, and the VAT rate that follows
//! from its totals.

use rust_decimal::{Decimal, RoundingStrategy};

use super::codes;
use super::violation::Violation;
use crate::documents::vat_rates;
use crate::domain::{AllowanceCharge, EInvoice, InvoiceLine, Party, Syntax, Tax, money};

/// VAT categories with only one exemption reason (BT-120), and its code (BT-121).
const REASONS: [(&str, &str, &str); 4] = [
    ("AE", "Reverse charge", "VATEX-EU-AE"),
    ("K", "Intra-community supply", "VATEX-EU-IC"),
    ("G", "Export outside the EU", "VATEX-EU-G"),
    ("O", "Not subject to VAT", "VATEX-EU-O"),
];
/// `C62` (one): the unit of a quantity without a unit, or with one that is not in the
/// list of units, such as `Stk`.
const ONE: &str = "C62";

/// Fills in terms that follow from others. The amounts of credit notes become
/// positive, as UBL requires.
pub fn fill_in(invoice: &mut EInvoice) {
    make_credit_note_positive(invoice);
    fill_in_parties(invoice);
    fill_in_categories(invoice);
    for (index, line) in invoice.lines.iter_mut().enumerate() {
        fill_in_line(index, line);
    }
    fill_in_totals(invoice);
    fill_in_taxes(invoice);
}

/// Makes the amounts of a credit note positive; negative ones have the same meaning.
/// An invoice with a negative amount and without a type code becomes a credit note. A
/// stated type code stays.
fn make_credit_note_positive(invoice: &mut EInvoice) {
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
        negate(sum);
    }
    for tax in &mut invoice.taxes {
        tax.basis.iter_mut().chain(&mut tax.amount).for_each(negate);
    }
    let of_lines = invoice
        .lines
        .iter_mut()
        .flat_map(|line| &mut line.allowances);
    for allowance in invoice.allowances.iter_mut().chain(of_lines) {
        negate(&mut allowance.amount);
        allowance.base.iter_mut().for_each(negate);
    }
    for line in &mut invoice.lines {
        line.quantity
            .iter_mut()
            .chain(&mut line.net)
            .for_each(negate);
    }
}

fn negate(amount: &mut Decimal) {
    // Zero has no sign.
    *amount = (Decimal::ZERO - *amount).normalize();
}

/// A VAT identifier begins with its country (BR-CO-09); one that does not is used as
/// tax registration (BT-32).
fn fill_in_parties(invoice: &mut EInvoice) {
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

/// The country (ISO 3166-1 alpha-2) of a party's address, otherwise that of its VAT
/// identifier.
pub fn country_of(party: &Party) -> Option<String> {
    countries_of(party).into_iter().next()
}

/// The countries (ISO 3166-1 alpha-2) of a party: that of its address, then that of
/// its VAT identifier where it differs.
pub fn countries_of(party: &Party) -> Vec<String> {
    let of_vat_id = party.vat_id.as_deref().and_then(vat_country);
    let mut countries: Vec<String> = party.address.country.iter().cloned().collect();
    countries.extend(of_vat_id.filter(|country| !countries.contains(country)));
    countries
}

/// The country (ISO 3166-1) of a VAT identifier's prefix, which is `EL` for
/// Greece and `XI` for Northern Ireland.
pub(super) fn vat_country(vat_id: &str) -> Option<String> {
    let country = match vat_id.get(..2)? {
        "EL" => "GR",
        "XI" => "GB",
        other => other,
    };
    (vat_id.len() >= 4 && codes::is_country(country)).then(|| country.to_owned())
}

/// Where the breakdown has one VAT category and rate, every part has it.
fn fill_in_categories(invoice: &mut EInvoice) {
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
        // Categories without VAT have a rate of 0, stated or not.
        match category.as_deref() {
            Some("O") => *rate = None,
            Some("Z" | "E" | "AE" | "K" | "G") => {
                rate.get_or_insert(Decimal::ZERO);
            }
            // Only the standard category has a rate above 0, apart from those of
            // the Canary Islands, Ceuta and Melilla, and split payment.
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
        // A code outside of EN 16931's list is not written; the reason in words always
        // is.
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

fn fill_in_line(index: usize, line: &mut InvoiceLine) {
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
    // The price of all units together is exact where the price of one is not.
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
    // Prices are not negative (BR-27), quantities may be.
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

fn fill_in_totals(invoice: &mut EInvoice) {
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

/// Fills in the VAT breakdown: a missing one follows from lines, allowances and
/// charges; a stated one may lack amounts and reasons.
fn fill_in_taxes(invoice: &mut EInvoice) {
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

/// The sum of lines, allowances and charges by category and rate, in the order
/// of the lines; empty where a category is not known.
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

/// `rate` percent of `basis`, rounded half away from zero to cents.
pub(super) fn percent_of(basis: Decimal, rate: Decimal) -> Decimal {
    // Saturating, since rates of hostile files may be as large as amounts.
    (basis.saturating_mul(rate) / Decimal::ONE_HUNDRED)
        .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Hundredths of the currency by which rounding of lines may change a VAT amount.
const CENTS: i64 = 2;

/// Gives every line the standard category and the one rate of the seller's
/// country that turns the net total into the VAT total. Does nothing where lines
/// have categories or a total is missing. `Err` where no rate fits, or several do.
pub fn infer_vat_rate(invoice: &mut EInvoice) -> Result<(), Violation> {
    let has_category = invoice.lines.iter().any(|line| line.category.is_some());
    let (Some(net), Some(tax)) = (invoice.totals.net, invoice.totals.tax) else {
        return Ok(());
    };
    if has_category || !invoice.taxes.is_empty() {
        return Ok(());
    }
    if tax.is_zero() {
        let message =
            "the VAT category (BT-151) is missing: the VAT is 0 and the record does not say why";
        return Err(Violation::new("BT-151", "BR-CO-04", message));
    }
    let rate = fitting_rate(invoice, net, tax)
        .map_err(|message| Violation::new("BT-152", "BR-S-05", message))?;
    for line in &mut invoice.lines {
        line.category = Some("S".into());
        line.rate = Some(rate);
    }
    invoice.taxes = vec![Tax {
        basis: Some(net),
        amount: Some(tax),
        category: Some("S".into()),
        rate: Some(rate),
        ..Tax::default()
    }];
    Ok(())
}

/// The rate in percent of `tax` on `net` among those of the seller's country. Rates of
/// other countries are not candidates: half of an invoice at 19 % and half at 7 %
/// give 13 %, which is a rate elsewhere.
fn fitting_rate(invoice: &EInvoice, net: Decimal, tax: Decimal) -> Result<Decimal, String> {
    let vat_id = invoice.seller.vat_id.as_deref();
    let Some(code) = vat_id.and_then(vat_country) else {
        return Err(
            "the VAT rate (BT-152) is missing: the seller's VAT identifier (BT-31) has no country \
             whose rates could be tried"
                .to_owned(),
        );
    };
    let year = invoice.issue_date.map(|date| date.year());
    let country = vat_rates::country(&code);
    let Some(rates) = country.and_then(|country| country.in_force(year)) else {
        return Err(format!(
            "the VAT rate (BT-152) is missing: docmill has no VAT rates of the seller's country, \
             {code}"
        ));
    };
    let fits = |rate: &&Decimal| {
        let difference = percent_of(net, **rate).saturating_sub(tax).abs();
        difference <= Decimal::new(CENTS, 2)
    };
    let fitting: Vec<Decimal> = rates.iter().filter(fits).copied().collect();
    let why = match fitting[..] {
        [rate] => return Ok(rate),
        [] => "fits none",
        _ => "fits several",
    };
    let known: Vec<String> = rates.iter().map(Decimal::to_string).collect();
    Err(format!(
        "the VAT rate (BT-152) is missing: VAT of {} on {} {why} of the rates of {code} ({} %)",
        money(tax),
        money(net),
        known.join(", ")
    ))
}
