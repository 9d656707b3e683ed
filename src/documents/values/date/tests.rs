use jiff::civil::date;

use super::*;

/// Spellings of one day, and the day.
#[rustfmt::skip]
const ONE: &[(&str, &str)] = &[
    ("31.12.2024", "2024-12-31"), ("31. 12. 2024", "2024-12-31"), ("31.12.24", "2024-12-31"), ("1.2.2024", "2024-02-01"), ("03.04.2024", "2024-04-03"), ("31/12/2024", "2024-12-31"), ("31/12/24", "2024-12-31"),
    ("12/31/2024", "2024-12-31"), ("12/31/24", "2024-12-31"), ("31-12-2024", "2024-12-31"), ("2024-12-31", "2024-12-31"), ("2024/12/31", "2024-12-31"), ("2024.12.31", "2024-12-31"), ("2024. 12. 31.", "2024-12-31"),
    ("20241231", "2024-12-31"), ("31122024", "2024-12-31"), ("31 12 2024", "2024-12-31"), ("2024 12 31", "2024-12-31"), ("2024-3-1", "2024-03-01"), ("04/04/2024", "2024-04-04"), ("31 / 12 / 2024", "2024-12-31"), ("31 - 12 - 2024", "2024-12-31"),
    ("31–12–2024", "2024-12-31"), ("31‑12‑2024", "2024-12-31"), ("12.31.2024", "2024-12-31"), ("１２／３１／２０２４", "2024-12-31"), ("٣١/١٢/٢٠٢٤", "2024-12-31"), ("३१/१२/२०२४", "2024-12-31"),
    // Months in words.
    ("31-DEC-24", "2024-12-31"), ("15-Jun-2016", "2016-06-15"), ("31 Dec 2024", "2024-12-31"), ("31 December 2024", "2024-12-31"), ("31st December 2024", "2024-12-31"), ("31st of December, 2024", "2024-12-31"), ("5th of March, 2024", "2024-03-05"),
    ("December 31, 2024", "2024-12-31"), ("Dec. 31 2024", "2024-12-31"), ("Dec 31st, 2024", "2024-12-31"), ("Dec 31, '24", "2024-12-31"), ("31DEC2024", "2024-12-31"), ("31DEC24", "2024-12-31"), ("31/Dec/2024", "2024-12-31"), ("2024-Dec-31", "2024-12-31"), ("2024 December 31", "2024-12-31"),
    ("Dec-31-2024", "2024-12-31"), ("31 Dec '24", "2024-12-31"), ("31 Dec, 2024", "2024-12-31"), ("31.Dec.2024", "2024-12-31"), ("31. Dez. 2024", "2024-12-31"), ("31. Dezember 2024", "2024-12-31"), ("12. März 2024", "2024-03-12"), ("12. Maerz 2024", "2024-03-12"), ("1. Jänner 2024", "2024-01-01"), ("12. Mär. 2024", "2024-03-12"),
    ("31 décembre 2024", "2024-12-31"), ("1er mars 2025", "2025-03-01"), ("7 août 2025", "2025-08-07"), ("5 juil. 2025", "2025-07-05"), ("5 févr. 2025", "2025-02-05"), ("31 de diciembre de 2024", "2024-12-31"), ("31 dic 2024", "2024-12-31"), ("31 dicembre 2024", "2024-12-31"), ("1º gennaio 2024", "2024-01-01"), ("31 de dezembro de 2024", "2024-12-31"),
    ("31 december 2024", "2024-12-31"), ("den 31 december 2024", "2024-12-31"), ("d. 31. december 2024", "2024-12-31"), ("31 mrt 2024", "2024-03-31"), ("31 maart 2024", "2024-03-31"), ("1. maj 2024", "2024-05-01"), ("1. mai 2024", "2024-05-01"), ("31. desember 2024", "2024-12-31"), ("31. joulukuuta 2024", "2024-12-31"), ("31. detsember 2024", "2024-12-31"), ("1. jaanuar 2024", "2024-01-01"),
    ("2024. gada 31. decembris", "2024-12-31"), ("2024. gada 31. decembrī", "2024-12-31"), ("31. decembris 2024", "2024-12-31"), ("2024 m. gruodžio 31 d.", "2024-12-31"), ("2024 gruodžio 31", "2024-12-31"), ("31 grudnia 2024", "2024-12-31"), ("31 grudnia 2024 r.", "2024-12-31"), ("5 maja 2024", "2024-05-05"), ("31. prosince 2024", "2024-12-31"), ("1. června 2024", "2024-06-01"), ("1. července 2024", "2024-07-01"),
    ("31. decembra 2024", "2024-12-31"), ("1. januára 2024", "2024-01-01"), ("31. prosinca 2024", "2024-12-31"), ("31. prosinca 2024.", "2024-12-31"), ("2024. december 31.", "2024-12-31"), ("2024. dec. 31.", "2024-12-31"), ("2024. március 5.", "2024-03-05"), ("31 decembrie 2024", "2024-12-31"), ("31 Δεκεμβρίου 2024", "2024-12-31"), ("5 Μαΐου 2024", "2024-05-05"), ("31 декември 2024 г.", "2024-12-31"),
    ("31 Diċembru 2024", "2024-12-31"), ("31 Nollaig 2024", "2024-12-31"), ("5 Meán Fómhair 2024", "2024-09-05"), ("5 Deireadh Fómhair 2024", "2024-10-05"), ("31 Disember 2024", "2024-12-31"), ("3 Mac 2025", "2025-03-03"), ("5 Ogos 2025", "2025-08-05"), ("31 Desember 2024", "2024-12-31"), ("5 Agustus 2024", "2024-08-05"), ("31 Aralık 2024", "2024-12-31"), ("31 ARALIK 2024", "2024-12-31"), ("5 Ağustos 2024", "2024-08-05"),
    ("31 декабря 2024", "2024-12-31"), ("31 грудня 2024", "2024-12-31"), ("31 desembre de 2024", "2024-12-31"), ("31 ديسمبر 2024", "2024-12-31"), ("31 दिसंबर 2024", "2024-12-31"), ("ngày 31 tháng 12 năm 2024", "2024-12-31"),
    // Roman months.
    ("5.XII.2024", "2024-12-05"), ("5 XII 2024", "2024-12-05"), ("5-XII-2024", "2024-12-05"), ("5. XII. 2024", "2024-12-05"), ("5.xii.2024", "2024-12-05"), ("5.Ⅻ.2024", "2024-12-05"), ("2024. XII. 5.", "2024-12-05"), ("1/V/2024", "2024-05-01"),
    // East Asia, Buddhist years.
    ("2024年12月31日", "2024-12-31"), ("2024 年 12 月 31 日", "2024-12-31"), ("２０２４年１２月３１日", "2024-12-31"), ("2024년 12월 31일", "2024-12-31"), ("2024년12월31일", "2024-12-31"), ("令和6年12月31日", "2024-12-31"), ("令和 6年12月31日", "2024-12-31"), ("令和元年5月1日", "2019-05-01"), ("平成31年4月30日", "2019-04-30"), ("昭和64年1月7日", "1989-01-07"),
    ("R6.12.31", "2024-12-31"), ("R6/12/31", "2024-12-31"), ("R06.12.31", "2024-12-31"), ("H31.4.30", "2019-04-30"), ("令和6.12.31", "2024-12-31"), ("㋿6年12月31日", "2024-12-31"), ("民國113年12月31日", "2024-12-31"), ("31/12/2567", "2024-12-31"), ("31 ธันวาคม 2567", "2024-12-31"), ("31 ธ.ค. 2567", "2024-12-31"), ("31 ธ.ค. 67", "2024-12-31"), ("31 ธันวาคม พ.ศ. 2567", "2024-12-31"), ("2567-12-31", "2024-12-31"),
    // Times and days of the week beside them.
    ("31/12/2024 14:30:05", "2024-12-31"), ("31.12.2024 14:30 Uhr", "2024-12-31"), ("31-12-24 02:56PM", "2024-12-31"), ("2024-12-31T10:00:00Z", "2024-12-31"), ("2024-12-31T10:00:00+02:00", "2024-12-31"), ("14:30 31/12/2024", "2024-12-31"), ("Tue 31 Dec 2024", "2024-12-31"), ("Tuesday, December 31, 2024", "2024-12-31"), ("Dienstag, 31. Dezember 2024", "2024-12-31"), ("2024年12月31日(火)", "2024-12-31"),
    ("31/12/2024 (Tue)", "2024-12-31"), ("mardi 31 décembre 2024", "2024-12-31"), ("31/12/2024,14:30", "2024-12-31"), ("31.12.2024 14.30 Uhr", "2024-12-31"), ("31/12/2024 2:30 pm", "2024-12-31"),
    ("24.12.1999", "1999-12-24"), ("24/12/99", "1999-12-24"), ("31-12-70", "1970-12-31"), ("29.02.2024", "2024-02-29"),
];

