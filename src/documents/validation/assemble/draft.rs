use crate::domain::{FieldLogprob, Fields, Finding, Source};

/// A record before its values are judged.
#[derive(Debug, Default)]
pub struct Draft {
    pub doc_type: Option<String>,
    pub pages: Vec<u32>,
    pub source: Source,
    pub fields: Fields,
    /// Probability of each leaf, in the order read.
    pub confidence: Vec<(String, f32)>,
    /// What these were made from.
    pub logprobs: Vec<FieldLogprob>,
    pub findings: Vec<Finding>,
    /// A page's values are copies of its text.
    pub verbatim: bool,
    /// It stands for a page that could not be read.
    pub failed: bool,
}
