use crate::domain::{FieldLogprob, Fields, Finding, Source};

/// A record before its values are checked.
#[derive(Debug, Default)]
pub struct Draft {
    pub doc_type: Option<String>,
    /// Indices (from 0) of its pages.
    pub pages: Vec<u32>,
    pub source: Source,
    pub fields: Fields,
    /// Confidence (0 to 1) of each leaf, in the order read.
    pub confidence: Vec<(String, f32)>,
    /// The log-probabilities of which the confidences are made.
    pub logprobs: Vec<FieldLogprob>,
    pub findings: Vec<Finding>,
    /// Whether the values of a page are copies of its text.
    pub verbatim: bool,
    /// Whether it is for a page that could not be read.
    pub failed: bool,
}
