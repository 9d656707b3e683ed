//! What is made from stored records: [`export`]ed rows, a run's [`report`],
//! and the [`evaluation`] against known values.

pub mod evaluation;
pub mod export;
pub mod report;
