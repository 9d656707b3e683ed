//! Why a worker process ended: its signal or exit code, and its last output.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::domain::{Failure, Reason};

/// The failure of the page that a worker of `role` had at `stage` when it ended with
/// `status`. `stderr_tail`: its last lines of stderr, newest last.
pub fn failure<'a>(
    role: &str,
    stage: &str,
    status: ExitStatus,
    stderr_tail: impl DoubleEndedIterator<Item = &'a str> + Clone,
) -> Failure {
    let out_of_memory = stderr_tail.clone().any(|line| {
        line.contains("memory allocation of")
            || line.contains("bad_alloc")
            || line.contains("failed to allocate")
    });
    // Rust's advice after a panic is not a cause.
    let is_cause = |line: &&str| !line.trim().is_empty() && !line.starts_with("note: ");
    let last = stderr_tail.rev().find(is_cause);
    let last = last
        .map(|line| format!("; its last line: {}", line.trim()))
        .unwrap_or_default();
    let (reason, how) = describe(status);
    let reason = if out_of_memory {
        Reason::OutOfMemory
    } else {
        reason
    };
    Failure::new(reason, format!("the {role} {how} at {stage}{last}"))
}

fn describe(status: ExitStatus) -> (Reason, String) {
    let died = Reason::WorkerDied;
    match (status.signal(), status.code()) {
        (Some(libc::SIGXCPU), _) => (
            Reason::Deadline,
            "used up its CPU seconds (SIGXCPU)".to_owned(),
        ),
        (Some(libc::SIGSYS), _) => (
            died,
            "was ended (SIGSYS) because it tried a system call that its sandbox forbids, as an attack would,"
                .to_owned(),
        ),
        (Some(signal), _) => (died, format!("was killed by signal {signal}{}", name(signal))),
        (None, Some(code)) => (died, format!("exited with code {code}")),
        (None, None) => (died, "ended".to_owned()),
    }
}

/// Names of the signals of faults, and of those that other processes send.
fn name(signal: i32) -> &'static str {
    match signal {
        libc::SIGILL => " (SIGILL)",
        libc::SIGTRAP => " (SIGTRAP)",
        libc::SIGABRT => " (SIGABRT)",
        libc::SIGBUS => " (SIGBUS)",
        libc::SIGFPE => " (SIGFPE)",
        libc::SIGKILL => " (SIGKILL: sent by somebody, or by the kernel when memory ran out)",
        libc::SIGSEGV => " (SIGSEGV)",
        libc::SIGTERM => " (SIGTERM)",
        libc::SIGXFSZ => " (SIGXFSZ)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(signal: i32, words: &[&str]) -> Failure {
        let status = ExitStatus::from_raw(signal);
        failure("reader", "reading the page", status, words.iter().copied())
    }

    #[test]
    fn an_exit_cause_names_signal_stage_and_last_line() {
        let failure = of(
            libc::SIGABRT,
            &["GGML_ASSERT(x) failed", "", "note: run with"],
        );
        assert_eq!(failure.reason, Reason::WorkerDied);
        assert_eq!(
            failure.message,
            "the reader was killed by signal 6 (SIGABRT) at reading the page; its last line: GGML_ASSERT(x) failed"
        );
    }

    #[test]
    fn limits_and_escape_attempts_have_causes_of_their_own() {
        let cpu = of(libc::SIGXCPU, &[]);
        assert_eq!(cpu.reason, Reason::Deadline);
        assert!(cpu.message.contains("CPU seconds"), "{cpu}");
        let memory = of(libc::SIGABRT, &["memory allocation of 64 bytes failed"]);
        assert_eq!(memory.reason, Reason::OutOfMemory);
        let escape = of(libc::SIGSYS, &[]);
        assert!(escape.message.contains("forbids"), "{escape}");
        let exit = failure(
            "router",
            "starting",
            ExitStatus::from_raw(3 << 8),
            [].into_iter(),
        );
        assert_eq!(exit.message, "the router exited with code 3 at starting");
    }
}
