//! Messages of commands: on which stream, and with which exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use crate::context::{Context, SMALL_READER};
use crate::faults::while_locked;
use crate::harness::test;

test!(a_setting_that_names_something_missing_ends_with_exit_code_2);
fn a_setting_that_names_something_missing_ends_with_exit_code_2(context: Context) {
    let nano = SMALL_READER;
    for wrong in [
        &["--models", "nowhere"][..],
        &["--reader", "nobody"],
        &["--clip", "nobody"],
        &["--clip-dir", "nowhere"],
        &["--text-gguf", "none.gguf", "--mmproj-gguf", "none.gguf"],
        &["--escalate-to", "nobody"],
        &["--escalate-to", nano],
        &["--escalate-to", nano, "--reader", nano],
        &["--types", "nowhere"],
        &["--pdfium", "nowhere.so"],
        &["--set", "acceptance.calibration=nowhere.json"],
        &["--set", "ocr.page_seconds=0"],
    ] {
        let ran = context.run(&[&["run", "."], wrong].concat());
        assert_eq!(ran.code, Some(2), "{wrong:?} {ran:?}");
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
    }
}

test!(config_shows_what_is_found_where_nothing_is_set);
fn config_shows_what_is_found_where_nothing_is_set(context: Context) {
    let context = context.shipped();
    let ran = context.run(&["config"]);
    let line = |start: &str| {
        let line = ran.stdout.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("{start} in {}", ran.stdout))
    };
    assert!(line("# reader = \"").contains("manifest.toml"));
    assert!(line("# clip = \"").contains("manifest.toml"));
    assert!(line("# models = \"/").ends_with("# found"));
    assert!(line("# calibration =").contains("calibrations"));
    // It is still a settings file that sets none of them.
    let table: toml::Table = ran.stdout.parse().unwrap();
    let reading = table["reading"].as_table().unwrap();
    assert!(!reading.contains_key("reader") && reading.contains_key("page_seconds"));
}

test!(doctor_notes_that_there_is_no_calibration_and_what_follows);
fn doctor_notes_that_there_is_no_calibration_and_what_follows(context: Context) {
    let args = ["doctor", "--json", "--set", "acceptance.calibration=off"];
    let checks = context.run(&args).json_lines();
    let check = checks
        .iter()
        .find(|check| check["check"] == "calibration")
        .unwrap();
    assert_eq!((&check["ok"], &check["note"]), (&true.into(), &true.into()));
    let message = check["message"].as_str().unwrap();
    assert!(message.contains("no error rate is promised"), "{message}");
}

