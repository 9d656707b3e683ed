use rust_decimal::Decimal;

use super::*;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Spellings with one meaning, and the value.
#[rustfmt::skip]
const ONE: &[(&str, &str)] = &[
    // Plain.
    ("0", "0"), ("7", "7"), ("12", "12"), ("1234", "1234"), ("12.50", "12.50"), ("1234.5", "1234.5"), ("0.123", "0.123"),
    ("1234.567", "1234.567"), ("0,125", "0.125"), ("12,5", "12.5"), ("35,27", "35.27"), ("-12.50", "-12.50"), ("+12.50", "12.50"),
    ("007", "7"), ("0.00", "0"), ("1.2345", "1.2345"), ("1000000", "1000000"),
    // Leading point.
    (".99", "0.99"), ("$.99", "0.99"), ("-.99", "-0.99"), (",50", "0.50"), ("€ ,50", "0.50"), ("$ .05", "0.05"), ("-$.99", "-0.99"),
    ("(.99)", "-0.99"), (".5", "0.5"), ("USD .99", "0.99"),
    // No cents.
    ("45.-", "45.00"), ("45.–", "45.00"), ("45.—", "45.00"), ("45.−", "45.00"), ("45,-", "45.00"), ("45,–", "45.00"), ("45,--", "45.00"),
    ("45.--", "45.00"), ("45:-", "45.00"), ("45:–", "45.00"), ("kr 45:-", "45.00"), ("45:- kr", "45.00"), ("CHF 45.-", "45.00"), ("45,- €", "45.00"),
    ("€ 45,-", "45.00"), ("45,-€", "45.00"), ("1.234,-", "1234.00"), ("1'234.-", "1234.00"), ("1'234.–", "1234.00"), ("1 234:-", "1234.00"),
    ("1.234,--", "1234.00"), ("12.345,- EUR", "12345.00"), ("45,= ", "45.00"), ("-45.-", "-45.00"), ("Fr. 45.-", "45.00"), ("45.- CHF", "45.00"),
    ("1.234.-", "1234.00"), ("450,-kr", "450.00"), ("kr. 450,-", "450.00"), ("129,- Kč", "129.00"),
    // Minus, brackets, sides of an account.
    ("(45.00)", "-45.00"), ("45.00-", "-45.00"), ("−45.00", "-45.00"), ("–45.00", "-45.00"), ("‐45.00", "-45.00"), ("—45.00", "-45.00"), ("－45.00", "-45.00"),
    ("- 45.00", "-45.00"), ("($45.00)", "-45.00"), ("$(45.00)", "-45.00"), ("(45.00) €", "-45.00"), ("(€ 45,00)", "-45.00"), ("(45,00 €)", "-45.00"),
    ("-$4.00", "-4.00"), ("$-4.00", "-4.00"), ("-RM 4.05", "-4.05"), ("RM -4.05", "-4.05"), ("RM-4.05", "-4.05"), ("- € 4,05", "-4.05"), ("-4,05€", "-4.05"),
    ("4,05- €", "-4.05"), ("4,05-€", "-4.05"), ("4,05 €-", "-4.05"), ("45.00CR", "-45.00"), ("45.00 CR", "-45.00"), ("45.00 Cr.", "-45.00"), ("45.00 DR", "45.00"),
    ("45.00DR", "45.00"), ("$45.00 CR", "-45.00"), ("1.234,56-", "-1234.56"), ("45 CR", "-45"), ("45-", "-45"), ("(12)", "-12"), ("( 45.00 )", "-45.00"),
    ("45.00–", "-45.00"), ("-1'234.50", "-1234.50"), ("+ 45.00", "45.00"), ("+€45.00", "45.00"), ("USD (1,234.50)", "-1234.50"), ("45.00 -", "-45.00"),
    ("12 345,60-", "-12345.60"), ("−1 234,50 €", "-1234.50"),
    // Grouping.
    ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("1'234.50", "1234.50"), ("1’234.50", "1234.50"), ("1`234.50", "1234.50"), ("1´234.50", "1234.50"),
    ("1′234.50", "1234.50"), ("1'234,50", "1234.50"), ("1'234", "1234"), ("1'234'567.89", "1234567.89"), ("1 234,56", "1234.56"), ("1 234,56", "1234.56"),
    ("1 234,56", "1234.56"), ("1 234,56", "1234.56"), ("1 234,56", "1234.56"), ("1 234.56", "1234.56"), ("1 234", "1234"), ("12 345 678,90", "12345678.90"),
    ("1,234,567", "1234567"), ("1.234.567", "1234567"), ("1,234,567.89", "1234567.89"), ("1.234.567,89", "1234567.89"), ("1 234 567", "1234567"),
    ("1,00,000.00", "100000.00"), ("1,23,456.78", "123456.78"), ("12,34,567.00", "1234567.00"), ("12,34,567", "1234567"), ("1,00,000", "100000"),
    ("1,00,00,000", "10000000"), ("₹1,00,000/-", "100000"), ("1,234.5", "1234.5"), ("1.234,567", "1234.567"), ("1,234.567", "1234.567"), ("1.234,5", "1234.5"),
    ("12.345.678", "12345678"), ("999.999,99", "999999.99"), ("100.000,00", "100000.00"), ("12'50", "12.50"), ("12·50", "12.50"), ("£12·50", "12.50"),
    // Currencies on either side.
    ("RM12.00", "12.00"), ("RM 12.00", "12.00"), ("12.00RM", "12.00"), ("12,50 €", "12.50"), ("12,50€", "12.50"), ("€12,50", "12.50"), ("€ 12,50", "12.50"),
    ("Rs. 500", "500"), ("Rs.500", "500"), ("Rs 500.00", "500.00"), ("Rs.1,50,000.00", "150000.00"), ("₹ 500", "500"), ("USD 1,000.00", "1000.00"),
    ("USD1,053.52", "1053.52"), ("1,000.00 USD", "1000.00"), ("US$ 12.00", "12.00"), ("US$12.00", "12.00"), ("A$12.00", "12.00"), ("$ 1,234,567", "1234567"),
    ("12.50 $", "12.50"), ("$12.50", "12.50"), ("$12.50 USD", "12.50"), ("CA$12.50", "12.50"), ("C$ 12.50", "12.50"), ("HK$ 12.50", "12.50"), ("NT$1,250", "1250|1.250"),
    ("S$12.50", "12.50"), ("R$ 12,50", "12.50"), ("R12.50", "12.50"), ("R 12.50", "12.50"), ("£12.50", "12.50"), ("£ 12.50", "12.50"), ("GBP 12.50", "12.50"),
    ("12.50 GBP", "12.50"), ("₩10,000", "10000"), ("¥1,234,567", "1234567"), ("¥ 500", "500"), ("500円", "500"), ("500 円", "500"), ("￥500", "500"), ("500元", "500"),
    ("CHF 12.50", "12.50"), ("12.50 CHF", "12.50"), ("Fr. 12.50", "12.50"), ("SFr. 12.50", "12.50"), ("kr 45,50", "45.50"), ("45,50 kr", "45.50"), ("45,50 kr.", "45.50"),
    ("SEK 45,50", "45.50"), ("45,50 SEK", "45.50"), ("NOK 45,50", "45.50"), ("DKK 45,50", "45.50"), ("45,50 zł", "45.50"), ("45,50 PLN", "45.50"), ("zł 45,50", "45.50"),
    ("45,50 Kč", "45.50"), ("1 234,50 Kč", "1234.50"), ("12 345 Ft", "12345"), ("12.345 Ft", "12345"), ("45,50 лв.", "45.50"), ("45.50 лв", "45.50"), ("45,50 lei", "45.50"),
    ("45,50 RON", "45.50"), ("45,50 kn", "45.50"), ("45,50 ₺", "45.50"), ("₺45,50", "45.50"), ("45,50 TL", "45.50"), ("₪45.50", "45.50"), ("45.50 ₪", "45.50"), ("₽ 45,50", "45.50"),
    ("45,50 руб.", "45.50"), ("45,50 ₴", "45.50"), ("45,50 грн", "45.50"), ("Rp 12.500", "12500"), ("Rp 12.500,00", "12500.00"), ("Rp. 1.250.000", "1250000"), ("฿ 45.50", "45.50"), ("45.50 บาท", "45.50"), ("45.000 ₫", "45000"),
    ("150.000đ", "150000"), ("₱ 1,234.50", "1234.50"), ("PHP 1,234.50", "1234.50"), ("Dh 45.50", "45.50"), ("AED 45.50", "45.50"), ("45.50 AED", "45.50"), ("Dhs. 45.50", "45.50"), ("45.50SR", "45.50"),
    ("SAR 45.50", "45.50"), ("KD 1.234", "1234|1.234"), ("Ksh 1,250.00", "1250.00"), ("KSh. 500/=", "500"), ("₦1,250.00", "1250.00"), ("GH₵ 45.50", "45.50"), ("S/ 45.50", "45.50"), ("S/. 45.50", "45.50"), ("Q45.50", "45.50"),
    ("Bs. 45,50", "45.50"), ("₡1.250,00", "1250.00"), ("45 Euro", "45"), ("45,00 Euro", "45.00"), ("45 euros", "45"), ("EUR 45,00", "45.00"), ("45,00 EUR", "45.00"), ("45,00EUR", "45.00"), ("EUR45,00", "45.00"),
    ("12€50", "12.50"), ("45 dollars", "45"), ("45 US Dollars", "45"), ("45 Swiss francs", "45"), ("45 pounds", "45"), ("DM 45,00", "45.00"), ("45.00 ringgit", "45.00"),
    ("د.إ 45.50", "45.50"), ("45.50 د.إ", "45.50"), ("$1,234.50", "1234.50"), ("MYR 1,234.50", "1234.50"), ("1 234,50 kr", "1234.50"), ("1.234,50 €", "1234.50"), ("€1.190,50", "1190.50"), ("1.234,56 €", "1234.56"),
    // Stars of cheques and tills.
    ("*45.00", "45.00"), ("**45.00", "45.00"), ("*45.00*", "45.00"), ("***1,234.50***", "1234.50"), ("$*45.00", "45.00"), ("$ **45.00", "45.00"), ("*45,00 €", "45.00"),
    // Digits of other scripts.
    ("１２．５０", "12.50"), ("１，２３４．５０", "1234.50"), ("￥１，２３４，５６７", "1234567"), ("٤٥٫٥٠", "45.50"), ("١٬٢٣٤٫٥٠", "1234.50"), ("١٢٣", "123"), ("۱۲۳٫۵۰", "123.50"), ("४५.५०", "45.50"),
    ("₹१,२३,४५६.७८", "123456.78"), ("४५", "45"), ("৪৫.৫০", "45.50"), ("๔๕.๕๐", "45.50"), ("٤٥٫٥٠ د.إ", "45.50"), ("٤٥٫٥٠-", "-45.50"), ("٤٥.٥٠", "45.50"),
    // Raised and underlined cents.
    ("12⁹⁹", "12.99"), ("12,⁹⁹", "12.99"), ("12.⁹⁹", "12.99"), ("€ 12⁹⁹", "12.99"), ("$1,234⁹⁹", "1234.99"), ("129\u{332}9\u{332}", "12.99"), ("12⁵⁰ €", "12.50"), ("0⁹⁹", "0.99"),
    // Spacing faults of OCR.
    ("12. 50", "12.50"), ("12 .50", "12.50"), ("12 ,50", "12.50"), ("12, 50", "12.50"), ("1, 234.50", "1234.50"), ("1. 234,50", "1234.50"), ("$12. 50", "12.50"), ("1.234, 50", "1234.50"), ("RM 12. 50", "12.50"), ("-12. 50", "-12.50"),
    // Blanks and marks that show nothing.
    ("\u{200f}45.50\u{200e}", "45.50"), ("  12.50 ", "12.50"), ("12\u{ad}.50", "12.50"), ("€\u{a0}12,50", "12.50"), ("12,50\u{a0}€", "12.50"), ("12,50\u{202f}€", "12.50"),
];

