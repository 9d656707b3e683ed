//! E-invoices: attached to PDFs and as files of their own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::context::{Context, corpus, fixtures};
use crate::harness::test;

const CASES: [&str; 6] = [
    "facturx",
    "zugferd1",
    "conflict",
    "ubl",
    "credit_note",
    "xrechnung",
];

/// Copies the fixtures `einvoice_<case>` to `in/<case>.*`.
fn take(context: &Context, cases: &[&str]) {
    for case in cases {
        context.fixture(&format!("invoice/einvoice_{case}"), &format!("in/{case}"));
    }
}

fn name_of(record: &Value) -> String {
    let path = PathBuf::from(record["path"].as_str().unwrap());
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn record_of<'a>(records: &'a [Value], case: &str) -> &'a Value {
    let found = records.iter().find(|record| name_of(record) == case);
    found.unwrap_or_else(|| panic!("no record of {case}: {records:#?}"))
}

/// Codes of the findings, with their fields.
fn findings(record: &Value) -> Vec<(String, String)> {
    let findings = record["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .map(|f| (text(&f["code"]), text(&f["field"])))
        .collect()
}

/// The truth's fields that the record has otherwise.
fn wrong(record: &Value, truth: &Path) -> Vec<String> {
    let truth: Value = serde_json::from_slice(&fs::read(truth).unwrap()).unwrap();
    let known = truth
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !name.starts_with('_'));
    known
        .filter(
            |(name, value)| match (value, &record["fields"][name.as_str()]) {
                // The truth leaves out what a line does not state.
                (Value::Array(truth), Value::Array(lines)) => {
                    truth.len() != lines.len()
                        || truth.iter().zip(lines).any(|(truth, line)| {
                            truth
                                .as_object()
                                .unwrap()
                                .iter()
                                .any(|(name, value)| line[name] != *value)
                        })
                }
                (value, found) => *value != found,
            },
        )
        .map(|(name, value)| format!("{name}: {value} is {}", record["fields"][name.as_str()]))
        .collect()
}

test!(
    the_values_of_an_einvoice_are_stored_and_no_model_is_asked,
    Engines
);
fn the_values_of_an_einvoice_are_stored_and_no_model_is_asked(context: Context) {
    take(&context, &CASES);
    let ran = context.run(&["run", "in"]);
    assert_eq!(ran.code, Some(3), "a credit note wants a person: {ran:?}");
    let records = context.records();
    assert_eq!(records.len(), CASES.len(), "{records:#?}");
    for case in CASES {
        let record = record_of(&records, case);
        let truth = fixtures().join(format!("invoice/einvoice_{case}/expected.json"));
        assert_eq!(wrong(record, &truth), [""; 0], "{case}");
        assert_eq!(record["source"], "embedded_xml");
        assert_eq!(record["type"], "invoice");
        for key in ["models", "prompts"] {
            assert_eq!(
                record["provenance"][key],
                serde_json::json!([]),
                "{record:#}"
            );
        }
    }
    for case in ["facturx", "zugferd1", "ubl", "xrechnung"] {
        let record = record_of(&records, case);
        assert_eq!(record["status"], "accepted", "{record:#}");
    }
    let conflict = record_of(&records, "conflict");
    assert_eq!(conflict["status"], "needs_review", "{conflict:#}");
    let reported = conflict["findings"][0]["message"].as_str().unwrap();
    assert!(
        reported.contains("2024-0912") && reported.contains("two different invoices"),
        "{reported}"
    );
    let credit = findings(record_of(&records, "credit_note"));
    assert!(
        credit.iter().any(|(code, _)| code == "credit_note"),
        "{credit:?}"
    );
    let again = context.run(&["run", "in", "--json"]);
    assert_eq!(again.stdout, "", "what was read is not read again");
    let shown = context.run(&["show", "in/facturx.pdf"]);
    assert!(
        shown.stdout.contains("values from its e-invoice"),
        "{shown:?}"
    );
}