test!(a_wait_for_the_database_is_reported_after_a_moment, Engines);
fn a_wait_for_the_database_is_reported_after_a_moment(context: Context) {
    context.run(&["run"]);
    let retry = while_locked(&context.path("docmill.db"), || {
        let mut command = context.command(&["retry"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let retry = command.stdin(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2500));
        retry
    });
    let output = retry.wait_with_output().unwrap();
    let reported = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{reported}");
    assert_eq!(
        reported.matches("another program holds").count(),
        1,
        "{reported}"
    );
    assert!(reported.contains("docmill.db"), "{reported}");
    assert_eq!(context.run(&["status"]).stderr, "");
}

test!(
    what_docmill_writes_into_the_folder_is_skipped_and_a_named_file_is_not,
    Engines
);
fn what_docmill_writes_into_the_folder_is_skipped_and_a_named_file_is_not(context: Context) {
    context.fixture("invoice/einvoice_ubl", "in/bill");
    let first = context.run(&["run", "in"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let export = context.run(&["export", "--out", "in/rows.csv"]);
    assert_eq!(export.code, Some(0), "{export:?}");
    fs::write(context.path("in/accounts.toml"), "").unwrap();
    let reports = [
        "--report",
        "in/night.json",
        "--report",
        "in/night.html",
        "--metrics-textfile",
        "in/m.prom",
    ];
    // Twice: the first of these runs begins without its reports.
    for _ in 0..2 {
        let ran = context.run(&[&["run", "in"][..], &reports].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let again = context.run(&["run", "in"]);
    assert!(
        again.stdout.contains("6 skipped: data or settings"),
        "{again:?}"
    );
    let status = context.run(&["status"]).stdout;
    assert!(
        status.contains("6 files skipped") && status.contains("0 files rejected"),
        "{status}"
    );
    let report = context.run(&["report", "--json"]).json_lines().remove(0);
    assert_eq!(report["files"]["skipped"], 6, "{report:#}");
    let named = context.run(&["run", "in/rows.csv"]);
    assert_eq!(named.code, Some(1), "{named:?}");
    assert!(named.stdout.contains("unsupported_type"), "{named:?}");
    // What was rejected once does not stay so.
    assert_eq!(context.run(&["run", "in"]).code, Some(0));
    assert!(context.run(&["status"]).stdout.contains("0 files rejected"));
}

test!(
    a_rejected_file_is_reported_in_a_line_with_the_remedy_until_it_is_gone,
    Engines
);
fn a_rejected_file_is_reported_in_a_line_with_the_remedy_until_it_is_gone(context: Context) {
    fs::create_dir(context.path("in")).unwrap();
    fs::write(context.path("in/bad.pdf"), "%PDF-1.4 and nothing").unwrap();
    let ran = context.run(&["run", "in"]);
    let reported = ran.stderr.lines().filter(|line| line.contains("bad.pdf"));
    let reported: Vec<_> = reported.collect();
    assert!(
        reported.len() == 1 && reported[0].contains("print it to a new PDF"),
        "{ran:?}"
    );
    let status = context.run(&["status"]).stdout;
    let row = status.lines().find(|line| line.contains("bad.pdf"));
    assert!(status.contains("1 file rejected"), "{status}");
    assert!(status.contains("0 documents"), "{status}");
    assert!(row.unwrap().contains("get it again"), "{status}");
    fs::remove_file(context.path("in/bad.pdf")).unwrap();
    let status = context.status();
    assert_eq!(status["rejected_files"], serde_json::json!([]));
    assert_eq!(status["rejected"], serde_json::json!({}));
    assert_eq!(status["rejected_gone"], 1);
    let status = context.run(&["status"]).stdout;
    assert!(!status.contains("bad.pdf") && status.contains("removed since"));
}

test!(bench_reports_rejected_files, Engines);
fn bench_reports_rejected_files(context: Context) {
    fs::write(context.path("bad.pdf"), "%PDF-1.4 and nothing").unwrap();
    let ran = context.run(&["bench", "bad.pdf"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("files rejected (corrupt 1)"), "{ran:?}");
    assert!(ran.stderr.contains("bad.pdf"), "{ran:?}");
}

test!(
    a_record_that_was_replaced_names_the_one_in_its_place,
    Engines
);
fn a_record_that_was_replaced_names_the_one_in_its_place(context: Context) {
    context.fixture("receipt/uk_grocer", "in/a");
    context.run(&["run", "in", "--type", "receipt"]);
    context.run(&["run", "in", "--type", "receipt", "--force"]);
    let ran = context.run(&["retry", "1"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("1 was replaced by 2"), "{ran:?}");
    let shown = context.run(&["show", "1"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let mut lines = shown.stdout.lines();
    assert!(lines.next().unwrap().starts_with("Replaced by 2"));
    assert!(lines.next().unwrap().starts_with("Record 1: receipt"));
    let line = context.run(&["show", "1", "--json"]).json_lines().remove(0);
    assert_eq!(line["replaced_by"], serde_json::json!([2]));
    let line = context.run(&["show", "2", "--json"]).json_lines().remove(0);
    assert!(line.get("replaced_by").is_none());
    for command in ["show", "retry"] {
        let ran = context.run(&[command, "99"]);
        assert!(ran.stderr.contains("there is no record 99"), "{ran:?}");
    }
}

test!(
    ubl_files_are_counted_and_their_folder_is_the_owners,
    Engines
);
fn ubl_files_are_counted_and_their_folder_is_the_owners(context: Context) {
    context.fixture("invoice/gb_tools", "in/a");
    context.fixture("receipt/uk_grocer", "in/b");
    context.run(&["run", "in"]);
    let args = [
        "export",
        "--format",
        "ubl",
        "--out",
        "out/ubl",
        "--status",
        "needs_review",
    ];
    let ran = context.run(&args);
    let written = fs::read_dir(context.path("out/ubl")).unwrap().count();
    assert!(
        ran.stderr.contains(&format!("{written} invoice")),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("refused"), "{ran:?}");
    for folder in ["out", "out/ubl"] {
        let mode = fs::metadata(context.path(folder))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
    let quiet = context.run(&[&["-q"], &args[..]].concat());
    assert_eq!(quiet.stderr, "");
}

test!(a_folder_without_files_is_a_warning, Engines);
fn a_folder_without_files_is_a_warning(context: Context) {
    fs::create_dir_all(context.path("empty")).unwrap();
    context.fixture("receipt/uk_grocer", "full/a");
    let args = ["run", "empty", "full", "--type", "receipt"];
    let ran = context.run(&[&args[..], &["--metrics-textfile", "m.prom"]].concat());
    let reported = ran.stderr.matches("is it mounted?").count();
    assert!(
        reported == 1 && ran.stderr.contains("no files in empty"),
        "{ran:?}"
    );
    let args = ["run", "empty", "--metrics-textfile", "m.prom"];
    let ran = context.run(&args);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("no files in empty"), "{ran:?}");
    let metrics = fs::read_to_string(context.path("m.prom")).unwrap();
    let counts = metrics
        .lines()
        .filter(|line| line.starts_with("docmill_files_total{"));
    let counts: Vec<_> = counts.collect();
    assert!(!counts.is_empty() && counts.iter().all(|line| line.ends_with(" 0")));
}

test!(
    a_file_in_no_folder_is_a_usage_error_before_the_work,
    Engines
);
fn a_file_in_no_folder_is_a_usage_error_before_the_work(context: Context) {
    context.run(&["run"]);
    let before = context.run(&["report", "--json"]).stdout;
    for args in [
        &["export", "--out", "no/rows.jsonl"][..],
        &["export", "--format", "csv", "--out", "no/rows.csv"],
        &["report", "--out", "no/r.html"],
        &["run", "--report", "no/r.html"],
        &["run", "--metrics-textfile", "no/m.prom"],
        &["eval", "in", "--html", "no/e.html"],
        &["eval", "in", "--junit", "no/e.xml"],
    ] {
        let ran = context.run(args);
        assert_eq!(ran.code, Some(2), "{args:?} {ran:?}");
        assert!(ran.stderr.contains("the folder of no/"), "{ran:?}");
        assert!(!ran.stderr.contains(".tmp"), "{ran:?}");
    }
    let ran = context.run(&["export", "--out", "."]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(context.run(&["report", "--json"]).stdout, before);
}
