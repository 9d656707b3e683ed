//! Exports with the source files of the bills: beside the rows, or for DATEV in a zip.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use docmill::outputs::accounts::sha256;
use serde_json::Value;

use crate::accounts::{files, manifest, read_invoices};
use crate::context::Context;
use crate::harness::test;

const DATEV: &str = "[default]\naccount = \"4930\"\nnumber = \"70001\"\nsingle_line = true\n\
    tax_codes = { \"17.18\" = \"9\" }\n[datev]\nconsultant = 29098\nclient = 55003\n";

/// Arguments of an export to a folder.
pub fn arguments<'a>(target: &'a str, out: &'a str) -> [&'a str; 6] {
    [
        "export",
        "--with-documents",
        "--target",
        target,
        "--out",
        out,
    ]
}

/// SHA-256 of the files in a zip, by name.
fn packed(zip: &Path) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let (name, mut bytes) = (file.name().unwrap().into_owned(), Vec::new());
        file.read_to_end(&mut bytes).unwrap();
        found.insert(name, sha256(&bytes));
    }
    found
}

/// SHA-256 of every complete file of a batch in a folder, by the name that manifests use. Files
/// that were begun have other endings.
fn complete(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for ending in [".journal", ".csv", ".manifest.json", ".zip"] {
        for path in files(folder, ending) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if ending != ".zip" {
                found.insert(name, sha256(&fs::read(&path).unwrap()));
                continue;
            }
            for (inner, sha256) in packed(&path) {
                found.insert(format!("{name}/{inner}"), sha256);
            }
        }
    }
    for path in files(&folder.join("documents"), ".xml") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        found.insert(
            format!("documents/{name}"),
            sha256(&fs::read(&path).unwrap()),
        );
    }
    found
}

/// Checks the files of each manifest in the folder. Returns the records of their bills.
fn bills(folder: &Path) -> Vec<i64> {
    let found = complete(folder);
    let mut records = Vec::new();
    for path in files(folder, ".manifest.json") {
        let manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let of = |list: &str| manifest[list].as_array().unwrap().clone();
        for file in of("files").iter().chain(&of("document_files")) {
            let name = file["name"].as_str().unwrap();
            assert_eq!(found.get(name).map(String::as_str), file["sha256"].as_str());
        }
        let documents: BTreeSet<String> = of("document_files")
            .iter()
            .map(|file| file["name"].to_string())
            .collect();
        for bill in of("bills") {
            assert!(
                documents.contains(&bill["document_file"].to_string()),
                "{bill}"
            );
            records.push(bill["record"].as_i64().unwrap());
        }
    }
    records
}

