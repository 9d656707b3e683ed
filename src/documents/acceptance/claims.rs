//! What a record claims, value by value, and the signals that speak for or
//! against each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{
    DocType, EvidenceClass, FieldEvidence, FieldLogprob, FieldPath, Finding, FindingCode, Format,
    Record, Severity,
};

/// Strings bounded to at most this length are codes and numbers, longer ones
/// names and other text.
const IDENTIFIER_LENGTH: u64 = 64;
/// Logits are cut to this: certainty beyond it is rounding.
const MOST_LOGIT: f64 = 14.0;

/// Values that fail alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
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
    /// Null: "this is not on the document".
    Absent,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Amount => "amount",
            Kind::Date => "date",
            Kind::Identifier => "identifier",
            Kind::Text => "text",
            Kind::LineAmount => "line_amount",
            Kind::LineText => "line_text",
            Kind::Absent => "absent",
        }
    }
}

/// One value (or null) that a model read.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Path in the record, e.g. `items[2].amount`.
    pub field: String,
    pub kind: Kind,
    /// Named numbers; those whose name has a `:` concern some values only and
    /// are 0 for all others.
    pub signals: Vec<(String, f64)>,
    /// A check speaks against this very value: it is not accepted whatever its
    /// probability.
    pub is_doubted: bool,
}

impl Claim {
    pub fn is_absent(&self) -> bool {
        self.kind == Kind::Absent
    }
}

/// Every value of the record that the model chose, in the order read.
pub fn claims(doc_type: &DocType, record: &Record) -> Vec<Claim> {
    let page = PageSignals::of(record);
    record
        .logprobs
        .iter()
        .map(|logprob| claim(doc_type, record, logprob, &page))
        .collect()
}

/// What concerns all values of a record.
struct PageSignals {
    least: f64,
    mean: f64,
    /// Doubtful findings that name a field.
    doubts: f64,
    /// An arithmetic check fails.
    mismatch: bool,
    /// That the document is of this type at all.
    of_type: f64,
    /// Share of its values that a text layer or an OCR engine has too.
    seen: f64,
}

/// What the user says of a page's type is taken for nearly certain.
const GIVEN_TYPE: f32 = 0.999;

impl PageSignals {
    fn of(record: &Record) -> PageSignals {
        let logits: Vec<f64> = record.logprobs.iter().map(|p| logit(p.sum)).collect();
        let doubtful = || record.findings.iter().filter(|finding| is_doubt(finding));
        PageSignals {
            least: logits.iter().copied().fold(MOST_LOGIT, f64::min),
            mean: logits.iter().sum::<f64>() / logits.len().max(1) as f64,
            doubts: (doubtful().count() as f64).ln_1p(),
            of_type: logit(record.type_probability.unwrap_or(GIVEN_TYPE).ln()),
            seen: record.evidence.iter().filter(|e| is_seen(e)).count() as f64
                / record.evidence.len().max(1) as f64,
            mismatch: doubtful().any(|finding| finding.code.is_mismatch()),
        }
    }
}

/// Somebody beside the model has the value on the page.
fn is_seen(evidence: &FieldEvidence) -> bool {
    matches!(
        evidence.class,
        EvidenceClass::TextLayer | EvidenceClass::Ocr
    )
}

/// Findings that acceptance itself makes, those of no field in particular, and
/// that there is no witness to ask, are no signs that a value is wrong.
fn is_doubt(finding: &Finding) -> bool {
    finding.severity > Severity::Info
        && finding.field.is_some()
        && !finding.code.is_from_acceptance()
        && finding.code != FindingCode::NoTextSource
}

fn claim(doc_type: &DocType, record: &Record, logprob: &FieldLogprob, page: &PageSignals) -> Claim {
    let field = &logprob.field;
    let value = FieldPath::parse(field)
        .value_at(&record.fields)
        .unwrap_or(&Value::Null);
    let kind = kind(doc_type, field, value);
    let is_doubted = record
        .findings
        .iter()
        .any(|finding| is_doubt(finding) && finding.field.as_deref() == Some(field));
    let is_amount = matches!(kind, Kind::Amount | Kind::LineAmount);
    let flag = |flag: bool| f64::from(u8::from(flag));
    let (sum, min) = (logit(logprob.sum), logit(logprob.min));
    let mean = f64::from(logprob.sum) / f64::from(logprob.tokens.max(1));
    let (name, doc_type) = (kind.as_str(), &doc_type.name);
    let mut signals = vec![
        ("sum".to_owned(), sum),
        ("min".to_owned(), min),
        ("mean".to_owned(), mean.max(-3.0)),
        ("tokens".to_owned(), f64::from(logprob.tokens).ln_1p()),
        ("page_least".to_owned(), page.least),
        ("page_mean".to_owned(), page.mean),
        ("page_doubts".to_owned(), page.doubts),
        ("page_type".to_owned(), page.of_type),
        ("page_seen".to_owned(), page.seen),
        (format!("kind:{name}"), 1.0),
        (format!("kind:{name}:sum"), sum),
        (format!("kind:{name}:page_mean"), page.mean),
        (format!("type:{doc_type}"), 1.0),
        (format!("type:{doc_type}:sum"), sum),
        (format!("type:{doc_type}:page_type"), page.of_type),
        (
            format!("field:{doc_type}:{}", FieldPath::parse(field).to_wildcard()),
            1.0,
        ),
    ];
    let evidence = record.evidence.iter().find(|e| e.field == *field);
    let says = |what: fn(&FieldEvidence) -> bool| evidence.is_some_and(what);
    let flags = [
        ("check:doubted", is_doubted),
        ("check:mismatch", page.mismatch && is_amount),
        ("check:confirmed", says(|e| !e.confirmed_by.is_empty())),
        (
            "check:contradicted",
            says(|e| !e.contradicted_by.is_empty()),
        ),
        ("seen:on_page", says(is_seen)),
        // That nobody else has it says something only where others were had.
        ("seen:not", page.seen > 0.0 && says(|e| !is_seen(e))),
    ];
    signals.extend(flags.map(|(name, is_set)| (name.to_owned(), flag(is_set))));
    Claim {
        field: field.clone(),
        kind,
        signals,
        is_doubted,
    }
}