test!(
    amount_due_and_the_keys_of_a_join_have_columns_of_their_own,
    Engines
);
fn amount_due_and_the_keys_of_a_join_have_columns_of_their_own(context: Context) {
    take(&context, &["facturx", "ubl"]);
    let ran = context.run(&["run", "in"]);
    let row = ran.stdout.lines().find(|line| line.contains("in/ubl.xml"));
    assert!(row.unwrap().contains("333.80 is due"), "{ran:?}");
    let records = context.records();
    let (ubl, facturx) = (record_of(&records, "ubl"), record_of(&records, "facturx"));
    assert_eq!(ubl["status"], "accepted");
    assert_eq!(ubl["amount_due"], "333.80");
    assert_eq!(facturx["amount_due"], Value::Null);
    let shown = context.run(&["show", "in/ubl.xml", "--json"]).json_lines();
    assert_eq!(shown[0], *ubl);
    let csv = context.run(&["export", "--format", "csv"]).stdout;
    let mut rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let row = rows.find(|row| row.iter().any(|cell| cell.ends_with("ubl.xml")));
    let row = row.unwrap();
    // No cell before it has a comma.
    let codes = head.iter().position(|name| *name == "finding_codes");
    assert!(row[codes.unwrap()].contains("amount_due"), "{csv}");
    assert!(head.contains(&"document") && head.contains(&"amount_due"));
    let hash = ubl["provenance"]["document"].as_str().unwrap();
    assert!(csv.contains(&format!(",333.80,{hash},")), "{csv}");
    // Made again, a record has another `id`; what rows are joined by stays.
    let forced = context.run(&["run", "in", "--force", "--type", "receipt"]);
    assert!(
        forced
            .stderr
            .contains("does not apply to e-invoices: 2 records"),
        "{forced:?}"
    );
    let again = context.records();
    let again = record_of(&again, "ubl");
    assert_ne!(again["id"], ubl["id"]);
    for key in ["/provenance/document", "/pages"] {
        assert_eq!(again.pointer(key), ubl.pointer(key), "{key}");
    }
}

