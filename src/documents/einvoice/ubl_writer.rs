//! Writes UBL 2.1, in the order of its schema.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use rust_decimal::Decimal;

use crate::domain::{
    Address, AllowanceCharge, Contact, EInvoice, Identifier, InvoiceLine, Party, Payment, Tax,
    money,
};

const SCHEMA: &str = "urn:oasis:names:specification:ubl:schema:xsd:";
/// The specification of the file (BT-24): EN 16931 without extensions.
const EN16931: &str = "urn:cen.eu:en16931:2017";
/// Credit transfer, and an instrument that is not defined (UNTDID 4461).
const TRANSFER: &str = "30";
const UNNAMED: &str = "1";
/// Means of payment that need an account: (SEPA) credit transfers.
const TRANSFERS: [&str; 2] = ["30", "58"];

/// Writes elements into memory.
struct XmlOut {
    xml: Writer<Vec<u8>>,
    currency: String,
}

/// Attributes of an element.
type Attributes<'a> = &'a [(&'a str, &'a str)];

impl XmlOut {
    fn event(&mut self, event: Event<'_>) {
        self.xml
            .write_event(event)
            .expect("memory takes all that is written");
    }

    /// An element of the aggregates' namespace with content.
    fn within(&mut self, name: &str, content: impl FnOnce(&mut XmlOut)) {
        let name = format!("cac:{name}");
        self.event(Event::Start(BytesStart::new(name.as_str())));
        content(self);
        self.event(Event::End(BytesEnd::new(name.as_str())));
    }

    fn with(&mut self, name: &str, text: &str, attributes: Attributes<'_>) {
        let name = format!("cbc:{name}");
        let start = BytesStart::new(name.as_str()).with_attributes(attributes.iter().copied());
        self.event(Event::Start(start));
        self.event(Event::Text(BytesText::new(&allowed(text))));
        self.event(Event::End(BytesEnd::new(name.as_str())));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.with(name, text, &[]);
    }

