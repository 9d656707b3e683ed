use serde::{Deserialize, Serialize};

use super::FindingCode;

/// Who else saw a value, apart from the model that read it.
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
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EvidenceClass {
    /// It stands in the text layer of the PDF page.
    TextLayer,
    /// OCR of the page reads it too.
    Ocr,
    /// It comes from the document's e-invoice, not from a reader.
    EmbeddedXml,
    /// A person entered it.
    Person,
    /// Only the model has it.
    ModelOnly,
}

impl EvidenceClass {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why one value of a record may be believed. A value that is null has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldEvidence {
    /// The field, e.g. `gross_total` or `line_items[2].quantity`.
    pub field: String,
    pub class: EvidenceClass,
    /// Index (from 0) of the page where it was found; null for `model_only`
    /// and `embedded_xml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The union of its words' boxes: left, top, right, bottom as shares (0 to
    /// 1) of the upright page, from the top left corner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<[f32; 4]>,
    /// The words as the page has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Lowest confidence (0 to 1) that the OCR engine gives one of its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ocr_confidence: Option<f32>,
    /// Checks of the type that hold with this value, e.g.
    /// `net_total + tax_total = gross_total`; empty: no check applies, or none
    /// holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed_by: Vec<String>,
    /// Codes of the findings that contradict it, e.g. `sum_mismatch`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradicted_by: Vec<FindingCode>,
}

impl FieldEvidence {
    /// A value that only the model gives.
    pub fn model_only(field: impl Into<String>) -> FieldEvidence {
        FieldEvidence {
            field: field.into(),
            class: EvidenceClass::ModelOnly,
            page: None,
            bbox: None,
            text: None,
            ocr_confidence: None,
            confirmed_by: Vec::new(),
            contradicted_by: Vec::new(),
        }
    }

    /// Another source than the model has the value, or a check confirms it.
    pub fn is_confirmed(&self) -> bool {
        self.class != EvidenceClass::ModelOnly || !self.confirmed_by.is_empty()
    }
}

/// What distinguishes one business transaction from another, whatever document
/// it comes in: the seller and the invoice number, for example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessKey {
    /// Equal for equal transactions: type, fields and their values without
    /// case, spacing and punctuation.
    pub key: String,
    /// For people, e.g. `seller name Nord GmbH and invoice number A-1`.
    pub words: String,
}
