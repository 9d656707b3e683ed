use std::path::Path;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::bill::{Bill, BillKind};
use super::plan::OtherPaper;
use super::target::Candidate;
use super::*;
use crate::domain::{EvidenceClass, FieldEvidence, money, test_data};
use crate::store::{BillId, DistinctPair, DocumentId, Ledger, LedgerLine, StoredRecord};

pub(super) const ACCOUNTS: &str = r#"
[default]
account = "Expenses:Print"
tax_codes = { "19" = "Input19", "0" = "None" }
terms_days = 14
number = "70001"
[xero]
receipt_currency = "EUR"
receipt_tax_types = { "19" = "Included" }
[gnucash]
payable = "Liabilities:Payable"
[firefly]
cash_account = "Cash"
"#;
const DATEV: &str = r#"
[default]
account = "4930"
number = "70001"
tax_codes = { "19" = "9" }
[datev]
consultant = 29098
client = 55003
fiscal_year_month = 7
cash_account = "1000"
"#;

const SAGE: &str = r#"
[default]
account = "5000"
number = "WEBER"
tax_codes = { "19" = "Standard", "0" = "Zero Rated" }
[sage]
currency = "EUR"
"#;

fn accounts(target: TargetName) -> Accounts {
    let text = match target {
        TargetName::Datev => DATEV,
        TargetName::Sage => SAGE,
        _ => ACCOUNTS,
    };
    Accounts::parse(text).unwrap()
}

pub(super) fn stored(id: i64, doc_type: &str, fields: Value) -> StoredRecord {
    StoredRecord {
        id,
        document_id: DocumentId(id),
        record: test_data::record(doc_type, fields),
        paths: vec![format!("/in/{id}.pdf").into()],
        blake3: format!("{id:064x}"),
        run_id: 1,
        created_at: 0,
        models: vec![],
        prompts: vec![],
        schemas: vec![],
    }
}

pub(super) fn invoice_fields(
    number: &str,
    lines: &[(&str, &str)],
    net: &str,
    tax: &str,
    gross: &str,
) -> Value {
    let lines: Vec<_> = lines
        .iter()
        .map(|(text, amount)| json!({"description": text, "quantity": "1", "unit_price": amount, "line_total": amount}))
        .collect();
    json!({"invoice_number": number, "issue_date": "2025-06-30", "due_date": null, "currency": "EUR",
        "seller_name": "Weber & Söhne GmbH", "seller_vat_id": "DE136695976", "line_items": lines,
        "net_total": net, "tax_total": tax, "gross_total": gross})
}

pub(super) fn candidate(stored: &StoredRecord) -> Result<Candidate, Hold> {
    Ok(Candidate {
        bill: Bill::of(stored).expect("a bill")?,
        document: stored.document_id,
        path: "/in/a.pdf".into(),
        paths: stored.paths.clone(),
        file: None,
        ubl: None,
    })
}

pub(super) fn planned(
    target: TargetName,
    candidates: &[Candidate],
    ledger: &Ledger,
    papers: &[OtherPaper],
) -> BatchPlan {
    planned_with(&accounts(target), target, candidates, ledger, papers)
}

pub(super) fn planned_with(
    accounts: &Accounts,
    target: TargetName,
    candidates: &[Candidate],
    ledger: &Ledger,
    papers: &[OtherPaper],
) -> BatchPlan {
    plan(&BatchInput {
        target,
        candidates,
        papers,
        accounts,
        ledger,
        now: 1_750_000_000_123,
        user: "anna",
        folder: Path::new("/out"),
    })
    .unwrap()
}

pub(super) fn codes(plan: &BatchPlan) -> Vec<HoldCode> {
    plan.held.iter().map(|held| held.hold.code).collect()
}

pub(super) fn one_invoice() -> Vec<Candidate> {
    let fields = invoice_fields(
        "RE-7",
        &[("Karten", "60.00"), ("Versand", "40.00")],
        "100.00",
        "19.00",
        "119.00",
    );
    vec![candidate(&stored(1, "invoice", fields)).unwrap()]
}

pub(super) fn one_receipt() -> Vec<Candidate> {
    let fields = json!({"merchant_name": "Café \"Nord\"", "date": "2025-02-03", "currency": "EUR", "total": "11.90",
        "tax": "1.90", "items": [{"description": "Tee", "quantity": "1", "amount": "11.90"}]});
    vec![candidate(&stored(2, "receipt", fields)).unwrap()]
}

