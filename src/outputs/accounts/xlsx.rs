//! A workbook for people and for programs that import spreadsheets: bills and their lines in
//! typed cells. Text is never a formula.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use super::bill::{Bill, BillKind};
use super::hold::{CORRECT, Hold, HoldCode};
use super::settings::SupplierSettings;
use super::target::{BatchHeader, Candidate, Target, TargetFile};
use crate::domain::time::utc;

#[rustfmt::skip]
pub const BILLS: [&str; 15] = [
    "Record", "Kind", "Supplier", "VAT ID", "Number", "Date", "Due date", "Currency", "Net", "Tax", "Gross", "Account", "Document",
    "File", "Amount due",
];
#[rustfmt::skip]
pub const LINES: [&str; 7] = ["Record", "Number", "Line", "Description", "Quantity", "Unit price", "Amount"];

/// Decimal digits that a spreadsheet's number keeps exactly (IEEE 754 double).
const DIGITS: u32 = 15;
/// Most characters of a cell.
const CELL: usize = 32_767;

pub struct Xlsx;

/// Values of a workbook's row that are not in the bill.
pub struct XlsxEntry {
    account: Option<String>,
    path: String,
}

impl Target for Xlsx {
    type Entry = XlsxEntry;

    fn entry(
        &self,
        candidate: &Candidate,
        supplier: Result<&SupplierSettings, Hold>,
    ) -> Result<XlsxEntry, Hold> {
        let bill = &candidate.bill;
        let sums = [Some(bill.gross), bill.net, bill.tax, bill.amount_due];
        let of_lines = bill.lines.iter();
        let of_lines = of_lines.flat_map(|line| [line.quantity, line.unit_price, line.amount]);
        for number in sums.into_iter().chain(of_lines).flatten() {
            exact(number)?;
        }
        let year = bill.date.year();
        if !(1900..=9999).contains(&year) {
            let what = format!("a spreadsheet has no date in the year {year}");
            return Err(Hold::new(HoldCode::Value, what, CORRECT));
        }
        let file = candidate.file.as_ref();
        let file = file.map_or(&candidate.path, |file| &file.name);
        Ok(XlsxEntry {
            account: supplier.ok().and_then(|supplier| supplier.account.clone()),
            path: file.chars().take(CELL).collect(),
        })
    }

    fn files(
        &self,
        entries: &[(&Bill, XlsxEntry)],
        batch: &BatchHeader,
    ) -> anyhow::Result<Vec<TargetFile>> {
        let mut workbook = Workbook::new();
        let time = utc(batch.created_at);
        let created = ExcelDateTime::from_ymd(
            u16::try_from(time.year())?,
            u8::try_from(time.month())?,
            u8::try_from(time.day())?,
        )?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        let formats = Formats::new();
        bills(workbook.add_worksheet(), entries, &formats)?;
        lines(workbook.add_worksheet(), entries, &formats)?;
        let name = format!("{}.xlsx", batch.stem("xlsx"));
        let bytes = workbook.save_to_buffer()?;
        Ok(vec![TargetFile::only(name, bytes, entries.len())])
    }
}

struct Formats {
    heading: Format,
    amount: Format,
    number: Format,
    date: Format,
}

impl Formats {
    fn new() -> Formats {
        Formats {
            heading: Format::new().set_bold(),
            amount: Format::new().set_num_format("0.00##"),
            number: Format::new().set_num_format("0.####"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
        }
    }
}

fn bills(
    sheet: &mut Worksheet,
    entries: &[(&Bill, XlsxEntry)],
    formats: &Formats,
) -> anyhow::Result<()> {
    start(sheet, "Bills", &BILLS, formats)?;
    for (row, (bill, entry)) in (1..).zip(entries) {
        sheet.write_number(row, 0, bill.record as f64)?;
        sheet.write_string(row, 1, kind(bill))?;
        sheet.write_string(row, 2, &bill.supplier)?;
        text(sheet, row, 3, bill.vat_id.as_deref())?;
        text(sheet, row, 4, bill.number.as_deref())?;
        sheet.write_datetime_with_format(row, 5, bill.date, &formats.date)?;
        if let Some(due) = bill.due_date {
            sheet.write_datetime_with_format(row, 6, due, &formats.date)?;
        }
        sheet.write_string(row, 7, &bill.currency)?;
        for (column, value) in (8..).zip([bill.net, bill.tax, Some(bill.gross)]) {
            number(sheet, row, column, value, &formats.amount)?;
        }
        text(sheet, row, 11, entry.account.as_deref())?;
        sheet.write_string(row, 12, &bill.id.blake3)?;
        sheet.write_string(row, 13, &entry.path)?;
        number(sheet, row, 14, bill.amount_due, &formats.amount)?;
    }
    Ok(())
}

fn lines(
    sheet: &mut Worksheet,
    entries: &[(&Bill, XlsxEntry)],
    formats: &Formats,
) -> anyhow::Result<()> {
    start(sheet, "Lines", &LINES, formats)?;
    let mut row = 1;
    for (bill, _) in entries {
        for (index, line) in bill.lines.iter().enumerate() {
            sheet.write_number(row, 0, bill.record as f64)?;
            text(sheet, row, 1, bill.number.as_deref())?;
            sheet.write_number(row, 2, (index + 1) as f64)?;
            text(sheet, row, 3, line.description.as_deref())?;
            number(sheet, row, 4, line.quantity, &formats.number)?;
            number(sheet, row, 5, line.unit_price, &formats.amount)?;
            number(sheet, row, 6, line.amount, &formats.amount)?;
            row += 1;
        }
    }
    Ok(())
}

fn start(
    sheet: &mut Worksheet,
    name: &str,
    heading: &[&str],
    formats: &Formats,
) -> anyhow::Result<()> {
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (column, title) in (0..).zip(heading) {
        sheet.write_string_with_format(0, column, *title, &formats.heading)?;
    }
    Ok(())
}

fn kind(bill: &Bill) -> &'static str {
    match bill.kind {
        BillKind::Invoice => "invoice",
        BillKind::CreditNote => "credit note",
        BillKind::Receipt => "receipt",
    }
}

fn text(sheet: &mut Worksheet, row: u32, column: u16, text: Option<&str>) -> anyhow::Result<()> {
    if let Some(text) = text {
        sheet.write_string(row, column, text)?;
    }
    Ok(())
}

fn number(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: Option<Decimal>,
    format: &Format,
) -> anyhow::Result<()> {
    if let Some(value) = value.and_then(|value| value.to_f64()) {
        sheet.write_number_with_format(row, column, value, format)?;
    }
    Ok(())
}

fn exact(value: Decimal) -> Result<(), Hold> {
    let digits = value.normalize().mantissa().unsigned_abs().checked_ilog10();
    match digits {
        Some(digits) if digits >= DIGITS => {
            let what = format!("{value} has more than {DIGITS} digits, which a spreadsheet rounds");
            Err(Hold::new(HoldCode::Value, what, CORRECT))
        }
        _ => Ok(()),
    }
}
