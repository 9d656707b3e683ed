//! VAT identification numbers: their form in every EU member state, the United
//! Kingdom, Switzerland and Norway, and their check digits where the rule is
//! public.
//!
//! Sources: European Commission, "VAT identification numbers" (VIES FAQ,
//! question 11, structure by member state) and "Algorithms to check VAT
//! numbers" (DG TAXUD, as circulated by the member states); HM Revenue &
//! Customs, VAT registration numbers, modulus 97 and 9755; Swiss Federal
//! Statistical Office, UID; Brønnøysund Register Centre, organisation number.

use super::check_digits::{digits, luhn, mod_11_10, number, weighted};
use super::{IdentifierCheck, compact};
use crate::domain::FindingCode;

/// The identifier without blanks and marks, and the result of its check.
pub fn vat_id(text: &str) -> (String, IdentifierCheck) {
    let plain = compact(text);
    let Some(country) = FORMS.iter().find(|form| plain.starts_with(form.prefix)) else {
        let why = "docmill has no check for VAT IDs that begin so".to_owned();
        return (plain, IdentifierCheck::Unchecked(why));
    };
    let mut rest = &plain[country.prefix.len()..];
    for ending in country.endings {
        rest = rest.strip_suffix(ending).unwrap_or(rest);
    }
    let outcome = match (country.check)(rest) {
        Some(Proof::Fits) => IdentifierCheck::Valid {
            proof: Some("VAT ID check digit"),
        },
        Some(Proof::None) => IdentifierCheck::Valid { proof: None },
        Some(Proof::Fails) => IdentifierCheck::Invalid(
            FindingCode::VatIdCheckDigit,
            "its check digit does not fit: a character is wrong or missing".into(),
        ),
        None => {
            let why = format!(
                "VAT IDs that begin so are {} and {}",
                country.prefix, country.form
            );
            IdentifierCheck::Invalid(FindingCode::VatIdForm, why)
        }
    };
    (plain, outcome)
}

/// The result of the check digits of a number with the right form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Fits,
    Fails,
    /// Numbers of this kind have none, or the rule is not public.
    None,
}

fn proof(fits: bool) -> Option<Proof> {
    Some(if fits { Proof::Fits } else { Proof::Fails })
}

struct VatIdForm {
    prefix: &'static str,
    /// The form after the prefix, in words.
    form: &'static str,
    /// Texts that may follow the number and are not part of it.
    endings: &'static [&'static str],
    /// `None` when the form is wrong.
    check: fn(&str) -> Option<Proof>,
}

const fn form(
    prefix: &'static str,
    form: &'static str,
    check: fn(&str) -> Option<Proof>,
) -> VatIdForm {
    let endings = &[];
    VatIdForm {
        prefix,
        form,
        endings,
        check,
    }
}

