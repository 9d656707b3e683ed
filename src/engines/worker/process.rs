//! The supervisor's handle on one worker process.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::call::{Call, Init, Started};
use super::message::Outgoing;
use super::role::Role;
use super::{exit_cause, frame};
use crate::domain::{Failure, Reason};

/// Last lines of a worker's stderr that are kept to explain its death.
const TAIL_LINES: usize = 20;
/// Most bytes of such a line.
const LINE: usize = 4096;
/// Time limit for a start: loading several GiB of weights from a slow disk takes
/// minutes.
const START_DEADLINE: Duration = Duration::from_secs(600);
/// Environment variables of the supervisor that an engine may need to load.
const ENVIRONMENT: [&str; 2] = ["LD_LIBRARY_PATH", "RAYON_NUM_THREADS"];

pub struct Process {
    role: &'static str,
    counts_tokens: bool,
    pub pid: u32,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr_tail: Arc<Mutex<VecDeque<String>>>,
    /// Threads that may compute at once.
    threads: u64,
    /// Calls that it answered.
    pub served: u32,
    /// Whether a call was sent and its reply not yet read. After a caller that was
    /// dropped in between, the next reply would be to the wrong call.
    busy: bool,
    /// BLAKE3 (hex) of the document that a rasterizer has open.
    pub document: Option<String>,
    /// Bytes of its own memory after its first answers, from which growth counts.
    settled: Option<u64>,
}

impl Process {
    /// Starts a worker and waits until its engine is loaded and locked down. `Err`
    /// where that fails or takes more than [`START_DEADLINE`].
    pub async fn start<R: Role>(
        init: &Init<R>,
        program: Option<&Path>,
    ) -> Result<(Process, Started<R::Ready>), CallError> {
        let mut process = Process::spawn(&init.role, program).map_err(CallError::of_start)?;
        match process.call(init, START_DEADLINE).await {
            Ok(started) => {
                process.served = 0;
                Ok((process, started))
            }
            Err(CallError { mut failure, dead }) => {
                failure.message =
                    format!("the {} process did not start: {}", R::NAME, failure.message);
                Err(CallError { failure, dead })
            }
        }
    }

    fn spawn<R: Role>(role: &R, program: Option<&Path>) -> anyhow::Result<Process> {
        let mut child = command(role, program)?
            .spawn()
            .with_context(|| format!("cannot start the {} process", R::NAME))?;
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let stderr = child.stderr.take().expect("stderr is piped");
        let stderr_tail = Arc::new(Mutex::new(VecDeque::new()));
        tokio::spawn(collect_stderr(R::NAME, stderr, stderr_tail.clone()));
        Ok(Process {
            role: R::NAME,
            counts_tokens: R::COUNTS_TOKENS,
            pid: child
                .id()
                .context("a process that just started has ended")?,
            child,
            stdin,
            stdout,
            stderr_tail,
            threads: u64::from(role.threads()),
            served: 0,
            busy: false,
            document: None,
            settled: None,
        })
    }

    /// Sends a call and waits for its reply, at most `deadline`. [`CallError::dead`]
    /// says whether the process can be used further.
    pub async fn call<C: Call>(
        &mut self,
        call: &C,
        deadline: Duration,
    ) -> Result<C::Reply, CallError> {
        self.busy = true;
        self.limit_cpu(call.cpu_seconds(deadline.as_secs(), self.threads));
        let reply = tokio::time::timeout(deadline, self.exchange(call)).await;
        match reply {
            Ok(Ok(reply)) => {
                self.served += 1;
                self.busy = false;
                reply.map_err(|failure| CallError {
                    failure: sanitize_failure(failure, self.counts_tokens),
                    dead: false,
                })
            }
            Ok(Err(error)) => Err(CallError {
                failure: self.exit_cause(C::STAGE, &error).await,
                dead: true,
            }),
            Err(_) => {
                self.kill().await;
                let message = format!(
                    "the {} took longer than {} s at {}",
                    self.role,
                    deadline.as_secs(),
                    C::STAGE
                );
                Err(CallError {
                    failure: Failure::new(Reason::Deadline, message),
                    dead: true,
                })
            }
        }
    }

