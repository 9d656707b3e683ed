//! Calibration from judged documents.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::judged::JudgedDocument;
use crate::documents::acceptance::{
    self, CalibrationData, DocumentValues, ERROR_RATES, FITTED, LabelledPrediction,
    TypeCalibration, percent, reliability,
};
use crate::domain::count;
use crate::domain::time::now_rfc3339;

/// Fewest documents (groups of near-copies) for a calibration.
const FEWEST: usize = 20;

/// Near-copies of one document.
type CopyGroup<'a> = Vec<&'a JudgedDocument>;

/// Groups for fitting and groups for certification. The hash of the group's
/// name decides, so that the split is arbitrary but stable.
fn split<'a>(documents: &[&'a JudgedDocument]) -> (Vec<CopyGroup<'a>>, Vec<CopyGroup<'a>>) {
    let mut groups: BTreeMap<[u8; 32], CopyGroup> = BTreeMap::new();
    for document in documents {
        let key = *blake3::hash(document.group.as_bytes()).as_bytes();
        groups.entry(key).or_default().push(document);
    }
    let mut fit: Vec<CopyGroup> = groups.into_values().collect();
    let certify = fit.split_off((fit.len() as f64 * FITTED).round() as usize);
    (fit, certify)
}

/// A calibration of each type from documents that one reader read; an error for
/// a type of which there are too few. `confidence`: 0.5 to 1.
pub fn calibrate(
    documents: &[JudgedDocument],
    confidence: f64,
) -> BTreeMap<String, anyhow::Result<TypeCalibration>> {
    let mut by_type: BTreeMap<&str, Vec<&JudgedDocument>> = BTreeMap::new();
    // E-invoices and documents that could not be read say nothing about the reader.
    for document in documents.iter().filter(|d| has_prediction(d)) {
        by_type
            .entry(&document.doc_type)
            .or_default()
            .push(document);
    }
    let made = by_type.into_iter().map(|(doc_type, documents)| {
        let made = calibrate_type(doc_type, &documents, confidence);
        (doc_type.to_owned(), made)
    });
    made.collect()
}

fn calibrate_type(
    doc_type: &str,
    documents: &[&JudgedDocument],
    confidence: f64,
) -> anyhow::Result<TypeCalibration> {
    let (fit, certify) = split(documents);
    let (fitted, certified) = (fit.len(), certify.len());
    let (fit, certify) = (known(&fit), known(&certify));
    let needed = |rate| acceptance::total_required(acceptance::fewest(rate, confidence));
    ensure!(
        fitted + certified >= FEWEST,
        "{} of type {doc_type} (near-copies count as one): too few to calibrate with. {FEWEST} are the least; \
         about {} certify an error rate of {}, {} one of {}, if nothing is wrong",
        count((fitted + certified) as u64, "document"),
        needed(ERROR_RATES[0]),
        percent(ERROR_RATES[0]),
        needed(ERROR_RATES[ERROR_RATES.len() - 1]),
        percent(ERROR_RATES[ERROR_RATES.len() - 1]),
    );
    let (scorer, out_of_fold) = acceptance::learn(&fit);
    let probabilities: Vec<f64> = certify
        .iter()
        .map(|k| scorer.probability(&k.prediction))
        .collect();
    let choose = deciding_values(&fit, &out_of_fold, fitted);
    let test = deciding_values(&certify, &probabilities, certified);
    let certificates =
        ERROR_RATES.map(|rate| acceptance::certify(&choose, &test, rate, confidence));
    let pairs = |p: &[f64]| -> Vec<(f64, bool)> {
        let values = certify
            .iter()
            .zip(p)
            .filter(|(k, _)| !k.prediction.is_absent());
        values.map(|(k, p)| (*p, k.right)).collect()
    };
    let own: Vec<f64> = certify.iter().map(|k| k.own).collect();
    Ok(TypeCalibration {
        created: now_rfc3339(),
        docmill: env!("CARGO_PKG_VERSION").to_owned(),
        data: CalibrationData {
            fitted: fitted as u64,
            certified: certified as u64,
            predictions: (fit.len() + certify.len()) as u64,
        },
        confidence,
        certificates: certificates.into(),
        before: reliability(&pairs(&own)),
        after: reliability(&pairs(&probabilities)),
        scorer,
    })
}

fn has_prediction(document: &JudgedDocument) -> bool {
    let mut fields = document.fields.iter();
    fields.any(|leaf| leaf.prediction.is_some() && leaf.confidence.is_some())
}

/// Every prediction whose truth is known; a document is a group of near-copies.
fn known(groups: &[CopyGroup]) -> Vec<LabelledPrediction> {
    let mut all = Vec::new();
    for (document, group) in groups.iter().enumerate() {
        for leaf in group.iter().flat_map(|one| &one.fields) {
            // What was not read at all predicts nothing.
            if let (Some(prediction), Some(own)) = (&leaf.prediction, leaf.confidence) {
                all.push(LabelledPrediction {
                    prediction: prediction.clone(),
                    own,
                    right: leaf.outcome.is_right(),
                    document,
                });
            }
        }
    }
    all
}

