//! DATEV: postings as an EXTF file (format version 700, category 21
//! "Buchungsstapel", version 13), by the DATEV developer portal's description
//! (docs/accounting-import.md).
//!
//! One row for each bill: gross amount, expense account, creditor account. Dates have no
//! year, which the header states, so that each fiscal year has a file of its own. Neither
//! the header nor a row locks the batch (Festschreibung 0). With documents, each row links
//! its own (Beleglink), which `package` puts into a zip.

use std::collections::BTreeMap;

use encoding_rs::WINDOWS_1252;
use jiff::civil::Date;

use super::bill::{Bill, BillKind};
use super::hold::{BY_HAND, CORRECT, Hold, HoldCode};
use super::package;
use super::settings::{Accounts, DatevSettings, SupplierSettings};
use super::target::{
    BatchHeader, Candidate, Documents, Target, TargetFile, amount, at_most, missing_setting,
    not_supported, plain,
};
use crate::domain::time::utc;

/// Number of fields in a row.
const FIELDS: usize = 125;
/// Most rows in a file.
const ROWS: usize = 99_999;

pub struct Datev<'a>(pub &'a Accounts);

pub struct DatevEntry {
    /// First day of the fiscal year.
    year: Date,
    date: Date,
    row: String,
}

impl Target for Datev<'_> {
    type Entry = DatevEntry;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<DatevEntry, Hold> {
        let bill = &candidate.bill;
        if bill.currency != "EUR" {
            return Err(not_supported(
                "an amount in another currency than EUR needs its rate",
                BY_HAND,
            ));
        }
        let (supplier, settings) = (supplier?, self.settings()?);
        let mut fields = vec![String::new(); FIELDS];
        for index in TEXT_FIELDS {
            fields[index - 1] = "\"\"".to_owned();
        }
        let mut set = |number: usize, value: String| fields[number - 1] = value;
        set(1, turnover(bill)?);
        set(
            2,
            quoted(if bill.gross.is_sign_negative() {
                "H"
            } else {
                "S"
            }),
        );
        set(3, quoted("EUR"));
        set(7, account(settings, "account", bill.account(supplier)?)?);
        set(
            8,
            account(settings, "number", creditor(bill, supplier, settings)?)?,
        );
        set(9, tax_key(bill, supplier)?);
        set(
            10,
            format!("{:02}{:02}", bill.date.day(), bill.date.month()),
        );
        set(11, quoted(&document_field(&bill.reference(), settings)?));
        let payee = bill.payee(supplier);
        set(
            14,
            quoted(in_code_page(plain(
                "the supplier",
                at_most("the supplier", &payee, 60)?,
            )?)?),
        );
        if let Some(file) = &candidate.file {
            package::check(file)?;
            let guid = package::guid(&bill.id.blake3);
            set(20, quoted(&format!("BEDI \"{guid}\"")));
        }
        set(114, "0".to_owned());
        if let (BillKind::Invoice, Ok(due)) = (bill.kind, bill.due_date(supplier)) {
            set(
                117,
                format!("{:02}{:02}{:04}", due.day(), due.month(), due.year()),
            );
        }
        Ok(DatevEntry {
            year: fiscal_year(bill.date, settings.fiscal_year_month),
            date: bill.date,
            row: fields.join(";"),
        })
    }

    fn place_documents(&self, documents: &mut Documents, batch: &BatchHeader) {
        package::assign(documents, &batch.stem("datev"));
    }

    fn files(
        &self,
        entries: &[(&Bill, DatevEntry)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let Ok(settings) = self.settings() else {
            return Ok(Vec::new());
        };
        let mut years: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
        for (index, (_, entry)) in entries.iter().enumerate() {
            years.entry(entry.year).or_default().push(index);
        }
        let mut files = Vec::new();
        for (year, bills) in years {
            for (part, bills) in bills.chunks(ROWS).enumerate() {
                let part = match part {
                    0 => String::new(),
                    part => format!("-{}", part + 1),
                };
                let dates = bills.iter().map(|&bill| entries[bill].1.date);
                let (first, last) = (dates.clone().min(), dates.max());
                let range = [first.unwrap_or(year), last.unwrap_or(year)];
                let mut text = header(settings, batch, year, range) + "\r\n" + &columns() + "\r\n";
                for &bill in bills {
                    text.push_str(&entries[bill].1.row);
                    text.push_str("\r\n");
                }
                let stem = batch.stem("datev");
                files.push(TargetFile {
                    name: format!("EXTF_{stem}-{}{part}.csv", year.year()),
                    bytes: WINDOWS_1252.encode(&text).0.into_owned(),
                    bills: bills.to_vec(),
                });
            }
        }
        Ok(files)
    }
}

