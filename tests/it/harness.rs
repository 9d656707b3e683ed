//! The test harness: libtest's command line and output (`libtest-mimic`), and
//! tests that state what they need. Where something is missing, a test is
//! reported as ignored, with the reason. libtest itself decides what is ignored
//! when it compiles, but whether the engines run is known at run time.

use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Trial};

use crate::context::{self, Context};

/// How many of the slowest tests are listed at the end.
const SLOWEST: usize = 15;

/// A test function and what it needs; made by [`test!`].
pub struct Test {
    pub module: &'static str,
    pub name: &'static str,
    pub needs: &'static [Need],
    pub body: fn(Context),
}

inventory::collect!(Test);

/// Registers a function as a test: `test!(name)`, or with what it needs,
/// `test!(name, Engines, Root)`.
macro_rules! test {
    ($name:ident $(, $need:ident)*) => {
        inventory::submit! {
            $crate::harness::Test {
                module: module_path!(),
                name: stringify!($name),
                needs: &[$($crate::harness::Need::$need),*],
                body: $name,
            }
        }
    };
}
pub(crate) use test;

/// What a test needs of the machine, beyond the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Need {
    /// PDFium and the default models, as `docmill doctor` finds them.
    Engines,
    /// A complete sandbox, as `docmill doctor` finds it.
    Sandbox,
    /// A kernel with seccomp filters.
    Seccomp,
    /// The documents that lie beside the repository, or at `DOCMILL_CORPUS`.
    Corpus,
    /// llama.cpp's own server out of the Python package `xllamacpp`.
    LlamaServer,
    /// A user who may mount file systems and look into other processes.
    Root,
    /// A user who may make network namespaces.
    NetworkNamespace,
    CCompiler,
    SystemdAnalyze,
    Hledger,
    /// The Python package `beancount`.
    Beancount,
    /// The Python package `openpyxl`.
    OpenPyxl,
    /// Chromium and its WebDriver (Debian's chromium, chromium-driver).
    Chromium,
    /// axe-core, fetched with npm once.
    Axe,
}

impl Need {
    const COUNT: usize = Need::Axe as usize + 1;

    /// Why it is not there. Looked at once in a process.
    fn missing(self) -> Option<&'static str> {
        static ANSWERS: [OnceLock<Option<String>>; Need::COUNT] =
            [const { OnceLock::new() }; Need::COUNT];
        ANSWERS[self as usize]
            .get_or_init(|| self.look())
            .as_deref()
    }

    fn look(self) -> Option<String> {
        let absent = |is_there: bool, why: &str| (!is_there).then(|| why.to_owned());
        match self {
            Need::Engines => context::broken_engines(),
            Need::Sandbox => context::doctor("sandbox")
                .filter(|check| check["ok"] != true)
                .map(|check| format!("incomplete sandbox: {}", check["message"])),
            Need::Seccomp => {
                let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
                absent(
                    status.contains("Seccomp_filters:"),
                    "no seccomp filters in this kernel",
                )
            }
            Need::Corpus => {
                let folder = context::corpus();
                let why = format!("no corpus at {} (DOCMILL_CORPUS)", folder.display());
                absent(folder.join("MANIFEST.json").is_file(), &why)
            }
            Need::LlamaServer => python_lacks("xllamacpp"),
            Need::Beancount => python_lacks("beancount"),
            Need::OpenPyxl => python_lacks("openpyxl"),
            Need::Chromium => absent(
                runs("chromium", &["--version"]) && runs("chromedriver", &["--version"]),
                "no chromium with chromedriver",
            ),
            Need::Axe => crate::axe::script().err().map(str::to_owned),
            Need::Hledger => absent(runs("hledger", &["--version"]), "no hledger"),
            Need::Root => absent(runs("unshare", &["--mount", "true"]), "needs root"),
            Need::NetworkNamespace => {
                absent(runs("unshare", &["--net", "true"]), "no network namespaces")
            }
            Need::CCompiler => absent(runs("cc", &["--version"]), "no C compiler"),
            Need::SystemdAnalyze => absent(
                runs("systemd-analyze", &["--version"]),
                "no systemd-analyze",
            ),
        }
    }
}

fn python_lacks(package: &str) -> Option<String> {
    let python = context::python();
    let has = runs(&python, &["-c", &format!("import {package}")]);
    (!has).then(|| format!("{python} has no {package} (DOCMILL_TEST_PYTHON)"))
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Tests still to end, and how long each took.
struct Times {
    left: AtomicUsize,
    ended: Mutex<Vec<(Duration, String)>>,
}

static TIMES: Times = Times {
    left: AtomicUsize::new(0),
    ended: Mutex::new(Vec::new()),
};

/// Notes a test's time, also when it panics.
struct Timer {
    name: String,
    start: Instant,
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut ended = TIMES.ended.lock().unwrap();
        ended.push((self.start.elapsed(), std::mem::take(&mut self.name)));
        if TIMES.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            print_slowest(&mut ended);
        }
    }
}

/// Before the summary, so that this stays the last line.
fn print_slowest(ended: &mut [(Duration, String)]) {
    ended.sort_by(|a, b| b.cmp(a));
    eprintln!("\nslowest tests:");
    for (time, name) in ended.iter().take(SLOWEST) {
        eprintln!("{:>7.1} s  {name}", time.as_secs_f64());
    }
}

impl Test {
    fn trial(&'static self) -> Trial {
        // Without the name of this test binary, as libtest does.
        let module = self.module.split_once("::").map_or("", |(_, rest)| rest);
        let name = format!("{module}::{}", self.name);
        Trial::ignorable_test(name.clone(), move || {
            let _timer = Timer {
                name,
                start: Instant::now(),
            };
            for need in self.needs {
                let Some(why) = need.missing() else { continue };
                let required = std::env::var("DOCMILL_REQUIRE_ENGINES").is_ok_and(|v| v == "1");
                if *need == Need::Engines && required {
                    return Err(format!("DOCMILL_REQUIRE_ENGINES=1, but {why}").into());
                }
                return Ok(Completion::ignored_with(why));
            }
            (self.body)(Context::new());
            Ok(Completion::Completed)
        })
    }
}

pub fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = inventory::iter::<Test>().map(Test::trial).collect();
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    let chosen = |trial: &&Trial| !arguments.is_filtered_out(trial) && !arguments.is_ignored(trial);
    let number = trials.iter().filter(chosen).count();
    TIMES.left.store(number, Ordering::Relaxed);
    libtest_mimic::run(&arguments, trials).exit_code()
}
