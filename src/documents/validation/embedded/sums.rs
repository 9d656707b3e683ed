//! The sums of an e-invoice (EN 16931-1, BR-CO-10 to BR-CO-17), with
//! allowances and charges, and its VAT rates.

use rust_decimal::Decimal;

use crate::documents::einvoice;
use crate::documents::vat_rates::{self, Country};
use crate::domain::{
    AllowanceCharge, EInvoice, FieldPath, Finding, FindingCode, Severity, Tax, money,
};

/// Terms that the sums need and no field has.
const TERMS: [&str; 5] = [
    "line_total",
    "allowance",
    "charge",
    "allowance_total",
    "charge_total",
];

pub fn uses(field: &str) -> bool {
    TERMS.contains(&field)
}

/// Currencies whose amounts are rounded to whole units, although ISO 4217 may
/// give them decimals (HUF, TWD, ISK before 2007).
const WHOLE_UNITS: [&str; 8] = ["CLP", "HUF", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"];

/// Allowed difference for rounding, in the invoice currency: a cent on either side, or a
/// unit of a currency without cents.
fn tolerance(invoice: &EInvoice) -> Decimal {
    match invoice.currency.as_deref() {
        Some(currency) if WHOLE_UNITS.contains(&currency) => Decimal::ONE,
        _ => Decimal::new(2, 2),
    }
}

/// One finding for each sum that does not hold and each VAT rate that is too
/// high. Terms that are not stated are not checked.
pub fn check(invoice: &EInvoice) -> Vec<Finding> {
    let tolerance = tolerance(invoice);
    let lines = 0..invoice.lines.len();
    let mut findings: Vec<Finding> = lines
        .filter_map(|index| check_line(invoice, index, tolerance))
        .collect();
    findings.extend(check_totals(invoice, tolerance));
    findings.extend(check_tax_amounts(invoice, tolerance));
    findings.extend(check_rates(invoice));
    findings
}

/// Whether net and VAT total have different signs, for example because a refund at one
/// rate is larger than the supplies at another.
pub fn has_mixed_signs(invoice: &EInvoice) -> bool {
    let (net, tax) = (invoice.totals.net, invoice.totals.tax);
    let signs = net.zip(tax);
    signs.is_some_and(|(net, tax)| {
        !tax.is_zero() && net.is_sign_negative() != tax.is_sign_negative()
    })
}

/// Checks quantity times price, less allowances, plus charges. A line whose amount has
/// the opposite sign is a return where the sum of the lines holds with it.
fn check_line(invoice: &EInvoice, index: usize, tolerance: Decimal) -> Option<Finding> {
    let line = &invoice.lines[index];
    let (quantity, price, net) = (line.quantity?, line.price?, line.net?);
    let base = line.price_base.unwrap_or(Decimal::ONE);
    let product = quantity.checked_mul(price)?.checked_div(base)?;
    let sum = product.checked_add(extras(&line.allowances)?)?;
    let per = match line.price_base.filter(|base| *base != Decimal::ONE) {
        Some(base) => format!(" per {}", base.normalize()),
        None => String::new(),
    };
    let beside = match line.allowances.is_empty() {
        true => "",
        false => " with its allowances and charges",
    };
    let what = format!(
        "{} x {}{per}{beside} is {}",
        quantity.normalize(),
        money(price),
        money(sum.round_dp(4))
    );
    let field = FieldPath::in_line("line_items", index, "line_total").to_string();
    let code = FindingCode::ProductMismatch;
    let finding = mismatch(code, &field, what.clone(), sum, net, tolerance)?;
    let is_return = mismatch(code, &field, String::new(), -sum, net, tolerance).is_none();
    if is_return && lines_add_up(invoice, tolerance) {
        let message = format!(
            "{what} and the e-invoice states {}: a return, since the lines come to the stated sum \
             with this sign",
            money(net)
        );
        return Some(Finding::new(code, Some(&field), message).with_severity(Severity::Info));
    }
    Some(finding)
}

fn lines_add_up(invoice: &EInvoice, tolerance: Decimal) -> bool {
    let difference = sum_of_lines(invoice)
        .zip(invoice.totals.lines)
        .and_then(|(lines, stated)| lines.checked_sub(stated));
    difference.is_some_and(|difference| difference.abs() <= tolerance)
}

/// `None` where a line states no amount, or there is none.
fn sum_of_lines(invoice: &EInvoice) -> Option<Decimal> {
    let nets: Option<Vec<Decimal>> = invoice.lines.iter().map(|line| line.net).collect();
    sum(nets.filter(|nets| !nets.is_empty())?)
}

fn check_totals(invoice: &EInvoice, tolerance: Decimal) -> Vec<Finding> {
    let totals = &invoice.totals;
    let lines = sum_of_lines(invoice);
    let net = add(totals.lines.or(lines), extras(&invoice.allowances));
    let beside = match invoice.allowances.is_empty() {
        true => "the lines",
        false => "the lines with allowances and charges",
    };
    let tax = sum(invoice.taxes.iter().filter_map(|tax| tax.amount));
    let tax = tax.filter(|_| invoice.taxes.iter().any(|tax| tax.amount.is_some()));
    let gross = add(totals.net, totals.tax);
    // The smallest profiles state the amount due without the prepaid amount.
    let is_whole = totals.prepaid.is_some() || !invoice.lines.is_empty();
    let gross_total = totals.gross.filter(|_| is_whole);
    let less = Decimal::ZERO - totals.prepaid.unwrap_or_default();
    let due = add(gross_total, Some(less));
    let due = add(due, Some(totals.rounding.unwrap_or_default()));
    let due = add(due, Some(invoice.third_party.unwrap_or_default()));
    let sums = [
        ("the lines come", lines, "line_items", totals.lines),
        (&format!("{beside} come"), net, "net_total", totals.net),
        ("the VAT amounts come", tax, "tax_total", totals.tax),
        (
            "net_total and tax_total come",
            gross,
            "gross_total",
            totals.gross,
        ),
        (
            match invoice.third_party {
                Some(_) => "gross_total less prepaid plus third-party payments come",
                None => "gross_total less what was prepaid comes",
            },
            due,
            "amount_due",
            totals.due,
        ),
    ];
    let mismatches = sums
        .into_iter()
        .filter_map(|(what, computed, field, stated)| {
            let computed = computed?;
            let what = format!("{what} to {}", money(computed));
            mismatch(
                FindingCode::SumMismatch,
                field,
                what,
                computed,
                stated?,
                tolerance,
            )
        });
    mismatches.collect()
}

/// Checks that each VAT amount is its rate of its basis, except for rounding of lines.
fn check_tax_amounts(invoice: &EInvoice, tolerance: Decimal) -> Vec<Finding> {
    let cent = Decimal::new(1, 2);
    let tolerance = tolerance.max(cent * Decimal::from(invoice.lines.len() + 1));
    let mismatches = invoice.taxes.iter().filter_map(|tax| {
        let (basis, rate, amount) = (tax.basis?, tax.rate?, tax.amount?);
        let computed = basis.checked_mul(rate)?.checked_div(Decimal::ONE_HUNDRED)?;
        let (rate, basis) = (rate.normalize(), money(basis));
        let what = format!("{rate} % of {basis} is {}", money(computed.round_dp(2)));
        mismatch(
            FindingCode::SumMismatch,
            "tax_total",
            what,
            computed,
            amount,
            tolerance,
        )
    });
    mismatches.collect()
}

/// Checks that each stated VAT rate is at most the highest of the countries that may
/// tax the supply: the seller's, the buyer's and that of delivery. Totals with mixed
/// signs or rates are not checked.
fn check_rates(invoice: &EInvoice) -> Vec<Finding> {
    let Some(country) = highest_taxed(invoice) else {
        return Vec::new();
    };
    let highest = country.highest() * Decimal::ONE_HUNDRED;
    let too_high = |tax: &Tax| {
        let rate = tax.rate?;
        let is_vat = tax
            .category
            .as_deref()
            .is_none_or(|category| category == "S");
        let message = format!(
            "the e-invoice states a VAT rate of {} %, but the highest rate in {} is {} %",
            rate.normalize(),
            country.name,
            highest.normalize()
        );
        let is_too_high = is_vat && rate > highest;
        is_too_high.then(|| Finding::new(FindingCode::TaxRate, Some("tax_total"), message))
    };
    invoice.taxes.iter().filter_map(too_high).collect()
}

/// The country with the highest rate among those that may tax the supply; a party with
/// a foreign registration charges the rates of that country. `None` where the rates of
/// one of them are not known.
fn highest_taxed(invoice: &EInvoice) -> Option<&'static Country> {
    let of_parties = [&invoice.seller, &invoice.buyer].into_iter();
    let codes = of_parties
        .flat_map(einvoice::countries_of)
        .chain(invoice.delivery_country.clone());
    let countries: Option<Vec<_>> = codes.map(|code| vat_rates::country(&code)).collect();
    countries?
        .into_iter()
        .max_by_key(|country| country.highest())
}

/// Charges less allowances.
fn extras(of: &[AllowanceCharge]) -> Option<Decimal> {
    sum(of.iter().map(|one| match one.is_charge {
        true => one.amount,
        false => Decimal::ZERO - one.amount,
    }))
}

fn sum(of: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    of.into_iter().try_fold(Decimal::ZERO, Decimal::checked_add)
}

fn add(a: Option<Decimal>, b: Option<Decimal>) -> Option<Decimal> {
    a?.checked_add(b?)
}

fn mismatch(
    code: FindingCode,
    field: &str,
    what: String,
    computed: Decimal,
    stated: Decimal,
    tolerance: Decimal,
) -> Option<Finding> {
    let difference = computed.checked_sub(stated)?.abs();
    if difference <= tolerance {
        return None;
    }
    let message = format!(
        "{what}, but the e-invoice states {}: a difference of {}",
        money(stated),
        money(difference.round_dp(4))
    );
    Some(Finding::new(code, Some(field), message))
}