const FORMS: [VatIdForm; 31] = [
    form("ATU", "8 digits", austria),
    form("BE", "10 digits, the first 0 or 1", belgium),
    form("BG", "9 or 10 digits", bulgaria),
    VatIdForm {
        prefix: "CHE",
        form: "9 digits",
        endings: &["MWST", "TVA", "IVA", "TPV", "VAT"],
        check: |rest| eleven(rest, &[5, 4, 3, 2, 7, 6, 5, 4]),
    },
    form("CY", "8 digits and a letter", cyprus),
    form("CZ", "8 to 10 digits", czechia),
    form("DE", "9 digits", germany),
    form("DK", "8 digits", |rest| {
        multiple(rest, &[2, 7, 6, 5, 4, 3, 2, 1], 11)
    }),
    form("EE", "9 digits", |rest| {
        multiple(rest, &[3, 7, 1, 3, 7, 1, 3, 7, 1], 10)
    }),
    form("EL", "9 digits", greece),
    form("ES", "9 letters or digits", spain),
    form("FI", "8 digits", |rest| {
        eleven(rest, &[7, 9, 10, 5, 8, 4, 2])
    }),
    form("FR", "2 letters or digits and 9 digits", france),
    form(
        "GB",
        "9 or 12 digits, GD or HA and 3 digits",
        united_kingdom,
    ),
    form("HR", "11 digits", croatia),
    form("HU", "8 digits", |rest| {
        multiple(rest, &[9, 7, 3, 1, 9, 7, 3, 1], 10)
    }),
    form("IE", "7 digits and 1 or 2 letters", ireland),
    form("IT", "11 digits", italy),
    form("LT", "9 or 12 digits", lithuania),
    form("LU", "8 digits", luxembourg),
    form("LV", "11 digits", latvia),
    form("MT", "8 digits", |rest| {
        multiple(rest, &[3, 4, 6, 7, 8, 9, 10, 1], 37)
    }),
    form("NL", "9 digits, B and 2 digits", netherlands),
    VatIdForm {
        prefix: "NO",
        form: "9 digits",
        endings: &["MVA"],
        check: |rest| eleven(rest, &[3, 2, 7, 6, 5, 4, 3, 2]),
    },
    form("PL", "10 digits", poland),
    form("PT", "9 digits", portugal),
    form("RO", "2 to 10 digits", romania),
    form("SE", "12 digits, the last two 01", sweden),
    form("SI", "8 digits", slovenia),
    form("SK", "10 digits", slovakia),
    form(
        "XI",
        "9 or 12 digits, GD or HA and 3 digits",
        united_kingdom,
    ),
];

fn exactly(text: &str, count: usize) -> Option<Vec<u32>> {
    digits(text).filter(|digits| digits.len() == count)
}

/// The sum's distance to the next multiple of 11; 11 for a multiple.
fn to_eleven(sum: u32) -> u32 {
    11 - sum % 11
}

/// Checks that the sum of the weighted digits is a multiple of `modulus`.
fn multiple(rest: &str, weights: &[u32], modulus: u32) -> Option<Proof> {
    let d = exactly(rest, weights.len())?;
    proof(weighted(&d, weights).is_multiple_of(modulus))
}

/// Checks that the last digit is the distance of the weighted sum of the others to the
/// next multiple of 11.
fn eleven(rest: &str, weights: &[u32]) -> Option<Proof> {
    let d = exactly(rest, weights.len() + 1)?;
    let (last, body) = d.split_last()?;
    proof(to_eleven(weighted(body, weights)) % 11 == *last)
}

fn austria(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 8)?;
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let sum = d[0] + doubled(d[1]) + d[2] + doubled(d[3]) + d[4] + doubled(d[5]) + d[6];
    proof((10 - (sum + 4) % 10) % 10 == d[7])
}

fn belgium(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 10).filter(|d| d[0] < 2)?;
    proof(97 - number(&d[..8]) % 97 == number(&d[8..]))
}

