//! OASIS UBL 2.1 Invoice and CreditNote. Term numbers: EN 16931-3-2.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::payment::{self, PaymentTerm};
use super::shared;
use super::values::Values;
use super::xml::Element;
use crate::domain::{
    Account, Address, AllowanceCharge, Contact, Discount, EInvoice, FieldPath, InvoiceLine, Party,
    Payment, Syntax, Tax, Totals,
};

/// Stands for an element that is absent.
static NOTHING: std::sync::LazyLock<Element> = std::sync::LazyLock::new(Element::default);

fn part<'a>(of: &'a Element, path: &[&str]) -> &'a Element {
    of.at(path).unwrap_or(&NOTHING)
}

pub fn invoice(root: &Element, syntax: Syntax) -> EInvoice {
    let mut values = Values::default();
    let currency = root.line_at(&["DocumentCurrencyCode"]);
    let delivery = part(root, &["Delivery"]);
    let mut taxes: Vec<&Element> = root.all("TaxTotal").collect();
    taxes.sort_by_key(|total| total.any(&["TaxSubtotal"]).is_none());
    let (tax_total, other_tax_total) =
        shared::tax_totals(&taxes, tax_currency, currency.as_deref(), &mut values);
    let means: Vec<&Element> = root.all("PaymentMeans").collect();
    let issue_date = values.date("issue_date", root.any(&["IssueDate"]));
    // A credit note has its due date with the means of payment.
    let means_due = means
        .iter()
        .find_map(|means| means.any(&["PaymentDueDate"]));
    let due = values.date("due_date", root.any(&["DueDate"]).or(means_due));
    let terms = root.all("PaymentTerms");
    let terms = terms
        .map(|element| term(element, issue_date, &mut values))
        .collect();
    let terms = payment::settle(terms, due, issue_date);
    values.findings.extend(terms.finding);
    let means = means.into_iter().map(payment_means).collect();
    let (payment, other_payments) = payment::choose(means, &mut values);
    let line_name = match syntax {
        Syntax::UblCreditNote => "CreditNoteLine",
        _ => "InvoiceLine",
    };
    let mut invoice = EInvoice {
        profile: root.line_at(&["CustomizationID"]),
        number: root.line_at(&["ID"]),
        type_code: root
            .any(&["InvoiceTypeCode", "CreditNoteTypeCode"])
            .and_then(Element::line),
        issue_date,
        due_date: terms.due_date,
        payment_terms: terms.text,
        discounts: terms.discounts,
        instalments: terms.instalments,
        notes: root.all("Note").filter_map(Element::paragraphs).collect(),
        tax_currency: root.line_at(&["TaxCurrencyCode"]),
        buyer_reference: root.line_at(&["BuyerReference"]),
        contract_reference: root.line_at(&["ContractDocumentReference", "ID"]),
        order_reference: root.line_at(&["OrderReference", "ID"]),
        preceding: root
            .all("BillingReference")
            .filter_map(|reference| preceding(reference, &mut values))
            .collect(),
        seller: party(part(root, &["AccountingSupplierParty", "Party"])),
        buyer: party(part(root, &["AccountingCustomerParty", "Party"])),
        payee_name: root.line_at(&["PayeeParty", "PartyName", "Name"]),
        delivery_date: values.date("delivery_date", delivery.any(&["ActualDeliveryDate"])),
        delivery_country: delivery.line_at(&[
            "DeliveryLocation",
            "Address",
            "Country",
            "IdentificationCode",
        ]),
        period: root
            .any(&["InvoicePeriod"])
            .map(|period| span(period, &mut values)),
        payment,
        other_payments,
        allowances: allowances(root, &mut values),
        taxes: tax_total
            .map(|total| {
                total
                    .all("TaxSubtotal")
                    .map(|element| tax(element, &mut values))
                    .collect()
            })
            .unwrap_or_default(),
        lines: root
            .all(line_name)
            .enumerate()
            .map(|(index, element)| line(index, element, &mut values))
            .collect(),
        totals: totals(root, tax_total, other_tax_total, &mut values),
        third_party: third_party(root, &mut values),
        currency,
        ..EInvoice::new(syntax)
    };
    invoice.lines.retain(shared::is_line);
    invoice.findings = values.findings;
    invoice
}

fn tax_currency(total: &Element) -> Option<&str> {
    total.any(&["TaxAmount"])?.attribute("currencyID")
}

/// Amounts collected for third parties. Only the XRechnung extension adds them to the
/// amount due; otherwise the element states prepayments.
fn third_party(root: &Element, values: &mut Values) -> Option<Decimal> {
    let profile = root.line_at(&["CustomizationID"])?.to_lowercase();
    if !(profile.contains("xrechnung") && profile.contains("extension")) {
        return None;
    }
    let paid = root.all("PrepaidPayment");
    let amounts: Vec<Decimal> = paid
        .filter_map(|one| values.decimal("amount_due", one.any(&["PaidAmount"])))
        .collect();
    let sum = amounts
        .iter()
        .try_fold(Decimal::ZERO, |sum, one| sum.checked_add(*one));
    sum.filter(|_| !amounts.is_empty())
}

