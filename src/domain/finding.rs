use serde::{Deserialize, Serialize};

use super::{Reason, Severity};

/// What kind of finding it is. The snake_case name is stored and exported, so
/// a variant may be added but not renamed. The doc comment of a variant is its
/// text in docs/troubleshooting.md ([`FindingCode::explanation`]).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumMessage,
    strum::IntoStaticStr,
)]
#[serde(try_from = "String", into = "String")]
#[strum(serialize_all = "snake_case")]
pub enum FindingCode {
    // About one value.
    /// A field that the document type requires is empty.
    Missing,
    /// A value was rewritten in the form that the schema requires.
    Normalised,
    /// A value that should be a number is not one.
    NotAnAmount,
    /// A separator in an amount may be for thousands or for decimals.
    AmbiguousAmount,
    /// A value that should be a date is not one.
    NotADate,
    /// The year of a date is unlikely.
    ImplausibleDate,
    /// A date may be one of two days; one is assumed, or none is stored.
    AmbiguousDate,
    /// The currency is not one of ISO 4217.
    UnknownCurrency,
    /// The sign or word stands for several currencies, such as `$`.
    AmbiguousCurrency,
    /// No currency was read; it is the only one that the page prints.
    CurrencyFromPage,
    /// No date was read; it is the only one that the page prints.
    DateFromPage,
    /// No currency was read; it is that of the country that the page shows.
    CurrencyFromCountry,
    /// A value was not read or misread; the one that the page prints in its row is stored, because the sums hold only with it.
    CompletedByArithmetic,
    /// Seller or buyer was taken from the page's labels and addresses, since the reader gave another.
    PartyCorrected,
    /// An IBAN has the wrong length or an unknown country.
    IbanForm,
    /// The check digits of an IBAN do not fit its other characters.
    IbanCheckDigits,
    /// A BIC has the wrong form.
    BicForm,
    /// A VAT identifier does not have the form of its country.
    VatIdForm,
    /// The check digit of a VAT identifier does not fit its other characters.
    VatIdCheckDigit,
    /// docmill has no check for VAT identifiers of this country.
    VatIdUnchecked,
    /// The record does not satisfy the schema of its type.
    SchemaViolation,
    /// The schema of the document type cannot be used.
    SchemaUnusable,

    // About several values together.
    /// Amounts do not add up to the total that is stated.
    SumMismatch,
    /// A quantity times a price is not the amount that is stated.
    ProductMismatch,
    /// The tax rate is not usual in the country.
    TaxRate,
    /// A date is after one that it should come before.
    DateOrder,
    /// A date is in the future.
    DateAhead,
    /// Two fields that must differ, such as seller and buyer, have one value.
    EqualParties,
    /// The payment was not made, or not yet.
    NotCompleted,

    // A value compared with the page.
    /// The page's text has another value in this place.
    TextDiffers,
    /// OCR reads another value in this place.
    OcrDiffers,
    /// An amount is neither in the page's text nor confirmed by a check.
    Unconfirmed,
    /// An amount could not be compared with anything: the page has no text.
    NoTextSource,

    // What the page looks like (docs/quality.md).
    /// The page is too blurred to be read reliably.
    TooBlurred,
    /// The page has no ink. It was not read, unless its type was given.
    Blank,
    /// The page lay on its side or upside down and was turned before it was read.
    Turned,
    /// The letters of the page have too few pixels to be read reliably.
    TextTooSmall,
    /// The page is too dark.
    UnderExposed,
    /// The print is too pale.
    OverExposed,
    /// The edge of the page cuts lines of its text.
    CutOff,
    /// Two receipts lie side by side on the page and were read as one.
    TwoReceipts,

