//! What is made from stored records: [`export`]ed rows, the [`report`] of a run,
//! and the [`evaluation`] against known values.

pub mod evaluation;
pub mod export;
mod markup;
pub mod report;
pub mod words;