fn preceding(reference: &Element, values: &mut Values) -> Option<(String, Option<Date>)> {
    let document = reference.any(&["InvoiceDocumentReference", "CreditNoteDocumentReference"])?;
    let date = values.date("preceding_invoice_date", document.any(&["IssueDate"]));
    Some((document.line_at(&["ID"])?, date))
}

fn span(period: &Element, values: &mut Values) -> (Option<Date>, Option<Date>) {
    let start = values.date("period_start", period.any(&["StartDate"]));
    let end = values.date("period_end", period.any(&["EndDate"]));
    (start, end)
}

fn party(party: &Element) -> Party {
    // A tax scheme other than VAT holds the seller's tax registration.
    let tax = |vat: bool| {
        party
            .all("PartyTaxScheme")
            .filter(|scheme| {
                let id = scheme.line_at(&["TaxScheme", "ID"]);
                id.is_none_or(|id| id.eq_ignore_ascii_case("VAT")) == vat
            })
            .find_map(|scheme| scheme.any(&["CompanyID"])?.compact())
    };
    let legal = part(party, &["PartyLegalEntity"]);
    let address = part(party, &["PostalAddress"]);
    let contact = part(party, &["Contact"]);
    let trading_name = party.line_at(&["PartyName", "Name"]);
    let registered = legal.line_at(&["RegistrationName"]);
    let lines: [&[&str]; 3] = [
        &["StreetName"],
        &["AdditionalStreetName"],
        &["AddressLine", "Line"],
    ];
    Party {
        name: registered.clone().or_else(|| trading_name.clone()),
        trading_name: trading_name.filter(|_| registered.is_some()),
        ids: party
            .all("PartyIdentification")
            .filter_map(|id| id.any(&["ID"]).and_then(Element::identifier))
            // The seller's creditor identifier for direct debits (BT-90).
            .filter(|id| id.scheme.as_deref() != Some("SEPA"))
            .collect(),
        legal_id: legal.any(&["CompanyID"]).and_then(Element::identifier),
        vat_id: tax(true),
        tax_id: tax(false),
        legal_form: legal
            .any(&["CompanyLegalForm"])
            .and_then(Element::paragraphs),
        endpoint: party.any(&["EndpointID"]).and_then(Element::identifier),
        address: Address {
            lines: lines
                .iter()
                .filter_map(|path| address.line_at(path))
                .collect(),
            city: address.line_at(&["CityName"]),
            post_code: address.line_at(&["PostalZone"]),
            subdivision: address.line_at(&["CountrySubentity"]),
            country: address.line_at(&["Country", "IdentificationCode"]),
        },
        contact: Contact {
            name: contact.line_at(&["Name"]),
            phone: contact.line_at(&["Telephone"]),
            email: contact.line_at(&["ElectronicMail"]),
        },
    }
}

/// One means of payment with all of its terms.
fn payment_means(means: &Element) -> Payment {
    let compact = |path: &[&str]| means.at(path).and_then(Element::compact);
    let account = part(means, &["PayeeFinancialAccount"]);
    let id = account.any(&["ID"]);
    let is_iban = id.and_then(|id| id.attribute("schemeID"));
    let is_iban = is_iban.is_some_and(|scheme| scheme.eq_ignore_ascii_case("IBAN"));
    let provider = account.at(&["FinancialInstitutionBranch", "ID"]);
    let provider = provider
        .or_else(|| account.at(&["FinancialInstitutionBranch", "FinancialInstitution", "ID"]));
    Payment {
        means_code: compact(&["PaymentMeansCode"]),
        reference: means.line_at(&["PaymentID"]),
        account: id
            .and_then(Element::compact)
            .map(|id| Account::new(id, is_iban)),
        account_name: account.line_at(&["Name"]),
        provider: provider.and_then(Element::compact),
        mandate: means.line_at(&["PaymentMandate", "ID"]),
        debited_account: compact(&["PaymentMandate", "PayerFinancialAccount", "ID"]),
    }
}