/// Spellings of several days.
#[rustfmt::skip]
const SEVERAL: &[(&str, &[&str])] = &[
    ("03/04/2024", &["2024-04-03", "2024-03-04"]), ("3/4/2024", &["2024-04-03", "2024-03-04"]), ("03-04-2024", &["2024-04-03", "2024-03-04"]), ("03/04/2025", &["2025-04-03", "2025-03-04"]), ("01-02-03", &["2003-02-01", "2003-01-02", "2001-02-03"]),
    ("3/4/24", &["2024-04-03", "2024-03-04"]), ("12112024", &["2024-11-12", "2024-12-11"]), ("1 listopada 2024", &["2024-11-01", "2024-10-01"]), ("1. listopad 2024", &["2024-11-01", "2024-10-01"]), ("03 04 2024", &["2024-04-03", "2024-03-04"]),
];

const NONE: &[(&str, DateError)] = &[
    ("", DateError::Empty),
    ("abc", DateError::NotADate),
    ("12.50", DateError::NotADate),
    ("1234.56", DateError::NotADate),
    ("1.234.567", DateError::NotADate),
    ("192.168.10.12", DateError::NotADate),
    ("+49 30 1234567", DateError::NotADate),
    ("030 12 34 56", DateError::NotADate),
    ("4.12.03.2", DateError::NotADate),
    ("1 2 2024", DateError::NotADate),
    ("10:30", DateError::NotADate),
    ("INV-2024-12-31", DateError::NotADate),
    ("2", DateError::NotADate),
    ("2024", DateError::NotADate),
    ("31.12.", DateError::NoYear),
    ("31/12", DateError::NoYear),
    ("31 December", DateError::NoYear),
    ("12/2024", DateError::NoDay),
    ("May 2024", DateError::NoDay),
    (
        "31.02.2024",
        DateError::NoSuchDay {
            year: 2024,
            month: 2,
            day: 31,
        },
    ),
    (
        "30.02.2025",
        DateError::NoSuchDay {
            year: 2025,
            month: 2,
            day: 30,
        },
    ),
    (
        "29 February 2023",
        DateError::NoSuchDay {
            year: 2023,
            month: 2,
            day: 29,
        },
    ),
    (
        "2024-13-01",
        DateError::NoSuchDay {
            year: 2024,
            month: 13,
            day: 1,
        },
    ),
    (
        "99/99/2024",
        DateError::NoSuchDay {
            year: 2024,
            month: 99,
            day: 99,
        },
    ),
    ("31.12.1812", DateError::Year(1812)),
    ("31.12.45", DateError::FarAhead(2045)),
    ("31.12.2024 30.11.2024", DateError::Several),
    ("31.12.2024 - 30.11.2024", DateError::Several),
    ("due 31.12.2024", DateError::Words),
    ("31.12.2024 12.50", DateError::Words),
];

