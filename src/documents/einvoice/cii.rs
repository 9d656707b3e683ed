//! UN/CEFACT Cross Industry Invoice and its forerunner in ZUGFeRD 1.
//!
//! Element names differ by edition; each list of names has that of CII D16B
//! first, then ZUGFeRD 1's. Term numbers: EN 16931-3-3.

use jiff::civil::Date;

use super::payment::{self, PaymentTerm};
use super::shared;
use super::values::Values;
use super::xml::Element;
use crate::domain::{
    Account, Address, AllowanceCharge, Contact, Discount, EInvoice, FieldPath, FindingCode,
    InvoiceLine, Party, Payment, Syntax, Tax, Totals, count,
};

const CONTEXT: [&str; 2] = [
    "ExchangedDocumentContext",
    "SpecifiedExchangedDocumentContext",
];
const DOCUMENT: [&str; 2] = ["ExchangedDocument", "HeaderExchangedDocument"];
const TRANSACTION: [&str; 2] = [
    "SupplyChainTradeTransaction",
    "SpecifiedSupplyChainTradeTransaction",
];
const AGREEMENT: [&str; 2] = [
    "ApplicableHeaderTradeAgreement",
    "ApplicableSupplyChainTradeAgreement",
];
const DELIVERY: [&str; 2] = [
    "ApplicableHeaderTradeDelivery",
    "ApplicableSupplyChainTradeDelivery",
];
const SETTLEMENT: [&str; 2] = [
    "ApplicableHeaderTradeSettlement",
    "ApplicableSupplyChainTradeSettlement",
];
const SUMMATION: [&str; 2] = [
    "SpecifiedTradeSettlementHeaderMonetarySummation",
    "SpecifiedTradeSettlementMonetarySummation",
];
const LINE_AGREEMENT: [&str; 2] = [
    "SpecifiedLineTradeAgreement",
    "SpecifiedSupplyChainTradeAgreement",
];
const LINE_DELIVERY: [&str; 2] = [
    "SpecifiedLineTradeDelivery",
    "SpecifiedSupplyChainTradeDelivery",
];
const LINE_SETTLEMENT: [&str; 2] = [
    "SpecifiedLineTradeSettlement",
    "SpecifiedSupplyChainTradeSettlement",
];
const LINE_SUMMATION: [&str; 2] = [
    "SpecifiedTradeSettlementLineMonetarySummation",
    "SpecifiedTradeSettlementMonetarySummation",
];
const PERCENT: [&str; 2] = ["RateApplicablePercent", "ApplicablePercent"];

/// Stands for an element that is absent.
static NOTHING: std::sync::LazyLock<Element> = std::sync::LazyLock::new(Element::default);

fn part<'a>(of: &'a Element, names: &[&str]) -> &'a Element {
    of.any(names).unwrap_or(&NOTHING)
}

pub fn invoice(root: &Element, syntax: Syntax) -> EInvoice {
    let mut values = Values::default();
    let document = part(root, &DOCUMENT);
    let transaction = part(root, &TRANSACTION);
    let agreement = part(transaction, &AGREEMENT);
    let delivery = part(transaction, &DELIVERY);
    let settlement = part(transaction, &SETTLEMENT);
    let currency = settlement.line_at(&["InvoiceCurrencyCode"]);
    let issue_date = values.date("issue_date", document.any(&["IssueDateTime"]));
    let terms = settlement.all("SpecifiedTradePaymentTerms");
    let terms = terms
        .map(|element| term(element, issue_date, &mut values))
        .collect();
    let terms = payment::settle(terms, None, issue_date);
    values.findings.extend(terms.finding);
    let means = means(settlement);
    let (payment, other_payments) = payment::choose(means, &mut values);
    let reference = |name: &str| {
        let document = agreement.any(&[name])?;
        document.any(&["IssuerAssignedID", "ID"])?.line()
    };
    let shipped_to = ["ShipToTradeParty", "PostalTradeAddress", "CountryID"];
    let mut invoice = EInvoice {
        profile: part(root, &CONTEXT)
            .line_at(&["GuidelineSpecifiedDocumentContextParameter", "ID"]),
        number: document.line_at(&["ID"]),
        type_code: document.line_at(&["TypeCode"]),
        issue_date,
        due_date: terms.due_date,
        payment_terms: terms.text,
        discounts: terms.discounts,
        instalments: terms.instalments,
        notes: notes(document),
        tax_currency: settlement.line_at(&["TaxCurrencyCode"]),
        buyer_reference: agreement.line_at(&["BuyerReference"]),
        contract_reference: reference("ContractReferencedDocument"),
        order_reference: reference("BuyerOrderReferencedDocument"),
        preceding: settlement
            .all("InvoiceReferencedDocument")
            .filter_map(|document| preceding(document, &mut values))
            .collect(),
        seller: party(part(agreement, &["SellerTradeParty"])),
        buyer: party(part(agreement, &["BuyerTradeParty"])),
        payee_name: settlement.line_at(&["PayeeTradeParty", "Name"]),
        delivery_date: values.date(
            "delivery_date",
            delivery.at(&["ActualDeliverySupplyChainEvent", "OccurrenceDateTime"]),
        ),
        delivery_country: delivery.line_at(&shipped_to),
        period: settlement
            .any(&["BillingSpecifiedPeriod"])
            .map(|period| span(period, &mut values)),
        payment,
        other_payments,
        allowances: allowances(settlement, &mut values),
        totals: totals(
            part(settlement, &SUMMATION),
            currency.as_deref(),
            &mut values,
        ),
        taxes: settlement
            .all("ApplicableTradeTax")
            .map(|element| tax(element, &mut values))
            .collect(),
        lines: lines(transaction, &mut values),
        currency,
        ..EInvoice::new(syntax)
    };
    if syntax == Syntax::Zugferd1 {
        // Some of its examples write allowances with a minus sign.
        for allowance in invoice.allowances.iter_mut().filter(|one| !one.is_charge) {
            allowance.amount = allowance.amount.abs();
        }
    }
    invoice.findings = values.findings;
    invoice
}

