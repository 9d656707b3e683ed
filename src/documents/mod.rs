//! Rules and formats of documents, without any engine.
//!
//! [`types`] are the document types, [`prompt`] makes the reader's question
//! from one, [`page_text`] lays out the words that the reader is given and
//! [`verbatim`] makes the grammar of answers that copy them, [`einvoice`] parses and writes e-invoices,
//! [`quality`] measures what a page looks like,
//! [`values`] reads the numbers, dates and currencies of any text,
//! [`validation`] turns answers into checked records, and [`acceptance`]
//! decides which records need no review.

pub mod acceptance;
pub mod einvoice;
pub mod page_text;
pub mod prompt;
pub mod quality;
pub mod types;
pub mod validation;
pub mod values;
mod vat_rates;
pub mod verbatim;
