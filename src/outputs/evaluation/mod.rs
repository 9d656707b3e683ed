//! Compares what docmill reads with the known values of documents.

mod accepted;
mod baseline;
mod calibration;
mod cases;
mod causes;
mod compare;
mod html;
mod judge;
mod judged;
mod junit;
mod plots;
mod report;
mod truth;

pub use accepted::{Acceptance, AcceptedCounts, RateOutcome, RateThresholds};
pub use baseline::{Baseline, BaselineChanges, ValueChange};
pub use calibration::calibrate;
pub use cases::{Cases, write_cases};
pub use causes::ErrorCounts;
pub use html::{EvaluationInfo, page};
pub use judge::{CandidateRecord, judge};
pub use judged::{DocumentProblem, ErrorCause, JudgedDocument, JudgedValue, ValueOutcome};
pub use junit::write as write_junit;
pub use report::{Effort, EvaluationReport, FieldScores, TypeScores};
pub use truth::{KnownDocument, load};