/// By document, the values that decide on acceptance: neither nulls nor what a
/// check contradicts nor supporting fields.
fn deciding_values(
    predictions: &[LabelledPrediction],
    probabilities: &[f64],
    count: usize,
) -> Vec<DocumentValues> {
    let mut values = vec![DocumentValues::new(); count];
    for (known, probability) in predictions.iter().zip(probabilities) {
        let prediction = &known.prediction;
        if !prediction.is_absent() && !prediction.is_flagged && !prediction.is_supporting {
            values[known.document].push((*probability, known.right));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::judge::judge;
    use super::super::judge::tests::{case, seen};
    use super::super::judged::ValueOutcome;
    use super::*;
    use crate::documents::acceptance::{
        Prediction, PredictionKind, ScoredPrediction, example_features,
    };
    use crate::store::DocumentWork;

    /// `number` documents with one value each, right where the model is sure.
    fn documents(number: usize) -> Vec<JudgedDocument> {
        let document = |i: usize| {
            let sure = !i.is_multiple_of(3);
            let value = if sure { "1" } else { "2" };
            let mut record = seen(1, json!({"a": value}));
            let confidence = if sure { 0.9 } else { 0.6 };
            record.scored = vec![ScoredPrediction {
                prediction: Prediction {
                    field: "a".into(),
                    kind: PredictionKind::Amount,
                    features: example_features(PredictionKind::Text, confidence),
                    is_flagged: false,
                    is_supporting: false,
                    ocr_confidence: None,
                },
                confidence,
                probability: None,
                accepted: false,
            }];
            let mut case = case(json!({"a": "1"}));
            (case.name, case.group) = (format!("{i}"), format!("{}", i / 2));
            judge(&case, &[record], DocumentWork::default())
        };
        (0..number).map(document).collect()
    }

    fn made(documents: &[JudgedDocument]) -> BTreeMap<String, TypeCalibration> {
        let made = calibrate(documents, 0.9).into_iter();
        made.map(|(name, made)| (name, made.unwrap())).collect()
    }

    #[test]
    fn near_copies_stay_together_and_no_document_is_in_both_parts() {
        let all = documents(100);
        let (fit, certify) = split(&all.iter().collect::<Vec<_>>());
        assert_eq!((fit.len(), certify.len()), (15, 35));
        let mut names: Vec<&str> = fit
            .iter()
            .chain(&certify)
            .flat_map(|group| group.iter().map(|d| d.name.as_str()))
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 100);
        assert!(fit.iter().chain(&certify).all(|group| group.len() == 2));
    }

    #[test]
    fn a_type_of_which_nothing_was_read_by_the_model_is_not_calibrated() {
        let mut all = documents(100);
        for document in &mut all[..50] {
            document.doc_type = "other".into();
            document
                .fields
                .iter_mut()
                .for_each(|leaf| leaf.prediction = None);
        }
        let made = made(&all);
        let names: Vec<&String> = made.keys().collect();
        assert_eq!(names, [&all[50].doc_type]);
        let data = &made[&all[50].doc_type].data;
        assert_eq!(data.fitted + data.certified, 25);
    }

    #[test]
    fn each_type_is_certified_by_itself() {
        let mut all = documents(600);
        for (index, document) in all.iter_mut().enumerate() {
            document.doc_type = ["receipt", "invoice"][index / 300].into();
            if index >= 300 {
                let leaves = document.fields.iter_mut();
                leaves.for_each(|leaf| leaf.outcome = ValueOutcome::Wrong);
            }
        }
        let made = made(&all);
        let threshold = |name: &str| made[name].certificates[3].threshold;
        assert!(threshold("receipt").is_some(), "{:#?}", made["receipt"]);
        assert_eq!(threshold("invoice"), None);
    }

    #[test]
    fn confident_values_are_separated_and_certified_if_there_are_enough() {
        let made = made(&documents(400));
        let made = made.into_values().next().unwrap();
        assert_eq!((made.data.fitted, made.data.certified), (60, 140));
        assert!(made.after.ece < 0.05 && made.after.ece < made.before.ece);
        let threshold = |rate: f64| {
            let mut all = made.certificates.iter();
            all.find(|c| c.max_error == rate).unwrap().threshold
        };
        assert_eq!(threshold(0.005), None, "140 documents are too few");
        assert!(threshold(0.02).is_some(), "{:#?}", made.certificates);
    }

    #[test]
    fn too_few_documents_are_an_error_with_the_number_that_is_needed() {
        let mut found = calibrate(&documents(30), 0.9).into_values();
        let error = found.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("658"), "{error}");
    }
}
