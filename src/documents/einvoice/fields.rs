//! The flat fields of the invoice type, and back.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{complete, rates, values};
use crate::domain::{EInvoice, Fields, Line, Payment, Syntax, Tax, Totals, money};

/// The invoice by the field names of `schemas/invoice.json`, and some more that
/// a user's own type may have. Amounts have at least two decimals, as money is
/// written; quantities as few as they need.
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
    set("iban", text(&invoice.payment.iban));
    set("bic", text(&invoice.payment.bic));
    set("payment_reference", text(&invoice.payment.reference));
    set("line_items", invoice.lines.iter().map(line).collect());
    set("net_total", amount(invoice.totals.net));
    set("tax_total", amount(invoice.totals.tax));
    set("gross_total", amount(invoice.totals.gross));
    set("prepaid_amount", amount(invoice.totals.prepaid));
    set("amount_due", amount(invoice.totals.due));
    fields
}

fn line(line: &Line) -> Value {
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

/// The terms that a record's fields hold. What is no amount or no date is
/// absent.
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
        currency: text("currency"),
        payment: Payment {
            iban: text("iban").map(without_blanks),
            bic: text("bic").map(without_blanks),
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
    invoice.seller.vat_id = text("seller_vat_id").map(without_blanks);
    invoice.buyer.name = text("buyer_name");
    invoice.buyer.vat_id = text("buyer_vat_id").map(without_blanks);
    invoice
}

fn line_of(fields: &Value) -> Line {
    Line {
        name: text(fields.get("description")),
        quantity: decimal(fields.get("quantity")),
        price: decimal(fields.get("unit_price")),
        net: decimal(fields.get("line_total")),
        ..Line::default()
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn decimal(value: Option<&Value>) -> Option<Decimal> {
    values::decimal(&text(value)?)
}

fn without_blanks(text: String) -> String {
    text.split_whitespace().collect()
}

/// Rounding of lines may move a VAT amount by so many hundredths.
const CENTS: i64 = 2;

/// Gives every line the one usual rate of the seller's country that makes the
/// VAT total of the net total; the category is then the standard one. Does
/// nothing where lines have categories, and tells where no rate fits or more
/// than one.
pub fn tell_rate(invoice: &mut EInvoice) -> Result<(), String> {
    let stated = invoice.lines.iter().any(|line| line.category.is_some());
    let (Some(net), Some(tax)) = (invoice.totals.net, invoice.totals.tax) else {
        return Ok(());
    };
    if stated || !invoice.taxes.is_empty() {
        return Ok(());
    }
    if tax.is_zero() {
        return Err("the VAT category (BT-151): the VAT is 0, and why is not known".to_owned());
    }
    let rate = fitting_rate(invoice, net, tax)?;
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

/// The rate of `tax` on `net`. Rates of other countries are no candidates: half
/// of an invoice at 19 % and half at 7 % come to 13 %, which is a rate
/// elsewhere.
fn fitting_rate(invoice: &EInvoice, net: Decimal, tax: Decimal) -> Result<Decimal, String> {
    let vat_id = invoice.seller.vat_id.as_deref();
    let Some(country) = vat_id.and_then(complete::vat_country) else {
        return Err(
            "the VAT rate (BT-152): the seller's VAT identifier (BT-31) does not tell the country \
             whose rates it may be"
                .to_owned(),
        );
    };
    let year = invoice.issue_date.map(|date| date.year());
    let Some(usual) = rates::usual(&country, year) else {
        return Err(format!(
            "the VAT rate (BT-152): docmill does not know those of the seller's country, {country}"
        ));
    };
    let fits = |rate: &&Decimal| {
        let differs = complete::percent_of(net, **rate).saturating_sub(tax).abs();
        differs <= Decimal::new(CENTS, 2)
    };
    let fitting: Vec<Decimal> = usual.iter().filter(fits).copied().collect();
    let why = match fitting[..] {
        [rate] => return Ok(rate),
        [] => "is no single usual rate",
        _ => "may be more than one rate",
    };
    let known: Vec<String> = usual.iter().map(Decimal::to_string).collect();
    Err(format!(
        "the VAT rate (BT-152): {} on {} {why} of {country} ({} %)",
        money(tax),
        money(net),
        known.join(", ")
    ))
}
