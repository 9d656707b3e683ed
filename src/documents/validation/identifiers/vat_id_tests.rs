use proptest::prelude::*;

use super::*;

fn is_right(text: &str) -> bool {
    matches!(vat_id(text).1, IdentifierCheck::Valid { .. })
}

/// Numbers that public documents give as examples, or that bodies of the
/// states themselves print.
const RIGHT: [&str; 40] = [
    "ATU13585627",
    "BE0411905847",
    "BG175074752",
    "BG7523169263",
    "CHE-100.155.212 MWST",
    "CY10259033P",
    "CZ25123891",
    "CZ7103192745",
    "DE136695976",
    "DE 812 871 812",
    "DK13585628",
    "EE100931558",
    "EL094259216",
    "ES54362315K",
    "ESX2482300W",
    "ESB58378431",
    "FI20774740",
    "FR40303265045",
    "FRK7399859412",
    "GB980780684",
    "GBGD001",
    "HR33392005961",
    "HU12892312",
    "IE6433435F",
    "IE6433435OA",
    "IE8D79739I",
    "IT00743110157",
    "LT119511515",
    "LT100001919017",
    "LU15027442",
    "LV40003521600",
    "MT11679112",
    "NL004495445B01",
    "NO995525828MVA",
    "PL8567346215",
    "PT501964843",
    "RO18547290",
    "SE123456789701",
    "SI50223054",
    "SK2022749619",
];

#[test]
fn valid_numbers_of_every_country_are_accepted_and_a_misread_digit_is_invalid() {
    for text in RIGHT {
        assert!(is_right(text), "{text}: {:?}", vat_id(text));
        // Another last digit, or the one before a last letter.
        let at = text.rfind(|c: char| c.is_ascii_digit()).unwrap();
        let digit = text.as_bytes()[at];
        let other = (b'0' + (digit - b'0' + 1) % 10) as char;
        let wrong = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        // Of a Dutch number the last two digits count a company's units.
        let unprovable = ["GBGD001", "NL004495445B01"].contains(&text);
        assert_eq!(is_right(&wrong), unprovable, "{wrong}");
    }
}

#[test]
fn an_invalid_number_says_why() {
    let (plain, outcome) = vat_id("de 12345");
    assert_eq!(plain, "DE12345");
    let expected = "VAT IDs that begin so are DE and 9 digits".to_owned();
    assert_eq!(
        outcome,
        IdentifierCheck::Invalid(FindingCode::VatIdForm, expected)
    );
    assert!(matches!(
        vat_id("DE123456789").1,
        IdentifierCheck::Invalid(FindingCode::VatIdCheckDigit, _)
    ));
    // An Indian GSTIN, an Italian number without its country.
    for text in ["06AABCO6063D1ZQ", "00743110157", ""] {
        assert!(
            matches!(vat_id(text).1, IdentifierCheck::Unchecked(_)),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn nothing_panics(prefix in 0..FORMS.len(), rest in "\\PC{0,14}") {
        vat_id(&rest);
        vat_id(&format!("{}{rest}", FORMS[prefix].prefix));
    }

    #[test]
    fn numbers_of_any_length_are_judged_without_panic(prefix in 0..FORMS.len(), rest in "[0-9A-Z+*]{0,13}") {
        vat_id(&format!("{}{rest}", FORMS[prefix].prefix));
    }

    #[test]
    fn one_in_ten_german_numbers_has_the_right_check_digit(body in 10_000_000u32..100_000_000) {
        let right = (0..10).filter(|check| is_right(&format!("DE{body}{check}"))).count();
        prop_assert_eq!(right, 1);
    }
}
