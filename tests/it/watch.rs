//! Folders that are watched.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use crate::context::{Context, Running, fixtures};
use crate::harness::test;
use crate::process::signal;

/// Starts to watch the folder `in`; warnings go to the file `log`.
fn watch(context: &Context) -> Running {
    let arguments = ["watch", "in", "--settle", "1", "--every", "1", "--json"];
    let mut command = context.command(&arguments);
    command.stderr(Stdio::from(File::create(context.path("log")).unwrap()));
    Context::start_command(command)
}

/// The e-invoice with this number, which no model reads.
fn invoice(number: &str) -> String {
    let text = fs::read_to_string(fixtures().join("invoice/einvoice_ubl/input.xml")).unwrap();
    text.replace("F-2024-118", number)
}

/// Moves a finished file into the folder, as a scanner should.
fn arrive(context: &Context, name: &str) {
    let made = context.path("made.xml");
    fs::write(&made, invoice(name)).unwrap();
    fs::rename(made, context.path("in").join(name).with_extension("xml")).unwrap();
}

/// Waits for the next record. Returns the name of its file, without extension.
fn next(watching: &mut Running) -> String {
    let line = watching.line().expect("it is still watching");
    let record: serde_json::Value = serde_json::from_str(&line).unwrap();
    let path = record["path"].as_str().unwrap();
    let name = Path::new(path).file_stem().unwrap();
    name.to_string_lossy().into_owned()
}

test!(
    what_is_there_and_what_arrives_is_read_until_a_signal_ends_it,
    Engines
);
fn what_is_there_and_what_arrives_is_read_until_a_signal_ends_it(context: Context) {
    fs::create_dir_all(context.path("in/deeper")).unwrap();
    arrive(&context, "A-1");
    let mut watching = watch(&context);
    assert_eq!(next(&mut watching), "A-1");
    arrive(&context, "A-2");
    assert_eq!(next(&mut watching), "A-2");
    fs::write(context.path("in/deeper/A-3.xml"), invoice("A-3")).unwrap();
    assert_eq!(next(&mut watching), "A-3");
    // The folder goes, as a share that is not mounted, and comes back with a new file.
    fs::rename(context.path("in"), context.path("away")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2500));
    fs::rename(context.path("away"), context.path("in")).unwrap();
    arrive(&context, "A-4");
    assert_eq!(next(&mut watching), "A-4", "and not what was read before");
    signal(watching.child.id(), libc::SIGTERM);
    assert_eq!(watching.line(), None);
    assert_eq!(watching.child.wait().unwrap().code(), Some(0));
    let log = fs::read_to_string(context.path("log")).unwrap();
    assert!(
        log.contains("the folder in is not there any more: waiting until it is back"),
        "{log}"
    );
    assert_eq!(context.records().len(), 4);
}

test!(only_folders_are_watched);
fn only_folders_are_watched(context: Context) {
    fs::write(context.path("a.pdf"), "x").unwrap();
    let file = context.run(&["watch", "a.pdf"]);
    assert_eq!(file.code, Some(2), "{file:?}");
    assert!(file.stderr.contains("a.pdf is not a folder"), "{file:?}");
    let missing = context.run(&["watch", "none"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
}

test!(a_wrong_database_is_an_error_before_the_first_file);
fn a_wrong_database_is_an_error_before_the_first_file(context: Context) {
    fs::create_dir(context.path("in")).unwrap();
    let absent = context.run(&["watch", "in", "--db", "none/x.db"]);
    assert_eq!(absent.code, Some(2), "{absent:?}");
    assert!(absent.stderr.contains("none/x.db"), "{absent:?}");
    fs::write(context.path("other.db"), "no database").unwrap();
    let other = context.run(&["watch", "in", "--db", "other.db"]);
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(other.stderr.contains("not a docmill database"), "{other:?}");
}
