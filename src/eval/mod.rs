//! How well docmill reads documents whose values are known.

mod compare;
mod report;
mod truth;

pub use report::{Field, Report, Table};
pub use truth::{Case, load};
