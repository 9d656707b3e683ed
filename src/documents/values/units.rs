//! Units of quantities.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::chars::fold;

/// The standard spelling of a unit: `pc` for `Stück`, `pcs`, `st.`; `None` for other text.
pub fn unit(text: &str) -> Option<&'static str> {
    UNITS.get(key(text).as_str()).copied()
}

fn key(text: &str) -> String {
    fold(text.trim()).replace('.', "")
}

/// Length in bytes of the unit at the start of a text.
pub(super) fn match_unit(text: &str) -> Option<usize> {
    const MOST: usize = 16;
    let first = text.chars().next()?;
    let end = if first == '×' {
        first.len_utf8()
    } else {
        let is_part = |c: char| c.is_alphabetic() || matches!(c, '²' | '³') || is_mark(c);
        text.char_indices()
            .find(|(at, c)| *at > MOST * 4 || !is_part(*c))
            .map_or(text.len(), |(at, _)| at)
    };
    let word = &text[..end];
    // `KM` is the Bosnian mark; single capitals (`12.50 T`) are codes of taxes.
    let is_code = word.len() == 1
        && word
            .bytes()
            .all(|b| b.is_ascii_uppercase() && !matches!(b, b'L' | b'X'));
    if word == "KM" || is_code || !UNITS.contains_key(key(word).as_str()) {
        return None;
    }
    let point = usize::from(text[end..].starts_with('.'));
    let goes_on = text[end + point..]
        .chars()
        .next()
        .is_some_and(char::is_alphanumeric);
    // `2x4` is a product.
    (!text[end..].starts_with(|c: char| c.is_ascii_digit()) || first == '×').then_some(
        if point == 1 && goes_on {
            end
        } else {
            end + point
        },
    )
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Units by their spellings, folded and without points.
static UNITS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut units = HashMap::new();
    for (unit, forms) in FORMS {
        for form in forms.split_whitespace() {
            units.insert(form, *unit);
        }
        units.insert(unit, *unit);
    }
    units
});

/// Units of receipts and invoices (UN/ECE Recommendation 20 lists their codes), and their
/// spellings.
#[rustfmt::skip]
const FORMS: &[(&str, &str)] = &[
    ("x", "× ✕"),
    ("pc", "pcs pce pces piece pieces stk stck stuck stueck st ea each u un und unit units uds pz pza pezzi pieza piezas piece szt sztuk sztuki ks kusy kus db darab buc kpl kom kos gab vnt tk adet buah biji unid unite unites nos ud τεμ бр шт"),
    ("set", "sets satz"),
    ("pair", "pairs paar pr"),
    ("box", "boxes karton kart ctn"),
    ("pack", "packs pkt pck pk pkg packung pack"),
    ("bottle", "btl bottles fl flasche flaschen"),
    ("can", "cans dose dosen"),
    ("kg", "kgs kilo kilos kilogram kilograms kilogramm кг"),
    ("g", "gr gram grams gramm grammes г"),
    ("mg", ""),
    ("t", "ton tons tonne tonnes"),
    ("lb", "lbs"),
    ("oz", ""),
    ("l", "ltr liter litre liters litres lt л"),
    ("ml", "мл"),
    ("cl", ""),
    ("dl", ""),
    ("hl", ""),
    ("m", "mtr meter metre meters metres lfm lm"),
    ("mm", ""),
    ("cm", ""),
    ("km", "kms"),
    ("m2", "qm sqm"),
    ("m3", "cbm"),
    ("ft2", "sqft"),
    ("h", "hr hrs hour hours std stunde stunden heure heures hod godz"),
    ("min", "mins minute minutes minuten"),
    ("day", "days tag tage jour jours dag dagar dager"),
    ("week", "weeks woche wochen"),
    ("month", "months monat monate mois mnd"),
    ("year", "years jahr jahre"),
    ("kwh", ""),
    ("mwh", ""),
    ("kw", ""),
    ("gb", ""),
    ("mb", ""),
    ("cent", "cents ct cts c p pence"),
];
