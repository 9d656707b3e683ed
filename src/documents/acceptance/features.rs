//! The features of a prediction for the scorer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Groups of values with similar errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionKind {
    Amount,
    Date,
    /// A number or code that names something: invoice number, VAT number,
    /// currency, one of a list of words.
    Identifier,
    /// Names, addresses and other text.
    Text,
    /// In a line of a list: amounts and quantities, and the rest.
    LineAmount,
    LineText,
    /// Null: the field is not on the document.
    Absent,
}

impl PredictionKind {
    pub const ALL: [PredictionKind; 7] = [
        PredictionKind::Amount,
        PredictionKind::Date,
        PredictionKind::Identifier,
        PredictionKind::Text,
        PredictionKind::LineAmount,
        PredictionKind::LineText,
        PredictionKind::Absent,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            PredictionKind::Amount => "amount",
            PredictionKind::Date => "date",
            PredictionKind::Identifier => "identifier",
            PredictionKind::Text => "text",
            PredictionKind::LineAmount => "line_amount",
            PredictionKind::LineText => "line_text",
            PredictionKind::Absent => "absent",
        }
    }
}

/// The features of one prediction. Logits are natural logarithms of p / (1 - p), within
/// ±14.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    pub doc_type: String,
    /// Path without line numbers, e.g. `items[].amount`.
    pub field: String,
    pub kind: PredictionKind,
    /// Logit of the model's own probability of the value.
    pub sum: f64,
    /// Logit of the model's own probability of the value's least likely token.
    pub min: f64,
    /// Mean log-probability (natural logarithm) of a token, -3 to 0.
    pub mean: f64,
    /// ln(1 + number of tokens).
    pub tokens: f64,
    pub page: PageFeatures,
    /// Whether a warning or error is about this value.
    pub is_flagged: bool,
    /// Whether an arithmetic check of the record fails and the value is an amount.
    pub has_mismatch: bool,
    pub is_confirmed: bool,
    pub is_contradicted: bool,
    /// Whether a text layer or an OCR engine has the value.
    pub is_on_page: bool,
    /// Whether neither has it, but they have other values of the record.
    pub is_not_on_page: bool,
    /// Uncertainty of OCR's least certain word, from 0 (certain, or a text layer) to
    /// about 7: see `predictions::ocr_risk`.
    pub ocr_risk: f64,
}

/// Features that all predictions of a record share.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PageFeatures {
    /// Least logit of its values.
    pub least: f64,
    /// Mean logit of its values.
    pub mean: f64,
    /// ln(1 + number of warnings and errors that name a field).
    pub findings: f64,
    /// ln(1 + number of findings `completed_by_arithmetic`): a check that holds after a
    /// change proves less.
    pub completions: f64,
    /// Logit of the probability of its document type.
    pub doc_type: f64,
    /// Share (0 to 1) of its values that a text layer or an OCR engine has.
    pub on_page: f64,
}

/// One column of the scorer's design. Its text form is in calibration files:
/// a variant may be added but not renamed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Feature {
    Sum,
    Min,
    Mean,
    Tokens,
    PageLeast,
    PageMean,
    PageFindings,
    PageCompletions,
    PageType,
    PageOnPage,
    Flagged,
    Mismatch,
    Confirmed,
    Contradicted,
    OnPage,
    NotOnPage,
    OcrRisk,
    /// For predictions of one kind alone: a constant, and slopes.
    Kind(PredictionKind),
    KindSum(PredictionKind),
    KindPageMean(PredictionKind),
    /// For predictions of one document type alone.
    Type(String),
    TypeSum(String),
    TypePageType(String),
    /// For one field of one document type.
    Field {
        doc_type: String,
        field: String,
    },
}

/// The predictions that a feature concerns. It is 0 for all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Every,
    Some,
    OneField,
}

/// Features without a parameter, by name.
const PLAIN: [(&str, Feature); 17] = [
    ("sum", Feature::Sum),
    ("min", Feature::Min),
    ("mean", Feature::Mean),
    ("tokens", Feature::Tokens),
    ("page_least", Feature::PageLeast),
    ("page_mean", Feature::PageMean),
    ("page_findings", Feature::PageFindings),
    ("page_completions", Feature::PageCompletions),
    ("page_type", Feature::PageType),
    ("page_on_page", Feature::PageOnPage),
    ("check:uncertain", Feature::Flagged),
    ("check:mismatch", Feature::Mismatch),
    ("check:confirmed", Feature::Confirmed),
    ("check:contradicted", Feature::Contradicted),
    ("on_page", Feature::OnPage),
    ("not_on_page", Feature::NotOnPage),
    ("ocr_risk", Feature::OcrRisk),
];

impl Feature {
    pub fn scope(&self) -> Scope {
        match self {
            Feature::Sum
            | Feature::Min
            | Feature::Mean
            | Feature::Tokens
            | Feature::PageLeast
            | Feature::PageMean
            | Feature::PageFindings
            | Feature::PageCompletions
            | Feature::PageType
            | Feature::PageOnPage => Scope::Every,
            Feature::Field { .. } => Scope::OneField,
            _ => Scope::Some,
        }
    }
}

impl Features {
    /// Every feature that concerns the prediction.
    pub fn names(&self) -> impl Iterator<Item = Feature> {
        let (kind, doc_type) = (self.kind, &self.doc_type);
        let own = [
            Feature::Kind(kind),
            Feature::KindSum(kind),
            Feature::KindPageMean(kind),
            Feature::Type(doc_type.clone()),
            Feature::TypeSum(doc_type.clone()),
            Feature::TypePageType(doc_type.clone()),
            Feature::Field {
                doc_type: doc_type.clone(),
                field: self.field.clone(),
            },
        ];
        PLAIN.into_iter().map(|(_, feature)| feature).chain(own)
    }

