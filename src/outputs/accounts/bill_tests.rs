//! Tax codes, and what an e-invoice states beside the record's fields.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::target::Candidate;
use super::tests::{ACCOUNTS, candidate, codes, invoice_fields, one_invoice, one_receipt, stored};
use super::*;
use crate::domain::{EInvoice, Syntax, Tax};
use crate::store::Ledger;

/// The plan for a bill and the text of accounts.toml.
fn planned_with(target: TargetName, bill: Candidate, accounts: &str) -> BatchPlan {
    let accounts = Accounts::parse(accounts).unwrap();
    let ledger = Ledger::default();
    tests::planned_with(&accounts, target, &[bill], &ledger, &[])
}

#[test]
fn datev_books_tax_with_a_key_or_with_an_account_that_sets_it() {
    let header = "[datev]\nconsultant = 29098\nclient = 55003\ncash_account = \"1000\"\n";
    let plan_of = |bill: Candidate, supplier: &str| {
        let accounts =
            format!("default = {{ account = \"4930\", number = \"70001\"{supplier} }}\n{header}");
        planned_with(TargetName::Datev, bill, &accounts)
    };
    for bill in [one_invoice().remove(0), one_receipt().remove(0)] {
        let plan = plan_of(bill, "");
        assert_eq!(codes(&plan), [HoldCode::TaxCode]);
        let message = &plan.held[0].hold.message;
        assert!(
            message.contains("accounts.toml has no tax_codes"),
            "{message}"
        );
    }
    for (supplier, key) in [
        (", automatic_tax = true", ""),
        (", tax_codes = { \"19\" = \"9\" }", "9"),
        (", tax_codes = { \"19\" = \"\" }", ""),
    ] {
        let plan = plan_of(one_receipt().remove(0), supplier);
        assert_eq!(codes(&plan), []);
        let file = String::from_utf8_lossy(&plan.batch.files[0].bytes).into_owned();
        let row = file.lines().nth(2).unwrap();
        let stated = row.split(';').nth(8).unwrap();
        assert_eq!(stated, format!("\"{key}\""), "{supplier}");
    }
}

#[test]
fn a_receipt_that_states_no_tax_is_held_even_where_a_rate_of_0_is_known() {
    let fields = json!({"merchant_name": "Nord", "date": "2025-02-03", "currency": "EUR", "total": "11.90",
        "tax": null, "items": []});
    let bill = candidate(&stored(2, "receipt", fields)).unwrap();
    let accounts = "default.account = \"1\"\n[xero]\nreceipt_currency = \"EUR\"\n\
        receipt_tax_types = { \"19\" = \"A\", \"0\" = \"B\" }\n";
    let plan = planned_with(TargetName::Xero, bill, accounts);
    assert_eq!(codes(&plan), [HoldCode::TaxCode]);
    let message = &plan.held[0].hold.message;
    assert!(message.contains("states no tax"), "{message}");
}

#[test]
fn a_bill_of_several_rates_is_entered_by_hand_and_never_corrected_to_fit() {
    let fields = invoice_fields("RE-9", &[], "1110.00", "182.10", "1292.10");
    let held = |rates: &[&str]| {
        let mut bill = candidate(&stored(1, "invoice", fields.clone())).unwrap();
        let tax = |rate: &&str| Tax {
            rate: Some(rate.parse().unwrap()),
            ..Tax::default()
        };
        let stated = EInvoice {
            taxes: rates.iter().map(tax).collect(),
            ..EInvoice::new(Syntax::UblInvoice)
        };
        bill.bill.add_stated(&stated);
        let accounts =
            "default = { account = \"1\", tax_codes = { \"7\" = \"8\", \"19\" = \"9\" } }";
        let plan = planned_with(TargetName::Quickbooks, bill, accounts);
        plan.held[0].hold.message.clone()
    };
    assert_eq!(
        held(&[]),
        "tax 182.10 on 1110.00 fits none of 7, 19 % in tax_codes for the supplier: \
         if the bill has several rates, enter the bill by hand; if a rate is missing, add it to accounts.toml"
    );
    assert_eq!(
        held(&["19.00", "7", "7"]),
        "tax 182.10 on 1110.00 is of several rates, 7, 19 %: enter the bill by hand"
    );
    assert!(
        held(&["16.4"]).contains("is of 16.4 %"),
        "{}",
        held(&["16.4"])
    );
}

#[test]
fn the_amount_due_of_a_prepaid_invoice_is_named() {
    let mut bill = one_invoice().remove(0);
    let mut stated = EInvoice::new(Syntax::UblInvoice);
    stated.totals.gross = Some("119.00".parse().unwrap());
    stated.totals.due = Some("19.00".parse().unwrap());
    bill.bill.add_stated(&stated);
    let due: Decimal = "19.00".parse().unwrap();
    for (target, text) in [
        (TargetName::Hledger, "amount-due:19.00"),
        (TargetName::Beancount, "  amount-due: 19.00 EUR"),
    ] {
        let bill = Candidate {
            bill: bill.bill.clone(),
            ..one_invoice().remove(0)
        };
        let plan = planned_with(target, bill, ACCOUNTS);
        assert_eq!(plan.partly_due.len(), 1, "{:?}", plan.held);
        assert_eq!(plan.partly_due[0].amount_due, due);
        let file = String::from_utf8_lossy(&plan.batch.files[0].bytes).into_owned();
        assert!(file.contains(text), "{file}");
        let manifest: Value =
            serde_json::from_slice(&plan.batch.files.last().unwrap().bytes).unwrap();
        assert_eq!(manifest["bills"][0]["amount_due"], "19.00");
        assert_eq!(manifest["bills"][0]["gross"], "119.00");
    }
    let plan = planned_with(TargetName::Xlsx, bill, ACCOUNTS);
    let cells = &strict_reader::xlsx(&plan.batch.files[0].bytes)[0];
    assert_eq!(cells["O1"].1, "Amount due");
    assert_eq!(cells["O2"].1, "19");
    // All of it is due: nothing to say.
    let mut whole = one_invoice().remove(0);
    stated.totals.due = stated.totals.gross;
    whole.bill.add_stated(&stated);
    assert_eq!(whole.bill.amount_due, None);
}
