use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Finding;

/// An XML file that came with a document: attached to a PDF, or the document
/// itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlFile {
    /// The document inside a portfolio that it belongs to, from 0; 0 where the
    /// file is one document.
    pub part: u32,
    /// The attachment's name; `None`: the document, or the part, is this XML.
    pub name: Option<String>,
    /// As in the file, in whatever encoding its XML declaration names.
    pub bytes: Vec<u8>,
}

/// How a document comes with an e-invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlPlace {
    /// It is attached to the PDF, whose pages show it.
    Attached,
    /// The document is the XML, and has no page to look at.
    Whole,
}

impl XmlFile {
    pub fn place(&self) -> XmlPlace {
        match self.name {
            Some(_) => XmlPlace::Attached,
            None => XmlPlace::Whole,
        }
    }
}

/// The XML syntax of an e-invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Syntax {
    /// UN/CEFACT Cross Industry Invoice: Factur-X, ZUGFeRD 2, XRechnung.
    Cii,
    /// ZUGFeRD 1 (`CrossIndustryDocument`) and its drafts.
    Zugferd1,
    /// OASIS UBL 2.1 `Invoice`: Peppol, XRechnung.
    UblInvoice,
    /// OASIS UBL 2.1 `CreditNote`.
    UblCreditNote,
}

impl Syntax {
    pub fn as_str(self) -> &'static str {
        match self {
            Syntax::Cii => "CII",
            Syntax::Zugferd1 => "ZUGFeRD 1",
            Syntax::UblInvoice => "UBL Invoice",
            Syntax::UblCreditNote => "UBL CreditNote",
        }
    }
}

/// What an e-invoice states, by the business terms of EN 16931
/// (`BT-…`, `BG-…`). A term that it does not state is absent. Amounts are in the
/// invoice currency where a field does not name another.
#[derive(Clone, Debug, PartialEq)]
pub struct EInvoice {
    pub syntax: Syntax,
    /// Specification identifier (BT-24).
    pub profile: Option<String>,
    /// Invoice number (BT-1).
    pub number: Option<String>,
    /// Issue date (BT-2).
    pub issue_date: Option<Date>,
    /// Invoice type code (BT-3), UNTDID 1001.
    pub type_code: Option<String>,
    /// Invoice currency (BT-5), ISO 4217.
    pub currency: Option<String>,
    /// VAT accounting currency (BT-6), ISO 4217.
    pub tax_currency: Option<String>,
    /// Payment due date (BT-9): the last day to pay without deduction; with
    /// instalments, the due date of the first.
    pub due_date: Option<Date>,
    /// Buyer reference (BT-10).
    pub buyer_reference: Option<String>,
    /// Contract reference (BT-12).
    pub contract_reference: Option<String>,
    /// Purchase order reference (BT-13).
    pub order_reference: Option<String>,
    /// Payment terms in words (BT-20), all of them.
    pub payment_terms: Option<String>,
    /// What may be deducted for paying early.
    pub discounts: Vec<Discount>,
    /// The parts in which the invoice is payable; empty: in one.
    pub instalments: Vec<Instalment>,
    /// Notes (BT-22).
    pub notes: Vec<String>,
    /// Preceding invoices (BG-3): number and issue date.
    pub preceding: Vec<(String, Option<Date>)>,
    /// BG-4.
    pub seller: Party,
    /// BG-7.
    pub buyer: Party,
    /// Name of the payee (BT-59) where it is not the seller.
    pub payee_name: Option<String>,
    /// Actual delivery date (BT-72).
    pub delivery_date: Option<Date>,
    /// Country to which it was delivered (BT-80), ISO 3166-1 alpha-2.
    pub delivery_country: Option<String>,
    /// Invoicing period (BG-14): first and last day (BT-73, BT-74).
    pub period: Option<(Option<Date>, Option<Date>)>,
    /// The means of payment that are used.
    pub payment: Payment,
    /// Further means of payment.
    pub other_payments: Vec<Payment>,
    /// Allowances and charges of the document (BG-20, BG-21).
    pub allowances: Vec<AllowanceCharge>,
    pub totals: Totals,
    /// VAT breakdown (BG-23).
    pub taxes: Vec<Tax>,
    /// Invoice lines (BG-25) in their order.
    pub lines: Vec<InvoiceLine>,
    /// Sum of the amounts that are collected for third parties with the amount
    /// due (BT-DEX-002 of the XRechnung extension).
    pub third_party: Option<Decimal>,
    /// About values that are not valid and about what was left out.
    pub findings: Vec<Finding>,
}

