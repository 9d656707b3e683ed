use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A step of the work on a page, in the order of the work.
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
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// The page is drawn and its text layer extracted.
    Rasterize,
    /// The words of the page are found: by OCR where the text layer is not
    /// sufficient.
    Ocr,
    /// The document type is determined.
    Route,
    /// A reader reads the values; the time includes waiting for a free reader.
    Read,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Seconds of the stages that were entered.
pub type StageSeconds = BTreeMap<Stage, f64>;
