//! Bills for accounting programs: each is exported once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::accounts_documents::arguments;
use crate::context::{Context, Ran, fixtures, python};
use crate::harness::test;

const ACCOUNTS: &str = "[default]\naccount = \"Expenses:Tools\"\nsingle_line = true\ntax_codes = { \"17.18\" = \"Input\" }\n";

/// Reads `number` invoices of one seller, each with a number and a date of its
/// own.
pub fn read_invoices(context: &Context, number: usize) {
    let text = fs::read_to_string(fixtures().join("invoice/einvoice_ubl/input.xml")).unwrap();
    fs::create_dir_all(context.path("in")).unwrap();
    for index in 0..number {
        let date = format!(
            "20{:02}-{:02}-{:02}",
            10 + index / 300,
            1 + index / 25 % 12,
            1 + index % 25
        );
        let text = text
            .replace(
                "<cbc:ID>F-2024-118</cbc:ID>",
                &format!("<cbc:ID>F-{index:04}-X</cbc:ID>"),
            )
            .replace(
                "<cbc:IssueDate>2024-10-07</cbc:IssueDate>",
                &format!("<cbc:IssueDate>{date}</cbc:IssueDate>"),
            )
            .replace(
                "<cbc:DueDate>2024-11-06</cbc:DueDate>",
                &format!("<cbc:DueDate>{date}</cbc:DueDate>"),
            );
        fs::write(context.path(&format!("in/{index:04}.xml")), text).unwrap();
    }
    let ran = context.run(&["run", "in"]);
    assert_eq!(ran.code, Some(0), "every invoice is accepted: {ran:?}");
    fs::write(context.path("accounts.toml"), ACCOUNTS).unwrap();
}

fn export(context: &Context, target: &str, out: &str) -> Ran {
    context.run(&["export", "--target", target, "--out", out])
}

/// Paths of the files in a folder with this ending.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut files: Vec<PathBuf> = entries.unwrap_or_default();
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files.sort();
    files
}

/// How often each invoice number stands in the journals of these folders.
fn numbers(folders: &[PathBuf]) -> BTreeMap<String, usize> {
    let mut numbers = BTreeMap::new();
    for file in folders.iter().flat_map(|folder| files(folder, ".journal")) {
        let text = fs::read_to_string(file).unwrap();
        for line in text.lines().filter(|line| line.contains(" * (")) {
            let number = line.split(['(', ')']).nth(1).unwrap();
            *numbers.entry(number.to_owned()).or_default() += 1;
        }
    }
    numbers
}

