//! What validation needs beside the pages.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::{EInvoice, Fields};

/// Settings and knowledge of one document.
#[derive(Clone, Debug)]
pub struct Context {
    /// Fields of each type that the reader does not support.
    pub unsupported_fields: BTreeMap<String, Vec<String>>,
    /// The document's electronic invoice, where its values are the record's.
    pub einvoice: Option<EmbeddedInvoice>,
    /// Warnings from opening the document.
    pub document_warnings: Vec<String>,
    /// Dates after it are in the future.
    pub today: Date,
}

/// The electronic invoice that a document carries or is.
#[derive(Clone, Debug)]
pub struct EmbeddedInvoice {
    /// Name of the type whose record it makes.
    pub doc_type: String,
    /// Its values by field name, some of which the type may not have.
    pub fields: Fields,
    pub invoice: EInvoice,
}
