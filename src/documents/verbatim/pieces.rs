//! The pieces of a page that may be copied.

use std::collections::BTreeSet;

use crate::documents::values;

/// The pieces of a page, by form of value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    pub dates: BTreeSet<String>,
    pub numbers: BTreeSet<String>,
    /// The numbers without percentages.
    pub amounts: BTreeSet<String>,
    pub currencies: BTreeSet<String>,
    pub ibans: BTreeSet<String>,
    pub bics: BTreeSet<String>,
    pub vat_ids: BTreeSet<String>,
    /// The texts from which words are copied, one run of words each.
    pub runs: Vec<String>,
}

impl Pieces {
    /// The pieces of some lines of a page, and of complete columns.
    pub fn of(lines: &[String], columns: &[String]) -> Pieces {
        let values = values::pieces(lines);
        let mut pieces = Pieces {
            dates: values.dates,
            numbers: values.numbers,
            amounts: values.amounts,
            currencies: values.currencies,
            runs: runs(lines, columns),
            ..Pieces::default()
        };
        for line in lines {
            let mut national = BTreeSet::new();
            let mut has_vat_id = false;
            for words in windows(line) {
                let code = compact(words);
                if is_iban(&code) {
                    pieces.ibans.insert(words.to_owned());
                }
                if is_bic(&code) {
                    pieces.bics.insert(words.to_owned());
                }
                if is_vat_id(&code) {
                    has_vat_id = true;
                    pieces.vat_ids.insert(words.to_owned());
                } else if is_tax_number(&code) {
                    national.insert(words.to_owned());
                }
            }
            if !has_vat_id && names_tax(line) {
                pieces.vat_ids.extend(national);
            }
        }
        pieces
    }
}

/// All lines joined by single spaces, then each column.
fn runs(lines: &[String], columns: &[String]) -> Vec<String> {
    let words: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .collect();
    let mut runs = Vec::new();
    if !words.is_empty() {
        runs.push(words.join(" "));
    }
    runs.extend(columns.iter().cloned());
    runs
}

/// Most words of a printed IBAN: 34 characters in groups of four.
const MAX_WORDS: usize = 9;

/// Runs of neighbouring words of a line; a colon ends a word, as in
/// `IBAN:DE12`.
fn windows(line: &str) -> Vec<&str> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        let is_inside = !c.is_whitespace() && !matches!(c, ':' | ',' | ';' | '(' | ')' | '|');
        match (start, is_inside) {
            (None, true) => start = Some(at),
            (Some(first), false) => {
                words.push((first, at));
                start = None;
            }
            _ => {}
        }
    }
    let mut runs = Vec::new();
    for (index, (first, _)) in words.iter().enumerate() {
        for (_, end) in words[index..].iter().take(MAX_WORDS) {
            runs.push(&line[*first..*end]);
        }
    }
    runs
}

fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/'))
        .flat_map(char::to_uppercase)
        .collect()
}

fn is_code(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether the text has the form of an IBAN. Check digits are checked later, since an IBAN with
/// a misread digit may be copied too.
fn is_iban(code: &str) -> bool {
    (15..=34).contains(&code.len())
        && is_code(code)
        && code[..2].bytes().all(|b| b.is_ascii_uppercase())
        && code[2..4].bytes().all(|b| b.is_ascii_digit())
        && digits(code) >= 10
}

fn is_bic(code: &str) -> bool {
    matches!(code.len(), 8 | 11)
        && is_code(code)
        && code[..6].bytes().all(|b| b.is_ascii_uppercase())
}

/// Country prefixes of the VAT identification numbers of the EU (VIES), of
/// Great Britain and Northern Ireland, Switzerland and Norway.
const VAT_PREFIXES: [&str; 32] = [
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "GB", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "XI", "GR",
];

/// Most letters of a VAT identifier after its country's prefix: `NL123456789B01`,
/// `IE1234567WA`, `CHE123456789`.
const MAX_LETTERS: usize = 3;

fn is_vat_id(code: &str) -> bool {
    (9..=16).contains(&code.len())
        && is_code(code)
        && VAT_PREFIXES.contains(&&code[..2])
        && digits(code) >= 7
        && code.len() - 2 - digits(code) <= MAX_LETTERS
}

/// Beginnings of the words that name a tax number: English, German, French,
/// Spanish, Italian, Dutch, Polish, Nordic, Malay, Indian and Australian usage.
const TAX_NAMES: [&str; 19] = [
    "VAT", "TAX", "GST", "SST", "ABN", "TIN", "UST", "MWST", "UID", "TVA", "IVA", "PIVA", "NIF",
    "CIF", "BTW", "NIP", "MVA", "MOMS", "CUKAI",
];

fn names_tax(line: &str) -> bool {
    let line = line.to_uppercase();
    line.split(|c: char| !c.is_alphanumeric())
        .any(|word| TAX_NAMES.iter().any(|name| word.starts_with(name)))
}

/// Whether the text has the form of a national tax number, which has no country's
/// prefix: `000306020352`, `GST329234163`, `06AABCO6063D1ZQ`.
fn is_tax_number(code: &str) -> bool {
    (8..=16).contains(&code.len()) && is_code(code) && digits(code) >= 7
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Pieces {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        Pieces::of(&lines, &[])
    }

    #[test]
    fn identifiers_are_found_by_their_form_whatever_stands_beside_them() {
        let pieces = of(&[
            "IBAN:DE12 5001 0517 0648 4898 90  BIC INGDDEFFXXX",
            "USt-IdNr. DE 123 456 789, Steuernr. 21/815/08150",
            "Roller 813478621",
        ]);
        assert!(pieces.ibans.contains("DE12 5001 0517 0648 4898 90"));
        assert!(pieces.bics.contains("INGDDEFFXXX"));
        assert!(pieces.vat_ids.contains("DE 123 456 789"));
        assert!(!pieces.vat_ids.iter().any(|id| id.contains("815")));
        assert!(!pieces.vat_ids.contains("Roller 813478621"));
    }

    #[test]
    fn a_number_without_a_countrys_prefix_is_a_tax_number_where_the_line_says_so() {
        let pieces = of(&[
            "P.IVA: 02345678901   Tel. 0612345678",
            "GST ID : 000306020352",
            "Account 0648489890",
        ]);
        assert!(pieces.vat_ids.contains("02345678901"));
        assert!(pieces.vat_ids.contains("000306020352"));
        assert!(!pieces.vat_ids.contains("0648489890"));
    }

    #[test]
    fn text_runs_over_lines_and_within_columns() {
        let columns = ["Kunde AG Weg 3".to_owned()];
        let lines = ["Kunde AG   Nr. 1".to_owned(), "Weg 3  Datum".to_owned()];
        let pieces = Pieces::of(&lines, &columns);
        assert_eq!(
            pieces.runs,
            ["Kunde AG Nr. 1 Weg 3 Datum", "Kunde AG Weg 3"]
        );
        assert!(of(&[]).runs.is_empty());
    }
}
