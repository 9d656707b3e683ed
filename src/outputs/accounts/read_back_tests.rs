//! What the targets write, read back by a reader that was written apart.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::bill::{Bill, BillKind};
use super::strict_reader::{self as reader, ReadBill};
use super::tests::{ALL, candidate, planned, stored};
use super::*;
use crate::store::Ledger;

/// Reads the bills of a batch back, without its manifest.
fn read(target: TargetName, plan: &BatchPlan) -> Vec<ReadBill> {
    let files = plan
        .batch
        .files
        .iter()
        .filter(|file| !file.name.ends_with(".manifest.json"));
    let read = |file: &crate::store::ExportFile| match target {
        TargetName::Xero => reader::xero(&file.bytes),
        TargetName::Quickbooks => reader::quickbooks(&file.name, &file.bytes),
        TargetName::Datev => reader::datev(&file.name, &file.bytes),
        TargetName::Hledger => reader::hledger(&file.bytes),
        TargetName::Beancount => reader::beancount(&file.bytes),
        TargetName::Gnucash => reader::gnucash(&file.bytes),
        TargetName::Firefly => reader::firefly(&file.bytes),
        TargetName::Sage => reader::sage(&file.bytes),
        TargetName::Odoo => reader::odoo(&file.bytes),
        TargetName::Xlsx | TargetName::Ubl => unreachable!("they have tests of their own"),
    };
    files.flat_map(read).collect()
}

/// What the file must state of the bill, where the format has a place for it.
fn assert_stated(target: TargetName, read: &ReadBill, bill: &Bill) {
    use TargetName::*;
    let is_receipt = bill.kind == BillKind::Receipt;
    let is_bank = target == Quickbooks && is_receipt;
    assert_eq!(read.date, Some(bill.date));
    if target != Gnucash {
        assert_eq!(read.supplier, bill.supplier);
    }
    if !is_bank && target != Firefly {
        assert_eq!(read.number, bill.reference());
        let account = match target {
            Datev => "4930",
            Sage => "5000",
            _ => "Expenses:Print",
        };
        assert_eq!(read.account, account);
    }
    if !is_bank && !matches!(target, Gnucash | Sage) {
        assert_eq!(read.currency, bill.currency);
    }
    if let Some(gross) = read.gross {
        assert_eq!(gross, bill.gross.normalize());
    }
    if matches!(target, Hledger | Beancount | Sage) {
        let (_, tax) = bill.net_and_tax().unwrap();
        assert_eq!(read.tax, Some(tax.normalize()));
    }
    if target == Sage {
        let rate = match bill.tax {
            Some(tax) if !tax.is_zero() => "Standard",
            _ => "Zero Rated",
        };
        assert_eq!(read.tax_code, rate);
        assert_eq!(bill.currency, "EUR", "the file states none");
    }
    if matches!(target, Hledger | Beancount) {
        assert_eq!(read.due_date, bill.due_date);
    }
    if matches!(target, Xero | Quickbooks | Gnucash | Odoo) && !is_receipt {
        let (net, tax) = bill.net_and_tax().unwrap();
        assert_eq!(
            read.lines
                .iter()
                .map(|(_, amount)| *amount)
                .sum::<Decimal>(),
            net
        );
        if !bill.lines.is_empty() {
            let lines = bill.lines.iter().map(|line| {
                (
                    line.description.clone().unwrap(),
                    line.amount.unwrap().normalize(),
                )
            });
            let read: Vec<_> = read
                .lines
                .iter()
                .map(|(text, amount)| (text.clone(), amount.normalize()))
                .collect();
            assert_eq!(read, lines.collect::<Vec<_>>());
        }
        if target != Gnucash || !tax.is_zero() {
            assert_eq!(
                read.tax_code,
                if tax.is_zero() { "None" } else { "Input19" }
            );
        }
        let due = bill
            .due_date
            .unwrap_or(bill.date.saturating_add(jiff::ToSpan::days(14)));
        assert_eq!(read.due_date, Some(due));
    }
}

/// Names and numbers as documents have them, and as attackers do.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[A-Za-zÄÖÜäöüß0-9]{1,12}( [A-Za-z0-9&.,-]{1,12}){0,2}",
        2 => "[-=+@;|,()\"'\\\\/ \n\ta-zÉ€Ω]{1,16}",
        1 => "\\PC{1,40}",
        1 => "[0-9]{20,38}",
    ]
}

