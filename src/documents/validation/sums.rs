//! The arithmetic of an electronic invoice (EN 16931-1, BR-CO-10 to BR-CO-17),
//! with what is allowed and charged beside the lines.

use rust_decimal::Decimal;

use crate::domain::{AllowanceCharge, EInvoice, FieldPath, Finding, FindingCode, Line, money};

/// Terms that no field holds and sums need: a broken one is no trifle.
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

/// A cent of rounding on either side.
fn tolerance() -> Decimal {
    Decimal::new(2, 2)
}

/// One finding for each sum that does not hold. What is not stated is not
/// checked.
pub fn check(invoice: &EInvoice) -> Vec<Finding> {
    let lines = invoice.lines.iter().enumerate();
    let mut findings: Vec<Finding> = lines
        .filter_map(|(index, line)| check_line(index, line))
        .collect();
    findings.extend(check_totals(invoice));
    findings.extend(check_taxes(invoice));
    findings
}

/// Quantity times price, less allowances, plus charges.
fn check_line(index: usize, line: &Line) -> Option<Finding> {
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
    mismatch(
        FindingCode::ProductMismatch,
        &field,
        what,
        sum,
        net,
        tolerance(),
    )
}

fn check_totals(invoice: &EInvoice) -> Vec<Finding> {
    let totals = &invoice.totals;
    let of_lines: Option<Vec<Decimal>> = invoice.lines.iter().map(|line| line.net).collect();
    let of_lines = of_lines.filter(|nets| !nets.is_empty());
    let lines = of_lines.and_then(sum);
    let net = add(totals.lines.or(lines), extras(&invoice.allowances));
    let beside = match invoice.allowances.is_empty() {
        true => "the lines",
        false => "the lines with allowances and charges",
    };
    let tax = sum(invoice.taxes.iter().filter_map(|tax| tax.amount));
    let tax = tax.filter(|_| invoice.taxes.iter().any(|tax| tax.amount.is_some()));
    let gross = add(totals.net, totals.tax);
    // The least profiles state what is due, and not what was paid of it.
    let is_whole = totals.prepaid.is_some() || !invoice.lines.is_empty();
    let gross_total = totals.gross.filter(|_| is_whole);
    let less = Decimal::ZERO - totals.prepaid.unwrap_or_default();
    let due = add(gross_total, Some(less));
    let due = add(due, Some(totals.rounding.unwrap_or_default()));
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
            "gross_total less what was prepaid comes",
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
                tolerance(),
            )
        });
    mismatches.collect()
}

/// Each VAT amount is its rate of its basis, but for the rounding of lines.
fn check_taxes(invoice: &EInvoice) -> Vec<Finding> {
    let cent = Decimal::new(1, 2);
    let tolerance = cent * Decimal::from(invoice.lines.len() + 1);
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

/// What is taken off or put on the invoice as a whole stands in no field of a
/// row, whose lines then do not come to its net total.
pub fn extras_told(invoice: &EInvoice) -> Option<Finding> {
    let (lines, net) = (invoice.totals.lines?, invoice.totals.net?);
    let of = |is_charge: bool| {
        let ones = invoice.allowances.iter();
        sum(ones
            .filter(|one| one.is_charge == is_charge)
            .map(|one| one.amount))
    };
    let told: Vec<String> = [("allowances", of(false)?), ("charges", of(true)?)]
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(what, amount)| format!("{what} of {}", money(amount)))
        .collect();
    let message = format!(
        "{} on the whole invoice: lines {}, net {}",
        told.join(" and "),
        money(lines),
        money(net)
    );
    let told = !told.is_empty();
    told.then(|| Finding::new(FindingCode::Allowances, None, message))
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