test!(a_bill_is_exported_once_and_again_after_a_reversal, Engines);
fn a_bill_is_exported_once_and_again_after_a_reversal(context: Context) {
    read_invoices(&context, 3);
    let ran = export(&context, "hledger", "books");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let file = context.path("books/docmill-hledger-000001.journal");
    let first = fs::read(&file).unwrap();
    let manifest = fs::read(context.path("books/docmill-hledger-000001.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["documents"], 3);
    assert_eq!(manifest["sums"]["EUR"], "1301.40");
    let ran = export(&context, "hledger", "books");
    assert!(
        ran.stdout.starts_with(
            "Nothing to export:\n  3 bills, exported before: `docmill export batches`"
        ),
        "{ran:?}"
    );
    // Another target has not had them.
    assert!(
        export(&context, "ubl", "xml").stdout.contains("3 bills"),
        "{ran:?}"
    );
    // The same batch is the same bytes.
    fs::remove_file(&file).unwrap();
    assert_eq!(context.run(&["export", "again", "1"]).code, Some(0));
    assert_eq!(fs::read(&file).unwrap(), first);
    let ran = context.run(&["export", "reverse", "1"]);
    assert_eq!(ran.code, Some(2), "a reason is asked for: {ran:?}");
    let ran = context.run(&["export", "reverse", "1", "--reason", " "]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let ran = context.run(&[
        "export",
        "reverse",
        "1",
        "--reason",
        "imported into the wrong year",
    ]);
    assert!(ran.stdout.contains("3 bills reversed"), "{ran:?}");
    let ran = export(&context, "hledger", "books");
    assert!(
        ran.stdout.contains("Batch 3: 3 bills for hledger"),
        "{ran:?}"
    );
    let list = context.run(&["export", "batches"]);
    assert!(
        list.stdout.contains("reversed") && list.stdout.contains("ubl"),
        "{list:?}"
    );
    // What was forgotten and is read again has been exported still.
    assert_eq!(context.run(&["forget", "in", "--yes"]).code, Some(0));
    assert_eq!(context.run(&["run", "in"]).code, Some(0));
    let ran = export(&context, "hledger", "books");
    assert!(
        ran.stdout
            .contains("Nothing to export:\n  3 bills, exported before"),
        "{ran:?}"
    );
    let ran = context.run(&["export", "again", "3"]);
    assert!(ran.stderr.contains("was forgotten"), "{ran:?}");
}

test!(held_bills_are_listed_with_the_reason, Engines);
fn held_bills_are_listed_with_the_reason(context: Context) {
    read_invoices(&context, 1);
    let text = fs::read_to_string(context.path("in/0000.xml")).unwrap();
    // The same bill as another file.
    fs::write(
        context.path("in/rescan.xml"),
        text.replace("4 rue du Canal", "5 rue du Canal"),
    )
    .unwrap();
    assert_eq!(
        context.run(&["run", "in"]).code,
        Some(3),
        "a duplicate wants a person"
    );
    let ran = export(&context, "hledger", "books");
    assert!(ran.stdout.contains("Not accepted: 1 bill."), "{ran:?}");
    fs::write(context.path("none.toml"), "").unwrap();
    let ran = context.run(&[
        "export",
        "--target",
        "beancount",
        "--out",
        "books",
        "--accounts",
        "none.toml",
    ]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.stdout
            .contains("no supplier with vat_id = \"FR40303265045\""),
        "{ran:?}"
    );
    fs::write(context.path("wrong.toml"), "[default]\nacount = \"1\"\n").unwrap();
    let ran = context.run(&[
        "export",
        "--target",
        "xero",
        "--out",
        "books",
        "--accounts",
        "wrong.toml",
    ]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr.contains("wrong.toml") && ran.stderr.contains("acount"),
        "{ran:?}"
    );
}

test!(an_interrupted_batch_is_written_to_its_folder, Engines);
fn an_interrupted_batch_is_written_to_its_folder(context: Context) {
    read_invoices(&context, 2);
    // A folder in place of the file: the bills are entered, nothing is written.
    let file = context.path("books/docmill-hledger-000001.journal");
    fs::create_dir_all(&file).unwrap();
    let ran = export(&context, "hledger", "books");
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let list = context.run(&["export", "batches"]);
    assert!(list.stdout.contains("interrupted"), "{list:?}");
    fs::remove_dir(&file).unwrap();
    let ran = export(&context, "hledger", "other");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout
            .contains("Batch 1 was interrupted. Its files are in books now."),
        "{ran:?}"
    );
    let found = numbers(&[context.path("books"), context.path("other")]);
    assert_eq!(found.into_values().collect::<Vec<_>>(), [1, 1]);
}

pub fn manifest(context: &Context, name: &str) -> Value {
    serde_json::from_slice(&fs::read(context.path(name)).unwrap()).unwrap()
}

test!(source_files_lie_beside_the_rows_that_name_them, Engines);
fn source_files_lie_beside_the_rows_that_name_them(context: Context) {
    read_invoices(&context, 3);
    fs::rename(context.path("in/0002.xml"), context.path("moved.xml")).unwrap();
    let with = |target: &str, out: &str| context.run(&arguments(target, out));
    let ran = with("hledger", "books");
    assert_eq!(ran.code, Some(3), "one bill is held: {ran:?}");
    assert!(
        ran.stdout.contains("books/documents: 2 source files"),
        "{ran:?}"
    );
    assert!(
        ran.stdout
            .contains("the file is not at in/0002.xml any more")
            || ran.stdout.contains("put it back"),
        "{ran:?}"
    );
    let journal = fs::read_to_string(context.path("books/docmill-hledger-000001.journal")).unwrap();
    let listed = manifest(&context, "books/docmill-hledger-000001.manifest.json");
    let documents = listed["document_files"].as_array().unwrap();
    assert_eq!(documents.len(), 2, "{listed:#}");
    for (index, bill) in (0..).zip(listed["bills"].as_array().unwrap()) {
        let name = bill["document_file"].as_str().unwrap();
        let bytes = fs::read(context.path("books").join(name)).unwrap();
        let source = fs::read(context.path(&format!("in/{index:04}.xml"))).unwrap();
        assert_eq!(bytes, source, "{name}");
        assert!(
            name.ends_with(".xml") && journal.contains(&format!(", file:{name}")),
            "{journal}"
        );
        let sha256 = docmill::outputs::accounts::sha256(&bytes);
        assert!(
            documents.contains(&json!({"name": name, "sha256": sha256})),
            "{listed:#}"
        );
    }
    assert_eq!(files(&context.path("books/documents"), "").len(), 2);
    // The held bill follows when its file is back, under a name of its own.
    fs::rename(context.path("moved.xml"), context.path("in/0002.xml")).unwrap();
    assert_eq!(with("hledger", "books").code, Some(0));
    assert_eq!(files(&context.path("books/documents"), "").len(), 3);
    // Without the flag there is neither file nor name.
    assert_eq!(export(&context, "beancount", "plain").code, Some(0));
    let plain = manifest(&context, "plain/docmill-beancount-000003.manifest.json");
    assert_eq!(plain.get("document_files"), None);
    assert!(!context.path("plain/documents").exists());
}

test!(a_batch_is_complete_only_with_its_source_files, Engines);
fn a_batch_is_complete_only_with_its_source_files(context: Context) {
    read_invoices(&context, 2);
    // A file in place of the folder: the bills are entered, no document is written.
    fs::create_dir_all(context.path("books")).unwrap();
    fs::write(context.path("books/documents"), "").unwrap();
    let arguments = [
        "export",
        "--with-documents",
        "--target",
        "hledger",
        "--out",
        "books",
    ];
    let ran = context.run(&arguments);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        files(&context.path("books"), ".manifest.json").len(),
        0,
        "it is not complete"
    );
    fs::remove_file(context.path("books/documents")).unwrap();
    // The content is found by its hash, not by its name.
    fs::write(context.path("in/0001.xml"), "other content").unwrap();
    let ran = context.run(&arguments);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("put it back"), "{ran:?}");
    fs::remove_file(context.path("in/0001.xml")).unwrap();
    read_invoices(&context, 2);
    let ran = context.run(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout
            .contains("Batch 1 was interrupted. Its files are in books now."),
        "{ran:?}"
    );
    assert_eq!(files(&context.path("books/documents"), ".xml").len(), 2);
    let again = context.run(&["export", "again", "1", "--out", "copy"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    for file in files(&context.path("books/documents"), ".xml") {
        let copy = context
            .path("copy/documents")
            .join(file.file_name().unwrap());
        assert_eq!(fs::read(&file).unwrap(), fs::read(copy).unwrap());
    }
}

/// Kills in one sweep over an export.
const KILLS: u32 = 40;
const BILLS: usize = 60;

test!(a_kill_during_an_export_loses_and_doubles_no_bill, Engines);
fn a_kill_during_an_export_loses_and_doubles_no_bill(context: Context) {
    read_invoices(&context, BILLS);
    let start = Instant::now();
    fs::copy(context.path("docmill.db"), context.path("undisturbed.db")).unwrap();
    let whole = context.run(&[
        "--db",
        "undisturbed.db",
        "export",
        "--target",
        "hledger",
        "--out",
        "undisturbed",
    ]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let life = start.elapsed();
    let (mut killed, mut interrupted) = (0, 0);
    for kill in 0..KILLS {
        let (db, out, other) = (
            format!("{kill}.db"),
            format!("{kill}"),
            format!("{kill}-other"),
        );
        fs::copy(context.path("docmill.db"), context.path(&db)).unwrap();
        let args = ["--db", &db, "export", "--target", "hledger", "--out"];
        let mut child = context.command(&[&args[..], &[&out]].concat());
        let mut child = child
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(
            life.mul_f64(f64::from(kill) / f64::from(KILLS))
                .max(Duration::from_millis(1)),
        );
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let folders = [context.path(&out), context.path(&other)];
        let before = numbers(&folders);
        assert!(
            before.is_empty() || before.len() == BILLS,
            "kill {kill}: half a file"
        );
        // Into another folder: an entered bill must not appear there too.
        let again = context.run(&[&args[..], &[&other]].concat());
        assert_eq!(again.code, Some(0), "kill {kill}: {again:?}");
        interrupted += u32::from(again.stdout.contains("was interrupted"));
        let found = numbers(&folders);
        assert_eq!(found.len(), BILLS, "kill {kill}: bills in no file");
        assert!(
            found.values().all(|times| *times == 1),
            "kill {kill}: bills in two files: {found:?}"
        );
        for file in folders.iter().flat_map(|folder| files(folder, ".journal")) {
            let whole =
                fs::read(context.path("undisturbed").join(file.file_name().unwrap())).unwrap();
            assert_eq!(fs::read(&file).unwrap(), whole, "kill {kill}");
        }
    }
    println!(
        "{killed} kills survived, {interrupted} of them after bills were entered; {BILLS} bills each"
    );
    assert!(killed > KILLS / 2, "{killed} kills came before the end");
}

fn run_in(context: &Context, program: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(context.path(""));
    Ran::from(command.stdin(Stdio::null()).output().unwrap())
}

test!(hledger_reads_what_is_written_for_it, Engines, Hledger);
fn hledger_reads_what_is_written_for_it(context: Context) {
    read_invoices(&context, 5);
    assert_eq!(export(&context, "hledger", "books").code, Some(0));
    let main = "commodity 1000.00 EUR\naccount Expenses:Tools\naccount Assets:InputTax\naccount Liabilities:Payable\n\
        include books/docmill-hledger-000001.journal\n";
    fs::write(context.path("main.journal"), main).unwrap();
    let checked = run_in(&context, "hledger", &["-f", "main.journal", "-s", "check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let balance = run_in(
        &context,
        "hledger",
        &["-f", "main.journal", "balance", "-N", "-O", "csv"],
    );
    // What the database holds: 5 invoices of 370.20 and 63.60.
    for line in [
        "\"Assets:InputTax\",\"318.00 EUR\"",
        "\"Expenses:Tools\",\"1851.00 EUR\"",
        "\"Liabilities:Payable\",\"-2169.00 EUR\"",
    ] {
        assert!(balance.stdout.contains(line), "{line}: {balance:?}");
    }
    // The check is one: a changed amount fails it.
    let file = context.path("books/docmill-hledger-000001.journal");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("370.20", "370.21", 1)).unwrap();
    assert_ne!(
        run_in(&context, "hledger", &["-f", "main.journal", "-s", "check"]).code,
        Some(0)
    );
}

test!(beancount_reads_what_is_written_for_it, Engines, Beancount);
fn beancount_reads_what_is_written_for_it(context: Context) {
    read_invoices(&context, 5);
    let hostile = "[default]\nname = 'A \"B\" \\ C; |'\naccount = \"Expenses:Tools\"\n";
    fs::write(context.path("accounts.toml"), hostile).unwrap();
    assert_eq!(export(&context, "beancount", "books").code, Some(0));
    let open = ["Expenses:Tools", "Assets:InputTax", "Liabilities:Payable"]
        .map(|account| format!("2000-01-01 open {account} EUR\n"));
    let main = open.concat() + "include \"books/docmill-beancount-000001.beancount\"\n";
    fs::write(context.path("main.beancount"), main).unwrap();
    let script = "import sys\nfrom beancount import loader\nfrom beancount.core.data import Transaction\n\
        entries, errors, _ = loader.load_file(sys.argv[1])\n\
        sums = {}\n\
        for entry in entries:\n\
        \x20   if isinstance(entry, Transaction):\n\
        \x20       payee = entry.payee\n\
        \x20       for p in entry.postings: sums[p.account] = sums.get(p.account, 0) + p.units.number\n\
        print(len(errors), payee, sums['Expenses:Tools'], sums['Assets:InputTax'], sums['Liabilities:Payable'])\n";
    let main = context.path("main.beancount");
    let read = || run_in(&context, &python(), &["-c", script, main.to_str().unwrap()]);
    assert_eq!(
        read().stdout,
        "0 A \"B\" \\ C; | 1851.00 318.00 -2169.00\n",
        "{:?}",
        read()
    );
    let file = context.path("books/docmill-beancount-000001.beancount");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("370.20", "370.21", 1)).unwrap();
    assert!(read().stdout.starts_with("1 "), "{:?}", read());
}

test!(
    openpyxl_reads_what_is_written_for_spreadsheets,
    Engines,
    OpenPyxl
);
fn openpyxl_reads_what_is_written_for_spreadsheets(context: Context) {
    read_invoices(&context, 2);
    assert_eq!(export(&context, "xlsx", "books").code, Some(0));
    let script = "import openpyxl, sys\nbook = openpyxl.load_workbook(sys.argv[1])\nbills, lines = book['Bills'], book['Lines']\n\
        row = [cell.value for cell in bills[2]]\n\
        print(bills.max_row, lines.max_row, row[2], row[4], row[5].date(), row[8], row[9], row[10], bills['K2'].data_type)\n";
    let file = context.path("books/docmill-xlsx-000001.xlsx");
    let read = run_in(&context, &python(), &["-c", script, file.to_str().unwrap()]);
    let expected = "3 7 Moreau Outillage SAS F-0000-X 2010-01-01 370.2 63.6 433.8 n\n";
    assert_eq!(read.stdout, expected, "{read:?}");
}