fn notes(document: &Element) -> Vec<String> {
    document
        .all("IncludedNote")
        .filter_map(|note| note.any(&["Content"])?.paragraphs())
        .collect()
}

fn preceding(document: &Element, values: &mut Values) -> Option<(String, Option<Date>)> {
    let number = document.any(&["IssuerAssignedID", "ID"])?.line()?;
    let date = document.any(&["FormattedIssueDateTime", "IssueDateTime"]);
    Some((number, values.date("preceding_invoice_date", date)))
}

fn span(period: &Element, values: &mut Values) -> (Option<Date>, Option<Date>) {
    let start = values.date("period_start", period.any(&["StartDateTime"]));
    let end = values.date("period_end", period.any(&["EndDateTime"]));
    (start, end)
}

fn party(party: &Element) -> Party {
    let registration = |scheme: &str| {
        party
            .all("SpecifiedTaxRegistration")
            .filter_map(|registration| registration.any(&["ID"]))
            .filter(|id| id.attribute("schemeID") == Some(scheme))
            .find_map(Element::compact)
    };
    let ids = party.all("ID").chain(party.all("GlobalID"));
    let organization = part(party, &["SpecifiedLegalOrganization"]);
    let address = part(party, &["PostalTradeAddress"]);
    let contact = part(party, &["DefinedTradeContact"]);
    let lines = ["LineOne", "LineTwo", "LineThree"];
    Party {
        name: party.line_at(&["Name"]),
        trading_name: organization.line_at(&["TradingBusinessName"]),
        ids: ids.filter_map(Element::identifier).collect(),
        legal_id: organization.any(&["ID"]).and_then(Element::identifier),
        vat_id: registration("VA"),
        tax_id: registration("FC"),
        legal_form: party.any(&["Description"]).and_then(Element::paragraphs),
        endpoint: party
            .at(&["URIUniversalCommunication", "URIID"])
            .and_then(Element::identifier),
        address: Address {
            lines: lines
                .iter()
                .filter_map(|name| address.line_at(&[name]))
                .collect(),
            city: address.line_at(&["CityName"]),
            post_code: address.line_at(&["PostcodeCode"]),
            subdivision: address.line_at(&["CountrySubDivisionName"]),
            country: address.line_at(&["CountryID"]),
        },
        contact: Contact {
            name: contact
                .any(&["PersonName", "DepartmentName"])
                .and_then(Element::line),
            phone: contact.line_at(&["TelephoneUniversalCommunication", "CompleteNumber"]),
            email: contact
                .any(&["EmailURIUniversalCommunication"])
                .and_then(|email| email.any(&["URIID", "CompleteNumber"])?.line()),
        },
    }
}

