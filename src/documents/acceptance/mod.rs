//! Which values to believe: probabilities that mean what they say, and from
//! which one on a value is accepted.
//!
//! A model's own probability is a signal, not a promise. [`claims`] puts it
//! together with what the checks found; a [`Scorer`], learned from documents
//! whose values are known, makes of it the probability that the value is right;
//! [`certify`] finds the threshold whose error rate holds with a guarantee;
//! [`Policy`] accepts by it. docs/evaluation.md says all this in plain words.
//!
//! Pure, except for finding and writing the file of a [`Calibration`].

mod certify;
mod claims;
mod curves;
mod file;
mod fit;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod logistic;
mod policy;

pub use certify::{At, Certificate, FITTED, Unit, at, certify, fewest, in_all, p_value};
pub use claims::{Claim, Kind, claims};
pub use curves::{BINS, Bin, Reliability, RiskPoint, aurc, isotonic, reliability, risk_coverage};
pub use file::{Calibration, Data, FOLDER, Folders, OFF, Reader, file_name};
pub use fit::{Column, Known, Scorer, learn};
pub use policy::{Policy, Verdict, percent, status};

/// Error rates for which a threshold is looked for: `max_error` may then be
/// changed without calibrating again.
pub const ERROR_RATES: [f64; 5] = [0.005, 0.01, 0.02, 0.05, 0.1];
/// Probability with which a certified error rate holds.
pub const CONFIDENCE: f64 = 0.9;