/// A seller or buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// BT-27, BT-44.
    pub name: Option<String>,
    /// BT-28, BT-45.
    pub trading_name: Option<String>,
    /// BT-29, BT-46 with their scheme.
    pub ids: Vec<Identifier>,
    /// Legal registration (BT-30, BT-47).
    pub legal_id: Option<Identifier>,
    /// VAT identifier (BT-31, BT-48), without blanks.
    pub vat_id: Option<String>,
    /// Tax registration (BT-32).
    pub tax_id: Option<String>,
    /// Additional legal information (BT-33).
    pub legal_form: Option<String>,
    /// Electronic address (BT-34, BT-49).
    pub endpoint: Option<Identifier>,
    pub address: Address,
    pub contact: Contact,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifier {
    pub scheme: Option<String>,
    pub value: String,
}

/// BG-5, BG-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// At most three lines (BT-35, BT-36, BT-162).
    pub lines: Vec<String>,
    pub city: Option<String>,
    pub post_code: Option<String>,
    pub subdivision: Option<String>,
    /// ISO 3166-1 alpha-2 (BT-40, BT-55).
    pub country: Option<String>,
}

/// BG-6, BG-9.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
}

/// BG-16: one means of payment with all of its terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// Means of payment (BT-81), UNTDID 4461.
    pub means_code: Option<String>,
    /// Remittance information (BT-83).
    pub reference: Option<String>,
    /// Account to pay to (BT-84).
    pub account: Option<Account>,
    /// BT-85.
    pub account_name: Option<String>,
    /// Payment service provider (BT-86), without white space: a BIC, or the
    /// name of a national system such as `SE:BANKGIRO`.
    pub provider: Option<String>,
    /// Direct debit: mandate reference (BT-89) and debited account (BT-91).
    pub mandate: Option<String>,
    pub debited_account: Option<String>,
}

/// A payment account identifier (BT-84), without white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// Named an IBAN, or in the form of one; its check digits may be wrong.
    Iban(String),
    /// Of a national scheme.
    National(String),
}

impl Account {
    /// `is_iban`: the syntax says that it is one.
    pub fn new(id: String, is_iban: bool) -> Account {
        let bytes = id.as_bytes();
        let has_form = bytes.len() >= 15
            && bytes[..2].iter().all(u8::is_ascii_alphabetic)
            && bytes[2..4].iter().all(u8::is_ascii_digit);
        match is_iban || has_form {
            true => Account::Iban(id),
            false => Account::National(id),
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Account::Iban(id) | Account::National(id) => id,
        }
    }
}

/// A deduction for paying early (Skonto).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discount {
    /// Percent, 0 to 100.
    pub percent: Option<Decimal>,
    /// The amount of the deduction, where it is stated.
    pub amount: Option<Decimal>,
    /// The amount to which `percent` applies, where it is not the amount due.
    pub basis: Option<Decimal>,
    /// The last day on which it may be deducted.
    pub until: Option<Date>,
}

/// A part of the amount due with a due date of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instalment {
    pub due_date: Option<Date>,
    pub amount: Option<Decimal>,
}

/// An allowance, or a charge, of the document or of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllowanceCharge {
    pub is_charge: bool,
    /// Without VAT, and not negative in a valid invoice (BT-92, BT-99, BT-136,
    /// BT-141).
    pub amount: Decimal,
    /// The amount to which `percent` applies (BT-93, BT-100, BT-137, BT-142).
    pub base: Option<Decimal>,
    /// Percent, 0 to 100 (BT-94, BT-101, BT-138, BT-143).
    pub percent: Option<Decimal>,
    pub reason: Option<String>,
    pub reason_code: Option<String>,
    /// VAT category (BT-95, BT-102); absent in lines.
    pub category: Option<String>,
    /// VAT rate in percent (BT-96, BT-103); absent in lines.
    pub rate: Option<Decimal>,
}

/// Document totals (BG-22).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sum of the lines (BT-106).
    pub lines: Option<Decimal>,
    /// Sum of the document's allowances (BT-107).
    pub allowances: Option<Decimal>,
    /// Sum of the document's charges (BT-108).
    pub charges: Option<Decimal>,
    /// Total without VAT (BT-109).
    pub net: Option<Decimal>,
    /// Total VAT (BT-110), in the invoice currency.
    pub tax: Option<Decimal>,
    /// Total VAT in the VAT accounting currency (BT-111).
    pub tax_in_tax_currency: Option<Decimal>,
    /// Total with VAT (BT-112).
    pub gross: Option<Decimal>,
    /// Paid amount (BT-113).
    pub prepaid: Option<Decimal>,
    /// Rounding amount (BT-114), positive or negative.
    pub rounding: Option<Decimal>,
    /// Amount due (BT-115).
    pub due: Option<Decimal>,
}

