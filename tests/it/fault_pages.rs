//! Pages of e-invoices that write a term otherwise than usual, or
//! leave it out: neither contradicts the XML.

use std::fs;
use std::path::Path;

use crate::context::Context;
use crate::harness::test;

const PAGES: [&str; 5] = [
    // Dates: 5 października 2025 r., 5.X.2025, 2025年10月5日.
    "pl",
    "x-roman",
    "x-ja",
    "no-issue-date-but-due-date",
    "no-net-line",
];

test!(
    pages_that_write_or_omit_a_term_otherwise_do_not_contradict_the_xml,
    Engines
);
fn pages_that_write_or_omit_a_term_otherwise_do_not_contradict_the_xml(context: Context) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/faults");
    fs::create_dir_all(context.path("in")).unwrap();
    for page in PAGES {
        let name = format!("{page}.pdf");
        fs::copy(data.join(&name), context.path(&format!("in/{name}"))).unwrap();
    }
    let ran = context.run(&["run", "in"]);
    assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
    let records = context.records();
    assert_eq!(records.len(), PAGES.len());
    for record in &records {
        let findings = record["findings"].as_array().unwrap().iter();
        let contradicted: Vec<_> = findings
            .filter(|finding| finding["code"] == "page_contradicts")
            .filter(|finding| finding["severity"] != "info")
            .collect();
        assert!(
            contradicted.is_empty(),
            "{}: {contradicted:#?}",
            record["path"]
        );
    }
}
