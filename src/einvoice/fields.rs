//! The flat fields of the invoice type.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::domain::{EInvoice, Fields, Line};

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
    let written = value.map(|value| {
        let mut value = value.normalize();
        value.rescale(value.scale().max(2));
        value.to_string()
    });
    written.into()
}

fn quantity(value: Option<Decimal>) -> Value {
    value.map(|value| value.normalize().to_string()).into()
}
