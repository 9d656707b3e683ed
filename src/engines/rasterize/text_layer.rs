//! Judges whether a text layer has the text that the page shows.
//!
//! A font with a wrong character map draws "Rechnung" and gives "Sfdiovoh". No
//! dictionary has every name on an invoice, but languages in Latin letters share
//! most of their pairs of letters, and a wrong map changes the pairs.

/// The pairs of letters that 24 European languages written in Latin letters
/// use most (without accents): 62 to 82 % of the pairs in the messages of
/// GNU's programs in each of them, at least 66 % on 148 pages of invoices, and
/// at most 44 % of the same pages' with their letters exchanged.
const PAIRS: &str = "ab ac ad ag ai ak al am an ap ar as at av ba be bi ca ce ch ci co da de di do ec ed eg ei ek \
    el em en er es et fi ga ge gu ha he ia ic id ie ig ik il im in io ir is it iv ja je ka ke ki \
    ko ku la le li ll lo lu ma me mi mo na nd ne ng ni no ns nt nu oc od ol om on op or os ot ov \
    pa pe pi po pr ra re ri ro rs rt ru sa se si sk so ss st su ta te ti to tr tt tu ul um un ur \
    us ut va ve vi za";
/// Least share (0 to 1) of such pairs in readable text.
const LEAST: f64 = 0.55;
/// Fewest pairs for a judgement; with fewer the text counts as readable.
const ENOUGH: usize = 60;
/// Fewest characters for a judgement of the characters.
const ENOUGH_CHARACTERS: usize = 40;
/// One of so many characters may have no meaning, such as icons and bullets.
const VOID: usize = 20;

/// Whether the words can be those that a person reads on the page.
pub fn is_readable<'a>(words: impl Iterator<Item = &'a str> + Clone) -> bool {
    has_characters(words.clone()) && has_pairs(words)
}

/// Whether most characters are letters and digits, and few have no meaning.
fn has_characters<'a>(words: impl Iterator<Item = &'a str>) -> bool {
    let (mut all, mut plain, mut void) = (0usize, 0usize, 0usize);
    for c in words.flat_map(str::chars) {
        all += 1;
        plain += usize::from(c.is_alphanumeric());
        void += usize::from(is_void(c));
    }
    all < ENOUGH_CHARACTERS || (plain * 2 > all && void * VOID < all)
}

/// Whether it is for private use, not a character, or the replacement character.
fn is_void(c: char) -> bool {
    matches!(u32::from(c), 0xe000..=0xf8ff | 0xfff0..=0xffff | 0xf_0000..)
}

fn has_pairs<'a>(words: impl Iterator<Item = &'a str>) -> bool {
    let common: Vec<&[u8]> = PAIRS.split(' ').map(str::as_bytes).collect();
    let (mut all, mut known, mut letters, mut latin) = (0usize, 0usize, 0usize, 0usize);
    for word in words {
        let plain: Vec<u8> = word.chars().filter_map(plain_letter).collect();
        letters += word.chars().filter(|c| c.is_alphabetic()).count();
        latin += plain.len();
        // Short words and codes say nothing about the language.
        if plain.len() < 4 || word.chars().any(char::is_numeric) {
            continue;
        }
        let pairs = plain.windows(2);
        all += pairs.len();
        known += pairs.filter(|pair| common.contains(pair)).count();
    }
    let is_judged = all >= ENOUGH && latin * 2 > letters;
    !is_judged || known as f64 >= LEAST * all as f64
}

/// A letter of a to z without its accent.
fn plain_letter(c: char) -> Option<u8> {
    use unicode_normalization::UnicodeNormalization;
    let base = std::iter::once(c).nfd().next()?.to_ascii_lowercase();
    base.is_ascii_lowercase().then_some(base as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readable(text: &str) -> bool {
        is_readable(text.split_whitespace())
    }

    const TEXTS: [&str; 4] = [
        "Möbelwerk Hasenau GmbH Rechnungsnummer Rechnungsdatum Fällig am Bürostuhl Modell Schreibtisch \
         höhenverstellbar Nettobetrag Gesamtbetrag Zahlbar innerhalb von dreißig Tagen ohne Abzug",
        "Facture numéro date d'échéance désignation quantité prix unitaire montant hors taxes total à payer \
         conditions de règlement virement bancaire sous trente jours merci de votre confiance",
        "Invoice number invoice date description quantity unit price amount subtotal value added tax total \
         amount due please pay within thirty days by bank transfer thank you for your business",
        "Faktura numer data wystawienia termin płatności sprzedawca nabywca nazwa towaru lub usługi ilość cena \
         wartość netto stawka podatku kwota razem do zapłaty przelew na rachunek bankowy",
    ];

    #[test]
    fn text_is_readable_and_no_longer_once_its_letters_are_exchanged() {
        for text in TEXTS {
            assert!(readable(text), "{text}");
            for by in [1, 3, 7, 13] {
                let exchanged: String = text
                    .chars()
                    .map(|c| match c.to_ascii_lowercase() {
                        letter @ 'a'..='z' => ((letter as u8 - b'a' + by) % 26 + b'a') as char,
                        other => other,
                    })
                    .collect();
                assert!(!readable(&exchanged), "{exchanged}");
            }
        }
    }

    #[test]
    fn characters_that_stand_for_nothing_and_signs_alone_are_not_readable() {
        assert!(!readable(&"\u{e001}\u{e012}\u{fffd} ".repeat(20)));
        assert!(!readable(&"%&/() =?*+ ".repeat(20)));
    }

    #[test]
    fn short_texts_numbers_and_other_scripts_are_not_judged() {
        for text in [
            "WXQ ZZK",
            "4006381333931 12.50 3 37.50 DE89370400440532013000 XK-2231-QQ",
            "請求書 株式会社 合計金額 消費税 お支払期限 振込先 銀行 普通預金 口座番号 御請求額 品目 数量 単価 金額 小計",
            "Τιμολόγιο ημερομηνία έκδοσης περιγραφή ποσότητα τιμή μονάδας σύνολο πληρωτέο ποσό",
        ] {
            assert!(readable(text), "{text}");
        }
    }
}
