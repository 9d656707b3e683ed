//! Supplier cards: what approved bills say of the next ones.

use std::fs;

use serde_json::{Value, json};

use crate::context::Context;
use crate::harness::test;
use crate::review_server::ReviewServer;
use crate::rows::{Row, fill};

/// An invoice that needs review, with these values.
fn row(id: i64, fields: Value) -> Row {
    let mut row = Row::invoice(id, "Nord GmbH", "10.00", "11.90");
    let fields = fields.as_object().unwrap().clone();
    row.record.fields.extend(fields);
    row
}

fn approve(context: &Context, id: i64) {
    let arguments = ["correct", &id.to_string(), "--approve", "--reason", "seen"];
    let ran = context.run(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

fn codes(record: &Value) -> Vec<&str> {
    let findings = record["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

test!(
    changed_bank_details_of_an_approved_supplier_need_a_person,
    Engines
);
fn changed_bank_details_of_an_approved_supplier_need_a_person(context: Context) {
    let bill = context.fixture("invoice/einvoice_ubl", "in/first");
    let first = fs::read_to_string(&bill).unwrap();
    assert_eq!(context.run(&["run", "in"]).code, Some(0));
    approve(&context, 1);
    // Another bill of the seller, with the account of somebody else.
    let other = first
        .replace("FR7630006000011234567890189", "GB33BUKB20201555555555")
        .replace("F-2024-118", "F-2024-119");
    assert_ne!(other, first);
    fs::write(context.path("in/second.xml"), other).unwrap();
    let ran = context.run(&["run", "in"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let records = context.records();
    let record = records
        .iter()
        .find(|record| record["status"] == "needs_review");
    let record = record.unwrap_or_else(|| panic!("{records:#?}"));
    assert!(
        codes(record).contains(&"bank_details_changed"),
        "{record:#}"
    );
    let id = record["id"].to_string();
    let refused = context.run(&["correct", &id, "--approve"]);
    assert_eq!(refused.code, Some(2), "a reason is needed: {refused:?}");
    assert!(refused.stderr.contains("ask the supplier"), "{refused:?}");
}

test!(the_page_shows_what_approved_bills_say_of_the_seller);
fn the_page_shows_what_approved_bills_say_of_the_seller(context: Context) {
    let iban = json!({"iban": "DE89370400440532013000", "seller_vat_id": "DE136695976"});
    let rows = [
        row(1, iban.clone()),
        row(2, iban.clone()),
        row(3, iban),
        row(4, json!({})),
        row(5, json!({"seller_name": "West AG"})),
    ];
    fill(&context.path("docmill.db"), &rows);
    fs::write(
        context.path("accounts.toml"),
        "[[supplier]]\nvat_id = \"DE136695976\"\naccount = \"4930\"\ntax_codes = { \"19\" = \"9\" }\n",
    )
    .unwrap();
    (1..=3).for_each(|id| approve(&context, id));
    let server = ReviewServer::open(&context);
    let card = &server.get("/api/records/4/review")["supplier"];
    let expected = json!({
        "name": "Nord GmbH", "bills": 3, "names": ["Nord GmbH"], "vat_ids": ["DE136695976"],
        "ibans": ["DE89370400440532013000"], "currency": "EUR", "number_form": "R-9", "date_order": "day",
        "decimal_sign": ".", "last_totals": ["11.90 EUR", "11.90 EUR", "11.90 EUR"], "account": "4930",
        "tax_codes": {"19": "9"},
    });
    assert_eq!(*card, expected, "{card:#}");
    assert_eq!(server.get("/api/records/5/review")["supplier"], Value::Null);
}

test!(suppliers_are_listed_and_forgotten);
fn suppliers_are_listed_and_forgotten(context: Context) {
    fill(
        &context.path("docmill.db"),
        &[row(1, json!({})), row(2, json!({}))],
    );
    let none = context.run(&["suppliers"]);
    assert_eq!(
        none.stdout,
        "No supplier is known: no invoice was approved.\n"
    );
    approve(&context, 1);
    let listed = context.run(&["suppliers"]);
    assert!(listed.stdout.contains("Nord GmbH"), "{listed:?}");
    let card = context.run(&["suppliers", "--json"]).json_lines().remove(0);
    assert_eq!(
        (&card["name"], &card["bills"]),
        (&json!("Nord GmbH"), &json!(1))
    );
    let unknown = context.run(&["suppliers", "forget", "Ost KG"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    let forgotten = context.run(&["suppliers", "forget", "nord gmbh"]);
    assert!(
        forgotten.stdout.starts_with("Forgotten: 1 approved bill."),
        "{forgotten:?}"
    );
    assert_eq!(context.run(&["suppliers", "--json"]).stdout, "");
}

test!(a_correction_is_offered_for_the_suppliers_other_waiting_records);
fn a_correction_is_offered_for_the_suppliers_other_waiting_records(context: Context) {
    let misread = |id| row(id, json!({"seller_name": "Nord GmbI"}));
    let rows = [
        misread(1),
        misread(2),
        misread(3),
        row(4, json!({})),
        misread(5),
    ];
    fill(&context.path("docmill.db"), &rows);
    let server = ReviewServer::open(&context);
    // Somebody else has one of them open.
    let other = ReviewServer::open_as(&context, "bob");
    let (status, _) = other.post("/api/records/5/lock", &json!({}));
    assert_eq!(status, 200);
    let edits = json!({"values": [["seller_name", "Nord GmbH"], ["gross_total", "11.90"]]});
    let (status, made) = server.correct(1, edits, false, "misread");
    assert_eq!(status, 200, "{made:#}");
    let expected = json!([{"field": "seller_name", "label": "seller name", "before": "Nord GmbI", "after": "Nord GmbH", "records": 3}]);
    assert_eq!(made["others"], expected, "amounts are each document's own");
    let path = format!("/api/records/{}/correct-others", made["record"]);
    let (status, refused) = server.post(&path, &json!({"field": "currency"}));
    assert_eq!(status, 409, "{refused:#}");
    let (status, done) = server.post(&path, &json!({"field": "seller_name"}));
    assert_eq!(status, 200, "{done:#}");
    assert_eq!(
        done["done"],
        "2 records corrected too. 1 stays as it is: somebody has it open."
    );
    let records = context.records();
    let sellers: Vec<_> = records
        .iter()
        .map(|record| &record["fields"]["seller_name"])
        .collect();
    assert_eq!(
        sellers.iter().filter(|name| **name == "Nord GmbH").count(),
        4,
        "{sellers:?}"
    );
    let corrected = records
        .iter()
        .find(|record| record["path"] == "/in/2.png")
        .unwrap();
    assert_eq!(corrected["status"], "needs_review", "nobody approved it");
    let shown = context.run(&["show", &corrected["id"].to_string()]).stdout;
    assert!(
        shown.contains(&format!("as in record {}", made["record"])),
        "{shown}"
    );
    // There is nothing left to do.
    let (_, done) = server.post(&path, &json!({"field": "seller_name"}));
    assert_eq!(
        done["done"],
        "0 records corrected too. 1 stays as it is: somebody has it open."
    );
}

test!(a_correction_is_made_in_the_suppliers_other_records_from_the_command_line);
fn a_correction_is_made_in_the_suppliers_other_records_from_the_command_line(context: Context) {
    let misread = |id| row(id, json!({"seller_name": "Nord GmbI", "currency": null}));
    let rows = [misread(1), misread(2), misread(3), row(4, json!({}))];
    fill(&context.path("docmill.db"), &rows);
    let correct = |arguments: &[&str]| context.run(&[&["correct"], arguments].concat());
    let name = "seller_name=Nord GmbH";
    let made = correct(&["1", name, "--reason", "misread"]);
    assert_eq!(made.code, Some(3), "{made:?}");
    let offer = "2 other waiting records of the supplier with the same seller_name (2, 3): docmill correct 5 --others";
    assert!(made.stdout.contains(offer), "{made:?}");
    let total = correct(&["4", "gross_total=12.00", "--reason", "misread"]);
    assert!(
        !total.stdout.contains("--others"),
        "amounts are each document's own: {total:?}"
    );
    let none = correct(&["6", "--others"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.stderr.contains("was not made by a correction"),
        "{none:?}"
    );
    // Somebody has one of them open.
    let page = ReviewServer::open_as(&context, "bob");
    assert_eq!(page.post("/api/records/3/lock", &json!({})).0, 200);
    let done = correct(&["5", "--others"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stdout
            .contains("seller_name: 1 other record corrected too (7)."),
        "{done:?}"
    );
    assert!(
        done.stdout.contains("1 record not corrected (3)"),
        "{done:?}"
    );
    assert_eq!(page.post("/api/unlock", &json!({})).0, 200);
    // With the correction itself, and as JSON.
    let both = correct(&[
        "7",
        "currency=EUR",
        "--reason",
        "printed",
        "--others",
        "--json",
    ]);
    let lines = both.json_lines();
    assert_eq!(lines[0]["fields"]["currency"], "EUR", "{both:?}");
    let others = json!({"field": "currency", "corrected": [9], "open": []});
    assert_eq!(
        lines[1], others,
        "record 5; record 3 has another name: {both:?}"
    );
    let records = context.records();
    let status = |record: &Value| record["status"] == "needs_review";
    assert!(
        records.iter().all(status),
        "nobody approved them: {records:#?}"
    );
}