/// ln(p / (1 - p)) of a probability given as its logarithm.
fn logit(log_probability: f32) -> f64 {
    let log = f64::from(log_probability).min(0.0);
    let other = (-log.exp_m1()).max(f64::MIN_POSITIVE).ln();
    (log - other).clamp(-MOST_LOGIT, MOST_LOGIT)
}

/// By the shape that the schema gives the value, so that a user's own type has
/// kinds too.
fn kind(doc_type: &DocType, field: &str, value: &Value) -> Kind {
    if value.is_null() {
        return Kind::Absent;
    }
    let path = FieldPath::parse(field);
    let property = path.property(&doc_type.schema).unwrap_or(&Value::Null);
    match (Format::of(property), path.leaf_in_list().is_some()) {
        (Some(format), true) if format.is_number() => Kind::LineAmount,
        (_, true) => Kind::LineText,
        (Some(format), false) if format.is_number() => Kind::Amount,
        (Some(Format::Date), false) => Kind::Date,
        (_, false) => {
            let length = property.get("maxLength").and_then(Value::as_u64);
            let is_short = length.is_some_and(|length| length <= IDENTIFIER_LENGTH);
            let has = |key| property.get(key).is_some();
            match has("format") || has("enum") || is_short {
                true => Kind::Identifier,
                false => Kind::Text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::documents::acceptance::policy::tests::{doc_type, record};

    fn signal(claim: &Claim, name: &str) -> Option<f64> {
        let named = |(known, _): &&(String, f64)| known == name;
        claim.signals.iter().find(named).map(|(_, value)| *value)
    }

    #[test]
    fn a_claim_has_the_kind_that_its_schema_gives_it() {
        let record = record(
            json!({"total": "1.00", "date": "2024-01-01", "currency": "EUR", "name": "Tea House", "number": "A1",
                "note": null, "items": [{"text": "tea", "amount": "1.00"}]}),
        );
        let found = claims(&doc_type(), &record);
        let kinds: Vec<_> = found.iter().map(|c| (c.field.as_str(), c.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("total", Kind::Amount),
                ("date", Kind::Date),
                ("currency", Kind::Identifier),
                ("name", Kind::Text),
                ("number", Kind::Identifier),
                ("note", Kind::Absent),
                ("items[0].text", Kind::LineText),
                ("items[0].amount", Kind::LineAmount),
            ]
        );
    }

    #[test]
    fn findings_speak_against_the_value_that_they_name_and_acceptance_not_at_all() {
        let mut record = record(json!({"total": "1.00", "name": "Tea"}));
        let doubt = |code, field| Finding::new(code, field, "x");
        record.findings = vec![
            doubt(FindingCode::SumMismatch, Some("total")),
            doubt(FindingCode::LowConfidence, Some("name")),
            doubt(FindingCode::PageFailed, None),
        ];
        let found = claims(&doc_type(), &record);
        assert!(found[0].is_doubted && !found[1].is_doubted);
        assert_eq!(signal(&found[0], "check:mismatch"), Some(1.0));
        assert_eq!(signal(&found[1], "check:mismatch"), Some(0.0));
        assert!((signal(&found[1], "page_doubts").unwrap() - 2f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn who_else_saw_a_value_is_a_signal() {
        let mut record = record(json!({"total": "1.00", "name": "Tea"}));
        let mut seen = FieldEvidence::model_only("total");
        seen.class = EvidenceClass::TextLayer;
        seen.confirmed_by = vec!["sum".into()];
        record.evidence = vec![seen, FieldEvidence::model_only("name")];
        let found = claims(&doc_type(), &record);
        let both = |name| [0, 1].map(|at| signal(&found[at], name).unwrap());
        assert_eq!(both("seen:on_page"), [1.0, 0.0]);
        assert_eq!(both("seen:not"), [0.0, 1.0]);
        assert_eq!(both("check:confirmed"), [1.0, 0.0]);
        assert_eq!(both("page_seen"), [0.5, 0.5]);
    }

    #[test]
    fn logits_of_certainty_and_of_nothing_are_bounded() {
        assert_eq!(logit(0.0), MOST_LOGIT);
        assert_eq!(logit(-1e9), -MOST_LOGIT);
        assert!(logit(0.5f32.ln()).abs() < 1e-6);
    }
}