/// Each means of payment with the terms of its element.
fn means(settlement: &Element) -> Vec<Payment> {
    let reference = settlement.line_at(&["PaymentReference"]);
    let mut terms = settlement.all("SpecifiedTradePaymentTerms");
    let mandate = terms.find_map(|terms| terms.line_at(&["DirectDebitMandateID"]));
    let mut means: Vec<Payment> = settlement
        .all("SpecifiedTradeSettlementPaymentMeans")
        .map(|element| {
            let account = part(element, &["PayeePartyCreditorFinancialAccount"]);
            let id = |name: &str| account.any(&[name]).and_then(Element::compact);
            let provider = ["PayeeSpecifiedCreditorFinancialInstitution", "BICID"];
            let debited = part(element, &["PayerPartyDebtorFinancialAccount"]);
            let debited = debited.any(&["IBANID", "ProprietaryID"]);
            Payment {
                means_code: element.any(&["TypeCode"]).and_then(Element::compact),
                account: id("IBANID")
                    .map(|id| Account::new(id, true))
                    .or_else(|| Some(Account::new(id("ProprietaryID")?, false))),
                account_name: account.line_at(&["AccountName"]),
                provider: element.at(&provider).and_then(Element::compact),
                debited_account: debited.and_then(Element::compact),
                ..Payment::default()
            }
        })
        .collect();
    if means.is_empty() && (reference.is_some() || mandate.is_some()) {
        means.push(Payment::default());
    }
    for one in &mut means {
        one.reference.clone_from(&reference);
        one.mandate.clone_from(&mandate);
    }
    means
}

fn term(element: &Element, issued: Option<Date>, values: &mut Values) -> PaymentTerm {
    let discounts = element.all("ApplicableTradePaymentDiscountTerms");
    let mut discount = |of: &Element| {
        let mut number = |name: &str| values.decimal("payment_discount", of.any(&[name]));
        let (percent, amount) = (number("CalculationPercent"), number("ActualDiscountAmount"));
        let basis = number("BasisAmount");
        let from = values.date("discount_from", of.any(&["BasisDateTime"]));
        Discount {
            percent,
            amount,
            basis,
            until: payment::after(from.or(issued), of.any(&["BasisPeriodMeasure"])),
        }
    };
    PaymentTerm {
        discounts: discounts
            .map(&mut discount)
            .filter(payment::is_discount)
            .collect(),
        text: element.any(&["Description"]).and_then(Element::paragraphs),
        due: values.date("due_date", element.any(&["DueDateDateTime"])),
        amount: values.decimal("instalment", element.any(&["PartialPaymentAmount"])),
    }
}

/// Allowances and charges of the document, or of a line's settlement.
/// ZUGFeRD's extended profiles have separate elements for logistics charges.
fn allowances(of: &Element, values: &mut Values) -> Vec<AllowanceCharge> {
    let plain = of.all("SpecifiedTradeAllowanceCharge");
    let mut all: Vec<AllowanceCharge> = plain.filter_map(|one| allowance(one, values)).collect();
    for charge in of.all("SpecifiedLogisticsServiceCharge") {
        let Some(amount) = values.decimal("charge", charge.any(&["AppliedAmount"])) else {
            continue;
        };
        let tax = part(charge, &["AppliedTradeTax"]);
        all.push(AllowanceCharge {
            is_charge: true,
            amount,
            reason: charge.line_at(&["Description"]),
            category: tax.line_at(&["CategoryCode"]),
            rate: values.decimal("charge", tax.any(&PERCENT)),
            ..AllowanceCharge::default()
        });
    }
    all
}

fn allowance(element: &Element, values: &mut Values) -> Option<AllowanceCharge> {
    let indicator = part(element, &["ChargeIndicator"]);
    let indicator = indicator
        .line_at(&["Indicator"])
        .or_else(|| indicator.line());
    let is_charge = indicator.as_deref() == Some("true") || indicator.as_deref() == Some("1");
    let field = if is_charge { "charge" } else { "allowance" };
    let tax = part(element, &["CategoryTradeTax"]);
    Some(AllowanceCharge {
        is_charge,
        amount: values.decimal(field, element.any(&["ActualAmount"]))?,
        base: values.decimal(field, element.any(&["BasisAmount"])),
        percent: values.decimal(field, element.any(&["CalculationPercent"])),
        reason: element.line_at(&["Reason"]),
        reason_code: element.line_at(&["ReasonCode"]),
        category: tax.line_at(&["CategoryCode"]),
        rate: values.decimal(field, tax.any(&PERCENT)),
    })
}