pub(super) const ALL: [TargetName; 10] = [
    TargetName::Xlsx,
    TargetName::Xero,
    TargetName::Quickbooks,
    TargetName::Datev,
    TargetName::Hledger,
    TargetName::Beancount,
    TargetName::Gnucash,
    TargetName::Firefly,
    TargetName::Sage,
    TargetName::Odoo,
];

#[test]
fn an_ordinary_bill_is_written_for_every_target_and_always_the_same() {
    for target in ALL {
        let bills = match target {
            TargetName::Firefly => one_receipt(),
            _ => one_invoice(),
        };
        let first = planned(target, &bills, &Ledger::default(), &[]);
        assert_eq!(first.held, [], "{target:?}");
        assert_eq!(first.batch.lines.len(), 1, "{target:?}");
        let again = planned(target, &bills, &Ledger::default(), &[]);
        assert_eq!(first.batch.files, again.batch.files, "{target:?}");
        let manifest = first.batch.files.last().unwrap();
        let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap();
        assert_eq!(manifest["documents"], 1);
        assert_eq!(manifest["sums"]["EUR"], money(bills[0].bill.gross));
        assert_eq!(
            manifest["files"][0]["sha256"],
            first.batch.files[0].sha256.as_str()
        );
        assert_eq!(manifest["created"], "2025-06-15T15:06:40Z");
    }
}

#[test]
fn a_receipt_of_another_country_or_rate_gets_no_tax_type() {
    let held = |change: fn(&mut Value)| {
        let mut fields = json!({"merchant_name": "Café", "date": "2025-02-03", "currency": "EUR",
            "total": "11.90", "tax": "1.90", "items": []});
        change(&mut fields);
        let bills = [candidate(&stored(2, "receipt", fields)).unwrap()];
        codes(&planned(TargetName::Xero, &bills, &Ledger::default(), &[]))
    };
    assert_eq!(held(|_| {}), []);
    assert_eq!(held(|f| f["currency"] = json!("MYR")), [HoldCode::TaxCode]);
    assert_eq!(held(|f| f["tax"] = json!("0.78")), [HoldCode::TaxCode]);
    assert_eq!(held(|f| f["tax"] = json!(null)), [HoldCode::TaxCode]);
}

#[test]
fn what_a_bill_or_the_settings_lack_holds_it_with_the_reason() {
    let fields = |change: fn(&mut Value)| {
        let mut fields = invoice_fields(
            "RE-7",
            &[("A", "60.00"), ("B", "40.00")],
            "100.00",
            "19.00",
            "119.00",
        );
        change(&mut fields);
        candidate(&stored(1, "invoice", fields))
    };
    let held = |target, change| {
        let plan = planned(target, &[fields(change).unwrap()], &Ledger::default(), &[]);
        assert_eq!(plan.batch.lines.len() + plan.held.len(), 1);
        codes(&plan)
    };
    use TargetName::*;
    assert_eq!(
        held(Xero, |f| f["line_items"][0]["line_total"] = json!("50.00")),
        [HoldCode::Lines]
    );
    assert_eq!(
        held(Xero, |f| f["gross_total"] = json!("119.01")),
        [HoldCode::Totals]
    );
    assert_eq!(
        held(Xero, |f| {
            f["tax_total"] = json!("16.00");
            f["gross_total"] = json!("116.00")
        }),
        [HoldCode::TaxCode]
    );
    assert_eq!(
        held(Datev, |f| f["currency"] = json!("USD")),
        [HoldCode::NotSupported]
    );
    assert_eq!(
        held(Datev, |f| f["invoice_number"] = json!("RE 7")),
        [HoldCode::Value]
    );
    assert_eq!(
        held(Datev, |f| f["seller_name"] = json!("Šárka")),
        [HoldCode::Value; 0]
    );
    assert_eq!(
        held(Datev, |f| f["seller_name"] = json!("Łódź")),
        [HoldCode::Value]
    );
    assert_eq!(
        held(Quickbooks, |f| f["invoice_number"] =
            json!("1234567890123456789012")),
        [HoldCode::Value]
    );
    assert_eq!(
        held(Xero, |f| f["seller_name"] = json!("=HYPERLINK(1)")),
        [HoldCode::Value]
    );
    assert_eq!(
        held(Hledger, |f| f["seller_name"] = json!("A; B")),
        [HoldCode::Value]
    );
    assert_eq!(
        held(Sage, |f| f["currency"] = json!("GBP")),
        [HoldCode::NotSupported],
        "the file states no currency"
    );
    assert_eq!(
        held(Sage, |f| f["invoice_number"] = json!("x".repeat(26))),
        [HoldCode::Value]
    );
    assert_eq!(
        held(Odoo, |f| {
            f["line_items"][0]["quantity"] = json!("480");
            f["line_items"][0]["unit_price"] = json!("0.125");
        }),
        [HoldCode::Value],
        "Odoo would round the price"
    );
    for (field, value) in [
        ("gross_total", json!(null)),
        ("seller_name", json!(null)),
        ("currency", json!(null)),
        ("issue_date", json!(null)),
        ("gross_total", json!("0.00")),
        ("gross_total", json!("119.005")),
        ("seller_name", json!("a\u{7}b")),
    ] {
        let mut fields = invoice_fields("RE-7", &[], "100.00", "19.00", "119.00");
        fields[field] = value.clone();
        assert!(
            candidate(&stored(1, "invoice", fields)).is_err(),
            "{field} {value}"
        );
    }
}

