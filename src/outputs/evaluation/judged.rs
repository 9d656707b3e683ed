//! A document after its records were compared with the truth.

use serde::{Deserialize, Serialize};

use crate::documents::acceptance::Prediction;
use crate::store::DocumentWork;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueOutcome {
    Right,
    Wrong,
    /// The document has a value, but none was read.
    Missing,
    /// A value was read although the document has none.
    Spurious,
    /// Neither has a value.
    Absent,
    /// A further record repeats a right value.
    Repeated,
    /// A value of a record with another type than the document: it cannot be
    /// compared, and an import of it is wrong.
    WrongType,
}

impl ValueOutcome {
    /// Whether an import of it is right.
    pub fn is_right(self) -> bool {
        matches!(
            self,
            ValueOutcome::Right | ValueOutcome::Absent | ValueOutcome::Repeated
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            ValueOutcome::Right => "right",
            ValueOutcome::Wrong => "wrong",
            ValueOutcome::Missing => "missing",
            ValueOutcome::Spurious => "spurious",
            ValueOutcome::Absent => "absent",
            ValueOutcome::Repeated => "repeated",
            ValueOutcome::WrongType => "wrong_type",
        }
    }
}

/// A true value, a read one, or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedValue {
    /// `total`, `items.amount`.
    pub field: String,
    /// Place in the truth: `items[2].amount`; `items[+].amount` for a line that the
    /// truth does not have.
    pub path: String,
    pub outcome: ValueOutcome,
    /// Probable cause, if it is wrong and can be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ErrorCause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// Similarity of truth and value, 0 to 1.
    pub anls: f64,
    /// The model's own probability (0 to 1) of the value that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Calibrated probability, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    #[serde(default)]
    pub accepted: bool,
    #[serde(skip)]
    pub prediction: Option<Prediction>,
}

impl JudgedValue {
    /// Whether it may be uncertain in an accepted record.
    pub fn is_supporting(&self) -> bool {
        self.prediction
            .as_ref()
            .is_some_and(|prediction| prediction.is_supporting)
    }

    /// Whether a value was read.
    pub fn is_value(&self) -> bool {
        self.read.is_some()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedDocument {
    pub name: String,
    #[serde(rename = "type")]
    pub doc_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    pub group: String,
    /// Type of its record; `-`: it has none.
    pub classified_as: String,
    /// Statuses of its records.
    pub records: Vec<String>,
    /// Whether there are several records of the right type.
    pub split: bool,
    /// Whether its values come from data embedded in the document.
    #[serde(default)]
    pub embedded: bool,
    /// Whether no record of its type was read.
    #[serde(default)]
    pub unread: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<DocumentProblem>,
    /// Every known field right, in one record.
    pub exact: bool,
    /// Every record accepted without a person.
    pub accepted: bool,
    /// Whether nothing but the probability of a value prevents acceptance.
    #[serde(default)]
    pub unobjected: bool,
    /// Lowest probability (0 to 1) of a value: calibrated, otherwise the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    pub work: DocumentWork,
    pub fields: Vec<JudgedValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCause {
    /// The document has a value, but null was read.
    Missing,
    /// Nearly right: one digit off, or half of the letters right.
    Letters,
    /// Another value of the same document.
    OtherValue,
    /// The same letters and digits in another form.
    Format,
    /// A value was read although the document has none.
    Spurious,
    /// None of these.
    Elsewhere,
}

impl ErrorCause {
    pub const ALL: [ErrorCause; 6] = [
        ErrorCause::Missing,
        ErrorCause::Letters,
        ErrorCause::OtherValue,
        ErrorCause::Format,
        ErrorCause::Spurious,
        ErrorCause::Elsewhere,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCause::Missing => "missing",
            ErrorCause::Letters => "letters",
            ErrorCause::OtherValue => "other_value",
            ErrorCause::Format => "format",
            ErrorCause::Spurious => "spurious",
            ErrorCause::Elsewhere => "elsewhere",
        }
    }
}

/// Problem with a document as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentProblem {
    /// The answer to a page was incomplete at every attempt.
    CutOff,
    /// A page or the file failed.
    PageFailed,
    /// Classified as another type.
    OtherType,
    /// Not classified, or as a type that is not read: sent to review.
    NoType,
    /// The model repeated the lines of a list.
    Repeated,
}

impl DocumentProblem {
    pub const ALL: [DocumentProblem; 5] = [
        DocumentProblem::CutOff,
        DocumentProblem::PageFailed,
        DocumentProblem::OtherType,
        DocumentProblem::NoType,
        DocumentProblem::Repeated,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            DocumentProblem::CutOff => "cut_off",
            DocumentProblem::PageFailed => "page_failed",
            DocumentProblem::OtherType => "other_type",
            DocumentProblem::NoType => "no_type",
            DocumentProblem::Repeated => "repeated",
        }
    }
}
