//! Attempts to escape from a worker, for `docmill doctor --test-sandbox`. The program
//! `docmill-sandbox-test` makes them: it loads the same engine in the same sandbox as
//! a worker, and answers these calls.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::message::{Bounds, MIB};
use super::role::Role;

/// What code in a compromised worker would try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscapeProbe {
    ReadFile,
    ListFolder,
    WriteFile,
    InternetSocket,
    UnixSocket,
    RunProgram,
    MakeProcess,
    TraceParent,
    SignalParent,
    ReadParentMemory,
    OpenParentMemory,
    Mount,
    Namespace,
    Keyring,
    IoUring,
    Bpf,
    MemoryFile,
    RaiseLimits,
    BecomeDumpable,
    SeeEnvironment,
    ExecutableMemory,
    SharedMemory,
    MemoryLimit,
    CpuLimit,
    ThreadBomb,
    LongAnswer,
}

impl EscapeProbe {
    /// Each with its description for a table.
    pub const ALL: [(EscapeProbe, &'static str); 26] = [
        (EscapeProbe::ReadFile, "read /etc/passwd"),
        (EscapeProbe::ListFolder, "list the root folder"),
        (EscapeProbe::WriteFile, "write a file"),
        (EscapeProbe::InternetSocket, "connect to the network"),
        (EscapeProbe::UnixSocket, "open a Unix socket"),
        (EscapeProbe::RunProgram, "run a program"),
        (EscapeProbe::MakeProcess, "fork"),
        (EscapeProbe::TraceParent, "trace the supervisor"),
        (EscapeProbe::SignalParent, "signal the supervisor"),
        (
            EscapeProbe::ReadParentMemory,
            "read the supervisor's memory",
        ),
        (
            EscapeProbe::OpenParentMemory,
            "open the supervisor's memory as a file",
        ),
        (EscapeProbe::Mount, "mount a file system"),
        (EscapeProbe::Namespace, "make a user namespace"),
        (EscapeProbe::Keyring, "use the kernel's keyring"),
        (EscapeProbe::IoUring, "set up io_uring"),
        (EscapeProbe::Bpf, "load BPF"),
        (EscapeProbe::MemoryFile, "make a file in memory"),
        (EscapeProbe::RaiseLimits, "raise its own limits"),
        (EscapeProbe::BecomeDumpable, "let others look into it"),
        (
            EscapeProbe::SeeEnvironment,
            "see the supervisor's environment",
        ),
        (EscapeProbe::ExecutableMemory, "map memory to execute"),
        (EscapeProbe::SharedMemory, "share memory past the limit"),
        (EscapeProbe::MemoryLimit, "allocate past the limit"),
        (EscapeProbe::LongAnswer, "answer more than was asked for"),
        (EscapeProbe::CpuLimit, "compute without end"),
        // Last, since the process has no memory left afterwards.
        (EscapeProbe::ThreadBomb, "start threads without end"),
    ];
}

/// Makes a worker of any role try one escape. Only `docmill-sandbox-test` answers it;
/// docmill's own workers do not know the call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "R: Role")]
pub struct Probe<R> {
    pub probe: EscapeProbe,
    #[serde(skip)]
    role: PhantomData<fn() -> R>,
}

impl<R: Role> Probe<R> {
    pub fn new(probe: EscapeProbe) -> Probe<R> {
        Probe {
            probe,
            role: PhantomData,
        }
    }
}

/// The result of an attempt that did not end the worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Probed {
    pub escaped: bool,
    pub message: String,
}

impl<R: Role> Call for Probe<R> {
    type Role = R;
    type Json = Probed;
    type Reply = Probed;
    const OP: &'static str = "probe";
    const STAGE: &'static str = "trying to break out";

    fn bounds(&self) -> Bounds {
        Bounds { json: MIB, blob: 0 }
    }

    fn cpu_seconds(&self, _: u64, _: u64) -> Option<u64> {
        Some(1)
    }

    fn accept(&self, probed: Probed, _: Vec<u8>) -> Result<Probed, String> {
        Ok(probed)
    }
}
