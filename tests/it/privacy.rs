//! The text of pages stays in the database and in what the user asks for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use crate::context::{Context, Ran, SMALL_READER, changed_models};
use crate::harness::test;
use crate::pages::pdf;

/// Words of the fixture and of the PDF below; the model reads the former.
const WORDS: [&str; 5] = ["HARROW", "Quxley", "QUXLEY", "Zanzibarter", "ZANZIBARTER"];

fn assert_silent(ran: &Ran, how: &str) {
    for word in WORDS {
        assert!(
            !ran.stderr.contains(word),
            "{how}: {word} in\n{}",
            ran.stderr
        );
    }
}

/// The shipped models with a bound on the answer that every page passes.
fn short_winded(context: &Context) {
    changed_models(&context.path("models"), |manifest| {
        manifest.replace("max_output_tokens = 1100", "max_output_tokens = 12")
    });
}

test!(logs_hold_no_page_text, Engines);
fn logs_hold_no_page_text(context: Context) {
    context.fixture("receipt/uk_grocer", "in/a");
    let page = ["Quxley & Sons", "Zanzibarter 12.00", "TOTAL 12.00"];
    fs::write(context.path("in/b.pdf"), pdf(&[&page])).unwrap();
    let whole = pdf(&[&page]);
    fs::write(context.path("in/cut.pdf"), &whole[..whole.len() / 2]).unwrap();
    fs::write(context.path("in/c.txt"), "Zanzibarter").unwrap();
    short_winded(&context);
    for (flags, how) in [
        (&[][..], "by default"),
        (&["-v"], "-v"),
        (&["-v", "--log-format", "json"], "-v as JSON"),
    ] {
        let mut args = vec!["run", "in", "--type", "receipt", "--force"];
        args.extend(flags);
        assert_silent(&context.run(&args), how);
        // Answers that are cut off: failures that hold what was written.
        args.extend(["--models", "models", "--set", "jobs.max_attempts=1"]);
        let cut = context.run(&args);
        assert_eq!(cut.code, Some(1), "{cut:?}");
        assert!(cut.stderr.contains("cut off"), "{cut:?}");
        assert_silent(&cut, how);
    }
    // It did read them: the test would pass over an empty database as well.
    context.run(&["run", "in", "--type", "receipt", "--force"]);
    assert!(context.run(&["export"]).stdout.contains("HARROW"));
}

/// Runs the program with a umask that takes nothing away.
fn open_handed(context: &Context, args: &[&str]) -> Ran {
    let shell = ["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
    let mut command = context.command_under(&shell, args);
    Ran::from(command.stdin(Stdio::null()).output().unwrap())
}

test!(
    only_the_owner_can_read_what_is_written_whatever_the_umask,
    Engines
);
fn only_the_owner_can_read_what_is_written_whatever_the_umask(context: Context) {
    context.fixture("receipt/uk_grocer", "in/a");
    let run = [
        "run", "in", "--type", "receipt", "--report", "r.html", "--report", "r.json",
    ];
    let ran = open_handed(&context, &run);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    open_handed(
        &context,
        &["export", "--format", "csv", "--out", "rows.csv"],
    );
    open_handed(&context, &["export", "--out", "rows.jsonl"]);
    open_handed(&context, &["report", "--out", "again.json"]);
    let mut seen = 0;
    for entry in fs::read_dir(context.path("")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", entry.path().display());
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} files");
}

test!(sqlites_companions_are_private_while_a_run_goes_on, Engines);
fn sqlites_companions_are_private_while_a_run_goes_on(context: Context) {
    for (index, case) in ["receipt/uk_grocer", "receipt/ie_fuel"].iter().enumerate() {
        context.fixture(case, &format!("in/{index}"));
    }
    let mut running = context.start(&["run", "in", "--type", "receipt", "--json"]);
    running.line();
    for name in ["docmill.db", "docmill.db-wal", "docmill.db-shm"] {
        let mode = fs::metadata(context.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    while running.line().is_some() {}
    running.child.wait().unwrap();
}

test!(a_run_needs_no_network, Engines, NetworkNamespace);
fn a_run_needs_no_network(context: Context) {
    // In a network namespace of its own not even loopback is up.
    context.fixture("receipt/uk_grocer", "in/a");
    let mut command = context.command_under(&["unshare", "-n"], &["run", "in", "--json"]);
    let ran = Ran::from(command.stdin(Stdio::null()).output().unwrap());
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(ran.json_lines().len(), 1, "{ran:?}");
}

test!(a_changed_weight_is_reported_before_anything_is_made);
fn a_changed_weight_is_reported_before_anything_is_made(context: Context) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    fs::create_dir_all(context.path("models/clip")).unwrap();
    for folder in ["", "clip"] {
        for entry in fs::read_dir(shipped.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_file() {
                let target = context.path("models").join(folder).join(entry.file_name());
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    context.fixture("receipt/uk_grocer", "in/a");
    for file in [
        "models/mmproj.gguf",
        "models/text.gguf",
        "models/clip/model.safetensors",
    ] {
        let path = context.path(file);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let ran = context.run(&["run", "in", "--models", "models", "--reader", SMALL_READER]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let name = Path::new(file).file_name().unwrap().to_str().unwrap();
        assert!(
            ran.stderr.contains(name) && ran.stderr.contains("SHA-256"),
            "{ran:?}"
        );
        assert!(!context.path("docmill.db").exists());
        fs::write(&path, whole).unwrap();
    }
}
