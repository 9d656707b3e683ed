//! Converts an invoice to the flat fields of the invoice type, and back.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::values;
use crate::domain::{
    Account, Discount, EInvoice, Fields, Instalment, InvoiceLine, Payment, Syntax, Totals, money,
};

/// The invoice by the field names of `schemas/invoice.json` and of
/// `schemas/einvoice_fields.json`, and some more that a user's own type may have.
/// Amounts have at least two decimals, quantities as few as they need.
pub fn fields(invoice: &EInvoice) -> Fields {
    let text = |value: &Option<String>| Value::from(value.clone());
    let date = |value: Option<jiff::civil::Date>| Value::from(value.map(|date| date.to_string()));
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("invoice_number", text(&invoice.number));
    set("type_code", text(&invoice.type_code));
    set("issue_date", date(invoice.issue_date));
    set("due_date", date(invoice.due_date));
    set("currency", text(&invoice.currency));
    set("seller_name", text(&invoice.seller.name));
    set("seller_vat_id", text(&invoice.seller.vat_id));
    set("buyer_name", text(&invoice.buyer.name));
    set("buyer_vat_id", text(&invoice.buyer.vat_id));
    set("payment_terms", text(&invoice.payment_terms));
    set(
        "discounts",
        invoice.discounts.iter().map(discount).collect(),
    );
    let instalments = invoice.instalments.iter();
    set("instalments", instalments.map(instalment).collect());
    let account = account(&invoice.payment);
    set("iban", account.iban.into());
    set("bic", account.bic.into());
    set("payment_account", account.national.into());
    set("payment_provider", account.provider.into());
    set("payment_reference", text(&invoice.payment.reference));
    set("line_items", invoice.lines.iter().map(line).collect());
    set("net_total", amount(invoice.totals.net));
    set("tax_total", amount(invoice.totals.tax));
    set("gross_total", amount(invoice.totals.gross));
    set("prepaid_amount", amount(invoice.totals.prepaid));
    set("amount_due", amount(invoice.totals.due));
    fields
}

/// The fields of an account.
#[derive(Default)]
struct AccountFields<'a> {
    iban: Option<&'a str>,
    bic: Option<&'a str>,
    national: Option<&'a str>,
    provider: Option<&'a str>,
}

/// The provider of a national account may have an identifier that is not a BIC.
fn account(payment: &Payment) -> AccountFields<'_> {
    let provider = payment.provider.as_deref();
    match &payment.account {
        Some(Account::National(id)) => {
            let is_bic = provider.is_some_and(has_bic_form);
            AccountFields {
                national: Some(id),
                bic: provider.filter(|_| is_bic),
                provider: provider.filter(|_| !is_bic),
                ..AccountFields::default()
            }
        }
        Some(Account::Iban(id)) => AccountFields {
            iban: Some(id),
            bic: provider,
            ..AccountFields::default()
        },
        None => AccountFields {
            bic: provider,
            ..AccountFields::default()
        },
    }
}

/// Whether it has the form of a BIC (ISO 9362): bank and country in letters, 8 or 11
/// characters.
fn has_bic_form(text: &str) -> bool {
    matches!(text.len(), 8 | 11)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().take(6).all(|byte| byte.is_ascii_alphabetic())
}

fn discount(discount: &Discount) -> Value {
    json!({
        "percent": quantity(discount.percent),
        "amount": amount(discount.amount),
        "basis": amount(discount.basis),
        "until": discount.until.map(|date| date.to_string()),
    })
}

fn instalment(instalment: &Instalment) -> Value {
    json!({
        "due_date": instalment.due_date.map(|date| date.to_string()),
        "amount": amount(instalment.amount),
    })
}

fn line(line: &InvoiceLine) -> Value {
    let mut fields = Map::new();
    let name = line.name.clone().or_else(|| line.description.clone());
    fields.insert("description".into(), name.into());
    fields.insert("quantity".into(), quantity(line.quantity));
    fields.insert("unit_price".into(), amount(line.unit_price()));
    fields.insert("line_total".into(), amount(line.net));
    Value::Object(fields)
}

fn amount(value: Option<Decimal>) -> Value {
    value.map(money).into()
}

fn quantity(value: Option<Decimal>) -> Value {
    value.map(|value| value.normalize().to_string()).into()
}

/// The invoice of a record's fields. A value that should be an amount or date and is
/// not is absent.
pub fn from_fields(fields: &Fields) -> EInvoice {
    let text = |name: &str| text(fields.get(name));
    let number = |name: &str| decimal(fields.get(name));
    let date = |name: &str| text(name)?.parse().ok();
    let lines = fields.get("line_items").and_then(Value::as_array);
    let mut invoice = EInvoice {
        number: text("invoice_number"),
        type_code: text("type_code"),
        issue_date: date("issue_date"),
        due_date: date("due_date"),
        payment_terms: text("payment_terms"),
        currency: text("currency"),
        payment: Payment {
            account: text("iban")
                .map(|id| Account::Iban(without_white_space(id)))
                .or_else(|| text("payment_account").map(Account::National)),
            provider: text("bic")
                .or_else(|| text("payment_provider"))
                .map(without_white_space),
            reference: text("payment_reference"),
            ..Payment::default()
        },
        totals: Totals {
            net: number("net_total"),
            tax: number("tax_total"),
            gross: number("gross_total"),
            prepaid: number("prepaid_amount"),
            ..Totals::default()
        },
        lines: lines.into_iter().flatten().map(line_of).collect(),
        ..EInvoice::new(Syntax::UblInvoice)
    };
    invoice.seller.name = text("seller_name");
    invoice.seller.vat_id = text("seller_vat_id").map(without_white_space);
    invoice.buyer.name = text("buyer_name");
    invoice.buyer.vat_id = text("buyer_vat_id").map(without_white_space);
    invoice
}

fn line_of(fields: &Value) -> InvoiceLine {
    InvoiceLine {
        name: text(fields.get("description")),
        quantity: decimal(fields.get("quantity")),
        price: decimal(fields.get("unit_price")),
        net: decimal(fields.get("line_total")),
        ..InvoiceLine::default()
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn decimal(value: Option<&Value>) -> Option<Decimal> {
    values::decimal(&text(value)?)
}

fn without_white_space(text: String) -> String {
    text.split_whitespace().collect()
}