fn cents(value: i64) -> String {
    Decimal::new(value, 2).to_string()
}

prop_compose! {
    fn bill_fields()(
        supplier in text(), number in text(), descriptions in prop::collection::vec((text(), 1i64..20, -2000i64..900_000), 0..4),
        day in 0i32..36_000, due in prop::option::of(0i64..60), currency in prop_oneof![4 => Just("EUR"), 1 => Just("USD"), 1 => Just("JPY")],
        taxed in prop::bool::weighted(0.7), sign in prop_oneof![5 => Just(1i64), 1 => Just(-1)], off in prop_oneof![9 => Just(0i64), 1 => -1i64..2],
        receipt in prop::bool::weighted(0.2), scale in prop_oneof![6 => Just(1i64), 1 => Just(1_000_000)],
    ) -> (bool, Value) {
        let net: i64 = descriptions.iter().map(|(_, n, price)| n * price * scale).sum::<i64>() * sign;
        let net = if descriptions.is_empty() { 12_300 * sign } else { net };
        let tax = if taxed { (Decimal::new(net, 2) * Decimal::new(19, 2)).round_dp(2) } else { Decimal::ZERO };
        let gross = Decimal::new(net, 2) + tax + Decimal::new(off, 2);
        let date = jiff::civil::date(1999, 1, 1).saturating_add(jiff::ToSpan::days(day));
        let lines: Vec<_> = descriptions.iter().map(|(text, n, price)| json!({"description": text, "quantity": (n * sign).to_string(),
            "unit_price": cents(price * scale), "line_total": cents(n * price * scale * sign)})).collect();
        let fields = match receipt {
            true => json!({"merchant_name": supplier, "date": date.to_string(), "currency": currency, "total": gross.to_string(),
                "tax": tax.to_string(), "items": []}),
            false => json!({"invoice_number": number, "issue_date": date.to_string(), "currency": currency, "seller_name": supplier,
                "due_date": due.map(|days| date.saturating_add(jiff::ToSpan::days(days)).to_string()), "line_items": lines,
                "net_total": cents(net), "tax_total": tax.to_string(), "gross_total": gross.to_string()}),
        };
        (receipt, fields)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A strict reader reads what was written, or the bill is held.
    #[test]
    fn what_is_written_is_read_back_or_held((is_receipt, fields) in bill_fields()) {
        let doc_type = if is_receipt { "receipt" } else { "invoice" };
        let Ok(candidate) = candidate(&stored(1, doc_type, fields)) else { return Ok(()) };
        let candidates = [candidate];
        for target in ALL {
            let plan = planned(target, &candidates, &Ledger::default(), &[]);
            prop_assert_eq!(plan.batch.lines.len() + plan.held.len(), 1);
            if plan.batch.lines.is_empty() {
                continue;
            }
            if target == TargetName::Xlsx {
                assert_workbook(&plan, &candidates[0].bill);
                continue;
            }
            let read = read(target, &plan);
            prop_assert_eq!(read.len(), 1, "{:?}", target);
            assert_stated(target, &read[0], &candidates[0].bill);
        }
    }
}

fn assert_workbook(plan: &BatchPlan, bill: &Bill) {
    let sheets = reader::xlsx(&plan.batch.files[0].bytes);
    let text = |cell: &str| {
        sheets[0]
            .get(cell)
            .map(|(kind, text)| (kind.as_str(), text.clone()))
    };
    assert_eq!(text("C2"), Some(("s", bill.supplier.clone())));
    assert_eq!(text("E2"), bill.number.clone().map(|number| ("s", number)));
    let number = |sheet: usize, cell: &str| {
        let (kind, text) = sheets[sheet].get(cell)?;
        assert_eq!(kind, "n");
        Some(text.parse::<f64>().unwrap())
    };
    let f64 = |value: Decimal| value.to_string().parse::<f64>().unwrap();
    assert_eq!(number(0, "K2"), Some(f64(bill.gross)));
    assert_eq!(number(0, "I2"), bill.net.map(f64));
    // Days since 1899-12-30, for dates after February 1900.
    let days = (bill.date - jiff::civil::date(1899, 12, 30)).get_days();
    assert_eq!(number(0, "F2"), Some(f64::from(days)));
    for (index, line) in bill.lines.iter().enumerate() {
        assert_eq!(number(1, &format!("G{}", index + 2)), line.amount.map(f64));
    }
}
