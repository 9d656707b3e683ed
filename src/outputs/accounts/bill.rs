//! A record as a bill for books: typed, with exact sums.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use super::certainty::{is_stated, may_be_misread};
use super::double_payment::{letters_and_digits, number_key, supplier_words};
use super::hold::{BY_HAND, CORRECT, Hold, HoldCode, SINGLE_LINE};
use super::settings::{SupplierSettings, VatRate};
use crate::domain::{EInvoice, Fields, FindingCode, Paper, PaymentKey, Record, money};
use crate::store::{BillId, StoredRecord};

/// An invoice, a credit note or a receipt. Amounts of a credit note are
/// negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    pub record: i64,
    pub id: BillId,
    pub kind: BillKind,
    /// Name as on the document.
    pub supplier: String,
    pub vat_id: Option<String>,
    /// Of every invoice and credit note.
    pub number: Option<String>,
    /// Whether the number may have been misread.
    pub is_number_unsure: bool,
    pub date: Date,
    /// Whether the date may have been misread.
    pub is_date_unsure: bool,
    pub due_date: Option<Date>,
    /// ISO 4217.
    pub currency: String,
    pub lines: Vec<BillLine>,
    pub net: Option<Decimal>,
    pub tax: Option<Decimal>,
    pub gross: Decimal,
    /// Amount due for payment (BT-115) of an e-invoice, if it is not the gross total.
    pub amount_due: Option<Decimal>,
    /// Rates in percent of an e-invoice's VAT breakdown (BT-119), each once.
    pub vat_rates: BTreeSet<VatRate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillKind {
    Invoice,
    CreditNote,
    /// Paid at the till.
    Receipt,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BillLine {
    pub description: Option<String>,
    pub quantity: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    /// Net amount of an invoice's line; a receipt's amount as printed.
    pub amount: Option<Decimal>,
}

/// A line of a file: quantity times price is the amount.
#[derive(Clone, Debug, PartialEq)]
pub struct FileLine {
    pub description: String,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub amount: Decimal,
}

/// Names of the fields of a type that become a bill.
struct Names {
    supplier: &'static str,
    date: &'static str,
    lines: &'static str,
    line_amount: &'static str,
    tax: &'static str,
    gross: &'static str,
}

const INVOICE: Names = Names {
    supplier: "seller_name",
    date: "issue_date",
    lines: "line_items",
    line_amount: "line_total",
    tax: "tax_total",
    gross: "gross_total",
};
const RECEIPT: Names = Names {
    supplier: "merchant_name",
    date: "date",
    lines: "items",
    line_amount: "amount",
    tax: "tax",
    gross: "total",
};

impl Bill {
    /// `None`: the record is not a bill. `Err`: the bill is held. `stored` must not have
    /// ambiguous values.
    pub fn of(stored: &StoredRecord) -> Option<Result<Bill, Hold>> {
        match stored.record.doc_type.as_deref()? {
            "invoice" => Some(bill(stored, &INVOICE, false)),
            "receipt" => Some(bill(stored, &RECEIPT, true)),
            _ => None,
        }
    }

    /// Adds what its e-invoice states and the record's fields do not have.
    pub fn add_stated(&mut self, invoice: &EInvoice) {
        let is_negated = invoice.totals.gross == Some(Decimal::ZERO - self.gross);
        let due = invoice.totals.due.map(|due| match is_negated {
            true => Decimal::ZERO - due,
            false => due,
        });
        self.amount_due = due.filter(|due| *due != self.gross);
        let rates = invoice.taxes.iter().filter_map(|tax| tax.rate);
        self.vat_rates = rates.map(|rate| VatRate(rate.normalize())).collect();
    }

    /// The document's reference in books: its number, or for a receipt the start of its hash
    /// and its page.
    pub fn reference(&self) -> String {
        match &self.number {
            Some(number) => number.clone(),
            None => format!("R-{}", self.id.label(8)),
        }
    }

    pub fn payment_key(&self) -> PaymentKey {
        // A word that was read for the number would be that of the seller's other bills too.
        let is_number = |text: &&str| !self.is_number_unsure || has_digit(text);
        PaymentKey {
            paper: match self.kind {
                BillKind::Receipt => Paper::Receipt,
                BillKind::Invoice | BillKind::CreditNote => Paper::Invoice,
            },
            supplier: supplier_words(&self.supplier),
            vat_id: self.vat_id.as_deref().map(letters_and_digits),
            number: self.number.as_deref().filter(is_number).map(number_key),
            is_number_unsure: self.is_number_unsure,
            currency: self.currency.clone(),
            gross: self.gross.normalize(),
            date: self.date,
            is_date_unsure: self.is_date_unsure,
            due_date: self.due_date,
        }
    }

    /// Name of the supplier in the books.
    pub fn payee(&self, supplier: &SupplierSettings) -> String {
        supplier
            .name
            .clone()
            .unwrap_or_else(|| self.supplier.clone())
    }

    pub fn account<'a>(&self, supplier: &'a SupplierSettings) -> Result<&'a str, Hold> {
        supplier.account.as_deref().ok_or_else(|| {
            let what = format!("accounts.toml has no account for {}", self.supplier);
            Hold::new(HoldCode::Setting, what, "add it to the supplier's entry")
        })
    }

    pub fn due_date(&self, supplier: &SupplierSettings) -> Result<Date, Hold> {
        if let Some(date) = self.due_date {
            return Ok(date);
        }
        let due = supplier
            .terms_days
            .map(|days| self.date.checked_add(i64::from(days).days()));
        match due {
            Some(Ok(date)) => Ok(date),
            _ => Err(Hold::new(
                HoldCode::Missing,
                "the due date is missing",
                format!(
                    "`docmill correct ID due_date=…`, or set terms_days for {} in accounts.toml",
                    self.supplier
                ),
            )),
        }
    }

    /// Net total and tax, which add up to the gross total; the tax of a receipt that states
    /// none is 0. `Err` where they do not add up.
    pub fn net_and_tax(&self) -> Result<(Decimal, Decimal), Hold> {
        match (self.net, self.tax) {
            (Some(net), Some(tax)) if net + tax == self.gross => Ok((net, tax)),
            (Some(net), Some(tax)) => Err(Hold::new(
                HoldCode::Totals,
                format!(
                    "net {} and tax {} do not add up to {}",
                    money(net),
                    money(tax),
                    money(self.gross)
                ),
                CORRECT,
            )),
            (None, Some(tax)) => Ok((self.gross - tax, tax)),
            (Some(net), None) => Ok((net, self.gross - net)),
            (None, None) if self.kind == BillKind::Receipt => Ok((self.gross, Decimal::ZERO)),
            (None, None) => Err(Hold::new(
                HoldCode::Missing,
                "net total and tax total are both missing",
                CORRECT,
            )),
        }
    }

    /// The tax code of the only rate with which net gives tax, within a cent. `Err` where none
    /// or several fit.
    pub fn tax_code<'a>(&self, supplier: &'a SupplierSettings) -> Result<&'a str, Hold> {
        self.code_of_rate(&supplier.tax_codes, "tax_codes for the supplier")
    }

    /// As [`Bill::tax_code`], from codes that `setting` in accounts.toml has by rate.
    pub fn code_of_rate<'a>(
        &self,
        codes: &'a BTreeMap<VatRate, String>,
        setting: &str,
    ) -> Result<&'a str, Hold> {
        let (net, tax) = self.net_and_tax()?;
        if codes.is_empty() {
            let what = format!(
                "tax {} on {}: accounts.toml has no {setting}",
                money(tax),
                money(net)
            );
            return Err(Hold::new(HoldCode::TaxCode, what, "add them, by rate"));
        }
        if self.kind == BillKind::Receipt && self.tax.is_none() && self.net.is_none() {
            let remedy = format!("`docmill correct ID tax=…`, or {BY_HAND}");
            return Err(Hold::new(
                HoldCode::TaxCode,
                "the receipt states no tax",
                remedy,
            ));
        }
        let cent = Decimal::new(1, 2);
        let fits = |rate: &VatRate| {
            let expected = (net * rate.0 / Decimal::ONE_HUNDRED)
                .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
            (expected - tax).abs() <= cent
        };
        let fitting: Vec<_> = codes.iter().filter(|(rate, _)| fits(rate)).collect();
        match fitting[..] {
            [(_, code)] => Ok(code),
            [] => Err(self.fits_none(net, tax, codes, setting)),
            _ => {
                let what = format!(
                    "tax {} on {} fits several of {} in {setting}",
                    money(tax),
                    money(net),
                    percent(codes.keys())
                );
                Err(Hold::new(HoldCode::TaxCode, what, BY_HAND))
            }
        }
    }

    /// Several rates are an ordinary bill, whose amounts must not be changed to fit one.
    fn fits_none(
        &self,
        net: Decimal,
        tax: Decimal,
        codes: &BTreeMap<VatRate, String>,
        setting: &str,
    ) -> Hold {
        let (tax, net, known) = (money(tax), money(net), percent(codes.keys()));
        let stated = percent(&self.vat_rates);
        let is_unknown = self.vat_rates.iter().any(|rate| !codes.contains_key(rate));
        let (what, remedy) = match self.vat_rates.len() {
            1 if is_unknown => (
                format!("tax {tax} on {net} is of {stated}, and {setting} has {known}"),
                format!("add the rate to accounts.toml, or {BY_HAND}"),
            ),
            0 | 1 => (
                format!("tax {tax} on {net} fits none of {known} in {setting}"),
                format!(
                    "if the bill has several rates, {BY_HAND}; if a rate is missing, add it to accounts.toml"
                ),
            ),
            _ => (
                format!("tax {tax} on {net} is of several rates, {stated}"),
                BY_HAND.to_owned(),
            ),
        };
        Hold::new(HoldCode::TaxCode, what, remedy)
    }

    /// The lines without tax, which add up to the net total. `Err` where they do not.
    pub fn file_lines(&self, supplier: &SupplierSettings) -> Result<Vec<FileLine>, Hold> {
        let (net, _) = self.net_and_tax()?;
        if supplier.single_line || self.lines.is_empty() {
            return Ok(vec![self.single_line(supplier, net)]);
        }
        let lines: Option<Vec<FileLine>> = self.lines.iter().map(BillLine::in_file).collect();
        let Some(lines) = lines else {
            let what = "a line has no description or no amount";
            return Err(Hold::new(HoldCode::Lines, what, SINGLE_LINE));
        };
        let sum: Decimal = lines.iter().map(|line| line.amount).sum();
        if sum != net {
            return Err(Hold::new(
                HoldCode::Lines,
                format!(
                    "the lines add up to {}, the net total is {}",
                    money(sum),
                    money(net)
                ),
                SINGLE_LINE,
            ));
        }
        Ok(lines)
    }

    /// One line with `amount`.
    pub fn single_line(&self, supplier: &SupplierSettings, amount: Decimal) -> FileLine {
        let kind = match self.kind {
            BillKind::Invoice => "Invoice",
            BillKind::CreditNote => "Credit note",
            BillKind::Receipt => "Receipt",
        };
        let description = supplier.description.clone();
        FileLine {
            description: description.unwrap_or_else(|| format!("{kind} {}", self.reference())),
            quantity: Decimal::ONE,
            unit_price: amount,
            amount,
        }
    }
}

