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
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    Accepted,
    NeedsReview,
    /// No page of it could be read.
    Failed,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Where a record's values come from.
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
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// The model read them on the pages.
    #[default]
    Model,
    /// They are those of an electronic invoice: attached to the PDF, or an XML
    /// file of its own. No model was asked for them.
    EmbeddedXml,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What became of one page: the input of assembling a document's records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageResult {
    /// From 0.
    pub index: u32,
    /// The document inside a portfolio that it is of, from 0. Pages of one part
    /// follow each other, and records do not reach over parts.
    #[serde(default)]
    pub part: u32,
    pub routing: Option<Routing>,
    /// The text layer's; empty for a scan.
    pub words: Vec<Word>,
    /// `Ok(None)`: the page was not read, since its type is not known or is
    /// none of ours; `Err`: it could not be read.
    pub reading: Result<Option<Reading>, Failure>,
    /// What an OCR engine read to cross-check the text layer, where it was asked.
    #[serde(default)]
    pub ocr: Vec<OcrWord>,
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
    /// The same per leaf field, in the order read.
    pub field_confidence: Vec<(String, f32)>,
    /// What these were made from, by the leaf's path in the record.
    #[serde(default)]
    pub logprobs: Vec<FieldLogprob>,
    /// Probability (0 to 1) of its type of the page that was routed with the least;
    /// `None` where the user gave it.
    #[serde(default)]
    pub type_probability: Option<f32>,
    /// `None` where no calibration of the reader speaks of the type, or no
    /// model read the record.
    #[serde(default)]
    pub calibrated: Option<Calibrated>,
    /// One for each value that is not null, in the order of the fields.
    #[serde(default)]
    pub evidence: Vec<FieldEvidence>,
    /// The business keys under which it is looked for as a duplicate.
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

/// What a calibration made of a record's values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// BLAKE3 (hex) of the calibration's file.
    pub calibration: String,
    /// Wanted: at most this share (0 to 1) of accepted fields is wrong.
    pub max_error: f64,
    /// Fields were accepted from this probability on; `None`: none was.
    pub threshold: Option<f64>,
    /// Probability (0 to 1) that the value is right, by leaf, in the order read.
    pub fields: Vec<(String, f64)>,
}
