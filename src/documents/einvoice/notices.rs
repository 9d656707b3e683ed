//! Findings about an invoice beside its values: the kind of document, what is due
//! when, and to whom.

use rust_decimal::Decimal;

use super::kinds::special_kind;
use crate::domain::{
    AllowanceCharge, Discount, EInvoice, Finding, FindingCode, Instalment, Severity, Syntax, money,
};

/// Findings in the order of their importance.
pub fn notices(invoice: &EInvoice) -> Vec<Finding> {
    let all = [
        credit_note(invoice),
        kind(invoice),
        amount_due(invoice),
        instalments(invoice),
        discounts(invoice),
        payee(invoice),
        vat_in_other_currency(invoice),
        allowances(invoice),
    ];
    all.into_iter().flatten().collect()
}

/// The row of a credit note looks like that of an invoice.
fn credit_note(invoice: &EInvoice) -> Option<Finding> {
    let code = invoice.type_code.as_deref().unwrap_or("CreditNote");
    let is_negative = invoice
        .totals
        .gross
        .is_some_and(|gross| gross < Decimal::ZERO);
    let meaning = match is_negative && invoice.syntax == Syntax::UblCreditNote {
        false => "its amounts are to be credited, not paid",
        true => "its amounts are negative, so that it may claim rather than credit: ask the seller",
    };
    let issuer = match is_self_billed(invoice) {
        true => "; the buyer issued it: check which side of it is yours",
        false => "",
    };
    let message = format!(
        "this is a credit note{} (type {code}): {meaning}{issuer}",
        preceding(invoice, " to invoice")
    );
    let is_credit_note = invoice.is_credit_note();
    is_credit_note.then(|| Finding::new(FindingCode::CreditNote, None, message))
}

/// Whether it is self-billed, by its type code (self-billed invoice, credit note, debit
/// note) or by Peppol's profile for self-billing.
fn is_self_billed(invoice: &EInvoice) -> bool {
    let has_code = matches!(invoice.type_code.as_deref(), Some("389" | "261" | "527"));
    let profile = invoice.profile.as_deref().unwrap_or_default();
    has_code || profile.to_ascii_lowercase().contains("selfbilling")
}

fn preceding(invoice: &EInvoice, before: &str) -> String {
    match invoice.preceding.first() {
        Some((number, _)) => format!("{before} {number}"),
        None => String::new(),
    }
}

fn kind(invoice: &EInvoice) -> Option<Finding> {
    if invoice.is_credit_note() {
        return None;
    }
    let code = invoice.type_code.as_deref()?;
    let self_billed = || special_kind("389").filter(|_| is_self_billed(invoice));
    let kind = special_kind(code).or_else(self_billed)?;
    let code: String = code.chars().take(10).collect();
    let message = format!(
        "this is {} (type {code}){}: {}",
        kind.name,
        preceding(invoice, ", which refers to"),
        kind.advice
    );
    Some(Finding::new(
        FindingCode::InvoiceKind,
        Some("type_code"),
        message,
    ))
}

/// `gross_total` is the amount of the invoice, not the amount due.
fn amount_due(invoice: &EInvoice) -> Option<Finding> {
    let (gross, due) = (invoice.totals.gross?, invoice.totals.due?);
    let message = format!(
        "{} is due, not the gross total of {}",
        money(due),
        money(gross)
    );
    (due != gross).then(|| Finding::new(FindingCode::AmountDue, None, message))
}

fn instalments(invoice: &EInvoice) -> Option<Finding> {
    let part = |one: &Instalment| match (one.amount, one.due_date) {
        (Some(amount), Some(date)) => format!("{} on {date}", money(amount)),
        (Some(amount), None) => money(amount),
        (None, Some(date)) => format!("a part on {date}"),
        (None, None) => String::new(),
    };
    let parts: Vec<String> = invoice.instalments.iter().map(part).collect();
    let message = format!(
        "the amount due is payable in instalments: {}; due_date is that of the first",
        parts.join(", ")
    );
    let has_any = !parts.is_empty();
    has_any.then(|| Finding::new(FindingCode::Instalments, Some("due_date"), message))
}

fn discounts(invoice: &EInvoice) -> Option<Finding> {
    let one = |discount: &Discount| {
        let what = match (discount.percent, discount.amount) {
            (Some(percent), _) => format!("{} %", percent.normalize()),
            (None, amount) => money(amount.unwrap_or_default()),
        };
        match discount.until {
            Some(until) => format!("{what} until {until}"),
            None => what,
        }
    };
    let all: Vec<String> = invoice.discounts.iter().map(one).collect();
    let message = format!(
        "a discount may be deducted for early payment: {}",
        all.join(", ")
    );
    let has_any = !all.is_empty();
    has_any.then(|| Finding::new(FindingCode::PaymentDiscount, Some("due_date"), message))
}

fn payee(invoice: &EInvoice) -> Option<Finding> {
    let payee = invoice.payee_name.as_deref()?;
    let seller = invoice.seller.name.as_deref().unwrap_or_default();
    let message = format!("the payee is {payee}, not the seller {seller}");
    (payee != seller).then(|| Finding::new(FindingCode::OtherPayee, None, message))
}

fn vat_in_other_currency(invoice: &EInvoice) -> Option<Finding> {
    let (amount, currency) = (
        invoice.totals.tax_in_tax_currency?,
        invoice.tax_currency.as_deref()?,
    );
    // A missing total in the invoice currency has a more severe finding.
    invoice.totals.tax?;
    let message = format!(
        "the VAT total is also stated in {currency}: {}",
        money(amount)
    );
    let finding = Finding::new(FindingCode::VatCurrency, Some("tax_total"), message);
    Some(finding.with_severity(Severity::Info))
}

/// Document allowances and charges are in no field of a record, so that its
/// lines do not add up to the net total.
fn allowances(invoice: &EInvoice) -> Option<Finding> {
    let (lines, net) = (invoice.totals.lines?, invoice.totals.net?);
    let sum = |is_charge: bool| {
        let of = invoice.allowances.iter();
        let amounts = of.filter(|one: &&AllowanceCharge| one.is_charge == is_charge);
        amounts
            .map(|one| one.amount)
            .try_fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount))
    };
    let parts: Vec<String> = [("allowances", sum(false)?), ("charges", sum(true)?)]
        .into_iter()
        .filter(|(_, sum)| !sum.is_zero())
        .map(|(name, sum)| format!("{name} of {}", money(sum)))
        .collect();
    let message = format!(
        "{} on the whole invoice: the lines are {}, the net total is {}",
        parts.join(" and "),
        money(lines),
        money(net)
    );
    let has_any = !parts.is_empty();
    has_any.then(|| Finding::new(FindingCode::Allowances, None, message))
}