fn bulgaria(rest: &str) -> Option<Proof> {
    let d = digits(rest)?;
    match d.len() {
        9 => {
            let mut check = weighted(&d[..8], &[1, 2, 3, 4, 5, 6, 7, 8]) % 11;
            if check == 10 {
                check = weighted(&d[..8], &[3, 4, 5, 6, 7, 8, 9, 10]) % 11;
            }
            proof(check % 10 == d[8])
        }
        // Numbers of persons, of foreigners, of others.
        10 => {
            let person = weighted(&d[..9], &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
            let foreigner = weighted(&d[..9], &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
            let other = to_eleven(weighted(&d[..9], &[4, 3, 2, 7, 6, 5, 4, 3, 2])) % 11;
            proof([person, foreigner, other].contains(&d[9]))
        }
        _ => None,
    }
}

fn cyprus(rest: &str) -> Option<Proof> {
    const AT_ODD_PLACES: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let letter = rest.chars().last().filter(char::is_ascii_uppercase)?;
    let d = exactly(&rest[..rest.len() - 1], 8)?;
    let value = |(place, digit): (usize, &u32)| match place % 2 {
        0 => AT_ODD_PLACES[*digit as usize],
        _ => *digit,
    };
    let sum: u32 = d.iter().enumerate().map(value).sum();
    proof(sum % 26 == letter as u32 - 'A' as u32)
}

fn czechia(rest: &str) -> Option<Proof> {
    let d = digits(rest)?;
    match d.len() {
        8 => proof(to_eleven(weighted(&d[..7], &[8, 7, 6, 5, 4, 3, 2])) % 10 == d[7]),
        // Birth numbers of 9 digits have no check digit.
        9 => Some(Proof::None),
        10 => proof(number(&d[..9]) % 11 % 10 == u64::from(d[9])),
        _ => None,
    }
}

fn germany(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 9).filter(|d| d[0] > 0)?;
    proof(mod_11_10(&d))
}

fn greece(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 9)?;
    proof(weighted(&d[..8], &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == d[8])
}

fn spain(rest: &str) -> Option<Proof> {
    const OF_PERSONS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    const OF_COMPANIES: &[u8; 10] = b"JABCDEFGHI";
    let (first, last) = (*rest.as_bytes().first()?, *rest.as_bytes().last()?);
    if rest.len() != 9 {
        return None;
    }
    let middle = exactly(rest.get(1..8)?, 7)?;
    let person = |prefix: u64| OF_PERSONS[((prefix * 10_000_000 + number(&middle)) % 23) as usize];
    match first {
        b'0'..=b'9' => proof(person(u64::from(first - b'0')) == last),
        b'X' | b'Y' | b'Z' => proof(person(u64::from(first - b'X')) == last),
        b'K' | b'L' | b'M' => proof(person(0) == last),
        b'A'..=b'W' => {
            let mut all = middle;
            all.push(0);
            let check = (0..10).find(|&check| {
                all[7] = check;
                luhn(&all)
            })?;
            proof(last == b'0' + check as u8 || last == OF_COMPANIES[check as usize])
        }
        _ => None,
    }
}

fn france(rest: &str) -> Option<Proof> {
    // Without I and O, which look like digits.
    const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut characters = rest.chars();
    let mut next = || LETTERS.find(characters.next()?).map(|place| place as u64);
    let (first, second) = (next()?, next()?);
    let siren = exactly(characters.as_str(), 9)?;
    let (of_monaco, siren_number) = (siren[..3] == [0, 0, 0], number(&siren));
    if !of_monaco && !luhn(&siren) {
        return Some(Proof::Fails);
    }
    if first < 10 && second < 10 {
        return proof((siren_number * 100 + 12) % 97 == first * 10 + second);
    }
    let key = if first < 10 {
        (first * 24 + second).checked_sub(10)?
    } else {
        (first * 34 + second).checked_sub(100)?
    };
    proof((siren_number + 1 + key / 11) % 11 == key % 11)
}

fn united_kingdom(rest: &str) -> Option<Proof> {
    if let Some(department) = rest.strip_prefix("GD").or(rest.strip_prefix("HA")) {
        return exactly(department, 3).map(|_| Proof::None);
    }
    let d = digits(rest).filter(|d| d.len() == 9 || d.len() == 12)?;
    let sum = weighted(&d[..7], &[8, 7, 6, 5, 4, 3, 2]) + d[7] * 10 + d[8];
    proof(sum.is_multiple_of(97) || (sum + 55).is_multiple_of(97))
}

fn croatia(rest: &str) -> Option<Proof> {
    proof(mod_11_10(&exactly(rest, 11)?))
}

fn ireland(rest: &str) -> Option<Proof> {
    const CHECK: &[u8; 23] = b"WABCDEFGHIJKLMNOPQRSTUV";
    let bytes = rest.as_bytes();
    if !rest.is_ascii() || !matches!(bytes.len(), 8 | 9) || !bytes[0].is_ascii_digit() {
        return None;
    }
    let is_old = !bytes[1].is_ascii_digit();
    // Old numbers have a letter, + or * in the second place; the first digit then
    // counts as the last.
    let (body, second) = if is_old {
        if bytes.len() != 8 || !(bytes[1].is_ascii_uppercase() || b"+*".contains(&bytes[1])) {
            return None;
        }
        (format!("0{}{}", &rest[2..7], &rest[..1]), 0)
    } else {
        let second = match bytes.get(8) {
            None | Some(b'W') => 0,
            Some(letter @ b'A'..=b'I') => u32::from(letter - b'A') + 1,
            Some(_) => return None,
        };
        (rest[..7].to_owned(), second)
    };
    let d = exactly(&body, 7)?;
    let letter = bytes[7];
    if !letter.is_ascii_uppercase() {
        return None;
    }
    let sum = weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second;
    proof(CHECK[(sum % 23) as usize] == letter)
}

fn italy(rest: &str) -> Option<Proof> {
    proof(luhn(&exactly(rest, 11)?))
}

fn lithuania(rest: &str) -> Option<Proof> {
    let d = digits(rest)?;
    // The last but one digit of every number is 1.
    if !matches!(d.len(), 9 | 12) || d[d.len() - 2] != 1 {
        return None;
    }
    let body = &d[..d.len() - 1];
    let sum = |shift: u32| -> u32 {
        let weights = (0u32..).map(|place| 1 + (place + shift) % 9);
        body.iter()
            .zip(weights)
            .map(|(digit, weight)| digit * weight)
            .sum()
    };
    let mut check = sum(0) % 11;
    if check == 10 {
        check = sum(2) % 11;
    }
    proof(check % 10 == d[d.len() - 1])
}

fn luxembourg(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 8)?;
    proof(number(&d[..6]) % 89 == number(&d[6..]))
}