    // How the document was read.
    /// The model is less sure of a value than the acceptance threshold requires.
    LowConfidence,
    /// No acceptance threshold is certified for the error rate that `acceptance.max_error` allows: nothing is accepted.
    NotCertified,
    /// The document type has no calibration: the reader's own probabilities decided.
    Uncalibrated,
    /// The reader does not report how sure it is of its values.
    NoConfidence,
    /// The model repeated itself in a list; the repeated lines were removed.
    ListRepeats,
    /// The reader does not support this field or this document type.
    UnsupportedField,
    /// The document type of the page could not be determined.
    TypeUnknown,
    /// It is uncertain whether two pages belong to one document.
    KeyUncertain,
    /// Another page of the document could not be read.
    PageFailed,
    /// A page could not be read again; the values are those read before.
    NotReadAgain,
    /// The document was opened with a warning.
    DocumentWarning,

    // E-invoices.
    /// A value of the e-invoice's XML is not of its type.
    EinvoiceValue,
    /// The page contradicts the e-invoice that it carries.
    PageContradicts,
    /// The model read another value on the page than the e-invoice states.
    PageDiffers,
    /// The amounts are to be credited, not paid.
    CreditNote,
    /// The amount due differs from the gross total.
    AmountDue,
    /// The document has allowances, charges or a rounding beside its lines.
    Allowances,
    /// The document is not an ordinary invoice, for example a proforma or corrected one.
    InvoiceKind,
    /// The e-invoice states several accounts to pay to; one of them is used.
    OtherAccounts,
    /// The payee is not the seller.
    OtherPayee,
    /// A discount may be deducted for early payment.
    PaymentDiscount,
    /// The amount due is payable in parts with due dates of their own.
    Instalments,
    /// The only payment date may be the last day of a discount, not the due date.
    DueDateUnclear,
    /// Lines are headings, explanations or carried-forward sums, not amounts.
    LinesLeftOut,
    /// The VAT total is stated in another currency than the invoice's.
    VatCurrency,

    // Compared with the supplier's approved bills.
    /// None of the supplier's approved bills has the IBAN.
    BankDetailsChanged,
    /// The currency is not that of the supplier's approved bills.
    CurrencyUnlikeBefore,
    /// The number has another form than those of the supplier's approved bills.
    NumberUnlikeBefore,
    /// The total is far outside those of the supplier's approved bills.
    AmountUnlikeBefore,
    /// The date was read in another order than the supplier writes its dates.
    DateOrderUnlikeBefore,
    /// The document does not state the value; it was taken from the supplier's approved bills.
    FilledFromCard,

    // Other documents.
    /// Another document may be the same payment.
    PossibleDuplicate,
    /// The file has other content now.
    Replaced,
    /// A person corrected, approved or rejected the document before it was read again.
    CorrectedBefore,
    /// Two people must approve the record.
    SecondApproval,

    /// The page or file could not be read; the code is the failure's reason.
    #[strum(disabled)]
    PageFailure(Reason),
}

