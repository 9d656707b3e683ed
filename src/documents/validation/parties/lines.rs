//! What a line of an address says.

use crate::documents::validation::evidence::fold;

/// Most words of a line of an address.
const MAX_WORDS: usize = 8;

/// Words before a name that are not part of it: forms of address, `to`.
const SALUTATIONS: [&str; 16] = [
    "herr", "herrn", "frau", "firma", "fa", "an", "to", "attn", "mr", "mrs", "ms", "messrs",
    "monsieur", "madame", "spettle", "egregio",
];

/// Beginnings of words that tell how a seller is reached, paid or registered.
const CONTACTS: [&str; 20] = [
    "tel",
    "fon",
    "phone",
    "telefon",
    "fax",
    "mobile",
    "mobil",
    "email",
    "mail",
    "www",
    "http",
    "iban",
    "bic",
    "swift",
    "kontonr",
    "rcs",
    "siret",
    "siren",
    "hrb",
    "registered",
];

/// Whom a letter is for, instead of a name.
const OFFICES: [&str; 8] = [
    "themanager",
    "accountspayable",
    "accounting",
    "accountsdepartment",
    "buchhaltung",
    "rechnungswesen",
    "comptabilite",
    "address",
];

/// Words of a document's title, which stands over addresses.
const TITLES: [&str; 12] = [
    "invoice",
    "invoices",
    "rechnung",
    "rechnungen",
    "facture",
    "factura",
    "fattura",
    "factuur",
    "invois",
    "faktura",
    "tax",
    "receipt",
];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '●' | '•' | '·' | '|'))
        .filter(|word| !word.is_empty())
}

/// Letters and digits, folded.
fn plain(text: &str) -> String {
    fold(text).into_iter().collect()
}

fn letters(word: &str) -> usize {
    word.chars().filter(|c| c.is_alphabetic()).count()
}

fn digits(word: &str) -> usize {
    word.chars().filter(char::is_ascii_digit).count()
}

fn has_word(text: &str) -> bool {
    words(text).any(|word| letters(word) >= 3 && digits(word) == 0)
}

/// A person at the address (`Contact: Ann Smith`), by the words before the colon.
pub fn is_attention(text: &str) -> bool {
    const LABELS: [&str; 9] = [
        "contact",
        "attn",
        "attention",
        "zhd",
        "co",
        "alattentionde",
        "ansprechpartner",
        "tav",
        "alaatencionde",
    ];
    let label = text.split_once(':').map(|(label, _)| plain(label));
    label.is_some_and(|label| LABELS.contains(&label.as_str()))
}

fn is_short(text: &str) -> bool {
    words(text).count() <= MAX_WORDS && !text.contains(':')
}

/// `12`, `12a`, `12-14`, `12/3`.
fn is_house_number(word: &str) -> bool {
    let starts = word.chars().next().is_some_and(|c| c.is_ascii_digit());
    starts && digits(word) <= 4 && letters(word) <= 1 && word.chars().count() <= 7
}

/// A street with a house number.
pub fn is_street(text: &str) -> bool {
    is_short(text) && has_word(text) && words(text).any(is_house_number)
}

/// A postcode with a place: five or six digits, four before the place, each with or
/// without a country (`D-88802`), or a British one.
pub fn is_postal(text: &str) -> bool {
    let digits_of = |word: &str| {
        let code = match word.split_once('-') {
            Some((country, code)) if country.len() <= 2 && digits(country) == 0 => code,
            _ => word,
        };
        match digits(code) == code.len() {
            true => code.len(),
            false => 0,
        }
    };
    let all: Vec<&str> = words(text).collect();
    let is_british = |pair: &[&str]| {
        let [outward, inward] = pair else {
            return false;
        };
        (2..=4).contains(&outward.len())
            && letters(outward) >= 1
            && digits(outward) >= 1
            && inward.len() == 3
            && digits(inward) == 1
            && letters(inward) == 2
    };
    let is_country = |word: &&&str| word.len() <= 2 && letters(word) == word.len();
    let first = all.iter().find(|word| !is_country(word));
    let is_code = first.is_some_and(|word| digits_of(word) == 4)
        || all.iter().any(|word| matches!(digits_of(word), 5 | 6));
    is_short(text) && has_word(text) && (is_code || all.windows(2).any(is_british))
}

/// How the party is reached, paid or registered.
pub fn is_contact(text: &str) -> bool {
    text.contains('@')
        || text.split(|c: char| !c.is_alphanumeric()).any(|word| {
            let word = plain(word);
            CONTACTS.contains(&word.as_str())
        })
}

fn is_title(text: &str) -> bool {
    words(text).any(|word| {
        let word = plain(word);
        TITLES.contains(&word.as_str())
            || word.ends_with("rechnung")
            || word.ends_with("rechnungen")
    })
}

/// Whether a party may be named so: words that are no line of an address, no title and
/// no form of address.
pub fn is_name(text: &str) -> bool {
    is_short(text)
        && letters(text) >= 3
        && letters(text) > digits(text)
        && !is_street(text)
        && !is_postal(text)
        && !is_contact(text)
        && !is_title(text)
        && !OFFICES.contains(&plain(text).as_str())
        && !words(text).all(|word| {
            let word = plain(word);
            SALUTATIONS.contains(&word.as_str())
        })
}

/// Whether a line is one of the labels (`Bill to`), or begins with one and a colon
/// (`Bill to: Smith`). `Käufer/Leistungsempfänger` is either.
pub fn has_label(text: &str, labels: &[String]) -> bool {
    let head = text.split(':').next().unwrap_or(text);
    head.split('/').any(|part| {
        let part = fold(part);
        labels.iter().any(|label| fold(label) == part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_addresses_are_told_from_names() {
        for street in [
            "Kundenstraße 15",
            "Ecke 12",
            "4-78 avenue Descamps",
            "163 Kicloun Lane",
        ] {
            assert!(is_street(street) && !is_name(street), "{street}");
        }
        for place in [
            "88802 Spielkreis",
            "D-69876 Frankfurt",
            "London SW1A 2AA",
            "1234 AB Utrecht",
        ] {
            assert!(is_postal(place) && !is_name(place), "{place}");
        }
        for contact in [
            "Tel. 51055673",
            "info@localhost.local",
            "RCS Paris B 755306376",
            "IBAN DE88 2008",
        ] {
            assert!(is_contact(contact) && !is_name(contact), "{contact}");
        }
        for name in [
            "Kunden AG Mitte",
            "Theodor Est",
            "Boos Supermarket LLC",
            "Herr Hans Muster",
        ] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "Herrn",
            "471102",
            "Rechnung: 12",
            "To",
            "Tax Invoice",
            "Handelsrechnung 471102",
        ] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn a_label_is_a_line_of_its_own_or_ends_with_a_colon() {
        let labels = ["bill to".to_owned(), "Käufer".to_owned()];
        for line in [
            "Bill To",
            "BILL TO: Smith & Sons",
            "Kaufer",
            "Käufer/Leistungsempfänger:",
        ] {
            assert!(has_label(line, &labels), "{line}");
        }
        assert!(!has_label("Bill to Smith", &labels));
    }
}