impl Datev<'_> {
    fn settings(&self) -> Result<&DatevSettings, Hold> {
        let missing = || missing_setting("[datev]", "add it, with consultant and client");
        self.0.datev.as_ref().ok_or_else(missing)
    }
}

/// The amount, always positive: the field for debit or credit has the direction.
fn turnover(bill: &Bill) -> Result<String, Hold> {
    let text = amount(bill.gross.abs()).replace('.', ",");
    match text.find(',') {
        Some(digits) if digits > 10 => Err(Hold::new(
            HoldCode::Value,
            format!("{text} has more than 10 digits"),
            CORRECT,
        )),
        _ => Ok(text),
    }
}

fn creditor<'a>(
    bill: &Bill,
    supplier: &'a SupplierSettings,
    settings: &'a DatevSettings,
) -> Result<&'a str, Hold> {
    match bill.kind {
        BillKind::Receipt => settings.cash_account.as_deref().ok_or_else(|| {
            missing_setting(
                "cash_account in [datev]",
                "add the account that receipts were paid from",
            )
        }),
        BillKind::Invoice | BillKind::CreditNote => supplier.number.as_deref().ok_or_else(|| {
            missing_setting("number for the supplier", "add it: the creditor account")
        }),
    }
}

/// `Err` for an account with too many digits; a personal account has one more than a general
/// one.
fn account(settings: &DatevSettings, what: &str, number: &str) -> Result<String, Hold> {
    let longest = usize::from(settings.account_length) + 1;
    let is_number = !number.is_empty()
        && number.len() <= longest
        && number.bytes().all(|c| c.is_ascii_digit())
        && number.bytes().any(|c| c != b'0');
    match is_number {
        true => Ok(number.to_owned()),
        false => Err(Hold::new(
            HoldCode::Setting,
            format!("{what} `{number}` in accounts.toml is not an account number"),
            format!("use at most {longest} digits, or set account_length in [datev]"),
        )),
    }
}

/// The tax key (BU-Schlüssel); empty for accounts that set it themselves, and for a rate whose
/// code is empty, as of bills without tax.
fn tax_key(bill: &Bill, supplier: &SupplierSettings) -> Result<String, Hold> {
    if supplier.automatic_tax {
        return Ok(quoted(""));
    }
    let key = bill.tax_code(supplier)?;
    let is_key = key.len() <= 4 && key.bytes().all(|c| c.is_ascii_digit());
    match is_key {
        true => Ok(quoted(key)),
        false => Err(Hold::new(
            HoldCode::Setting,
            format!("`{key}` in tax_codes is not a BU key"),
            "use at most 4 digits; \"\": no key",
        )),
    }
}

/// Belegfeld 1, the key by which open items are settled.
fn document_field(reference: &str, settings: &DatevSettings) -> Result<String, Hold> {
    let dropped = |c: &char| !settings.drop_in_numbers.contains(*c);
    let number: String = reference.chars().filter(dropped).collect();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_$&%*+-/".contains(c);
    if let Some(other) = number.chars().find(|c| !allowed(*c)) {
        return Err(Hold::new(
            HoldCode::Value,
            format!("DATEV takes no `{other}` in a number ({reference})"),
            "list it in drop_in_numbers in accounts.toml to leave it out",
        ));
    }
    Ok(at_most("the number", plain("the number", &number)?, 36)?.to_owned())
}

