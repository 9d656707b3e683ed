//! The sandbox of the workers, from inside and from outside.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::context::{Context, Ran, doctor};
use crate::harness::test;

/// Workers and attempts of `doctor --test-sandbox`.
const ROLES: usize = 4;
const ATTEMPTS: usize = 26;
/// With the shipped models, which have OCR.
const TEST: [&str; 5] = [
    "--models",
    concat!(env!("CARGO_MANIFEST_DIR"), "/models"),
    "doctor",
    "--test-sandbox",
    "--json",
];

fn probe_results(ran: &Ran) -> Vec<Value> {
    let results = ran.json_lines();
    assert_eq!(results.len(), ROLES * ATTEMPTS, "{ran:?}");
    results
}

fn escapes(results: &[Value]) -> Vec<&Value> {
    let escaped = results.iter().filter(|result| result["held"] != true);
    escaped.collect()
}

fn message<'a>(results: &'a [Value], worker: &str, attempt: &str) -> &'a str {
    let result = results
        .iter()
        .find(|result| result["worker"] == worker && result["probe"] == attempt);
    result.unwrap()["message"].as_str().unwrap()
}

/// What the doctor says of the sandbox.
fn enforced() -> &'static str {
    let check = doctor("sandbox").expect("doctor looks at the sandbox");
    check["message"].as_str().unwrap()
}

test!(no_probe_escapes_from_any_worker, Engines, Sandbox);
fn no_probe_escapes_from_any_worker(context: Context) {
    let ran = context.run(&TEST);
    let results = probe_results(&ran);
    assert_eq!(escapes(&results), Vec::<&Value>::new());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for worker in ["rasterizer", "router", "reader", "ocr"] {
        // What no engine would do ends the worker, and fails the page in hand.
        for fatal in [
            "internet_socket",
            "unix_socket",
            "run_program",
            "make_process",
            "write_file",
        ] {
            let message = message(&results, worker, fatal);
            assert!(
                message.starts_with("worker_died:") && message.contains("sandbox forbids"),
                "{worker} {fatal}: {message}"
            );
        }
        let cpu = message(&results, worker, "cpu_limit");
        assert!(
            cpu.starts_with("deadline:") && cpu.contains("CPU seconds"),
            "{cpu}"
        );
        let long = message(&results, worker, "long_answer");
        assert!(long.contains("1048576 bytes"), "{long}");
    }
}

