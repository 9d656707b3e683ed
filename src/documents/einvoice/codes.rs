//! Code lists of EN 16931; a validator rejects other codes.

use crate::domain::EInvoice;

/// Type codes (BT-3, UNTDID 1001) of a UBL Invoice: BR-CL-01 of CEN's
/// validation artefacts 1.3.16, without 81, a credit note (`is_credit_note`).
const INVOICES: [&str; 49] = [
    "71", "80", "82", "84", "102", "130", "202", "203", "204", "211", "218", "219", "295", "325",
    "326", "331", "380", "382", "383", "384", "385", "386", "387", "388", "389", "390", "393",
    "394", "395", "456", "457", "471", "472", "473", "500", "501", "527", "553", "575", "623",
    "633", "751", "780", "817", "870", "875", "876", "877", "935",
];

/// VAT categories (UNCL 5305): BR-CL-17, BR-CL-18.
const CATEGORIES: [&str; 10] = ["S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B"];

/// Whether the type code (BT-3) is in the list of the UBL document that the invoice is
/// written as.
pub fn has_type_code(invoice: &EInvoice) -> bool {
    let code = invoice.type_code.as_deref().unwrap_or_default();
    match invoice.is_credit_note() {
        true => invoice.has_credit_code(),
        false => INVOICES.contains(&code),
    }
}

/// Whether ISO 3166-1 has this alpha-2 code (BR-CL-14).
pub fn is_country(code: &str) -> bool {
    // The crate has a country without a code.
    !code.is_empty() && code.parse::<iso_country::Country>().is_ok()
}

/// Whether this has the form of a unit code of UN/ECE Recommendation 20 or 21
/// (BR-CL-23). The lists have more than two thousand codes and are not compared.
pub fn is_unit(code: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (2..=3).contains(&code.len()) && code.bytes().all(fits)
}

pub fn is_category(code: &str) -> bool {
    CATEGORIES.contains(&code)
}
