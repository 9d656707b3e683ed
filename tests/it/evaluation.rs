//! Measuring and calibrating through the program, with the default weights.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::context::{Context, Ran, fixtures};
use crate::harness::test;

/// Screenshots are read in a second each.
fn eval_screenshots(context: &Context, more: &[&str]) -> Ran {
    let folder = fixtures();
    let mut args = vec!["eval", folder.to_str().unwrap(), "--only", "screenshot"];
    args.extend(["--set", "acceptance.calibration=off"]);
    args.extend(more);
    context.run(&args)
}

/// What the default reader makes of all fixtures, each taken for what it is,
/// and the database that has it; made once in a process.
pub fn fixtures_read() -> &'static (Value, PathBuf) {
    static READ: OnceLock<(Value, PathBuf)> = OnceLock::new();
    READ.get_or_init(|| {
        let context = Context::new().shipped();
        let folder = fixtures();
        let args = ["eval", folder.to_str().unwrap(), "--no-routing", "--json"];
        let ran = context.run(&[&args[..], &["--keep", "fixtures.db"]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures.db");
        fs::copy(context.path("fixtures.db"), &kept).unwrap();
        (ran.json_lines().remove(0), kept)
    })
}

test!(
    what_is_kept_is_judged_again_without_engines_and_compared_with_a_baseline,
    Engines
);
fn what_is_kept_is_judged_again_without_engines_and_compared_with_a_baseline(context: Context) {
    let read = ["--no-routing", "--keep", "kept.db", "--json"];
    let first = eval_screenshots(&context, &read);
    assert_eq!(first.code, Some(0), "{first:?}");
    fs::write(context.path("before.json"), &first.stdout).unwrap();
    let first = &first.json_lines()[0];
    assert_eq!(first["run"]["pages_done"], 6);
    let again = eval_screenshots(&context, &read);
    assert_eq!(
        again.json_lines()[0]["run"]["pages_done"],
        0,
        "all was kept"
    );
    assert_eq!(again.json_lines()[0]["tables"], first["tables"]);

    // No model, no library: only the database is needed.
    let stored = [
        "--stored", "--db", "kept.db", "--models", ".", "--pdfium", "none.so",
    ];
    let mut manifest = fs::read_to_string(fixtures().join("../models/manifest.toml")).unwrap();
    manifest.insert_str(0, "# only the description, no weights\n");
    fs::write(context.path("manifest.toml"), manifest).unwrap();
    let outputs = ["--json", "--junit", "eval.xml", "--html", "eval.html"];
    let mut more = [&stored[..], &outputs].concat();
    more.extend(["--baseline", "before.json"]);
    let ran = eval_screenshots(&context, &more);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = &ran.json_lines()[0];
    assert_eq!(report["tables"], first["tables"]);
    assert_eq!(report["run"], Value::Null);
    assert_eq!(report["changes"]["better"], serde_json::json!([]));
    assert_eq!(report["changes"]["worse"], serde_json::json!([]));
    let junit = fs::read_to_string(context.path("eval.xml")).unwrap();
    assert!(junit.contains("<testsuite name=\"screenshot\""), "{junit}");
    assert_eq!(
        junit.matches("<testcase ").count(),
        6 * 9,
        "each document, and each of its 8 fields"
    );
    let html = fs::read_to_string(context.path("eval.html")).unwrap();
    assert!(html.matches("<svg").count() == 4 && !html.contains("<script"));

    // As if the earlier model had read an amount wrongly.
    let mut before = first.clone();
    let documents = before["documents"].as_array_mut().unwrap();
    let fields = documents[0]["fields"].as_array_mut().unwrap();
    let right = |leaf: &&mut Value| leaf["outcome"] == "right";
    let leaf = fields.iter_mut().find(right).unwrap();
    (leaf["outcome"], leaf["read"]) = ("wrong".into(), "0.01".into());
    let path = leaf["path"].as_str().unwrap().to_owned();
    fs::write(context.path("other.json"), before.to_string()).unwrap();
    let ran = eval_screenshots(
        &context,
        &[&stored[..], &["--baseline", "other.json"]].concat(),
    );
    assert!(
        ran.stdout
            .contains("Better than the baseline: 1 field of 1 document"),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains(&path) && ran.stdout.contains("0.01"),
        "{ran:?}"
    );

    let strict = [&stored[..], &["--fail-under", "0.999"]].concat();
    let ran = eval_screenshots(&context, &strict);
    let f1 = first["tables"]["screenshot"]["f1"].as_f64().unwrap();
    let reported = format!("screenshot: F1 {f1:.3} is below the 0.999 of --fail-under");
    assert!(
        ran.code == Some(1) && ran.stderr.contains(&reported),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("Wrong values by cause"), "{ran:?}");
}

test!(
    a_calibration_is_made_from_known_documents_and_later_records_name_it,
    Engines
);
fn a_calibration_is_made_from_known_documents_and_later_records_name_it(context: Context) {
    let context = context.shipped();
    let folder = fixtures();
    let folder = folder.to_str().unwrap();
    let few = context.run(&[
        "calibrate",
        folder,
        "--only",
        "screenshot",
        "--out",
        "few.json",
    ]);
    assert_eq!(few.code, Some(2), "{few:?}");
    assert!(few.stderr.contains("too few to calibrate"), "{few:?}");
    assert!(!context.path("few.json").exists());

    let (_, read) = fixtures_read();
    fs::copy(read, context.path("cal.db")).unwrap();
    // Four cases of each fixture are documents enough.
    let cases = fs::read_dir(fixtures().join("screenshot")).unwrap();
    for case in cases.map(|case| case.unwrap().file_name().into_string().unwrap()) {
        for copy in 0..4 {
            let copied = format!("known/screenshot/{case}{copy}");
            context.fixture(&format!("screenshot/{case}"), &format!("{copied}/input"));
            let expected = fixtures().join(format!("screenshot/{case}/expected.json"));
            fs::copy(expected, context.path(&format!("{copied}/expected.json"))).unwrap();
        }
    }
    let args = [
        "calibrate",
        "known",
        "--no-routing",
        "--keep",
        "cal.db",
        "--out",
        "cal.json",
    ];
    let made = context.run(&args);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(
        made.stdout.contains("Expected calibration error"),
        "{made:?}"
    );
    // Two dozen documents certify no error rate, which is said with a number.
    assert!(made.stdout.contains("nothing  at most 0.5 %"), "{made:?}");
    let calibration: Value =
        serde_json::from_str(&fs::read_to_string(context.path("cal.json")).unwrap()).unwrap();
    for side in ["before", "after"] {
        let error = calibration["types"]["screenshot"][side]["ece"]
            .as_f64()
            .unwrap();
        assert!((0.0..=1.0).contains(&error));
    }

    context.fixture("screenshot/payment_cafe", "in/a");
    let with = ["--set", "acceptance.calibration=cal.json"];
    let ran = context.run(&[&["run", "in", "--type", "screenshot"][..], &with].concat());
    assert_eq!(
        ran.code,
        Some(3),
        "nothing is certified, so nothing accepted: {ran:?}"
    );
    let record = &context.records()[0];
    let hash = blake3::hash(&fs::read(context.path("cal.json")).unwrap());
    assert_eq!(
        record["provenance"]["calibration"],
        hash.to_hex().to_string()
    );
    let probability = record["field_probability"]["amount"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&probability), "{record:#}");
    assert_eq!(record["accepted_from"], Value::Null);
    let findings = record["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|f| f["code"] == "not_certified"),
        "{record:#}"
    );
}