fn in_code_page(text: &str) -> Result<&str, Hold> {
    let (_, _, has_other) = WINDOWS_1252.encode(text);
    match has_other {
        true => Err(Hold::new(
            HoldCode::Value,
            format!("`{text}` has a character that Windows-1252 does not have"),
            "set name for the supplier in accounts.toml",
        )),
        false => Ok(text),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn fiscal_year(date: Date, month: i8) -> Date {
    let year = date.year() - i16::from(date.month() < month);
    jiff::civil::date(year, month, 1)
}

fn header(settings: &DatevSettings, batch: &BatchHeader, year: Date, range: [Date; 2]) -> String {
    let day = |date: Date| format!("{:04}{:02}{:02}", date.year(), date.month(), date.day());
    let time = utc(batch.created_at);
    let created = format!(
        "{}{:02}{:02}{:02}{:03}",
        day(time.date()),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    );
    let fields = [
        quoted("EXTF"),
        "700".to_owned(),
        "21".to_owned(),
        quoted("Buchungsstapel"),
        "13".to_owned(),
        created,
        String::new(),
        quoted("RE"),
        quoted("docmill"),
        quoted(""),
        settings.consultant.to_string(),
        settings.client.to_string(),
        day(year),
        settings.account_length.to_string(),
        day(range[0]),
        day(range[1]),
        quoted(&format!("docmill batch {}", batch.id)),
        quoted(""),
        "1".to_owned(),
        "0".to_owned(),
        "0".to_owned(),
        quoted("EUR"),
        String::new(),
        quoted(""),
        String::new(),
        String::new(),
        quoted(&settings.chart),
        String::new(),
        String::new(),
        quoted(""),
        quoted(""),
    ];
    fields.join(";")
}

/// Fields of a row that are text, from 1: quoted, also where they are empty.
#[rustfmt::skip]
const TEXT_FIELDS: [usize; 84] = [
    2, 3, 6, 9, 11, 12, 14, 16, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 40, 42, 48, 49, 50, 51,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83,
    84, 85, 86, 87, 91, 95, 96, 98, 102, 103, 105, 107, 109, 110, 112, 118, 120, 121, 123,
];

const BEFORE_INFO: &str = "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Basis-Umsatz;WKZ Basis-Umsatz;Konto;\
    Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;Belegfeld 2;Skonto;Buchungstext;Postensperre;\
    Diverse Adressnummer;Geschäftspartnerbank;Sachverhalt;Zinssperre;Beleglink";
const BETWEEN: &str = "KOST1 - Kostenstelle;KOST2 - Kostenstelle;Kost-Menge;EU-Land u. UStID (Bestimmung);\
    EU-Steuersatz (Bestimmung);Abw. Versteuerungsart;Sachverhalt L+L;Funktionsergänzung L+L;BU 49 Hauptfunktionstyp;\
    BU 49 Hauptfunktionsnummer;BU 49 Funktionsergänzung";
const AFTER: &str = "Stück;Gewicht;Zahlweise;Forderungsart;Veranlagungsjahr;Zugeordnete Fälligkeit;Skontotyp;Auftragsnummer;\
    Buchungstyp;USt-Schlüssel (Anzahlungen);EU-Land (Anzahlungen);Sachverhalt L+L (Anzahlungen);EU-Steuersatz (Anzahlungen);\
    Erlöskonto (Anzahlungen);Herkunft-Kz;Buchungs GUID;KOST-Datum;SEPA-Mandatsreferenz;Skontosperre;Gesellschaftername;\
    Beteiligtennummer;Identifikationsnummer;Zeichnernummer;Postensperre bis;Bezeichnung SoBil-Sachverhalt;\
    Kennzeichen SoBil-Buchung;Festschreibung;Leistungsdatum;Datum Zuord. Steuerperiode;Fälligkeit;Generalumkehr (GU);Steuersatz;\
    Land;Abrechnungsreferenz;BVV-Position;EU-Land u. UStID (Ursprung);EU-Steuersatz (Ursprung);Abw. Skontokonto";

/// The second line of a file.
fn columns() -> String {
    let pairs = |what: &str, most: usize| {
        let each = (1..=most).map(|n| format!("{what} - Art {n};{what} - Inhalt {n}"));
        each.collect::<Vec<_>>().join(";")
    };
    [
        BEFORE_INFO,
        &pairs("Beleginfo", 8),
        BETWEEN,
        &pairs("Zusatzinformation", 20),
        AFTER,
    ]
    .join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_column() {
        assert_eq!(columns().split(';').count(), FIELDS);
        assert_eq!(columns().split(';').nth(113), Some("Festschreibung"));
        assert_eq!(columns().split(';').nth(116), Some("Fälligkeit"));
    }

    #[test]
    fn a_fiscal_year_may_begin_in_any_month() {
        let year = |date: &str, month| fiscal_year(date.parse().unwrap(), month).to_string();
        assert_eq!(year("2025-06-30", 7), "2024-07-01");
        assert_eq!(year("2025-07-01", 7), "2025-07-01");
        assert_eq!(year("2025-12-31", 1), "2025-01-01");
    }
}