/// Spellings with two meanings.
#[rustfmt::skip]
const TWO: &[(&str, [&str; 2])] = &[
    ("1.234", ["1234", "1.234"]), ("1,234", ["1234", "1.234"]), ("1.234 €", ["1234", "1.234"]), ("-999,000", ["-999000", "-999.000"]), ("$1,234", ["1234", "1.234"]),
    ("12.345", ["12345", "12.345"]), ("123.456", ["123456", "123.456"]), ("(1,234)", ["-1234", "-1.234"]), ("RM.50", ["50", "0.50"]), ("USD.99", ["99", "0.99"]),
    ("45–", ["45", "-45"]), ("1.234-", ["-1234", "-1.234"]),
];

/// What is not an amount, and why.
const NONE: &[(&str, NumberError)] = &[
    ("", NumberError::Empty),
    ("  ", NumberError::Empty),
    ("-", NumberError::NoNumber),
    ("n/a", NumberError::NoNumber),
    ("€", NumberError::NoNumber),
    ("abc", NumberError::NoNumber),
    ("l2.50", NumberError::Misread),
    ("O.50", NumberError::Misread),
    ("12.5O", NumberError::Misread),
    ("I2.50", NumberError::Misread),
    ("1O.50", NumberError::Misread),
    ("12.50l", NumberError::Unit(String::new())),
    ("12.O0", NumberError::Misread),
    ("l.234,50", NumberError::Misread),
    ("12²", NumberError::Misread),
    ("1٢3", NumberError::Misread),
    ("A12", NumberError::Code),
    ("INV-2024", NumberError::Code),
    ("10-20", NumberError::Code),
    ("1/2", NumberError::Code),
    ("#45", NumberError::Code),
    ("555-1234", NumberError::Code),
    ("1st", NumberError::Code),
    ("31.12.2024", NumberError::Date),
    ("2024-12-31", NumberError::Date),
    ("12/31/2024", NumberError::Date),
    ("12 March 2024", NumberError::Date),
    ("5.XII.2024", NumberError::Date),
    ("10:30", NumberError::Time),
    ("10:30:15", NumberError::Time),
    ("+49 30 1234567", NumberError::Phone),
    ("030 1234567", NumberError::Phone),
    ("(030) 123 45 67", NumberError::Phone),
    ("0800-123-456", NumberError::Phone),
    ("19%", NumberError::Percent),
    ("19 %", NumberError::Percent),
    ("7,7 %", NumberError::Percent),
    ("٪١٩", NumberError::Words),
    ("12.50 / 2", NumberError::Several),
    ("12 March", NumberError::Words),
    ("1 23", NumberError::Several),
    ("12.50 13.50", NumberError::Several),
    ("1,2,3", NumberError::Grouping),
    ("1.23.4", NumberError::Grouping),
    ("1,23.456,7", NumberError::Grouping),
    ("1.234.56", NumberError::Grouping),
    ("0.123.456", NumberError::Grouping),
    ("192.168.1.1", NumberError::Grouping),
    ("45.", NumberError::OpenEnd),
    ("45,", NumberError::OpenEnd),
    ("12345678901234567890123456789012", NumberError::TooLong),
    ("about 45", NumberError::Words),
    ("Total: 45.00", NumberError::Words),
    ("TOTAL45.60", NumberError::Words),
];

