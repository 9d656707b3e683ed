//! The supervisor's handle on one worker process.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::protocol::{self, Reply, Request, RoleInit};
use crate::domain::{Failure, Reason};

/// Lines of a worker's stderr that are kept to explain its death.
const TAIL_LINES: usize = 20;
/// Loading several GiB of weights from a slow disk takes minutes.
const START_DEADLINE: Duration = Duration::from_secs(600);

pub struct Process {
    role: &'static str,
    pub pid: u32,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr_tail: Arc<Mutex<VecDeque<String>>>,
    /// Requests answered.
    pub served: u32,
    /// A request was sent and its answer not yet read: a caller that went away
    /// in between leaves a worker whose next answer is not to its question.
    busy: bool,
    /// Side of the images that it takes, from a router.
    pub side: u32,
    /// The document that a rasteriser holds open, by BLAKE3.
    pub document: Option<String>,
}

impl Process {
    /// Starts a worker and waits until its engine is loaded.
    pub async fn start(init: &RoleInit, memory: u64) -> anyhow::Result<Process> {
        let role = init.role();
        let threads = match init {
            RoleInit::Reader { threads, .. } => *threads,
            _ => 1,
        };
        let mut child =
            Command::new(std::env::current_exe().context("cannot find docmill's own executable")?)
                .args(["worker", role])
                // Threads that wait must sleep: the cores are shared with other workers.
                .env("OMP_WAIT_POLICY", "passive")
                .env("OMP_NUM_THREADS", threads.to_string())
                // Printing a backtrace takes memory: a worker that has none left
                // would hang instead of dying.
                .env("RUST_BACKTRACE", "0")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                // A group of its own: Ctrl-C reaches the supervisor alone, which
                // lets the page in hand finish.
                .process_group(0)
                .kill_on_drop(true)
                .spawn()
                .with_context(|| format!("cannot start a {role} process"))?;
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let stderr = child.stderr.take().expect("stderr is piped");
        let stderr_tail = Arc::new(Mutex::new(VecDeque::new()));
        tokio::spawn(collect_stderr(
            role,
            BufReader::new(stderr),
            stderr_tail.clone(),
        ));
        let mut process = Process {
            role,
            pid: child
                .id()
                .context("a process that just started has ended")?,
            child,
            stdin,
            stdout,
            stderr_tail,
            served: 0,
            busy: false,
            side: 0,
            document: None,
        };
        let request = Request::Init {
            init: init.clone(),
            memory,
        };
        match process.call(&request, &[], START_DEADLINE).await {
            Ok((Reply::Ready { side }, _)) => process.side = side,
            Ok((other, _)) => {
                anyhow::bail!(
                    "a {role} process answered its start with `{}`",
                    other.name()
                )
            }
            Err(error) => {
                anyhow::bail!("a {role} process did not start: {}", error.failure.message)
            }
        }
        process.served = 0;
        Ok(process)
    }

    /// Sends a request and waits for its answer. [`CallError::dead`]
    /// tells whether the process can go on.
    pub async fn call(
        &mut self,
        request: &Request,
        blob: &[u8],
        deadline: Duration,
    ) -> Result<(Reply, Vec<u8>), CallError> {
        let stage = request.stage();
        self.busy = true;
        let exchange = async {
            protocol::send(&mut self.stdin, request, blob).await?;
            protocol::receive::<Reply>(&mut self.stdout).await
        };
        match tokio::time::timeout(deadline, exchange).await {
            Ok(Ok((Reply::Failed { failure }, _))) => {
                self.served += 1;
                self.busy = false;
                Err(CallError {
                    failure,
                    dead: false,
                })
            }
            Ok(Ok(answer)) => {
                self.served += 1;
                self.busy = false;
                Ok(answer)
            }
            Ok(Err(error)) => Err(CallError {
                failure: self.autopsy(stage, &error).await,
                dead: true,
            }),
            Err(_) => {
                self.kill().await;
                let message = format!(
                    "the {} took longer than {} s at {stage}",
                    self.role,
                    deadline.as_secs()
                );
                Err(CallError {
                    failure: Failure::new(Reason::Deadline, message),
                    dead: true,
                })
            }
        }
    }

    /// Why the pipe broke: signal or exit code and the last words on stderr.
    async fn autopsy(&mut self, stage: &str, error: &std::io::Error) -> Failure {
        let status = match tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await {
            Ok(Ok(status)) => describe(status),
            _ => {
                self.kill().await;
                format!("broke its pipe ({error})")
            }
        };
        // The pipe of stderr is read by another task; let it catch up.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let tail = self.stderr_tail.lock().expect("no panic while held");
        let out_of_memory = tail.iter().any(|line| {
            line.contains("memory allocation of")
                || line.contains("bad_alloc")
                || line.contains("failed to allocate")
        });
        // Rust's advice after a panic is not what it died of.
        let is_word = |line: &&String| !line.trim().is_empty() && !line.starts_with("note: ");
        let last = tail.iter().rev().find(is_word);
        let last = last
            .map(|line| format!("; its last words: {}", line.trim()))
            .unwrap_or_default();
        let reason = if out_of_memory {
            Reason::OutOfMemory
        } else {
            Reason::WorkerDied
        };
        Failure::new(
            reason,
            format!("the {} {status} at {stage}{last}", self.role),
        )
    }

    pub fn is_busy(&self) -> bool {
        self.busy
    }

    pub async fn kill(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(role = self.role, %error, "worker was already gone");
        }
    }

    /// Peak resident memory in bytes; `None` once it is gone.
    pub fn peak_memory(&self) -> Option<u64> {
        peak_memory(self.child.id()?)
    }
}

/// Peak resident memory of a process in bytes, as Linux counts it.
pub fn peak_memory(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

/// Resident memory of a process in bytes; `None` once it has ended.
pub fn resident_memory(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, which: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(which))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// A request that brought no answer.
pub struct CallError {
    pub failure: Failure,
    /// The process is gone, or no longer to be trusted.
    pub dead: bool,
}

fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(code)) => format!("exited with code {code}"),
        (None, None) => "ended".to_owned(),
    }
}

async fn collect_stderr(
    role: &'static str,
    mut stderr: BufReader<tokio::process::ChildStderr>,
    tail: Arc<Mutex<VecDeque<String>>>,
) {
    let mut line = Vec::new();
    while matches!(stderr.read_until(b'\n', &mut line).await, Ok(n) if n > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        tracing::debug!(role, "{text}");
        let mut tail = tail.lock().expect("no panic while held");
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
        line.clear();
    }
}
