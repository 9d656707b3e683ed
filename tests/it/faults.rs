//! What a night brings: a locked, full or read-only database, files that
//! vanish, signals at any moment.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection, Row, SqliteConnection};

use crate::context::{Context, stable};
use crate::harness::test;
use crate::process::{signal, wait_for_worker};

const CASES: [&str; 3] = ["receipt/uk_grocer", "receipt/ie_fuel", "receipt/my_cafe"];
const RUN: [&str; 5] = ["run", "in", "--type", "receipt", "--json"];
const TRY_AGAIN_LATER: Option<i32> = Some(75);

/// What an undisturbed run leaves; made once.
fn undisturbed() -> &'static [Value] {
    static RECORDS: OnceLock<Vec<Value>> = OnceLock::new();
    RECORDS.get_or_init(|| {
        let context = Context::new();
        context.fill(&CASES);
        context.run(&RUN);
        stable(context.records())
    })
}

/// What is in the database, by a connection that is not docmill's.
fn ask(database: &Path, sql: &'static str) -> Vec<i64> {
    on(database, async move |connection| {
        let rows = sqlx::query(sql).fetch_all(connection).await.unwrap();
        rows.into_iter().map(|row| row.get(0)).collect()
    })
}

pub fn on<T>(database: &Path, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let url = format!("sqlite://{}", database.display());
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(async move {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        work(&mut connection).await
    })
}

/// Holds the database's write lock for as long as it takes to do `work`.
pub fn while_locked<T>(database: &Path, work: impl FnOnce() -> T) -> T {
    on(database, async move |connection| {
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut *connection)
            .await
            .unwrap();
        let result = work();
        sqlx::query("COMMIT").execute(connection).await.unwrap();
        result
    })
}

test!(a_database_that_another_program_holds_is_waited_for, Engines);
fn a_database_that_another_program_holds_is_waited_for(context: Context) {
    context.fill(&CASES);
    let mut running = context.start(&RUN);
    running.line();
    while_locked(&context.path("docmill.db"), || {
        std::thread::sleep(Duration::from_secs(3));
    });
    while running.line().is_some() {}
    let code = running.child.wait().unwrap().code();
    assert!([Some(0), Some(3)].contains(&code), "{code:?}");
    assert_eq!(stable(context.records()), undisturbed());
}

test!(
    a_database_that_stays_locked_ends_the_run_with_75_and_the_next_goes_on,
    Engines
);
fn a_database_that_stays_locked_ends_the_run_with_75_and_the_next_goes_on(context: Context) {
    context.fill(&CASES);
    let mut running = context.start(&RUN);
    running.line();
    let code = while_locked(&context.path("docmill.db"), || {
        running.child.wait().unwrap().code()
    });
    assert_eq!(code, TRY_AGAIN_LATER);
    let ran = context.run(&RUN);
    assert!([Some(0), Some(3)].contains(&ran.code), "{ran:?}");
    assert_eq!(stable(context.records()), undisturbed());
}

/// A small file system of its own, which only root can mount.
struct Tmpfs<'a>(&'a Path);

impl Tmpfs<'_> {
    fn mount<'a>(at: &'a Path, options: &str) -> Tmpfs<'a> {
        fs::create_dir_all(at).unwrap();
        assert!(mount(&["-t", "tmpfs", "-o", options, "tmpfs"], at));
        Tmpfs(at)
    }

    fn remount(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], self.0));
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(at).output();
    output.is_ok_and(|output| output.status.success())
}

test!(
    a_full_disk_ends_the_run_with_75_and_the_next_goes_on,
    Engines,
    Root
);
fn a_full_disk_ends_the_run_with_75_and_the_next_goes_on(context: Context) {
    context.fill(&CASES);
    let disk = context.path("disk");
    let tmpfs = Tmpfs::mount(&disk, "size=320k");
    let run = ["--db", "disk/docmill.db", "run", "in", "--type", "receipt"];
    let full = context.run(&run);
    assert_eq!(full.code, TRY_AGAIN_LATER, "{full:?}");
    assert!(full.stderr.contains("nothing is lost"), "{full:?}");
    assert!(
        full.stderr.contains("docmill: the disk is full: "),
        "{full:?}"
    );
    tmpfs.remount("size=64m");
    let ran = context.run(&run);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let export = context.run(&["--db", "disk/docmill.db", "export"]);
    assert_eq!(stable(export.json_lines()), undisturbed());
    let database = disk.join("docmill.db");
    let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(ask(&database, sound), [1]);
}

test!(
    a_read_only_database_is_reported_and_left_as_it_is,
    Engines,
    Root
);
fn a_read_only_database_is_reported_and_left_as_it_is(context: Context) {
    context.fill(&CASES);
    let disk = context.path("disk");
    let tmpfs = Tmpfs::mount(&disk, "size=64m");
    let run = ["--db", "disk/docmill.db", "run", "in", "--type", "receipt"];
    context.run(&run);
    let before = fs::read(disk.join("docmill.db")).unwrap();
    tmpfs.remount("ro");
    let ran = context.run(&run);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("disk/docmill.db") && ran.stderr.contains("read-only"),
        "{}",
        ran.stderr
    );
    // What only reads can be done.
    for args in [
        &["status"][..],
        &["show", "1"],
        &["report"],
        &["export", "-q"],
    ] {
        let ran = context.run(&[&["--db", "disk/docmill.db"], args].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran:?}");
    }
    assert_eq!(fs::read(disk.join("docmill.db")).unwrap(), before);
}

