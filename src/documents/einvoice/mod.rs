//! E-invoices: UN/CEFACT CII (Factur-X, ZUGFeRD, XRechnung) and UBL 2.1
//! (Peppol, XRechnung) become an [`EInvoice`], and an [`EInvoice`] becomes UBL.
//!
//! No I/O; the same bytes give the same invoice.

mod attached;
mod cii;
mod codes;
mod derive;
mod fields;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod kinds;
mod notices;
mod parse;
mod payment;
mod shared;
mod ubl;
mod ubl_writer;
mod values;
mod violation;
mod violations;
mod xml;

pub use attached::{Chosen, choose};
pub use derive::{countries_of, country_of};
pub use fields::{fields, from_fields};
pub use notices::notices;
pub use parse::parse;
pub use violation::Violation;
pub use xml::MAX_BYTES;

use crate::domain::EInvoice;

/// Increases when the same XML gives other values or findings: results of an older
/// version are made again. 4: base quantities that repeat the price.
pub const VERSION: u32 = 4;

/// The invoice as a UBL 2.1 file of EN 16931: an Invoice, or a CreditNote with
/// positive amounts. Terms that follow from others are filled in. `Err` with every
/// violation where a required term is still missing, or sums do not agree.
pub fn to_ubl(mut invoice: EInvoice) -> Result<String, Vec<Violation>> {
    derive::fill_in(&mut invoice);
    let violations = violations::violations(&invoice);
    if violations.is_empty() {
        Ok(ubl_writer::write(&invoice))
    } else {
        Err(violations)
    }
}

/// [`to_ubl`] for an invoice of [`from_fields`], whose lines have no VAT rate: the rate
/// is inferred from the totals first.
pub fn fields_to_ubl(mut invoice: EInvoice) -> Result<String, Vec<Violation>> {
    let Err(no_rate) = derive::infer_vat_rate(&mut invoice) else {
        return to_ubl(invoice);
    };
    let mut violations = to_ubl(invoice).err().unwrap_or_default();
    // The lines lack category and rate for the same reason.
    violations.retain(|violation| !["BT-151", "BT-152"].contains(&violation.term));
    violations.push(no_rate);
    Err(violations)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod write_tests;
