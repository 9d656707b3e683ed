//! Compares documents to find a debt that would be paid twice.
//!
//! A match is not a proof. The same bill (supplier, number, currency, amount) is blocked;
//! every other match is held until a person decides that it is another payment.

use unicode_normalization::UnicodeNormalization;

use super::hold::HoldCode;
use crate::domain::PaymentKey;

/// Most days between an invoice (issue or due date) and a receipt or payment of it, and
/// between the dates on one invoice.
const DAYS: i32 = 10;

/// Legal forms at the end of a company's name, which documents may omit.
#[rustfmt::skip]
const LEGAL_FORMS: [&str; 42] = [
    "AB", "AG", "APS", "AS", "BHD", "BV", "BVBA", "CO", "CORP", "EG", "EK", "EURL", "GBR", "GMBH", "INC", "KFT", "KG", "LIMITED",
    "LLC", "LLP", "LTD", "MBH", "NV", "OHG", "OOD", "OY", "PLC", "PTY", "SA", "SARL", "SAS", "SDN", "SE", "SL", "SLU", "SPA",
    "SPOLKA", "SRL", "SRO", "UG", "VOF", "ZOO",
];

/// Characters that OCR confuses, beside those that [`number_key`] makes equal.
const LOOK_ALIKE: [(char, char); 6] = [
    ('5', 'S'),
    ('8', 'B'),
    ('2', 'Z'),
    ('6', 'G'),
    ('0', 'D'),
    ('0', 'Q'),
];

/// Why two documents may state one debt; `None`: they do not.
pub fn compare(new: &PaymentKey, other: &PaymentKey) -> Option<HoldCode> {
    // A credit note does not pay an invoice of the same amount twice.
    if new.gross.is_sign_negative() != other.gross.is_sign_negative() {
        return None;
    }
    let same_amount = new.currency == other.currency && new.gross == other.gross;
    if new.paper != other.paper {
        let paid = same_amount && are_near(new, other) && may_be_same_supplier(new, other);
        return paid.then_some(HoldCode::PaidAlready);
    }
    if !is_same_supplier(new, other) {
        return None;
    }
    let numbers = new.number.as_deref().zip(other.number.as_deref());
    match numbers {
        Some((a, b)) if a == b && same_amount => Some(HoldCode::SameBill),
        Some((a, b)) if a == b => Some(HoldCode::OtherAmount),
        _ if !same_amount => None,
        _ if is_number_unsure(new, other) && may_be_one_date(new, other) => {
            Some(HoldCode::UnsureNumber)
        }
        _ if new.date == other.date => Some(HoldCode::OtherNumber),
        Some((a, b)) if look_alike(a, b) => Some(HoldCode::LookAlike),
        _ => None,
    }
}

fn is_same_supplier(a: &PaymentKey, b: &PaymentKey) -> bool {
    let same_id = a.vat_id.is_some() && a.vat_id == b.vat_id;
    same_id || !a.supplier.is_empty() && a.supplier == b.supplier
}

/// Whether the suppliers may be the same: a payment may name a company differently from its
/// invoice, or not at all.
fn may_be_same_supplier(a: &PaymentKey, b: &PaymentKey) -> bool {
    let shared = |word: &String| word.chars().count() > 2 && b.supplier.contains(word);
    is_same_supplier(a, b)
        || a.supplier.is_empty()
        || b.supplier.is_empty()
        || a.supplier.iter().any(shared)
}

/// Whether the numbers do not tell two invoices apart. (Receipts have none.)
fn is_number_unsure(a: &PaymentKey, b: &PaymentKey) -> bool {
    a.is_number_unsure || b.is_number_unsure
}

/// Whether two invoices may be of one date. Equal bills of consecutive months are not, unless
/// a date was not read for sure; a due date may be read for the date.
fn may_be_one_date(a: &PaymentKey, b: &PaymentKey) -> bool {
    let is_due = a.due_date == Some(b.date) || b.due_date == Some(a.date);
    let days = (a.date - b.date).get_days().abs();
    a.is_date_unsure || b.is_date_unsure || is_due || days <= DAYS
}

fn are_near(a: &PaymentKey, b: &PaymentKey) -> bool {
    let dates = |key: &PaymentKey| [Some(key.date), key.due_date].into_iter().flatten();
    dates(a).any(|of_a| dates(b).any(|of_b| (of_a - of_b).get_days().abs() <= DAYS))
}

/// Whether two numbers differ only in one character that looks alike.
fn look_alike(a: &str, b: &str) -> bool {
    if a.chars().count() != b.chars().count() {
        return false;
    }
    let mut differing = a.chars().zip(b.chars()).filter(|(a, b)| a != b);
    let (first, second) = (differing.next(), differing.next());
    match (first, second) {
        (Some((a, b)), None) => LOOK_ALIKE.contains(&(a, b)) || LOOK_ALIKE.contains(&(b, a)),
        _ => false,
    }
}

/// Letters and digits in upper case.
pub fn letters_and_digits(text: &str) -> String {
    let letters = text.nfkd().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

/// An invoice number without punctuation and leading zeros, with digits for the
/// letters that look like them. For comparison only.
pub fn number_key(number: &str) -> String {
    let digit = |c: char| match c {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let key: String = letters_and_digits(number).chars().map(digit).collect();
    key.trim_start_matches('0').to_owned()
}

/// The words of a name in upper case, without the legal form at its end.
pub fn supplier_words(name: &str) -> Vec<String> {
    // `S.A.S.` is one word.
    let name = name.replace('.', "");
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .map(letters_and_digits)
        .filter(|word| !word.is_empty())
        .collect();
    let form = |word: &String| LEGAL_FORMS.contains(&word.as_str());
    let end = words
        .iter()
        .rposition(|word| !form(word))
        .map_or(words.len(), |last| last + 1);
    words[..end].to_vec()
}

#[cfg(test)]
#[path = "double_payment_tests.rs"]
mod tests;