impl FindingCode {
    pub fn as_str(self) -> &'static str {
        match self {
            FindingCode::PageFailure(reason) => reason.as_str(),
            code => code.into(),
        }
    }

    /// Every code, failure reasons included.
    pub fn all() -> impl Iterator<Item = FindingCode> {
        use strum::IntoEnumIterator;
        FindingCode::iter()
            .filter(|code| !matches!(code, FindingCode::PageFailure(_)))
            .chain(Reason::iter().map(FindingCode::PageFailure))
    }

    /// One sentence about the code for a person.
    pub fn explanation(self) -> &'static str {
        use strum::EnumMessage;
        match self {
            FindingCode::PageFailure(reason) => reason.explanation(),
            code => code.get_documentation().unwrap_or_default().trim_end(),
        }
    }

    /// The default severity; `with_severity` sets another one.
    pub fn severity(self) -> Severity {
        match self {
            FindingCode::SchemaViolation
            | FindingCode::SchemaUnusable
            | FindingCode::PageFailure(_)
            | FindingCode::EinvoiceValue => Severity::Error,
            FindingCode::Normalised
            | FindingCode::CurrencyFromPage
            | FindingCode::DateFromPage
            | FindingCode::CurrencyFromCountry
            | FindingCode::CompletedByArithmetic
            | FindingCode::VatIdUnchecked
            | FindingCode::Uncalibrated
            | FindingCode::NotReadAgain
            | FindingCode::AmountDue
            | FindingCode::Allowances
            | FindingCode::OtherAccounts
            | FindingCode::OtherPayee
            | FindingCode::PaymentDiscount
            | FindingCode::LinesLeftOut
            | FindingCode::Turned => Severity::Info,
            _ => Severity::Warning,
        }
    }

    /// Whether no reader can remove the finding by reading the page again: it is
    /// about the file, other pages or other documents, or about something that no
    /// reader changes.
    pub fn is_unfixable_by_reread(self) -> bool {
        match self {
            FindingCode::TypeUnknown
            | FindingCode::DocumentWarning
            | FindingCode::PageFailed
            | FindingCode::PossibleDuplicate
            | FindingCode::Replaced
            | FindingCode::CorrectedBefore
            | FindingCode::SecondApproval
            | FindingCode::FilledFromCard
            | FindingCode::UnsupportedField
            | FindingCode::NoConfidence
            | FindingCode::NoTextSource
            | FindingCode::SchemaUnusable
            | FindingCode::NotReadAgain
            | FindingCode::Blank
            | FindingCode::Turned
            | FindingCode::CutOff
            | FindingCode::TwoReceipts => true,
            FindingCode::PageFailure(reason) => reason.is_unfixable_by_reread(),
            code => code.is_about_supplier(),
        }
    }

    /// Whether the acceptance policy makes it, not a check.
    pub fn is_from_acceptance(self) -> bool {
        matches!(
            self,
            FindingCode::LowConfidence | FindingCode::NotCertified | FindingCode::Uncalibrated
        )
    }

    /// Whether it is independent of its field's value being right.
    pub fn is_neutral(self) -> bool {
        matches!(
            self,
            FindingCode::Normalised
                | FindingCode::CompletedByArithmetic
                | FindingCode::UnsupportedField
                | FindingCode::LowConfidence
                | FindingCode::Missing
                | FindingCode::NotCompleted
        )
    }

    /// Whether it is a failed check: a rule about the values does not hold, or
    /// the payment may have been made already. Approving the record then needs a
    /// reason.
    pub fn is_failed_check(self) -> bool {
        self.is_mismatch()
            || self.is_not_in_form()
            || self.severity() == Severity::Error
            || matches!(
                self,
                FindingCode::Missing
                    | FindingCode::ImplausibleDate
                    | FindingCode::IbanForm
                    | FindingCode::IbanCheckDigits
                    | FindingCode::BicForm
                    | FindingCode::VatIdForm
                    | FindingCode::VatIdCheckDigit
                    | FindingCode::TaxRate
                    | FindingCode::DateOrder
                    | FindingCode::DateAhead
                    | FindingCode::EqualParties
                    | FindingCode::NotCompleted
                    | FindingCode::PageContradicts
                    | FindingCode::PageFailed
                    | FindingCode::PossibleDuplicate
                    | FindingCode::BankDetailsChanged
                    | FindingCode::Replaced
            )
    }

    /// Whether it is a difference from the supplier's approved bills.
    pub fn is_about_supplier(self) -> bool {
        matches!(
            self,
            FindingCode::BankDetailsChanged
                | FindingCode::CurrencyUnlikeBefore
                | FindingCode::NumberUnlikeBefore
                | FindingCode::AmountUnlikeBefore
                | FindingCode::DateOrderUnlikeBefore
        )
    }

    /// Made from what was measured of the page, before it was read.
    pub fn is_about_quality(self) -> bool {
        matches!(
            self,
            FindingCode::TooBlurred
                | FindingCode::Blank
                | FindingCode::Turned
                | FindingCode::TextTooSmall
                | FindingCode::UnderExposed
                | FindingCode::OverExposed
                | FindingCode::CutOff
                | FindingCode::TwoReceipts
        )
    }

    /// Whether it reports a sum, product or rate that does not hold.
    pub fn is_mismatch(self) -> bool {
        matches!(
            self,
            FindingCode::SumMismatch | FindingCode::ProductMismatch
        )
    }

    /// Whether the value could not be converted to the form that its schema asks
    /// for: the text is not a decimal, date or ISO 4217 code, or may be several.
    pub fn is_not_in_form(self) -> bool {
        matches!(
            self,
            FindingCode::NotAnAmount
                | FindingCode::AmbiguousAmount
                | FindingCode::NotADate
                | FindingCode::UnknownCurrency
                | FindingCode::AmbiguousCurrency
        )
    }
}

