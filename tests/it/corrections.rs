//! Values that a person corrects, and records that a person approves.

use std::fs;

use serde_json::{Value, json};

use crate::context::{Context, Ran};
use crate::harness::test;

/// A receipt, as the small reader reads it.
fn read(context: &Context) -> Value {
    context.fixture("receipt/uk_grocer", "in/grocer");
    let ran = context.run(&["run", "in", "--type", "receipt"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    context.records().remove(0)
}

fn correct(context: &Context, arguments: &[&str]) -> Ran {
    context.run(&[&["correct"], arguments].concat())
}

fn id(record: &Value) -> String {
    record["id"].to_string()
}

fn codes(record: &Value) -> Vec<&str> {
    let findings = record["findings"].as_array().unwrap().iter();
    findings.map(|f| f["code"].as_str().unwrap()).collect()
}

/// The sum of the lines, in cents.
fn cents_of_lines(record: &Value) -> i64 {
    let lines = record["fields"]["items"].as_array().unwrap();
    assert!(!lines.is_empty(), "{record:#}");
    let cents = |line: &Value| {
        line["amount"]
            .as_str()
            .unwrap()
            .replace('.', "")
            .parse::<i64>()
    };
    lines.iter().map(|line| cents(line).unwrap()).sum()
}

fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

test!(a_correction_is_checked_and_kept_with_its_reason, Engines);
fn a_correction_is_checked_and_kept_with_its_reason(context: Context) {
    let record = read(&context);
    let sum = cents_of_lines(&record);
    let total = format!("total={}", amount(sum + 100));
    let wrong = correct(
        &context,
        &[
            &id(&record),
            &total,
            "subtotal=",
            "tax=",
            "--reason",
            "typo",
        ],
    );
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    let change = format!(
        "total: {} -> {}",
        record["fields"]["total"].as_str().unwrap(),
        amount(sum + 100)
    );
    assert!(wrong.stdout.contains(&change), "{wrong:?}");
    let record = context.records().remove(0);
    assert_eq!(record["fields"]["total"], amount(sum + 100));
    assert_eq!(record["status"], "needs_review");
    assert!(codes(&record).contains(&"sum_mismatch"), "{record:#}");
    let mut evidence = record["evidence"].as_array().unwrap().iter();
    let of_total = evidence.find(|e| e["field"] == "total").unwrap();
    assert_eq!(of_total["class"], "person");
    assert_eq!(of_total["contradicted_by"], json!(["sum_mismatch"]));
    let total = format!("total={}", amount(sum));
    let right = ["date=2024-03-15", "--approve", "--reason", "as printed"];
    let right = correct(
        &context,
        &[&[id(&record).as_str(), &total][..], &right].concat(),
    );
    assert_eq!(right.code, Some(0), "{right:?}");
    let record = context.records().remove(0);
    assert_eq!(record["status"], "accepted");
    assert_eq!(record["fields"]["date"], "2024-03-15");
    assert!(!codes(&record).contains(&"sum_mismatch"), "{record:#}");
    let total = format!("total={}", amount(sum + 100));
    let id_now = id(&record);
    let wrong = [&id_now, &total, "--approve", "--reason", "typo"];
    let wrong = correct(&context, &wrong);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    let why = "after this change a check fails";
    assert!(wrong.stderr.contains(why), "{wrong:?}");
    let shown = context.run(&["show", &id(&record)]).stdout;
    for part in [
        "typo",
        "as printed",
        "approved",
        "2024-03-14",
        &amount(sum + 100),
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // Without a failed check, the approval says enough.
    let again = correct(&context, &[&id(&record), "--approve"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let record = context.records().remove(0);
    let after = ["date=2024-03-14", "--reason", "as printed after all"];
    let after = correct(&context, &[&[id(&record).as_str()][..], &after].concat());
    assert!(
        after.stdout.contains("The approval does not hold"),
        "{after:?}"
    );
}

test!(what_cannot_be_stored_is_refused, Engines);
fn what_cannot_be_stored_is_refused(context: Context) {
    let record = read(&context);
    let id = id(&record);
    for (arguments, expected) in [
        (&["gross=1.00", "--reason", "x"][..], "has no field gross"),
        (&["items[99].quantity=1", "--reason", "x"], "items[0 to "),
        (&["items=1", "--reason", "x"], "has no field items"),
        (&["total=l66", "--reason", "x"], "l66"),
        (&["date=31.31.2024", "--reason", "x"], "31.31.2024"),
        (&["total", "--reason", "x"], "not FIELD=VALUE"),
        (&["total=1.00", "--reason", " "], "--reason is empty"),
        (&["total=1.00"], "--reason is missing"),
        (&["--reason", "x"], "nothing to do"),
    ] {
        let ran = correct(&context, &[&[id.as_str()], arguments].concat());
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{arguments:?}: {ran:?}");
    }
    assert_eq!(context.records().remove(0), record, "nothing was changed");
}

test!(
    what_a_person_approved_is_not_lost_when_the_document_is_read_again,
    Engines
);
fn what_a_person_approved_is_not_lost_when_the_document_is_read_again(context: Context) {
    let record = read(&context);
    let approve = [
        "merchant_name=Corner Shop",
        "--approve",
        "--reason",
        "stamp covers it",
    ];
    correct(&context, &[&[id(&record).as_str()], &approve[..]].concat());
    // Neither an ordinary run nor another acceptance policy reads it again.
    for arguments in [
        &["run", "in"][..],
        &["run", "in", "--set", "acceptance.min_confidence=0.1"],
    ] {
        let ran = context.run(arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(
            context.records()[0]["fields"]["merchant_name"],
            "Corner Shop",
            "{arguments:?}"
        );
    }
    // A forced run reads it again, and a finding says so.
    assert_eq!(context.run(&["run", "in", "--force"]).code, Some(3));
    let again = context.records().remove(0);
    assert_eq!(
        again["fields"]["merchant_name"],
        record["fields"]["merchant_name"]
    );
    assert!(codes(&again).contains(&"corrected_before"), "{again:#}");
}

test!(approved_records_become_cases_for_eval, Engines);
fn approved_records_become_cases_for_eval(context: Context) {
    let record = read(&context);
    let none = context.run(&["export", "cases", "--out", "cases"]);
    assert!(
        none.stdout.contains("0 approved records written"),
        "{none:?}"
    );
    let approve = [
        "merchant_name=Corner Shop",
        "--approve",
        "--reason",
        "stamp covers it",
    ];
    correct(&context, &[&[id(&record).as_str()], &approve[..]].concat());
    let written = context.run(&["export", "cases", "--out", "cases"]);
    assert!(
        written
            .stdout
            .contains("1 approved record written to cases."),
        "{written:?}"
    );
    let hash = record["provenance"]["document"].as_str().unwrap();
    let truth = format!("cases/receipt/{}/expected.json", &hash[..16]);
    let truth: Value = serde_json::from_slice(&fs::read(context.path(&truth)).unwrap()).unwrap();
    assert_eq!(truth["merchant_name"], "Corner Shop");
    let ran = context.run(&["eval", "cases", "--no-routing", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("merchant_name"), "{ran:?}");
    fs::remove_file(context.path("in/grocer.png")).unwrap();
    let gone = context.run(&["export", "cases", "--out", "again"]);
    assert!(
        gone.stdout
            .contains("was left out: the file is not where it was"),
        "{gone:?}"
    );
}

test!(an_einvoice_is_approved_and_not_corrected, Engines);
fn an_einvoice_is_approved_and_not_corrected(context: Context) {
    context.fixture("invoice/einvoice_credit_note", "in/credit");
    assert_eq!(context.run(&["run", "in"]).code, Some(3));
    let record = context.records().remove(0);
    fs::write(
        context.path("accounts.toml"),
        "[default]\naccount = \"Expenses:Tools\"\n",
    )
    .unwrap();
    let export = ["export", "--target", "hledger", "--out", "books"];
    let before = context.run(&export);
    assert!(
        before.stdout.contains("1 bill, not accepted yet"),
        "{before:?}"
    );
    let changed = correct(
        &context,
        &[&id(&record), "gross_total=1.00", "--reason", "x"],
    );
    assert_eq!(changed.code, Some(2), "{changed:?}");
    assert!(changed.stderr.contains("e-invoice"), "{changed:?}");
    let approved = correct(
        &context,
        &[&id(&record), "--approve", "--reason", "credit agreed"],
    );
    assert_eq!(approved.code, Some(0), "{approved:?}");
    let ran = context.run(&export);
    assert!(ran.stdout.contains("1 bill for hledger"), "{ran:?}");
    let text = fs::read_to_string(context.path("books/docmill-hledger-000001.journal")).unwrap();
    assert!(
        text.contains("Liabilities:Payable  166.80 EUR"),
        "a credit: {text}"
    );
}
