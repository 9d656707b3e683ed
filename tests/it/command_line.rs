use std::fs;

use crate::context::Context;
use crate::harness::test;
use crate::rows::{Row, fill};

test!(wrong_usage_is_reported_on_stderr_with_exit_code_2);
fn wrong_usage_is_reported_on_stderr_with_exit_code_2(context: Context) {
    for args in [
        &["run", "--no-such-flag"][..],
        &["run", "missing"],
        &["run", "--type", "poem", "."],
        &["bench", "missing"],
        &["bench", "--type", "poem", "."],
        &["export", "--format", "csv", "--buyer-country", "DE"],
    ] {
        let ran = context.run(args);
        assert_eq!(ran.code, Some(2), "{args:?} {ran:?}");
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
    }
    assert!(!context.path("docmill.db").exists(), "nothing was made");
}

/// Commands that use a record, a run, a batch or the whole database.
const OF_THE_DATABASE: &[&[&str]] = &[
    &["status"],
    &["report"],
    &["show", "99"],
    &["search", "paper"],
    &["similar", "99"],
    &["duplicates"],
    &["layouts"],
    &["gallery", "--out", "gallery"],
    &["retry", "99"],
    &["review"],
    &["correct", "99", "--approve", "--reason", "seen"],
    &["decide", "reject", "99", "--reason", "seen"],
    &["suppliers"],
    &["suppliers", "forget", "Nobody"],
    &["export"],
    &["export", "--target", "xlsx", "--out", "batches"],
    &["export", "batches"],
    &["export", "again", "99"],
    &["export", "reverse", "99", "--reason", "seen"],
    &["export", "distinct", "99", "98", "--reason", "seen"],
    &["export", "cases", "--out", "cases"],
    &["forget", "in"],
    &["ask", "99", "Who?"],
];

test!(a_database_that_does_not_exist_is_exit_code_2_for_every_command);
fn a_database_that_does_not_exist_is_exit_code_2_for_every_command(context: Context) {
    for args in OF_THE_DATABASE {
        let ran = context.run(args);
        assert_eq!(ran.code, Some(2), "{args:?} {ran:?}");
        assert!(
            ran.stderr.contains("there is no database docmill.db"),
            "{args:?} {ran:?}"
        );
    }
    fs::create_dir(context.path("in")).unwrap();
    let ran = context.run(&["run", "in", "--db", "missing/docmill.db"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("missing/docmill.db"), "{ran:?}");
}

test!(a_record_run_batch_or_file_that_does_not_exist_is_exit_code_2_for_every_command);
fn a_record_run_batch_or_file_that_does_not_exist_is_exit_code_2_for_every_command(
    context: Context,
) {
    fill(
        &context.path("docmill.db"),
        &[Row::invoice(1, "Nord GmbH", "10.00", "11.90")],
    );
    let of_the_database = OF_THE_DATABASE.iter().copied();
    let names_one = of_the_database.filter(|args| args.contains(&"99") || args.contains(&"Nobody"));
    let files: [&[&str]; 23] = [
        &["report", "99"],
        &["export", "distinct", "1", "99", "--reason", "seen"],
        &["show", "missing.pdf"],
        &["similar", "missing.pdf"],
        &["ask", "missing.pdf", "Who?"],
        &["quality", "missing"],
        &["run", "missing"],
        &["watch", "missing"],
        &["bench", "missing"],
        &["eval", "missing"],
        &["calibrate", "missing"],
        &["eval", ".", "--baseline", "missing.json"],
        &["models", "check", "missing.gguf"],
        &["models", "repair", "missing.gguf", "out.gguf"],
        &["models", "pull", "--from", "missing"],
        &["types", "--types", "missing"],
        &["config", "--config", "missing.toml"],
        &["report", "--out", "missing/report.json"],
        &["export", "--out", "missing/rows.csv"],
        &[
            "export",
            "--target",
            "xero",
            "--out",
            "batches",
            "--accounts",
            "missing.toml",
        ],
        &["quality", ".", "--html", "missing/sheet.html"],
        &["run", ".", "--report", "missing/report.html"],
        &["run", ".", "--metrics-textfile", "missing/docmill.prom"],
    ];
    for args in names_one.chain(files) {
        let ran = context.run(args);
        assert_eq!(ran.code, Some(2), "{args:?} {ran:?}");
        assert!(ran.stdout.is_empty(), "{args:?} {ran:?}");
        let named = ["99", "Nobody", "missing"].map(|name| ran.stderr.contains(name));
        assert!(named.contains(&true), "{args:?} {ran:?}");
    }
    assert_eq!(context.records().len(), 1, "nothing was changed");
}

test!(settings_come_from_flags_before_environment_before_file_before_defaults);
fn settings_come_from_flags_before_environment_before_file_before_defaults(context: Context) {
    fs::write(
        context.path("docmill.toml"),
        "workers.readers = 3\njobs.max_attempts = 5\n[limits]\nmax_pages = 7\n",
    )
    .unwrap();
    let mut command = context.command(&["config", "--readers", "4"]);
    let output = command
        .env("DOCMILL_WORKERS_READERS", "9")
        .env("DOCMILL_ACCEPTANCE_MIN_CONFIDENCE", "0.25")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value: toml::Table = text.parse().unwrap();
    assert_eq!(value["workers"]["readers"].as_integer(), Some(4), "{text}");
    assert_eq!(value["acceptance"]["min_confidence"].as_float(), Some(0.25));
    assert_eq!(value["jobs"]["max_attempts"].as_integer(), Some(5));
    assert_eq!(value["limits"]["max_pages"].as_integer(), Some(7));
}

test!(an_unknown_setting_is_refused_with_the_nearest_name);
fn an_unknown_setting_is_refused_with_the_nearest_name(context: Context) {
    fs::write(context.path("docmill.toml"), "[workers]\nreeders = 3\n").unwrap();
    let ran = context.run(&["config"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("reeders") && ran.stderr.contains("readers"),
        "{}",
        ran.stderr
    );
}

test!(completions_and_the_man_page_come_from_the_command_line_itself);
fn completions_and_the_man_page_come_from_the_command_line_itself(context: Context) {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            context
                .run(&["completions", shell])
                .stdout
                .contains("docmill")
        );
    }
    let ran = context.run(&["man", "--out", "man1"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        context.path("man1/docmill.1").is_file() && context.path("man1/docmill-run.1").is_file()
    );
}

test!(the_types_and_their_fields_are_listed);
fn the_types_and_their_fields_are_listed(context: Context) {
    let text = context.run(&["types"]).stdout;
    for name in ["receipt", "invoice", "screenshot"] {
        assert!(text.contains(name), "{text}");
    }
}

test!(a_file_that_is_not_a_database_is_named);
fn a_file_that_is_not_a_database_is_named(context: Context) {
    fs::write(context.path("notes.db"), "x".repeat(200)).unwrap();
    let ran = context.run(&["--db", "notes.db", "status"]);
    assert_eq!(ran.code, Some(1));
    let reported = "docmill: notes.db is not a docmill database: name another with --db\n";
    assert_eq!(ran.stderr, reported);
    let ran = context.run(&["--db", "notes.db", "status", "-v"]);
    assert!(ran.stderr.contains("code: 26"), "{}", ran.stderr);
    let rest = fs::read_to_string(context.path("notes.db")).unwrap();
    assert_eq!(rest, "x".repeat(200));
}