test!(
    an_xml_file_that_is_not_an_invoice_is_rejected_with_its_reason,
    Engines
);
fn an_xml_file_that_is_not_an_invoice_is_rejected_with_its_reason(context: Context) {
    take(&context, &["ubl"]);
    let good = fs::read_to_string(context.path("in/ubl.xml")).unwrap();
    fs::write(
        context.path("in/feed.xml"),
        "<?xml version='1.0'?><rss><channel/></rss>",
    )
    .unwrap();
    fs::write(context.path("in/broken.xml"), &good[..good.len() / 2]).unwrap();
    let bomb = "<!DOCTYPE Invoice [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><Invoice";
    fs::write(
        context.path("in/bomb.xml"),
        good.replacen("<Invoice", bomb, 1),
    )
    .unwrap();
    let deep = format!("{}{}", "<cbc:ID>".repeat(5_000), "</cbc:ID>".repeat(5_000));
    fs::write(
        context.path("in/deep.xml"),
        good.replacen("<cbc:ID>", &format!("{deep}<cbc:ID>"), 1),
    )
    .unwrap();
    // A name says nothing.
    fs::rename(context.path("in/ubl.xml"), context.path("in/invoice.pdf")).unwrap();
    let ran = context.run(&["run", "in"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let records = context.records();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(record_of(&records, "invoice")["source"], "embedded_xml");
    let status = context.run(&["status", "--all"]);
    let line = |name: &str| {
        let line = status.stdout.lines().find(|line| line.contains(name));
        line.unwrap_or_else(|| panic!("{status:?}")).to_owned()
    };
    assert!(line("feed.xml").contains("unsupported_type") && line("feed.xml").contains("`rss`"));
    assert!(line("broken.xml").contains("corrupt"), "{status:?}");
    assert!(line("bomb.xml").contains("DTD"), "{status:?}");
    assert!(line("deep.xml").contains("too_large"), "{status:?}");
}

test!(
    a_changed_setting_reads_again_what_it_affects_and_a_difference_shows_both_values,
    Engines
);
fn a_changed_setting_reads_again_what_it_affects_and_a_difference_shows_both_values(
    context: Context,
) {
    take(&context, &["conflict", "ubl"]);
    context.run(&["run", "in"]);
    let plain = context.records();
    let crossed = context.run(&["run", "in", "--cross-read", "--json"]);
    let lines = crossed.json_lines();
    assert_eq!(
        lines.len(),
        1,
        "an XML file has no page to read: {crossed:?}"
    );
    let record = &lines[0];
    assert_eq!(name_of(record), "conflict");
    assert_eq!(record["source"], "embedded_xml");
    assert_eq!(record["fields"], record_of(&plain, "conflict")["fields"]);
    assert_eq!(record["status"], "needs_review");
    assert_eq!(record["provenance"]["models"].as_array().unwrap().len(), 1);
    let differs = record["findings"].as_array().unwrap().iter();
    let mut differs = differs.filter(|finding| finding["code"] == "page_differs");
    // Whatever the model makes of the page, its total is not the XML's.
    assert!(
        differs.any(|finding| {
            let reported = finding["message"].as_str().unwrap();
            reported.contains("in the e-invoice") && reported.contains("on the page")
        }),
        "{record:#}"
    );
    let ignored = context.run(&[
        "run",
        "in",
        "--set",
        "einvoices.embedded_xml=ignore",
        "--type",
        "invoice",
        "--json",
    ]);
    let records = ignored.json_lines();
    assert!(
        records.iter().all(|record| name_of(record) == "conflict"),
        "{ignored:?}"
    );
    assert!(
        records.iter().all(|record| record["source"] == "model"),
        "{ignored:?}"
    );
    assert!(!records.is_empty());
    let wrong = context.run(&["run", "in", "--set", "einvoices.embedded_xml=sometimes"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

test!(
    what_is_exported_as_ubl_is_taken_in_again_as_the_same,
    Engines
);
fn what_is_exported_as_ubl_is_taken_in_again_as_the_same(context: Context) {
    take(
        &context,
        &["facturx", "zugferd1", "ubl", "xrechnung", "credit_note"],
    );
    context.run(&["run", "in"]);
    let records = context.records();
    let accepted = context.run(&["export", "--format", "ubl", "--out", "out"]);
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    let names = |folder: &str| -> Vec<String> {
        let files = fs::read_dir(context.path(folder)).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("out").len(), 4, "{:?}", names("out"));
    let status = ["--status", "needs_review"];
    let review =
        context.run(&[&["export", "--format", "ubl", "--out", "out"][..], &status].concat());
    assert_eq!(review.code, Some(0), "{review:?}");
    assert_eq!(names("out").len(), 5);
    assert!(
        names("out")
            .iter()
            .any(|name| name.starts_with("G-2024-031-"))
    );
    let again = context.run(&["--db", "again.db", "run", "out", "--json"]);
    let number = |record: &Value| {
        record["fields"]["invoice_number"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let again = again.json_lines();
    assert_eq!(again.len(), records.len());
    for record in &records {
        let other = again
            .iter()
            .find(|other| number(other) == number(record))
            .unwrap();
        assert_eq!(other["fields"], record["fields"]);
        assert_eq!(other["status"], record["status"]);
    }
    let nowhere = context.run(&["export", "--format", "ubl"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
}

test!(
    an_invoice_that_lacks_terms_is_refused_by_name_and_the_others_are_written,
    Engines
);
fn an_invoice_that_lacks_terms_is_refused_by_name_and_the_others_are_written(context: Context) {
    take(&context, &["ubl"]);
    let whole = fs::read_to_string(context.path("in/ubl.xml")).unwrap();
    let bare = whole
        .replace("<cbc:IdentificationCode>NL</cbc:IdentificationCode>", "")
        .replace("NL004495445B01", "")
        .replace("F-2024-118", "F-2024-119");
    fs::write(context.path("in/bare.xml"), &bare).unwrap();
    context.run(&["run", "in"]);
    let export = ["export", "--format", "ubl", "--out", "out"];
    let ran = context.run(&export);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout.contains("the buyer's country (BT-55)"),
        "{ran:?}"
    );
    assert_eq!(fs::read_dir(context.path("out")).unwrap().count(), 1);
    let ran = context.run(&[&export[..], &["--buyer-country", "NL"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(fs::read_dir(context.path("out")).unwrap().count(), 2);
}

test!(an_einvoice_is_found_wherever_the_pdf_refers_to_it, Engines);
fn an_einvoice_is_found_wherever_the_pdf_refers_to_it(context: Context) {
    let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/faults");
    fs::create_dir_all(context.path("in")).unwrap();
    let names = [
        "af",
        "kids",
        "after-101-others",
        "facturx-and-xrechnung-same",
    ];
    for name in names {
        let file = format!("{name}.pdf");
        fs::copy(faults.join(&file), context.path("in").join(&file)).unwrap();
    }
    context.run(&["run", "in"]);
    let records = context.records();
    assert_eq!(records.len(), names.len(), "{records:#?}");
    for name in names {
        let record = record_of(&records, name);
        assert_eq!(record["source"], "embedded_xml", "{name}");
        let codes = findings(record);
        let warned = codes.iter().any(|(code, _)| code == "document_warning");
        assert!(!warned, "{name}: {codes:?}");
    }
}

test!(
    every_einvoice_of_the_corpus_agrees_with_its_truth,
    Engines,
    Corpus
);
fn every_einvoice_of_the_corpus_agrees_with_its_truth(context: Context) {
    let folder = corpus().join("invoices/dev");
    let mut args = vec!["run".to_owned()];
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_einvoice =
            name.starts_with("xr__") || name.starts_with("zf1") || name.starts_with("zf2");
        if is_einvoice && name.ends_with(".pdf") {
            args.push(path.to_string_lossy().into_owned());
        }
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = context.run(&args);
    assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
    let records = context.records();
    assert_eq!(records.len(), args.len() - 1);
    let mut wrong_values = Vec::new();
    let (mut accepted, mut conflicts, mut alarms, mut conflicting) = (0, 0, Vec::new(), 0);
    for record in &records {
        let truth = folder.join(name_of(record)).with_extension("json");
        wrong_values.extend(
            wrong(record, &truth)
                .into_iter()
                .map(|w| format!("{} {w}", name_of(record))),
        );
        accepted += usize::from(record["status"] == "accepted");
        let not_printed = not_printed(&truth);
        conflicting += usize::from(!not_printed.is_empty());
        let reported: Vec<_> = findings(record)
            .into_iter()
            .filter(|(code, _)| code == "page_contradicts")
            .collect();
        match (reported.is_empty(), not_printed.is_empty()) {
            (false, false) => conflicts += 1,
            (false, true) => alarms.push(format!("{} {reported:?}", name_of(record))),
            (true, false) => eprintln!("not flagged: {} {not_printed:?}", name_of(record)),
            (true, true) => {}
        }
    }
    println!(
        "{} e-invoices: {accepted} accepted; {conflicts} of {conflicting} whose page differs are flagged; {} false alarms",
        records.len(),
        alarms.len()
    );
    println!("{}", alarms.join("\n"));
    assert_eq!(wrong_values, [""; 0]);
}

/// Key fields whose value is not printed on the page.
fn not_printed(truth: &Path) -> Vec<String> {
    let truth: Value = serde_json::from_slice(&fs::read(truth).unwrap()).unwrap();
    let names = truth["_not_on_page"].as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}