test!(
    a_removed_source_is_reported_and_the_others_are_read,
    Engines
);
fn a_removed_source_is_reported_and_the_others_are_read(context: Context) {
    context.fill(&CASES);
    // Taken in, not yet read: the reader is held before its first page.
    let running = context.start(&[&RUN[..], &["--readers", "1"]].concat());
    let reader = wait_for_worker(running.child.id(), "reader");
    let database = context.path("docmill.db");
    wait_until("the engines have loaded", || count(&database, RUNS) > 0);
    signal(reader, libc::SIGSTOP);
    wait_until("all files were taken in", || {
        count(&database, DOCUMENTS) == CASES.len()
    });
    running.kill();
    signal(reader, libc::SIGKILL);
    fs::remove_file(context.path("in/2.png")).unwrap();
    let ran = context.run(&["run", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let records = context.records();
    assert_eq!(records.len(), CASES.len());
    for record in &records {
        let gone = record["path"].as_str().unwrap().ends_with("2.png");
        assert_eq!(record["status"] == "failed", gone, "{record:#}");
        if gone {
            assert_eq!(record["findings"][0]["code"], "unreadable", "{record:#}");
        }
    }
}

const DOCUMENTS: &str = "SELECT id FROM documents";
const RUNS: &str = "SELECT id FROM runs";

/// Rows in a database that docmill may just be making.
fn count(database: &Path, sql: &'static str) -> usize {
    if !database.exists() {
        return 0;
    }
    on(database, async |connection| {
        let rows = sqlx::query(sql).fetch_all(connection);
        rows.await.map_or(0, |rows| rows.len())
    })
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// No page is in hand, and none was charged for it.
fn assert_given_back(context: &Context) {
    let database = context.path("docmill.db");
    let held = "SELECT count(*) FROM pages WHERE state = 'leased'";
    assert_eq!(ask(&database, held), [0]);
    let charged = "SELECT count(*) FROM pages WHERE attempts <> (SELECT count(*) FROM readings
        WHERE page_id = pages.id)";
    assert_eq!(ask(&database, charged), [0]);
}

test!(
    a_page_that_outlasts_a_signal_is_given_back_at_every_stage,
    Engines
);
fn a_page_that_outlasts_a_signal_is_given_back_at_every_stage(_: Context) {
    for role in ["rasterizer", "router", "reader"] {
        let context = Context::new();
        context.fill(&CASES);
        let typed = if role == "router" {
            "in"
        } else {
            "--type=receipt"
        };
        let run = [
            "run",
            "in",
            typed,
            "--json",
            "--set",
            "jobs.drain_seconds=1",
        ];
        let mut running = context.start(&run);
        // As an engine that computes for minutes.
        let worker = wait_for_worker(running.child.id(), role);
        let database = context.path("docmill.db");
        wait_until("the engines have loaded", || count(&database, RUNS) > 0);
        signal(worker, libc::SIGSTOP);
        std::thread::sleep(Duration::from_millis(1500));
        signal(running.child.id(), libc::SIGTERM);
        while running.line().is_some() {}
        let code = running.child.wait().unwrap().code();
        // Everything may have been read before the worker was stopped.
        assert!([Some(130), Some(3)].contains(&code), "{role}: {code:?}");
        assert_given_back(&context);
        context.run(&RUN);
        assert_eq!(
            context.status()["pages"],
            json!({"done": CASES.len()}),
            "{role}"
        );
    }
}

test!(
    a_signal_at_any_moment_ends_the_run_with_no_page_in_hand,
    Engines
);
fn a_signal_at_any_moment_ends_the_run_with_no_page_in_hand(_: Context) {
    let expected = undisturbed();
    for milliseconds in [30, 150, 300, 500, 700, 900, 1200, 1600, 2200] {
        let context = Context::new();
        context.fill(&CASES);
        let mut running = context.start(&RUN);
        std::thread::sleep(Duration::from_millis(milliseconds));
        signal(running.child.id(), libc::SIGTERM);
        while running.line().is_some() {}
        let status = running.child.wait().unwrap();
        use std::os::unix::process::ExitStatusExt;
        // Before it listens to signals, one ends it as any program.
        let by_signal = status.signal() == Some(libc::SIGTERM);
        assert!(
            by_signal || [Some(130), Some(3)].contains(&status.code()),
            "after {milliseconds} ms: {status:?}"
        );
        if count(&context.path("docmill.db"), DOCUMENTS) > 0 {
            assert_given_back(&context);
        }
        context.run(&RUN);
        assert_eq!(
            stable(context.records()),
            expected,
            "after {milliseconds} ms"
        );
    }
}