test!(
    a_zip_for_datev_has_the_documents_that_its_rows_link,
    Engines
);
fn a_zip_for_datev_has_the_documents_that_its_rows_link(context: Context) {
    read_invoices(&context, 3);
    fs::write(context.path("accounts.toml"), DATEV).unwrap();
    let ran = context.run(&arguments("datev", "books"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let place = "books/docmill-datev-000001.zip";
    let said = format!("{place}: 3 source files");
    assert!(ran.stdout.contains(&said), "{ran:?}");
    assert!(!context.path("books/documents").exists());
    assert_eq!(bills(&context.path("books")).len(), 3);
    let zip = context.path(place);
    let files = packed(&zip);
    assert_eq!(files.len(), 4, "{files:?}");
    let listed = manifest(&context, "books/docmill-datev-000001.manifest.json");
    let rows = fs::read(
        context
            .path("books")
            .join(listed["files"][0]["name"].as_str().unwrap()),
    );
    let rows = String::from_utf8_lossy(&rows.unwrap()).into_owned();
    let mut archive = zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap();
    let mut description = String::new();
    let mut file = archive.by_name("document.xml").unwrap();
    file.read_to_string(&mut description).unwrap();
    for guid in description.split("guid=\"").skip(1) {
        let guid = guid.split('"').next().unwrap();
        assert!(
            rows.contains(&format!("\"BEDI \"\"{guid}\"\"\"")),
            "{guid}: {rows}"
        );
    }
    // Python's reader of zips finds nothing wrong.
    let check = "import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip() is not None)";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", check]).arg(&zip);
    assert!(python.status().unwrap().success());
    let first = fs::read(&zip).unwrap();
    let again = context.run(&["export", "again", "1", "--out", "copy"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let copy = context.path("copy/docmill-datev-000001.zip");
    assert!(
        fs::read(copy).unwrap() == first,
        "the same batch is the same bytes"
    );
}

const BILLS: usize = 30;

/// Kills in one sweep over an export: `DOCMILL_TEST_KILLS`, else a few.
fn kills() -> u32 {
    let kills = std::env::var("DOCMILL_TEST_KILLS").ok();
    kills.map_or(12, |kills| kills.parse().unwrap())
}

/// Kills exports at moments spread over their time. After the next export, which goes to
/// another folder, each bill must be in one batch whose files are all there.
fn sweep(context: &Context, target: &str) {
    let start = Instant::now();
    fs::copy(context.path("docmill.db"), context.path("whole.db")).unwrap();
    let whole = [&["--db", "whole.db"][..], &arguments(target, "whole")].concat();
    let whole = context.run(&whole);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let life = start.elapsed();
    fs::remove_dir_all(context.path("whole")).unwrap();
    fs::remove_file(context.path("whole.db")).unwrap();
    let (mut killed, mut entered, mut partial) = (0, 0, 0);
    for kill in 0..kills() {
        let name = |what: &str| format!("{target}-{kill}{what}");
        let (db, out, other) = (name(".db"), name(""), name("-other"));
        fs::copy(context.path("docmill.db"), context.path(&db)).unwrap();
        let first = [&["--db", &db][..], &arguments(target, &out)].concat();
        let mut child = context.command(&first);
        let child = child.stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = child.spawn().unwrap();
        let share = f64::from(kill) / f64::from(kills());
        std::thread::sleep(life.mul_f64(share).max(Duration::from_millis(1)));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let [out, other_folder] = [context.path(&out), context.path(&other)];
        let before = complete(&out);
        let is_whole = before.keys().any(|name| name.ends_with(".manifest.json"));
        assert_eq!(bills(&out).len(), if is_whole { BILLS } else { 0 });
        partial += u32::from(!before.is_empty() && !is_whole);
        let second = [&["--db", &db][..], &arguments(target, &other)].concat();
        let again = context.run(&second);
        assert_eq!(again.code, Some(0), "kill {kill}: {again:?}");
        entered += u32::from(again.stdout.contains("was interrupted"));
        let mut records = bills(&out);
        records.extend(bills(&other_folder));
        assert_eq!(records.len(), BILLS, "kill {kill}");
        let once: BTreeSet<i64> = records.into_iter().collect();
        assert_eq!(once.len(), BILLS, "kill {kill}: a bill in two batches");
        let after = complete(&out);
        for (name, sha256) in before {
            assert_eq!(
                after.get(&name),
                Some(&sha256),
                "kill {kill}: half a {name}"
            );
        }
        for path in [&out, &other_folder] {
            drop(fs::remove_dir_all(path));
        }
    }
    println!(
        "{target}: {killed} of {} kills came before the end, {entered} after bills were entered in the ledger, {partial} between the files; {BILLS} bills each, all in one batch with their documents",
        kills()
    );
    assert!(killed > kills() / 2, "{killed} kills came before the end");
}

test!(
    a_kill_during_an_export_with_documents_loses_and_doubles_none,
    Engines
);
fn a_kill_during_an_export_with_documents_loses_and_doubles_none(context: Context) {
    read_invoices(&context, BILLS);
    sweep(&context, "hledger");
    fs::write(context.path("accounts.toml"), DATEV).unwrap();
    sweep(&context, "datev");
}
