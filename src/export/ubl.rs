//! Invoices as UBL 2.1 files of EN 16931.

use crate::domain::Source;
use crate::einvoice;
use crate::store::{Store, StoredRecord};

/// The type that becomes an invoice of EN 16931.
const INVOICE: &str = "invoice";

/// What became of a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Ubl {
    /// The file's text.
    Written(String),
    /// EN 16931 wants what the record does not hold, each told by its name.
    Refused(Vec<String>),
    /// A receipt, for example.
    NoInvoice,
}

/// The record as a UBL file: from the XML that it came with where there was
/// one, else from its fields. `buyer_country` (ISO 3166-1) holds where the
/// record does not tell one.
pub async fn ubl(
    store: &Store,
    stored: &StoredRecord,
    buyer_country: Option<&str>,
) -> anyhow::Result<Ubl> {
    let record = &stored.record;
    if record.doc_type.as_deref() != Some(INVOICE) {
        return Ok(Ubl::NoInvoice);
    }
    let file = match record.source {
        Source::EmbeddedXml => store.einvoice(stored.document_id).await?,
        Source::Model => None,
    };
    let mut untold = None;
    let mut invoice = match file {
        Some(file) => match einvoice::parse(&file.bytes) {
            Ok(invoice) => invoice,
            Err(failure) => return Ok(Ubl::Refused(vec![failure.message])),
        },
        None => {
            let mut invoice = einvoice::from_fields(&record.fields);
            untold = einvoice::tell_rate(&mut invoice).err();
            invoice
        }
    };
    let country = &mut invoice.buyer.address.country;
    if country.is_none() && invoice.buyer.vat_id.is_none() {
        *country = buyer_country.map(str::to_owned);
    }
    Ok(match (einvoice::to_ubl(invoice), untold) {
        (Ok(text), None) => Ubl::Written(text),
        (Ok(_), Some(untold)) => Ubl::Refused(vec![untold]),
        // One cause is told once, not for the lines again.
        (Err(mut obstacles), untold) => {
            if let Some(untold) = untold {
                obstacles.retain(|told| !told.contains("BT-151") && !told.contains("BT-152"));
                obstacles.push(untold);
            }
            Ubl::Refused(obstacles)
        }
    })
}