fn totals(sums: &Element, currency: Option<&str>, values: &mut Values) -> Totals {
    let taxes: Vec<&Element> = sums.all("TaxTotalAmount").collect();
    let (tax, other) =
        shared::tax_totals(&taxes, |of| of.attribute("currencyID"), currency, values);
    let mut amount = |field: &str, name: &str| values.decimal(field, sums.any(&[name]));
    Totals {
        lines: amount("line_total", "LineTotalAmount"),
        allowances: amount("allowance_total", "AllowanceTotalAmount"),
        charges: amount("charge_total", "ChargeTotalAmount"),
        net: amount("net_total", "TaxBasisTotalAmount"),
        gross: amount("gross_total", "GrandTotalAmount"),
        prepaid: amount("prepaid_amount", "TotalPrepaidAmount"),
        rounding: amount("rounding_amount", "RoundingAmount"),
        due: amount("amount_due", "DuePayableAmount"),
        tax: values.decimal("tax_total", tax),
        tax_in_tax_currency: values.decimal("tax_total", other),
    }
}

fn tax(element: &Element, values: &mut Values) -> Tax {
    Tax {
        basis: values.decimal("tax_basis", element.any(&["BasisAmount"])),
        amount: values.decimal("tax_amount", element.any(&["CalculatedAmount"])),
        category: element.line_at(&["CategoryCode"]),
        rate: values.decimal("tax_rate", element.any(&PERCENT)),
        exemption_reason: element.line_at(&["ExemptionReason"]),
        exemption_code: element.line_at(&["ExemptionReasonCode"]),
    }
}

/// The lines whose amounts count towards the sum: those with the status `DETAIL` and
/// those without one. ZUGFeRD's extended profiles also have headings with subtotals
/// (`GROUP`) and explanations of other lines (`INFORMATION`).
fn lines(transaction: &Element, values: &mut Values) -> Vec<InvoiceLine> {
    let status = ["AssociatedDocumentLineDocument", "LineStatusReasonCode"];
    let counts = |element: &&Element| {
        let status = element.line_at(&status);
        status.is_none_or(|status| status.eq_ignore_ascii_case("DETAIL"))
    };
    let all = transaction.all("IncludedSupplyChainTradeLineItem");
    let (counted, others): (Vec<&Element>, Vec<&Element>) = all.partition(counts);
    let read = |(index, element): (usize, &&Element)| line(index, element, values);
    let mut lines: Vec<InvoiceLine> = counted.iter().enumerate().map(read).collect();
    lines.retain(shared::is_line);
    if !others.is_empty() {
        let mut statuses: Vec<String> =
            others.iter().filter_map(|of| of.line_at(&status)).collect();
        statuses.sort();
        statuses.dedup();
        let message = format!(
            "{} of the status {} are not among the lines: their amounts are not to be added",
            count(others.len() as u64, "line"),
            statuses.join(", ")
        );
        values.report(FindingCode::LinesLeftOut, "line_items", message);
    }
    lines
}

fn line(index: usize, element: &Element, values: &mut Values) -> InvoiceLine {
    let field = |name: &str| FieldPath::in_line("line_items", index, name).to_string();
    let document = part(element, &["AssociatedDocumentLineDocument"]);
    let product = part(element, &["SpecifiedTradeProduct"]);
    let price = part(
        part(element, &LINE_AGREEMENT),
        &["NetPriceProductTradePrice"],
    );
    let quantity = part(element, &LINE_DELIVERY).any(&["BilledQuantity"]);
    let settlement = part(element, &LINE_SETTLEMENT);
    let tax = part(settlement, &["ApplicableTradeTax"]);
    let total = part(settlement, &LINE_SUMMATION).any(&["LineTotalAmount"]);
    InvoiceLine {
        id: document.line_at(&["LineID"]),
        note: document
            .at(&["IncludedNote", "Content"])
            .and_then(Element::paragraphs),
        quantity: values.decimal(&field("quantity"), quantity),
        unit: quantity.and_then(|of| of.attribute("unitCode").map(str::to_owned)),
        net: values.decimal(&field("line_total"), total),
        price: values.decimal(&field("unit_price"), price.any(&["ChargeAmount"])),
        price_base: values
            .decimal(&field("unit_price"), price.any(&["BasisQuantity"]))
            .filter(|base| !base.is_zero()),
        name: product.line_at(&["Name"]),
        description: product.any(&["Description"]).and_then(Element::paragraphs),
        seller_item_id: product.line_at(&["SellerAssignedID"]),
        category: tax.line_at(&["CategoryCode"]),
        rate: values.decimal(&field("tax_rate"), tax.any(&PERCENT)),
        allowances: allowances(settlement, values),
    }
}