fn today() -> Option<Date> {
    Some(date(2026, 1, 1))
}

#[test]
fn spellings_of_one_day_are_this_day() {
    let mut wrong = Vec::new();
    for (text, expected) in ONE {
        let read = parse(text, today());
        match &read {
            Ok(read) if read.only() == expected.parse().ok() => {}
            _ => wrong.push(format!("{text}: {read:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn spellings_of_several_days_are_ambiguous() {
    let mut wrong = Vec::new();
    for (text, expected) in SEVERAL {
        let days: Vec<_> = parse(text, None)
            .iter()
            .flat_map(|r| r.dates())
            .map(|d| d.to_string())
            .collect();
        if days != **expected {
            wrong.push(format!("{text}: {days:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_that_is_not_a_date_is_refused_with_the_reason() {
    let mut wrong = Vec::new();
    for (text, expected) in NONE {
        let read = parse(text, today());
        if read.as_ref().err() != Some(expected) {
            wrong.push(format!("{text}: {read:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn any_day_is_read_however_it_is_written(year in 1970i16..2026, month in 1i8..=12, day in 1i8..=28, form in 0usize..16) {
            let wanted = date(year, month, day);
            let text = match form {
                0 => wanted.to_string(),
                1 => format!("{day}.{month}.{year}"),
                2 => format!("{day:02}.{month:02}.{year}"),
                3 => wanted.strftime("%Y%m%d").to_string(),
                4 => wanted.strftime("%d %B %Y").to_string(),
                5 => wanted.strftime("%b %-d, %Y").to_string(),
                6 => wanted.strftime("%d-%b-%y").to_string(),
                7 => wanted.strftime("%Y/%m/%d").to_string(),
                8 => format!("{year}年{month}月{day}日"),
                9 => format!("{day}/{month}/{}", year + 543),
                10 => format!("{year}. {month}. {day}."),
                11 => format!("{day}. {month}. {year} 10:30"),
                12 => wanted.strftime("%A, %B %-d, %Y").to_string(),
                13 => format!("{day}.{month}.{:02}", year % 100),
                14 => format!("{wanted}T10:00:00Z"),
                _ => wanted.strftime("%d%b%Y").to_string(),
            };
            let read = parse(&text, today());
            let days: Vec<_> = read.iter().flat_map(|read| read.dates()).collect();
            prop_assert!(days.contains(&wanted), "{} {:?}", text, read);
            // Slashes have two orders.
            prop_assert!(form == 9 || days.len() == 1, "{} {:?}", text, read);
        }

        #[test]
        fn slashes_give_both_orders(year in 1970i16..2026, month in 1i8..=12, day in 1i8..=28) {
            let text = format!("{day:02}/{month:02}/{year}");
            let read = parse(&text, today()).unwrap();
            prop_assert_eq!(read.under(Order::DayFirst).is_some(), true);
            prop_assert!(read.dates().any(|found| found == date(year, month, day)));
            prop_assert_eq!(read.is_ambiguous(), day <= 12 && day != month);
        }

        #[test]
        fn answers_and_pages_agree_on_any_text(text in prop_oneof![
            "\\PC{0,30}",
            "[0-9./ -]{0,14}",
            "[0-9]{1,4}[./ -]{1,2}([0-9]{1,2}|Dec|mars|XII|listopada)[./ -]{1,2}[0-9]{1,4}( 10:30)?",
        ]) {
            let spans = scan(&text, today());
            if let Ok(read) = parse(&text, today()) {
                prop_assert_eq!(spans.len(), 1);
                prop_assert_eq!(&spans[0].reading, &read);
            }
            for span in &spans {
                let piece = &text[span.range.clone()];
                prop_assert_eq!(parse(piece, today()).ok(), Some(span.reading.clone()), "{:?} of {:?}", piece, text);
            }
        }
    }
}