fn latvia(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 11)?;
    if d[0] > 3 {
        return proof(weighted(&d, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3);
    }
    // Persons: numbers issued since 2017 begin with 32 and have no check digit.
    if d[..2] == [3, 2] {
        return Some(Proof::None);
    }
    let check = (1 + weighted(&d[..10], &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10;
    proof(check == d[10])
}

fn netherlands(rest: &str) -> Option<Proof> {
    let (body, suffix) = rest.split_once('B')?;
    let (d, suffix) = (exactly(body, 9)?, exactly(suffix, 2)?);
    let of_company = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8];
    // Since 2020: ISO/IEC 7064, MOD 97-10, of the whole number, where the
    // letters NL and B are 23 21 and 11.
    let whole = (2321 * 1_000_000_000 + number(&d)) * 10_000 + 1100 + number(&suffix);
    proof(of_company || whole % 97 == 1)
}

fn poland(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 10)?;
    proof(weighted(&d[..9], &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9])
}

fn portugal(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 9).filter(|d| d[0] > 0)?;
    proof(to_eleven(weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2])) % 11 % 10 == d[8])
}

fn romania(rest: &str) -> Option<Proof> {
    let d = digits(rest).filter(|d| (2..=10).contains(&d.len()) && d[0] > 0)?;
    let mut body = vec![0; 10 - d.len()];
    body.extend(&d[..d.len() - 1]);
    proof(10 * weighted(&body, &[7, 5, 3, 2, 1, 7, 5, 3, 2]) % 11 % 10 == d[d.len() - 1])
}

fn sweden(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 12).filter(|d| d[10..] == [0, 1])?;
    proof(luhn(&d[..10]))
}

fn slovenia(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 8).filter(|d| d[0] > 0)?;
    let check = to_eleven(weighted(&d[..7], &[8, 7, 6, 5, 4, 3, 2]));
    proof(check < 11 && check % 10 == d[7])
}

fn slovakia(rest: &str) -> Option<Proof> {
    let d = exactly(rest, 10)?;
    proof(number(&d).is_multiple_of(11))
}

#[cfg(test)]
#[path = "vat_id_tests.rs"]
mod tests;
