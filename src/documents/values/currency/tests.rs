use super::*;

#[rustfmt::skip]
const FORMS: &[(&str, &str)] = &[
    ("€", "EUR"), ("eur", "EUR"), ("EUR", "EUR"), ("Eur.", "EUR"), ("Euro", "EUR"), ("euros", "EUR"), ("ευρώ", "EUR"), ("RM", "MYR"), ("rm", "MYR"), ("MYR", "MYR"), ("Ringgit", "MYR"), ("US$", "USD"), ("US Dollars", "USD"), ("usd", "USD"),
    ("zł", "PLN"), ("zl", "PLN"), ("Kč", "CZK"), ("KC", "CZK"), ("Ft", "HUF"), ("лв", "BGN KGS"), ("лв.", "BGN KGS"), ("₺", "TRY"), ("TL", "TRY"), ("¥", "JPY CNY"), ("￥", "JPY CNY"), ("円", "JPY"), ("元", "CNY"), ("Dh", "AED MAD"), ("Rs.", "INR PKR LKR NPR MUR SCR"),
    ("₹", "INR"), ("kr", "SEK NOK DKK ISK"), ("kr.", "SEK NOK DKK ISK"), ("£", "GBP EGP SYP LBP SDG GIP FKP SHP SSP"), ("lei", "RON MDL"), ("CHF", "CHF"), ("Fr.", "CHF"), ("SFr.", "CHF"), ("S$", "SGD SBD WST"), ("A$", "AUD"), ("HK$", "HKD"), ("NT$", "TWD"), ("R$", "BRL"),
    ("R", "ZAR"), ("Rp", "IDR"), ("฿", "THB"), ("₫", "VND"), ("₩", "KRW KPW"), ("₪", "ILS"), ("₽", "RUB"), ("руб.", "RUB"), ("₴", "UAH"), ("₱", "PHP CUP"), ("S/", "PEN"), ("S/.", "PEN"), ("د.إ", "AED"), ("ر.س", "SAR"), ("(EUR)", "EUR"), ("EUR (€)", "EUR"), ("RM MYR", "MYR"),
    ("$ CAD", "CAD"), ("HRK", "HRK"), ("kn", "HRK"), ("BGN", "BGN"), ("₨", "INR PKR LKR NPR MUR SCR"), ("﷼", "SAR QAR OMR YER IRR"), ("kronor", "SEK ISK"), ("Swiss francs", "CHF"), ("₦", "NGN"), ("GH₵", "GHS"), ("KSh", "KES"), ("XAF", "XAF"), ("XOF", "XOF"), ("XCD", "XCD"), ("XPF", "XPF"),
];

#[test]
fn forms_are_their_currencies() {
    let mut wrong = Vec::new();
    for (text, expected) in FORMS {
        let read = parse(text);
        let codes: Vec<_> = read
            .iter()
            .flat_map(|c| c.all())
            .map(|c| c.code())
            .collect();
        if codes.join(" ") != *expected {
            wrong.push(format!("{text}: {read:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_that_is_not_a_currency_is_refused_with_the_reason() {
    for (text, expected) in [
        ("", CurrencyError::Empty),
        ("XXX", CurrencyError::NoMoney(Currency::XXX)),
        ("XTS", CurrencyError::NoMoney(Currency::XTS)),
        ("XAU", CurrencyError::NoMoney(Currency::XAU)),
        ("CLF", CurrencyError::Fund(Currency::CLF)),
        ("DM", CurrencyError::Former("DM".into())),
        ("QQQ", CurrencyError::Unknown("QQQ".into())),
        ("12", CurrencyError::Unknown("12".into())),
        ("EUR USD", CurrencyError::Unknown("EUR USD".into())),
    ] {
        assert_eq!(parse(text), Err(expected), "{text}");
    }
}

#[test]
fn a_legal_form_is_not_a_currency() {
    for text in ["Kedai Kopi Sdn Bhd", "KEDAI KOPI SDN BHD", "ABC SDN. BHD."] {
        assert_eq!(scan(text), [], "{text}");
    }
    assert_eq!(scan("Total BHD 1.250").len(), 1);
}

#[test]
fn every_form_is_known_by_some_code() {
    for (codes, forms) in FORMS_TABLE {
        for code in codes.split_whitespace() {
            assert!(Currency::from_code(code).is_some(), "{code} of {forms}");
        }
    }
}

use super::forms::FORMS as FORMS_TABLE;