/// One line of the VAT breakdown (BG-23).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tax {
    /// Taxable amount (BT-116).
    pub basis: Option<Decimal>,
    /// Tax amount (BT-117).
    pub amount: Option<Decimal>,
    /// VAT category code (BT-118), UNCL 5305.
    pub category: Option<String>,
    /// VAT rate in percent (BT-119).
    pub rate: Option<Decimal>,
    /// BT-120.
    pub exemption_reason: Option<String>,
    /// BT-121.
    pub exemption_code: Option<String>,
}

/// An invoice line (BG-25).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvoiceLine {
    /// BT-126.
    pub id: Option<String>,
    /// BT-127.
    pub note: Option<String>,
    /// BT-129.
    pub quantity: Option<Decimal>,
    /// Unit of the quantity (BT-130), a code of UN/ECE Recommendation 20 or 21.
    pub unit: Option<String>,
    /// Net amount (BT-131).
    pub net: Option<Decimal>,
    /// Net price (BT-146) of `price_base` units (BT-149).
    pub price: Option<Decimal>,
    pub price_base: Option<Decimal>,
    /// BT-153.
    pub name: Option<String>,
    /// BT-154.
    pub description: Option<String>,
    /// BT-155.
    pub seller_item_id: Option<String>,
    /// VAT category code (BT-151), UNCL 5305.
    pub category: Option<String>,
    /// VAT rate in percent (BT-152).
    pub rate: Option<Decimal>,
    /// Allowances and charges of the line (BG-27, BG-28).
    pub allowances: Vec<AllowanceCharge>,
}

/// UNTDID 1001 codes of credit notes in EN 16931: those of a UBL CreditNote in
/// rule BR-CL-01 (CEN's validation artefacts 1.3.16).
const CREDIT_NOTES: [&str; 13] = [
    "81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532",
];

impl EInvoice {
    pub fn new(syntax: Syntax) -> EInvoice {
        EInvoice {
            syntax,
            profile: None,
            number: None,
            issue_date: None,
            type_code: None,
            currency: None,
            tax_currency: None,
            due_date: None,
            buyer_reference: None,
            contract_reference: None,
            order_reference: None,
            payment_terms: None,
            discounts: Vec::new(),
            instalments: Vec::new(),
            notes: Vec::new(),
            preceding: Vec::new(),
            seller: Party::default(),
            buyer: Party::default(),
            payee_name: None,
            delivery_date: None,
            delivery_country: None,
            period: None,
            payment: Payment::default(),
            other_payments: Vec::new(),
            allowances: Vec::new(),
            totals: Totals::default(),
            taxes: Vec::new(),
            lines: Vec::new(),
            third_party: None,
            findings: Vec::new(),
        }
    }

    /// Whether the amounts are credited to the buyer. A UBL CreditNote is a
    /// credit note whatever its type code says.
    pub fn is_credit_note(&self) -> bool {
        self.syntax == Syntax::UblCreditNote || self.has_credit_code()
    }

    /// Whether the type code (BT-3) is one of a credit note.
    pub fn has_credit_code(&self) -> bool {
        let code = self.type_code.as_deref();
        code.is_some_and(|code| CREDIT_NOTES.contains(&code))
    }
}

impl InvoiceLine {
    /// Net price of one unit: the price divided by its base quantity; `None`
    /// where that has no finite decimal form.
    pub fn unit_price(&self) -> Option<Decimal> {
        let price = self.price?;
        let base = self.price_base.unwrap_or(Decimal::ONE);
        if base == Decimal::ONE {
            return Some(price);
        }
        let unit = price.checked_div(base)?.normalize();
        // Decimal divides to 28 digits; a quotient that needs them all is rounded.
        (unit.mantissa().unsigned_abs() < 10u128.pow(27)).then_some(unit)
    }
}

/// An amount as EN 16931 syntaxes write it: a decimal point, at least two
/// decimals.
pub fn money(amount: Decimal) -> String {
    let mut amount = amount.normalize();
    amount.rescale(amount.scale().max(2));
    amount.to_string()
}
