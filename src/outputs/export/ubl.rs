//! Invoices as UBL 2.1 files of EN 16931.

use crate::documents::einvoice;
use crate::domain::{EInvoice, Source};
use crate::store::{Store, StoredRecord};

/// The type that becomes an invoice of EN 16931.
const INVOICE: &str = "invoice";

/// Result of writing a record as UBL.
#[derive(Debug, PartialEq, Eq)]
pub enum UblResult {
    /// The file's text.
    Written(String),
    /// What EN 16931 requires and the record does not have.
    Refused(Vec<String>),
    /// The record is not an invoice.
    NoInvoice,
}

/// The record as a UBL file: from its embedded XML if it has one, else from its
/// fields. `buyer_country` (ISO 3166-1) is used if the record does not state it.
pub async fn ubl(
    store: &Store,
    stored: &StoredRecord,
    buyer_country: Option<&str>,
) -> anyhow::Result<UblResult> {
    let record = &stored.record;
    if record.doc_type.as_deref() != Some(INVOICE) {
        return Ok(UblResult::NoInvoice);
    }
    let file = match record.source {
        Source::EmbeddedXml => super::einvoice_of(store, stored).await?,
        Source::Model => None,
    };
    let (mut invoice, is_stated) = match file {
        Some(file) => match einvoice::parse(&file.bytes) {
            Ok(invoice) => (invoice, true),
            Err(failure) => return Ok(UblResult::Refused(vec![failure.message])),
        },
        None => (einvoice::from_fields(&record.fields), false),
    };
    set_buyer_country(&mut invoice, buyer_country);
    let written = match is_stated {
        true => einvoice::to_ubl(invoice),
        false => einvoice::fields_to_ubl(invoice),
    };
    Ok(match written {
        Ok(text) => UblResult::Written(text),
        Err(violations) => UblResult::Refused(violations.iter().map(ToString::to_string).collect()),
    })
}

/// A VAT identifier such as `123456789` does not contain a country.
fn set_buyer_country(invoice: &mut EInvoice, country: Option<&str>) {
    if einvoice::country_of(&invoice.buyer).is_none() {
        invoice.buyer.address.country = country.map(str::to_owned);
    }
}

/// `F-2024-118-6f0c11d2-1.xml`: invoice number, start of the document's hash,
/// first page. Unlike a record's id these stay when the record is made again, so
/// that a second export replaces the file. `page`: an index from 0.
pub fn ubl_file_name(number: Option<&str>, blake3: &str, page: Option<u32>) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let number: String = number
        .unwrap_or_default()
        .chars()
        .map(|c| if fits(c) { c } else { '_' })
        .take(60)
        .collect();
    let document = &blake3[..blake3.len().min(8)];
    let page = page.map_or(1, |index| index + 1);
    match number.as_str() {
        "" => format!("{document}-{page}.xml"),
        number => format!("{number}-{document}-{page}.xml"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The buyer's country in the file that is written for a buyer with this
    /// VAT identifier.
    fn written(
        buyer_vat_id: &str,
        country: Option<&str>,
    ) -> Result<Option<String>, Vec<einvoice::Violation>> {
        let fields = json!({
            "invoice_number": "A-7", "issue_date": "2024-06-03", "due_date": "2024-06-17",
            "currency": "EUR", "seller_name": "Weber & Söhne", "seller_vat_id": "DE136695976",
            "buyer_name": "Kanzlei Sommer", "buyer_vat_id": buyer_vat_id, "line_items": [
                {"description": "Karten", "quantity": "4", "unit_price": "25.00", "line_total": "100.00"}],
            "net_total": "100.00", "tax_total": "19.00", "gross_total": "119.00"});
        let mut invoice = einvoice::from_fields(fields.as_object().unwrap());
        set_buyer_country(&mut invoice, country);
        let xml = einvoice::fields_to_ubl(invoice)?;
        let again = einvoice::parse(xml.as_bytes()).unwrap();
        Ok(again.buyer.address.country)
    }

    #[test]
    fn the_buyers_country_is_the_option_unless_the_invoice_states_one() {
        let country = |buyer_vat_id: &str| written(buyer_vat_id, Some("AT")).unwrap().unwrap();
        assert_eq!(country("123456789"), "AT");
        assert_eq!(country(""), "AT");
        assert_eq!(country("NL004495445B01"), "NL");
        let violations = written("123456789", None).unwrap_err();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].term, "BT-55");
    }
}