test!(an_evaluation_of_documents_without_records_fails, Engines);
fn an_evaluation_of_documents_without_records_fails(context: Context) {
    let folder = context.path("known/receipt/1");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("expected.json"), r#"{"total": "1.00"}"#).unwrap();
    fs::write(folder.join("input.png"), "").unwrap();
    let ran = context.run(&["eval", "known"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let why = "the database has no record of these files";
    assert!(ran.stderr.contains(why), "{ran:?}");
}

test!(misspelt_truth_and_choices_that_choose_nothing_are_reported_before_anything_is_read);
fn misspelt_truth_and_choices_that_choose_nothing_are_reported_before_anything_is_read(
    context: Context,
) {
    let put = |case: &str, truth: &str| {
        let folder = context.path(case);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("expected.json"), truth).unwrap();
        fs::write(folder.join("input.png"), "").unwrap();
    };
    put("a/receipt/1", r#"{"totl": "1.00"}"#);
    put("b/recipt/1", r#"{"total": "1.00"}"#);
    let line = r#"{"items": [{"amuont": "1.00"}], "_not_on_page": ["total"]}"#;
    put("c/receipt/1", line);
    put("d/receipt/1", r#"{"total": "1.00", "_absent": ["zebra"]}"#);
    put("e/receipt/1", r#"{"total": "1.00"}"#);
    let corpus = r#"{"documents": [{"path": "a.png", "kind": "receipt", "split": "dev"}]}"#;
    fs::create_dir(context.path("f")).unwrap();
    fs::write(context.path("f/MANIFEST.json"), corpus).unwrap();
    for (args, expected) in [
        (
            &["a"][..],
            "a/receipt/1/expected.json: receipt has no field `totl`: did you mean `total`?",
        ),
        (
            &["b"],
            "b/recipt/1/expected.json: there is no document type `recipt`: did you mean `receipt`?",
        ),
        (&["c"], "no field `items[].amuont`: did you mean `amount`?"),
        (&["d"], "no field `zebra`; there are: merchant_name, "),
        (&["e", "--split", "dev"], "e has no splits"),
        (&["f", "--split", "test"], "no split `test`; there are: dev"),
        (
            &["e", "--only", "recipt"],
            "e has no document of type `recipt`; there are: receipt",
        ),
    ] {
        for command in ["eval", "calibrate"] {
            let ran = context.run(&[&[command], args].concat());
            assert_eq!(ran.code, Some(2), "{args:?} {ran:?}");
            assert!(ran.stderr.contains(expected), "{args:?} {ran:?}");
        }
    }
}