/// The name is not that of a finding code.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a finding code")]
pub struct UnknownFindingCode(String);

impl std::str::FromStr for FindingCode {
    type Err = UnknownFindingCode;

    fn from_str(name: &str) -> Result<FindingCode, UnknownFindingCode> {
        FindingCode::all()
            .find(|code| code.as_str() == name)
            .ok_or_else(|| UnknownFindingCode(name.to_owned()))
    }
}

impl TryFrom<String> for FindingCode {
    type Error = UnknownFindingCode;

    fn try_from(name: String) -> Result<FindingCode, UnknownFindingCode> {
        name.parse()
    }
}

impl From<FindingCode> for String {
    fn from(code: FindingCode) -> String {
        code.as_str().to_owned()
    }
}

impl std::fmt::Display for FindingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// In the description of the API: a text, one of these codes. More may be added.
impl utoipa::PartialSchema for FindingCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let codes = FindingCode::all().map(FindingCode::as_str);
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .enum_values(Some(codes))
            .description(Some("What kind of finding it is. Codes may be added."))
            .into()
    }
}

impl utoipa::ToSchema for FindingCode {}

/// One observation about a record, in terms that an accountant uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    pub code: FindingCode,
    pub severity: Severity,
    /// The field it is about, e.g. `net_total` or `line_items[2].quantity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub message: String,
}

impl Finding {
    /// A finding with the default severity of its code.
    pub fn new(code: FindingCode, field: Option<&str>, message: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: code.severity(),
            field: field.map(str::to_owned),
            message: message.into(),
        }
    }

    pub fn with_severity(self, severity: Severity) -> Finding {
        Finding { severity, ..self }
    }

    /// Whether it keeps the record from being approved without a reason.
    pub fn is_failed_check(&self) -> bool {
        self.severity > Severity::Info && self.code.is_failed_check()
    }

    /// Place in the order of severity, 0 first: errors (0), findings of which a
    /// wrong payment may follow (1 to 6), other warnings, information.
    pub fn rank(&self) -> usize {
        const FIRST: [FindingCode; 6] = [
            FindingCode::PossibleDuplicate,
            FindingCode::BankDetailsChanged,
            FindingCode::CreditNote,
            FindingCode::InvoiceKind,
            FindingCode::NotCompleted,
            FindingCode::PageContradicts,
        ];
        match self.severity {
            Severity::Error => 0,
            Severity::Warning => {
                let place = FIRST.iter().position(|code| *code == self.code);
                1 + place.unwrap_or(FIRST.len())
            }
            Severity::Info => 2 + FIRST.len(),
        }
    }

    /// Place in the order in which people look at findings, 0 first: by
    /// [`Finding::rank`], of equal ones the failed checks first.
    pub fn urgency(&self) -> usize {
        2 * self.rank() + usize::from(!self.code.is_failed_check())
    }
}

/// The most severe first, equal ones in the given order.
pub fn by_severity(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.rank());
    sorted
}

#[cfg(test)]
#[path = "finding_tests.rs"]
mod tests;
