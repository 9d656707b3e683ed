use serde::{Deserialize, Serialize};

use super::{
    BusinessKey, Failure, FieldEvidence, FieldLogprob, Fields, Finding, OcrWord, Reading, Routing,
    Word,
};

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    Accepted,
    NeedsReview,
    /// A person approved it, and another one must as well.
    NeedsSecondApproval,
    /// No page of it could be read.
    Failed,
    /// A person decided that it is not paid or booked.
    Rejected,
    /// A person found nothing to book in it.
    NotABill,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn in_words(self) -> String {
        self.as_str().replace('_', " ")
    }

    /// A person should look at it.
    pub fn is_in_queue(self) -> bool {
        matches!(self, Status::NeedsReview | Status::NeedsSecondApproval)
    }

    /// A person took it out of the queue for good; nothing is done with it.
    pub fn is_set_aside(self) -> bool {
        matches!(self, Status::Rejected | Status::NotABill)
    }
}

/// Where the values of a record come from.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// The model read them on the pages.
    #[default]
    Model,
    /// An e-invoice states them: an XML file attached to the PDF or on
    /// its own. No model read them.
    EmbeddedXml,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The result of one page, from which a document's records are assembled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageResult {
    /// From 0.
    pub index: u32,
    /// The part (from 0) of the portfolio that has the page. Pages of one part are
    /// consecutive, and a record has pages of one part only.
    #[serde(default)]
    pub part: u32,
    pub routing: Option<Routing>,
    /// The text layer's; empty for a scan.
    pub words: Vec<Word>,
    /// `Ok(None)`: no reader read the page, since its type is unknown or is only
    /// recognised (`other`); `Err`: it could not be read.
    pub reading: Result<Option<Reading>, Failure>,
    /// What an OCR engine read to cross-check the text layer, where it was asked.
    #[serde(default)]
    pub ocr: Vec<OcrWord>,
    /// What its looks say about how far it can be read.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// One validated row: a receipt, an invoice, a screenshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `None` when no page's type could be determined.
    pub doc_type: Option<String>,
    /// Indices (from 0) of its pages, ascending.
    pub pages: Vec<u32>,
    pub status: Status,
    #[serde(default)]
    pub source: Source,
    pub fields: Fields,
    pub findings: Vec<Finding>,
    /// Probability (0 to 1) of the least sure value, from the model's token
    /// probabilities; `None` when nothing was read.
    pub confidence: Option<f32>,
    /// Probability (0 to 1) of each leaf field's value, in the order read.
    pub field_confidence: Vec<(String, f32)>,
    /// What these are computed from, by the leaf's path in the record.
    #[serde(default)]
    pub logprobs: Vec<FieldLogprob>,
    /// Lowest probability (0 to 1) that the router gives the type on one of the
    /// pages; `None` where the user gave the type.
    #[serde(default)]
    pub type_probability: Option<f32>,
    /// `None` where no calibration of the reader covers the type, or no model read
    /// the record.
    #[serde(default)]
    pub calibrated: Option<Calibrated>,
    /// One for each value that is not null, in the order of the fields.
    #[serde(default)]
    pub evidence: Vec<FieldEvidence>,
    /// The business keys by which possible duplicates are found.
    #[serde(default)]
    pub keys: Vec<BusinessKey>,
}

impl Record {
    /// Adds a finding for which a person should look.
    pub fn flag_for_review(&mut self, finding: Finding) {
        self.findings.push(finding);
        if self.status == Status::Accepted {
            self.status = Status::NeedsReview;
        }
    }
}

/// What a calibration says about a record's values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// BLAKE3 (hex) of the calibration's file.
    pub calibration: String,
    /// Highest share (0 to 1) of wrong values among accepted fields that the
    /// settings allow.
    pub max_error: f64,
    /// Lowest probability (0 to 1) of an accepted field; `None`: no field was
    /// accepted.
    pub threshold: Option<f64>,
    /// Probability (0 to 1) that the value is right, by leaf, in the order read.
    pub fields: Vec<(String, f64)>,
}
