//! An isolated place to run docmill in.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The reader of tests that are not about the default one.
pub const SMALL_READER: &str = "docmill-nano";

pub struct Context {
    pub dir: tempfile::TempDir,
    /// Whether commands use the models that docmill finds by itself; otherwise
    /// those of [`small_models`].
    is_shipped: bool,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Context {
    pub fn new() -> Context {
        Context {
            dir: tempfile::tempdir().unwrap(),
            is_shipped: false,
        }
    }

    /// With the models that docmill finds by itself, and the default reader.
    pub fn shipped(self) -> Context {
        Context {
            is_shipped: true,
            ..self
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docmill"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_remove("RUST_LOG")
            .env("NO_COLOR", "1");
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCMILL_"))
        {
            if !["DOCMILL_PDFIUM", "DOCMILL_CORPUS"].contains(&name.to_string_lossy().as_ref()) {
                command.env_remove(name);
            }
        }
        if !self.is_shipped {
            command.env("DOCMILL_MODELS", small_models());
        }
        command
    }

    /// A command that another program starts.
    pub fn command_under(&self, wrapper: &[&str], args: &[&str]) -> Command {
        let command = self.command(args);
        let mut wrapped = Command::new(wrapper[0]);
        wrapped
            .args(&wrapper[1..])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(self.dir.path());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        wrapped
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Starts a command whose lines on stdout are read one by one.
    pub fn start(&self, args: &[&str]) -> Running {
        Context::start_command(self.command(args))
    }

    pub fn start_command(mut command: Command) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { child, lines }
    }

    /// Copies fixtures' inputs to the folder `in`, named by their place in the list.
    pub fn fill(&self, cases: &[&str]) {
        for (index, case) in cases.iter().enumerate() {
            self.fixture(case, &format!("in/{index}"));
        }
    }

    /// Copies a fixture's input here under `name` and returns its path.
    pub fn fixture(&self, case: &str, name: &str) -> PathBuf {
        let folder = fixtures().join(case);
        let input = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
        let input = input
            .into_iter()
            .find(|path| path.file_stem().unwrap() == "input")
            .unwrap();
        let target = self.path(name).with_extension(input.extension().unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&input, &target).unwrap();
        target
    }

    /// Every current record, as `export` writes it.
    pub fn records(&self) -> Vec<Value> {
        let export = self.run(&["export"]);
        assert_eq!(export.code, Some(0), "{export:?}");
        export.json_lines()
    }

    pub fn status(&self) -> Value {
        self.run(&["status", "--json"]).json_lines().remove(0)
    }
}

/// What `docmill doctor` finds on this machine, asked once in a process.
fn checks() -> &'static [Value] {
    static CHECKS: OnceLock<Vec<Value>> = OnceLock::new();
    CHECKS.get_or_init(|| {
        let ran = Context::new().shipped().run(&["doctor", "--json"]);
        let checks = ran.json_lines();
        assert!(!checks.is_empty(), "the doctor found nothing: {ran:?}");
        checks
    })
}

/// A check of the doctor's, by its name.
pub fn doctor(check: &str) -> Option<&'static Value> {
    checks().iter().find(|found| found["check"] == check)
}

/// Why no page can be read, if so.
pub fn broken_engines() -> Option<String> {
    // A binary for other CPUs is slow, and a kernel without a sandbox is less
    // safe; neither is broken.
    let harmless = ["vector instructions", "sandbox"];
    let broken = checks().iter().filter(|check| {
        check["ok"] == false && !harmless.contains(&check["check"].as_str().unwrap())
    });
    let broken: Vec<_> = broken
        .map(|check| format!("{}: {}", check["check"], check["message"]))
        .collect();
    (!broken.is_empty()).then(|| broken.join("; "))
}

/// Real documents beside the repository, or where `DOCMILL_CORPUS` says.
pub fn corpus() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    std::env::var_os("DOCMILL_CORPUS").map_or(beside, PathBuf::from)
}

/// The Python that has what tests need of it.
pub fn python() -> String {
    std::env::var("DOCMILL_TEST_PYTHON").unwrap_or_else(|_| "python3".into())
}

pub struct Running {
    pub child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// The next line; `None` when the program has ended.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.lines.read_line(&mut line).unwrap() > 0).then_some(line)
    }

    /// SIGKILL: nothing is cleaned up.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}\n{self:?}"))
        };
        self.stdout.lines().map(parse).collect()
    }
}

/// Every fixture, as `<type>/<case>`.
pub fn cases() -> Vec<String> {
    let folders = |path: PathBuf| -> Vec<PathBuf> {
        let entries = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    };
    let cases = folders(fixtures()).into_iter().flat_map(folders);
    let name = |path: PathBuf| {
        let case = path.strip_prefix(fixtures()).unwrap();
        case.to_string_lossy().into_owned()
    };
    let mut cases: Vec<String> = cases.map(name).collect();
    cases.sort();
    cases
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Models whose default is a small reader, made once: a test that is not about
/// reading well takes several times as long with a larger one.
fn small_models() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("models");
        changed_models(&folder, str::to_owned);
        folder
    })
}

/// A manifest whose readers get one tile of each page.
pub fn one_tile(manifest: &str) -> String {
    let few = |line: &str| match line.split(" = ").next() {
        Some("max_tiles") => "max_tiles = 1\n".to_owned(),
        Some("columns") => "columns = { default = 1 }\n".to_owned(),
        _ => format!("{line}\n"),
    };
    let few: String = manifest.lines().map(few).collect();
    assert_ne!(few, manifest, "no number of tiles in the manifest");
    few
}

/// A folder of the shipped models with another manifest. Its default is the
/// small reader, and scans get no OCR, which takes longer than that reader.
pub fn changed_models(folder: &Path, change: impl FnOnce(&str) -> String) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    fs::create_dir_all(folder).unwrap();
    for entry in fs::read_dir(&shipped).unwrap() {
        let name = entry.unwrap().file_name();
        let (source, target) = (shipped.join(&name), folder.join(&name));
        let is_linked = fs::read_link(&target).is_ok_and(|path| path == source);
        if name != "manifest.toml" && !is_linked {
            // A link of another checkout may lead nowhere.
            let _ = fs::remove_file(&target);
            std::os::unix::fs::symlink(source, target).unwrap();
        }
    }
    let manifest = fs::read_to_string(shipped.join("manifest.toml")).unwrap();
    let small = |line: &str| match line.split(" = ").next() {
        Some("default_reader") => format!("default_reader = \"{SMALL_READER}\"\n"),
        Some("default_ocr") => String::new(),
        _ => format!("{line}\n"),
    };
    let manifest: String = manifest.lines().map(small).collect();
    fs::write(folder.join("manifest.toml"), change(&manifest)).unwrap();
}

/// The records without what differs from run to run.
pub fn stable(mut records: Vec<Value>) -> Vec<Value> {
    for record in &mut records {
        let record = record.as_object_mut().unwrap();
        let unstable = [
            "id",
            "provenance",
            "confidence",
            "field_confidence",
            "probability",
            "field_probability",
        ];
        for key in unstable {
            record.remove(key);
        }
        let path = PathBuf::from(record["path"].as_str().unwrap());
        record.insert(
            "path".into(),
            path.file_name().unwrap().to_string_lossy().into(),
        );
    }
    records.sort_by_key(|record| record.to_string());
    records
}