#[test]
fn spellings_with_one_meaning_have_it() {
    let mut wrong = Vec::new();
    for (text, expected) in ONE {
        let read = parse(text);
        if let Some((grouped, decimals)) = expected.split_once('|') {
            let values: Vec<_> = read.iter().flat_map(|read| read.values()).collect();
            if values != [decimal(grouped), decimal(decimals)] {
                wrong.push(format!("{text}: {read:?}"));
            }
            continue;
        }
        match &read {
            Ok(read) if read.only() == Some(decimal(expected)) => {}
            _ => wrong.push(format!("{text}: {read:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn spellings_with_two_meanings_have_both() {
    let mut wrong = Vec::new();
    for (text, expected) in TWO {
        let values: Vec<_> = parse(text).iter().flat_map(|read| read.values()).collect();
        if values != [decimal(expected[0]), decimal(expected[1])] {
            wrong.push(format!("{text}: {values:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_that_is_not_an_amount_is_refused_with_the_reason() {
    let mut wrong = Vec::new();
    for (text, expected) in NONE {
        let read = parse(text);
        let is_unit = |error: &NumberError| matches!(error, NumberError::Unit(_));
        if is_unit(expected) && read.as_ref().is_err_and(is_unit) {
            continue;
        }
        if read.as_ref().err() != Some(expected) {
            wrong.push(format!("{text}: {read:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// How people of a country write amounts.
    struct Form {
        decimal: &'static str,
        group: &'static str,
        indian: bool,
        zero: char,
    }

    const FORMS: [Form; 18] = [
        Form::latin(".", ""),
        Form::latin(",", ""),
        Form::latin(".", ","),
        Form::latin(",", "."),
        Form::latin(".", "'"),
        Form::latin(".", "\u{2019}"),
        Form::latin(",", "'"),
        Form::latin(",", " "),
        Form::latin(".", " "),
        Form::latin(",", "\u{a0}"),
        Form::latin(",", "\u{202f}"),
        Form::latin(",", "\u{2009}"),
        Form {
            decimal: ".",
            group: ",",
            indian: true,
            zero: '0',
        },
        Form {
            decimal: "．",
            group: "，",
            indian: false,
            zero: '０',
        },
        Form {
            decimal: "٫",
            group: "٬",
            indian: false,
            zero: '٠',
        },
        Form {
            decimal: "٫",
            group: "٬",
            indian: false,
            zero: '۰',
        },
        Form {
            decimal: ".",
            group: ",",
            indian: true,
            zero: '०',
        },
        Form {
            decimal: ".",
            group: ",",
            indian: false,
            zero: '๐',
        },
    ];

    impl Form {
        const fn latin(decimal: &'static str, group: &'static str) -> Form {
            Form {
                decimal,
                group,
                indian: false,
                zero: '0',
            }
        }

        /// Units and cents without a sign.
        fn write(&self, cents: u64) -> (String, String) {
            let (units, cents) = ((cents / 100).to_string(), format!("{:02}", cents % 100));
            let mut grouped = String::new();
            for (at, digit) in units.chars().enumerate() {
                let left = units.len() - at;
                let starts =
                    left == 3 || (left > 3 && (left - 3) % if self.indian { 2 } else { 3 } == 0);
                if at > 0 && starts {
                    grouped.push_str(self.group);
                }
                grouped.push(self.digit(digit));
            }
            (
                grouped,
                cents.chars().map(|digit| self.digit(digit)).collect(),
            )
        }

        fn digit(&self, digit: char) -> char {
            let at = u32::from(self.zero) + digit.to_digit(10).unwrap();
            char::from_u32(at).unwrap()
        }
    }

    /// What may stand around an amount; `#` is the amount, and whether it is
    /// negative then.
    #[rustfmt::skip]
    const AROUND: [(&str, bool); 30] = [
        ("#", false), ("-#", true), ("−#", true), ("#-", true), ("(#)", true), ("# CR", true), ("#CR", true), ("# DR", false),
        ("€#", false), ("€ #", false), ("# €", false), ("#€", false), ("-€#", true), ("€-#", true), ("€ -#", true), ("(€#)", true),
        ("#- €", true), ("USD #", false), ("# EUR", false), ("-# EUR", true), ("RM#", false), ("RM #", false), ("# kr", false),
        ("Rs. #", false), ("CHF #", false), ("# zł", false), ("*#", false), ("+#", false), ("-$#", true), ("$ (#)", true),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_written_in_any_form_is_read_as_it_was(
            cents in prop_oneof![0u64..100_000, 0u64..10_000_000_000_000],
            form in 0..FORMS.len(),
            around in 0..AROUND.len(),
        ) {
            let (units, decimals) = FORMS[form].write(cents);
            let (around, negative) = AROUND[around];
            let text = around.replace('#', &format!("{units}{}{decimals}", FORMS[form].decimal));
            let value = Decimal::new(cents as i64, 2);
            let value = if negative { -value } else { value };
            let read = parse(&text);
            prop_assert_eq!(read.as_ref().ok().and_then(NumberReading::only), Some(value), "{} {:?}", text, read);
            prop_assert_eq!(read.unwrap().only().unwrap().scale(), 2);
        }

        #[test]
        fn amounts_without_cents_are_read_whatever_their_dash(
            units in 0u64..10_000_000,
            form in 0..12usize,
            dash in prop::sample::select(vec![".-", ",-", ".–", ",–", ",--", ":-", ".—"]),
            around in prop::sample::select(vec!["#", "CHF #", "# kr", "€ #", "-#", "*#"]),
        ) {
            let (grouped, _) = FORMS[form].write(units * 100);
            let text = around.replace('#', &format!("{grouped}{dash}"));
            let value = Decimal::from(units);
            let value = if around.starts_with('-') { -value } else { value };
            prop_assert_eq!(parse(&text).ok().and_then(|read| read.only()), Some(value), "{}", text);
        }

        /// The value is also found inside of a page's text, and there alone.
        #[test]
        fn a_page_has_what_an_answer_has(
            cents in 0u64..10_000_000_000,
            form in 0..FORMS.len(),
            around in 0..AROUND.len(),
        ) {
            let (units, decimals) = FORMS[form].write(cents);
            let amount = AROUND[around].0.replace('#', &format!("{units}{}{decimals}", FORMS[form].decimal));
            let read = parse(&amount).unwrap();
            for (before, after) in [("Total  ", "  A"), ("Total: ", "\n"), ("", "  due\n31.12.2024")] {
                let page = format!("{before}{amount}{after}");
                let spans = scan(&page);
                let place = before.len()..before.len() + amount.len();
                let found = spans.iter().find(|span| span.whole == place);
                prop_assert_eq!(found.map(|span| &span.reading), Some(&read), "{:?} {:?}", page, spans);
            }
        }

        /// Whatever the text: what fills it for one fills it for the other.
        #[test]
        fn answers_and_pages_agree_on_any_text(text in prop_oneof![
            "\\PC{0,24}",
            "[-+0-9., ]{0,12}",
            "[-–0-9.,:' ()€$%kRMxCl\\*/]{0,16}",
            "(RM|€|\\$|USD|kr|Rs\\.|-|\\(| )?[0-9]{1,4}[.,' ]?[0-9]{0,3}[.,:]?[0-9–-]{0,3}(€| EUR|CR|-|\\)|%| kg|x| |kr)?",
        ]) {
            let shows = |c: char| !c.is_whitespace() && !chars::is_invisible(c);
            let inner = text.trim_matches(|c| !shows(c));
            let page = format!("x  {inner}  y");
            let in_page: Vec<_> = scan(&page)
                .into_iter()
                .filter(|span| span.whole.start == 3 && span.whole.end >= 3 + inner.len() && !span.is_loose)
                .collect();
            match find(&text) {
                Ok(span) => {
                    prop_assert!(in_page.iter().any(|other| other.reading == span.reading && other.role == shifted(&span.role, text.len() - text.trim_start_matches(|c| !shows(c)).len())),
                        "{:?}: {:?}, page {:?}", text, span, in_page);
                }
                Err(error) => prop_assert!(in_page.is_empty(), "{:?}: {:?}, page {:?}", text, error, in_page),
            }
        }

        #[test]
        fn spans_are_in_the_text(text in "[-–0-9.,:' ()€$%kRMxCl\\*/\n]{0,40}") {
            for span in scan(&text) {
                prop_assert!(span.whole.start <= span.range.start && span.range.end <= span.whole.end);
                prop_assert!(text.get(span.whole.clone()).is_some());
                prop_assert!(text[span.range].chars().any(char::is_numeric));
            }
        }
    }

    /// The role in a page that has three bytes before, instead of `blanks`.
    fn shifted(role: &NumberRole, blanks: usize) -> NumberRole {
        match role {
            NumberRole::Quantity(unit) => {
                NumberRole::Quantity(unit.start + 3 - blanks..unit.end + 3 - blanks)
            }
            other => other.clone(),
        }
    }
}
