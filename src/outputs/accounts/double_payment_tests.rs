use rust_decimal::Decimal;

use super::*;
use crate::domain::Paper;

fn paper(
    paper: Paper,
    supplier: &str,
    number: Option<&str>,
    date: &str,
    gross: &str,
) -> PaymentKey {
    PaymentKey {
        paper,
        supplier: supplier_words(supplier),
        vat_id: None,
        number: number.map(number_key),
        is_number_unsure: false,
        currency: "EUR".into(),
        gross: gross.parse::<Decimal>().unwrap().normalize(),
        date: date.parse().unwrap(),
        is_date_unsure: false,
        due_date: None,
    }
}

fn invoice(supplier: &str, number: &str, date: &str, gross: &str) -> PaymentKey {
    paper(Paper::Invoice, supplier, Some(number), date, gross)
}

#[test]
fn the_same_bill_is_found_whatever_its_spelling() {
    let first = invoice("Weber & Söhne GmbH", "RE-0012/O7", "2025-01-31", "119.00");
    for (supplier, number) in [
        ("WEBER & SOHNE", "RE-0012/07"),
        ("Weber & Söhne G.m.b.H.", "re 0012 07"),
        ("Weber & Söhne GmbH", "RE0012O7"),
    ] {
        let again = invoice(supplier, number, "2025-02-01", "119.0");
        assert_eq!(
            compare(&again, &first),
            Some(HoldCode::SameBill),
            "{supplier} {number}"
        );
    }
    let mut renamed = invoice("Druckhaus", "RE-0012/07", "2025-01-31", "119.00");
    assert_eq!(compare(&renamed, &first), None);
    let vat_id = Some("DE136695976".to_owned());
    renamed.vat_id = vat_id.clone();
    let first = PaymentKey { vat_id, ..first };
    assert_eq!(compare(&renamed, &first), Some(HoldCode::SameBill));
}

#[test]
fn what_may_be_the_same_bill_is_held() {
    let first = invoice("Weber", "A-15", "2025-01-31", "119.00");
    let cases = [
        (
            invoice("Weber", "A-15", "2025-01-31", "191.00"),
            Some(HoldCode::OtherAmount),
        ),
        (
            invoice("Weber", "A-16", "2025-01-31", "119.00"),
            Some(HoldCode::OtherNumber),
        ),
        (
            invoice("Weber", "A-1S", "2025-02-28", "119.00"),
            Some(HoldCode::LookAlike),
        ),
        (invoice("Nord", "A-15", "2025-01-31", "119.00"), None),
        (invoice("Weber", "A-15", "2025-01-31", "-119.00"), None),
    ];
    for (new, expected) in cases {
        assert_eq!(compare(&new, &first), expected, "{new:?}");
    }
    let dollars = PaymentKey {
        currency: "USD".into(),
        ..first.clone()
    };
    assert_eq!(compare(&dollars, &first), Some(HoldCode::OtherAmount));
}

#[test]
fn bills_of_the_same_amount_every_month_are_other_bills() {
    let months: Vec<_> = (1..=12)
        .map(|month| {
            invoice(
                "Miete AG",
                &format!("2025-{month:02}"),
                &format!("2025-{month:02}-01"),
                "900.00",
            )
        })
        .collect();
    for (index, one) in months.iter().enumerate() {
        for other in &months[..index] {
            assert_eq!(compare(one, other), None, "{one:?} {other:?}");
            let unsure = PaymentKey {
                is_number_unsure: true,
                ..one.clone()
            };
            assert_eq!(compare(&unsure, other), None, "{one:?} {other:?}");
        }
    }
}

#[test]
fn a_number_that_may_be_misread_leaves_supplier_amount_and_date() {
    let first = PaymentKey {
        due_date: Some("2025-03-02".parse().unwrap()),
        ..invoice("Weber", "A-15", "2025-01-31", "119.00")
    };
    let misread = |date: &str, gross: &str| PaymentKey {
        number: None,
        is_number_unsure: true,
        ..invoice("Weber", "", date, gross)
    };
    let held = Some(HoldCode::UnsureNumber);
    for date in ["2025-01-31", "2025-01-21", "2025-03-02"] {
        assert_eq!(compare(&misread(date, "119.00"), &first), held, "{date}");
        assert_eq!(compare(&first, &misread(date, "119.00")), held, "{date}");
    }
    let both = misread("2025-01-30", "119.00");
    assert_eq!(compare(&misread("2025-01-31", "119.00"), &both), held);
    assert_eq!(compare(&misread("2025-01-31", "191.00"), &first), None);
    // The bill of the next month has its date alone, if that is sure.
    let next = misread("2025-02-28", "119.00");
    assert_eq!(compare(&next, &first), None);
    let unsure = PaymentKey {
        is_date_unsure: true,
        ..next
    };
    assert_eq!(compare(&unsure, &first), held);
    // Two coffees of one morning.
    let coffee = |date: &str| paper(Paper::Receipt, "Bar", None, date, "2.40");
    assert_eq!(compare(&coffee("2025-01-31"), &coffee("2025-01-30")), None);
}

#[test]
fn a_receipt_or_payment_near_an_invoice_of_its_amount_is_held() {
    let bill = invoice("Weber Druck GmbH", "A-15", "2025-01-31", "119.00");
    let due = PaymentKey {
        due_date: Some("2025-03-02".parse().unwrap()),
        ..bill.clone()
    };
    let payment = |name: &str, date: &str| paper(Paper::Screenshot, name, None, date, "119.00");
    let held = Some(HoldCode::PaidAlready);
    assert_eq!(compare(&bill, &payment("WEBER DRUCK", "2025-02-05")), held);
    assert_eq!(compare(&bill, &payment("", "2025-02-05")), held);
    assert_eq!(compare(&bill, &payment("Nord", "2025-02-05")), None);
    assert_eq!(compare(&bill, &payment("Weber", "2025-03-05")), None);
    assert_eq!(compare(&due, &payment("Weber", "2025-03-05")), held);
    let till = paper(Paper::Receipt, "Weber Druck", None, "2025-01-31", "119.00");
    assert_eq!(compare(&till, &bill), held);
}

#[test]
fn a_name_that_is_only_a_legal_form_is_kept() {
    assert_eq!(supplier_words("AS"), ["AS"]);
    assert_eq!(supplier_words("Bouw & Co BV"), ["BOUW"]);
    assert_eq!(supplier_words("…"), [""; 0]);
}