test!(
    without_landlock_the_rest_of_the_sandbox_holds_and_a_warning_names_it,
    Engines,
    Seccomp
);
fn without_landlock_the_rest_of_the_sandbox_holds_and_a_warning_names_it(context: Context) {
    let without = |args: &[&str]| kernel::without(&kernel::LANDLOCK, context.command(args));
    let doctor = without(&["doctor", "--json"]).json_lines();
    let sandbox = doctor.iter().find(|check| check["check"] == "sandbox");
    let sandbox = sandbox.unwrap();
    assert_eq!(sandbox["ok"], false);
    assert!(
        sandbox["message"].as_str().unwrap().contains("Landlock"),
        "{sandbox}"
    );
    let tested = without(&TEST);
    assert_eq!(escapes(&probe_results(&tested)), Vec::<&Value>::new());
    context.fixture("receipt/uk_grocer", "in/a");
    let ran = without(&["run", "in", "--type", "receipt"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.stderr.contains("only partially sandboxed")
            && ran.stdout.contains("only partially sandboxed"),
        "{ran:?}"
    );
    // Each worker lacks it.
    assert_eq!(
        ran.stderr.matches("Landlock is missing").count(),
        1,
        "{ran:?}"
    );
    let refused = without(&["run", "in", "--type", "receipt", "--require-sandbox"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("sandbox.required") && refused.stderr.contains("Landlock"),
        "{refused:?}"
    );
}

test!(
    without_seccomp_no_file_and_no_network_is_reached_and_a_warning_names_it,
    Engines,
    Seccomp,
    Sandbox
);
fn without_seccomp_no_file_and_no_network_is_reached_and_a_warning_names_it(context: Context) {
    let without = |args: &[&str]| kernel::without(&kernel::SECCOMP, context.command(args));
    let ran = without(&TEST);
    let results = probe_results(&ran);
    let escaped: BTreeSet<_> = escapes(&results)
        .into_iter()
        .map(|result| result["probe"].as_str().unwrap().to_owned())
        .collect();
    for held in [
        "read_file",
        "list_folder",
        "write_file",
        "run_program",
        "signal_parent",
    ] {
        assert!(!escaped.contains(held), "{held} of {escaped:?}");
    }
    // Connecting needs a network, of which the worker has an empty one.
    if enforced().contains("network namespace") {
        assert!(!escaped.contains("internet_socket"), "{escaped:?}");
    }
    context.fixture("receipt/uk_grocer", "in/a");
    let refused = without(&["run", "in", "--require-sandbox"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("seccomp"), "{refused:?}");
}

/// PDFium as it would be after a hostile file had taken it over: drawing a page
/// runs the attacker's code first. Everything else is the real library, which
/// the loader finds through this one.
const TAKEN_OVER: &str = r#"
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void attack(void) {
#if defined(CONNECT)
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(CONNECT)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    connect(s, (struct sockaddr *)&to, sizeof to);
#elif defined(WRITE)
    int f = open(WRITE, O_CREAT | O_WRONLY, 0600);
    if (f >= 0) write(f, "x", 1);
#elif defined(EXECUTE)
    if (fork() == 0) execl("/usr/bin/touch", "touch", EXECUTE, (char *)0);
#elif defined(READ)
    if (open(READ, O_RDONLY) >= 0) _exit(42);
#endif
}

void FPDF_RenderPageBitmap(void *b, void *p, int x, int y, int w, int h, int r, int f) {
    attack();
    void (*real)(void *, void *, int, int, int, int, int, int) = dlsym(RTLD_NEXT, "FPDF_RenderPageBitmap");
    real(b, p, x, y, w, h, r, f);
}
"#;

fn taken_over(context: &Context, attack: &str) -> PathBuf {
    let pdfium = doctor("PDFium").expect("doctor looks for PDFium");
    let folder = context.path("pdfium");
    fs::create_dir_all(&folder).unwrap();
    let real = pdfium["message"].as_str().unwrap();
    fs::copy(real, folder.join("libpdfium.so")).unwrap();
    fs::write(folder.join("hook.c"), TAKEN_OVER).unwrap();
    let hook = folder.join("libhook.so");
    let compiled = Command::new("cc")
        .args([
            "-shared",
            "-fPIC",
            "-Wl,--no-as-needed",
            "-Wl,-rpath,$ORIGIN",
        ])
        .arg(format!("-D{attack}"))
        .arg("-o")
        .arg(&hook)
        .arg(folder.join("hook.c"))
        .arg(format!("-L{}", folder.display()))
        .args(["-l:libpdfium.so", "-ldl"])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    hook
}

/// Reads a PDF with a PDFium that attacks, beside a picture. Returns the
/// finding on the PDF's record, if it failed.
fn read_with(context: &Context, attack: &str) -> Option<Value> {
    let pdfium = taken_over(context, attack);
    context.fixture("invoice/gb_tools", "in/a");
    context.fixture("receipt/uk_grocer", "in/b");
    let ran = context.run(&[
        "run",
        "in",
        "--type",
        "receipt",
        "--pdfium",
        pdfium.to_str().unwrap(),
    ]);
    let records = context.records();
    assert_eq!(records.len(), 2, "{ran:?}");
    let of = |name: &str| {
        let record = records.iter().find(|record| {
            Path::new(record["path"].as_str().unwrap()).file_stem() == Some(name.as_ref())
        });
        record.unwrap()
    };
    assert_ne!(of("b")["status"], "failed", "the run goes on: {ran:?}");
    let failed = of("a")["status"] == "failed";
    failed.then(|| of("a")["findings"][0].clone())
}

fn assert_forbidden(finding: Option<Value>) {
    let finding = finding.expect("the page failed");
    assert_eq!(finding["code"], "worker_died", "{finding}");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("sandbox forbids") && message.contains("drawing the page"),
        "{message}"
    );
}

test!(
    a_compromised_pdfium_cannot_connect_and_its_page_fails_with_the_cause,
    Engines,
    Sandbox,
    CCompiler
);
fn a_compromised_pdfium_cannot_connect_and_its_page_fails_with_the_cause(context: Context) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_forbidden(read_with(&context, &format!("CONNECT={port}")));
    std::thread::sleep(Duration::from_millis(100));
    assert!(listener.accept().is_err(), "no process connected");
}

test!(
    a_compromised_pdfium_writes_no_file_and_starts_no_program,
    Engines,
    Sandbox,
    CCompiler
);
fn a_compromised_pdfium_writes_no_file_and_starts_no_program(_: Context) {
    let folder = tempfile::tempdir().unwrap();
    for attack in ["WRITE", "EXECUTE"] {
        let target = folder.path().join(attack);
        let define = format!("{attack}=\"{}\"", target.display());
        assert_forbidden(read_with(&Context::new(), &define));
        assert!(!target.exists(), "{attack}");
    }
}

test!(
    a_compromised_pdfium_reads_no_file_and_the_page_is_still_drawn,
    Engines,
    Sandbox,
    CCompiler
);
fn a_compromised_pdfium_reads_no_file_and_the_page_is_still_drawn(context: Context) {
    let finding = read_with(&context, "READ=\"/etc/passwd\"");
    assert_eq!(
        finding, None,
        "42 is the exit code of an attack that worked"
    );
}

test!(
    a_worker_has_no_file_but_its_pipes_whatever_started_docmill_left_open,
    Engines,
    Root
);
fn a_worker_has_no_file_but_its_pipes_whatever_started_docmill_left_open(context: Context) {
    use std::os::fd::AsRawFd;
    use std::os::unix::process::CommandExt;
    context.fixture("receipt/uk_grocer", "in/a");
    let secret = fs::File::create(context.path("secret")).unwrap();
    let descriptor = secret.as_raw_fd();
    let mut command = context.command(&["run", "in", "--type", "receipt"]);
    // SAFETY: makes the descriptor one that is inherited, and nothing else.
    unsafe {
        command.pre_exec(move || match libc::fcntl(descriptor, libc::F_SETFD, 0) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        })
    };
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let worker = crate::process::wait_for_worker(run.id(), "reader");
    // Ready and reading.
    std::thread::sleep(Duration::from_millis(800));
    let files = fs::read_dir(format!("/proc/{worker}/fd"));
    let links: Vec<PathBuf> = files
        .into_iter()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .collect();
    run.wait().unwrap();
    assert!(!links.is_empty(), "the worker has pipes");
    let other: Vec<_> = links
        .iter()
        .filter(|link| !link.to_string_lossy().starts_with("pipe:"))
        .collect();
    assert!(other.is_empty(), "{other:?}");
}

/// A kernel without one of its features, as an old one would be: the calls
/// answer that they do not exist.
mod kernel {
    use std::collections::BTreeMap;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

    use crate::context::Ran;

    pub const LANDLOCK: [i64; 3] = [
        libc::SYS_landlock_create_ruleset,
        libc::SYS_landlock_add_rule,
        libc::SYS_landlock_restrict_self,
    ];
    pub const SECCOMP: [i64; 1] = [libc::SYS_seccomp];

    pub fn without(calls: &[i64], mut command: Command) -> Ran {
        let listed: BTreeMap<i64, Vec<_>> = calls.iter().map(|&call| (call, vec![])).collect();
        let filter = SeccompFilter::new(
            listed,
            SeccompAction::Allow,
            SeccompAction::Errno(libc::ENOSYS as u32),
            std::env::consts::ARCH.try_into().unwrap(),
        );
        let filter: BpfProgram = filter.unwrap().try_into().unwrap();
        // SAFETY: the closure makes two system calls and allocates nothing.
        unsafe {
            command.pre_exec(move || apply_filter(&filter).map_err(std::io::Error::other));
        }
        Ran::from(command.stdin(Stdio::null()).output().unwrap())
    }
}