    fn maybe(&mut self, name: &str, text: &Option<String>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn date(&mut self, name: &str, date: Option<jiff::civil::Date>) {
        if let Some(date) = date {
            self.text(name, &date.to_string());
        }
    }

    fn amount(&mut self, name: &str, amount: Option<Decimal>) {
        if let Some(amount) = amount {
            let currency = self.currency.clone();
            self.with(name, &money(amount), &[("currencyID", currency.as_str())]);
        }
    }

    fn number(&mut self, name: &str, number: Option<Decimal>) {
        if let Some(number) = number {
            self.text(name, &number.normalize().to_string());
        }
    }

    /// An identifier, with its scheme where that is one of ISO 6523, as EN 16931
    /// requires.
    fn identifier(&mut self, name: &str, id: &Identifier) {
        match id.scheme.as_deref().filter(|scheme| is_icd(scheme)) {
            Some(scheme) => self.with(name, &id.value, &[("schemeID", scheme)]),
            None => self.text(name, &id.value),
        }
    }
}

fn is_icd(scheme: &str) -> bool {
    scheme.len() == 4
        && scheme
            .parse::<u16>()
            .is_ok_and(|number| (2..=250).contains(&number))
}

/// Schemes of electronic addresses that are not identifiers of ISO 6523: mail,
/// ODETTE, X.400, AS2.
const OTHER_ADDRESSES: [&str; 4] = ["EM", "AN", "AQ", "AS"];

/// EAS, the code list of electronic addresses: ISO 6523, VAT numbers and others
/// by country (99xx), and some more.
fn is_address_scheme(scheme: &str) -> bool {
    is_icd(scheme)
        || (scheme.len() == 4 && scheme.starts_with("99"))
        || OTHER_ADDRESSES.contains(&scheme)
}

/// The text without characters that XML 1.0 does not allow.
fn allowed(text: &str) -> String {
    let fits = |c: &char| {
        matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars().filter(fits).collect()
}

/// An invoice without violations as a UBL file.
pub fn write(invoice: &EInvoice) -> String {
    let credit = invoice.is_credit_note();
    let kind = if credit { "CreditNote" } else { "Invoice" };
    let mut out = XmlOut {
        xml: Writer::new_with_indent(Vec::new(), b' ', 2),
        currency: invoice.currency.clone().unwrap_or_default(),
    };
    out.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    let (own, cac, cbc) = (
        format!("{SCHEMA}{kind}-2"),
        format!("{SCHEMA}CommonAggregateComponents-2"),
        format!("{SCHEMA}CommonBasicComponents-2"),
    );
    let namespaces = [
        ("xmlns", own.as_str()),
        ("xmlns:cac", &cac),
        ("xmlns:cbc", &cbc),
    ];
    out.event(Event::Start(
        BytesStart::new(kind).with_attributes(namespaces),
    ));
    head(&mut out, invoice, credit);
    party(&mut out, "AccountingSupplierParty", &invoice.seller, true);
    party(&mut out, "AccountingCustomerParty", &invoice.buyer, false);
    if let Some(name) = &invoice.payee_name {
        out.within("PayeeParty", |out| {
            out.within("PartyName", |out| out.text("Name", name));
        });
    }
    delivery(&mut out, invoice);
    payment(&mut out, invoice, credit);
    for allowance in &invoice.allowances {
        allowance_charge(&mut out, allowance);
    }
    taxes(&mut out, invoice);
    sums(&mut out, invoice);
    for one in &invoice.lines {
        line(&mut out, one, credit);
    }
    out.event(Event::End(BytesEnd::new(kind)));
    let mut text = String::from_utf8(out.xml.into_inner()).expect("only strings were written");
    text.push('\n');
    text
}

fn head(out: &mut XmlOut, invoice: &EInvoice, credit: bool) {
    out.text("CustomizationID", EN16931);
    out.maybe("ID", &invoice.number);
    out.date("IssueDate", invoice.issue_date);
    let code = if credit {
        "CreditNoteTypeCode"
    } else {
        "InvoiceTypeCode"
    };
    if !credit {
        out.date("DueDate", invoice.due_date);
    }
    out.maybe(code, &invoice.type_code);
    for note in &invoice.notes {
        out.text("Note", note);
    }
    out.maybe("DocumentCurrencyCode", &invoice.currency);
    if invoice.totals.tax_in_tax_currency.is_some() {
        out.maybe("TaxCurrencyCode", &invoice.tax_currency);
    }
    out.maybe("BuyerReference", &invoice.buyer_reference);
    if let Some((start, end)) = invoice
        .period
        .filter(|(start, end)| start.or(*end).is_some())
    {
        out.within("InvoicePeriod", |out| {
            out.date("StartDate", start);
            out.date("EndDate", end);
        });
    }
    if let Some(order) = &invoice.order_reference {
        out.within("OrderReference", |out| out.text("ID", order));
    }
    for (number, date) in &invoice.preceding {
        out.within("BillingReference", |out| {
            out.within("InvoiceDocumentReference", |out| {
                out.text("ID", number);
                out.date("IssueDate", *date);
            });
        });
    }
    if let Some(contract) = &invoice.contract_reference {
        out.within("ContractDocumentReference", |out| out.text("ID", contract));
    }
}

fn party(out: &mut XmlOut, role: &str, party: &Party, seller: bool) {
    out.within(role, |out| {
        out.within("Party", |out| {
            // An electronic address has a scheme (BR-62, BR-63).
            if let Some(endpoint) = &party.endpoint
                && let Some(scheme) = endpoint.scheme.as_deref()
                && is_address_scheme(scheme)
            {
                out.with("EndpointID", &endpoint.value, &[("schemeID", scheme)]);
            }
            // A buyer has at most one (BT-46).
            let ids = party.ids.iter().take(if seller { usize::MAX } else { 1 });
            for id in ids {
                out.within("PartyIdentification", |out| out.identifier("ID", id));
            }
            if let Some(name) = &party.trading_name {
                out.within("PartyName", |out| out.text("Name", name));
            }
            address(out, &party.address);
            if let Some(id) = &party.vat_id {
                tax_scheme(out, id, "VAT");
            }
            if let Some(id) = party.tax_id.as_ref().filter(|_| seller) {
                tax_scheme(out, id, "TAX");
            }
            out.within("PartyLegalEntity", |out| {
                out.maybe("RegistrationName", &party.name);
                if let Some(id) = &party.legal_id {
                    out.identifier("CompanyID", id);
                }
                if seller {
                    out.maybe("CompanyLegalForm", &party.legal_form);
                }
            });
            contact(out, &party.contact);
        });
    });
}

fn tax_scheme(out: &mut XmlOut, id: &str, scheme: &str) {
    out.within("PartyTaxScheme", |out| {
        out.text("CompanyID", id);
        out.within("TaxScheme", |out| out.text("ID", scheme));
    });
}

fn address(out: &mut XmlOut, address: &Address) {
    out.within("PostalAddress", |out| {
        out.maybe("StreetName", &address.lines.first().cloned());
        out.maybe("AdditionalStreetName", &address.lines.get(1).cloned());
        out.maybe("CityName", &address.city);
        out.maybe("PostalZone", &address.post_code);
        out.maybe("CountrySubentity", &address.subdivision);
        if let Some(line) = address.lines.get(2) {
            out.within("AddressLine", |out| out.text("Line", line));
        }
        out.within("Country", |out| {
            out.maybe("IdentificationCode", &address.country)
        });
    });
}

fn contact(out: &mut XmlOut, contact: &Contact) {
    if *contact == Contact::default() {
        return;
    }
    out.within("Contact", |out| {
        out.maybe("Name", &contact.name);
        out.maybe("Telephone", &contact.phone);
        out.maybe("ElectronicMail", &contact.email);
    });
}

fn delivery(out: &mut XmlOut, invoice: &EInvoice) {
    if invoice.delivery_date.is_none() && invoice.delivery_country.is_none() {
        return;
    }
    out.within("Delivery", |out| {
        out.date("ActualDeliveryDate", invoice.delivery_date);
        if let Some(country) = &invoice.delivery_country {
            out.within("DeliveryLocation", |out| {
                out.within("Address", |out| {
                    out.within("Country", |out| out.text("IdentificationCode", country));
                });
            });
        }
    });
}

fn payment(out: &mut XmlOut, invoice: &EInvoice, credit: bool) {
    let code = means_code(&invoice.payment);
    let due = invoice.due_date.filter(|_| credit);
    let payment = &invoice.payment;
    let is_stated = payment.means_code.is_some() || payment.account.is_some();
    if is_stated || payment.reference.is_some() || due.is_some() {
        payment_means(out, payment, code, due);
    }
    // EN 16931 has one code for all means of payment (BT-81).
    let others = invoice.other_payments.iter();
    for other in others.filter(|other| other.account.is_some() && means_code(other) == code) {
        payment_means(out, other, code, due);
    }
    if let Some(terms) = &invoice.payment_terms {
        out.within("PaymentTerms", |out| out.text("Note", terms));
    }
}

/// The means of payment (BT-81, UNTDID 4461); a credit transfer needs an account
/// (BR-61).
fn means_code(payment: &Payment) -> &str {
    match (payment.means_code.as_deref(), &payment.account) {
        (Some(code), None) if TRANSFERS.contains(&code) => UNNAMED,
        (Some(code), _) => code,
        (None, Some(_)) => TRANSFER,
        (None, None) => UNNAMED,
    }
}

fn payment_means(out: &mut XmlOut, payment: &Payment, code: &str, due: Option<jiff::civil::Date>) {
    out.within("PaymentMeans", |out| {
        out.text("PaymentMeansCode", code);
        out.date("PaymentDueDate", due);
        out.maybe("PaymentID", &payment.reference);
        if let Some(account) = &payment.account {
            out.within("PayeeFinancialAccount", |out| {
                out.text("ID", account.id());
                out.maybe("Name", &payment.account_name);
                if let Some(provider) = &payment.provider {
                    out.within("FinancialInstitutionBranch", |out| out.text("ID", provider));
                }
            });
        }
        if payment.mandate.is_some() || payment.debited_account.is_some() {
            out.within("PaymentMandate", |out| {
                out.maybe("ID", &payment.mandate);
                if let Some(account) = &payment.debited_account {
                    out.within("PayerFinancialAccount", |out| out.text("ID", account));
                }
            });
        }
    });
}

/// EN 16931's codes of allowance reasons (UNCL 5189).
const ALLOWANCE_REASONS: [&str; 19] = [
    "41", "42", "60", "62", "63", "64", "65", "66", "67", "68", "70", "71", "88", "95", "100",
    "102", "103", "104", "105",
];

/// Whether the code may be that of a reason: for charges codes of letters (UNCL 7161).
/// Other codes are left out, since the reason in words is always written.
fn is_reason(code: &str, is_charge: bool) -> bool {
    match is_charge {
        true => (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase()),
        false => ALLOWANCE_REASONS.contains(&code),
    }
}

fn allowance_charge(out: &mut XmlOut, one: &AllowanceCharge) {
    out.within("AllowanceCharge", |out| {
        out.text(
            "ChargeIndicator",
            if one.is_charge { "true" } else { "false" },
        );
        let code = one
            .reason_code
            .clone()
            .filter(|code| is_reason(code, one.is_charge));
        out.maybe("AllowanceChargeReasonCode", &code);
        out.maybe("AllowanceChargeReason", &one.reason);
        out.number("MultiplierFactorNumeric", one.percent);
        out.amount("Amount", Some(one.amount));
        out.amount("BaseAmount", one.base);
        if let Some(category) = &one.category {
            tax_category(out, "TaxCategory", category, one.rate, None);
        }
    });
}

fn tax_category(
    out: &mut XmlOut,
    name: &str,
    category: &str,
    rate: Option<Decimal>,
    exempt: Option<&Tax>,
) {
    out.within(name, |out| {
        out.text("ID", category);
        out.number("Percent", rate);
        if let Some(tax) = exempt {
            out.maybe("TaxExemptionReasonCode", &tax.exemption_code);
            out.maybe("TaxExemptionReason", &tax.exemption_reason);
        }
        out.within("TaxScheme", |out| out.text("ID", "VAT"));
    });
}

fn taxes(out: &mut XmlOut, invoice: &EInvoice) {
    out.within("TaxTotal", |out| {
        out.amount("TaxAmount", invoice.totals.tax);
        for tax in &invoice.taxes {
            out.within("TaxSubtotal", |out| {
                out.amount("TaxableAmount", tax.basis);
                out.amount("TaxAmount", tax.amount);
                let category = tax.category.as_deref().unwrap_or_default();
                // Supplies with a VAT rate have no exemption reason (BR-S-10,
                // BR-Z-10).
                let exempt = (!["S", "Z", "L", "M"].contains(&category)).then_some(tax);
                tax_category(out, "TaxCategory", category, tax.rate, exempt);
            });
        }
    });
    if let (Some(amount), Some(currency)) =
        (invoice.totals.tax_in_tax_currency, &invoice.tax_currency)
    {
        out.within("TaxTotal", |out| {
            out.with("TaxAmount", &money(amount), &[("currencyID", currency)]);
        });
    }
}

fn sums(out: &mut XmlOut, invoice: &EInvoice) {
    let totals = &invoice.totals;
    let unless_zero = |sum: Option<Decimal>| sum.filter(|sum| !sum.is_zero());
    let of = |charge: bool, sum: Option<Decimal>| {
        let any = invoice.allowances.iter().any(|one| one.is_charge == charge);
        sum.filter(|_| any)
    };
    out.within("LegalMonetaryTotal", |out| {
        out.amount("LineExtensionAmount", totals.lines);
        out.amount("TaxExclusiveAmount", totals.net);
        out.amount("TaxInclusiveAmount", totals.gross);
        out.amount("AllowanceTotalAmount", of(false, totals.allowances));
        out.amount("ChargeTotalAmount", of(true, totals.charges));
        out.amount("PrepaidAmount", unless_zero(totals.prepaid));
        out.amount("PayableRoundingAmount", unless_zero(totals.rounding));
        out.amount("PayableAmount", totals.due);
    });
}

fn line(out: &mut XmlOut, line: &InvoiceLine, credit: bool) {
    let (name, quantity) = match credit {
        true => ("CreditNoteLine", "CreditedQuantity"),
        false => ("InvoiceLine", "InvoicedQuantity"),
    };
    let unit = line.unit.as_deref().unwrap_or_default();
    let plain = |number: Decimal| number.normalize().to_string();
    out.within(name, |out| {
        out.maybe("ID", &line.id);
        out.maybe("Note", &line.note);
        if let Some(number) = line.quantity {
            out.with(quantity, &plain(number), &[("unitCode", unit)]);
        }
        out.amount("LineExtensionAmount", line.net);
        for allowance in &line.allowances {
            let without_tax = AllowanceCharge {
                category: None,
                ..allowance.clone()
            };
            allowance_charge(out, &without_tax);
        }
        out.within("Item", |out| {
            out.maybe("Description", &line.description);
            out.maybe("Name", &line.name);
            if let Some(id) = &line.seller_item_id {
                out.within("SellersItemIdentification", |out| out.text("ID", id));
            }
            let category = line.category.as_deref().unwrap_or_default();
            tax_category(out, "ClassifiedTaxCategory", category, line.rate, None);
        });
        out.within("Price", |out| {
            out.amount("PriceAmount", line.price);
            if let Some(base) = line.price_base {
                out.with("BaseQuantity", &plain(base), &[("unitCode", unit)]);
            }
        });
    });
}