#[test]
fn a_supplier_that_is_not_in_the_file_holds_its_bills() {
    let text = "[[supplier]]\nvat_id = \"DE 136 695 976\"\naccount = \"1\"\n[[supplier]]\nnames = [\"NORD\"]\nvat_id = \"DE1\"";
    let accounts = Accounts::parse(text).unwrap();
    let supplier = |bill: &Bill| {
        accounts
            .supplier(&bill.supplier, bill.vat_id.as_deref())
            .cloned()
    };
    let mut bill = one_invoice().remove(0).bill;
    assert_eq!(supplier(&bill).unwrap().account.as_deref(), Some("1"));
    bill.vat_id = Some("DE999999999".into());
    let hold = supplier(&bill).unwrap_err();
    assert!(
        hold.message.contains("vat_id = \"DE999999999\""),
        "{hold:?}"
    );
    bill.supplier = "Nord GmbH".into();
    let hold = supplier(&bill).unwrap_err();
    assert!(hold.message.contains("check who sent the bill"), "{hold:?}");
    bill.vat_id = None;
    assert!(supplier(&bill).is_ok());
}

fn ledger_line(record: i64, bill: &Bill) -> LedgerLine {
    LedgerLine {
        batch: 3,
        record,
        bill: BillId {
            blake3: "other".into(),
            pages: vec![0],
        },
        payment: bill.payment_key(),
    }
}

#[test]
fn a_bill_that_was_exported_from_another_document_is_held() {
    let bills = one_invoice();
    let ledger = Ledger {
        lines: vec![ledger_line(9, &bills[0].bill)],
        ..Ledger::default()
    };
    let plan = planned(TargetName::Hledger, &bills, &ledger, &[]);
    assert_eq!(codes(&plan), [HoldCode::SameBill]);
    assert!(
        plan.held[0]
            .hold
            .message
            .contains("record 9 (in batch 3, 119.00 EUR of 2025-06-30)")
    );
    assert!(plan.batch.files.is_empty());
    // Two bills of one supplier and day are set apart by a person, the same bill is not.
    let pair = DistinctPair::of(&bills[0].bill.id, &ledger.lines[0].bill);
    let ledger = Ledger {
        distinct: vec![pair],
        ..ledger
    };
    assert_eq!(
        codes(&planned(TargetName::Hledger, &bills, &ledger, &[])),
        [HoldCode::SameBill]
    );
    let mut other = bills[0].bill.clone();
    other.number = Some("RE-8".into());
    let mut ledger = Ledger {
        lines: vec![ledger_line(9, &other)],
        ..ledger
    };
    assert_eq!(
        codes(&planned(TargetName::Hledger, &bills, &ledger, &[])),
        []
    );
    ledger.distinct.clear();
    assert_eq!(
        codes(&planned(TargetName::Hledger, &bills, &ledger, &[])),
        [HoldCode::OtherNumber]
    );
}

