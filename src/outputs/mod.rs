//! Outputs from stored records: [`export`]ed rows, bills for [`accounts`],
//! the [`report`] of a run, the [`evaluation`] against known values, and
//! [`duplicates`] side by side, and a contact sheet of the [`quality`] of pages.

pub mod accounts;
pub mod duplicates;
pub mod evaluation;
pub mod export;
pub mod gallery;
mod markup;
pub mod quality;
pub mod report;
mod source_file;
pub mod thumbnail;
pub mod words;

pub use source_file::source_file;
