//! What must hold for any XML: see [`crate::fuzzing`].

use super::{fields, parse, to_ubl};

/// A parsed invoice has a list of lines; written as UBL and parsed again it has the
/// same number and totals.
pub fn einvoice(bytes: &[u8]) {
    let Ok(invoice) = parse(bytes) else { return };
    let stated = fields(&invoice);
    assert!(stated["line_items"].is_array());
    let is_credit_note = invoice.is_credit_note();
    let Ok(xml) = to_ubl(invoice) else { return };
    let written = parse(xml.as_bytes()).expect("what docmill writes it reads");
    let written = fields(&written);
    assert_eq!(written["issue_date"], stated["issue_date"]);
    // The signs of a credit note are reversed.
    if !is_credit_note && !stated["gross_total"].is_null() {
        let digits = |value: &serde_json::Value| {
            value
                .as_str()
                .unwrap_or_default()
                .trim_start_matches('-')
                .to_owned()
        };
        assert_eq!(
            digits(&written["gross_total"]),
            digits(&stated["gross_total"])
        );
    }
}
