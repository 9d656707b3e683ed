use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A document type: what `schemas/<name>.json` and `prompts/<name>*.md` say.
#[derive(Clone, Debug)]
pub struct DocType {
    pub name: String,
    /// JSON Schema (2020-12) with its `x-docmill` annotations.
    pub schema: Value,
    /// BLAKE3 (hex) of the schema file as it was given.
    pub schema_hash: String,
    /// Sentences that describe such a page to CLIP, grouped into classes: the
    /// embeddings of a class are averaged, a type's probability is the sum of
    /// its classes'.
    pub labels: Vec<(String, Vec<String>)>,
    /// `None` for a type that is only recognised, never read (`other`).
    pub read: Option<ReadRules>,
}

/// How pages of a type are read and checked.
#[derive(Clone, Debug)]
pub struct ReadRules {
    pub prompts: Vec<Prompt>,
    pub pages: PageRule,
    pub checks: Vec<Check>,
    /// Fields whose absence sends a record to review.
    pub required: Vec<String>,
}

/// A prompt template (minijinja).
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Empty for `<type>.md`, `short` for `<type>.short.md`.
    pub variant: String,
    pub template: String,
}

/// How the pages of one document become records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum PageRule {
    /// Every page is a record.
    Each,
    /// Consecutive pages of the type are one record: the first value that is
    /// not null, lists joined; the fields in `last` from the last page that
    /// has them; another value of `key` starts a new record.
    Merge {
        #[serde(default)]
        last: Vec<String>,
        #[serde(default)]
        key: Option<String>,
    },
}

/// A check across fields. Amounts are exact decimals; a check whose operands
/// are absent does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// `of` (paths such as `net_total` or `items[].amount`) add up to `equals`,
    /// within `tolerance` (a decimal string).
    Sum {
        of: Vec<String>,
        equals: String,
        #[serde(default)]
        tolerance: Option<String>,
    },
    /// In each line of the list `each` (or in the record itself), the product
    /// of `of` is `equals`.
    Product {
        #[serde(default)]
        each: Option<String>,
        of: Vec<String>,
        equals: String,
        #[serde(default)]
        tolerance: Option<String>,
    },
    /// Dates: `earlier` is not after `later`.
    Order { earlier: String, later: String },
    /// One of the checks that apply holds; a mismatch is told of the first.
    AnyOf(Vec<Check>),
}
