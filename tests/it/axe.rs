//! The review page against axe-core, which checks accessibility
//! (<https://github.com/dequelabs/axe-core>). It is fetched from the npm registry
//! and not part of this repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use docmill::outputs::accounts::sha256;
use serde_json::Value;

use crate::browser::open;
use crate::context::Context;
use crate::harness::test;
use crate::rows::{Row, fill};
use crate::webdriver::{Browser, keys};

const VERSION: &str = "4.10.3";
/// Of the package's file.
const SHA256: &str = "0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292";

/// The script, fetched once; or why it is not there.
pub fn script() -> Result<&'static str, &'static str> {
    static SCRIPT: OnceLock<Result<String, String>> = OnceLock::new();
    let script = SCRIPT.get_or_init(fetch).as_ref();
    script.map(String::as_str).map_err(String::as_str)
}

fn fetch() -> Result<String, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe-core");
    let package = folder.join(format!("axe-core-{VERSION}.tgz"));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    if !is_intact(&package) {
        let name = format!("axe-core@{VERSION}");
        let mut npm = Command::new("npm");
        let npm = npm.args(["pack", &name, "--silent"]).current_dir(&folder);
        run(npm).ok_or("axe-core cannot be fetched with npm")?;
        assert!(is_intact(&package), "{package:?} is another file");
    }
    let mut tar = Command::new("tar");
    let tar = tar
        .arg("-xzOf")
        .arg(&package)
        .arg("package/axe.min.js")
        .stdin(Stdio::null());
    run(tar).ok_or_else(|| "tar cannot read axe-core".to_owned())
}

fn is_intact(package: &PathBuf) -> bool {
    std::fs::read(package).is_ok_and(|bytes| sha256(&bytes) == SHA256)
}

/// What a command prints; `None`: it is not there, or fails.
fn run(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// Rules that the page breaks with a serious or critical effect, with the elements.
fn violations(browser: &Browser) -> Vec<String> {
    browser.run(script().unwrap());
    let results = browser.run("return axe.run(document, {resultTypes: ['violations']})");
    let passed = results["passes"].as_array().unwrap().len();
    assert!(passed > 10, "axe has checked little: {passed} rules");
    let found = results["violations"].as_array().unwrap().iter();
    let grave = found.filter(|v| v["impact"] == "serious" || v["impact"] == "critical");
    let words = |violation: &Value| {
        let nodes = violation["nodes"].as_array().unwrap().iter();
        let places: Vec<_> = nodes.map(|node| node["target"].to_string()).collect();
        format!(
            "{}: {} at {}",
            violation["id"],
            violation["help"],
            places.join(", ")
        )
    };
    grave.map(words).collect()
}

test!(axe_finds_no_serious_violation, Chromium, Axe);
fn axe_finds_no_serious_violation(context: Context) {
    let rows = [
        Row::invoice(1, "Nord GmbH", "10.00", "12.90"),
        Row::invoice(2, "Ost KG", "10.00", "12.00"),
    ];
    fill(&context.path("docmill.db"), &rows);
    let (_server, browser) = open(&context, 1400);
    let none = Vec::<String>::new();
    assert_eq!(violations(&browser), none, "the queue");
    browser.press(&[keys::ENTER]);
    browser.wait("document.activeElement.matches('.field input')");
    assert_eq!(violations(&browser), none, "a record");
    browser.press(&[keys::F8]);
    browser.wait("document.querySelector('dialog.aside')?.open");
    assert_eq!(violations(&browser), none, "the dialog");
    // A positive control: an input without a name is found.
    browser.run("document.querySelector('dialog.aside').append(document.createElement('input'))");
    let found = violations(&browser);
    assert!(found.iter().any(|v| v.contains("label")), "{found:?}");
}
