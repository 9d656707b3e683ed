//! DATEV's EXTF format, version 700: a Buchungsstapel.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{ReadBill, number, quoted};

/// A DATEV row: `;`, text in quotes, no control characters.
fn datev_fields(line: &str) -> Vec<(String, bool)> {
    let (mut fields, mut chars) = (Vec::new(), line.chars().peekable());
    loop {
        let (mut field, mut is_text) = (String::new(), false);
        if chars.peek() == Some(&'"') {
            is_text = true;
            chars.next();
            field = quoted(&mut chars);
        } else {
            while chars.peek().is_some_and(|c| *c != ';') {
                field.push(chars.next().unwrap());
            }
        }
        fields.push((field, is_text));
        match chars.next() {
            None => return fields,
            Some(c) => assert_eq!(c, ';', "{line}"),
        }
    }
}

/// The GUIDs that the rows link in field 20 (Beleglink), in the portal's form
/// `"BEDI ""GUID"""`; empty: none.
pub fn datev_links(bytes: &[u8]) -> Vec<String> {
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
    let link = |line: &str| {
        let (link, is_text) = datev_fields(line).swap_remove(19);
        assert!(is_text, "{line}");
        if link.is_empty() {
            return link;
        }
        let guid = link
            .strip_prefix("BEDI \"")
            .and_then(|rest| rest.strip_suffix('"'));
        guid.unwrap_or_else(|| panic!("{link}")).to_owned()
    };
    text.lines().skip(2).map(link).collect()
}

pub fn datev(name: &str, bytes: &[u8]) -> Vec<ReadBill> {
    assert!(
        name.starts_with("EXTF_") && name.ends_with(".csv"),
        "{name}"
    );
    assert!(
        !bytes.contains(&b'\n')
            || bytes.windows(2).filter(|w| w == b"\r\n").count()
                == bytes.iter().filter(|b| **b == b'\n').count()
    );
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
    let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    let header = datev_fields(lines[0]);
    assert_eq!(header.len(), 31);
    let at = |index: usize| header[index - 1].0.as_str();
    let start = [at(1), at(2), at(3), at(4), at(5)];
    assert_eq!(start, ["EXTF", "700", "21", "Buchungsstapel", "13"]);
    assert_eq!((at(6).len(), at(21), at(22)), (17, "0", "EUR"));
    assert!((1001..=9_999_999).contains(&at(11).parse::<u32>().unwrap()));
    assert!((1..=99_999).contains(&at(12).parse::<u32>().unwrap()));
    assert!(at(17).chars().count() <= 30);
    let day = |text: &str| -> Date {
        format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8])
            .parse()
            .unwrap()
    };
    let (year, from, to) = (day(at(13)), day(at(15)), day(at(16)));
    assert_eq!(lines[1].split(';').count(), 125);
    let bill = |line: &&str| {
        let row = datev_fields(line);
        assert_eq!(row.len(), 125, "{line}");
        let at = |index: usize| row[index - 1].0.as_str();
        for text in [2, 3, 9, 11, 14, 40] {
            assert!(row[text - 1].1, "field {text} is quoted");
        }
        let (whole, cents) = at(1).split_once(',').unwrap();
        assert!(
            (1..=10).contains(&whole.len()) && cents.len() == 2,
            "{}",
            at(1)
        );
        let amount = number(&at(1).replace(',', "."));
        assert!(amount > Decimal::ZERO);
        assert!(
            at(11).len() <= 36
                && at(11)
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || b"_$&%*+-/".contains(&c))
        );
        assert!(at(14).chars().count() <= 60);
        assert_eq!((at(3), at(114)), ("EUR", "0"));
        for account in [at(7), at(8)] {
            assert!(
                (1..=9).contains(&account.len()) && account.bytes().all(|c| c.is_ascii_digit())
            );
        }
        let (d, m) = (&at(10)[..2], &at(10)[2..]);
        let in_year = |y: i16| format!("{y:04}-{m}-{d}").parse::<Date>().ok();
        let end = year.checked_add(jiff::ToSpan::year(1)).unwrap();
        let candidates = [in_year(year.year()), in_year(year.year() + 1)];
        let date = candidates
            .into_iter()
            .flatten()
            .find(|date| *date >= year && *date < end)
            .unwrap();
        assert!(date >= from && date <= to);
        let due = at(117);
        ReadBill {
            supplier: at(14).to_owned(),
            number: at(11).to_owned(),
            date: Some(date),
            due_date: (!due.is_empty()).then(|| {
                format!("{}-{}-{}", &due[4..], &due[2..4], &due[..2])
                    .parse()
                    .unwrap()
            }),
            currency: at(3).to_owned(),
            account: at(7).to_owned(),
            tax_code: at(9).to_owned(),
            gross: Some(match at(2) {
                "S" => amount,
                "H" => -amount,
                other => panic!("{other}"),
            }),
            ..ReadBill::default()
        }
    };
    lines[2..].iter().map(bill).collect()
}
