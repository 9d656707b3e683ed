//! Readers of the written files for tests: from the published formats, without
//! the writers' code, and strict. They panic where a file is not of its format.

mod datev;
mod datev_package;
mod odoo;
mod sage;
mod xlsx;

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::{Chars, FromStr};

use jiff::civil::Date;
use rust_decimal::Decimal;

pub use datev::{datev, datev_links};
pub use datev_package::datev_package;
pub use odoo::odoo;
pub use sage::sage;
pub use xlsx::xlsx;

/// A bill as a file states it. What a format does not have is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadBill {
    pub supplier: String,
    pub number: String,
    pub date: Option<Date>,
    pub due_date: Option<Date>,
    pub currency: String,
    pub account: String,
    pub tax_code: String,
    pub lines: Vec<(String, Decimal)>,
    pub gross: Option<Decimal>,
    pub tax: Option<Decimal>,
}

fn number(text: &str) -> Decimal {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    assert!(
        is_digits(whole) && is_digits(part),
        "`{text}` is not a number"
    );
    Decimal::from_str(text).unwrap().normalize()
}

fn slash_date(text: &str) -> Date {
    let parts: Vec<&str> = text.split('/').collect();
    assert_eq!(
        parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
        [2, 2, 4],
        "{text}"
    );
    format!("{}-{}-{}", parts[2], parts[1], parts[0])
        .parse()
        .unwrap()
}

/// The rest of a field behind its first quote; a quote within is doubled.
fn quoted(chars: &mut Peekable<Chars>) -> String {
    let mut field = String::new();
    loop {
        match chars.next().expect("the quote is closed") {
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => return field,
            other => field.push(other),
        }
    }
}

/// RFC 4180, CRLF, no quote outside of a quoted field.
pub fn csv(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    assert!(text.ends_with("\r\n"), "the last row has an end");
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                assert!(field.is_empty(), "a quote within {field}");
                field = quoted(&mut chars);
                assert!(
                    matches!(chars.peek(), Some(',' | '\r')),
                    "text after a quote"
                );
            }
            ',' => row.push(std::mem::take(&mut field)),
            '\r' => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\n' => panic!("a line feed alone"),
            other => field.push(other),
        }
    }
    let width = rows[0].len();
    assert!(
        rows.iter().all(|row| row.len() == width),
        "rows of one width"
    );
    rows
}

/// No cell runs in a spreadsheet.
fn assert_harmless(rows: &[Vec<String>]) {
    for cell in rows.iter().flatten() {
        let starts = cell.trim_start().starts_with(['=', '+', '-', '@']);
        let is_number = cell.parse::<f64>().is_ok() || cell == "-";
        assert!(!starts || is_number, "`{cell}` runs");
    }
}