#[test]
fn a_number_without_digits_that_no_person_entered_is_none() {
    let fields = invoice_fields(
        "Rechnung",
        &[("Karten", "100.00")],
        "100.00",
        "19.00",
        "119.00",
    );
    let read = stored(4, "invoice", fields);
    let mut entered = stored(5, "invoice", read.record.fields.clone().into());
    entered.record.evidence = vec![FieldEvidence {
        class: EvidenceClass::Person,
        ..FieldEvidence::model_only("invoice_number")
    }];
    let key = |stored: &StoredRecord| candidate(stored).unwrap().bill.payment_key();
    assert_eq!(
        (key(&read).number, key(&read).is_number_unsure),
        (None, true)
    );
    let number = Some("RECHNUNG".to_owned());
    assert_eq!(
        (key(&entered).number, key(&entered).is_number_unsure),
        (number, false)
    );
    let bills = [candidate(&read).unwrap(), candidate(&entered).unwrap()];
    let plan = planned(TargetName::Hledger, &bills, &Ledger::default(), &[]);
    assert_eq!(codes(&plan), [HoldCode::UnsureNumber]);
    let message = &plan.held[0].hold.message;
    assert!(
        message.contains("a number may be misread: correct number and date if they are misread (`docmill correct 5 "),
        "{message}"
    );
}

#[test]
fn of_two_copies_in_one_export_the_first_is_written() {
    let fields = invoice_fields("RE-7", &[("Karten", "100.00")], "100.00", "19.00", "119.00");
    let bills: Vec<_> = [4, 5]
        .map(|id| candidate(&stored(id, "invoice", fields.clone())).unwrap())
        .into();
    let plan = planned(TargetName::Hledger, &bills, &Ledger::default(), &[]);
    assert_eq!((plan.batch.lines[0].record, plan.held[0].record), (4, 5));
    assert_eq!(codes(&plan), [HoldCode::SameBill]);
}

#[test]
fn an_invoice_with_a_payment_beside_it_is_held() {
    let bills = one_invoice();
    let mut payment = bills[0].bill.payment_key();
    payment.paper = crate::domain::Paper::Screenshot;
    payment.number = None;
    let id = BillId {
        blake3: "shot".into(),
        pages: vec![0],
    };
    let papers = [OtherPaper {
        record: 8,
        id,
        payment,
    }];
    let plan = planned(TargetName::Hledger, &bills, &Ledger::default(), &papers);
    assert_eq!(codes(&plan), [HoldCode::PaidAlready]);
}

#[test]
fn a_credit_note_has_negative_amounts_whatever_it_states() {
    let fields = invoice_fields("G-1", &[("Karten", "100.00")], "100.00", "19.00", "119.00");
    let mut note = stored(1, "invoice", fields);
    let finding = crate::domain::Finding::new(crate::domain::FindingCode::CreditNote, None, "");
    note.record.findings.push(finding);
    let bill = candidate(&note).unwrap().bill;
    assert_eq!(
        (bill.kind, bill.gross),
        (BillKind::CreditNote, Decimal::new(-11900, 2))
    );
    assert_eq!(bill.lines[0].amount, Some(Decimal::new(-10000, 2)));
}

#[test]
fn a_file_for_datev_is_of_one_fiscal_year() {
    let bill = |id: i64, date: &str| {
        let mut fields = invoice_fields(&format!("RE-{id}"), &[], "100.00", "19.00", "119.00");
        fields["issue_date"] = json!(date);
        candidate(&stored(id, "invoice", fields)).unwrap()
    };
    let bills = [
        bill(1, "2025-06-30"),
        bill(2, "2025-07-01"),
        bill(3, "2025-08-01"),
    ];
    let plan = planned(TargetName::Datev, &bills, &Ledger::default(), &[]);
    let names: Vec<_> = plan
        .batch
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "EXTF_docmill-datev-000001-2024.csv",
            "EXTF_docmill-datev-000001-2025.csv",
            "docmill-datev-000001.manifest.json"
        ]
    );
    let text = String::from_utf8_lossy(&plan.batch.files[1].bytes).into_owned();
    let header = "\"EXTF\";700;21;\"Buchungsstapel\";13;20250615150640123;;\"RE\";\"docmill\";\"\";29098;55003;20250701;4;\
        20250701;20250801;\"docmill batch 1\";\"\";1;0;0;\"EUR\";;\"\";;;\"\";;;\"\";\"\"";
    assert_eq!(text.lines().next(), Some(header));
}
