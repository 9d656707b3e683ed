//! The input of validation beside the pages.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::{EInvoice, Fields};

/// Settings, and facts about one document.
#[derive(Clone, Debug)]
pub struct Context {
    /// Fields of each type that the reader does not support.
    pub unsupported_fields: BTreeMap<String, Vec<String>>,
    /// The e-invoices whose values the records take, by part (from 0).
    pub einvoices: BTreeMap<u32, EmbeddedInvoice>,
    /// Warnings from opening the document.
    pub document_warnings: Vec<String>,
    /// Dates after it are in the future.
    pub today: Date,
}

/// The e-invoice of a document or part, attached or the document itself.
#[derive(Clone, Debug)]
pub struct EmbeddedInvoice {
    /// Name of the type whose record it makes.
    pub doc_type: String,
    /// Its values by field name, some of which the type may not have.
    pub fields: Fields,
    pub invoice: EInvoice,
}
