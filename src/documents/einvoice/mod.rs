//! Electronic invoices are read, not guessed: UN/CEFACT CII (Factur-X, ZUGFeRD,
//! XRechnung) and UBL 2.1 (Peppol, XRechnung) become an [`EInvoice`].
//!
//! Pure: no I/O, and the same bytes give the same invoice.

mod categories;
mod cii;
mod codes;
mod complete;
mod fields;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod obstacles;
mod rates;
mod ubl;
mod ubl_writer;
mod values;
mod xml;

pub use complete::country_of;
pub use fields::{fields, from_fields};
pub use xml::MAX_BYTES;

use crate::domain::{EInvoice, Failure, Line, Syntax};
use xml::Vocabulary;

/// Changes whenever the same XML gives other values, or other findings: results
/// made by an older version are made again. 2: every UBL CreditNote is told.
pub const VERSION: u32 = 2;

const VOCABULARY: Vocabulary = Vocabulary {
    is_root: |namespace, name| syntax(namespace, name).is_some(),
    knows: is_known,
};

const UBL: &str = "urn:oasis:names:specification:ubl:schema:xsd:";
const UNCEFACT: &str = "urn:un:unece:uncefact:data:standard:";
const FERD: &str = "urn:ferd:CrossIndustryDocument:invoice:1p0";
/// The root's namespace in ZUGFeRD 1's drafts; what is in it has none.
const DRAFT: &str = "urn:un:unece:uncefact:data:standard:CBFBUY:5";

fn syntax(namespace: &str, name: &str) -> Option<Syntax> {
    match (namespace, name) {
        (DRAFT, "Invoice") | (FERD, "CrossIndustryDocument") => Some(Syntax::Zugferd1),
        (_, "CrossIndustryInvoice") if namespace.starts_with(UNCEFACT) => Some(Syntax::Cii),
        (_, "Invoice") if namespace == format!("{UBL}Invoice-2") => Some(Syntax::UblInvoice),
        (_, "CreditNote") if namespace == format!("{UBL}CreditNote-2") => {
            Some(Syntax::UblCreditNote)
        }
        _ => None,
    }
}

/// Extensions and signatures have namespaces of their own, and names that may
/// be the same.
fn is_known(namespace: &str) -> bool {
    let of_ubl = |part: &str| {
        [
            "Invoice-2",
            "CreditNote-2",
            "CommonAggregateComponents-2",
            "CommonBasicComponents-2",
        ]
        .contains(&part)
    };
    namespace.is_empty()
        || namespace == FERD
        || namespace.starts_with(UNCEFACT)
        || namespace.strip_prefix(UBL).is_some_and(of_ubl)
}

/// Reads an electronic invoice. XML of another kind is `unsupported_type`, a
/// broken file `corrupt`, one beyond the bounds `too_large`; a value that is
/// not what it should be is absent and told in [`EInvoice::problems`].
pub fn parse(bytes: &[u8]) -> Result<EInvoice, Failure> {
    let document = xml::parse(bytes, &VOCABULARY)?;
    Ok(match syntax(&document.namespace, &document.root.name) {
        Some(syntax @ (Syntax::UblInvoice | Syntax::UblCreditNote)) => {
            ubl::invoice(&document.root, syntax)
        }
        Some(syntax) => cii::invoice(&document.root, syntax),
        None => unreachable!("the root was checked while it was parsed"),
    })
}

/// The invoice as a UBL 2.1 file of EN 16931: an Invoice, or a CreditNote with
/// positive amounts. What follows from other terms is filled in; where a term
/// that EN 16931 wants is still missing, or sums do not agree, each is told.
pub fn to_ubl(mut invoice: EInvoice) -> Result<String, Vec<String>> {
    complete::complete(&mut invoice);
    let obstacles = obstacles::obstacles(&invoice);
    if obstacles.is_empty() {
        Ok(ubl_writer::write(&invoice))
    } else {
        Err(obstacles)
    }
}

/// The same for what [`from_fields`] made of a record, whose lines have no VAT
/// rate: the one rate that they all may have is told first.
pub fn fields_to_ubl(mut invoice: EInvoice) -> Result<String, Vec<String>> {
    let untold = fields::tell_rate(&mut invoice).err();
    let written = to_ubl(invoice);
    let Some(untold) = untold else {
        return written;
    };
    let mut obstacles = written.err().unwrap_or_default();
    // One cause is told once, not for the lines again.
    obstacles.retain(|told| !told.contains("BT-151") && !told.contains("BT-152"));
    obstacles.push(untold);
    Err(obstacles)
}

/// ZUGFeRD has lines of text alone between those with amounts.
fn is_line(line: &Line) -> bool {
    line.name.is_some() || line.net.is_some() || line.quantity.is_some()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod write_tests;
