//! Bank accounts (ISO 13616) and banks (ISO 9362).

use iban::{Iban, ParseBaseIbanError, ParseIbanError};

use super::{IdentifierCheck, compact};
use crate::domain::FindingCode;

/// The IBAN without blanks, and the result of its check: length by country, and check
/// digits (ISO/IEC 7064, MOD 97-10).
pub fn iban(text: &str) -> (String, IdentifierCheck) {
    let plain = compact(text);
    let outcome = match plain.parse::<Iban>() {
        Ok(_) => IdentifierCheck::Valid {
            proof: Some("IBAN check digits"),
        },
        Err(ParseIbanError::InvalidBaseIban {
            source: ParseBaseIbanError::InvalidChecksum,
        }) => IdentifierCheck::Invalid(
            FindingCode::IbanCheckDigits,
            "its check digits do not fit: a character is wrong or missing".into(),
        ),
        Err(ParseIbanError::InvalidBaseIban { .. }) => IdentifierCheck::Invalid(
            FindingCode::IbanForm,
            "an IBAN is a country, two check digits and up to 30 letters and digits".into(),
        ),
        Err(ParseIbanError::InvalidBban(_)) => IdentifierCheck::Invalid(
            FindingCode::IbanForm,
            format!("IBANs of {} have another length or form", &plain[..2]),
        ),
        Err(ParseIbanError::UnknownCountry(_)) => IdentifierCheck::Invalid(
            FindingCode::IbanForm,
            format!("{} is not the code of a country with IBANs", &plain[..2]),
        ),
    };
    (plain, outcome)
}

/// The BIC without blanks, and the result of its check: a BIC has no check digit, so
/// only its form counts.
pub fn bic(text: &str) -> (String, IdentifierCheck) {
    let plain = compact(text);
    let letters = |range: std::ops::Range<usize>| {
        plain
            .get(range)
            .is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    let rest = plain
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let outcome = if matches!(plain.len(), 8 | 11) && rest && letters(0..6) {
        IdentifierCheck::Valid { proof: None }
    } else {
        let why = "a BIC is 4 letters for the bank, 2 for its country and 2 or 5 letters or digits";
        IdentifierCheck::Invalid(FindingCode::BicForm, why.into())
    };
    (plain, outcome)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ibans_are_accepted_with_and_without_spaces_and_wrong_ones_rejected() {
        let (plain, outcome) = iban("de89 3704 0044 0532 0130 00");
        assert_eq!(plain, "DE89370400440532013000");
        assert!(matches!(outcome, IdentifierCheck::Valid { proof: Some(_) }));
        for (text, code, why) in [
            (
                "DE89370400440532013001",
                FindingCode::IbanCheckDigits,
                "check digits",
            ),
            (
                "DE8937040044053201300",
                FindingCode::IbanCheckDigits,
                "missing",
            ),
            ("DE", FindingCode::IbanForm, "country"),
            ("", FindingCode::IbanForm, "country"),
            (
                "QQ11370400440532013000",
                FindingCode::IbanCheckDigits,
                "check digits",
            ),
        ] {
            let IdentifierCheck::Invalid(found, message) = iban(text).1 else {
                panic!("{text} is accepted");
            };
            assert_eq!(found, code, "{text}: {message}");
            assert!(message.contains(why), "{text}: {message}");
        }
    }

    #[test]
    fn bics_have_eight_or_eleven_characters() {
        for text in ["DEUTDEFF", "deut de ff 500", "NEDSZAJJXXX"] {
            assert!(
                matches!(bic(text).1, IdentifierCheck::Valid { .. }),
                "{text}"
            );
        }
        for text in ["DEUTDEF", "DEUT1EFF", "DEUTDEFF5", ""] {
            assert!(
                matches!(
                    bic(text).1,
                    IdentifierCheck::Invalid(FindingCode::BicForm, _)
                ),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_misread_digit_of_an_iban_is_always_found(bank in 0u64..100_000_000, account in 0u64..10_000_000_000, at in 4usize..22, by in 1u8..10) {
            let bban = format!("{bank:08}{account:010}");
            let number = format!("{bban}131400"); // DE00
            let rest = number.bytes().fold(0u64, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97);
            let right = format!("DE{:02}{bban}", 98 - rest);
            prop_assert!(matches!(iban(&right).1, IdentifierCheck::Valid { .. }), "{}", right);
            let mut wrong = right.into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert!(matches!(iban(&wrong).1, IdentifierCheck::Invalid(FindingCode::IbanCheckDigits, _)), "{}", wrong);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            iban(&text);
            bic(&text);
        }
    }
}
