use rust_decimal::Decimal;

use super::{ReadBill, assert_harmless, csv, number};

/// Vendor bills as Odoo's import reads one2many fields: a row without values of the bill
/// is a further line of the one above.
pub fn odoo(bytes: &[u8]) -> Vec<ReadBill> {
    let rows = csv(bytes);
    let heading = "id,move_type,partner_id,ref,invoice_date,invoice_date_due,currency_id,invoice_line_ids/name,\
        invoice_line_ids/quantity,invoice_line_ids/price_unit,invoice_line_ids/account_id,invoice_line_ids/tax_ids";
    assert_eq!(rows[0].join(","), heading);
    assert_harmless(&rows[1..]);
    let mut bills: Vec<ReadBill> = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    let mut sign = Decimal::ONE;
    for row in &rows[1..] {
        for required in 7..12 {
            assert!(!row[required].is_empty(), "column {required}: {row:?}");
        }
        assert!(!row[11].contains(','), "several taxes: {row:?}");
        for value in [8, 9] {
            assert!(number(&row[value]).scale() <= 2, "it is rounded: {row:?}");
        }
        if row[..7].iter().any(|cell| !cell.is_empty()) {
            assert!(row[..7].iter().all(|cell| !cell.is_empty()), "{row:?}");
            assert!(ids.insert(row[0].clone()), "one id, one bill: {row:?}");
            assert!(
                row[0]
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || c == b'_')
            );
            sign = match row[1].as_str() {
                "in_invoice" => Decimal::ONE,
                "in_refund" => Decimal::NEGATIVE_ONE,
                other => panic!("{other}"),
            };
            bills.push(ReadBill {
                supplier: row[2].clone(),
                number: row[3].clone(),
                date: Some(row[4].parse().unwrap()),
                due_date: Some(row[5].parse().unwrap()),
                currency: row[6].clone(),
                account: row[10].clone(),
                tax_code: row[11].clone(),
                ..ReadBill::default()
            });
        }
        let amount = number(&row[8]) * number(&row[9]) * sign;
        let bill = bills.last_mut().expect("the first row begins a bill");
        bill.lines.push((row[7].clone(), amount));
    }
    bills
}
