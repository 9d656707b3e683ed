//! Whatever ends a run, the next goes on: nothing lost, nothing doubled.

use std::fs;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::context::{Context, Ran, stable};
use crate::faults::while_locked;
use crate::harness::test;
use crate::process::{signal, wait_for_worker};

const CASES: [&str; 4] = [
    "receipt/uk_grocer",
    "receipt/ie_fuel",
    "receipt/de_bakery",
    "receipt/my_cafe",
];
const RUN: [&str; 5] = ["run", "in", "--type", "receipt", "--json"];

/// What an undisturbed run leaves; made once.
fn undisturbed() -> &'static [Value] {
    static RECORDS: OnceLock<Vec<Value>> = OnceLock::new();
    RECORDS.get_or_init(|| {
        let context = Context::new();
        context.fill(&CASES);
        let ran = context.run(&RUN);
        assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
        stable(context.records())
    })
}

fn assert_complete(context: &Context, expected: &[Value]) {
    assert_eq!(stable(context.records()), expected);
    let status = context.status();
    assert_eq!(
        status["pages"],
        serde_json::json!({"done": CASES.len()}),
        "{status:#}"
    );
}

test!(
    a_run_killed_after_each_commit_is_resumed_to_the_same_rows,
    Engines
);
fn a_run_killed_after_each_commit_is_resumed_to_the_same_rows(context: Context) {
    context.fill(&CASES);
    // Before the first record, then each time that one more was stored.
    let started = context.start(&RUN);
    std::thread::sleep(Duration::from_millis(700));
    started.kill();
    for _ in 0..CASES.len() {
        let mut running = context.start(&RUN);
        running.line();
        running.kill();
    }
    context.run(&RUN);
    assert_complete(&context, undisturbed());
}

test!(
    a_signal_finishes_the_pages_in_hand_and_the_next_run_goes_on,
    Engines
);
fn a_signal_finishes_the_pages_in_hand_and_the_next_run_goes_on(context: Context) {
    context.fill(&CASES);
    let mut running = context.start(&RUN);
    running.line();
    signal(running.child.id(), libc::SIGTERM);
    while running.line().is_some() {}
    let code = running.child.wait().unwrap().code();
    assert!([Some(130), Some(3), Some(0)].contains(&code), "{code:?}");
    let leased = context.status()["pages"]["leased"].as_u64().unwrap_or(0);
    assert_eq!(leased, 0, "no page is left in hand");
    context.run(&RUN);
    assert_complete(&context, undisturbed());
}

