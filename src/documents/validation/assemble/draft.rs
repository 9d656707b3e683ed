use std::collections::BTreeMap;

use crate::domain::{FieldLogprob, FieldPath, Fields, Finding, Source};

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

impl Draft {
    /// Renumbers confidences after the lines of `list` moved. `places` maps old line
    /// numbers to new ones (from 0); those of lines that it lacks are removed.
    pub fn move_lines(&mut self, list: &str, places: &BTreeMap<usize, usize>) {
        let moved = |field: &mut String| FieldPath::move_text(field, list, places);
        self.confidence.retain_mut(|(field, _)| moved(field));
        self.logprobs
            .retain_mut(|logprob| moved(&mut logprob.field));
    }
}
