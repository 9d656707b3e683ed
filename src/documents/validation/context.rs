//! What validation needs beside the pages.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::{EInvoice, Fields};

/// Settings and knowledge of one document.
#[derive(Clone, Debug)]
pub struct Context {
    /// Fields of each type that the reader does not support.
    pub unsupported_fields: BTreeMap<String, Vec<String>>,
    /// The electronic invoices of the document's parts, where their values are
    /// those of the parts' records.
    pub einvoices: BTreeMap<u32, EmbeddedInvoice>,
    /// Warnings from opening the document.
    pub document_warnings: Vec<String>,
    /// Dates after it are in the future.
    pub today: Date,
}

/// The electronic invoice that a document, or a part of it, carries or is.
#[derive(Clone, Debug)]
pub struct EmbeddedInvoice {
    /// Name of the type whose record it makes.
    pub doc_type: String,
    /// Its values by field name, some of which the type may not have.
    pub fields: Fields,
    pub invoice: EInvoice,
}
