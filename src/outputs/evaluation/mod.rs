//! How well docmill reads documents whose values are known, and which of them
//! it would have accepted.

mod accepted;
mod baseline;
mod calibration;
mod causes;
mod compare;
mod html;
mod judge;
mod junit;
mod plots;
mod report;
mod truth;

pub use accepted::{Acceptance, Accepted, Rate};
pub use baseline::{Baseline, Change, Changes};
pub use calibration::calibrate;
pub use causes::{Cause, Causes, Trouble};
pub use html::{About, page};
pub use judge::{Document, Leaf, Outcome, Seen, Work, judge};
pub use junit::write as write_junit;
pub use report::{Effort, Field, Report, Table};
pub use truth::{Case, load};
