//! Acceptance: calibrated probabilities of values, and the threshold from which a
//! value is accepted.
//!
//! [`predictions`] collects the features of each value; a [`Scorer`], learned from
//! documents whose values are known, turns them into the probability that the
//! value is right; [`certify`] finds the threshold at which the error rate holds
//! with a guarantee; [`Policy::apply`] decides about a record. docs/evaluation.md
//! explains the method.
//!
//! No I/O, except for reading and writing the file of a [`Calibration`].

mod certify;
mod curves;
mod features;
mod file;
mod fit;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod logistic;
mod policy;
mod predictions;
#[cfg(test)]
mod test_data;
mod uncertain;

pub use certify::{
    Certificate, DocumentValues, FITTED, ThresholdResult, certify, evaluate_at, fewest,
    highest_share, p_value, total_required,
};
pub use curves::{BINS, Bin, Reliability, RiskPoint, aurc, isotonic, reliability, risk_coverage};
#[cfg(test)]
pub(crate) use features::example as example_features;
pub use features::{Feature, Features, PageFeatures, PredictionKind};
pub use file::{
    CalibratedReader, Calibration, CalibrationData, FOLDER, Folders, OFF, TypeCalibration,
    file_name,
};
pub use fit::{FeatureWeight, LabelledPrediction, Scorer, learn};
pub use policy::{Policy, ScoredPrediction, percent, rounded_down, status};
pub use predictions::{Prediction, predictions};
pub use uncertain::{confidence, uncertain, uncertain_finding};

/// Error rates (shares, 0 to 1) for which a threshold is tested, so that `max_error`
/// can be changed without a new calibration.
pub const ERROR_RATES: [f64; 5] = [0.005, 0.01, 0.02, 0.05, 0.1];
/// Default probability (0 to 1) with which a certified error rate holds.
pub const CONFIDENCE: f64 = 0.9;