impl BillLine {
    /// Quantity and price where their product is the amount, otherwise one unit, since some
    /// importers multiply and ignore the amount.
    fn in_file(&self) -> Option<FileLine> {
        let amount = self.amount?;
        let stated = self.quantity.zip(self.unit_price);
        let exact = stated.filter(|(quantity, price)| quantity.checked_mul(*price) == Some(amount));
        let (quantity, unit_price) = exact.unwrap_or((Decimal::ONE, amount));
        Some(FileLine {
            description: self.description.clone()?,
            quantity,
            unit_price,
            amount,
        })
    }
}

fn bill(stored: &StoredRecord, names: &Names, is_receipt: bool) -> Result<Bill, Hold> {
    let record = &stored.record;
    let fields = &record.fields;
    let missing = |what: &str, field: &str| {
        let remedy = format!("`docmill correct ID {field}=…`");
        Hold::new(HoldCode::Missing, format!("{what} is missing"), remedy)
    };
    let required = |name: &str| {
        let value = text(fields, name)?;
        value.ok_or_else(|| missing(&name.replace('_', " "), name))
    };
    let date = |name: &str| Ok(text(fields, name)?.and_then(|text| text.parse::<Date>().ok()));
    let gross = amount(fields, names.gross).ok_or_else(|| missing("the total", names.gross))?;
    let mut bill = Bill {
        record: stored.id,
        id: BillId {
            blake3: stored.blake3.clone(),
            pages: match record.pages.is_empty() {
                true => vec![0],
                false => record.pages.clone(),
            },
        },
        kind: match is_receipt {
            true => BillKind::Receipt,
            false => invoice_kind(record, gross),
        },
        supplier: required(names.supplier)?,
        vat_id: text(fields, "seller_vat_id")?,
        number: match is_receipt {
            true => None,
            false => Some(required("invoice_number")?),
        },
        is_number_unsure: !is_receipt && is_number_unsure(record),
        is_date_unsure: may_be_misread(record, names.date),
        date: date(names.date)?.ok_or_else(|| missing("the date", names.date))?,
        due_date: date("due_date")?,
        currency: required("currency")?,
        lines: lines(fields, names)?,
        net: amount(fields, "net_total"),
        tax: amount(fields, names.tax),
        gross,
        amount_due: None,
        vat_rates: BTreeSet::new(),
    };
    check_amounts(&bill)?;
    if bill.kind == BillKind::CreditNote && bill.gross > Decimal::ZERO {
        negate(&mut bill);
    }
    Ok(bill)
}

