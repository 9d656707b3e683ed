//! Reports and metrics of a run, at its end and later.

use std::fs;

use serde_json::Value;

use crate::context::Context;
use crate::harness::test;

fn json(context: &Context, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(context.path(name)).unwrap()).unwrap()
}

fn fill(context: &Context) {
    context.fixture("receipt/uk_grocer", "in/a");
    context.fixture("receipt/ie_fuel", "in/b");
    fs::write(context.path("in/<b>bad<b>.pdf"), "%PDF-1.4 and nothing").unwrap();
    fs::write(context.path("in/empty.png"), "").unwrap();
}

test!(
    a_run_ends_with_a_report_that_the_database_gives_again,
    Engines
);
fn a_run_ends_with_a_report_that_the_database_gives_again(context: Context) {
    fill(&context);
    let ran = context.run(&[
        "run",
        "in",
        "--type",
        "receipt",
        "--report",
        "r.json",
        "--report",
        "r.html",
        "--set",
        "workers.recycle_pages=1",
        "--set",
        "ocr.mode=off",
        "--set",
        "acceptance.min_confidence=0.999",
    ]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for part in [
        "workers recycled",
        "time by stage",
        "slowest pages",
        "peak memory",
        "review reasons",
    ] {
        assert!(ran.stdout.contains(part), "{part} in\n{}", ran.stdout);
    }
    let report = json(&context, "r.json");
    assert_eq!(report["run"]["state"], "finished");
    assert_eq!(report["files"]["found"], 4);
    assert_eq!(report["files"]["rejected"]["empty_file"], 1);
    assert_eq!(report["pages"]["done"], 2);
    assert_eq!(report["pages"]["attempts"], 2);
    assert_eq!(report["records"]["needs_review"], 2);
    assert_eq!(report["records"]["by_type"]["receipt"]["needs_review"], 2);
    assert_eq!(report["slowest"].as_array().unwrap().len(), 2);
    let stages: Vec<_> = report["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["stage"])
        .collect();
    assert_eq!(stages, ["rasterize", "read"]);
    assert_eq!(report["workers"]["restarts"], serde_json::json!({}));
    assert_eq!(report["workers"]["recycled"]["reader"]["pages"], 2);
    let readers = report["readers"].as_array().unwrap();
    assert_eq!(readers.len(), 1, "{readers:?}");
    assert_eq!(
        (&readers[0]["calls"], &readers[0]["pages"]),
        (&2.into(), &2.into())
    );
    assert!(readers[0]["seconds"].as_f64().unwrap() > 0.0 && readers[0]["cost"].is_null());
    let pages = report["throughput"]["pages"].as_array().unwrap();
    assert_eq!(pages.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 2);
    for role in ["supervisor", "rasterizer", "router", "reader"] {
        assert!(
            report["memory"]["peak"][role].as_u64().unwrap() > 0,
            "{role}"
        );
        let measurements = report["memory"]["measurements"].as_array().unwrap();
        assert!(
            measurements.iter().any(|measured| measured["role"] == role),
            "{role}"
        );
    }

    let html = fs::read_to_string(context.path("r.html")).unwrap();
    assert!(
        html.contains("<svg") && !html.contains("<b>bad<b>"),
        "{html}"
    );
    assert!(html.contains("that were recycled") && html.contains("<h2>Readers</h2>"));
    for outside in ["http://", "https://", "<script", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }

    let again = context.run(&["report", "--json"]).json_lines().remove(0);
    // As it was set: 0.999 is another number as `f32`.
    assert_eq!(
        again["run"]["settings"]["acceptance"]["min_confidence"],
        0.999
    );
    assert_eq!(again, report);
    let reported = context.run(&["report", "1"]);
    assert!(
        reported.stdout.contains("1, finished") && reported.stdout.contains("2 read"),
        "{reported:?}"
    );
    let missing = context.run(&["report", "7"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(missing.stderr.contains("no run 7"), "{missing:?}");
}

test!(
    a_report_keeps_what_its_run_rejected_and_tells_what_earlier_runs_left,
    Engines
);
fn a_report_keeps_what_its_run_rejected_and_tells_what_earlier_runs_left(context: Context) {
    context.fixture("invoice/einvoice_conflict", "in/conflict");
    fs::write(context.path("in/empty.png"), "").unwrap();
    fs::write(context.path("in/bad.pdf"), "%PDF-1.4 and nothing").unwrap();
    assert_eq!(context.run(&["run", "in"]).code, Some(1));
    for name in ["empty.png", "bad.pdf"] {
        fs::remove_file(context.path("in").join(name)).unwrap();
    }
    fs::write(context.path("in/short.pdf"), "%PDF-1.4 and less").unwrap();
    assert_eq!(context.run(&["run", "in"]).code, Some(1));
    fs::remove_file(context.path("in/short.pdf")).unwrap();
    assert_eq!(context.run(&["run", "in"]).code, Some(3));
    let report = |run: &str| {
        let json = context.run(&["report", run, "--json"]).json_lines();
        (context.run(&["report", run]).stdout, json[0].clone())
    };
    let (first, json) = report("1");
    assert_eq!(json["files"]["first_rejected"].as_array().unwrap().len(), 2);
    assert_eq!(
        (
            &json["run"]["exit_code"],
            &json["earlier_runs"]["to_review"]
        ),
        (&1.into(), &0.into())
    );
    for part in [
        "in/bad.pdf",
        "in/empty.png",
        "1, something failed or was rejected",
    ] {
        assert!(first.contains(part), "{part} in\n{first}");
    }
    assert!(!first.contains("short.pdf"), "{first}");
    let (last, json) = report("3");
    assert_eq!(
        (
            &json["run"]["exit_code"],
            &json["earlier_runs"]["to_review"]
        ),
        (&3.into(), &1.into())
    );
    for part in [
        "1 file with a record to review",
        "3, something needs review",
    ] {
        assert!(last.contains(part), "{part} in\n{last}");
    }
    // A file that was forgotten is in no report.
    let bad = context.path("in/bad.pdf");
    let forgotten = context.run(&["forget", bad.to_str().unwrap(), "--yes"]);
    assert_eq!(forgotten.code, Some(0), "{forgotten:?}");
    assert!(!report("1").0.contains("bad.pdf"), "{forgotten:?}");
}

test!(a_killed_run_is_reported_as_far_as_it_came, Engines);
fn a_killed_run_is_reported_as_far_as_it_came(context: Context) {
    fill(&context);
    let mut running = context.start(&["run", "in", "--type", "receipt", "--json"]);
    running.line();
    running.kill();
    let report = context.run(&["report", "--json"]).json_lines().remove(0);
    assert_eq!(report["run"]["state"], "killed");
    assert!(report["pages"]["done"].as_u64().unwrap() >= 1, "{report:#}");
    assert!(
        report["memory"]["peak"]["reader"].as_u64().unwrap() > 0,
        "{report:#}"
    );
}

test!(a_report_names_a_file_whose_name_is_not_utf_8, Engines);
fn a_report_names_a_file_whose_name_is_not_utf_8(context: Context) {
    use std::os::unix::ffi::OsStrExt;
    fs::create_dir(context.path("in")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.pdf");
    fs::write(context.path("in").join(name), "x").unwrap();
    let ran = context.run(&["run", "in", "--report", "r.json", "--report", "r.html"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let reported = &json(&context, "r.json")["files"]["first_rejected"][0];
    assert!(
        reported["path"]
            .as_str()
            .unwrap()
            .ends_with("in/caf\u{fffd}.pdf")
    );
    let page = fs::read_to_string(context.path("r.html")).unwrap();
    assert!(page.contains("caf\u{fffd}.pdf"));
}

test!(a_wrong_report_file_is_refused_before_anything_is_read);
fn a_wrong_report_file_is_refused_before_anything_is_read(context: Context) {
    for file in ["report.pdf", "no/such/report.html"] {
        let ran = context.run(&["run", ".", "--report", file]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(!context.path("docmill.db").exists());
    }
}

test!(metrics_of_a_run_are_in_the_textfile, Engines);
fn metrics_of_a_run_are_in_the_textfile(context: Context) {
    fill(&context);
    let args = ["run", "in", "--type", "receipt"];
    let none_accepted = ["--set", "acceptance.min_confidence=0.999"];
    let file = ["--metrics-textfile", "docmill.prom"];
    let ran = context.run(&[&args[..], &none_accepted, &file].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let text = fs::read_to_string(context.path("docmill.prom")).unwrap();
    for line in [
        "docmill_pages_total{outcome=\"done\"} 2",
        "docmill_files_total{outcome=\"rejected\"} 2",
        "docmill_files_rejected_total{reason=\"empty_file\"} 1",
        "docmill_records_total{status=\"needs_review\",type=\"receipt\"} 2",
        "docmill_stage_seconds_count{stage=\"read\"} 2",
        "docmill_reader_calls_total{outcome=\"done\",reader=\"docmill-nano\"} 2",
        "docmill_queue_pages{state=\"queued\"} 0",
        "docmill_run_exit_code 1",
    ] {
        assert!(text.lines().any(|had| had == line), "{line} in\n{text}");
    }
    assert!(
        text.contains("docmill_memory_bytes{role=\"reader\"} "),
        "{text}"
    );
}

test!(the_systemd_units_are_right, SystemdAnalyze);
fn the_systemd_units_are_right(context: Context) {
    let units = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd");
    for name in ["docmill.service", "docmill.timer"] {
        let unit = fs::read_to_string(units.join(name)).unwrap();
        // Where the program is installed is another machine's affair.
        let unit = unit.replace("/usr/local/bin/docmill", env!("CARGO_BIN_EXE_docmill"));
        fs::write(context.path(name), unit).unwrap();
    }
    let output = std::process::Command::new("systemd-analyze")
        .args(["verify", "--man=no", "docmill.service", "docmill.timer"])
        .current_dir(context.path(""))
        .output()
        .unwrap();
    let reported = String::from_utf8_lossy(&output.stderr);
    let about_ours: Vec<_> = reported
        .lines()
        .filter(|line| line.contains("docmill"))
        .collect();
    assert!(
        output.status.success() && about_ours.is_empty(),
        "{reported}"
    );
}
