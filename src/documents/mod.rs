//! What docmill knows about documents, without any engine.
//!
//! [`types`] are the document types, [`prompt`] makes the reader's question
//! from one, [`einvoice`] parses and writes electronic invoices,
//! [`validation`] turns answers into checked records, and [`acceptance`]
//! decides which records need no review.

pub mod acceptance;
pub mod einvoice;
pub mod prompt;
pub mod types;
pub mod validation;