    /// The worker's reply, or its failure; an error where it sent neither.
    async fn exchange<C: Call>(&mut self, call: &C) -> io::Result<Result<C::Reply, Failure>> {
        let outgoing = Outgoing { op: C::OP, call };
        frame::send(&mut self.stdin, &outgoing, call.blob()).await?;
        let received = frame::receive::<Result<C::Json, Failure>>(&mut self.stdout, call.bounds());
        let (json, blob) = received.await?;
        match json {
            Ok(json) => {
                let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
                call.accept(json, blob).map(Ok).map_err(invalid)
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    /// Limits the worker to `more` CPU seconds beyond those that it has used.
    fn limit_cpu(&self, more: Option<u64>) {
        #[cfg(target_os = "linux")]
        if let Some(pid) = self.child.id()
            && let Some(used) = cpu_seconds(pid)
            && let Some(more) = more
        {
            let (soft, mut hard) = (used + more, 0);
            let read = rlimit::prlimit(
                pid as i32,
                rlimit::Resource::CPU,
                None,
                Some((&mut 0, &mut hard)),
            );
            // The process may have ended, which the call will report.
            if read.is_ok() {
                let new = Some((soft.min(hard), hard));
                let _ = rlimit::prlimit(pid as i32, rlimit::Resource::CPU, new, None);
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = more;
    }

    /// Why the pipe broke: signal or exit code, and the tail of stderr.
    async fn exit_cause(&mut self, stage: &str, error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::InvalidData {
            // It still runs and cannot be trusted.
            self.kill().await;
            let message = format!("the {} sent {error} at {stage}", self.role);
            return Failure::new(Reason::WorkerDied, message);
        }
        let waited = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
        let Ok(Ok(status)) = waited else {
            self.kill().await;
            let message = format!("the {} broke its pipe ({error}) at {stage}", self.role);
            return Failure::new(Reason::WorkerDied, message);
        };
        // Another task reads stderr and may need a moment to finish.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let tail = self.stderr_tail.lock().expect("no panic while held");
        exit_cause::failure(self.role, stage, status, tail.iter().map(String::as_str))
    }

    /// Whether its own memory has become `factor` times what it was after its
    /// first answers.
    pub fn has_grown(&mut self, factor: f64) -> bool {
        /// Answers after which an engine's buffers have their final size.
        const SETTLED_AFTER: u32 = 10;
        /// Bytes below which growth does not matter.
        const SMALL: u64 = 128 << 20;
        let Some(own) = self.child.id().and_then(own_memory) else {
            return false;
        };
        if self.served < SETTLED_AFTER {
            return false;
        }
        let settled = *self.settled.get_or_insert(own.max(SMALL));
        own as f64 > settled as f64 * factor
    }

    /// Why it ended while it was idle; `None`: it still runs.
    pub fn idle_exit(&mut self) -> Option<Failure> {
        let status = self.child.try_wait().ok()??;
        let tail = self.stderr_tail.lock().expect("no panic while held");
        let words = tail.iter().map(String::as_str);
        Some(exit_cause::failure(
            self.role,
            "waiting for work",
            status,
            words,
        ))
    }

    pub fn is_busy(&self) -> bool {
        self.busy
    }

    pub async fn kill(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(role = self.role, %error, "worker was already gone");
        }
    }

    /// Peak resident memory in bytes; `None` after it has ended.
    pub fn peak_memory(&self) -> Option<u64> {
        peak_memory(self.child.id()?)
    }
}

/// Replaces reasons and token counts that a worker cannot know. A compromised one may
/// report an unavailable reader, which would end the run, or tokens, which would count
/// as costs.
fn sanitize_failure(failure: Failure, counts_tokens: bool) -> Failure {
    let is_not_a_workers = matches!(
        failure.reason,
        Reason::SourceChanged
            | Reason::Unreadable
            | Reason::NotAFile
            | Reason::WorkerDied
            | Reason::Deadline
            | Reason::ReaderUnavailable
            | Reason::ReaderMisconfigured
            | Reason::RequestRefused
            | Reason::TypeMissing
    );
    Failure {
        reason: match is_not_a_workers {
            true => Reason::Internal,
            false => failure.reason,
        },
        usage: failure.usage.filter(|_| counts_tokens),
        ..failure
    }
}

/// Peak resident memory of a process in bytes (`VmHWM` of proc(5)); `None` after it has
/// ended.
pub fn peak_memory(pid: u32) -> Option<u64> {
    status_bytes(pid, "VmHWM:")
}

/// Resident memory of a process in bytes; `None` once it has ended.
pub fn resident_memory(pid: u32) -> Option<u64> {
    status_bytes(pid, "VmRSS:")
}

/// Why a call has no reply.
pub struct CallError {
    pub failure: Failure,
    /// Whether the process has ended, or cannot be trusted any more.
    pub dead: bool,
}

impl CallError {
    /// The error of a process that could not be started.
    fn of_start(error: anyhow::Error) -> CallError {
        CallError {
            failure: Failure::internal(error),
            dead: false,
        }
    }
}

/// Resident memory of a process in bytes without the files that it maps.
fn own_memory(pid: u32) -> Option<u64> {
    status_bytes(pid, "RssAnon:")
}

fn status_bytes(pid: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// CPU seconds that a process has used, rounded up: fields 14 and 15 of
/// `/proc/<pid>/stat` (proc(5)), in ticks of which Linux has 100 a second.
#[cfg(target_os = "linux")]
fn cpu_seconds(pid: u32) -> Option<u64> {
    const TICKS: u64 = 100;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?).div_ceil(TICKS))
}

/// This program, even if an update replaced its file meanwhile, so that the run can
/// continue.
fn own_program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("cannot find docmill's own executable")?;
    Ok(match program.exists() {
        true => program,
        false => "/proc/self/exe".into(),
    })
}

/// The command of a role's process, with pipes and only the environment variables
/// that its engine needs.
fn command<R: Role>(role: &R, program: Option<&Path>) -> anyhow::Result<Command> {
    let program = program.map_or_else(own_program, |program| Ok(program.to_owned()));
    let mut command = Command::new(program?);
    command.args(["worker", R::NAME]).env_clear();
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        // Waiting threads must sleep, since the cores are shared with other workers.
        .env("OMP_WAIT_POLICY", "passive")
        .env("OMP_NUM_THREADS", role.threads().to_string())
        // Printing a backtrace takes memory: a worker without any left would hang
        // and not end.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A process group of its own: Ctrl-C reaches only the supervisor, which
        // lets the current page finish.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// Keeps the last lines of stderr. More output, and the rest of long lines, is read
/// and dropped.
async fn collect_stderr(
    role: &'static str,
    mut stderr: impl AsyncRead + Unpin,
    tail: Arc<Mutex<VecDeque<String>>>,
) {
    let mut line = Vec::new();
    let mut bytes = [0; LINE];
    while let Ok(count @ 1..) = stderr.read(&mut bytes).await {
        for &byte in &bytes[..count] {
            if byte != b'\n' {
                if line.len() < LINE {
                    line.push(byte);
                }
                continue;
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            tracing::debug!(role, "{text}");
            let mut tail = tail.lock().expect("no panic while held");
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(text);
        }
    }
    if !line.is_empty() {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        tail.lock().expect("no panic while held").push_back(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_worker_prints_without_end_is_not_kept() {
        let flood = [vec![b'x'; 1 << 20], b"\nlast line\n".to_vec()].concat();
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        collect_stderr("reader", flood.as_slice(), tail.clone()).await;
        let tail = tail.lock().unwrap();
        assert_eq!(tail.len(), 2);
        assert_eq!((tail[0].len(), tail[1].as_str()), (LINE, "last line"));
    }

    #[test]
    fn a_failure_that_a_worker_cannot_know_is_replaced() {
        let sanitized = |reason, counts_tokens| {
            let usage = Some(crate::domain::Usage {
                input: 1,
                output: 1,
            });
            let failure = Failure::new(reason, "said");
            let failure = sanitize_failure(Failure { usage, ..failure }, counts_tokens);
            (failure.reason, failure.usage.is_some())
        };
        let misconfigured = sanitized(Reason::ReaderMisconfigured, false);
        assert_eq!(misconfigured, (Reason::Internal, false));
        let corrupt = sanitized(Reason::Corrupt, false);
        assert_eq!(corrupt, (Reason::Corrupt, false));
        let cut_off = sanitized(Reason::OutputCutOff, true);
        assert_eq!(cut_off, (Reason::OutputCutOff, true));
    }

    #[test]
    fn this_process_has_memory_and_cpu_time() {
        let pid = std::process::id();
        assert!(own_memory(pid).unwrap() > 0);
        assert!(peak_memory(pid).unwrap() >= own_memory(pid).unwrap());
        #[cfg(target_os = "linux")]
        assert!(cpu_seconds(pid).is_some());
    }
}