/// Rows of one key, in their order, are one bill.
fn grouped(rows: &[Vec<String>], key: impl Fn(&Vec<String>) -> String) -> Vec<Vec<&Vec<String>>> {
    let mut groups: Vec<(String, Vec<&Vec<String>>)> = Vec::new();
    for row in rows {
        let key = key(row);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups.into_iter().map(|(_, rows)| rows).collect()
}

pub fn xero(bytes: &[u8]) -> Vec<ReadBill> {
    let rows = csv(bytes);
    let heading = "*ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,\
        POPostalCode,POCountry,*InvoiceNumber,*InvoiceDate,*DueDate,Total,InventoryItemCode,Description,*Quantity,*UnitAmount,\
        *AccountCode,*TaxType,TaxAmount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,Currency";
    assert_eq!(rows[0].join(","), heading);
    assert!(rows.len() <= 501, "{} rows", rows.len());
    assert_harmless(&rows[1..]);
    let bills = grouped(&rows[1..], |row| format!("{}\0{}", row[0], row[10]));
    let bill = |rows: &Vec<&Vec<String>>| {
        let first = rows[0];
        for row in rows {
            for required in [0, 10, 11, 12, 15, 16, 17, 18, 19] {
                assert!(
                    !row[required].is_empty(),
                    "column {required} is empty: {row:?}"
                );
            }
        }
        ReadBill {
            supplier: first[0].clone(),
            number: first[10].clone(),
            date: Some(slash_date(&first[11])),
            due_date: Some(slash_date(&first[12])),
            currency: first[25].clone(),
            account: first[18].clone(),
            tax_code: first[19].clone(),
            lines: rows
                .iter()
                .map(|row| (row[15].clone(), number(&row[16]) * number(&row[17])))
                .collect(),
            gross: Some(number(&first[13])),
            tax: None,
        }
    };
    bills.iter().map(bill).collect()
}

pub fn quickbooks(name: &str, bytes: &[u8]) -> Vec<ReadBill> {
    let rows = csv(bytes);
    assert_harmless(&rows[1..]);
    if name.contains("-bank") {
        assert_eq!(rows[0], ["Date", "Description", "Amount"]);
        let receipt = |row: &Vec<String>| ReadBill {
            supplier: row[1].clone(),
            date: Some(slash_date(&row[0])),
            gross: Some(-number(&row[2])),
            ..ReadBill::default()
        };
        return rows[1..].iter().map(receipt).collect();
    }
    let heading = "Bill No,Vendor,Bill Date,Due Date,Currency,Line Account,Line Description,Line Qty,Line Unit Price,Line Amount,Line Tax Code";
    assert_eq!(rows[0].join(","), heading);
    let bills = grouped(&rows[1..], |row| format!("{}\0{}", row[0], row[1]));
    let bill = |rows: &Vec<&Vec<String>>| {
        let first = rows[0];
        assert!(
            first[0].chars().count() <= 21 && !first[1].is_empty(),
            "{first:?}"
        );
        for row in rows {
            assert_eq!(
                (number(&row[7]) * number(&row[8])).normalize(),
                number(&row[9]),
                "{row:?}"
            );
        }
        ReadBill {
            supplier: first[1].clone(),
            number: first[0].clone(),
            date: Some(slash_date(&first[2])),
            due_date: Some(slash_date(&first[3])),
            currency: first[4].clone(),
            account: first[5].clone(),
            tax_code: first[10].clone(),
            lines: rows
                .iter()
                .map(|row| (row[6].clone(), number(&row[9])))
                .collect(),
            ..ReadBill::default()
        }
    };
    bills.iter().map(bill).collect()
}

/// Postings `    account  1.00 EUR`: account, amount, currency.
fn posting(line: &str) -> (String, Decimal, String) {
    let (account, rest) = line.trim_start().split_once("  ").unwrap();
    let (amount, currency) = rest.trim().split_once(' ').unwrap();
    (account.to_owned(), number(amount), currency.to_owned())
}

/// From postings that add up to 0: the expense, an input tax, who was paid.
fn with_postings(mut bill: ReadBill, postings: &[(String, Decimal, String)]) -> ReadBill {
    assert!((2..=3).contains(&postings.len()));
    assert_eq!(
        postings
            .iter()
            .map(|(_, amount, _)| *amount)
            .sum::<Decimal>(),
        Decimal::ZERO
    );
    bill.account = postings[0].0.clone();
    bill.currency = postings[0].2.clone();
    bill.gross = postings.last().map(|(_, amount, _)| -*amount);
    bill.tax = Some(if postings.len() == 3 {
        postings[1].1
    } else {
        Decimal::ZERO
    });
    bill
}

pub fn hledger(bytes: &[u8]) -> Vec<ReadBill> {
    let text = std::str::from_utf8(bytes).unwrap();
    let blocks = text.split("\n\n").skip(1);
    let bill = |block: &str| {
        let mut lines = block.lines();
        let (head, comment) = lines.next().unwrap().split_once(';').unwrap();
        let (date, rest) = head.split_once(" * (").unwrap();
        let (number, payee) = rest.split_once(')').unwrap();
        let tags: BTreeMap<&str, &str> = comment
            .split(',')
            .filter_map(|tag| tag.trim().split_once(':'))
            .collect();
        let read = ReadBill {
            supplier: payee.trim().to_owned(),
            number: number.to_owned(),
            date: Some(date.parse().unwrap()),
            due_date: tags.get("due").map(|due| due.parse().unwrap()),
            ..ReadBill::default()
        };
        with_postings(read, &lines.map(posting).collect::<Vec<_>>())
    };
    blocks.map(bill).collect()
}

pub fn beancount(bytes: &[u8]) -> Vec<ReadBill> {
    let text = std::str::from_utf8(bytes).unwrap();
    let string = |text: &mut std::str::Chars| {
        let mut out = String::new();
        text.find(|c| *c == '"').unwrap();
        loop {
            match text.next().unwrap() {
                '\\' => out.push(text.next().unwrap()),
                '"' => return out,
                c => out.push(c),
            }
        }
    };
    let bill = |block: &str| {
        let mut lines = block.lines();
        let head = lines.next().unwrap();
        let mut chars = head[13..].chars();
        assert_eq!(&head[10..13], " * ");
        let (payee, narration) = (string(&mut chars), string(&mut chars));
        assert!(chars.as_str().starts_with(" ^docmill-"));
        let (meta, postings): (Vec<&str>, Vec<&str>) =
            lines.partition(|line| line.trim().starts_with(|c: char| c.is_ascii_lowercase()));
        let due = meta
            .iter()
            .find_map(|line| line.trim().strip_prefix("due: "));
        let read = ReadBill {
            supplier: payee,
            number: narration,
            date: Some(head[..10].parse().unwrap()),
            due_date: due.map(|due| due.parse().unwrap()),
            ..ReadBill::default()
        };
        with_postings(read, &postings.into_iter().map(posting).collect::<Vec<_>>())
    };
    text.split("\n\n").skip(1).map(bill).collect()
}

/// By GnuCash's expression for "comma separated with quotes": a quote may only
/// stand, doubled, in notes (5th field) and description (7th).
pub fn gnucash(bytes: &[u8]) -> Vec<ReadBill> {
    let text = std::str::from_utf8(bytes).unwrap();
    let row = |line: &str| {
        assert!(line.len() < 1000, "{} bytes", line.len());
        let (mut fields, mut rest) = (Vec::new(), line);
        loop {
            let (field, after) = match rest.strip_prefix('"') {
                Some(quoted) if [4, 6].contains(&fields.len()) => {
                    let bytes = quoted.as_bytes();
                    let mut end = 0;
                    while bytes[end] != b'"' || bytes.get(end + 1) == Some(&b'"') {
                        end += if bytes[end] == b'"' { 2 } else { 1 };
                    }
                    (quoted[..end].replace("\"\"", "\""), &quoted[end + 1..])
                }
                Some(quoted) => {
                    let (field, after) = quoted.split_once('"').unwrap();
                    (field.to_owned(), after)
                }
                None => {
                    let end = rest.find([',', '"']).unwrap_or(rest.len());
                    (rest[..end].to_owned(), &rest[end..])
                }
            };
            fields.push(field);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => break assert!(after.is_empty(), "{line}"),
            }
        }
        assert_eq!(fields.len(), 22, "{line}");
        fields
    };
    let rows: Vec<Vec<String>> = text.lines().map(row).collect();
    assert_harmless(&rows);
    let bill = |rows: &Vec<&Vec<String>>| {
        let first = rows[0];
        assert!(
            !first[19].is_empty() && !first[17].is_empty(),
            "it is posted"
        );
        ReadBill {
            number: first[3].clone(),
            date: Some(slash_date(&first[1])),
            due_date: Some(slash_date(&first[18])),
            account: first[8].clone(),
            tax_code: first[16].clone(),
            lines: rows
                .iter()
                .map(|row| (row[6].clone(), number(&row[9]) * number(&row[10])))
                .collect(),
            ..ReadBill::default()
        }
    };
    grouped(&rows, |row| row[0].clone())
        .iter()
        .map(bill)
        .collect()
}

pub fn firefly(bytes: &[u8]) -> Vec<ReadBill> {
    let rows = csv(bytes);
    assert_harmless(&rows[1..]);
    let roles = [
        "account-name",
        "date_transaction",
        "amount",
        "currency-code",
        "opposing-name",
        "description",
        "external-id",
    ];
    assert_eq!(rows[0], roles);
    let bill = |row: &Vec<String>| ReadBill {
        supplier: row[4].clone(),
        date: Some(row[1].parse().unwrap()),
        currency: row[3].clone(),
        gross: Some(-number(&row[2])),
        ..ReadBill::default()
    };
    rows[1..].iter().map(bill).collect()
}