    /// 0 where the feature does not concern the prediction.
    pub fn value(&self, feature: &Feature) -> f64 {
        let flag = |flag: bool| f64::from(u8::from(flag));
        let page = &self.page;
        match feature {
            Feature::Sum => self.sum,
            Feature::Min => self.min,
            Feature::Mean => self.mean,
            Feature::Tokens => self.tokens,
            Feature::PageLeast => page.least,
            Feature::PageMean => page.mean,
            Feature::PageFindings => page.findings,
            Feature::PageCompletions => page.completions,
            Feature::PageType => page.doc_type,
            Feature::PageOnPage => page.on_page,
            Feature::Flagged => flag(self.is_flagged),
            Feature::Mismatch => flag(self.has_mismatch),
            Feature::Confirmed => flag(self.is_confirmed),
            Feature::Contradicted => flag(self.is_contradicted),
            Feature::OnPage => flag(self.is_on_page),
            Feature::NotOnPage => flag(self.is_not_on_page),
            Feature::OcrRisk => self.ocr_risk,
            Feature::Kind(kind) => flag(*kind == self.kind),
            Feature::KindSum(kind) if *kind == self.kind => self.sum,
            Feature::KindPageMean(kind) if *kind == self.kind => page.mean,
            Feature::Type(doc_type) => flag(*doc_type == self.doc_type),
            Feature::TypeSum(doc_type) if *doc_type == self.doc_type => self.sum,
            Feature::TypePageType(doc_type) if *doc_type == self.doc_type => page.doc_type,
            Feature::Field { doc_type, field } => {
                flag(*doc_type == self.doc_type && *field == self.field)
            }
            Feature::KindSum(_)
            | Feature::KindPageMean(_)
            | Feature::TypeSum(_)
            | Feature::TypePageType(_) => 0.0,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Feature::Kind(kind) => write!(f, "kind:{}", kind.as_str()),
            Feature::KindSum(kind) => write!(f, "kind:{}:sum", kind.as_str()),
            Feature::KindPageMean(kind) => write!(f, "kind:{}:page_mean", kind.as_str()),
            Feature::Type(doc_type) => write!(f, "type:{doc_type}"),
            Feature::TypeSum(doc_type) => write!(f, "type:{doc_type}:sum"),
            Feature::TypePageType(doc_type) => write!(f, "type:{doc_type}:page_type"),
            Feature::Field { doc_type, field } => write!(f, "field:{doc_type}:{field}"),
            plain => {
                let known = PLAIN.iter().find(|(_, feature)| feature == plain);
                f.write_str(known.map_or("", |(name, _)| *name))
            }
        }
    }
}

impl From<Feature> for String {
    fn from(feature: Feature) -> String {
        feature.to_string()
    }
}

/// The text is not the name of a feature of this version.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a feature of this version of docmill")]
pub struct UnknownFeature(String);

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(text: &str) -> Result<Feature, UnknownFeature> {
        if let Some((_, feature)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(feature.clone());
        }
        let parts: Vec<&str> = text.splitn(3, ':').collect();
        let kind = |name: &str| {
            PredictionKind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == name)
        };
        let found = match parts[..] {
            ["kind", name] => kind(name).map(Feature::Kind),
            ["kind", name, "sum"] => kind(name).map(Feature::KindSum),
            ["kind", name, "page_mean"] => kind(name).map(Feature::KindPageMean),
            ["type", doc_type] => Some(Feature::Type(doc_type.to_owned())),
            ["type", doc_type, "sum"] => Some(Feature::TypeSum(doc_type.to_owned())),
            ["type", doc_type, "page_type"] => Some(Feature::TypePageType(doc_type.to_owned())),
            ["field", doc_type, field] => Some(Feature::Field {
                doc_type: doc_type.to_owned(),
                field: field.to_owned(),
            }),
            _ => None,
        };
        found.ok_or_else(|| UnknownFeature(text.to_owned()))
    }
}

impl TryFrom<String> for Feature {
    type Error = UnknownFeature;

    fn try_from(text: String) -> Result<Feature, UnknownFeature> {
        text.parse()
    }
}

#[cfg(test)]
pub(crate) fn example(kind: PredictionKind, sum: f64) -> Features {
    Features {
        doc_type: "receipt".into(),
        field: "total".into(),
        kind,
        sum,
        min: 0.0,
        mean: 0.0,
        tokens: 0.0,
        page: PageFeatures::default(),
        is_flagged: false,
        has_mismatch: false,
        is_confirmed: false,
        is_contradicted: false,
        is_on_page: false,
        is_not_on_page: false,
        ocr_risk: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_of_a_prediction_parses_back_from_its_text() {
        for kind in PredictionKind::ALL {
            for feature in example(kind, 1.0).names() {
                assert_eq!(feature.to_string().parse::<Feature>().unwrap(), feature);
            }
        }
        for text in ["", "other", "kind:other", "type", "field:receipt"] {
            assert!(text.parse::<Feature>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_feature_of_other_predictions_is_0() {
        let features = example(PredictionKind::Amount, 2.0);
        assert_eq!(
            features.value(&Feature::KindSum(PredictionKind::Amount)),
            2.0
        );
        assert_eq!(features.value(&Feature::KindSum(PredictionKind::Date)), 0.0);
        assert_eq!(features.value(&Feature::TypeSum("invoice".into())), 0.0);
        let own = Feature::Field {
            doc_type: "receipt".into(),
            field: "total".into(),
        };
        assert_eq!(features.value(&own), 1.0);
    }
}
