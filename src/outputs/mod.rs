//! What is made from stored records: [`export`]ed rows, bills for [`accounts`],
//! the [`report`] of a run, and the [`evaluation`] against known values.

pub mod accounts;
pub mod evaluation;
pub mod export;
mod markup;
pub mod report;
pub mod words;