/// Whether the invoice number may have been misread: few numbers have no digit.
fn is_number_unsure(record: &Record) -> bool {
    let text = record.fields.get("invoice_number").and_then(Value::as_str);
    may_be_misread(record, "invoice_number")
        || text.is_some_and(|text| !has_digit(text)) && !is_stated(record, "invoice_number")
}

fn has_digit(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
}

/// The rates as `7, 19 %`.
fn percent<'a>(rates: impl IntoIterator<Item = &'a VatRate>) -> String {
    let rates = rates.into_iter().map(|rate| rate.0.to_string());
    format!("{} %", rates.collect::<Vec<_>>().join(", "))
}

/// The kind of an invoice: an e-invoice states it; on paper a credit note has negative
/// amounts.
fn invoice_kind(record: &Record, gross: Decimal) -> BillKind {
    let mut findings = record.findings.iter();
    let is_credit = findings.any(|finding| finding.code == FindingCode::CreditNote);
    match is_credit || gross < Decimal::ZERO {
        true => BillKind::CreditNote,
        false => BillKind::Invoice,
    }
}

fn check_amounts(bill: &Bill) -> Result<(), Hold> {
    if bill.gross.is_zero() {
        return Err(Hold::new(
            HoldCode::Value,
            "the total is 0",
            "`docmill decide not-a-bill ID` if there is nothing to book, else correct the record",
        ));
    }
    let currency = iso_currency::Currency::from_code(&bill.currency);
    let places = currency
        .and_then(|currency| currency.exponent())
        .unwrap_or(2);
    let sums = [Some(bill.gross), bill.net, bill.tax];
    let of_lines = bill.lines.iter().map(|line| line.amount);
    for sum in sums.into_iter().chain(of_lines).flatten() {
        if sum.normalize().scale() > u32::from(places) {
            let what = format!("{sum} has more decimals than {} has", bill.currency);
            return Err(Hold::new(HoldCode::Value, what, CORRECT));
        }
    }
    Ok(())
}