/// Waits until the process would not die of SIGTERM.
fn wait_for_handler(pid: u32) {
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while std::time::Instant::now() < until {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        if caught & 1 << (libc::SIGTERM - 1) != 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("SIGTERM is not handled");
}

test!(a_signal_while_a_run_starts_ends_it_as_any_other, Engines);
fn a_signal_while_a_run_starts_ends_it_as_any_other(context: Context) {
    context.fill(&CASES);
    let stopped = |args: &[&str]| {
        let mut command = context.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        wait_for_handler(child.id());
        signal(child.id(), libc::SIGTERM);
        Ran::from(child.wait_with_output().unwrap())
    };
    // Mostly before there is a database.
    let ran = stopped(&["run", "in"]);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    context.run(&["run"]);
    while_locked(&context.path("docmill.db"), || {
        let ran = stopped(&["run", "in"]);
        assert_eq!(ran.code, Some(130), "{ran:?}");
        assert_eq!(ran.stdout, "Interrupted before any page was read.\n");
        let ran = stopped(&["run", "in", "--json"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(130), ""), "{ran:?}");
    });
}

test!(a_killed_worker_is_replaced_and_its_page_read_again, Engines);
fn a_killed_worker_is_replaced_and_its_page_read_again(context: Context) {
    context.fill(&CASES);
    let mut running = context.start(&RUN);
    let reader = wait_for_worker(running.child.id(), "reader");
    // Let it take a page in hand.
    std::thread::sleep(Duration::from_millis(900));
    signal(reader, libc::SIGKILL);
    while running.line().is_some() {}
    running.child.wait().unwrap();
    assert_complete(&context, undisturbed());
}

test!(
    a_file_that_kills_its_worker_is_failed_with_the_cause_and_the_others_are_done,
    Engines
);
fn a_file_that_kills_its_worker_is_failed_with_the_cause_and_the_others_are_done(context: Context) {
    context.fill(&CASES);
    // 64 Mpx of white: small as a file, too much for a worker of 100 MiB.
    let huge = image::GrayImage::from_pixel(8000, 8000, image::Luma([255]));
    huge.save(context.path("in/huge.png")).unwrap();
    let mut args = RUN.to_vec();
    args.extend(["--set", "workers.rasterizer_memory_mib=100"]);
    let ran = context.run(&args);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let status = context.status();
    // How a decoder takes it that memory has run out is its own affair.
    let reason = status["rejected_files"][0]["reason"].as_str().unwrap();
    assert!(
        ["out_of_memory", "worker_died"].contains(&reason),
        "{status:#}"
    );
    let message = status["rejected_files"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("rasterizer") && message.contains("opening"),
        "{message}"
    );
    assert_complete(&context, undisturbed());
}

test!(two_runs_on_one_database_share_the_work, Engines);
fn two_runs_on_one_database_share_the_work(context: Context) {
    context.fill(&CASES);
    let (mut a, mut b) = (context.start(&RUN), context.start(&RUN));
    let (mut lines, mut codes) = (0, Vec::new());
    for running in [&mut a, &mut b] {
        while running.line().is_some() {
            lines += 1;
        }
        codes.push(running.child.wait().unwrap().code());
    }
    // The one that ends while the other still reads does not know the result.
    let is_final = |code: &Option<i32>| [Some(0), Some(3)].contains(code);
    assert!(codes.iter().any(is_final), "{codes:?}");
    let known = |code: &Option<i32>| is_final(code) || *code == Some(75);
    assert!(codes.iter().all(known), "{codes:?}");
    assert_eq!(lines, CASES.len(), "each record was stored once");
    assert_complete(&context, undisturbed());
}

test!(
    a_changed_source_is_reported_and_nothing_else_is_lost,
    Engines
);
fn a_changed_source_is_reported_and_nothing_else_is_lost(context: Context) {
    context.fill(&CASES);
    let mut running = context.start(&RUN);
    running.line();
    running.kill();
    let changed = fs::read_dir(context.path("in"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .max()
        .unwrap();
    fs::write(&changed, "something else").unwrap();
    context.run(&["run", "--json"]);
    let records = context.records();
    let read = records.iter().filter(|r| r["status"] != "failed").count();
    assert!(read >= CASES.len() - 1, "{records:#?}");
    for record in records.iter().filter(|record| record["status"] == "failed") {
        assert_eq!(
            record["findings"][0]["code"], "source_changed",
            "{record:#}"
        );
    }
}

test!(values_that_cannot_be_read_again_are_retained, Engines);
fn values_that_cannot_be_read_again_are_retained(context: Context) {
    let file = context.fixture("receipt/uk_grocer", "in/a");
    context.run(&["run", "in"]);
    let before = context.records().remove(0);
    assert_ne!(before["fields"], serde_json::json!({}));
    let bytes = fs::read(&file).unwrap();
    for (reason, spoil) in [
        ("unreadable", None),
        ("source_changed", Some(&b"something else"[..])),
    ] {
        match spoil {
            None => fs::remove_file(&file).unwrap(),
            Some(bytes) => fs::write(&file, bytes).unwrap(),
        }
        let ran = context.run(&["retry", "1"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains("1 kept"), "{ran:?}");
        let after = context.records().remove(0);
        for key in ["id", "status", "fields", "provenance"] {
            assert_eq!(after[key], before[key], "{key}");
        }
        let findings = after["findings"].as_array().unwrap();
        let reported = findings.iter().filter(|f| f["code"] == "not_read_again");
        let reported: Vec<_> = reported.map(|f| f["message"].as_str().unwrap()).collect();
        assert!(
            reported.len() == 1 && reported[0].contains(reason),
            "{reported:?}"
        );
    }
    // Back in its place, what failed is read again.
    fs::write(&file, bytes).unwrap();
    let known = context.run(&["run", "in"]);
    assert_eq!(known.code, Some(1), "{known:?}");
    assert!(
        known
            .stdout
            .contains("1 of earlier runs with a failed page"),
        "{known:?}"
    );
    let status = context.status();
    let page = &status["failed_page_list"][0];
    assert_eq!(
        (&page["id"], &page["page"], &page["reason"]),
        (&before["id"], &1.into(), &"source_changed".into()),
        "{status:#}"
    );
    assert!(known.stdout.contains("docmill retry"), "{known:?}");
    context.run(&["retry"]);
    let again = context.records().remove(0);
    assert_ne!(again["id"], before["id"]);
    assert_eq!(
        (&again["fields"], &again["findings"]),
        (&before["fields"], &before["findings"])
    );
    let idle = context.run(&["retry"]);
    assert!(idle.stdout.starts_with("No page has failed."), "{idle:?}");
    let known = context.run(&["run", "in"]);
    assert!(!known.stdout.contains("retry"), "{known:?}");
}