fn term(element: &Element, issued: Option<Date>, values: &mut Values) -> PaymentTerm {
    let mut number = |field: &str, name: &str| values.decimal(field, element.any(&[name]));
    let percent = number("payment_discount", "SettlementDiscountPercent");
    let discounted = number("payment_discount", "SettlementDiscountAmount");
    let amount = number("instalment", "Amount");
    let period = part(element, &["SettlementPeriod"]);
    let from = values.date("discount_from", period.any(&["StartDate"]));
    let until = values.date("discount_until", period.any(&["EndDate"]));
    let after = payment::after(from.or(issued), period.any(&["DurationMeasure"]));
    let discount = Discount {
        percent,
        amount: discounted,
        basis: None,
        until: until.or(after),
    };
    let due = element.any(&["PaymentDueDate", "InstallmentDueDate"]);
    PaymentTerm {
        text: element.any(&["Note"]).and_then(Element::paragraphs),
        due: values.date("due_date", due),
        amount,
        discounts: Some(discount)
            .into_iter()
            .filter(payment::is_discount)
            .collect(),
    }
}

fn allowances(of: &Element, values: &mut Values) -> Vec<AllowanceCharge> {
    of.all("AllowanceCharge")
        .filter_map(|element| allowance(element, values))
        .collect()
}

fn allowance(element: &Element, values: &mut Values) -> Option<AllowanceCharge> {
    let indicator = element.line_at(&["ChargeIndicator"]);
    let is_charge = matches!(indicator.as_deref(), Some("true" | "1"));
    let field = if is_charge { "charge" } else { "allowance" };
    let tax = part(element, &["TaxCategory"]);
    Some(AllowanceCharge {
        is_charge,
        amount: values.decimal(field, element.any(&["Amount"]))?,
        base: values.decimal(field, element.any(&["BaseAmount"])),
        percent: values.decimal(field, element.any(&["MultiplierFactorNumeric"])),
        reason: element.line_at(&["AllowanceChargeReason"]),
        reason_code: element.line_at(&["AllowanceChargeReasonCode"]),
        category: tax.line_at(&["ID"]),
        rate: values.decimal(field, tax.any(&["Percent"])),
    })
}

fn totals(
    root: &Element,
    tax_total: Option<&Element>,
    other_tax_total: Option<&Element>,
    values: &mut Values,
) -> Totals {
    let sums = part(root, &["LegalMonetaryTotal"]);
    let [tax, tax_in_tax_currency] = [tax_total, other_tax_total].map(|total| {
        let amount = total.and_then(|total| total.any(&["TaxAmount"]));
        values.decimal("tax_total", amount)
    });
    let mut amount = |field: &str, name: &str| values.decimal(field, sums.any(&[name]));
    Totals {
        lines: amount("line_total", "LineExtensionAmount"),
        allowances: amount("allowance_total", "AllowanceTotalAmount"),
        charges: amount("charge_total", "ChargeTotalAmount"),
        net: amount("net_total", "TaxExclusiveAmount"),
        gross: amount("gross_total", "TaxInclusiveAmount"),
        prepaid: amount("prepaid_amount", "PrepaidAmount"),
        rounding: amount("rounding_amount", "PayableRoundingAmount"),
        due: amount("amount_due", "PayableAmount"),
        tax,
        tax_in_tax_currency,
    }
}

fn tax(element: &Element, values: &mut Values) -> Tax {
    let category = part(element, &["TaxCategory"]);
    Tax {
        basis: values.decimal("tax_basis", element.any(&["TaxableAmount"])),
        amount: values.decimal("tax_amount", element.any(&["TaxAmount"])),
        category: category.line_at(&["ID"]),
        rate: values.decimal("tax_rate", category.any(&["Percent"])),
        exemption_reason: category.line_at(&["TaxExemptionReason"]),
        exemption_code: category.line_at(&["TaxExemptionReasonCode"]),
    }
}

fn line(index: usize, element: &Element, values: &mut Values) -> InvoiceLine {
    let field = |name: &str| FieldPath::in_line("line_items", index, name).to_string();
    let quantity = element.any(&["InvoicedQuantity", "CreditedQuantity"]);
    let item = part(element, &["Item"]);
    let price = part(element, &["Price"]);
    let tax = part(item, &["ClassifiedTaxCategory"]);
    InvoiceLine {
        id: element.line_at(&["ID"]),
        note: element.any(&["Note"]).and_then(Element::paragraphs),
        quantity: values.decimal(&field("quantity"), quantity),
        unit: quantity.and_then(|of| of.attribute("unitCode").map(str::to_owned)),
        net: values.decimal(&field("line_total"), element.any(&["LineExtensionAmount"])),
        price: values.decimal(&field("unit_price"), price.any(&["PriceAmount"])),
        price_base: values
            .decimal(&field("unit_price"), price.any(&["BaseQuantity"]))
            .filter(|base| !base.is_zero()),
        name: item.line_at(&["Name"]),
        description: item.any(&["Description"]).and_then(Element::paragraphs),
        seller_item_id: item.line_at(&["SellersItemIdentification", "ID"]),
        category: tax.line_at(&["ID"]),
        rate: values.decimal(&field("tax_rate"), tax.any(&["Percent"])),
        allowances: allowances(element, values),
    }
}