fn negate(bill: &mut Bill) {
    let minus = |amount: &mut Decimal| *amount = Decimal::ZERO - *amount;
    minus(&mut bill.gross);
    bill.net.iter_mut().chain(&mut bill.tax).for_each(minus);
    for line in &mut bill.lines {
        line.quantity
            .iter_mut()
            .chain(&mut line.amount)
            .for_each(minus);
    }
}

fn lines(fields: &Fields, names: &Names) -> Result<Vec<BillLine>, Hold> {
    let lines = fields.get(names.lines).and_then(Value::as_array);
    let lines = lines.into_iter().flatten().filter_map(Value::as_object);
    let line = |line: &Fields| {
        Ok(BillLine {
            description: text(line, "description")?,
            quantity: amount(line, "quantity"),
            unit_price: amount(line, "unit_price"),
            amount: amount(line, names.line_amount),
        })
    };
    lines.map(line).collect()
}

/// The text of a field with each run of white space (line breaks too) as one space. `Err` for
/// other control characters, which no file format allows.
fn text(fields: &Fields, name: &str) -> Result<Option<String>, Hold> {
    let text = fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.contains(char::is_control) {
        let what = format!("{} has a control character", name.replace('_', " "));
        return Err(Hold::new(HoldCode::Value, what, CORRECT));
    }
    Ok((!text.is_empty()).then_some(text))
}

fn amount(fields: &Fields, name: &str) -> Option<Decimal> {
    let text = fields.get(name)?.as_str()?;
    Decimal::from_str_exact(text).ok()
}
