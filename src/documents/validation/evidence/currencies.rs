//! How pages show currencies.

use super::text::{PageText, PageWord, Span};

/// Symbols and names that stand for a currency beside its code. A sign that
/// several use (`$`) counts for each: the code was read from somewhere else.
#[rustfmt::skip]
const FORMS: [(&str, &[&str]); 30] = [
    ("AED", &["DHS", "DH"]), ("AUD", &["$", "A$", "AU$"]), ("BRL", &["R$"]), ("CAD", &["$", "C$", "CA$"]),
    ("CHF", &["FR", "SFR", "FRANKEN"]), ("CNY", &["¥", "RMB"]), ("CZK", &["KČ"]), ("DKK", &["KR"]),
    ("EUR", &["€", "EURO", "EUROS"]), ("GBP", &["£", "POUND", "POUNDS"]), ("HKD", &["$", "HK$"]),
    ("HUF", &["FT"]), ("IDR", &["RP"]), ("ILS", &["₪"]), ("INR", &["₹", "RS"]), ("JPY", &["¥", "円"]),
    ("KRW", &["₩"]), ("MAD", &["DH", "DHS"]), ("MXN", &["$"]), ("MYR", &["RM", "RINGGIT"]), ("NOK", &["KR"]),
    ("NZD", &["$", "NZ$"]), ("PHP", &["₱"]), ("PLN", &["ZŁ"]), ("RON", &["LEI"]), ("SEK", &["KR"]),
    ("SGD", &["$", "S$"]), ("THB", &["฿", "BAHT"]), ("TRY", &["₺", "TL"]), ("USD", &["$", "US$", "DOLLARS"]),
];

/// Words that show the currency by its code, its symbol or its name.
pub fn find(text: &PageText, code: &str) -> Vec<Span> {
    let forms = FORMS
        .iter()
        .find(|(known, _)| *known == code)
        .map_or(&[][..], |(_, forms)| *forms);
    let shows = |word: &PageWord| {
        let upper = word.plain.to_uppercase();
        let mut runs = upper.split(|c: char| !c.is_alphabetic());
        let is_symbol = |form: &str| !form.chars().all(char::is_alphabetic);
        runs.any(|run| run == code || forms.contains(&run))
            || forms
                .iter()
                .any(|form| is_symbol(form) && upper.contains(form))
    };
    let words = text
        .words
        .iter()
        .enumerate()
        .filter(|(_, word)| shows(word));
    words
        .map(|(index, _)| Span {
            first: index,
            last: index,
        })
        .collect()
}
